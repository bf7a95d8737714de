//! The buffer against made-up networks; time is the test's.

use super::*;

const FRAME: u32 = 160;

fn origin() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
    Instant::now()
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn header(ssrc: u32, number: u32) -> Header {
    Header {
        marker: false,
        payload_type: 0,
        sequence: 65_500u16.wrapping_add(number as u16),
        timestamp: u32::MAX.wrapping_sub(5_000).wrapping_add(number * FRAME),
        ssrc,
    }
}

/// A listener that asks for 20 ms every 20 ms, and what it heard: the numbers of the packets,
/// `None` for 20 ms made up or silent.
struct Ear {
    buffer: JitterBuffer<()>,
    origin: Instant,
    /// Half a frame after the sender's clock.
    phase_ms: u64,
    heard: Vec<Option<u8>>,
    /// What was told of silences.
    noise: Vec<Vec<u8>>,
}

impl Ear {
    fn new(phase_ms: u64) -> Self {
        Self {
            buffer: JitterBuffer::default(),
            origin: origin(),
            phase_ms,
            heard: Vec::new(),
            noise: Vec::new(),
        }
    }

    fn push(&mut self, at_ms: u64, ssrc: u32, number: u32) -> Arrival {
        let at = self.origin + ms(at_ms);
        self.buffer
            .push(at, &header(ssrc, number), FRAME, (), &[number as u8])
    }

    fn tick(&mut self, number: u64) {
        let at = self.origin + ms(number * 20 + self.phase_ms);
        let heard = match self.buffer.next(at) {
            Next::Audio {
                octets, samples, ..
            } => {
                assert_eq!(samples, FRAME);
                Some(octets[0])
            }
            Next::Lost { samples } => {
                self.buffer.lost(samples.min(FRAME));
                None
            }
            Next::Starved => {
                self.buffer.starved(FRAME);
                None
            }
            Next::Noise { payload } => {
                self.noise.push(payload.to_vec());
                return self.tick(number);
            }
            Next::Pause => None,
        };
        self.heard.push(heard);
    }

    /// Delivers packets at these times (number, ms) while ticking.
    fn run(&mut self, arrivals: &[(u32, u64)], ticks: u64) {
        let mut arrivals = arrivals.to_vec();
        arrivals.sort_by_key(|(_, at)| *at);
        let mut next = arrivals.into_iter().peekable();
        for tick in 0..ticks {
            while let Some((number, at)) = next.next_if(|(_, at)| *at <= tick * 20 + self.phase_ms)
            {
                self.push(at, 1, number);
            }
            self.tick(tick);
        }
    }

    fn numbers(&self) -> Vec<u8> {
        self.heard.iter().flatten().copied().collect()
    }
}

#[test]
fn an_even_stream_passes_at_once_whole_and_in_order_over_both_wraps() {
    let mut ear = Ear::new(5);
    ear.run(
        &(0..100).map(|n| (n, u64::from(n) * 20)).collect::<Vec<_>>(),
        100,
    );
    assert_eq!(ear.numbers(), (0..100).collect::<Vec<u8>>());
    assert!(
        ear.heard.iter().all(Option::is_some),
        "no tick goes without"
    );
    let delay = ear.buffer.delay_ms(ear.origin + ms(100 * 20 + 5)).unwrap();
    assert!((delay - 5.0).abs() < 0.01, "{delay}");
    assert_eq!((ear.buffer.concealed(), ear.buffer.discarded()), (0, 0));
}

/// Audio up to 9, told silence from 10 on, audio again from 11 on, 400 ms later.
fn with_a_silence(lost: &[u32]) -> Ear {
    let mut ear = Ear::new(45);
    for tick in 0..60u64 {
        let (number, spoken) = match tick {
            0..=9 => (tick as u32, tick as u32),
            10 => (10, 10),
            30.. => (tick as u32 - 19, tick as u32),
            _ => (0, 0),
        };
        let at = ear.origin + ms(tick * 20);
        let head = Header {
            timestamp: header(1, spoken).timestamp,
            ..header(1, number)
        };
        if number == 10 {
            ear.buffer.noise(&head, &[50, 120]);
        } else if !(11..30).contains(&tick) && !lost.contains(&number) {
            let octets = [number as u8];
            ear.buffer.push(at, &head, FRAME, (), &octets);
        }
        if tick >= 2 {
            ear.tick(tick - 2);
        }
    }
    ear
}

