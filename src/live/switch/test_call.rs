//! One real test call on a trunk, outside campaigns: OPTIONS and registration as they stand, a
//! call, audio, a key, hold and back, the hang-up; what worked and what to do about what did not.

use super::ladder::{Ladder, LadderKey};
use super::pending::normal;
use super::test_report::{TestReport, TestStep, judge_failure};
use super::{Party, Switch, Timer};
use crate::number_plan;
use carillon_decision::id::TrunkId;
use carillon_decision::number::E164;
use carillon_media::LegPort;
use carillon_sip::{CallKey, EndCause, Failure, LegKey, SessionDescription};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Longest ringing of a test call.
const RING_MAX: Duration = Duration::from_secs(30);
/// How long audio is listened for.
const LISTEN: Duration = Duration::from_secs(3);
/// How long a key sounds, with its pause.
const KEY: Duration = Duration::from_millis(500);
/// Longest wait for the answer to a hold.
const HOLD: Duration = Duration::from_secs(8);
/// Test calls at once.
const TESTS_MAX: usize = 4;

/// What to test.
#[derive(Clone, Debug)]
pub struct TestCall {
    /// The trunk.
    pub trunk: TrunkId,
    /// Whom to call: a number the operator may ring.
    pub number: E164,
    /// The number to show.
    pub caller_id: E164,
}

/// How far a test call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Ringing,
    Listening,
    Pressing,
    Holding,
    Resuming,
    HangingUp,
}

/// A test call in progress.
pub(super) struct Running {
    name: String,
    reply: Option<oneshot::Sender<TestReport>>,
    key: CallKey,
    leg: Option<LegKey>,
    port: LegPort,
    rang: bool,
    stage: Stage,
    /// When the stage is over; an earlier timer is an old one.
    until: Instant,
    steps: Vec<TestStep>,
    /// The far side agreed on telephone-event.
    has_keys: bool,
}

impl Running {
    pub(super) fn leg(&self) -> Option<LegKey> {
        self.leg
    }

    pub(super) fn key(&self) -> CallKey {
        self.key
    }
}

impl Switch {
    pub(super) fn start_test(
        &mut self,
        now: Instant,
        test: TestCall,
        reply: oneshot::Sender<TestReport>,
    ) {
        match self.try_test(now, &test) {
            Ok((id, mut running)) => {
                running.reply = Some(reply);
                let running_until = running.until;
                self.tests.insert(id, running);
                self.set_timer(running_until, Timer::Test(id));
            }
            Err((reason, remedy)) => {
                let report = TestReport {
                    passed: false,
                    verdict: format!("the test call was not placed: {reason}"),
                    remedy: remedy.to_owned(),
                    steps: Vec::new(),
                    ladder: Ladder::default(),
                };
                // The asker may have gone.
                let _ = reply.send(report);
            }
        }
    }

