//! What the buffer tells of packets, of what comes next, and of its delay.

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It waits for its turn.
    Kept,
    /// Its turn has passed.
    Late,
    /// It had come before.
    Duplicate,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a, F> {
    /// A packet's audio.
    Audio {
        /// Its format, as given with it.
        format: F,
        /// Its octets.
        octets: &'a [u8],
        /// Its length in samples.
        samples: u32,
    },
    /// So many samples are missing before the next packet; report what was made up with
    /// [`JitterBuffer::lost`](super::JitterBuffer::lost).
    Lost {
        /// Samples.
        samples: u32,
    },
    /// Nothing is there, though it should be; report what was made up with
    /// [`JitterBuffer::starved`](super::JitterBuffer::starved).
    Starved,
    /// The far end has said that it is silent: from here on, until audio comes, it sounds like
    /// this, through [`Next::Pause`].
    Noise {
        /// The payload of its packet (RFC 3389).
        payload: &'a [u8],
    },
    /// The far end pauses, or has not begun, or its packets wait for their time.
    Pause,
}

/// Whether the delay is what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// It is.
    Keep,
    /// Audio should be stretched.
    Lengthen,
    /// Audio should be shortened.
    Shorten,
}
