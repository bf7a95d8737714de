//! Legs of other codecs, secured legs, reports, and keys heard in the band.

use carillon_media::codec::{Codec, Decoder, Encoder, MAX_OCTETS, MAX_SAMPLES, OpusSettings};
use carillon_media::meter::tone_db;
use carillon_media::rtcp::{self, Compound, ReportBlock};
use carillon_media::rtp::{Header, Packet};
use carillon_media::srtp::{self, Keys, MasterKey, Profile};
use carillon_media::tone::{Tone, sine};
use carillon_media::{DeadSign, DeadWay, Law, LegId, LegOptions, MediaEvent, Relay, Remote};
use std::net::{SocketAddr, UdpSocket};

use crate::phone::*;

const KEYS: Profile = Profile::Aes128Sha1_80;

fn keys() -> Keys {
    Keys {
        profile: KEYS,
        ours: MasterKey::new([7; 30]),
        theirs: MasterKey::new([9; 30]),
    }
}

/// A telephone of any codec, secured or not, with a second socket for reports.
struct Softphone {
    socket: UdpSocket,
    control: UdpSocket,
    leg: LegId,
    relay_port: SocketAddr,
    codec: Codec,
    encoder: Encoder,
    decoder: Decoder,
    header: Header,
    secured: Option<(srtp::Sender, srtp::Receiver)>,
}

impl Softphone {
    fn connect(relay: &Relay, codec: Codec, keys: Option<Keys>) -> Self {
        let port = relay.open_leg(LegOptions::default()).unwrap();
        let bind = || UdpSocket::bind((LOOPBACK, 0)).unwrap();
        let (socket, control) = (bind(), bind());
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        control.set_read_timeout(Some(PATIENCE)).unwrap();
        let remote = Remote {
            keys,
            rtcp: Some(control.local_addr().unwrap()),
            ..Remote::new(socket.local_addr().unwrap(), codec)
        };
        relay.set_remote(port.leg, remote).unwrap();
        relay.stats(port.leg).unwrap();
        Self {
            socket,
            control,
            leg: port.leg,
            relay_port: port.address,
            codec,
            encoder: Encoder::new(codec, OpusSettings::default()),
            decoder: Decoder::new(codec),
            header: Header {
                marker: false,
                payload_type: remote.payload_type,
                sequence: 65_530,
                timestamp: u32::MAX - 2_000,
                ssrc: 0x2000,
            },
            secured: keys.map(|keys| {
                (
                    srtp::Sender::new(keys.profile, &keys.theirs),
                    srtp::Receiver::new(keys.profile, &keys.ours),
                )
            }),
        }
    }

    fn send(&mut self, frame: &[i16]) {
        let mut octets = [0; MAX_OCTETS];
        let length = self.encoder.encode(frame, &mut octets).unwrap();
        let mut packet = self.header.packet(&octets[..length]);
        if let Some((sender, _)) = &mut self.secured {
            let plain = packet.len();
            packet.resize(plain + srtp::OVERHEAD, 0);
            let length = sender.protect(&mut packet, plain).unwrap();
            packet.truncate(length);
        }
        self.socket.send_to(&packet, self.relay_port).unwrap();
        self.header.sequence = self.header.sequence.wrapping_add(1);
        let ticks = 160 * self.codec.ticks_per_sample();
        self.header.timestamp = self.header.timestamp.wrapping_add(ticks);
    }

    fn hear(&mut self) -> (Header, Vec<i16>) {
        let mut buffer = [0; 2048];
        let (length, from) = self.socket.recv_from(&mut buffer).expect("in time");
        assert_eq!(from, self.relay_port);
        let mut datagram = &mut buffer[..length];
        if let Some((_, receiver)) = &mut self.secured {
            let length = receiver.unprotect(datagram).expect("secured under our key");
            datagram = &mut datagram[..length];
        }
        let packet = Packet::parse(datagram).unwrap();
        let mut samples = [0; MAX_SAMPLES];
        let count = self.decoder.decode(packet.payload, &mut samples).unwrap();
        (packet.header, samples[..count].to_vec())
    }
}

