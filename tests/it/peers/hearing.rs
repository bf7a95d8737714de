//! Who hears whom, and how loud: every party of a call says a tone of its own, and each party's
//! ears are read from what really arrived there. A far end of ours is metered as it receives, a
//! softphone by the recording it writes.
//!
//! The tones are whole numbers of periods in 100 ms, so that none leaks into another's
//! measurement, and none is a harmonic of another. Music on hold is such a tone, too.

use super::phones::{HALF_A_SECOND, address, log_in, node, registered};
use super::process::{Folder, certificate, eventually};
use super::softphones::{AGENT_DB, AGENT_HZ, Baresip, Linphone, Softphone};
use crate::support::PATIENCE;
use crate::support::peer::{Line, Peer, VOICE_DB};
use carillon_media::meter;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the customer says, Hz.
pub const CUSTOMER_HZ: f32 = 1_030.0;
/// What a supervisor says, Hz.
pub const SUPERVISOR_HZ: f32 = 730.0;
/// What an outside number called in says, Hz.
pub const OUTSIDE_HZ: f32 = 1_610.0;
/// What a second agent says, Hz.
pub const COLLEAGUE_HZ: f32 = 1_310.0;
/// Music on hold, Hz.
pub const MUSIC_HZ: f32 = 2_170.0;
/// Every tone anyone may say.
pub const VOICES_HZ: [f32; 6] = [
    AGENT_HZ,
    CUSTOMER_HZ,
    SUPERVISOR_HZ,
    OUTSIDE_HZ,
    COLLEAGUE_HZ,
    MUSIC_HZ,
];

/// What is called silence, dB re full-scale sine: far under any voice here, far over the noise of
/// G.711 beside a tone.
pub const SILENCE_DB: f32 = -50.0;
/// How far a level may lie from what was said, dB.
pub const TOLERANCE_DB: f32 = 1.0;
/// Samples of a recording that are looked at: the last 500 ms.
const WINDOW: usize = 4_000;
/// Octets before the samples of the softphones' recordings.
const WAV_HEADER: usize = 44;

/// Whose ears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    Customer,
    Agent,
    Supervisor,
    Outside,
    Colleague,
}

enum Ear {
    Line(Line),
    Recording(PathBuf),
}

/// The ears of everyone in a call.
pub struct Ears<'a> {
    peer: &'a Peer,
    ears: BTreeMap<Party, Ear>,
}

impl<'a> Ears<'a> {
    /// Nobody's yet. The far ends are lines of `peer`.
    pub fn new(peer: &'a Peer) -> Self {
        Self {
            peer,
            ears: BTreeMap::new(),
        }
    }

    /// This party is a line of the far end.
    pub fn line(mut self, party: Party, line: Line) -> Self {
        self.peer.listen_for(line, &VOICES_HZ);
        self.ears.insert(party, Ear::Line(line));
        self
    }

    /// This party is a softphone; the recording of its latest call counts.
    pub fn phone(mut self, party: Party, phone: &dyn Softphone) -> Self {
        let recording = phone.heard().expect("the phone has had a call");
        self.ears.insert(party, Ear::Recording(recording));
        self
    }

    /// Level of a tone in what this party hears now, dB re full-scale sine: over the last 100 ms
    /// at a far end of ours, over the last 500 ms a softphone wrote.
    pub fn hears(&self, party: Party, hz: f32) -> f32 {
        match self.ears.get(&party).expect("a party of the call") {
            Ear::Line(line) => self.peer.hears(*line, hz),
            Ear::Recording(file) => meter::tone_db(&last_of(file), hz),
        }
    }

