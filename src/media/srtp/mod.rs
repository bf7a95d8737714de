//! SRTP and SRTCP (RFC 3711) with keys from SDP (RFC 4568): AES-128 in counter mode,
//! HMAC-SHA1.
//!
//! Ciphers are RustCrypto's. The rest is ours, because crates that have it keep a state for
//! every SSRC before its first packet proved authentic, and copy every packet: here nothing is
//! remembered of a forged packet, and packets are changed in place.

mod keys;
mod replay;

use std::fmt;

use aes::Aes128;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

pub use keys::MasterKey;
use keys::SessionKeys;
use replay::Window;

/// Room a packet needs behind it to be protected: tag and, for RTCP, the index.
pub const OVERHEAD: usize = RTCP_TAG + INDEX;

/// Octets of an RTCP authentication tag, in every profile (RFC 4568 section 6.2).
const RTCP_TAG: usize = 10;
/// Octets of the SRTCP index with its flag.
const INDEX: usize = 4;
/// The flag: this SRTCP packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;
/// RTCP header and SSRC stay in the clear.
const RTCP_CLEAR: usize = 8;
/// Streams of one far end that are followed at a time. A phone that restarts takes a new one.
const MOST_STREAMS: usize = 4;
/// Packets under one key at most (RFC 3711 section 9.2).
const MOST_PACKETS: u64 = 1 << 48;
const MOST_RTCP: u32 = 1 << 31;