#[test]
fn a_told_silence_is_no_loss() {
    let ear = with_a_silence(&[]);
    assert_eq!(ear.noise, [[50, 120]]);
    let numbers = ear.numbers();
    assert_eq!(numbers[..10], (0..10).collect::<Vec<u8>>());
    assert_eq!(
        numbers[10..],
        (11..11 + numbers.len() as u8 - 10).collect::<Vec<u8>>()
    );
    assert!(numbers.len() > 35, "{numbers:?}");
    assert_eq!((ear.buffer.concealed(), ear.buffer.discarded()), (0, 0));
}

#[test]
fn what_was_lost_before_a_told_silence_is_made_up_and_nothing_of_the_silence() {
    let ear = with_a_silence(&[8, 9]);
    assert_eq!(ear.noise.len(), 1);
    assert_eq!(ear.buffer.concealed(), u64::from(2 * FRAME));
    // The first packet after the silence is missing too: speech begins with the second.
    let ear = with_a_silence(&[11]);
    assert_eq!(ear.buffer.concealed(), 0);
    assert_eq!(ear.numbers()[10], 12);
}

#[test]
fn reordered_and_doubled_packets_are_heard_once_and_in_order() {
    let mut ear = Ear::new(70);
    let arrivals: Vec<_> = (0..80u32)
        .flat_map(|n| {
            let late = if n % 5 == 3 { 45 } else { 0 };
            let at = u64::from(n) * 20 + late;
            [(n, at), (n, at + 1)]
        })
        .collect();
    // The first packets set the pace; then ask 70 ms behind.
    ear.run(&arrivals, 90);
    let numbers = ear.numbers();
    assert!(numbers.windows(2).all(|w| w[1] > w[0]), "{numbers:?}");
    assert!(numbers.len() >= 78, "{numbers:?}");
}

#[test]
fn a_lost_packet_is_told_when_the_next_one_is_there_and_costs_no_delay() {
    let mut ear = Ear::new(1);
    let arrivals: Vec<_> = (0..60u32)
        .filter(|n| *n != 20 && *n != 40 && *n != 41)
        .map(|n| (n, u64::from(n) * 20))
        .collect();
    ear.run(&arrivals, 60);
    let gaps: Vec<usize> = (0..60).filter(|n| ear.heard[*n].is_none()).collect();
    assert_eq!(gaps, [20, 40, 41]);
    assert_eq!(ear.buffer.concealed(), 3 * 160);
    let delay = ear.buffer.delay_ms(ear.origin + ms(60 * 20 + 1)).unwrap();
    assert!(delay < 2.0, "{delay}");
}

#[test]
fn a_standstill_of_the_network_delays_and_loses_nothing() {
    let mut ear = Ear::new(1);
    // Between 1000 and 1150 ms nothing comes; then all of it at once.
    let arrivals: Vec<_> = (0..100u32)
        .map(|n| (n, u64::from(n) * 20))
        .map(|(n, at)| {
            (
                n,
                if (1_000..1_150).contains(&at) {
                    1_150
                } else {
                    at
                },
            )
        })
        .collect();
    ear.run(&arrivals, 108);
    assert_eq!(ear.numbers(), (0..100).collect::<Vec<u8>>());
    assert_eq!(ear.buffer.discarded(), 0);
    // One in fifty packets may be late; more were. The delay stays, and is no more than it was.
    let delay = ear.buffer.delay_ms(ear.origin + ms(108 * 20)).unwrap();
    assert!((140.0..=165.0).contains(&delay), "{delay}");
}

#[test]
fn the_delay_needed_follows_the_jitter_of_the_network() {
    for jitter in [0u64, 20, 60] {
        let mut ear = Ear::new(1);
        let at = |n: u32| u64::from(n) * 20 + u64::from(n * 7 % 11) * jitter / 10;
        ear.run(&(0..600).map(|n| (n, at(n))).collect::<Vec<_>>(), 600);
        let needed = ear.buffer.transit.needed() / 8;
        assert!(
            (jitter as i64..=jitter as i64 + 4).contains(&needed),
            "{jitter}: {needed}"
        );
    }
}