/// The level of a tone where it was heard without a break: a machine that stands still for a
/// moment makes the jitter buffer fill in, and the tone start anew.
fn steady_db(heard: &[i16], hz: f32) -> f32 {
    let pieces = heard[1_600..].windows(1_600).step_by(400);
    pieces
        .map(|piece| tone_db(piece, hz))
        .fold(-120.0, f32::max)
}

/// A tone each way between a softphone and a telephone of G.711, at the softphone's pace.
fn talks(phone: &mut Softphone, caller: &mut Phone) {
    let (up, down) = (sine(1004.0, -12.0, 2_000), sine(420.0, -12.0, 2_000));
    let mut heard = Vec::new();
    let mut last: Option<Header> = None;
    for (ours, theirs) in up.chunks_exact(160).zip(down.chunks_exact(160)) {
        phone.send(ours);
        caller.send(theirs);
        let (header, samples) = phone.hear();
        assert_eq!(header.payload_type, phone.header.payload_type);
        assert_eq!(samples.len(), 160);
        if let Some(last) = last {
            let ticks = header.timestamp.wrapping_sub(last.timestamp);
            assert_eq!(ticks, 160 * phone.codec.ticks_per_sample());
            assert_eq!(header.sequence, last.sequence.wrapping_add(1));
        }
        last = Some(header);
        heard.extend(samples);
    }
    let level = steady_db(&heard, 420.0);
    assert!((level + 12.0).abs() < 0.7, "to {:?}: {level}", phone.codec);
    let heard = caller.hear_audio(90);
    let level = tone_db(&heard[8_000..], 1004.0);
    assert!(
        (level + 12.0).abs() < 0.7,
        "from {:?}: {level}",
        phone.codec
    );
}

#[test]
fn tones_keep_their_level_between_any_codec_and_g711() {
    for (codec, hundred) in [(Codec::Opus, 60), (Codec::G722, 61)] {
        let (relay, _events) = start(hundred, 2);
        let mut phone = Softphone::connect(&relay, codec, None);
        let mut caller = Phone::connect(&relay, Law::Pcma, LegOptions::default());
        relay.bridge(caller.leg, phone.leg).unwrap();
        talks(&mut phone, &mut caller);
    }
}

#[test]
fn a_secured_leg_carries_audio_and_believes_nothing_else() {
    let (relay, events) = start(62, 1);
    let mut phone = Softphone::connect(&relay, Codec::Opus, Some(keys()));
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    relay.bridge(caller.leg, phone.leg).unwrap();
    // Plain packets, though from the right address, lock nothing and are heard by no one.
    for sequence in 0..5 {
        let forged = Header {
            sequence,
            ..phone.header
        };
        let packet = forged.packet(&[0xd5; 60]);
        phone.socket.send_to(&packet, phone.relay_port).unwrap();
    }
    wait_until(|| relay.stats(phone.leg).unwrap().unauthentic == 5);
    let stats = relay.stats(phone.leg).unwrap();
    assert_eq!((stats.packets_in, stats.locked), (0, false));
    talks(&mut phone, &mut caller);
    assert_eq!(
        first_packet(&events, phone.leg),
        phone.socket.local_addr().unwrap()
    );
    let stats = relay.stats(phone.leg).unwrap();
    assert_eq!((stats.unauthentic, stats.lost), (5, 0));
}

#[test]
fn a_secured_bridge_of_g711_is_passed_on_without_waiting() {
    let (relay, _events) = start(63, 2);
    let mut phone = Softphone::connect(&relay, Codec::Pcmu, Some(keys()));
    let mut caller = Phone::connect(&relay, Law::Pcma, LegOptions::default());
    relay.bridge(caller.leg, phone.leg).unwrap();
    let tone = sine(1004.0, -12.0, 400);
    let mut heard = Vec::new();
    for frame in tone.chunks_exact(160) {
        caller.send(frame);
        heard.extend(phone.hear().1);
        phone.send(frame);
    }
    assert!((tone_db(&heard, 1004.0) + 12.0).abs() < 0.3);
    assert!((tone_db(&caller.hear_audio(20), 1004.0) + 12.0).abs() < 0.3);
    assert_eq!(relay.stats(phone.leg).unwrap().buffer_ms, None);
}

