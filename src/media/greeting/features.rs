//! The numbers a verdict rests on.

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What was measured up to the moment of a verdict: times in milliseconds, levels in dB
        /// relative to a full-scale sine, pitches in Hz. Stored with every verdict so that it
        /// can be argued with; [`named`](Self::named) gives all of them for a record.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct Features {
            $($(#[$doc])* pub $name: f32,)+
        }

        impl Features {
            /// Every number with its name, in a fixed order.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, f32)> + use<> {
                [$((stringify!($name), self.$name),)+].into_iter()
            }

            /// The number of that name.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<f32> {
                self.named().find_map(|(n, value)| (n == name).then_some(value))
            }
        }
    };
}

features! {
    /// From the start of the watch to the first speech.
    initial_silence_ms,
    /// From the first to the last speech so far.
    span_ms,
    /// Speech so far, pauses left out.
    speech_ms,
    /// Since the last speech.
    silence_ms,
    /// Speech within 10 dB of its loudest: what noise cannot pretend.
    loud_ms,
    /// Since the last such speech.
    since_loud_ms,
    /// From the first to the last such speech.
    loud_span_ms,
    /// Bursts of speech with at least 60 ms between them.
    words,
    /// Pauses of at least 180 ms between bursts.
    pauses,
    /// The longest pause between bursts.
    longest_pause_ms,
    /// The longest burst.
    longest_word_ms,
    /// Mean level of speech.
    level_db,
    /// Standard deviation of speech levels.
    spread_db,
    /// Speech above the noise floor.
    snr_db,
    /// The noise floor.
    floor_db,
    /// Pure tones (not SIT, fax or cadences) so far.
    tone_ms,
    /// Voicemail beeps so far.
    beeps,
    /// The score at the verdict: log odds of a machine, 0 = even.
    score,
    /// The score from which on it would have been a machine; 0 where no score was asked (tones,
    /// beeps, silence).
    threshold,
}
