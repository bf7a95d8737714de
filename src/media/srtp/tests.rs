use super::*;
use crate::rtp::Header;

fn key(fill: u8) -> MasterKey {
    MasterKey::new(std::array::from_fn(|i| fill.wrapping_add(i as u8)))
}

fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let header = Header {
        marker: false,
        payload_type: 0,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc,
    };
    header.packet(&[0x55; 160])
}

fn protect(sender: &mut Sender, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + OVERHEAD, 0);
    let length = sender.protect(&mut buffer, packet.len()).unwrap();
    buffer.truncate(length);
    buffer
}

fn open(receiver: &mut Receiver, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut packet = packet.to_vec();
    let length = receiver.unprotect(&mut packet)?;
    packet.truncate(length);
    Ok(packet)
}

fn pair(profile: Profile) -> (Sender, Receiver) {
    (
        Sender::new(profile, &key(1)),
        Receiver::new(profile, &key(1)),
    )
}

/// A packet from libsrtp's own test (`srtp_validate`): an implementation not ours.
#[test]
fn a_packet_is_protected_as_libsrtp_does() {
    let master = MasterKey::new([
        0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41,
        0x39, 0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6,
    ]);
    let mut plain = vec![
        0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe,
    ];
    plain.extend([0xab; 16]);
    let shown = [
        0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe, 0x4e, 0x55, 0xdc,
        0x4c, 0xe7, 0x99, 0x78, 0xd8, 0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d,
        0x6a, 0xcc, 0x99, 0xea, 0x17, 0x9b, 0x8d, 0xbb,
    ];
    let mut sender = Sender::new(Profile::Aes128Sha1_80, &master);
    assert_eq!(protect(&mut sender, &plain), shown);
    let mut receiver = Receiver::new(Profile::Aes128Sha1_80, &master);
    assert_eq!(open(&mut receiver, &shown), Ok(plain));
}

#[test]
fn both_profiles_open_what_they_protect_and_nothing_readable_is_sent() {
    for (profile, tag) in [(Profile::Aes128Sha1_80, 10), (Profile::Aes128Sha1_32, 4)] {
        let (mut sender, mut receiver) = pair(profile);
        for sequence in [65_533, 65_534, 65_535, 0, 1] {
            let plain = rtp(9, sequence);
            let sent = protect(&mut sender, &plain);
            assert_eq!(sent.len(), plain.len() + tag);
            assert_eq!(sent[..12], plain[..12]);
            assert!(!sent[12..].windows(4).any(|w| w == [0x55; 4]));
            assert_eq!(open(&mut receiver, &sent), Ok(plain));
        }
    }
}

#[test]
fn sequence_numbers_may_wrap_many_times_with_loss_and_out_of_order() {
    let (mut sender, mut receiver) = pair(Profile::Aes128Sha1_80);
    // Three wraps; of every eight packets two change places and one is lost.
    let mut waiting = None;
    for n in 0..200_000u32 {
        let plain = rtp(9, (n + 60_000) as u16);
        let sent = protect(&mut sender, &plain);
        match n % 8 {
            3 => waiting = Some((sent, plain)),
            4 => {
                assert_eq!(open(&mut receiver, &sent), Ok(plain));
                let (late, plain) = waiting.take().unwrap();
                assert_eq!(open(&mut receiver, &late), Ok(plain), "{n}");
            }
            6 => {}
            _ => assert_eq!(open(&mut receiver, &sent), Ok(plain), "{n}"),
        }
    }
}

#[test]
fn replayed_forged_and_foreign_packets_are_refused_and_change_nothing() {
    let (mut sender, mut receiver) = pair(Profile::Aes128Sha1_32);
    let sent = protect(&mut sender, &rtp(9, 100));
    assert!(open(&mut receiver, &sent).is_ok());
    assert_eq!(open(&mut receiver, &sent), Err(SrtpError::Replay));
    let other = protect(
        &mut Sender::new(Profile::Aes128Sha1_32, &key(2)),
        &rtp(9, 101),
    );
    assert_eq!(open(&mut receiver, &other), Err(SrtpError::Authentication));
    for at in [0, 1, 2, 4, 8, 12, 100, 172, 175] {
        let mut forged = protect(&mut pair(Profile::Aes128Sha1_32).0, &rtp(9, 30_000));
        forged[at] ^= 0x01;
        assert_eq!(
            open(&mut receiver, &forged),
            Err(SrtpError::Authentication),
            "{at}"
        );
    }
    assert_eq!(open(&mut receiver, &sent[..15]), Err(SrtpError::Short));
    // Forgeries of many sources are not remembered.
    for ssrc in 0..100 {
        let mut forged = rtp(ssrc, 7);
        forged.extend([0; 4]);
        assert!(open(&mut receiver, &forged).is_err());
    }
    assert_eq!(receiver.streams.len(), 1);
    let next = protect(&mut sender, &rtp(9, 101));
    assert!(open(&mut receiver, &next).is_ok());
}

