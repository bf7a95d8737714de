//! Both sides do anything at any time over a network that loses, repeats and delays: every call and
//! every leg ends exactly once, and nothing is held in the end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use carillon_sip::{CallKey, Event, Invite, LegKey, Reliable, SessionOptions, SessionTimer};

use crate::harness::*;

/// A small generator of its own, so that a failing seed can be run again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// What one side has done and is to see the end of.
#[derive(Default)]
struct Side {
    calls: Vec<CallKey>,
    rejected: Vec<LegKey>,
    transfers: BTreeMap<LegKey, usize>,
}

fn invite(dice: &mut Dice, who: &str) -> Invite {
    let reliable = [Reliable::Off, Reliable::Supported, Reliable::Required][dice.below(3) as usize];
    let delayed = reliable != Reliable::Required && dice.below(4) == 0;
    let timer = (dice.below(3) > 0).then(|| SessionTimer {
        interval: Duration::from_secs(90 + dice.below(60)),
        ..SessionTimer::default()
    });
    let to = if who == A { B } else { A };
    let uri = format!("sip:100@{}", addr(to).ip());
    Invite {
        request_uri: uri.clone(),
        to: uri,
        next_hop: addr(to).into(),
        body: if delayed { Vec::new() } else { sdp(who, 4000) },
        session: SessionOptions {
            reliable,
            timer,
            takes_refer: true,
            redirects_max: 2,
        },
        ..to_b()
    }
}

fn incoming(net: &Net, who: &str) -> Vec<LegKey> {
    let seen = net.seen(who).into_iter();
    seen.filter_map(|e| match e {
        Event::Incoming(call) => Some(call.leg),
        _ => None,
    })
    .collect()
}

fn act(net: &mut Net, dice: &mut Dice, who: &str, side: &mut Side) {
    if side.calls.len() < 6 && dice.below(3) == 0 {
        let invite = invite(dice, who);
        side.calls
            .push(net.at(who, |e, now| e.invite(now, invite).unwrap()));
    }
    for call in side.calls.clone() {
        if dice.below(25) == 0 {
            net.at(who, |e, now| e.cancel(now, call, None));
        }
    }
    for leg in incoming(net, who) {
        let body = sdp(who, 5000);
        net.at(who, |e, now| match dice.below(12) {
            0 => {
                let headers = [("Contact".to_owned(), "<sip:100@192.0.2.9>".to_owned())];
                let code = [486, 302, 603][dice.below(3) as usize];
                if e.reject(now, leg, code, "", &headers).is_ok() {
                    side.rejected.push(leg);
                }
            }
            1 => drop(e.ring(now, leg, 180, None)),
            2 => drop(e.ring(now, leg, 183, Some(&body))),
            3..=5 => drop(e.answer(now, leg, &body)),
            _ => {}
        });
    }
    let legs: Vec<LegKey> = incoming(net, who)
        .into_iter()
        .chain(net.answered(who))
        .collect();
    for leg in legs {
        let port = 4000 + 2 * dice.below(100) as u16;
        net.at(who, |e, now| match dice.below(24) {
            0 => e.bye(now, leg, None),
            1 | 2 => drop(e.hold(now, leg, true)),
            3 | 4 => drop(e.hold(now, leg, false)),
            5 => drop(e.reoffer(now, leg, &sdp(who, port))),
            6 | 7 => drop(e.ack_with(now, leg, &sdp(who, port))),
            8 if e.refer(now, leg, "sip:7@192.0.2.9", None).is_ok() => {
                *side.transfers.entry(leg).or_default() += 1;
            }
            9 => drop(e.refer_accept(now, leg)),
            10 => drop(e.refer_progress(now, leg, 180)),
            11 => drop(e.refer_progress(now, leg, 200)),
            12 => drop(e.refer_refuse(now, leg, 486)),
            _ => {}
        });
    }
}

fn count(net: &Net, who: &str) -> (BTreeMap<LegKey, usize>, BTreeMap<LegKey, usize>) {
    let (mut ends, mut transfers) = (BTreeMap::new(), BTreeMap::new());
    for event in net.seen(who) {
        match event {
            Event::Ended { leg, .. } | Event::IncomingCancelled { leg, .. } => {
                *ends.entry(*leg).or_default() += 1;
            }
            Event::ReferEnded { leg, .. } => *transfers.entry(*leg).or_default() += 1,
            _ => {}
        }
    }
    (ends, transfers)
}

