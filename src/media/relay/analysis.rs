//! What is heard on a leg: the greeting watch and the meter. Exists only while someone asks.

use std::time::{Duration, Instant};

use super::types::Levels;
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
