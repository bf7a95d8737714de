//! SHA-256 of recordings: of the whole, and of blocks in a chain, so that damage is not only
//! found but located.
//!
//! Source: FIPS 180-4. Each link of the chain is the digest of the link before and the block's
//! digest; whoever knows the last link can tell that no block was changed, added, dropped or
//! moved.

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

/// Octets of a file in one digest: 5 s of 16-bit audio, 10 s of G.711.
pub const DIGEST_BLOCK: u64 = 160_000;

/// Octets as hexadecimal digits.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    let digit = |d: u8| char::from(b"0123456789abcdef"[usize::from(d)]);
    octets
        .iter()
        .flat_map(|o| [digit(o >> 4), digit(o & 15)])
        .collect()
}

/// One block's digest and the chain up to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockDigest {
    /// Its number, from 0.
    pub n: u64,
    /// Its octets: [`DIGEST_BLOCK`], or less in the last one.
    pub octets: u64,
    /// Its digest, hexadecimal.
    pub sha256: String,
    /// The chain's link, hexadecimal.
    pub chain: String,
}

/// Digests octets by blocks, in a chain.
pub struct BlockDigester {
    context: Context,
    octets: u64,
    next: u64,
    chain: [u8; 32],
}

impl std::fmt::Debug for BlockDigester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockDigester")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl Default for BlockDigester {
    fn default() -> Self {
        Self {
            context: Context::new(&SHA256),
            octets: 0,
            next: 0,
            chain: [0; 32],
        }
    }
}

impl BlockDigester {
    /// Takes in octets; tells each block that became whole.
    pub fn update(&mut self, mut octets: &[u8], mut whole: impl FnMut(BlockDigest)) {
        while !octets.is_empty() {
            let room = (DIGEST_BLOCK - self.octets).min(octets.len() as u64) as usize;
            let (now, rest) = octets.split_at(room);
            self.context.update(now);
            self.octets += room as u64;
            octets = rest;
            if self.octets == DIGEST_BLOCK {
                whole(self.close());
            }
        }
    }

    /// The last block, if it holds anything.
    pub fn finish(&mut self) -> Option<BlockDigest> {
        (self.octets > 0).then(|| self.close())
    }

    /// The chain's last link, hexadecimal.
    #[must_use]
    pub fn chain(&self) -> String {
        hex(&self.chain)
    }

    fn close(&mut self) -> BlockDigest {
        let context = std::mem::replace(&mut self.context, Context::new(&SHA256));
        let digest = context.finish();
        let mut link = Context::new(&SHA256);
        link.update(&self.chain);
        link.update(digest.as_ref());
        self.chain.copy_from_slice(link.finish().as_ref());
        let block = BlockDigest {
            n: self.next,
            octets: self.octets,
            sha256: hex(digest.as_ref()),
            chain: hex(&self.chain),
        };
        self.next += 1;
        self.octets = 0;
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_the_published_digest() {
        // FIPS 180-4, example "abc".
        let mut digester = BlockDigester::default();
        digester.update(b"abc", |_| panic!("not whole"));
        let block = digester.finish().expect("three octets");
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((block.sha256.as_str(), block.octets), (abc, 3));
    }

    #[test]
    fn cuts_do_not_matter_and_order_does() {
        let data: Vec<u8> = (0..400_000u32).map(|i| (i / 7) as u8).collect();
        let digest = |pieces: &[&[u8]]| {
            let (mut digester, mut blocks) = (BlockDigester::default(), Vec::new());
            pieces
                .iter()
                .for_each(|p| digester.update(p, |b| blocks.push(b)));
            blocks.extend(digester.finish());
            (blocks, digester.chain())
        };
        let (blocks, chain) = digest(&[&data]);
        assert_eq!(blocks.len(), 3);
        assert_eq!(blocks[2].chain, chain);
        let (a, b) = data.split_at(123_457);
        assert_eq!(digest(&[a, b]), (blocks, chain.clone()));
        assert_ne!(digest(&[b, a]).1, chain);
    }
}
