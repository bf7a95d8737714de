//! What agents and supervisors do in conversations, with baresip and linphone as their phones: who
//! hears whom after hold, transfer, conference and supervision, each at the level it was said.
//!
//! Orders are given as people give them: codes pressed on the phone, the phone's own keys, the
//! agents' page and the supervisors' (HTTP).

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
const BILLING: &str = "+12025550188";
const TOKEN: &str = "test-token-0123456789";

/// A voice and its level.
type Voice = (f32, f32);
const ANA: Voice = (AGENT_HZ, AGENT_DB);
const BEN: Voice = (COLLEAGUE_HZ, AGENT_DB);
const ZOE: Voice = (SUPERVISOR_HZ, AGENT_DB);
const CUSTOMER: Voice = (CUSTOMER_HZ, VOICE_DB);
const OUTSIDE: Voice = (OUTSIDE_HZ, VOICE_DB);
const MUSIC: Voice = (MUSIC_HZ, AGENT_DB);

/// What the first agent's phone is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// baresip with one codec.
    Baresip(&'static str),
    Linphone,
}

/// A node, and Ana in conversation with a customer. The far ends are the test's own, because
/// ears hold on to them.
struct Floor {
    node: TestNode,
    folder: Folder,
    ana: Box<dyn Softphone>,
    web: String,
}

fn at_once<T>(act: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(act)
}

