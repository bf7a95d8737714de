use super::*;
use proptest::prelude::*;

const BLOCK_A: ReportBlock = ReportBlock {
    ssrc: 0x0a0b_0c0d,
    fraction_lost: 64,
    lost: -3,
    highest_sequence: 0x0001_fffe,
    jitter: 17,
    last_sender_report: 0xb705_2000,
    delay: 0x0005_4000,
};

const INFO: SenderInfo = SenderInfo {
    ntp: 0xb44d_b705_2000_0000,
    rtp_timestamp: 160_000,
    packets: 1000,
    octets: 160_000,
};

#[test]
fn a_report_is_read_as_it_was_written() {
    let mut out = Vec::new();
    write_report(&mut out, 7, Some(&INFO), &[BLOCK_A], "c@198.51.100.1");
    write_goodbye(&mut out, 7);
    assert_eq!(out[..4], [0x81, 200, 0, 12]);
    assert_eq!(out.len() % 4, 0);
    assert!(out.len() <= MAX_COMPOUND);
    let mut packets = Compound::parse(&out).unwrap();
    let Some(Packet::Report {
        ssrc,
        sender,
        blocks,
    }) = packets.next()
    else {
        panic!("no report");
    };
    assert_eq!((ssrc, sender), (7, Some(INFO)));
    assert_eq!(blocks.collect::<Vec<_>>(), [BLOCK_A]);
    let description = Packet::Description {
        ssrc: 7,
        cname: b"c@198.51.100.1",
    };
    assert_eq!(packets.next(), Some(description));
    assert_eq!(packets.next(), Some(Packet::Goodbye { ssrc: 7 }));
    assert_eq!(packets.next(), None);
    write_report(&mut out, 7, None, &[], &"x".repeat(300));
    assert_eq!(out[..4], [0x80, 201, 0, 1]);
    let name = Compound::parse(&out).unwrap().nth(1);
    assert!(matches!(name, Some(Packet::Description { cname, .. }) if cname.len() == 255));
}

#[test]
fn datagrams_that_are_no_rtcp_are_named() {
    let mut good = Vec::new();
    write_report(&mut good, 7, None, &[BLOCK_A], "a");
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        Compound::parse(&bytes).map(Iterator::count)
    };
    assert_eq!(with(0, 0x81), Ok(2));
    assert_eq!(with(0, 0x41), Err(RtcpError::Version));
    assert_eq!(with(0, 0xa1), Err(RtcpError::First), "padded");
    assert_eq!(with(1, 202), Err(RtcpError::First), "SDES first");
    assert_eq!(with(1, 0), Err(RtcpError::First), "RTP");
    assert_eq!(with(3, 99), Err(RtcpError::Length));
    assert_eq!(
        with(32, 0x01),
        Err(RtcpError::Version),
        "of the second packet"
    );
    assert_eq!(
        Compound::parse(&good[..3]).map(|_| ()),
        Err(RtcpError::Length)
    );
    assert_eq!(
        Compound::parse(&good[..40]).map(|_| ()),
        Err(RtcpError::Length)
    );
    // More blocks than there is room for: a packet of no use, not a wrong one.
    let mut short = good.clone();
    short[0] = 0x85;
    let packets: Vec<_> = Compound::parse(&short).unwrap().collect();
    assert_eq!(packets[0], Packet::Other(201));
}

#[test]
fn other_packets_and_padding_at_the_end_are_passed_over() {
    let mut bytes = Vec::new();
    write_report(&mut bytes, 7, None, &[], "a");
    bytes.extend([0x80, 207, 0, 1, 1, 2, 3, 4]);
    // BYE with a reason and four octets of padding.
    bytes.extend([0xa1, 203, 0, 3, 0, 0, 0, 9, 3, b'b', b'y', b'e', 0, 0, 0, 4]);
    let packets: Vec<_> = Compound::parse(&bytes).unwrap().skip(2).collect();
    assert_eq!(packets, [Packet::Other(207), Packet::Goodbye { ssrc: 9 }]);
}

proptest! {
    #[test]
    fn any_datagram_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        // As it is, and made to look like RTCP.
        let mut likely = bytes.clone();
        if likely.len() >= 4 {
            likely[0] = 0x80 | likely[0] & 0x1f;
            likely[1] = 200 + likely[1] % 4;
            likely[2] = 0;
            likely[3] %= 30;
        }
        for datagram in [&bytes, &likely] {
            if let Ok(compound) = Compound::parse(datagram) {
                for packet in compound {
                    if let Packet::Report { blocks, .. } = packet {
                        prop_assert!(blocks.count() * BLOCK <= datagram.len());
                    }
                }
            }
        }
    }

    #[test]
    fn blocks_keep_their_figures(
        fraction_lost in any::<u8>(), lost in -0x80_0000i32..0x80_0000, words in any::<[u32; 5]>(),
    ) {
        let [ssrc, highest_sequence, jitter, last_sender_report, delay] = words;
        let block = ReportBlock { ssrc, fraction_lost, lost, highest_sequence, jitter, last_sender_report, delay };
        let mut out = Vec::new();
        write_report(&mut out, 1, None, &[block; 31], "n");
        let Some(Packet::Report { mut blocks, .. }) = Compound::parse(&out).unwrap().next() else {
            panic!("no report");
        };
        prop_assert!(blocks.all(|b| b == block));
    }
}
