//! Recordings of the made-up floor: a few to hear, and one for each reason not to.

use super::{answer, number};
use carillon_api::port::*;
use carillon_decision::id::LeadId;

/// Octets of the recording that can be heard: five seconds, linear, stereo, 8 kHz.
pub const OCTETS: usize = 44 + 5 * 32_000;
/// The damaged one cannot be read beyond this.
pub const TORN_AT: u64 = 100_000;

/// The playable file of every recording that can be heard.
pub fn wav() -> Vec<u8> {
    let data = OCTETS as u32 - 44;
    let mut wav = Vec::with_capacity(OCTETS);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(data + 36).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    wav.extend_from_slice(&8_000u32.to_le_bytes());
    wav.extend_from_slice(&32_000u32.to_le_bytes());
    wav.extend_from_slice(b"\x04\0\x10\0data");
    wav.extend_from_slice(&data.to_le_bytes());
    for n in 0..data / 4 {
        let turn = n as f32 / 8_000.0 * std::f32::consts::TAU;
        for hz in [660.0, 440.0] {
            // A bell: it fades, and begins anew each second.
            let level = 8_000.0 * (1.0 - (n % 8_000) as f32 / 8_000.0);
            let sample = (level * (turn * hz).sin()) as i16;
            wav.extend_from_slice(&sample.to_le_bytes());
        }
    }
    wav
}

fn view(id: u64, call: u64, state: RecordingPhase) -> RecordingView {
    let open = state == RecordingPhase::Open;
    let started_ms = 1_795_276_800_000 + id as i64 * 60_000;
    RecordingView {
        id,
        call,
        campaign: Some("autumn-renewals".into()),
        agent: Some("amara".into()),
        lead: Some(call - 40_000),
        started_ms,
        length_ms: if open { 0 } else { 5_000 },
        class: "standard".into(),
        state,
        keep_until_ms: Some(started_ms + 90 * 86_400_000),
        format: "pcm16".into(),
        octets: if open { 0 } else { OCTETS as u64 },
        sha256: if open {
            String::new()
        } else {
            format!("{id:02x}").repeat(32)
        },
        consent: "given".into(),
        ..RecordingView::default()
    }
}

/// Every recording, newest first.
pub fn all() -> Vec<RecordingView> {
    use RecordingPhase::{Deleted, Failed, Finished, Open, Recovered};
    let mut all = vec![
        view(8, 40_009, Open),
        view(7, 40_007, Finished),
        view(6, 40_008, Recovered),
        view(5, 40_005, Deleted),
        view(4, 40_004, Failed),
        view(3, 40_003, Finished),
        view(2, 40_002, Finished),
    ];
    all[2].why = "the end was cut off: 120 ms are lost".into();
    all[3].why = "kept until 2026-02-19".into();
    for sealed in [2, 5] {
        all[sealed].sealed = true;
    }
    all
}

struct Bell {
    wav: Vec<u8>,
    torn_at: u64,
}

impl PlayableFile for Bell {
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, ActionError> {
        if offset + out.len() as u64 > self.torn_at {
            return Err(refusal(Problem::Internal, "recording_damaged"));
        }
        let from = (offset as usize).min(self.wav.len());
        let count = out.len().min(self.wav.len() - from);
        out[..count].copy_from_slice(&self.wav[from..from + count]);
        Ok(count)
    }
}

fn refusal(problem: Problem, code: &str) -> ActionError {
    ActionError::new(
        problem,
        code,
        code.replace('_', " "),
        "nothing: it is made up",
    )
}

pub fn listed(ask: &RecordingAsk) -> Vec<RecordingView> {
    let mut found = all();
    found.retain(|r| {
        let agent = ask
            .agent
            .as_ref()
            .is_none_or(|a| r.agent.as_ref() == Some(a));
        let campaign = ask.campaign.as_ref();
        agent
            && campaign.is_none_or(|c| r.campaign.as_ref() == Some(c))
            && ask.call.is_none_or(|c| r.call == c.0)
            && ask.lead.is_none_or(|l| r.lead == Some(l.0))
            && ask.state.is_none_or(|s| r.state == s)
            && ask.from.is_none_or(|at| r.started_ms >= at.0)
            && ask.to.is_none_or(|at| r.started_ms < at.0)
            && ask.before.is_none_or(|id| r.id < id)
            && ask
                .number
                .is_none_or(|n| r.lead.and_then(|l| number(LeadId(l))) == Some(n))
    });
    found.truncate(ask.limit as usize);
    found
}

pub fn one(id: u64) -> Result<RecordingView, ActionError> {
    let found = all().into_iter().find(|r| r.id == id);
    found.ok_or_else(|| ActionError::not_found(format!("recording {id}")))
}

pub fn open(id: u64) -> Answer<'static, OpenRecording> {
    answer(one(id).and_then(opened))
}

fn opened(view: RecordingView) -> Result<OpenRecording, ActionError> {
    let torn_at = match view.id {
        8 => return Err(refusal(Problem::Conflict, "recording_open")),
        5 => return Err(refusal(Problem::Gone, "recording_deleted")),
        4 => return Err(refusal(Problem::NotFound, "recording_missing")),
        3 => return Err(refusal(Problem::Unavailable, "recording_no_key")),
        2 => TORN_AT,
        _ => u64::MAX,
    };
    let wav = wav();
    Ok(OpenRecording {
        view,
        media_type: "audio/wav",
        extension: "wav",
        octets: wav.len() as u64,
        file: Box::new(Bell { wav, torn_at }),
    })
}
