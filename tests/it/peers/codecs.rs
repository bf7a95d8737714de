//! Phones that speak Opus or G.722, or take nothing but secured audio, with a customer on plain
//! G.711: both are heard at their level, before and after hold.

use super::hearing::{Ears, Party};
use super::talk_floor::{ANA, CUSTOMER, Floor, Kind, PARKED, Voice, at_once, expect};
use crate::support::peer::Peer;

/// What SILK takes of a tone, dB.
const OPUS_DB: f32 = 1.0;

async fn heard_both_ways(tag: u8, phone: &'static str, rules: &str) {
    let quieter = if phone.starts_with("opus") {
        OPUS_DB
    } else {
        0.0
    };
    let ana: Voice = (ANA.0, ANA.1 - quieter);
    let bridged: [(Party, &[Voice]); 2] = [(Party::Customer, &[ana]), (Party::Agent, &[CUSTOMER])];
    let peer = Peer::start(tag);
    let mut floor = Floor::start_with(&peer, Kind::Baresip(phone), rules).await;
    let customer = floor.talk(&peer).await;
    let ears = Ears::new(&peer)
        .line(Party::Customer, customer)
        .phone(Party::Agent, &*floor.ana);
    expect(&ears, "bridged", &bridged);
    at_once(|| floor.ana.press("*4"));
    expect(&ears, "hold by code", &PARKED);
    at_once(|| floor.ana.press("*4"));
    expect(&ears, "back by code", &bridged);
    peer.hang_up(customer);
    floor.is("ana", "wrap_up").await;
    floor.node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_speaks_opus() {
    heard_both_ways(86, "opus/48000/2", "codecs = [\"opus\"]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_speaks_g722() {
    heard_both_ways(87, "G722/16000/1", "codecs = [\"g722\"]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_whose_audio_must_be_secured() {
    heard_both_ways(88, "PCMU;mediaenc=srtp-mand", "srtp = \"required\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secured_phone_that_speaks_opus() {
    let rules = "codecs = [\"opus\", \"pcma\"]\nsrtp = \"required\"";
    heard_both_ways(89, "opus/48000/2;mediaenc=srtp-mand", rules).await;
}
