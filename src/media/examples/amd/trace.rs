//! What the detector measures over a clip, and when a score would have decided.

use carillon_media::greeting::Rule;
use carillon_media::{Features, GreetingDetector, GreetingSettings, Mode};

/// What was measured every 20 ms from the first word on.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// When the first of them was measured.
    pub from_ms: u32,
    pub points: Vec<Features>,
}

/// Listens to a clip.
pub fn trace(samples: &[i16]) -> Trace {
    let settings = GreetingSettings {
        mode: Mode::Off,
        ..GreetingSettings::default()
    };
    let mut detector = GreetingDetector::new(settings);
    let mut trace = Trace::default();
    for piece in samples.chunks_exact(160) {
        detector.push(piece, |_| {});
        if detector.features().speech_ms > 0.0 {
            if trace.points.is_empty() {
                trace.from_ms = detector.heard_ms();
            }
            trace.points.push(*detector.features());
        }
    }
    trace
}

/// A decision of the rule in `GreetingDetector::weigh`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    pub machine: bool,
    /// From the start of the clip.
    pub at_ms: f32,
}

/// Runs that rule over features and their scores.
pub fn decide(trace: &Trace, scores: &[f32], rule: &Rule) -> Decision {
    for (n, (f, score)) in trace.points.iter().zip(scores).enumerate() {
        let at_ms = trace.from_ms as f32 + n as f32 * 20.0;
        let talking = f.since_loud_ms < 200.0;
        let machine = f.beeps > 0.0 || (talking && *score >= rule.machine_at);
        let silent_ms = f.silence_ms.max(f.since_loud_ms - 500.0);
        if machine || silent_ms >= rule.wait_ms(f.span_ms) {
            return Decision { machine, at_ms };
        }
    }
    Decision {
        machine: false,
        at_ms: trace.from_ms as f32 + trace.points.len() as f32 * 20.0,
    }
}