#[test]
fn late_packets_are_discarded_and_counted() {
    let mut ear = Ear::new(1);
    for n in 0..40u32 {
        if n != 30 {
            assert_eq!(ear.push(u64::from(n) * 20, 1, n), Arrival::Kept);
        }
        ear.tick(u64::from(n));
    }
    assert_eq!(ear.push(801, 1, 30), Arrival::Late);
    assert_eq!(ear.push(802, 1, 41), Arrival::Kept);
    assert_eq!(ear.push(803, 1, 41), Arrival::Duplicate);
    assert_eq!(ear.buffer.discarded(), 1);
}

#[test]
fn a_new_ssrc_and_a_clock_set_anew_go_on_at_once() {
    let mut ear = Ear::new(1);
    for n in 0..50u32 {
        ear.push(u64::from(n) * 20, 1, n);
        ear.tick(u64::from(n));
    }
    for n in 50..100u32 {
        ear.push(u64::from(n) * 20, 2, n + 7_000);
        ear.tick(u64::from(n));
    }
    for n in 100..150u32 {
        // Same source, sequence goes on, the media clock starts at zero.
        let mut head = header(2, n + 7_000);
        head.timestamp = (n - 100) * FRAME;
        let at = ear.origin + ms(u64::from(n) * 20);
        assert_eq!(
            ear.buffer.push(at, &head, FRAME, (), &[n as u8]),
            Arrival::Kept
        );
        ear.tick(u64::from(n));
    }
    let silent = ear.heard.iter().filter(|h| h.is_none()).count();
    assert!(silent <= 1, "{silent} frames lost to a change of source");
}

#[test]
fn silence_on_purpose_and_key_presses_are_no_loss() {
    let mut ear = Ear::new(1);
    for n in 0..100u32 {
        let mut head = header(1, n);
        let at = ear.origin + ms(u64::from(n) * 20);
        match n {
            // Key presses take the place of audio: numbers go on.
            20..30 => ear.buffer.skip(&Header {
                timestamp: head.timestamp / 2,
                ..head
            }),
            // Nothing is sent at all, and numbers do not go on.
            50..60 => {}
            _ => {
                head.sequence = head.sequence.wrapping_sub(if n < 60 { 0 } else { 10 });
                ear.buffer.push(at, &head, FRAME, (), &[n as u8]);
            }
        }
        ear.tick(u64::from(n));
    }
    assert_eq!(ear.buffer.concealed(), 0);
    let silent: Vec<usize> = (0..100).filter(|n| ear.heard[*n].is_none()).collect();
    let meant: Vec<usize> = (20..30).chain(50..60).collect();
    assert_eq!(silent, meant);
}

#[test]
fn a_reader_that_comes_back_late_hears_the_present() {
    let mut ear = Ear::new(1);
    for n in 0..200u32 {
        ear.push(u64::from(n) * 20, 1, n);
        if !(20..150).contains(&n) {
            ear.tick(u64::from(n));
        }
    }
    let newest = ear.numbers().last().copied().unwrap();
    assert!(newest >= 195, "still at packet {newest} of 199");
}

proptest::proptest! {
    /// Whatever comes, in whatever order: no packet is heard twice, none out of order within one
    /// stream, and the account of what was held comes out even.
    #[test]
    fn any_network_is_survived(
        packets in proptest::collection::vec((0u32..200, 0u64..30, 0u8..12), 1..300),
    ) {
        let mut ear = Ear::new(3);
        let mut clock = 0;
        let mut tick = 0;
        for (number, wait, kind) in packets {
            clock += wait;
            let ssrc = u32::from(kind == 11);
            if kind == 10 {
                ear.buffer.skip(&header(1, number));
            } else {
                ear.push(clock, ssrc, number);
            }
            while tick * 20 + 3 <= clock {
                ear.tick(tick);
                tick += 1;
            }
            let (held, counted) = ear.buffer.slots.held();
            proptest::prop_assert_eq!(held, counted);
        }
    }
}
