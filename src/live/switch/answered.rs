//! After the answer: telling people from machines, keys, and the end of the leg.

use super::Switch;
use super::key_ear::KeyBy;
use super::lines::Stage;
use super::media::MESSAGE_TAG;
use crate::config::Detection;
use crate::keeping::VerdictNote;
use carillon_decision::Progress;
use carillon_decision::call::{AmdVerdict, Cause};
use carillon_decision::id::CallId;
use carillon_media::greeting::TonePlan;
use carillon_media::{GreetingEvent, GreetingSettings, Signal, SitKind, Who};
use std::time::{Duration, Instant};

impl Switch {
    /// Starts listening to who answered, where that is wanted. A person is assumed when it
    /// cannot be listened. **When nothing tells in time, the engine takes it for a person**: it
    /// keeps the deadlines.
    pub(super) fn screen(&mut self, now: Instant, call: CallId) {
        let Some(line) = self.calls.get_mut(&call) else {
            return;
        };
        if !line.screening.is_on() {
            line.person = Some(now);
            return;
        }
        let (screening, leg) = (line.screening, line.audio());
        let settings = self.listening(call, |own, tones| own.after_answer(screening, tones));
        let watched = leg.zip(settings).map(|(leg, s)| self.media.watch(leg, s));
        match watched {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::warn!(%call, %error, code = error.code(), "cannot listen: a person is assumed");
                self.assume_person(now, call);
            }
            None => self.assume_person(now, call),
        }
    }

    /// How to listen to a call, by its campaign and the tones of its trunk.
    pub(super) fn listening(
        &self,
        call: CallId,
        settings: impl FnOnce(&Detection, TonePlan) -> GreetingSettings,
    ) -> Option<GreetingSettings> {
        let line = self.calls.get(&call)?;
        let trunk = self.trunks.get(&line.trunk);
        let tones = trunk.map_or(TonePlan::Any, |t| t.settings.tones);
        Some(match self.detection.get(&line.campaign) {
            Some(own) => settings(own, tones),
            None => settings(&Detection::default(), tones),
        })
    }

    /// Gives the one verdict of a call. `ended_ms_ago`: when a person's greeting ended.
    fn judge(
        &mut self,
        now: Instant,
        call: CallId,
        who: AmdVerdict,
        ended_ms_ago: u32,
        note: VerdictNote,
    ) {
        let Some(line) = self.calls.get_mut(&call).filter(|line| !line.judged) else {
            return;
        };
        line.judged = true;
        if who == AmdVerdict::Person {
            line.person = Some(now);
        }
        tracing::debug!(%call, ?who, heard = note.verdict, features = ?note.features, "who answered");
        line.kept.verdict = Some(note);
        let greeting_ended = Duration::from_millis(u64::from(ended_ms_ago));
        self.progress(
            call,
            Progress::Verdict {
                who,
                greeting_ended,
            },
        );
    }

    /// A person, since nobody can listen.
    fn assume_person(&mut self, now: Instant, call: CallId) {
        let note = VerdictNote {
            verdict: "not listened to".to_owned(),
            features: Vec::new(),
        };
        self.judge(now, call, AmdVerdict::Person, 0, note);
    }

    /// What the greeting watch heard on a call.
    pub(super) fn greeting(&mut self, now: Instant, call: CallId, event: GreetingEvent) {
        let Some(line) = self.calls.get(&call) else {
            return;
        };
        if line.stage == Stage::Dialing {
            if let GreetingEvent::Signal { signal, .. } = event {
                self.early_signal(now, call, signal);
            }
            return;
        }
        let undecided = !line.judged;
        let listens = line.stage == Stage::Answered;
        match event {
            GreetingEvent::SpeechStarted { .. } if undecided => {
                self.progress(call, Progress::SpeechStarted);
            }
            GreetingEvent::GreetingEnded { ended_ago_ms, .. } if undecided => {
                let ago = Duration::from_millis(u64::from(ended_ago_ms));
                self.progress(call, Progress::GreetingEnded { ago });
            }
            GreetingEvent::Verdict { who, features, .. } => {
                let (verdict, ended_ms_ago) = verdict_of(who, features.silence_ms);
                let features = features.named().collect();
                self.judge(now, call, verdict, ended_ms_ago, note_of(who, features));
            }
            GreetingEvent::Beep { hz, length_ms, .. } if listens => {
                tracing::debug!(%call, hz, length_ms, "a machine's beep");
                self.progress(call, Progress::MachineListens);
            }
            GreetingEvent::MachineSilent { silent_ms, .. } if listens => {
                tracing::debug!(%call, silent_ms, "a machine has said its piece");
                self.progress(call, Progress::MachineListens);
            }
            _ => {}
        }
    }

    /// A tone of the network before any answer.
    fn early_signal(&mut self, now: Instant, call: CallId, signal: Signal) {
        tracing::debug!(%call, ?signal, "heard before the answer");
        match signal {
            // Music in place of ringback: the phone rings.
            Signal::Ringback | Signal::Music => self.progress(call, Progress::Ringing),
            Signal::Busy => self.end_early(now, call, Cause::Busy),
            Signal::Congestion
            | Signal::Sit(
                SitKind::Reorder
                | SitKind::ReorderInterLata
                | SitKind::NoCircuit
                | SitKind::NoCircuitInterLata,
            ) => {
                self.end_early(now, call, Cause::Congestion);
            }
            Signal::Sit(SitKind::Intercept | SitKind::VacantCode) => {
                self.sit_heard(call);
                self.progress(
                    call,
                    Progress::Verdict {
                        who: AmdVerdict::NotInService,
                        greeting_ended: Duration::ZERO,
                    },
                );
            }
            // Tones without a kind: they make a vague failure clear, and end nothing.
            Signal::Sit(SitKind::Unspecified) => self.sit_heard(call),
            Signal::Cng | Signal::Ced { .. } | Signal::Modem | Signal::Silence => {}
        }
    }

    fn sit_heard(&mut self, call: CallId) {
        if let Some(line) = self.calls.get_mut(&call) {
            line.sit = true;
        }
    }

    /// The network has said in tones how the call fails: it is given up, with that cause.
    fn end_early(&mut self, now: Instant, call: CallId, cause: Cause) {
        if let Some(line) = self.calls.get_mut(&call).filter(|l| !l.hang_up) {
            line.early_cause = Some(cause);
            self.hang_up(now, call);
        }
    }

    /// A key pressed by a callee: the opt-out during the message; anything else is theirs.
    pub(super) fn call_key(&mut self, now: Instant, call: CallId, digit: char, by: KeyBy) {
        let mono = self.clock.mono(now);
        let Some(line) = self.calls.get_mut(&call) else {
            return;
        };
        if !line.keys.is_new(mono, digit, by) || line.stage != Stage::Message {
            return;
        }
        let campaign = self.campaigns.get(&line.campaign);
        if campaign.is_some_and(|c| c.conversation.opt_out_key == digit) {
            tracing::info!(%call, "opt-out key");
            self.progress(call, Progress::OptOut);
        }
    }

    /// A prompt towards a callee ended.
    pub(super) fn call_play_ended(
        &mut self,
        now: Instant,
        call: CallId,
        tag: u64,
        completed: bool,
    ) {
        if self.announcement_ended(call, tag) {
            return;
        }
        let Some(line) = self.calls.get_mut(&call) else {
            return;
        };
        if tag != MESSAGE_TAG || line.stage != Stage::Message {
            return;
        }
        line.stage = Stage::Answered;
        tracing::debug!(%call, completed, "message ended");
        self.progress(call, Progress::MessageEnded);
        self.after_message_halted(now, call);
    }

    /// The leg of a call is gone.
    pub(super) fn call_ended(&mut self, call: CallId) {
        self.part(call);
        let line = self.calls.get(&call);
        tracing::info!(%call, lead = line.and_then(|l| l.lead).map(|l| l.0), "call ended");
        self.hung_up(call);
    }
}