/// The next report of the relay, with its sender's ssrc and the middle of its NTP time.
fn report(phone: &mut Softphone) -> (u32, u32, Option<ReportBlock>, bool) {
    let mut buffer = [0; 2048];
    let (length, _) = phone
        .control
        .recv_from(&mut buffer)
        .expect("a report in time");
    let mut datagram = &mut buffer[..length];
    if let Some((_, receiver)) = &mut phone.secured {
        let length = receiver.unprotect_rtcp(datagram).expect("secured");
        datagram = &mut datagram[..length];
    }
    let packets: Vec<_> = Compound::parse(datagram).unwrap().collect();
    let rtcp::Packet::Report {
        ssrc,
        sender,
        mut blocks,
    } = packets[0]
    else {
        panic!("{packets:?}");
    };
    let middle = sender.map_or(0, |s| (s.ntp >> 16) as u32);
    let bye = packets.contains(&rtcp::Packet::Goodbye { ssrc });
    (ssrc, middle, blocks.next(), bye)
}

#[test]
fn reports_go_both_ways_and_end_with_bye() {
    for (secured, hundred) in [(None, 64), (Some(keys()), 65)] {
        let (relay, _events) = start(hundred, 1);
        let mut phone = Softphone::connect(&relay, Codec::Pcmu, secured);
        relay.fill_silence(phone.leg, true).unwrap();
        // Ten sent, of which two are lost.
        for n in 0..10 {
            if n == 4 || n == 7 {
                phone.header.sequence = phone.header.sequence.wrapping_add(1);
            } else {
                phone.send(&[0; 160]);
            }
        }
        wait_until(|| relay.stats(phone.leg).unwrap().packets_in == 8);
        let (ssrc, middle, block, bye) = report(&mut phone);
        let block = block.expect("about the phone's stream");
        assert_eq!((block.ssrc, block.lost, bye), (phone.header.ssrc, 2, false));
        assert_eq!(block.fraction_lost, 51);
        let mut answer = Vec::new();
        let ours = ReportBlock {
            ssrc,
            fraction_lost: 64,
            lost: 5,
            jitter: 80,
            last_sender_report: middle,
            delay: 0,
            ..ReportBlock::default()
        };
        rtcp::write_report(&mut answer, phone.header.ssrc, None, &[ours], "phone");
        let above = SocketAddr::new(LOOPBACK, phone.relay_port.port() + 1);
        if let Some((sender, _)) = &mut phone.secured {
            // In the clear it is not believed.
            phone.control.send_to(&answer, above).unwrap();
            let plain = answer.len();
            answer.resize(plain + srtp::OVERHEAD, 0);
            let length = sender.protect_rtcp(&mut answer, plain).unwrap();
            answer.truncate(length);
        }
        phone.control.send_to(&answer, above).unwrap();
        wait_until(|| relay.stats(phone.leg).unwrap().rtcp_in == 1);
        let stats = relay.stats(phone.leg).unwrap();
        assert_eq!(
            (stats.remote_lost, stats.remote_fraction_lost),
            (Some(5), Some(0.25))
        );
        assert_eq!(stats.remote_jitter_ms, Some(10.0));
        let round_trip = stats.round_trip_ms.expect("measured");
        assert!((0.0..PATIENCE.as_secs_f64() * 1000.0).contains(&round_trip));
        assert_eq!(stats.unauthentic, u64::from(secured.is_some()));
        relay.close(phone.leg).unwrap();
        while !report(&mut phone).3 {}
    }
}

