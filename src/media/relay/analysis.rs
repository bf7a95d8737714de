//! What is heard on a leg: the greeting watch and the meter. Exists only while someone asks.

use std::time::{Duration, Instant};

use super::events::Levels;
use crate::SAMPLES_PER_MS;
use crate::greeting::{GreetingDetector, GreetingEvent, GreetingSettings};
use crate::meter::Meter;

/// A far end that sends nothing for this long is silent: the detector's time goes on without it.
const ABSENT_AFTER: Duration = Duration::from_millis(100);

/// Detectors fed with what a leg receives.
#[derive(Debug, Default)]
pub struct Analysis {
    greeting: Option<Watch>,
    meter: Option<Meter>,
}

#[derive(Debug)]
struct Watch {
    detector: GreetingDetector,
    /// Up to where the detector has heard.
    heard_until: Instant,
}

impl Analysis {
    pub fn watch(&mut self, now: Instant, settings: Option<GreetingSettings>) {
        self.greeting = settings.map(|settings| Watch {
            detector: GreetingDetector::new(settings),
            heard_until: now,
        });
    }

    pub fn meter(&mut self, frequencies_hz: &[f32]) {
        self.meter = Some(Meter::new(frequencies_hz));
    }

    /// True while samples are of any use.
    pub fn is_active(&self) -> bool {
        self.greeting.is_some() || self.meter.is_some()
    }

    pub fn levels(&self) -> Levels {
        self.meter
            .as_ref()
            .map_or_else(Levels::default, |meter| Levels {
                blocks: meter.blocks(),
                level_db: meter.level_db(),
                tones: meter.tones(),
            })
    }

    /// Takes the samples of a packet that arrived now.
    pub fn push(&mut self, now: Instant, samples: &[i16], mut report: impl FnMut(GreetingEvent)) {
        if let Some(meter) = &mut self.meter {
            meter.push(samples);
        }
        self.catch_up(now, &mut report);
        if let Some(watch) = &mut self.greeting {
            watch.detector.push(samples, &mut report);
            let length = samples.len() as u64 / u64::from(SAMPLES_PER_MS);
            watch.heard_until += Duration::from_millis(length);
        }
        self.drop_finished();
    }

    /// When [`on_time`](Self::on_time) must be called.
    pub fn deadline(&self) -> Option<Instant> {
        self.greeting
            .as_ref()
            .map(|watch| watch.heard_until + ABSENT_AFTER)
    }

    /// Lets time pass for a far end that sends nothing.
    pub fn on_time(&mut self, now: Instant, mut report: impl FnMut(GreetingEvent)) {
        self.catch_up(now, &mut report);
        self.drop_finished();
    }

    fn catch_up(&mut self, now: Instant, report: &mut impl FnMut(GreetingEvent)) {
        let Some(watch) = &mut self.greeting else {
            return;
        };
        let missing = now.saturating_duration_since(watch.heard_until);
        if missing >= ABSENT_AFTER {
            // Whole frames only; what is left over is taken next time.
            let whole_ms = missing.as_millis() as u64 / 10 * 10;
            watch.detector.push_silence(whole_ms as u32, report);
            watch.heard_until += Duration::from_millis(whole_ms);
        }
    }

    fn drop_finished(&mut self) {
        if self
            .greeting
            .as_ref()
            .is_some_and(|watch| watch.detector.is_finished())
        {
            self.greeting = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::greeting::Who;
    use crate::tone::sine;

    const FRAME: Duration = Duration::from_millis(20);

    fn start() -> Instant {
        #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
        Instant::now()
    }

    /// Feeds packets of sound that arrive at the given times after the start, which is returned.
    fn watch(arrivals_ms: impl Iterator<Item = u64>) -> (Analysis, Vec<GreetingEvent>, Instant) {
        let origin = start();
        let mut analysis = Analysis::default();
        analysis.watch(origin, Some(GreetingSettings::default()));
        // Harmonics of a voice, loud and soft by turns.
        let voice = |level: f32| -> Vec<i16> {
            let harmonics = [200.0, 400.0, 600.0, 800.0].map(|hz| sine(hz, level, 20));
            (0..160)
                .map(|n| harmonics.iter().map(|h| h[n]).sum())
                .collect()
        };
        let tones = [voice(-14.0), voice(-24.0)];
        let mut events = Vec::new();
        for (index, arrival) in arrivals_ms.enumerate() {
            let now = origin + Duration::from_millis(arrival);
            analysis.push(now, &tones[index % 2], |event| events.push(event));
        }
        (analysis, events, origin)
    }

    #[test]
    fn time_goes_on_for_a_far_end_that_stops_sending() {
        let (mut analysis, mut events, _) = watch((1..=25).map(|n| n * 20));
        assert!(
            matches!(events[..], [GreetingEvent::SpeechStarted { .. }]),
            "{events:?}"
        );
        while let Some(due) = analysis.deadline() {
            analysis.on_time(due, |event| events.push(event));
            assert!(events.len() <= 3);
        }
        let GreetingEvent::GreetingEnded {
            total_ms,
            ended_ago_ms,
            ..
        } = events[1]
        else {
            panic!("{events:?}")
        };
        assert_eq!((total_ms, ended_ago_ms), (500, 400));
        assert!(!analysis.is_active());
    }

    #[test]
    fn jitter_and_a_lost_packet_do_not_end_a_greeting() {
        let arrivals = (1..=50u64)
            .filter(|n| n % 10 != 0)
            .map(|n| n * 20 + n % 3 * 25);
        let (analysis, events, _) = watch(arrivals);
        assert!(
            matches!(events[..], [GreetingEvent::SpeechStarted { .. }]),
            "{events:?}"
        );
        assert!(analysis.is_active());
    }

    #[test]
    fn nobody_sending_at_all_is_silence_at_the_limit() {
        let (mut analysis, mut events, origin) = watch(std::iter::empty());
        let mut now = origin;
        while analysis.is_active() {
            now += FRAME;
            analysis.on_time(now, |event| events.push(event));
        }
        let [
            GreetingEvent::Signal { .. },
            GreetingEvent::Verdict {
                who: Who::Silence,
                at_ms: 4_000,
                ..
            },
        ] = events[..]
        else {
            panic!("{events:?}")
        };
        assert!(now - origin < Duration::from_millis(4_200));
    }
}
