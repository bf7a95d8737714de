//! RTP packets (RFC 3550 section 5.1): read without copying, write into a caller's buffer.
//!
//! Reading never panics, whatever the bytes: contributing sources and header extensions are
//! skipped by checked arithmetic, padding is removed.

/// Bytes of a header without contributing sources and extension.
pub const HEADER_BYTES: usize = 12;

/// Payload type of comfort noise (RFC 3389).
pub const PAYLOAD_TYPE_COMFORT_NOISE: u8 = 13;

/// The fixed header of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Start of a talk spurt, for audio (RFC 3551 section 4.1).
    pub marker: bool,
    /// Payload type, 0–127.
    pub payload_type: u8,
    /// Sequence number, wraps.
    pub sequence: u16,
    /// Media clock: samples at 8 kHz here, wraps.
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: u32,
}

/// A packet read from a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its header.
    pub header: Header,
    /// Its payload, padding removed. May be empty.
    pub payload: &'a [u8],
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Shorter than its header says.
    #[error("datagram shorter than its RTP header")]
    Short,
    /// Version is not 2.
    #[error("RTP version is not 2")]
    Version,
    /// Padding count is zero or reaches into the header.
    #[error("RTP padding count impossible")]
    Padding,
    /// RTCP multiplexed onto the port (RFC 5761 section 4): second byte 192–223.
    #[error("RTCP packet on the RTP port")]
    Rtcp,
}

impl<'a> Packet<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// [`ParseError`] says which rule of RFC 3550 the datagram breaks.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        let fixed: &[u8; HEADER_BYTES] = datagram.first_chunk().ok_or(ParseError::Short)?;
        if fixed[0] >> 6 != 2 {
            return Err(ParseError::Version);
        }
        if (192..=223).contains(&fixed[1]) {
            return Err(ParseError::Rtcp);
        }
        let mut start = HEADER_BYTES + usize::from(fixed[0] & 0x0f) * 4;
        if fixed[0] & 0x10 != 0 {
            let extension = datagram.get(start..start + 4).ok_or(ParseError::Short)?;
            let words = u16::from_be_bytes([extension[2], extension[3]]);
            start += 4 + usize::from(words) * 4;
        }
        let mut payload = datagram.get(start..).ok_or(ParseError::Short)?;
        if fixed[0] & 0x20 != 0 {
            let padding = usize::from(*payload.last().ok_or(ParseError::Padding)?);
            if padding == 0 || padding > payload.len() {
                return Err(ParseError::Padding);
            }
            payload = &payload[..payload.len() - padding];
        }
        let header = Header {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        Ok(Self { header, payload })
    }
}

impl Header {
    /// Writes the header into the first [`HEADER_BYTES`] of a packet.
    pub fn write(&self, to: &mut [u8; HEADER_BYTES]) {
        to[0] = 0x80;
        to[1] = u8::from(self.marker) << 7 | (self.payload_type & 0x7f);
        to[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        to[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        to[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
    }

    /// A whole packet in a new buffer (tests and simulated phones; the relay never does this).
    #[must_use]
    pub fn packet(&self, payload: &[u8]) -> Vec<u8> {
        let mut head = [0; HEADER_BYTES];
        self.write(&mut head);
        let mut packet = Vec::with_capacity(HEADER_BYTES + payload.len());
        packet.extend_from_slice(&head);
        packet.extend_from_slice(payload);
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: Header = Header {
        marker: true,
        payload_type: 8,
        sequence: 0xfffe,
        timestamp: 0x0102_0304,
        ssrc: 0xdead_beef,
    };

    #[test]
    fn a_written_packet_reads_back() {
        let bytes = HEADER.packet(&[1, 2, 3]);
        assert_eq!(bytes[..2], [0x80, 0x88]);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.header, packet.payload), (HEADER, &[1u8, 2, 3][..]));
    }

    #[test]
    fn sources_extension_and_padding_are_skipped() {
        let mut bytes = HEADER.packet(&[]);
        bytes[0] = 0x80 | 0x20 | 0x10 | 2;
        bytes.extend_from_slice(&[9; 8]); // two contributing sources
        bytes.extend_from_slice(&[0xbe, 0xde, 0, 1, 7, 7, 7, 7]); // extension of one word
        bytes.extend_from_slice(&[42, 43, 0, 0, 3]); // two bytes, three of padding
        assert_eq!(Packet::parse(&bytes).unwrap().payload, [42, 43]);
    }

    #[test]
    fn broken_packets_are_named() {
        let good = HEADER.packet(&[5; 4]);
        assert_eq!(Packet::parse(&good[..11]), Err(ParseError::Short));
        let with = |first: u8, last: u8| {
            let mut bytes = good.clone();
            bytes[0] = first;
            *bytes.last_mut().unwrap() = last;
            bytes
        };
        assert_eq!(Packet::parse(&with(0x40, 0)), Err(ParseError::Version));
        assert_eq!(Packet::parse(&with(0xa0, 0)), Err(ParseError::Padding));
        assert_eq!(Packet::parse(&with(0xa0, 5)), Err(ParseError::Padding));
        assert_eq!(Packet::parse(&with(0x8f, 0)), Err(ParseError::Short));
        assert_eq!(Packet::parse(&with(0x90, 0)), Err(ParseError::Short));
        let mut rtcp = good.clone();
        rtcp[1] = 200;
        assert_eq!(Packet::parse(&rtcp), Err(ParseError::Rtcp));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert!(packet.payload.len() + HEADER_BYTES <= bytes.len());
            }
        }
    }
}
