//! Which conversations are recorded, on what ground, and when the recorder pauses.

use super::Engine;
use super::talk::{Unobeyed, no};
use crate::call::{Direction, Phase};
use crate::compliance::{RecordingLaw, places_of_number, recording_law};
use crate::conversation::{Consent, OrderRefusal, Party, RecordingOrder, Stage, TalkStep};
use crate::event::{Alert, Command};
use crate::id::{AgentId, CallId};
use crate::sample::drawn;

/// How consent to a recording can be had.
enum Ground {
    /// It is had.
    Had(String),
    /// By this prompt.
    Announced { prompt: String, consent: String },
    /// Not at all.
    None(String),
}

const BY_AGENT: &str = "asked for by the agent";
const OUTSIDER: &str = "an outside party is on the line";

impl Engine {
    /// At the first bridge: the campaign's announcement, then recording if the call is drawn.
    pub(super) fn say_and_record(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let Some(campaign) = self.campaigns.get(&call.campaign) else {
            return;
        };
        let rules = &campaign.config.conversation;
        let announcement = rules.announcement.as_ref().map(|a| a.prompt.clone());
        let recorded = drawn(u64::from(call.campaign.0), id, rules.recording.share);
        if let Some(prompt) = announcement {
            self.say(id, prompt, None);
        }
        if recorded && let Err(why) = self.want_recording(id) {
            self.note_unrecorded(id, why);
        }
    }

    fn note_unrecorded(&mut self, id: CallId, why: String) {
        let now = self.now.mono;
        if let Some(call) = self.calls.get_mut(&id) {
            call.note(now, TalkStep::NotRecorded { why });
        }
    }

    /// Recording is wanted from now on: it begins once there is consent.
    fn want_recording(&mut self, id: CallId) -> Result<(), String> {
        let ground = self.ground(id);
        let Some(call) = self.calls.get_mut(&id) else {
            return Ok(());
        };
        call.talk.tape.wanted = true;
        let announced = call.talk.said.iter().any(|s| s.consent.is_some());
        if call.talk.tape.consent.is_some() || announced {
            return Ok(());
        }
        match ground {
            Ground::Had(consent) => call.talk.tape.consent = Some(consent),
            Ground::Announced { prompt, consent } => self.say(id, prompt, Some(consent)),
            Ground::None(why) => {
                call.talk.tape.wanted = false;
                return Err(why);
            }
        }
        Ok(())
    }

    /// On what ground the customer's voice may be kept.
    fn ground(&self, id: CallId) -> Ground {
        let Some(call) = self.calls.get(&id) else {
            return Ground::None("the call is over".to_owned());
        };
        let Some(campaign) = self.campaigns.get(&call.campaign) else {
            return Ground::None("the campaign is gone".to_owned());
        };
        let prompt = match &campaign.config.conversation.recording.consent {
            Consent::Given => return Ground::Had("given before the call".to_owned()),
            Consent::Announce { prompt } => {
                return Ground::Announced {
                    prompt: prompt.clone(),
                    consent: "announced".to_owned(),
                };
            }
            Consent::AllParties { prompt } => prompt,
        };
        let places: Vec<&str> = match (&call.permit, call.number) {
            (Some(permit), _) => permit.places.iter().map(String::as_str).collect(),
            (None, Some(number)) => places_of_number(number).to_vec(),
            (None, None) => Vec::new(),
        };
        match (recording_law(&places), prompt) {
            (RecordingLaw::OneParty, _) => {
                Ground::Had(format!("one-party state {}", places.join(", ")))
            }
            (RecordingLaw::AllParties { place, .. }, Some(prompt)) => Ground::Announced {
                prompt: prompt.clone(),
                consent: format!("announced, all-party place {place}"),
            },
            (RecordingLaw::AllParties { place, citation }, None) => Ground::None(format!(
                "all parties must consent in {place} ({citation}) and the campaign has no prompt that asks"
            )),
        }
    }