impl Floor {
    /// Ana has dialed in and is ready.
    async fn start(peer: &Peer, kind: Kind) -> Self {
        let folder = Folder::new();
        certificate(folder.path());
        tone_file(&folder.path().join("music.wav"), MUSIC_HZ);
        // baresip 1.0 gives up when it is offered SHA-256 beside MD5; the others' phones are such.
        let node = node_on(&text(peer, &folder)).await;
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
    async fn talk(&self, peer: &Peer) -> Line {
        self.node.run(true).await;
        let call = at_once(|| peer.called_any());
        let customer = peer.answer(&call, CUSTOMER_HZ);
        self.node.agent_is("talking").await;
        self.node.run(false).await;
        customer
    }

    /// A baresip of somebody else, dialed in.
    async fn dial_in(&self, user: &'static str, hz: f32, phones: u32) -> Baresip {
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
    async fn is(&self, name: &str, state: &str) {
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
    fn page(&self) -> Page {
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
    fn supervise(&self, mode: &str) {
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
struct Page {
    web: String,
    cookie: String,
}

impl Page {
    fn order(&self, what: &str, asked: Value) {
        let done = at_once(|| {
            ureq::post(format!("{}/agent/{what}", self.web))
                .header("Cookie", &self.cookie)
                .send_json(&asked)
        });
        done.unwrap_or_else(|e| panic!("{what} {asked}: {e}"));
    }
}

/// Ana, Ben and the supervisor Zoe by password, a destination, and a tone as music.
fn text(peer: &Peer, folder: &Folder) -> String {
    let music = folder.path().join("music.wav");
    let more = format!("hold_music = \"{}\"", music.display());
    let people = format!(
        "[[agent]]\nname = \"ben\"\npassword = \"{PASSWORD}\"\npin = \"4712\"\n\
         [[agent]]\nname = \"zoe\"\nrole = \"supervisor\"\npassword = \"{PASSWORD}\"\n\
         [[campaign]]"
    );
    let base = settings(peer, folder.path(), "md5", &more)
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
fn expect(ears: &Ears<'_>, what: &str, wanted: &[(Party, &[Voice])]) {
    at_once(|| ears.expect(what, wanted));
}

/// The customer hears Ana and nobody else, and the other way round.
const AS_BRIDGED: [(Party, &[Voice]); 2] = [(Party::Customer, &[ANA]), (Party::Agent, &[CUSTOMER])];
/// The customer hears music, the agent nothing.
const PARKED: [(Party, &[Voice]); 2] = [(Party::Customer, &[MUSIC]), (Party::Agent, &[])];

/// Hold by key and by page; then a colleague is consulted, joined, and takes the customer.
async fn parked_joined_and_passed_to_a_colleague(tag: u8, kind: Kind) {
    let peer = Peer::start(tag);
    let mut floor = Floor::start(&peer, kind).await;
    let customer = floor.talk(&peer).await;
    let ears = Ears::new(&peer)
        .line(Party::Customer, customer)
        .phone(Party::Agent, &*floor.ana);
    expect(&ears, "bridged", &AS_BRIDGED);
    at_once(|| floor.ana.press("*4"));
    expect(&ears, "hold by code", &PARKED);
    at_once(|| floor.ana.press("*4"));
    expect(&ears, "back by code", &AS_BRIDGED);
    let page = floor.page();
    page.order("hold", json!({ "on": true }));
    expect(&ears, "hold by page", &PARKED);
    page.order("hold", json!({ "on": false }));
    expect(&ears, "back by page", &AS_BRIDGED);

    let mut ben = floor.dial_in("ben", COLLEAGUE_HZ, 2).await;
    at_once(|| ben.press("*1"));
    floor.is("ben", "ready").await;
    let ears = ears.phone(Party::Colleague, &ben);
    page.order(
        "transfer",
        json!({ "to": { "agent": "ben" }, "attended": true }),
    );
    expect(
        &ears,
        "consulting",
        &[
            (Party::Customer, &[MUSIC]),
            (Party::Agent, &[BEN]),
            (Party::Colleague, &[ANA]),
        ],
    );
    page.order("consult", json!({ "step": "join" }));
    expect(
        &ears,
        "all three",
        &[
            (Party::Customer, &[ANA, BEN]),
            (Party::Agent, &[CUSTOMER, BEN]),
            (Party::Colleague, &[CUSTOMER, ANA]),
        ],
    );
    at_once(|| floor.ana.press("*81"));
    expect(
        &ears,
        "passed on",
        &[
            (Party::Customer, &[BEN]),
            (Party::Agent, &[]),
            (Party::Colleague, &[CUSTOMER]),
        ],
    );
    floor.is("ana", "wrap_up").await;
    floor.is("ben", "talking").await;
    peer.hang_up(customer);
    floor.is("ben", "wrap_up").await;
    floor.node.node.stop().await;
}

/// An outside number is called in, joined and let go, and another takes the customer.
async fn joined_by_and_passed_to_an_outside_number(tag: u8, kind: Kind) {
    let peer = Peer::start(tag);
    let mut floor = Floor::start(&peer, kind).await;
    let customer = floor.talk(&peer).await;
    let ears = Ears::new(&peer)
        .line(Party::Customer, customer)
        .phone(Party::Agent, &*floor.ana);
    expect(&ears, "bridged", &AS_BRIDGED);
    at_once(|| floor.ana.press("*71"));
    let call = at_once(|| peer.called(BILLING));
    let outside = peer.answer(&call, OUTSIDE_HZ);
    let ears = ears.line(Party::Outside, outside);
    let consulting: [(Party, &[Voice]); 3] = [
        (Party::Customer, &[MUSIC]),
        (Party::Agent, &[OUTSIDE]),
        (Party::Outside, &[ANA]),
    ];
    expect(&ears, "consulting", &consulting);
    at_once(|| floor.ana.press("*82"));
    expect(
        &ears,
        "all three",
        &[
            (Party::Customer, &[ANA, OUTSIDE]),
            (Party::Agent, &[CUSTOMER, OUTSIDE]),
            (Party::Outside, &[CUSTOMER, ANA]),
        ],
    );
    at_once(|| floor.ana.press("*80"));
    at_once(|| peer.ended(outside.leg));
    expect(&ears, "let go", &AS_BRIDGED);

    let page = floor.page();
    let to = json!({ "to": { "destination": "billing" }, "attended": true });
    page.order("transfer", to);
    let call = at_once(|| peer.called(BILLING));
    let outside = peer.answer(&call, OUTSIDE_HZ);
    let ears = ears.line(Party::Outside, outside);
    expect(&ears, "consulting again", &consulting);
    page.order("consult", json!({ "step": "complete" }));
    expect(
        &ears,
        "passed on",
        &[
            (Party::Customer, &[OUTSIDE]),
            (Party::Agent, &[]),
            (Party::Outside, &[CUSTOMER]),
        ],
    );
    floor.is("ana", "wrap_up").await;
    peer.hang_up(customer);
    at_once(|| peer.ended(outside.leg));
    floor.node.node.stop().await;
}

/// The phone's own keys: hold (a re-INVITE), then transfer (REFER), after which the phone is on
/// the floor for the next call.
async fn parked_and_passed_on_by_the_phones_own_keys(tag: u8, kind: Kind) {
    let peer = Peer::start(tag);
    let mut floor = Floor::start(&peer, kind).await;
    let customer = floor.talk(&peer).await;
    let ears = Ears::new(&peer)
        .line(Party::Customer, customer)
        .phone(Party::Agent, &*floor.ana);
    expect(&ears, "bridged", &AS_BRIDGED);
    at_once(|| floor.ana.hold(true));
    // A phone on hold plays and records what it likes.
    expect(&ears, "hold by phone", &[(Party::Customer, &[MUSIC])]);
    at_once(|| floor.ana.hold(false));
    expect(&ears, "back by phone", &AS_BRIDGED);
    at_once(|| floor.ana.transfer("billing"));
    let call = at_once(|| peer.called(BILLING));
    let outside = peer.answer(&call, OUTSIDE_HZ);
    let ears = ears.line(Party::Outside, outside);
    expect(
        &ears,
        "passed on",
        &[(Party::Customer, &[OUTSIDE]), (Party::Outside, &[CUSTOMER])],
    );
    floor.is("ana", "wrap_up").await;
    // A phone that hangs up after its transfer is called back.
    let up = |b: &carillon_api::port::BoardStatus| b.floor.agents[0].line_up;
    floor.node.board("Ana's line up", up).await;
    floor.node.node.stop().await;
}

/// A supervisor listens, whispers, joins and leaves.
async fn supervised(tag: u8, kind: Kind) {
    let peer = Peer::start(tag);
    let floor = Floor::start(&peer, kind).await;
    let customer = floor.talk(&peer).await;
    let mut zoe = floor.dial_in("zoe", SUPERVISOR_HZ, 2).await;
    let ears = Ears::new(&peer)
        .line(Party::Customer, customer)
        .phone(Party::Agent, &*floor.ana)
        .phone(Party::Supervisor, &zoe);
    let mut unheard = AS_BRIDGED.to_vec();
    unheard.push((Party::Supervisor, &[]));
    expect(&ears, "bridged", &unheard);
    floor.supervise("listen");
    let listening: [(Party, &[Voice]); 3] = [
        (Party::Customer, &[ANA]),
        (Party::Agent, &[CUSTOMER]),
        (Party::Supervisor, &[ANA, CUSTOMER]),
    ];
    expect(&ears, "listening", &listening);
    floor.supervise("whisper");
    let whispering: [(Party, &[Voice]); 3] = [
        (Party::Customer, &[ANA]),
        (Party::Agent, &[CUSTOMER, ZOE]),
        (Party::Supervisor, &[ANA, CUSTOMER]),
    ];
    expect(&ears, "whispering", &whispering);
    at_once(|| ears.never(Party::Customer, SUPERVISOR_HZ));
    floor.supervise("barge");
    expect(
        &ears,
        "joined",
        &[
            (Party::Customer, &[ANA, ZOE]),
            (Party::Agent, &[CUSTOMER, ZOE]),
            (Party::Supervisor, &[ANA, CUSTOMER]),
        ],
    );
    // The supervisor's own phone does it too: whisper, listen, leave.
    at_once(|| zoe.press("*52"));
    expect(&ears, "whispering by code", &whispering);
    at_once(|| ears.never(Party::Customer, SUPERVISOR_HZ));
    floor.supervise("off");
    expect(&ears, "left", &unheard);
    floor.node.node.stop().await;
}

const MU_LAW: Kind = Kind::Baresip("PCMU");
const A_LAW: Kind = Kind::Baresip("PCMA");

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_mu_law_parks_joins_and_passes_to_a_colleague() {
    parked_joined_and_passed_to_a_colleague(74, MU_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_a_law_parks_joins_and_passes_to_a_colleague() {
    parked_joined_and_passed_to_a_colleague(75, A_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_parks_joins_and_passes_to_a_colleague() {
    parked_joined_and_passed_to_a_colleague(76, Kind::Linphone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_mu_law_joins_and_passes_to_an_outside_number() {
    joined_by_and_passed_to_an_outside_number(77, MU_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_a_law_joins_and_passes_to_an_outside_number() {
    joined_by_and_passed_to_an_outside_number(78, A_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_joins_and_passes_to_an_outside_number() {
    joined_by_and_passed_to_an_outside_number(79, Kind::Linphone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_mu_law_parks_and_passes_on_by_its_own_keys() {
    parked_and_passed_on_by_the_phones_own_keys(80, MU_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_a_law_parks_and_passes_on_by_its_own_keys() {
    parked_and_passed_on_by_the_phones_own_keys(81, A_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_parks_and_passes_on_by_its_own_keys() {
    parked_and_passed_on_by_the_phones_own_keys(82, Kind::Linphone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_mu_law_is_supervised() {
    supervised(83, MU_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_a_law_is_supervised() {
    supervised(84, A_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_is_supervised() {
    supervised(85, Kind::Linphone).await;
}
