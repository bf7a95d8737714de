//! The prompts built into the program (spoken by a synthesizer, made by `scripts/make-prompts`),
//! so that everything works before anyone records their own.

use crate::prompt::Prompt;

macro_rules! builtin {
    ($($name:literal),* $(,)?) => {
        /// Names of the built-in prompts.
        pub const NAMES: &[&str] = &[$($name),*];

        fn bytes(name: &str) -> Option<&'static [u8]> {
            match name {
                $($name => Some(include_bytes!(concat!("../../prompts/", $name, ".wav"))),)*
                _ => None,
            }
        }
    };
}

builtin!(
    "abandon",
    "goodbye",
    "greeting-human-1",
    "greeting-human-2",
    "greeting-human-3",
    "greeting-human-4",
    "greeting-machine-1",
    "greeting-machine-2",
    "greeting-machine-3",
    "hold-music",
    "inbound-closed",
    "machine-message",
    "recording-notice",
    "sit",
    "welcome-agent",
);

/// A built-in prompt by name (one of [`NAMES`]): the message for abandoned calls is `abandon`.
/// Decodes anew at each call; keep the result.
#[must_use]
pub fn builtin(name: &str) -> Option<Prompt> {
    let prompt = Prompt::from_wav_bytes(name, bytes(name)?);
    Some(prompt.expect("built-in prompts are valid WAV files: a test loads each"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_prompt_loads_short_and_at_a_good_level() {
        for name in NAMES {
            let prompt = builtin(name).unwrap();
            assert!(bytes(name).unwrap().len() < 150_000, "{name} is too large");
            assert!(
                (300..=9_200).contains(&prompt.duration_ms()),
                "{name}: {prompt:?}"
            );
            let peak = prompt
                .samples()
                .iter()
                .map(|s| s.unsigned_abs())
                .max()
                .unwrap();
            // -3 dB is 23,197, music's -9 dB 11,626; dither and filters move it a little.
            let good = match *name {
                "hold-music" => 10_800..=12_300,
                _ => 21_500..=24_500,
            };
            assert!(good.contains(&peak), "{name}: peak {peak}");
        }
        assert!(builtin("no-such-prompt").is_none());
    }
}