    /// The call, or why there is none and what to do about it.
    fn try_test(
        &mut self,
        now: Instant,
        test: &TestCall,
    ) -> Result<(u64, Running), (String, &'static str)> {
        const SETTINGS: &str = "check the trunk's settings";
        if self.dry_run {
            let remedy = "start the node without --dry-run and [node] dry_run";
            return Err(("this is a dry run".to_owned(), remedy));
        }
        if let Some(why) = number_plan::never_dialed(test.number) {
            return Err((why, "name a telephone of yours"));
        }
        if self.stopping.is_some() {
            return Err(("the node is stopping".to_owned(), "start it again"));
        }
        if self.tests.len() >= TESTS_MAX {
            let reason = format!("{TESTS_MAX} test calls are in progress");
            return Err((reason, "wait for one to end"));
        }
        self.tests_made += 1;
        let id = self.tests_made;
        let call_id = self.sip_call_id(&format!("test-{id}"));
        let unknown = || ("the trunk is unknown".to_owned(), SETTINGS);
        let trunk = self.trunks.get(&test.trunk).ok_or_else(unknown)?;
        let peer = trunk.pool.pick(now, &mut self.chance);
        let nowhere = || {
            let why = trunk.lost.clone().unwrap_or_default();
            (why, "run `carillon check`: it shows what DNS says")
        };
        let peer = peer.ok_or_else(nowhere)?;
        let port = self.media.open_call();
        let port =
            port.map_err(|e| (e.to_string(), "widen [rtp] ports, or wait for calls to end"))?;
        let offer = self.media.offer(port, &trunk.audio());
        let invite = trunk.invite(peer, test.number, test.caller_id, &offer);
        let key = self
            .endpoint
            .invite_as(now, invite, call_id.clone())
            .map_err(|error| {
                self.media.close(port.leg);
                (error.to_string(), SETTINGS)
            })?;
        tracing::info!(trunk = trunk.settings.engine.name, number = %test.number.masked(), "test call");
        self.ladders.name(LadderKey::Test(id), &call_id);
        self.by_key.insert(key, Party::Test(id));
        self.by_media.insert(port.leg, Party::Test(id));
        let name = trunk.settings.engine.name.clone();
        let steps = trunk.standing();
        let running = Running {
            name,
            reply: None,
            key,
            leg: None,
            port,
            rang: false,
            stage: Stage::Ringing,
            until: now + RING_MAX,
            steps,
            has_keys: false,
        };
        Ok((id, running))
    }

    pub(super) fn test_provisional(&mut self, id: u64, code: u16) {
        if let Some(test) = self.tests.get_mut(&id) {
            test.rang |= code == 180;
        }
    }

    pub(super) fn test_answered(
        &mut self,
        now: Instant,
        id: u64,
        leg: LegKey,
        sdp: &SessionDescription,
    ) {
        let Some(test) = self.tests.get_mut(&id).filter(|t| t.leg.is_none()) else {
            return self.endpoint.bye(now, leg, Some(normal()));
        };
        test.leg = Some(leg);
        let rang = if test.rang { "rang, then " } else { "" };
        test.steps
            .push(TestStep::passed("call", format!("{rang}answered")));
        test.has_keys = sdp.audio().is_some_and(|a| a.telephone_event.is_some());
        self.by_leg.insert(leg, Party::Test(id));
        if let Err(error) = self.media.set_remote(test.port.leg, sdp) {
            test.steps.push(TestStep::failed(
                "audio",
                error,
                "compare [trunk] codecs and srtp with the trunk's",
            ));
        }
        self.test_stage(now, id, Stage::Listening, LISTEN);
    }

    fn test_stage(&mut self, now: Instant, id: u64, stage: Stage, length: Duration) {
        if let Some(test) = self.tests.get_mut(&id) {
            test.stage = stage;
            test.until = now + length;
            self.set_timer(now + length, Timer::Test(id));
        }
    }

    /// Ringing for too long, listened for long enough, or no answer to a hold.
    pub(super) fn test_due(&mut self, now: Instant, id: u64) {
        let Some(test) = self.tests.get_mut(&id).filter(|t| t.until <= now) else {
            return;
        };
        let silent = "no answer";
        match (test.stage, test.leg) {
            (Stage::Ringing, _) | (_, None) => {
                self.endpoint.cancel(now, test.key, Some(normal()));
            }
            (Stage::Listening, Some(_)) => self.test_listened(now, id),
            (Stage::Pressing, Some(leg)) => self.test_hold(now, id, leg, true),
            (Stage::Holding, Some(_)) => self.test_held(now, id, Err(silent.to_owned())),
            (Stage::Resuming, Some(_)) => self.test_held(now, id, Err(silent.to_owned())),
            (Stage::HangingUp, Some(_)) => {}
        }
    }

