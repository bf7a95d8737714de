//! Session keys from a master key (RFC 3711 section 4.3), derived once.

use std::fmt;

use aes::Aes128;
use aes::cipher::{InnerIvInit as _, KeyInit as _, StreamCipherCore as _};
use ctr::{CtrCore, flavors};
use hmac::Hmac;

use super::{Profile, Suite};

/// Master key (16 octets) and master salt (14). Never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKey([u8; 30]);

impl MasterKey {
    /// Key and salt as SDP has them.
    #[must_use]
    pub fn new(key_and_salt: [u8; 30]) -> Self {
        Self(key_and_salt)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(secret)")
    }
}

/// What a leg's packets of one direction are protected with.
pub(super) struct SessionKeys {
    pub(super) profile: Profile,
    pub(super) rtp: Suite,
    pub(super) rtcp: Suite,
}

impl SessionKeys {
    pub(super) fn derive(profile: Profile, master: &MasterKey) -> Self {
        Self {
            profile,
            rtp: suite(master, 0),
            rtcp: suite(master, 3),
        }
    }
}

/// Encryption, authentication and salt keys have labels in a row.
fn suite(master: &MasterKey, label: u8) -> Suite {
    let key: [u8; 16] = derive(master, label);
    let auth: [u8; 20] = derive(master, label + 1);
    // HMAC pads a key to its block of 64 octets: the same, and this way cannot fail.
    let mut padded = [0; 64];
    padded[..20].copy_from_slice(&auth);
    Suite {
        cipher: Aes128::new(&key.into()),
        salt: derive(master, label + 2),
        mac: Hmac::new(&padded.into()),
    }
}

/// The pseudo-random function: AES in counter mode over zeros (section 4.3.3), key derivation
/// rate zero.
fn derive<const N: usize>(master: &MasterKey, label: u8) -> [u8; N] {
    let (key, salt) = master.0.split_at(16);
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(salt);
    iv[7] ^= label;
    let mut master = [0; 16];
    master.copy_from_slice(key);
    let mut out = [0; N];
    key_stream(&Aes128::new(&master.into()), iv, &mut out);
    out
}

/// AES in counter mode, applied to data in place.
pub(super) fn key_stream(cipher: &Aes128, iv: [u8; 16], data: &mut [u8]) {
    let core = CtrCore::<&Aes128, flavors::Ctr128BE>::inner_iv_init(cipher, &iv.into());
    core.apply_keystream_partial(data.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        let mut out = [0; N];
        for (octet, at) in out.iter_mut().zip((0..).step_by(2)) {
            *octet = u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        }
        out
    }

    /// RFC 3711 appendix B.3.
    #[test]
    fn keys_are_derived_as_the_rfc_shows() {
        let master = MasterKey(hex(
            "E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6",
        ));
        let key: [u8; 16] = derive(&master, 0);
        assert_eq!(key, hex::<16>("C61E7A93744F39EE10734AFE3FF7A087"));
        let salt: [u8; 14] = derive(&master, 2);
        assert_eq!(salt, hex::<14>("30CBBC08863D8C85D49DB34A9AE1"));
        let auth: [u8; 20] = derive(&master, 1);
        assert_eq!(auth, hex::<20>("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    }

    /// RFC 3711 appendix B.2: the key stream of AES in counter mode.
    #[test]
    fn the_key_stream_is_the_one_of_the_rfc() {
        let suite = Suite {
            cipher: Aes128::new(&hex("2B7E151628AED2A6ABF7158809CF4F3C").into()),
            salt: hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"),
            mac: Hmac::new(&[0; 64].into()),
        };
        let mut stream = [0; 48];
        suite.crypt(0, 0, &mut stream);
        let shown = "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB\
                     41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(stream, hex::<48>(shown));
    }

    #[test]
    fn keys_are_never_shown() {
        let shown = format!("{:?}", MasterKey([0x41; 30]));
        assert_eq!(shown, "MasterKey(secret)");
    }
}