    /// Waits until everyone hears exactly this: each party named hears the tones listed for it at
    /// their level ([`TOLERANCE_DB`]), and nothing of any other voice.
    pub fn expect(&self, what: &str, wanted: &[(Party, &[(f32, f32)])]) {
        let mut last = String::new();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually(what, PATIENCE, || {
                last = self.differs(wanted).unwrap_or_default();
                last.is_empty()
            });
        }));
        assert!(found.is_ok(), "{what}: {last}");
    }

    /// Nothing of a voice reaches a party for a second.
    pub fn never(&self, party: Party, hz: f32) {
        for _ in 0..20 {
            let heard = self.hears(party, hz);
            assert!(
                heard < SILENCE_DB,
                "{party:?} hears {hz} Hz at {heard:.1} dB"
            );
            // A far end's measurement is of 100 ms: none of them is passed over.
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The first thing that is not as wanted, in words.
    fn differs(&self, wanted: &[(Party, &[(f32, f32)])]) -> Option<String> {
        for (party, tones) in wanted {
            for hz in VOICES_HZ {
                let heard = self.hears(*party, hz);
                let level = tones.iter().find(|(f, _)| *f == hz).map(|(_, db)| *db);
                let good = match level {
                    Some(db) => (heard - db).abs() <= TOLERANCE_DB,
                    None => heard < SILENCE_DB,
                };
                if !good {
                    let wanted = level.map_or("silence".to_owned(), |db| format!("{db} dB"));
                    return Some(format!(
                        "{party:?} hears {hz} Hz at {heard:.1} dB, not {wanted}"
                    ));
                }
            }
        }
        None
    }
}

/// The last samples of a recording that may still grow; nothing while it is shorter.
fn last_of(file: &Path) -> Vec<i16> {
    let octets = std::fs::read(file).unwrap_or_default();
    let sound = octets.get(WAV_HEADER..).unwrap_or_default();
    // A phone records at its codec's own rate and channels: one sample of each 125 µs is enough
    // for tones.
    let number = |at: usize| octets.get(at).map_or(0, |low| usize::from(*low));
    let channels = number(22).max(1);
    let rate = number(24) + 256 * number(25) + 65_536 * number(26);
    let step = 2 * channels * (rate / 8_000).max(1);
    let samples: Vec<i16> = sound
        .chunks_exact(step)
        .map(|s| i16::from_le_bytes([s[0], s[1]]))
        .collect();
    let from = samples.len().saturating_sub(WINDOW);
    if from == 0 {
        Vec::new()
    } else {
        samples[from..].to_vec()
    }
}

/// A plain bridged call, measured at both ends, before and after.
async fn bridged(tag: u8, digest: &str, start: impl FnOnce(&Path, std::net::SocketAddr) -> Phone) {
    let peer = Peer::start(tag);
    let folder = Folder::new();
    certificate(folder.path());
    let node = node(&peer, folder.path(), digest).await;
    let mut phone = start(folder.path(), address(&node, "udp"));
    registered(&node).await;
    phone.dial("login");
    node.agent_is("break").await;
    log_in(&node, &mut *phone).await;
    node.run(true).await;

    let call = tokio::task::block_in_place(|| peer.called_any());
    let customer = peer.answer(&call, CUSTOMER_HZ);
    node.agent_is("talking").await;
    let ears = Ears::new(&peer)
        .line(Party::Customer, customer)
        .phone(Party::Agent, &*phone);
    tokio::task::block_in_place(|| {
        ears.expect(
            "both hear each other, and nobody himself",
            &[
                (Party::Customer, &[(AGENT_HZ, AGENT_DB)]),
                (Party::Agent, &[(CUSTOMER_HZ, VOICE_DB)]),
            ],
        );
    });
    // No second call: what is left in the recording would be its.
    node.run(false).await;
    peer.hang_up(customer);
    node.agent_is("wrap_up").await;
    tokio::task::block_in_place(|| {
        ears.expect("the agent hears nobody", &[(Party::Agent, &[])]);
        let recorded = phone.heard().and_then(|f| std::fs::metadata(f).ok());
        assert!(recorded.is_some_and(|f| f.len() > 2 * HALF_A_SECOND));
    });
    node.node.stop().await;
}

type Phone = Box<dyn Softphone>;

#[tokio::test(flavor = "multi_thread")]
async fn a_bridged_call_keeps_levels_for_baresip_in_mu_law() {
    let start = |folder: &Path, at| -> Phone {
        Box::new(Baresip::start_with_codecs(folder, at, "udp", "PCMU"))
    };
    bridged(71, "md5", start).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridged_call_keeps_levels_for_baresip_in_a_law() {
    let start = |folder: &Path, at| -> Phone {
        Box::new(Baresip::start_with_codecs(folder, at, "udp", "PCMA"))
    };
    bridged(72, "md5", start).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridged_call_keeps_levels_for_linphone() {
    let start = |folder: &Path, at| -> Phone { Box::new(Linphone::start(folder, at, "udp")) };
    bridged(73, "both", start).await;
}