#[test]
fn a_number_is_never_protected_twice() {
    let (mut sender, _) = pair(Profile::Aes128Sha1_80);
    protect(&mut sender, &rtp(9, 5));
    let mut again = rtp(9, 5);
    again[20] ^= 0xff;
    let length = again.len();
    again.resize(length + OVERHEAD, 0);
    assert_eq!(sender.protect(&mut again, length), Err(SrtpError::Replay));
    let (short, length) = (&mut rtp(9, 6)[..], 172);
    assert_eq!(
        sender.protect(short, length),
        Err(SrtpError::Short),
        "no room for the tag"
    );
}

#[test]
fn a_telephone_may_change_its_ssrc_and_return() {
    let (mut sender, mut receiver) = pair(Profile::Aes128Sha1_80);
    let before = protect(&mut sender, &rtp(1, 10));
    let mut fresh = pair(Profile::Aes128Sha1_80).0;
    let after = protect(&mut fresh, &rtp(2, 60_000));
    assert!(open(&mut receiver, &before).is_ok());
    assert!(open(&mut receiver, &after).is_ok());
    assert_eq!(open(&mut receiver, &before), Err(SrtpError::Replay));
    assert!(open(&mut receiver, &protect(&mut sender, &rtp(1, 11))).is_ok());
}

#[test]
fn headers_with_sources_and_extension_stay_readable() {
    let (mut sender, mut receiver) = pair(Profile::Aes128Sha1_80);
    let mut plain = rtp(9, 1);
    plain[0] |= 0x11;
    plain.splice(12..12, [1, 2, 3, 4, 0xbe, 0xde, 0, 1, 5, 6, 7, 8]);
    let sent = protect(&mut sender, &plain);
    assert_eq!(sent[..24], plain[..24]);
    assert_ne!(sent[24..40], plain[24..40]);
    assert_eq!(open(&mut receiver, &sent), Ok(plain));
}

#[test]
fn rtcp_is_protected_with_its_own_keys_and_index() {
    let (mut sender, mut receiver) = pair(Profile::Aes128Sha1_32);
    let plain = [0x81, 201, 0, 7, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8];
    let mut sent = Vec::new();
    for n in 0..3u8 {
        let mut buffer = [0; 64];
        buffer[..16].copy_from_slice(&plain);
        let length = sender.protect_rtcp(&mut buffer, 16).unwrap();
        assert_eq!(length, 16 + OVERHEAD);
        assert_eq!(buffer[16..20], [0x80, 0, 0, n]);
        assert_eq!(buffer[..8], plain[..8]);
        assert_ne!(buffer[8..16], plain[8..]);
        sent.push(buffer[..length].to_vec());
    }
    for n in [1, 0, 2] {
        let mut packet = sent[n].clone();
        assert_eq!(receiver.unprotect_rtcp(&mut packet), Ok(16));
        assert_eq!(packet[..16], plain);
    }
    let mut again = sent[1].clone();
    assert_eq!(receiver.unprotect_rtcp(&mut again), Err(SrtpError::Replay));
    let mut forged = sent[1].clone();
    forged[19] = 7;
    assert_eq!(
        receiver.unprotect_rtcp(&mut forged),
        Err(SrtpError::Authentication)
    );
    assert_eq!(
        receiver.unprotect_rtcp(&mut [0x81, 201, 0, 0]),
        Err(SrtpError::Short)
    );
}

proptest::proptest! {
    #[test]
    fn any_datagram_is_survived(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
        let (mut sender, mut receiver) = pair(Profile::Aes128Sha1_80);
        proptest::prop_assert!(open(&mut receiver, &bytes).is_err());
        let _ = receiver.unprotect_rtcp(&mut bytes.clone());
        let mut buffer = bytes.clone();
        buffer.resize(bytes.len() + OVERHEAD, 0);
        if let Ok(length) = sender.protect(&mut buffer, bytes.len()) {
            proptest::prop_assert_eq!(open(&mut receiver, &buffer[..length]), Ok(bytes));
        }
    }
}
