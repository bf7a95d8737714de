//! The plain energy-timing method that PBXs are known for, written from its public description,
//! with its default settings: what the learned score is to be compared with. For the report only.

/// Frame over which silence is judged.
const FRAME_MS: u32 = 20;
/// Mean magnitude of the samples of a silent frame.
const SILENCE: u32 = 256;
const INITIAL_SILENCE_MS: u32 = 2_500;
const GREETING_MS: u32 = 1_500;
const AFTER_GREETING_SILENCE_MS: u32 = 800;
const TOTAL_MS: u32 = 5_000;
const MIN_WORD_MS: u32 = 100;
const BETWEEN_WORDS_MS: u32 = 50;
const MOST_WORDS: u32 = 3;

/// Machine or not, and when that was said.
pub fn decide(samples: &[i16]) -> (bool, u32) {
    let (mut now, mut silence, mut voice, mut run, mut words) = (0, 0, 0, 0, 0);
    let (mut in_word, mut greeting) = (false, false);
    for frame in samples.chunks_exact((FRAME_MS * 8) as usize) {
        now += FRAME_MS;
        let sum: u32 = frame.iter().map(|s| u32::from(s.unsigned_abs())).sum();
        if sum / (FRAME_MS * 8) < SILENCE {
            silence += FRAME_MS;
            if silence >= BETWEEN_WORDS_MS {
                (in_word, run) = (false, 0);
            }
            if !greeting && silence >= INITIAL_SILENCE_MS {
                return (true, now);
            }
            if greeting && silence >= AFTER_GREETING_SILENCE_MS {
                return (false, now);
            }
        } else {
            voice += FRAME_MS;
            run += FRAME_MS;
            if run >= MIN_WORD_MS && !in_word {
                (in_word, greeting) = (true, true);
                words += 1;
            }
            if run >= MIN_WORD_MS {
                silence = 0;
            }
            if words > MOST_WORDS || (greeting && voice >= GREETING_MS) {
                return (true, now);
            }
        }
        if now >= TOTAL_MS {
            break;
        }
    }
    // Not sure: connected as a person.
    (false, now)
}
