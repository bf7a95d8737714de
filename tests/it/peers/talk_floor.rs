//! A floor in conversation: Ana with a customer, Ben and the supervisor Zoe beside them, each with
//! a phone of their own and a voice at its own pitch.

use super::hearing::{COLLEAGUE_HZ, CUSTOMER_HZ, Ears, MUSIC_HZ, OUTSIDE_HZ, Party, SUPERVISOR_HZ};
use super::phones::{
    address, all_registered, carries_sound, log_in, node_on, registered, settings,
};
use super::process::{Folder, certificate};
use super::softphones::{
    AGENT_DB, AGENT_HZ, Baresip, Linphone, Owner, PASSWORD, Softphone, tone_file,
};
use crate::support::node::TestNode;
use crate::support::peer::{Line, Peer, VOICE_DB};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The outside destination of the campaign.
pub const BILLING: &str = "+12025550188";
pub const TOKEN: &str = "test-token-0123456789";

/// A voice and its level.
pub type Voice = (f32, f32);
pub const ANA: Voice = (AGENT_HZ, AGENT_DB);
pub const BEN: Voice = (COLLEAGUE_HZ, AGENT_DB);
pub const ZOE: Voice = (SUPERVISOR_HZ, AGENT_DB);
pub const CUSTOMER: Voice = (CUSTOMER_HZ, VOICE_DB);
pub const OUTSIDE: Voice = (OUTSIDE_HZ, VOICE_DB);
pub const MUSIC: Voice = (MUSIC_HZ, AGENT_DB);

/// What the first agent's phone is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// baresip with one codec.
    Baresip(&'static str),
    Linphone,
}

/// A node, and Ana in conversation with a customer. The far ends are the test's own, because
/// ears hold on to them.
pub struct Floor {
    pub node: TestNode,
    folder: Folder,
    pub ana: Box<dyn Softphone>,
    web: String,
}

pub fn at_once<T>(act: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(act)
}

impl Floor {
    /// Ana has dialed in and is ready.
    pub async fn start(peer: &Peer, kind: Kind) -> Self {
        Self::start_with(peer, kind, "").await
    }

    /// The same with more lines of Ana's settings.
    pub async fn start_with(peer: &Peer, kind: Kind, rules: &str) -> Self {
        let folder = Folder::new();
        certificate(folder.path());
        tone_file(&folder.path().join("music.wav"), MUSIC_HZ);
        // baresip 1.0 gives up when it is offered SHA-256 beside MD5; the others' phones are such.
        let node = node_on(&text(peer, &folder, rules)).await;
        let at = address(&node, "udp");
        let place = own_folder(&folder, "ana");
        let mut ana: Box<dyn Softphone> = match kind {
            Kind::Baresip(codecs) => {
                Box::new(Baresip::start_with_codecs(&place, at, "udp", codecs))
            }
            Kind::Linphone => Box::new(Linphone::start(&place, at, "udp")),
        };
        registered(&node).await;
        ana.dial("login");
        node.agent_is("break").await;
        log_in(&node, &mut *ana).await;
        let web = node.node.addresses().web.expect("pages are served");
        Self {
            node,
            folder,
            ana,
            web: format!("http://{web}/api"),
        }
    }

    /// Ana is in conversation with a customer; no further call is placed.
    pub async fn talk(&self, peer: &Peer) -> Line {
        self.node.run(true).await;
        let call = at_once(|| peer.called_any());
        let customer = peer.answer(&call, CUSTOMER_HZ);
        self.node.agent_is("talking").await;
        self.node.run(false).await;
        customer
    }

    /// A baresip of somebody else, dialed in.
    pub async fn dial_in(&self, user: &'static str, hz: f32, phones: u32) -> Baresip {
        let at = address(&self.node, "udp");
        let owner = Owner {
            user,
            hz,
            codecs: "PCMU,PCMA",
        };
        let mut phone = Baresip::start_of(owner, &own_folder(&self.folder, user), at, "udp");
        all_registered(&self.node, phones).await;
        phone.dial("login");
        self.is(user, "break").await;
        carries_sound(&phone);
        phone
    }

