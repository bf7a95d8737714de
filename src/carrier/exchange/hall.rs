//! All callees of a carrier, turned by the driver.

use super::callee::{
    AFTER_TONES, Callee, MACHINE_MAX, MESSAGE_MAX, MESSAGE_MS, NOTICED_AFTER, ONSET, Stage,
    TRAILING, fate_name, seconds,
};
use super::{CarrierOptions, CarrierStats};
use crate::driver::{Io, Party};
use crate::ear::Heard;
use crate::tones;
use crate::voice::Voice;
use carillon_media::{Prompt, SitKind, prompts, tone::Tone};
use carillon_sim::Fate;
use carillon_sip::{EndCause, Event, IncomingCall, LegKey, Reason};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// A stop waits this long for the dialer to confirm.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// What a handle asks for.
#[derive(Debug)]
pub(super) enum Order {
    Listen {
        number: u64,
        reply: oneshot::Sender<Heard>,
    },
    HangUpAll,
    Stop {
        reply: oneshot::Sender<CarrierStats>,
    },
}

/// All callees.
pub(super) struct Hall {
    options: CarrierOptions,
    callees: BTreeMap<LegKey, Callee>,
    stats: CarrierStats,
    shown: watch::Sender<CarrierStats>,
    people: Vec<Prompt>,
    machines: Vec<Prompt>,
    tones: Prompt,
    stop_by: Option<Instant>,
}

impl Hall {
    pub(super) fn new(options: CarrierOptions, shown: watch::Sender<CarrierStats>) -> Self {
        let builtin = |prefix: &str| {
            let names = prompts::NAMES.iter().filter(|n| n.starts_with(prefix));
            names.filter_map(|n| prompts::builtin(n)).collect()
        };
        Self {
            options,
            callees: BTreeMap::new(),
            stats: CarrierStats::default(),
            shown,
            people: builtin("greeting-human"),
            machines: builtin("greeting-machine"),
            tones: Prompt::tone(&Tone::sit(SitKind::VacantCode)),
            stop_by: None,
        }
    }

    fn arrive(&mut self, now: Instant, call: IncomingCall, io: &mut Io) {
        if self.callees.len() >= self.options.channels || self.stop_by.is_some() {
            self.stats.refused += 1;
            let later = [("Retry-After".to_owned(), "5".to_owned())];
            let _ = io.sip.reject(now, call.leg, 503, "", &later);
            return;
        }
        let number = self.stats.placed;
        let scripted = usize::try_from(number)
            .ok()
            .and_then(|n| self.options.script.get(n))
            .copied();
        let fate = scripted.unwrap_or_else(|| self.options.law.fate(self.options.seed, number));
        tracing::debug!(number, ?fate, "call");
        self.stats.placed += 1;
        *self.stats.fates.entry(fate_name(&fate)).or_default() += 1;
        let callee = Callee::new(number, fate, call.sdp, now, self.options.ring_scale);
        self.callees.insert(call.leg, callee);
        self.stats.up_most = self.stats.up_most.max(self.callees.len() as u64);
    }

    /// Takes the next step of a callee whose time has come.
    fn step(&mut self, now: Instant, leg: LegKey, io: &mut Io) {
        let Some(callee) = self.callees.get_mut(&leg) else {
            return;
        };
        callee.due = None;
        match (callee.stage, callee.fate) {
            (Stage::Arrived, Fate::Busy { .. }) => self.refuse(now, leg, 486, io),
            (Stage::Arrived, Fate::WrongNumber { .. }) => self.refuse(now, leg, 404, io),
            (Stage::Arrived, Fate::NotInService { .. }) => self.announce(now, leg, io),
            (Stage::Arrived, _) => {
                callee.stage = Stage::Ringing;
                callee.due = callee.answers_at(self.options.ring_scale);
                let _ = io.sip.ring(now, leg, 180, None);
            }
            (Stage::Ringing, _) => self.answer(now, leg, io),
            (Stage::Tones, _) => self.refuse(now, leg, 404, io),
            (Stage::Answering, _) => self.greet(now, leg, io),
            (Stage::Waiting, _) => {
                callee.impatient = true;
                self.hang_up(now, leg, io);
            }
            (Stage::Message | Stage::Talking | Stage::Machine, _) => self.hang_up(now, leg, io),
            (Stage::Ending, _) => {}
        }
    }

