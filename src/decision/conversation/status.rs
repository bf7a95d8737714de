//! A conversation at one instant, for pages.

use super::{Party, Talk, TalkStep, TransferTo};
use crate::call::{Call, Phase};
use crate::status::{RecordingStatus, TalkStatus, ThirdStatus};

impl Call {
    /// The conversation, while an agent talks in it.
    pub fn talk_status(&self) -> Option<TalkStatus> {
        let talks = self.phase == Phase::Talking && self.agent.is_some();
        talks.then(|| self.talk.status())
    }
}

impl Talk {
    fn status(&self) -> TalkStatus {
        TalkStatus {
            held: self.held,
            third: self.third.map(|third| ThirdStatus {
                party: third.party,
                stage: third.stage,
                destination: match third.party {
                    Party::Call(_) => self.last_destination(),
                    Party::Agent(_) => None,
                },
            }),
            recording: self.recording_status(),
        }
    }

    fn last_destination(&self) -> Option<String> {
        self.events
            .iter()
            .rev()
            .find_map(|event| match &event.what {
                TalkStep::Transfer {
                    to: TransferTo::Destination(name),
                    ..
                } => Some(name.clone()),
                _ => None,
            })
    }

    fn recording_status(&self) -> RecordingStatus {
        if self.tape.on && self.tape.paused {
            RecordingStatus::Paused
        } else if self.tape.on {
            RecordingStatus::On
        } else if self.said.iter().any(|said| said.consent.is_some()) {
            RecordingStatus::Announced
        } else {
            RecordingStatus::Off
        }
    }
}