/// What RTP is protected with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `AES_CM_128_HMAC_SHA1_80`.
    Aes128Sha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`: shorter tags on RTP.
    Aes128Sha1_32,
}

impl Profile {
    const fn tag(self) -> usize {
        match self {
            Self::Aes128Sha1_80 => 10,
            Self::Aes128Sha1_32 => 4,
        }
    }
}

/// Keys of a leg: ours for what we send, the far end's for what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Both ways.
    pub profile: Profile,
    /// We protect with it.
    pub ours: MasterKey,
    /// The far end protects with it.
    pub theirs: MasterKey,
}

/// Why a packet is not taken, or not sent. Nothing is changed by a packet that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// Shorter than its header and tag.
    #[error("packet shorter than its header and authentication tag")]
    Short,
    /// The tag is wrong: forged, damaged, or under another key.
    #[error("authentication failed; is the key the one agreed on in SDP?")]
    Authentication,
    /// It came before, or is older than can be known.
    #[error("packet replayed")]
    Replay,
    /// The key has protected as many packets as it may; the call must agree on new ones.
    #[error("the key is used up; make a new offer")]
    KeyUsedUp,
}

impl SrtpError {
    /// Stable code for logs and tests.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Short => "media.srtp_short",
            Self::Authentication => "media.srtp_authentication",
            Self::Replay => "media.srtp_replay",
            Self::KeyUsedUp => "media.srtp_key_used_up",
        }
    }
}

/// Cipher and authentication under one pair of session keys.
struct Suite {
    cipher: Aes128,
    salt: [u8; 14],
    mac: Hmac<Sha1>,
}

impl Suite {
    /// Encrypts or decrypts (RFC 3711 section 4.1.1).
    fn crypt(&self, ssrc: u32, index: u64, data: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        for (octet, x) in iv[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
            *octet ^= x;
        }
        for (octet, x) in iv[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *octet ^= x;
        }
        keys::key_stream(&self.cipher, iv, data);
    }

    fn authenticate(&self, parts: [&[u8]; 2]) -> Hmac<Sha1> {
        let [first, second] = parts;
        self.mac.clone().chain_update(first).chain_update(second)
    }
}

/// One stream: its highest packet index and which of the last came.
#[derive(Clone, Copy)]
struct StreamIndex {
    ssrc: u32,
    window: Window,
}

impl StreamIndex {
    /// The 48-bit index a sequence number most likely has (RFC 3711 section 3.3.1).
    fn guess(&self, sequence: u16) -> Option<u64> {
        let Some(highest) = self.window.highest() else {
            return Some(u64::from(sequence));
        };
        let ahead = sequence.wrapping_sub(highest as u16).cast_signed();
        highest.checked_add_signed(i64::from(ahead))
    }
}

/// Protects what one leg sends: a single SSRC.
pub struct Sender {
    keys: SessionKeys,
    stream: Option<StreamIndex>,
    rtcp_index: u32,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl Sender {
    /// Under our key.
    #[must_use]
    pub fn new(profile: Profile, key: &MasterKey) -> Self {
        Self {
            keys: SessionKeys::derive(profile, key),
            stream: None,
            rtcp_index: 0,
        }
    }

    /// Changes the length of tags from the next packet on; keys and indices stay.
    pub fn set_profile(&mut self, profile: Profile) {
        self.keys.profile = profile;
    }

    /// Protects the RTP packet in the first `length` octets of `buffer` in place and tells its
    /// new length. No index is ever used twice, whatever is asked.
    ///
    /// # Errors
    /// [`SrtpError::Short`] for no packet or a buffer without room for the tag (10 octets),
    /// [`SrtpError::Replay`] for a sequence number that was sent, [`SrtpError::KeyUsedUp`].
    pub fn protect(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let tag = self.keys.profile.tag();
        let packet = buffer.get(..length).ok_or(SrtpError::Short)?;
        let clear = clear_octets(packet).ok_or(SrtpError::Short)?;
        if buffer.len() < length + tag {
            return Err(SrtpError::Short);
        }
        let (ssrc, sequence) = (ssrc_at(buffer, 8), sequence_of(buffer));
        let mut stream = self
            .stream
            .filter(|s| s.ssrc == ssrc)
            .unwrap_or(StreamIndex {
                ssrc,
                window: Window::default(),
            });
        let index = stream.guess(sequence).ok_or(SrtpError::Replay)?;
        if index >= MOST_PACKETS {
            return Err(SrtpError::KeyUsedUp);
        }
        if !stream.window.is_new(index) {
            return Err(SrtpError::Replay);
        }
        stream.window.accept(index);
        self.stream = Some(stream);
        let suite = &self.keys.rtp;
        suite.crypt(ssrc, index, &mut buffer[clear..length]);
        let rollover = ((index >> 16) as u32).to_be_bytes();
        let mac = suite.authenticate([&buffer[..length], &rollover]);
        let full = mac.finalize().into_bytes();
        buffer[length..length + tag].copy_from_slice(&full[..tag]);
        Ok(length + tag)
    }

    /// The same for a compound RTCP packet, which grows by [`OVERHEAD`].
    ///
    /// # Errors
    /// As [`protect`](Self::protect).
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        if length < RTCP_CLEAR || buffer.len() < length + OVERHEAD {
            return Err(SrtpError::Short);
        }
        if self.rtcp_index >= MOST_RTCP {
            return Err(SrtpError::KeyUsedUp);
        }
        let (ssrc, index) = (ssrc_at(buffer, 4), self.rtcp_index);
        self.rtcp_index += 1;
        let suite = &self.keys.rtcp;
        suite.crypt(ssrc, u64::from(index), &mut buffer[RTCP_CLEAR..length]);
        let end = length + INDEX;
        buffer[length..end].copy_from_slice(&(index | ENCRYPTED).to_be_bytes());
        let full = suite.authenticate([&buffer[..end], &[]]).finalize();
        buffer[end..end + RTCP_TAG].copy_from_slice(&full.into_bytes()[..RTCP_TAG]);
        Ok(end + RTCP_TAG)
    }
}

/// Opens what one far end sends.
pub struct Receiver {
    keys: SessionKeys,
    /// Streams proved authentic, the newest first.
    streams: Vec<StreamIndex>,
    rtcp: Vec<StreamIndex>,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl Receiver {
    /// Under the far end's key.
    #[must_use]
    pub fn new(profile: Profile, key: &MasterKey) -> Self {
        Self {
            keys: SessionKeys::derive(profile, key),
            streams: Vec::new(),
            rtcp: Vec::new(),
        }
    }

    /// Opens an RTP packet in place and tells its length without the tag.
    ///
    /// # Errors
    /// [`SrtpError::Short`], [`SrtpError::Authentication`], [`SrtpError::Replay`]; the
    /// packet stays as it came.
    pub fn unprotect(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let tag = self.keys.profile.tag();
        let length = packet.len().checked_sub(tag).ok_or(SrtpError::Short)?;
        let clear = clear_octets(&packet[..length]).ok_or(SrtpError::Short)?;
        let (ssrc, sequence) = (ssrc_at(packet, 8), sequence_of(packet));
        let mut stream = find(&self.streams, ssrc);
        let index = stream.guess(sequence).ok_or(SrtpError::Replay)?;
        if !stream.window.is_new(index) {
            return Err(SrtpError::Replay);
        }
        let suite = &self.keys.rtp;
        let rollover = ((index >> 16) as u32).to_be_bytes();
        suite
            .authenticate([&packet[..length], &rollover])
            .verify_truncated_left(&packet[length..])
            .map_err(|_| SrtpError::Authentication)?;
        suite.crypt(ssrc, index, &mut packet[clear..length]);
        stream.window.accept(index);
        keep(&mut self.streams, stream);
        Ok(length)
    }

    /// The same for a compound RTCP packet.
    ///
    /// # Errors
    /// As [`unprotect`](Self::unprotect).
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let end = packet.len().checked_sub(RTCP_TAG).ok_or(SrtpError::Short)?;
        let length = end.checked_sub(INDEX).ok_or(SrtpError::Short)?;
        if length < RTCP_CLEAR {
            return Err(SrtpError::Short);
        }
        let trailer = ssrc_at(packet, length);
        let (ssrc, index) = (ssrc_at(packet, 4), u64::from(trailer & !ENCRYPTED));
        let mut stream = find(&self.rtcp, ssrc);
        if !stream.window.is_new(index) {
            return Err(SrtpError::Replay);
        }
        let suite = &self.keys.rtcp;
        suite
            .authenticate([&packet[..end], &[]])
            .verify_truncated_left(&packet[end..])
            .map_err(|_| SrtpError::Authentication)?;
        if trailer & ENCRYPTED != 0 {
            suite.crypt(ssrc, index, &mut packet[RTCP_CLEAR..length]);
        }
        stream.window.accept(index);
        keep(&mut self.rtcp, stream);
        Ok(length)
    }
}

fn find(streams: &[StreamIndex], ssrc: u32) -> StreamIndex {
    let known = streams.iter().find(|s| s.ssrc == ssrc).copied();
    known.unwrap_or(StreamIndex {
        ssrc,
        window: Window::default(),
    })
}

/// Puts an authentic stream first; the one heard of least recently makes room.
fn keep(streams: &mut Vec<StreamIndex>, stream: StreamIndex) {
    match streams.iter().position(|s| s.ssrc == stream.ssrc) {
        Some(0) => {}
        Some(at) => streams[..=at].rotate_right(1),
        None => {
            streams.truncate(MOST_STREAMS - 1);
            streams.insert(0, stream);
        }
    }
    streams[0] = stream;
}

/// Octets of the RTP header, with contributing sources and extension: authenticated, not
/// encrypted.
fn clear_octets(packet: &[u8]) -> Option<usize> {
    let first = *packet.first().filter(|first| **first >> 6 == 2)?;
    let mut end = crate::rtp::HEADER_BYTES + usize::from(first & 0x0f) * 4;
    if first & 0x10 != 0 {
        let words = packet.get(end + 2..end + 4)?;
        end += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
    }
    (end <= packet.len()).then_some(end)
}

fn ssrc_at(packet: &[u8], at: usize) -> u32 {
    let octets = packet.get(at..).and_then(|rest| rest.first_chunk());
    octets.map_or(0, |octets| u32::from_be_bytes(*octets))
}

fn sequence_of(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[2], packet[3]])
}

#[cfg(test)]
mod tests;
