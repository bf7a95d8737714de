//! What people hear: RTP relay, codecs, tones, prompts, DTMF and greeting detection.
//!
//! Two halves. The signal half ([`g711`], [`codec`], [`comfort`], [`rtp`], [`rtcp`], [`srtp`],
//! [`dtmf`], [`inband`], [`tone`], [`meter`], [`resample`], [`prompt`], [`greeting`]) is pure:
//! samples and packets in, values out, time only as an
//! argument. The [`relay`] half owns UDP sockets and threads of its own, apart from the engine,
//! and is handed its clock and its seed.
//!
//! All audio inside the crate is 8 kHz mono, 16-bit linear. Levels are decibels relative to a
//! full-scale sine ([`meter::level_db`]).
//!
//! **No packet waits for anything but its own socket**: no database, no log, no lock that is
//! held across a system call other than the send itself.

pub mod codec;
pub mod comfort;
pub mod conceal;
pub mod dtmf;
pub mod g711;
pub mod greeting;
pub mod inband;
pub mod jitter;
pub mod likeness;
pub mod meter;
pub mod mix;
pub mod prompt;
pub mod prompts;
pub mod quality;
pub mod recording;
pub mod relay;
pub mod resample;
pub mod rtcp;
pub mod rtp;
pub mod srtp;
pub mod tap;
pub mod tone;

/// Samples per second of all audio inside Carillon.
pub const SAMPLE_RATE_HZ: u32 = 8_000;

/// Samples in one millisecond.
pub const SAMPLES_PER_MS: u32 = SAMPLE_RATE_HZ / 1_000;

pub use g711::Law;
pub use greeting::{
    Features, GreetingDetector, GreetingEvent, GreetingSettings, Mode, ScoreTable, Signal, SitKind,
    TonePlan, Who,
};
pub use prompt::{Prompt, PromptError};
pub use relay::{
    Clock, DeadSign, DeadWay, DtmfPolicy, LegId, LegOptions, LegPort, LegStats, Levels, MediaEvent,
    PlayOptions, Relay, RelayConfig, RelayError, Remote, Repeat,
};