/// Every call has one outcome, every leg one end, every transfer one.
fn judge(net: &Net, who: &str, side: &Side, seed: u64) {
    let of_call = |call: CallKey| {
        net.count(who, |e| match e {
            Event::Answered { call: c, .. } => *c == call,
            Event::Failed(f) => f.call == call,
            _ => false,
        })
    };
    for call in &side.calls {
        assert_eq!(
            of_call(*call),
            1,
            "seed {seed} {who} {call:?}\n{}",
            net.ladder()
        );
    }
    let (ends, transfers) = count(net, who);
    for leg in incoming(net, who).into_iter().chain(net.answered(who)) {
        let expected = usize::from(!side.rejected.contains(&leg));
        let found = ends.get(&leg).copied().unwrap_or(0);
        assert_eq!(
            found,
            expected,
            "seed {seed} {who} {leg:?}\n{}",
            net.ladder()
        );
    }
    assert_eq!(
        transfers,
        side.transfers,
        "seed {seed} {who}\n{}",
        net.ladder()
    );
    net.assert_idle(who);
}

/// What happened, by name and number.
type Seen = BTreeMap<String, usize>;

fn note(net: &Net, seen: &mut Seen) {
    for (_, datagram) in &net.sent {
        let line = carillon_sip::summary(&datagram.bytes);
        let word = line.split(' ').next().unwrap().to_owned();
        *seen.entry(word).or_default() += 1;
    }
    for (_, _, event) in &net.events {
        let text = format!("{event:?}");
        let name = text.split([' ', '(']).next().unwrap().to_owned();
        let name = match event {
            Event::Ended { cause, .. } => format!("{name} {cause:?}"),
            Event::ReferEnded { outcome, .. } => format!("{name} {outcome:?}"),
            _ => name,
        };
        *seen.entry(name).or_default() += 1;
    }
}

fn play(seed: u64, loss: u64, seen: &mut Seen) {
    let mut net = Net::new();
    for who in [A, B] {
        let mut config = open(config(who));
        config.session.takes_refer = true;
        config.session.reliable = [Reliable::Supported, Reliable::Required][(seed % 2) as usize];
        net.add(config);
    }
    let mut chance = Dice(seed * 7919);
    net.rule(move |_: &Datagram| -> Fate {
        match chance.below(100) {
            n if n < loss => Fate::Drop,
            n if n < loss + 5 => Fate::Twice,
            n if n < loss + 15 => Fate::Late(chance.below(400)),
            _ => Fate::Deliver,
        }
    });
    let mut dice = Dice(seed);
    let mut sides: [(&str, Side); 2] = [(A, Side::default()), (B, Side::default())];
    for _ in 0..40 {
        for (who, side) in &mut sides {
            act(&mut net, &mut dice, who, side);
        }
        // Mostly close together, so that things cross; now and then long enough for a refresh.
        let pause = [0, 5, 15, 200, 1_000, 6_000, 45_000][dice.below(7) as usize];
        net.run(pause);
    }
    for _ in 0..4 {
        for (who, side) in &sides {
            for call in &side.calls {
                net.at(who, |e, now| e.cancel(now, *call, None));
            }
            for leg in incoming(&net, who).into_iter().chain(net.answered(who)) {
                net.at(who, |e, now| e.bye(now, leg, None));
            }
        }
        net.run(20_000);
    }
    net.run(500_000);
    for (who, side) in &sides {
        judge(&net, who, side, seed);
    }
    note(&net, seen);
}

#[test]
fn a_good_network_ends_everything_once() {
    let mut seen = Seen::new();
    for seed in 1..=30 {
        play(seed, 0, &mut seen);
    }
    // It is no use if nothing happened.
    for what in [
        "PRACK",
        "UPDATE",
        "CANCEL",
        "NOTIFY",
        "302",
        "491",
        "202",
        "487",
        "MediaChanged",
        "ReferRequested",
        "IncomingCancelled",
        "Acked",
        "ReferEnded Transferred",
        "ReferEnded Unknown",
        "ReferEnded Refused { code: 486 }",
        "Ended RemoteBye",
        "Ended LocalBye { confirmed: true }",
        "Ended OfferUnanswered",
    ] {
        assert!(
            seen.get(what).copied().unwrap_or(0) > 0,
            "{what}: {seen:#?}"
        );
    }
}

#[test]
fn five_per_cent_of_loss_ends_everything_once() {
    for seed in 101..=130 {
        play(seed, 5, &mut Seen::new());
    }
}

#[test]
fn twenty_per_cent_of_loss_ends_everything_once() {
    for seed in 201..=230 {
        play(seed, 20, &mut Seen::new());
    }
}

#[test]
fn the_same_seed_plays_the_same() {
    let addresses = |net: &Net| -> Vec<(u64, SocketAddr, Vec<u8>)> {
        net.sent
            .iter()
            .map(|(ms, d)| (*ms, d.from, d.bytes.clone()))
            .collect()
    };
    let run = || {
        let mut net = Net::pair();
        let (a, b) = crate::talking(&mut net);
        net.at(A, |e, now| e.hold(now, a, true).unwrap());
        net.at(B, |e, now| e.hold(now, b, true).unwrap());
        net.run(1_000_000);
        addresses(&net)
    };
    assert_eq!(run(), run());
}
