//! What an offer and its answer together say about the audio, whoever made which.

use std::net::SocketAddr;

use super::codec::{AudioFormat, Codec, EventFormat};
use super::crypto::{CryptoSuite, MasterKey};
use super::{AudioStream, SessionDescription};
use crate::error::SipError;

/// Keys of a secured stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedKeys {
    /// Cipher and authentication, both ways.
    pub suite: CryptoSuite,
    /// We protect what we send with this.
    pub ours: MasterKey,
    /// The peer protects what it sends with this.
    pub theirs: MasterKey,
}

/// The audio of a session after offer and answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// Where the peer receives RTP; `None`: a name, or 0.0.0.0 (old-style hold).
    pub remote: Option<SocketAddr>,
    /// Where the peer receives RTCP; the same as `remote` when muxed.
    pub rtcp: Option<SocketAddr>,
    /// RTCP shares the RTP port, both ways.
    pub rtcp_mux: bool,
    /// What we send: the first codec of the peer's that we named too, under the peer's number.
    pub send: AudioFormat,
    /// What may come: every codec both named, under our numbers.
    pub receive: Vec<AudioFormat>,
    /// Key presses, under the peer's number, with the clock of the codec we send if there is
    /// one.
    pub telephone_event: Option<EventFormat>,
    /// Both may send comfort noise.
    pub comfort_noise: bool,
    /// Length of the packets the peer wants, ms.
    pub ptime_ms: u8,
    /// We may send.
    pub sends: bool,
    /// We take what comes.
    pub receives: bool,
    /// The peer put us on hold.
    pub held: bool,
    /// Keys, if the stream is secured.
    pub keys: Option<AgreedKeys>,
}

impl Agreed {
    /// Reads both descriptions of a finished exchange.
    ///
    /// # Errors
    /// [`SipError::NoCommonCodec`] without an audio stream or codec in both; [`SipError::Srtp`]
    /// when one side insists on protection and no key line of one tag and suite is in both.
    pub fn between(
        ours: &SessionDescription,
        theirs: &SessionDescription,
    ) -> Result<Self, SipError> {
        let (mine, peer) = (ours.audio(), theirs.audio());
        let (Some(mine), Some(peer)) = (mine, peer) else {
            return Err(SipError::NoCommonCodec);
        };
        let both = |theirs: &AudioFormat| mine.codecs.contains(&theirs.codec);
        let send = *peer
            .formats
            .iter()
            .find(|f| both(f))
            .ok_or(SipError::NoCommonCodec)?;
        let receive = mine
            .formats
            .iter()
            .filter(|f| peer.codecs.contains(&f.codec))
            .copied();
        let rtcp_mux = mine.rtcp_mux && peer.rtcp_mux;
        Ok(Self {
            remote: peer.remote,
            rtcp: if rtcp_mux { peer.remote } else { peer.rtcp },
            rtcp_mux,
            receive: receive.collect(),
            telephone_event: events(&mine, &peer, send.codec),
            comfort_noise: mine.comfort_noise && peer.comfort_noise,
            ptime_ms: peer.ptime_ms,
            sends: !peer.held && mine.direction.sends(),
            receives: peer.direction.sends() && mine.direction.receives(),
            held: peer.held,
            keys: keys(&mine, &peer)?,
            send,
        })
    }
}

fn events(mine: &AudioStream, peer: &AudioStream, codec: Codec) -> Option<EventFormat> {
    let ours = |e: &&EventFormat| mine.telephone_events.iter().any(|m| m.rate == e.rate);
    let mut common = peer.telephone_events.iter().filter(ours);
    let same_clock = common.clone().find(|e| e.rate == codec.clock_rate());
    same_clock.or_else(|| common.next()).copied()
}

/// The line that is in both under one tag: an answer names exactly the one it took.
fn keys(mine: &AudioStream, peer: &AudioStream) -> Result<Option<AgreedKeys>, SipError> {
    let common = peer.crypto.iter().find_map(|theirs| {
        let same = |ours: &&super::CryptoLine| ours.tag == theirs.tag && ours.suite == theirs.suite;
        let ours = mine.crypto.iter().find(same)?;
        Some(AgreedKeys {
            suite: ours.suite,
            ours: ours.key.clone(),
            theirs: theirs.key.clone(),
        })
    });
    if common.is_none() && (mine.secured || peer.secured) {
        return Err(SipError::Srtp("the answer names no key line of the offer"));
    }
    Ok(common)
}
