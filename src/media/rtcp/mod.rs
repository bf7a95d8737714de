//! RTCP (RFC 3550 section 6): compound packets read and written, reports reckoned.
//!
//! Reading never panics and believes nothing: a datagram is checked whole (appendix A.2) before
//! a word of it is used.

mod interval;
mod report;

pub use interval::{Session, interval};
pub use report::{Figures, NtpClock, Reporter, RoundTrip};

/// Whether a datagram on an RTP port is RTCP (RFC 5761 section 4): payload types 64 to 95 are
/// not used for RTP where both may come.
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.len() >= 8 && datagram[0] >> 6 == 2 && (192..=223).contains(&datagram[1])
}

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;

/// Item of a source description: the canonical name.
const CNAME: u8 = 1;

const BLOCK: usize = 24;
const SENDER_INFO: usize = 20;

/// Most octets [`write_report`] and [`write_goodbye`] make with one report block.
pub const MAX_COMPOUND: usize = 8 + SENDER_INFO + BLOCK + 8 + 2 + 255 + 4 + 8;

/// What a sender tells about its stream (section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall-clock time of the report, NTP format (seconds since 1900 in 32.32 bits).
    pub ntp: u64,
    /// The same instant on the RTP clock of the stream.
    pub rtp_timestamp: u32,
    /// Packets sent so far.
    pub packets: u32,
    /// Octets of payload sent so far.
    pub octets: u32,
}

/// What a receiver tells about one stream (section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream.
    pub ssrc: u32,
    /// Packets lost since the report before, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; negative with duplicates. 24 bits.
    pub lost: i32,
    /// Highest sequence number received, with wraps in the upper half.
    pub highest_sequence: u32,
    /// Interarrival jitter, in ticks of the RTP clock.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report received; 0: none.
    pub last_sender_report: u32,
    /// Time since then, in 65,536ths of a second.
    pub delay: u32,
}

/// One packet of a compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// SR or RR.
    Report {
        /// Who reports.
        ssrc: u32,
        /// About its own stream, in a sender report.
        sender: Option<SenderInfo>,
        /// About streams it receives.
        blocks: Blocks<'a>,
    },
    /// SDES: the first canonical name in it.
    Description {
        /// Whose.
        ssrc: u32,
        /// The name, any octets.
        cname: &'a [u8],
    },
    /// BYE of one or more sources.
    Goodbye {
        /// The first source; 0 for none.
        ssrc: u32,
    },
    /// Anything else (APP, XR, feedback), by its type.
    Other(u8),
}

/// Report blocks, not yet read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [u8]);

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (octets, rest) = self.0.split_first_chunk::<BLOCK>()?;
        self.0 = rest;
        let lost = word(octets, 4);
        Some(ReportBlock {
            ssrc: word(octets, 0),
            fraction_lost: octets[4],
            // 24 bits with a sign.
            lost: (lost << 8).cast_signed() >> 8,
            highest_sequence: word(octets, 8),
            jitter: word(octets, 12),
            last_sender_report: word(octets, 16),
            delay: word(octets, 20),
        })
    }
}

/// Why a datagram is no RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtcpError {
    /// A packet in it has another version than 2.
    #[error("RTCP version is not 2")]
    Version,
    /// It does not start with a sender's or receiver's report, or that one is padded.
    #[error("an RTCP compound packet starts with an unpadded SR or RR")]
    First,
    /// The lengths in it do not add up.
    #[error("RTCP lengths do not add up to the datagram")]
    Length,
}

/// A datagram that passed the checks of RFC 3550 appendix A.2.
#[derive(Clone, Copy, Debug)]
pub struct Compound<'a>(&'a [u8]);

impl<'a> Compound<'a> {
    /// Checks a datagram as a whole.
    ///
    /// # Errors
    /// [`RtcpError`] says what is wrong with it.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtcpError> {
        let first = datagram.first_chunk::<4>().ok_or(RtcpError::Length)?;
        if first[0] >> 6 != 2 {
            return Err(RtcpError::Version);
        }
        if first[0] & 0x20 != 0 || !matches!(first[1], SENDER_REPORT | RECEIVER_REPORT) {
            return Err(RtcpError::First);
        }
        let mut rest = datagram;
        while !rest.is_empty() {
            let (_, _, after) = split(rest)?;
            rest = after;
        }
        Ok(Self(datagram))
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let (head, body, rest) = split(self.0).ok()?;
        self.0 = rest;
        let count = usize::from(head[0] & 0x1f);
        Some(read(head[1], count, body).unwrap_or(Packet::Other(head[1])))
    }
}

/// A packet's header and body, and what follows it.
type Parts<'a> = (&'a [u8; 4], &'a [u8], &'a [u8]);