    /// Opens the line on the caller's offer, once; false if that cannot be (488 is sent).
    fn open(&mut self, now: Instant, leg: LegKey, io: &mut Io) -> bool {
        let Some(callee) = self.callees.get_mut(&leg) else {
            return false;
        };
        if callee.line.is_some() {
            return true;
        }
        let opened = callee.offer.as_ref().map(|offer| io.lines.accept(offer));
        let Some(Ok((line, answer))) = opened else {
            tracing::debug!(number = callee.number, "no usable offer: {opened:?}");
            self.stats.refused += 1;
            self.refuse(now, leg, 488, io);
            return false;
        };
        (callee.line, callee.answer) = (Some(line), Some(answer));
        true
    }

    fn announce(&mut self, now: Instant, leg: LegKey, io: &mut Io) {
        if !self.open(now, leg, io) {
            return;
        }
        let Some(callee) = self.callees.get_mut(&leg) else {
            return;
        };
        callee.stage = Stage::Tones;
        let length = Duration::from_millis(self.tones.duration_ms());
        callee.due = Some(now + length + AFTER_TONES);
        say(io, callee, Voice::once(&self.tones));
        let _ = io.sip.ring(now, leg, 183, callee.answer.as_deref());
    }

    fn answer(&mut self, now: Instant, leg: LegKey, io: &mut Io) {
        if !self.open(now, leg, io) {
            return;
        }
        let Some(callee) = self.callees.get_mut(&leg) else {
            return;
        };
        let sdp = callee.answer.clone().unwrap_or_default();
        // Cancelled in this very moment: the event follows.
        if io.sip.answer(now, leg, &sdp).is_err() {
            return;
        }
        callee.human = matches!(callee.fate, Fate::Human { .. });
        callee.stage = Stage::Answering;
        callee.due = Some(now + ONSET);
        self.stats.answered += 1;
        self.stats.answered_human += u64::from(callee.human);
    }

    fn greet(&mut self, now: Instant, leg: LegKey, io: &mut Io) {
        let patience = seconds(self.options.law.patience_s);
        let Some(callee) = self.callees.get_mut(&leg) else {
            return;
        };
        let (voices, greeting_s) = match callee.fate {
            Fate::Human { greeting_s, .. } => (&self.people, greeting_s),
            Fate::Machine { greeting_s, .. } => (&self.machines, greeting_s),
            _ => return,
        };
        let Some(prompt) = closest(voices, greeting_s) else {
            return;
        };
        let length = Duration::from_millis(prompt.duration_ms());
        say(io, callee, Voice::once(prompt));
        if callee.human {
            callee.stage = Stage::Waiting;
            callee.due = Some(now + length + TRAILING + patience);
        } else {
            callee.stage = Stage::Machine;
            callee.due = Some(now + MACHINE_MAX);
        }
    }

    /// A person listens: an agent, the message, or nothing yet.
    fn listen(&mut self, leg: LegKey, io: &mut Io) {
        let Some(callee) = self.callees.get_mut(&leg) else {
            return;
        };
        let Some(line) = callee.line.and_then(|id| io.lines.get_mut(id)) else {
            return;
        };
        if let Some(since) = line.ear.agent_since {
            let talk_s = match callee.fate {
                Fate::Human { talk_s, .. } => talk_s,
                _ => 0.0,
            };
            self.stats.connected += 1;
            callee.heard_agent = true;
            callee.stage = Stage::Talking;
            callee.due = since
                .checked_add(seconds(talk_s))
                .map(|end| end - NOTICED_AFTER.min(seconds(talk_s)));
            line.voice = Voice::repeat(&tones::looped(tones::of_call(callee.number)));
        } else if callee.stage == Stage::Waiting && line.ear.sound_ms >= MESSAGE_MS {
            self.stats.heard_message += 1;
            callee.stage = Stage::Message;
            callee.due = line.ear.last_sound.map(|at| at + MESSAGE_MAX);
        }
    }

    fn refuse(&mut self, now: Instant, leg: LegKey, code: u16, io: &mut Io) {
        // Gone means cancelled in this very moment: its event was or will be handled.
        if io.sip.reject(now, leg, code, "", &[]).is_ok() {
            self.forget(leg, io);
        }
    }

