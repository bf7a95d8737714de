//! Which keys speech presses that is none (talk-off): for the detector of keys in the band.
//!
//! `cargo run -p carillon-media --example talk_off -- FILE.wav …` prints every key heard, and
//! how many in how many hours.

#![allow(clippy::print_stdout, reason = "it measures, and tells")]

use carillon_media::inband::InbandDtmf;
use carillon_media::{Prompt, SAMPLE_RATE_HZ};
use std::path::Path;

fn main() {
    let (mut samples, mut keys) = (0, 0);
    for file in std::env::args().skip(1) {
        let speech = match Prompt::from_wav(Path::new(&file)) {
            Ok(speech) => speech,
            Err(error) => {
                println!("{file}: {error}");
                continue;
            }
        };
        samples += speech.samples().len();
        InbandDtmf::default().push(speech.samples(), |press| {
            keys += 1;
            println!("{file}: `{}` for {} ms", press.digit, press.duration_ms);
        });
    }
    let hours = samples as f64 / f64::from(SAMPLE_RATE_HZ) / 3_600.0;
    println!("{keys} keys in {hours:.2} h of speech");
}
