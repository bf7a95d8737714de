//! Is a recording still what was written? Digests, the chain, and the tags of a sealed one.

use std::path::Path;

use super::error::RecordingError;
use super::finish::{FileDigest, digest_file};
use super::keys::KeyRing;
use super::sidecar::Sidecar;
use super::view::PlainView;
use super::wav::Content;
use crate::SAMPLE_RATE_HZ;

/// What the store knows of a finished recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What the file holds.
    pub content: Content,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Last link of the chain, hexadecimal.
    pub chain: String,
    /// Size of the file.
    pub octets: u64,
    /// Length.
    pub length_ms: u64,
    /// It is sealed.
    pub sealed: bool,
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The digest block, when one is known.
    pub block: Option<u64>,
    /// From where in the recording, when it can be told. About, in a compressed file.
    pub from_ms: Option<u64>,
    /// To where.
    pub to_ms: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Everything that is wrong; empty when the file is what was written.
    pub faults: Vec<Fault>,
    /// The tags of a sealed file were checked too: its key was at hand.
    pub tags_checked: bool,
}

/// Verifies a file against what the store knows of it. `told` hears how many octets were read.
/// A sealed file whose key is not at hand is verified by its digests alone.
///
/// # Errors
/// The file or its sidecar cannot be read at all.
pub fn verify(
    path: &Path,
    expected: &Expected,
    keys: Option<&KeyRing>,
    mut told: impl FnMut(u64),
) -> Result<Verified, RecordingError> {
    let found = digest_file(path, expected.content, &mut told)?;
    let mut verified = Verified::default();
    if found.sha256 == expected.sha256 && found.octets == expected.octets {
        check_chain(expected, &found, &mut verified);
    } else {
        locate(path, expected, &found, &mut verified)?;
    }
    if expected.sealed && keys.is_some() {
        match PlainView::open(path, keys) {
            Ok(mut view) => {
                verified.tags_checked = true;
                let faults = view.check_seal(&mut told);
                verified.faults.extend(faults.iter().map(fault_of));
            }
            Err(RecordingError::NoKey { .. }) => {}
            Err(error) => verified.faults.push(fault_of(&error)),
        }
    }
    Ok(verified)
}

fn fault_of(error: &RecordingError) -> Fault {
    let at = match error {
        RecordingError::Damaged { at_ms, .. } => Some(*at_ms),
        _ => None,
    };
    Fault {
        block: None,
        from_ms: at,
        to_ms: at,
        what: error.to_string(),
    }
}

/// The file is whole: so must be the chain the store keeps.
fn check_chain(expected: &Expected, found: &FileDigest, verified: &mut Verified) {
    if found.chain != expected.chain {
        verified.faults.push(Fault {
            block: None,
            from_ms: None,
            to_ms: None,
            what: "the file has its digest, but the chain of its blocks is another: the entry in the store was changed".to_owned(),
        });
    }
}

/// Says which blocks are wrong, by the sidecar, if the sidecar itself can be trusted.
fn locate(
    path: &Path,
    expected: &Expected,
    found: &FileDigest,
    verified: &mut Verified,
) -> Result<(), RecordingError> {
    let whole = |what: String| Fault {
        block: None,
        from_ms: None,
        to_ms: None,
        what,
    };
    let before = verified.faults.len();
    if found.octets != expected.octets {
        let (is, was) = (found.octets, expected.octets);
        verified
            .faults
            .push(whole(format!("it has {is} octets, {was} were written")));
    }
    let blocks = Sidecar::read(path)?.blocks;
    let mut digester = Vec::new();
    digester.extend(blocks.iter().map(|b| b.sha256.as_str()));
    let trusted = blocks
        .last()
        .is_some_and(|last| last.chain == expected.chain)
        && chain_of(&digester).as_deref() == Some(expected.chain.as_str());
    if !trusted {
        verified.faults.push(whole(
            "its digest differs; where cannot be told, because its sidecar is missing or was changed too"
                .to_owned(),
        ));
        return Ok(());
    }
    let total: u64 = blocks.iter().map(|b| b.octets).sum();
    let time = |octets: u64| match expected.content.frame_octets() {
        Some(frame) if !expected.sealed => octets / frame * 1_000 / u64::from(SAMPLE_RATE_HZ),
        _ => octets * expected.length_ms / total.max(1),
    };
    let mut from = 0;
    for (n, block) in blocks.iter().enumerate() {
        let same = found
            .blocks
            .get(n)
            .is_some_and(|now| now.sha256 == block.sha256 && now.octets == block.octets);
        let to = from + block.octets;
        if !same {
            verified.faults.push(Fault {
                block: Some(n as u64),
                from_ms: Some(time(from)),
                to_ms: Some(time(to)),
                what: "its digest differs".to_owned(),
            });
        }
        from = to;
    }
    if verified.faults.len() == before {
        let header = "its header was changed; the audio is what was written".to_owned();
        verified.faults.push(whole(header));
    }
    Ok(())
}

/// The last link of a chain over these digests.
fn chain_of(digests: &[&str]) -> Option<String> {
    use ring::digest::{Context, SHA256};
    let mut link = [0u8; 32];
    for digest in digests {
        let mut context = Context::new(&SHA256);
        context.update(&link);
        for pair in digest.as_bytes().chunks(2) {
            let octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
            context.update(&[octet]);
        }
        link.copy_from_slice(context.finish().as_ref());
    }
    Some(super::digest::hex(&link))
}
