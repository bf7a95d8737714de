//! One real test call on a trunk, outside campaigns: rings, listens for three seconds, hangs
//! up, and says what happened and what to do about it.

use super::ladder::{Ladder, LadderKey};
use super::pending::normal;
use super::{Party, Switch, Timer};
use crate::number_plan;
use carillon_decision::call::Cause;
use carillon_decision::id::TrunkId;
use carillon_decision::number::E164;
use carillon_media::LegPort;
use carillon_sip::{CallKey, Failure, LegKey, SessionDescription};
use serde::Serialize;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Longest ringing of a test call.
const RING_MAX: Duration = Duration::from_secs(30);
/// How long audio is listened for.
const LISTEN: Duration = Duration::from_secs(3);
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

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// The trunk can place calls.
    pub passed: bool,
    /// What happened, one sentence.
    pub verdict: String,
    /// What to do about it; empty when nothing needs doing.
    pub remedy: String,
    /// The messages.
    pub ladder: Ladder,
}

/// A test call in progress.
pub(super) struct Running {
    name: String,
    reply: Option<oneshot::Sender<TestReport>>,
    key: CallKey,
    leg: Option<LegKey>,
    port: LegPort,
    rang: bool,
    /// The verdict, once the audio was listened for.
    heard: Option<u64>,
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
                self.tests.insert(id, running);
                self.set_timer(now + RING_MAX, Timer::Test(id));
            }
            Err((reason, remedy)) => {
                let report = TestReport {
                    passed: false,
                    verdict: format!("the test call was not placed: {reason}"),
                    remedy: remedy.to_owned(),
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
        let session = self.media.session();
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
        let invite = trunk.invite(peer, test.number, test.caller_id, port.address, session);
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
        let running = Running {
            name,
            reply: None,
            key,
            leg: None,
            port,
            rang: false,
            heard: None,
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
        self.by_leg.insert(leg, Party::Test(id));
        self.media.set_remote(test.port.leg, sdp);
        self.set_timer(now + LISTEN, Timer::Test(id));
    }

    /// Ringing for too long, or listened for long enough.
    pub(super) fn test_due(&mut self, now: Instant, id: u64) {
        let Some(test) = self.tests.get_mut(&id) else {
            return;
        };
        match test.leg {
            None => self.endpoint.cancel(now, test.key, Some(normal())),
            Some(leg) if test.heard.is_none() => {
                test.heard = Some(self.media.packets_in(test.port.leg));
                self.endpoint.bye(now, leg, Some(normal()));
            }
            // The timer of the ringing, late.
            Some(_) => {}
        }
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
        let (passed, verdict, remedy) = judge_failure(&test.name, failure, cause, test.rang);
        self.end_test(id, passed, verdict, remedy);
    }

    pub(super) fn test_ended(&mut self, id: u64) {
        let Some(test) = self.tests.get(&id) else {
            return;
        };
        let name = &test.name;
        let (passed, verdict, remedy) = match test.heard {
            Some(0) => (
                false,
                format!(
                    "`{name}` answered, but no audio came within {} s",
                    LISTEN.as_secs()
                ),
                "check [rtp] external and the port range, and that the firewall lets UDP in",
            ),
            Some(packets) => (
                true,
                format!("`{name}` answered and {packets} audio packets came: calls and audio work"),
                "",
            ),
            None => (
                true,
                format!("`{name}` answered and the callee hung up first"),
                "",
            ),
        };
        self.end_test(id, passed, verdict, remedy.to_owned());
    }

    fn end_test(&mut self, id: u64, passed: bool, verdict: String, remedy: String) {
        let Some(mut test) = self.tests.remove(&id) else {
            return;
        };
        self.by_key.remove(&test.key);
        self.by_media.remove(&test.port.leg);
        self.media.close(test.port.leg);
        if let Some(leg) = test.leg {
            self.by_leg.remove(&leg);
        }
        let ladder = self.ladders.get(LadderKey::Test(id)).unwrap_or_default();
        if let Some(reply) = test.reply.take() {
            let _ = reply.send(TestReport {
                passed,
                verdict,
                remedy,
                ladder,
            });
        }
    }
}

/// What a failure says of the trunk. A busy or unanswered phone shows that the trunk works.
fn judge_failure(
    name: &str,
    failure: &Failure,
    cause: Option<Cause>,
    rang: bool,
) -> (bool, String, String) {
    let answer = format!("{} {}", failure.code, failure.phrase);
    if failure.after_cancel && rang {
        let text = format!(
            "`{name}` rang for {} s and nobody answered: calls work",
            RING_MAX.as_secs()
        );
        return (true, text, String::new());
    }
    if failure.timed_out || cause.is_none() {
        return (
            false,
            format!("`{name}` did not answer at all"),
            "check host and port of the trunk, and the firewall between".to_owned(),
        );
    }
    let remedy = match cause.unwrap_or(Cause::TrunkFailure) {
        Cause::Busy | Cause::NoAnswer | Cause::Declined => {
            return (
                true,
                format!("`{name}` works; the phone said {answer}"),
                String::new(),
            );
        }
        Cause::TrunkAuth => "check username and password of the trunk",
        Cause::Disconnected => "check the number, and the trunk's number_format",
        Cause::Blocked => "the caller ID is blocked: show another, or have it cleared",
        Cause::Refused => "ask the carrier whether this address and caller ID may call there",
        Cause::Media => "allow PCMU or PCMA on the trunk",
        _ => "the carrier cannot take calls now: try later, ask it if it stays so",
    };
    (
        false,
        format!("`{name}` answered {answer}"),
        remedy.to_owned(),
    )
}
