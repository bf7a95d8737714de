//! What the analysis finds in a stereo recording (left the customer, right the agent, 8 kHz,
//! 16 bits), and what it costs:
//!
//! `cargo run --release -p carillon-media --example quality_of -- FILE.wav [TIMES]`
//!
//! TIMES goes over the file again and again; divide the processor time by the length told.
#![allow(clippy::print_stdout, reason = "it is there to print")]

use carillon_media::quality::conversation::{Conversation, ConversationSettings, Mark};
use carillon_media::quality::picture;
use carillon_media::quality::report::{CallQuality, ProblemLimits, QualityReport};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let file = words.next().ok_or("name a stereo WAV file")?;
    let times: u32 = words.next().map_or(Ok(1), |word| word.parse())?;
    let mut wav = hound::WavReader::open(file)?;
    let spec = wav.spec();
    if (spec.channels, spec.sample_rate, spec.bits_per_sample) != (2, 8_000, 16) {
        return Err("the file is not stereo, 8 kHz, 16 bits".into());
    }
    let samples: Vec<i16> = wav.samples().collect::<Result<_, _>>()?;
    let side = |n: usize| -> Vec<i16> { samples.chunks_exact(2).map(|pair| pair[n]).collect() };
    let (left, right) = (side(0), side(1));
    let mut conversation = Conversation::new(ConversationSettings {
        agent_speaks_within_ms: Some(3_000),
        ..ConversationSettings::default()
    });
    conversation.mark(0, Mark::Bridged);
    let mut told = Vec::new();
    for _ in 0..times {
        // The keeper hands on some 100 ms at a time.
        for (left, right) in left.chunks(800).zip(right.chunks(800)) {
            conversation.push(left, right, |alarm| told.push(alarm));
        }
    }
    let figures = conversation.finish(|_| {});
    for alarm in told.iter().take(20) {
        println!("{:>8} ms  {alarm}", alarm.at_ms);
    }
    picture::text(&figures.strip)
        .iter()
        .for_each(|line| println!("{line}"));
    println!("{figures:#?}");
    let quality = CallQuality {
        conversation: Some(figures),
        ..CallQuality::default()
    };
    for problem in QualityReport::of(quality, &ProblemLimits::default()).problems {
        println!("{}: {}", problem.kind.name(), problem.found);
    }
    let seconds = left.len() as f64 / 8_000.0 * f64::from(times);
    println!("{seconds:.0} s of conversation");
    Ok(())
}