    fn hang_up(&mut self, now: Instant, leg: LegKey, io: &mut Io) {
        if let Some(callee) = self.callees.get_mut(&leg) {
            callee.stage = Stage::Ending;
            callee.due = None;
            say(io, callee, Voice::Silence);
        }
        io.sip
            .bye(now, leg, Some(Reason::q850(16, "Normal call clearing")));
    }

    fn hang_up_all(&mut self, now: Instant, io: &mut Io) {
        let legs: Vec<(LegKey, Stage)> = self
            .callees
            .iter()
            .map(|(leg, c)| (*leg, c.stage))
            .collect();
        for (leg, stage) in legs {
            match stage {
                Stage::Arrived | Stage::Ringing | Stage::Tones => self.refuse(now, leg, 480, io),
                Stage::Ending => {}
                _ => self.hang_up(now, leg, io),
            }
        }
    }

    fn ended(&mut self, leg: LegKey, cause: EndCause, io: &mut Io) {
        match cause {
            EndCause::RemoteBye => self.stats.ended_by_dialer += 1,
            EndCause::LocalBye { .. } => self.stats.ended_by_callee += 1,
            _ => self.stats.unacknowledged += 1,
        }
        if let Some(callee) = self.callees.get(&leg).filter(|c| c.human && !c.heard_agent) {
            self.stats.abandoned += 1;
            self.stats.lost_patience += u64::from(callee.impatient);
        }
        self.forget(leg, io);
    }

    fn forget(&mut self, leg: LegKey, io: &mut Io) {
        if let Some(line) = self.callees.remove(&leg).and_then(|callee| callee.line) {
            io.lines.close(line);
        }
    }
}

impl Party for Hall {
    type Order = Order;

    fn start(&mut self, _now: Instant, _io: &mut Io) {}

    fn event(&mut self, now: Instant, event: Event, io: &mut Io) {
        match event {
            Event::Incoming(call) => self.arrive(now, *call, io),
            Event::IncomingCancelled { leg, .. } => {
                self.stats.cancelled += u64::from(self.callees.contains_key(&leg));
                self.forget(leg, io);
            }
            Event::Ended { leg, cause, .. } => self.ended(leg, cause, io),
            // An offer in the ACK is never asked for; the audio of a call stays as it began.
            _ => {}
        }
    }

    fn order(&mut self, now: Instant, order: Order, io: &mut Io) {
        match order {
            Order::Listen { number, reply } => {
                let callee = self.callees.values().find(|c| c.number == number);
                let line = callee
                    .and_then(|c| c.line)
                    .and_then(|id| io.lines.get_mut(id));
                if let Some(line) = line {
                    line.ear.ask(reply);
                }
            }
            Order::HangUpAll => self.hang_up_all(now, io),
            Order::Stop { reply } => {
                self.publish(io);
                // Who asked may have gone.
                let _ = reply.send(self.stats.clone());
                self.stop_by = Some(now + STOP_WITHIN);
                self.hang_up_all(now, io);
            }
        }
    }

    fn tick(&mut self, now: Instant, io: &mut Io) {
        let legs: Vec<LegKey> = self.callees.keys().copied().collect();
        for leg in legs {
            let Some(callee) = self.callees.get(&leg) else {
                continue;
            };
            if matches!(callee.stage, Stage::Waiting | Stage::Message) {
                self.listen(leg, io);
            }
            if self.callees.get(&leg).is_some_and(|c| c.is_due(now)) {
                self.step(now, leg, io);
            }
        }
    }

    fn publish(&mut self, _io: &Io) {
        self.stats.up = self.callees.len() as u64;
        let stats = &self.stats;
        self.shown.send_if_modified(|shown| {
            let changed = shown != stats;
            if changed {
                shown.clone_from(stats);
            }
            changed
        });
    }

    fn is_over(&self, now: Instant, _io: &Io) -> bool {
        self.stop_by
            .is_some_and(|by| self.callees.is_empty() || by <= now)
    }
}

fn say(io: &mut Io, callee: &Callee, voice: Voice) {
    if let Some(line) = callee.line.and_then(|id| io.lines.get_mut(id)) {
        line.voice = voice;
    }
}

/// The prompt whose length is closest.
fn closest(prompts: &[Prompt], seconds: f64) -> Option<&Prompt> {
    let off = |p: &&Prompt| (p.duration_ms() as f64 / 1000.0 - seconds).abs();
    prompts.iter().min_by(|a, b| off(a).total_cmp(&off(b)))
}
