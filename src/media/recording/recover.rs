//! After a crash: what was being written is made whole, digested, and told as recovered.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::error::RecordingError;
use super::finish::{FinishJob, close_file};
use super::keys::KeyRing;
use super::order::{Ending, Format, RecordingId, RecordingSummary, checked};
use super::seal::{BlockKind, SEALED_HEADER};
use super::sidecar::{Head, Sidecar, sidecar_path};
use super::view::{PlainView, SealedEnd};
use super::wav::{self, Content};
use crate::SAMPLE_RATE_HZ;

/// Repairs the recording a crash left open at `path`, below `root`: the header, or the last
/// sealed block, tells what is there; what is behind it is cut off. Done again, it changes
/// nothing. When the crash came during a conversion and the new file is complete, that one is
/// taken, otherwise the WAV; leftovers of the other are removed.
///
/// # Errors
/// The file system's; no file; a file that is no recording; a key that is not at hand.
pub fn recover(
    root: &Path,
    path: &Path,
    id: RecordingId,
    keys: Option<&KeyRing>,
) -> Result<RecordingSummary, RecordingError> {
    checked(path)?;
    let path = &settle_conversion(root, path, keys)?;
    let full = root.join(path);
    let mut view = PlainView::open(&full, keys)?;
    let content = view.content();
    let sidecar = Sidecar::read(&full)?;
    let sealed_key = view.is_sealed().then(|| key_id(&full)).transpose()?;
    let length_ms = match content.frame_octets() {
        None => sidecar.end.as_ref().map_or(0, |end| end.length_ms),
        Some(frame) => {
            let octets = if view.is_sealed() {
                repair_sealed(&full, view)?
            } else {
                repair_wav(&full, content, frame)?
            };
            view = PlainView::open(&full, keys)?;
            debug_assert_eq!(view.octets(), octets);
            octets / frame * 1_000 / u64::from(SAMPLE_RATE_HZ)
        }
    };
    let head = Head {
        content,
        ..sidecar.head.unwrap_or(Head {
            version: 1,
            id,
            started_ms: 0,
            content,
            key: sealed_key,
            about: std::collections::BTreeMap::new(),
        })
    };
    let job = FinishJob {
        id,
        path: path.clone(),
        length_ms,
        format: Format::default(),
        marks: sidecar.marks,
        head,
        ending: Ending::Recovered,
        why: "the node ended during the call".to_owned(),
    };
    let summary = close_file(root, &job)?;
    let changed = sidecar
        .blocks
        .iter()
        .zip(Sidecar::read(&full)?.blocks)
        // A last, shorter block was closed at an end that may have been repaired since.
        .find(|(then, now)| then.octets == now.octets && then.sha256 != now.sha256);
    if let Some((block, _)) = changed.filter(|_| content.frame_octets().is_some()) {
        return Ok(RecordingSummary {
            why: format!("block {} is not what was written", block.n),
            ..summary
        });
    }
    Ok(summary)
}

fn key_id(full: &Path) -> Result<String, RecordingError> {
    let io = |e: std::io::Error| RecordingError::io("read", full, &e);
    let mut head = [0; SEALED_HEADER];
    File::open(full)
        .and_then(|file| file.read_exact_at(&mut head, 0))
        .map_err(io)?;
    Ok(super::digest::hex(&head[32..48]))
}

/// Which of a WAV and the file made from it counts, when a crash came between the two.
fn settle_conversion(
    root: &Path,
    path: &Path,
    keys: Option<&KeyRing>,
) -> Result<PathBuf, RecordingError> {
    let exists = |path: &Path| root.join(path).exists();
    let made = [Content::Flac, Content::Opus]
        .map(|content| super::convert::path_as(path, content))
        .into_iter()
        .find(|made| made != path && exists(made));
    drop(std::fs::remove_file(part_of(&sidecar_path(
        &root.join(path),
    ))));
    let Some(made) = made else {
        for content in [Content::Flac, Content::Opus] {
            let part = part_of(&root.join(super::convert::path_as(path, content)));
            drop(std::fs::remove_file(part));
        }
        return Ok(path.to_owned());
    };
    // It was renamed only after it was verified and on the disk; the WAV is still the better
    // witness while it is there.
    let whole = PlainView::open(&root.join(&made), keys).is_ok();
    if exists(path) || !whole {
        drop(std::fs::remove_file(root.join(&made)));
        return Ok(path.to_owned());
    }
    Ok(made)
}

fn part_of(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    PathBuf::from(part)
}

/// Makes header and length agree; octets of audio.
fn repair_wav(full: &Path, content: Content, frame: u64) -> Result<u64, RecordingError> {
    let io = |e: std::io::Error| RecordingError::io("repair", full, &e);
    let file = File::options().write(true).open(full).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    // A tail the header does not know was written whole or in part: whole samples of it count.
    let octets = length.saturating_sub(content.header_octets()) / frame * frame;
    file.set_len(content.header_octets() + octets).map_err(io)?;
    file.write_all_at(&wav::header(content, octets), 0)
        .map_err(io)?;
    Ok(octets)
}

/// Cuts a torn tail off and seals the end; octets of audio.
fn repair_sealed(full: &Path, mut view: PlainView) -> Result<u64, RecordingError> {
    if let Some(SealedEnd::Whole { .. }) = view.sealed_end()
        && view.check_seal(|_| {}).is_empty()
    {
        return Ok(view.octets());
    }
    let io = |e: std::io::Error| RecordingError::io("repair", full, &e);
    let (blocks, octets, end) = view.whole_prefix();
    let mut last = Vec::new();
    if let Some(mut key) = view.into_key() {
        key.resume(blocks, octets);
        key.seal_end(BlockKind::Repaired, &mut last)
            .map_err(|_| RecordingError::Damaged {
                path: full.to_owned(),
                at_ms: 0,
                why: "the cipher refuses the last block".to_owned(),
            })?;
    }
    let mut file = File::options().write(true).open(full).map_err(io)?;
    file.set_len(end).map_err(io)?;
    file.seek(SeekFrom::End(0)).map_err(io)?;
    file.write_all(&last).map_err(io)?;
    Ok(octets)
}