/// A far end that sends reports at its own pace while we send: each says what `say` makes of the
/// newest number heard. Gives what was told as one-way, within so many reports.
fn told_by(
    hundred: u16,
    reports: usize,
    say: impl Fn(ReportBlock, u32) -> Option<ReportBlock>,
) -> Option<(DeadWay, DeadSign, bool)> {
    let (relay, events) = start(hundred, 1);
    let mut phone = Softphone::connect(&relay, Codec::Pcmu, None);
    relay.fill_silence(phone.leg, true).unwrap();
    let above = SocketAddr::new(LOOPBACK, phone.relay_port.port() + 1);
    for _ in 0..reports {
        let mut last = phone.hear().0;
        (0..50).for_each(|_| last = phone.hear().0);
        let block = ReportBlock {
            ssrc: last.ssrc,
            ..ReportBlock::default()
        };
        let block = say(block, u32::from(last.sequence));
        let mut report = Vec::new();
        rtcp::write_report(&mut report, 9, None, block.as_slice(), "phone");
        let before = relay.stats(phone.leg).unwrap().rtcp_in;
        phone.control.send_to(&report, above).unwrap();
        wait_until(|| relay.stats(phone.leg).unwrap().rtcp_in > before);
        // Nothing comes from it either, which is told apart.
        for event in events.try_iter() {
            if let MediaEvent::OneWay {
                dead: dead @ DeadWay::ToFarEnd,
                sign,
                sent,
                ..
            } = event
            {
                return Some((dead, sign, sent >= 100));
            }
        }
    }
    None
}

#[test]
fn a_far_end_that_hears_nothing_is_told_by_its_reports() {
    let to = DeadWay::ToFarEnd;
    let stuck = told_by(44, 8, |block, _| {
        let highest_sequence = 77;
        Some(ReportBlock {
            highest_sequence,
            ..block
        })
    });
    assert_eq!(stuck, Some((to, DeadSign::ReportedLoss, true)));
    let deaf = told_by(45, 8, |_, _| None);
    assert_eq!(deaf, Some((to, DeadSign::ReportsNobody, true)));
    let fine = told_by(46, 6, |block, heard| {
        let highest_sequence = heard;
        Some(ReportBlock {
            highest_sequence,
            ..block
        })
    });
    assert_eq!(fine, None);
}

#[test]
fn reports_on_the_rtp_port_are_taken_and_are_no_audio() {
    let (relay, _events) = start(66, 1);
    let phone = Softphone::connect(&relay, Codec::Pcmu, None);
    let mut packet = Vec::new();
    rtcp::write_report(&mut packet, 1, None, &[], "phone");
    phone.socket.send_to(&packet, phone.relay_port).unwrap();
    wait_until(|| relay.stats(phone.leg).unwrap().rtcp_in == 1);
    let stats = relay.stats(phone.leg).unwrap();
    assert_eq!(
        (stats.packets_in, stats.invalid, stats.locked),
        (0, 0, false)
    );
}

#[test]
fn a_key_heard_in_the_band_is_reported_once_even_if_it_is_told_too() {
    let (relay, events) = start(67, 1);
    let mut phone = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    relay.watch_inband_dtmf(phone.leg, true).unwrap();
    let keys = |text: &str| -> Vec<i16> {
        let tones = text.chars().filter_map(Tone::dtmf);
        tones.flat_map(|tone| tone.samples()).collect()
    };
    let pressed = |wanted: char| {
        wait_for(&events, |event| match event {
            MediaEvent::Dtmf { digit, .. } => Some(*digit),
            _ => None,
        }) == wanted
    };
    phone.send(&keys("4#"));
    assert!(pressed('4') && pressed('#'));
    // A phone that sends nothing in silence stops with the tone.
    phone.send(&keys("8")[..640]);
    assert!(pressed('8'));
    // Told on once more, as at every change of its description: nothing is forgotten.
    phone.send(&keys("6")[..480]);
    relay.stats(phone.leg).unwrap();
    relay.watch_inband_dtmf(phone.leg, true).unwrap();
    phone.send(&keys("6")[480..]);
    assert!(pressed('6'));
    // The same press as an event and as a tone, then a press as an event: two reports.
    let stamp = phone.header.timestamp;
    phone.send_event(stamp, [5, 0x0a, 0, 160]);
    phone.send(&keys("5"));
    phone.send_event(stamp, [5, 0x8a, 3, 32]);
    let stamp = phone.header.timestamp;
    phone.send_event(stamp, [9, 0x8a, 3, 32]);
    assert!(pressed('5') && pressed('9'));
}