    fn test_listened(&mut self, now: Instant, id: u64) {
        let Some(test) = self.tests.get_mut(&id) else {
            return;
        };
        let seconds = LISTEN.as_secs();
        test.steps.push(match self.media.packets_in(test.port.leg) {
            0 => TestStep::failed(
                "audio",
                format!("none came within {seconds} s"),
                "check [rtp] external and the port range, and that the firewall lets UDP in",
            ),
            packets => TestStep::passed("audio", format!("{packets} packets in {seconds} s")),
        });
        let sent = self.media.press(test.port.leg, "5");
        test.steps.push(match (sent, test.has_keys) {
            (Ok(()), true) => TestStep::passed("dtmf", "key 5 sent as RTP event (RFC 4733)"),
            (Ok(()), false) => TestStep::failed(
                "dtmf",
                "it agreed on no telephone-event: key 5 was sent as a tone",
                "allow telephone-event (rfc2833) on the trunk if menus must hear keys",
            ),
            (Err(error), _) => TestStep::failed("dtmf", error.to_string(), ""),
        });
        self.test_stage(now, id, Stage::Pressing, KEY);
    }

    fn test_hold(&mut self, now: Instant, id: u64, leg: LegKey, on: bool) {
        let stage = if on { Stage::Holding } else { Stage::Resuming };
        self.test_stage(now, id, stage, HOLD);
        if let Err(error) = self.endpoint.hold(now, leg, on) {
            self.test_held(now, id, Err(error.to_string()));
        }
    }

    /// Both sides agreed on a change of the session, or not.
    pub(super) fn test_held(&mut self, now: Instant, id: u64, result: Result<(), String>) {
        const REFUSED: &str = "allow re-INVITE on the trunk: hold and transfers need it";
        let Some(test) = self.tests.get_mut(&id) else {
            return;
        };
        let (step, leg) = match (test.stage, test.leg) {
            (Stage::Holding, Some(leg)) => ("hold", leg),
            (Stage::Resuming, Some(leg)) => ("resume", leg),
            _ => return,
        };
        let agreed = result.is_ok();
        test.steps.push(match result {
            Ok(()) => TestStep::passed(step, "agreed"),
            Err(why) => TestStep::failed(step, why, REFUSED),
        });
        if step == "hold" && agreed {
            return self.test_hold(now, id, leg, false);
        }
        test.stage = Stage::HangingUp;
        self.endpoint.bye(now, leg, Some(normal()));
    }

    pub(super) fn test_failed(&mut self, id: u64, failure: &Failure) {
        let Some(test) = self.tests.get(&id) else {
            return;
        };
        let trunk = self
            .trunks
            .values()
            .find(|t| t.settings.engine.name == test.name);
        let cause = trunk.map(|t| t.settings.profile.cause_of(failure));
        let step = judge_failure(failure, cause, test.rang, RING_MAX);
        self.end_test(id, step);
    }

    pub(super) fn test_ended(&mut self, id: u64, cause: EndCause) {
        let Some(test) = self.tests.get(&id) else {
            return;
        };
        let step = match (cause, test.stage) {
            (EndCause::LocalBye { confirmed: true }, _) => {
                TestStep::passed("hang_up", "BYE answered")
            }
            (EndCause::RemoteBye, stage) => {
                let rest = match stage {
                    Stage::HangingUp => "",
                    _ => ": the rest was not tried",
                };
                TestStep::skipped("hang_up", format!("the callee hung up first{rest}"))
            }
            (EndCause::LocalBye { confirmed: false }, _) => TestStep::failed(
                "hang_up",
                "no answer to BYE",
                "its Contact or Record-Route leads nowhere from here: check its address behind NAT",
            ),
            (other, _) => TestStep::failed("hang_up", format!("{other:?}"), "see the messages"),
        };
        self.end_test(id, step);
    }

    fn end_test(&mut self, id: u64, last: TestStep) {
        let Some(mut test) = self.tests.remove(&id) else {
            return;
        };
        test.steps.push(last);
        self.by_key.remove(&test.key);
        self.by_media.remove(&test.port.leg);
        self.media.close(test.port.leg);
        if let Some(leg) = test.leg {
            self.by_leg.remove(&leg);
        }
        let ladder = self.ladders.get(LadderKey::Test(id)).unwrap_or_default();
        if let Some(reply) = test.reply.take() {
            let _ = reply.send(TestReport::of(&test.name, test.steps, ladder));
        }
    }
}
