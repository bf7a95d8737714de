//! Recordings for people: listed, and opened for listening.

use super::{FloorPort, asked};
use crate::recording::Archive;
use carillon_api::port::{
    ActionError, OpenRecording, PlayableFile, Problem, RecordingAsk, RecordingPhase, RecordingView,
};
use carillon_media::recording::{PlainView, RecordingError};
use carillon_store::{RecordingEntry, RecordingFilter, RecordingState};
use std::io;

impl FloorPort {
    pub(super) async fn recordings_listed(
        &self,
        ask: RecordingAsk,
    ) -> Result<Vec<RecordingView>, ActionError> {
        let agent = ask.agent.as_deref().map(|name| {
            let known = self.config.agent(name).map(|a| a.engine.id);
            known.ok_or_else(|| ActionError::not_found(format!("agent {name}")))
        });
        let filter = RecordingFilter {
            call: ask.call,
            campaign: self.optional_campaign(ask.campaign.as_deref())?,
            agent: agent.transpose()?,
            lead: ask.lead,
            number: ask.number,
            state: ask.state.map(state),
            from: ask.from,
            to: ask.to,
            before: ask.before,
        };
        let found = asked(self.store.recordings(filter, ask.limit.clamp(1, 1_000))).await?;
        Ok(found.iter().map(|e| self.recording_view(e)).collect())
    }

    pub(super) async fn recording_of(&self, id: u64) -> Result<RecordingView, ActionError> {
        let entry = asked(self.store.recording(id)).await?;
        Ok(self.recording_view(&entry))
    }

    /// Opens a recording's file, where no page waits for a disk.
    pub(super) async fn recording_opened(&self, id: u64) -> Result<OpenRecording, ActionError> {
        let entry = asked(self.store.recording(id)).await?;
        audible(&entry)?;
        let view = self.recording_view(&entry);
        let archive = self.archive.clone();
        let opened = tokio::task::spawn_blocking(move || opened(&archive, &entry)).await;
        let plain = opened.map_err(|_| super::unavailable("the node is stopping"))??;
        let content = plain.content();
        Ok(OpenRecording {
            view,
            media_type: content.media_type(),
            extension: content.extension(),
            octets: plain.file_octets(),
            file: Box::new(Playable { id, plain }),
        })
    }

    fn recording_view(&self, entry: &RecordingEntry) -> RecordingView {
        let begun = &entry.begun;
        RecordingView {
            id: begun.id,
            call: begun.call.0,
            campaign: begun.campaign.map(|id| self.campaign_name(id)),
            agent: begun.agent.and_then(|id| self.agent_name(id)),
            lead: begun.lead.map(|id| id.0),
            started_ms: begun.started.0,
            length_ms: entry.length_ms,
            class: begun.class.clone(),
            state: phase(entry.state),
            why: entry.why.clone(),
            keep_until_ms: begun.keep_until.map(|at| at.0),
            hold: entry.hold.clone(),
            deleted_ms: entry.deleted.map(|at| at.0),
            // A row that is open does not know its key yet; its file's name says it.
            sealed: entry.key_id.is_some() || begun.path.ends_with(".sealed"),
            format: begun.format.clone(),
            octets: entry.octets,
            sha256: entry.sha256.clone(),
            consent: begun.consent.clone(),
            paused_ms: entry.paused.clone(),
            lost_ms: entry.lost_ms,
        }
    }
}

fn state(phase: RecordingPhase) -> RecordingState {
    match phase {
        RecordingPhase::Open => RecordingState::Open,
        RecordingPhase::Finished => RecordingState::Finished,
        RecordingPhase::Recovered => RecordingState::Recovered,
        RecordingPhase::Failed => RecordingState::Failed,
        RecordingPhase::Deleted => RecordingState::Deleted,
    }
}

fn phase(state: RecordingState) -> RecordingPhase {
    match state {
        RecordingState::Open => RecordingPhase::Open,
        RecordingState::Finished => RecordingPhase::Finished,
        RecordingState::Recovered => RecordingPhase::Recovered,
        RecordingState::Failed => RecordingPhase::Failed,
        RecordingState::Deleted => RecordingPhase::Deleted,
    }
}

/// Refuses what has no audio to hear, by its row alone.
fn audible(entry: &RecordingEntry) -> Result<(), ActionError> {
    let id = entry.begun.id;
    match entry.state {
        RecordingState::Open => Err(ActionError::new(
            Problem::Conflict,
            "recording_open",
            format!("recording {id} is still being written"),
            "wait until its call has ended and its file is made; the next start repairs what a crash left open",
        )),
        RecordingState::Deleted => Err(ActionError::new(
            Problem::Gone,
            "recording_deleted",
            format!("the audio of recording {id} was deleted: {}", entry.why),
            "what is known of it stays; [recording.class] says how long audio is kept",
        )),
        RecordingState::Finished | RecordingState::Recovered | RecordingState::Failed => Ok(()),
    }
}

fn opened(archive: &Archive, entry: &RecordingEntry) -> Result<PlainView, ActionError> {
    let id = entry.begun.id;
    match std::fs::metadata(archive.path(entry)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let why = match entry.why.as_str() {
                "" => String::new(),
                why => format!(" ({why})"),
            };
            Err(ActionError::new(
                Problem::NotFound,
                "recording_missing",
                format!("the file of recording {id} is not on the disk{why}"),
                "restore it from a backup into [recording] root, under the path its row names",
            ))
        }
        _ => archive.view(entry).map_err(|e| problem(id, &e)),
    }
}

/// In words without paths: where files lie is the machine's own business.
fn problem(id: u64, error: &RecordingError) -> ActionError {
    tracing::warn!(recording = id, %error, "a recording cannot be heard");
    let (problem, what) = match error {
        RecordingError::NoKey { key, .. } => (
            Problem::Unavailable,
            format!("recording {id} is sealed with the key {key}, which this node has not"),
        ),
        RecordingError::Damaged { at_ms, why, .. } => (
            Problem::Internal,
            format!("recording {id} is damaged at {at_ms} ms: {why}"),
        ),
        RecordingError::Io { what, why, .. } => (
            Problem::Unavailable,
            format!("the disk refuses to {what} recording {id}: {why}"),
        ),
        RecordingError::BadKey { .. }
        | RecordingError::BadPath(_)
        | RecordingError::Conversion { .. } => {
            (Problem::Internal, format!("recording {id} cannot be read"))
        }
    };
    ActionError::new(problem, error.code(), what, error.remedy())
}

/// An open file and whose it is.
struct Playable {
    id: u64,
    plain: PlainView,
}

impl PlayableFile for Playable {
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, ActionError> {
        let read = self.plain.read_file_at(offset, out);
        read.map_err(|e| problem(self.id, &e))
    }
}
