//! The end: everything hung up, with confirmation as far as it comes in time.

use super::lines::Stage;
use super::pending::{Pending, normal};
use super::{Party, Switch, Timer};
use crate::node::StopReport;
use carillon_sip::{CallKey, LegKey};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A stop in progress.
pub(super) struct Stopping {
    reply: Option<oneshot::Sender<StopReport>>,
    calls: usize,
    /// Hung up, not confirmed yet.
    legs: BTreeSet<LegKey>,
    keys: BTreeSet<CallKey>,
}

impl Switch {
    /// Hangs up everything: CANCEL before an answer, BYE after.
    pub(super) fn stop_now(
        &mut self,
        now: Instant,
        limit: Duration,
        reply: oneshot::Sender<StopReport>,
    ) {
        if self.stopping.is_some() {
            return;
        }
        self.stopping = Some(Stopping {
            reply: Some(reply),
            calls: self.calls.len(),
            legs: self.by_leg.keys().copied().collect(),
            keys: self.unanswered(),
        });
        self.unregister_all(now);
        for pending in std::mem::take(&mut self.pending).into_values() {
            match pending {
                Pending::Inbound { leg, .. } => {
                    let _ = self.endpoint.reject(now, leg, 503, "", &[]);
                }
                Pending::Extra { leg, .. } => self.endpoint.bye(now, leg, Some(normal())),
            }
        }
        let calls: Vec<_> = self.calls.keys().copied().collect();
        for call in calls {
            self.hang_up(now, call);
        }
        let agents: Vec<_> = self.agents.keys().copied().collect();
        for agent in agents {
            self.release_line(now, agent, true);
        }
        self.stop_tests(now);
        self.set_timer(now + limit, Timer::Stop);
        self.check_stopped(false);
    }

    fn stop_tests(&mut self, now: Instant) {
        for test in self.tests.values() {
            match test.leg() {
                Some(leg) => self.endpoint.bye(now, leg, Some(normal())),
                None => self.endpoint.cancel(now, test.key(), Some(normal())),
            }
        }
    }

    /// INVITEs that are out and not answered.
    fn unanswered(&self) -> BTreeSet<CallKey> {
        let answered = |party: &Party| match party {
            Party::Call(call) => self.calls.get(call).is_none_or(|l| l.leg.is_some()),
            Party::Agent(agent) => self.agents.get(agent).is_none_or(|a| a.leg.is_some()),
            Party::Test(test) => self.tests.get(test).is_none_or(|t| t.leg().is_some()),
        };
        let open = self.by_key.iter().filter(|(_, party)| !answered(party));
        open.map(|(&key, _)| key).collect()
    }

    /// A leg has ended for good.
    pub(super) fn confirm_leg(&mut self, leg: LegKey) {
        if let Some(stopping) = &mut self.stopping {
            stopping.legs.remove(&leg);
            self.check_stopped(false);
        }
    }

    /// An INVITE has ended for good.
    pub(super) fn confirm_key(&mut self, key: CallKey) {
        if let Some(stopping) = &mut self.stopping {
            stopping.keys.remove(&key);
            self.check_stopped(false);
        }
    }

    /// The answer crossed our CANCEL while stopping: that leg has to end too.
    pub(super) fn answered_while_stopping(&mut self, now: Instant, key: CallKey, leg: LegKey) {
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        stopping.keys.remove(&key);
        stopping.legs.insert(leg);
        match self.by_key.get(&key) {
            Some(&Party::Call(call)) => self.hang_up(now, call),
            Some(Party::Test(_)) => self.endpoint.bye(now, leg, Some(normal())),
            // Agents' lines were released: nobody took this answer, and it was hung up.
            Some(Party::Agent(_)) | None => {}
        }
    }

    pub(super) fn stop_checked(&mut self) {
        self.check_stopped(false);
    }

    pub(super) fn stop_due(&mut self, _now: Instant) {
        self.check_stopped(true);
    }

    fn check_stopped(&mut self, over: bool) {
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        let storing = self
            .calls
            .values()
            .filter(|l| l.stage == Stage::Storing)
            .count();
        let unconfirmed = stopping.legs.len() + stopping.keys.len() + storing;
        if unconfirmed > 0 && !over {
            return;
        }
        if let Some(reply) = stopping.reply.take() {
            let report = StopReport {
                calls_ended: stopping.calls,
                unconfirmed,
            };
            // The asker may have given up waiting.
            let _ = reply.send(report);
            self.quit = true;
        }
    }
}