    /// Waits until somebody is in a state of that name.
    pub async fn is(&self, name: &str, state: &str) {
        let agents = &self.node.node.config().agents;
        let id = agents.iter().find(|a| a.engine.name == name);
        let id = id.expect("a configured agent").engine.id;
        let what = format!("{name} in {state}");
        self.node
            .board(&what, |b| {
                let mut agents = b.floor.agents.iter();
                agents.any(|a| a.id == id && a.state_name == state)
            })
            .await;
    }

    /// Ana signs in at her page.
    pub fn page(&self) -> Page {
        let url = format!("{}/agent/session", self.web);
        let answer = at_once(|| ureq::post(url).send_json(json!({ "name": "ana", "pin": "4711" })));
        let answer = answer.expect("name and PIN are right");
        let cookie = answer.headers().get("set-cookie").expect("a session");
        let cookie = cookie.to_str().expect("plain text");
        Page {
            web: self.web.clone(),
            cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
        }
    }

    /// Zoe takes part in Ana's calls.
    pub fn supervise(&self, mode: &str) {
        let url = format!("{}/agents/ana/supervise", self.web);
        let asked = json!({ "supervisor": "zoe", "mode": mode });
        let done = at_once(|| {
            ureq::post(url)
                .header("Authorization", format!("Bearer {TOKEN}"))
                .send_json(asked)
        });
        done.unwrap_or_else(|e| panic!("{mode}: {e}"));
    }
}

/// An agent's own page.
pub struct Page {
    web: String,
    cookie: String,
}

impl Page {
    pub fn order(&self, what: &str, asked: Value) {
        let done = at_once(|| {
            ureq::post(format!("{}/agent/{what}", self.web))
                .header("Cookie", &self.cookie)
                .send_json(&asked)
        });
        done.unwrap_or_else(|e| panic!("{what} {asked}: {e}"));
    }
}

/// Ana, Ben and the supervisor Zoe by password, a destination, and a tone as music.
fn text(peer: &Peer, folder: &Folder, rules: &str) -> String {
    let music = folder.path().join("music.wav");
    let more = format!("hold_music = \"{}\"", music.display());
    let people = format!(
        "[[agent]]\nname = \"ben\"\npassword = \"{PASSWORD}\"\npin = \"4712\"\n\
         [[agent]]\nname = \"zoe\"\nrole = \"supervisor\"\npassword = \"{PASSWORD}\"\n\
         [[campaign]]"
    );
    let password = format!("password = \"{PASSWORD}\"");
    let base = settings(peer, folder.path(), "md5", &more)
        .replacen(&password, &format!("{password}\n{rules}"), 1)
        .replacen("[[campaign]]", &people, 1)
        .replacen(
            "[web]",
            &format!("[web]\nsupervisor_token = \"{TOKEN}\""),
            1,
        );
    format!("{base}\n[[campaign.destination]]\nname = \"billing\"\nnumber = \"{BILLING}\"\n")
}

/// A folder of somebody's phone, with what it needs of the test's.
fn own_folder(folder: &Folder, user: &str) -> PathBuf {
    let place = folder.path().join(user);
    std::fs::create_dir(&place).expect("a new folder");
    std::fs::copy(folder.path().join("ca.pem"), place.join("ca.pem")).expect("copied");
    place
}

/// Everyone hears exactly this.
pub fn expect(ears: &Ears<'_>, what: &str, wanted: &[(Party, &[Voice])]) {
    at_once(|| ears.expect(what, wanted));
}

/// The customer hears Ana and nobody else, and the other way round.
pub const AS_BRIDGED: [(Party, &[Voice]); 2] =
    [(Party::Customer, &[ANA]), (Party::Agent, &[CUSTOMER])];
/// The customer hears music, the agent nothing.
pub const PARKED: [(Party, &[Voice]); 2] = [(Party::Customer, &[MUSIC]), (Party::Agent, &[])];