    /// Brings the recorder in line with who is on the line: it begins when wanted and allowed,
    /// leaves out what may not be kept, and ends when nobody of the house takes part.
    pub(super) fn refresh_tape(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        if call.direction == Direction::Transfer {
            return;
        }
        let tape = &call.talk.tape;
        let served = call.phase == Phase::Talking && call.agent.is_some();
        let left_alone = call.phase == Phase::Talking && call.agent.is_none();
        if tape.on && (left_alone || !tape.wanted) {
            return self.stop_tape(id);
        }
        if !tape.on && tape.wanted && served && tape.consent.is_some() {
            self.start_tape(id);
        }
        let Some(call) = self.calls.get(&id).filter(|c| c.talk.tape.on) else {
            return;
        };
        let outsider = call.talk.third.is_some_and(|t| {
            t.stage == Stage::Joined && matches!(t.party, Party::Call(_)) && served
        });
        let why = match (call.talk.tape.agent_pause, outsider) {
            (true, _) => Some(BY_AGENT),
            (false, true) => Some(OUTSIDER),
            (false, false) => None,
        };
        match (call.talk.tape.paused, why) {
            (false, Some(reason)) => {
                let reason = reason.to_owned();
                self.tell_tape(id, RecordingOrder::Pause { reason });
            }
            (true, None) => self.tell_tape(id, RecordingOrder::Resume),
            _ => {}
        }
    }

    fn start_tape(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let consent = call.talk.tape.consent.clone().unwrap_or_default();
        let campaign = self.campaigns.get(&call.campaign);
        let class = campaign.map(|c| c.config.conversation.recording.class.clone());
        let class = class.unwrap_or_default();
        self.tell_tape(id, RecordingOrder::Start { class, consent });
    }

    /// Ends the recording, if it is on.
    pub(super) fn stop_tape(&mut self, id: CallId) {
        if self.calls.get(&id).is_some_and(|c| c.talk.tape.on) {
            self.tell_tape(id, RecordingOrder::Stop);
        }
    }

    /// Orders the recorder, and keeps in mind and in the record what it was told.
    fn tell_tape(&mut self, id: CallId, order: RecordingOrder) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let tape = &mut call.talk.tape;
        match &order {
            RecordingOrder::Start { .. } => {
                (tape.on, tape.paused, tape.ever) = (true, false, true);
            }
            RecordingOrder::Pause { .. } => tape.paused = true,
            RecordingOrder::Resume => tape.paused = false,
            RecordingOrder::Stop => (tape.on, tape.paused) = (false, false),
        }
        let step = TalkStep::Recording {
            order: order.clone(),
        };
        call.note(now, step);
        self.order(Command::Recorder { call: id, order });
    }

    pub(super) fn agent_recording(&mut self, agent: AgentId, pause: bool) {
        let done = self.try_pause(agent, pause);
        self.answer_order(agent, done);
    }

    fn try_pause(&mut self, agent: AgentId, pause: bool) -> Result<(), Unobeyed> {
        let id = self.talking_call(agent)?;
        let call = self.calls.get_mut(&id).expect("the agent talks in it");
        let allowed = self
            .campaigns
            .get(&call.campaign)
            .is_some_and(|c| c.config.conversation.recording.agents_pause);
        if !allowed {
            return no(
                OrderRefusal::NotAllowed,
                "the campaign lets no agent pause recordings",
            );
        }
        // Card data may come before the announcement has ended: the pause holds from the start.
        if !call.talk.tape.wanted {
            return no(OrderRefusal::WrongMoment, "this call is not recorded");
        }
        call.talk.tape.agent_pause = pause;
        self.refresh_tape(id);
        Ok(())
    }

    /// A supervisor has a conversation recorded, or its recording ended.
    pub(super) fn recording_ordered(&mut self, id: CallId, on: bool) {
        let known = self
            .calls
            .get(&id)
            .is_some_and(|c| c.bridged.is_some() && c.direction != Direction::Transfer);
        if !known {
            let problem = "recording was asked for, but the call is in no conversation";
            return self.heard(id, problem.to_owned());
        }
        if !on {
            if let Some(call) = self.calls.get_mut(&id) {
                call.talk.tape.wanted = false;
            }
            return self.refresh_tape(id);
        }
        let saying = self.calls.get(&id).map(|c| c.talk.said.len());
        match self.want_recording(id) {
            Ok(()) => {
                if saying == Some(0) {
                    self.say_next(id);
                }
                self.refresh_tape(id);
            }
            Err(why) => {
                self.note_unrecorded(id, why.clone());
                let agent = self.calls.get(&id).and_then(|c| c.agent);
                self.alert(Alert::Conversation {
                    call: id,
                    agent,
                    problem: format!("cannot be recorded: {why}"),
                });
            }
        }
    }
}
