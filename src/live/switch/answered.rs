//! After the answer: telling people from machines, keys, and the end of the leg.

use super::Switch;
use super::key_ear::KeyBy;
use super::lines::Stage;
use super::media::MESSAGE_TAG;
use crate::keeping::VerdictNote;
use carillon_decision::Progress;
use carillon_decision::call::AmdVerdict;
use carillon_decision::id::CallId;
use carillon_media::{GreetingEvent, GreetingSettings, Signal, Who};
use std::time::{Duration, Instant};

/// The engine decides by itself that a silent callee is a person, in time for the law; the
/// detector's own limit is beyond every such deadline.
const NO_SPEECH_MS: u32 = 30_000;

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
        let settings = GreetingSettings {
            no_speech_ms: NO_SPEECH_MS,
            ..GreetingSettings::default()
        };
        let watched = line.audio().map(|leg| self.media.watch(leg, settings));
        match watched {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::warn!(%call, %error, code = error.code(), "cannot listen: a person is assumed");
                self.judge(now, call, AmdVerdict::Person, 0);
            }
            None => self.judge(now, call, AmdVerdict::Person, 0),
        }
    }

    /// Gives the one verdict of a call. `ended_ms_ago`: when a person's greeting ended.
    fn judge(&mut self, now: Instant, call: CallId, who: AmdVerdict, ended_ms_ago: u32) {
        let Some(line) = self.calls.get_mut(&call).filter(|line| !line.judged) else {
            return;
        };
        line.judged = true;
        if who == AmdVerdict::Person {
            line.person = Some(now);
        }
        line.kept.verdict = Some(VerdictNote {
            verdict: format!("{who:?}").to_lowercase(),
            features: Vec::new(),
        });
        tracing::debug!(%call, ?who, "who answered");
        let greeting_ended = Duration::from_millis(u64::from(ended_ms_ago));
        self.progress(
            call,
            Progress::Verdict {
                who,
                greeting_ended,
            },
        );
    }

    /// What the greeting watch heard on a call.
    pub(super) fn greeting(&mut self, now: Instant, call: CallId, event: GreetingEvent) {
        let Some(line) = self.calls.get_mut(&call) else {
            return;
        };
        if line.stage == Stage::Dialing {
            let sit = matches!(
                event,
                GreetingEvent::Signal {
                    signal: Signal::Sit(_),
                    ..
                }
            );
            if sit {
                line.sit = true;
                let who = AmdVerdict::NotInService;
                self.progress(
                    call,
                    Progress::Verdict {
                        who,
                        greeting_ended: Duration::ZERO,
                    },
                );
            }
            return;
        }
        match event {
            GreetingEvent::SpeechStarted { .. } => {
                if !line.judged {
                    self.progress(call, Progress::SpeechStarted);
                }
            }
            GreetingEvent::Verdict { who, features, .. } => {
                let (who, ended_ms_ago) = match who {
                    Who::Person => (AmdVerdict::Person, features.silence_ms as u32),
                    // Nobody tells a shy person from an empty line.
                    Who::Silence => (AmdVerdict::Person, 0),
                    Who::Machine | Who::Music => (AmdVerdict::Machine, 0),
                    Who::Fax | Who::Modem => (AmdVerdict::Fax, 0),
                    Who::Sit(_) => (AmdVerdict::NotInService, 0),
                };
                self.judge(now, call, who, ended_ms_ago);
            }
            GreetingEvent::GreetingEnded { .. }
            | GreetingEvent::Beep { .. }
            | GreetingEvent::MachineSilent { .. }
            | GreetingEvent::Signal { .. } => {}
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