/// The first packet's header and body, padding removed, and what follows.
fn split(octets: &[u8]) -> Result<Parts<'_>, RtcpError> {
    let head = octets.first_chunk::<4>().ok_or(RtcpError::Length)?;
    if head[0] >> 6 != 2 {
        return Err(RtcpError::Version);
    }
    let length = 4 * (1 + usize::from(u16::from_be_bytes([head[2], head[3]])));
    let (packet, rest) = octets.split_at_checked(length).ok_or(RtcpError::Length)?;
    let mut body = &packet[4..];
    if head[0] & 0x20 != 0 {
        let padding = usize::from(body.last().copied().unwrap_or(0));
        let kept = body.len().checked_sub(padding).ok_or(RtcpError::Length)?;
        if padding == 0 || !rest.is_empty() {
            return Err(RtcpError::Length);
        }
        body = &body[..kept];
    }
    Ok((head, body, rest))
}

/// A packet of a known type; `None` if it is too short for what it says it holds.
fn read(kind: u8, count: usize, body: &[u8]) -> Option<Packet<'_>> {
    match kind {
        SENDER_REPORT => {
            let info = body.get(4..4 + SENDER_INFO)?;
            let sender = SenderInfo {
                ntp: u64::from(word(info, 0)) << 32 | u64::from(word(info, 4)),
                rtp_timestamp: word(info, 8),
                packets: word(info, 12),
                octets: word(info, 16),
            };
            let start = 4 + SENDER_INFO;
            Some(Packet::Report {
                ssrc: word(body, 0),
                sender: Some(sender),
                blocks: Blocks(body.get(start..start + count * BLOCK)?),
            })
        }
        RECEIVER_REPORT => Some(Packet::Report {
            ssrc: body.first_chunk::<4>().map(|_| word(body, 0))?,
            sender: None,
            blocks: Blocks(body.get(4..4 + count * BLOCK)?),
        }),
        SOURCE_DESCRIPTION => {
            body.get(..4)?;
            Some(Packet::Description {
                ssrc: word(body, 0),
                cname: cname(&body[4..])?,
            })
        }
        GOODBYE => Some(Packet::Goodbye {
            ssrc: if count == 0 {
                0
            } else {
                body.get(..4).map(|_| word(body, 0))?
            },
        }),
        _ => None,
    }
}

fn cname(mut items: &[u8]) -> Option<&[u8]> {
    loop {
        let (kind, rest) = items.split_first()?;
        let (length, rest) = rest.split_first()?;
        let (text, rest) = rest.split_at_checked(usize::from(*length))?;
        match *kind {
            0 => return None,
            CNAME => return Some(text),
            _ => items = rest,
        }
    }
}

fn word(octets: &[u8], at: usize) -> u32 {
    let four = octets.get(at..).and_then(|rest| rest.first_chunk::<4>());
    four.map_or(0, |four| u32::from_be_bytes(*four))
}

/// Writes SR (with `sender`) or RR, with at most 31 blocks, and SDES with the canonical name (at
/// most 255 octets of it). `out` is emptied first.
pub fn write_report(
    out: &mut Vec<u8>,
    ssrc: u32,
    sender: Option<&SenderInfo>,
    blocks: &[ReportBlock],
    cname: &str,
) {
    out.clear();
    let blocks = &blocks[..blocks.len().min(31)];
    let kind = if sender.is_some() {
        SENDER_REPORT
    } else {
        RECEIVER_REPORT
    };
    let info = sender.map_or(0, |_| SENDER_INFO);
    header(out, blocks.len(), kind, 4 + info + blocks.len() * BLOCK);
    out.extend(ssrc.to_be_bytes());
    if let Some(info) = sender {
        out.extend(info.ntp.to_be_bytes());
        for word in [info.rtp_timestamp, info.packets, info.octets] {
            out.extend(word.to_be_bytes());
        }
    }
    for block in blocks {
        write_block(out, block);
    }
    let name = &cname.as_bytes()[..cname.len().min(255)];
    // An item, its end, and zeros up to a word (section 6.5).
    let items = (2 + name.len() + 1).next_multiple_of(4);
    header(out, 1, SOURCE_DESCRIPTION, 4 + items);
    out.extend(ssrc.to_be_bytes());
    let start = out.len();
    out.extend([CNAME, name.len() as u8]);
    out.extend(name);
    out.resize(start + items, 0);
}

/// Adds BYE to what [`write_report`] wrote.
pub fn write_goodbye(out: &mut Vec<u8>, ssrc: u32) {
    header(out, 1, GOODBYE, 4);
    out.extend(ssrc.to_be_bytes());
}

fn header(out: &mut Vec<u8>, count: usize, kind: u8, body: usize) {
    out.extend([0x80 | count as u8, kind]);
    out.extend(((body / 4) as u16).to_be_bytes());
}

fn write_block(out: &mut Vec<u8>, block: &ReportBlock) {
    // Section 6.4.1: 24 bits, and what does not fit stays at the end of the range.
    let lost = block.lost.clamp(-0x80_0000, 0x7f_ffff) & 0xff_ffff;
    let words = [
        block.ssrc,
        u32::from(block.fraction_lost) << 24 | lost.cast_unsigned(),
        block.highest_sequence,
        block.jitter,
        block.last_sender_report,
        block.delay,
    ];
    for word in words {
        out.extend(word.to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