/// What the engine is told of who answered, and how long ago a person's greeting ended.
fn verdict_of(who: Who, silence_ms: f32) -> (AmdVerdict, u32) {
    match who {
        Who::Person => (AmdVerdict::Person, silence_ms as u32),
        // Nobody tells a shy person from an empty line.
        Who::Silence => (AmdVerdict::Person, 0),
        Who::Machine | Who::Music => (AmdVerdict::Machine, 0),
        Who::Fax | Who::Modem => (AmdVerdict::Fax, 0),
        Who::Sit(SitKind::Intercept | SitKind::VacantCode) => (AmdVerdict::NotInService, 0),
        // An announcement of the network that does not say that the number is gone.
        Who::Sit(_) => (AmdVerdict::Machine, 0),
    }
}

fn note_of(who: Who, features: Vec<(&'static str, f32)>) -> VerdictNote {
    VerdictNote {
        verdict: format!("{who:?}").to_lowercase(),
        features,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tones_that_say_so_mean_that_a_number_is_gone() {
        for kind in [SitKind::Intercept, SitKind::VacantCode] {
            assert_eq!(verdict_of(Who::Sit(kind), 0.0).0, AmdVerdict::NotInService);
        }
        for kind in [
            SitKind::Reorder,
            SitKind::NoCircuitInterLata,
            SitKind::Unspecified,
        ] {
            assert_eq!(verdict_of(Who::Sit(kind), 0.0).0, AmdVerdict::Machine);
        }
    }

    #[test]
    fn the_abandonment_clock_of_a_person_starts_at_the_end_of_the_speech() {
        assert_eq!(verdict_of(Who::Person, 400.0), (AmdVerdict::Person, 400));
        assert_eq!(verdict_of(Who::Silence, 4_000.0), (AmdVerdict::Person, 0));
    }
}
