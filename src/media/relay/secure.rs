//! Keys of a leg at work: what comes is opened, what goes is protected.

use crate::srtp::{Keys, MasterKey, Profile, Receiver, Sender, SrtpError};

/// The receiving half, with the leg's thread.
#[derive(Debug)]
pub struct Opener {
    keys: Keys,
    receiver: Receiver,
}

impl Opener {
    /// Follows what SDP agreed on: the state lives as long as the key does, so that no packet
    /// can be replayed over a re-INVITE.
    pub fn follow(current: &mut Option<Self>, keys: Option<&Keys>) {
        let same = |now: &Self, keys: &Keys| {
            now.keys.profile == keys.profile && now.keys.theirs == keys.theirs
        };
        *current = match (current.take(), keys) {
            (Some(now), Some(keys)) if same(&now, keys) => Some(now),
            (_, Some(keys)) => Some(Self {
                receiver: Receiver::new(keys.profile, &keys.theirs),
                keys: *keys,
            }),
            (_, None) => None,
        };
    }

    /// Opens RTP in place; its length without the tag.
    pub fn rtp(&mut self, datagram: &mut [u8]) -> Result<usize, SrtpError> {
        self.receiver.unprotect(datagram)
    }

    /// Opens RTCP in place.
    pub fn rtcp(&mut self, datagram: &mut [u8]) -> Result<usize, SrtpError> {
        self.receiver.unprotect_rtcp(datagram)
    }
}

/// The sending half, with the socket.
#[derive(Debug)]
pub struct Protector {
    profile: Profile,
    ours: MasterKey,
    sender: Sender,
}

impl Protector {
    /// As [`Opener::follow`]: under one key no packet index may come twice. A new profile
    /// alone keeps the indices too.
    pub fn follow(current: &mut Option<Self>, keys: Option<&Keys>) {
        *current = match (current.take(), keys) {
            (Some(mut now), Some(keys)) if now.ours == keys.ours => {
                if now.profile != keys.profile {
                    now.sender.set_profile(keys.profile);
                    now.profile = keys.profile;
                }
                Some(now)
            }
            (_, Some(keys)) => Some(Self {
                profile: keys.profile,
                ours: keys.ours,
                sender: Sender::new(keys.profile, &keys.ours),
            }),
            (_, None) => None,
        };
    }

    /// Protects RTP in place; its new length.
    pub fn rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        self.sender.protect(buffer, length)
    }

    /// Protects RTCP in place.
    pub fn rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        self.sender.protect_rtcp(buffer, length)
    }
}
