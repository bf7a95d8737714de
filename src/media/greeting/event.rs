//! What the detector tells: events, verdicts and the signals of networks and equipment.

use super::features::Features;
use super::sit::SitKind;

/// Who, or what, answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Someone who greets and waits for an answer.
    Person,
    /// A recorded greeting: voicemail, answering machine, announcement.
    Machine,
    /// A fax machine (ITU-T T.30).
    Fax,
    /// A data modem.
    Modem,
    /// The network: special information tones, and why the call failed.
    Sit(SitKind),
    /// Nobody said anything within [`no_speech_ms`](super::GreetingSettings::no_speech_ms).
    Silence,
    /// Music without a word: a queue, or a personal ringback tone played after the answer.
    Music,
}

/// A tone or sound that is no speech, heard before or after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// The far phone rings (ITU-T E.180).
    Ringback,
    /// The far phone is busy.
    Busy,
    /// The network is congested ("fast busy", reorder).
    Congestion,
    /// Special information tones.
    Sit(SitKind),
    /// A fax that calls: 1100 Hz, 0.5 s in every 3.5 s (ITU-T T.30 §5.3.3).
    Cng,
    /// A fax or modem that answers: 2100 Hz (ITU-T T.30 CED, V.25 ANS, V.8 ANSam).
    Ced {
        /// Phase turned round every 450 ms: echo cancellers are to be switched off (V.25).
        reversals: bool,
        /// Amplitude modulated by 15 Hz: ANSam (V.8), a V.34 modem or fax.
        modulated: bool,
    },
    /// A data modem's answer tone or carrier.
    Modem,
    /// Music.
    Music,
    /// Nothing at all, for as long as [`no_speech_ms`](super::GreetingSettings::no_speech_ms).
    Silence,
}

/// What the detector heard. `at_ms` counts from the start of the watch.
///
/// **Order.** `GreetingEnded` does not wait for a verdict: abandonment clocks start there (16 CFR
/// 310.4(b)(4)(ii)). A verdict of `Person` follows it, at once or after more silence. When whoever spoke
/// goes on after a pause longer than [`end_silence_ms`](super::GreetingSettings::end_silence_ms),
/// another `GreetingEnded` follows; the last one before the verdict counts.
#[derive(Clone, Debug, PartialEq)]
pub enum GreetingEvent {
    /// The first speech.
    SpeechStarted {
        /// When it started (a little before it was sure).
        at_ms: u32,
    },
    /// The greeting is over.
    GreetingEnded {
        /// Speech in it, pauses left out.
        speech_ms: u32,
        /// From its first to its last speech.
        total_ms: u32,
        /// When the last speech ended.
        ended_at_ms: u32,
        /// How long ago that is: abandonment clocks start this much before the event.
        ended_ago_ms: u32,
    },
    /// Who answered; once per watch, never in [`Mode::Off`](super::Mode::Off).
    Verdict {
        /// Who.
        who: Who,
        /// When it was given.
        at_ms: u32,
        /// What it rests on.
        features: Box<Features>,
    },
    /// A voicemail's beep has ended. After a verdict of `Machine` a message can be left now.
    Beep {
        /// When it ended.
        at_ms: u32,
        /// Its pitch in Hz.
        hz: u32,
        /// Its length.
        length_ms: u32,
    },
    /// The machine has said its piece and no beep came: a message can be left now.
    MachineSilent {
        /// When that was sure.
        at_ms: u32,
        /// How long it has been silent.
        silent_ms: u32,
    },
    /// A tone or sound of the network or of equipment; each kind once per watch.
    Signal {
        /// Which.
        signal: Signal,
        /// When it was sure.
        at_ms: u32,
    },
}
