//! From the WAV of a call to FLAC or Opus: written beside it, read back, and only then put in
//! its place.

use std::path::{Path, PathBuf};

use super::error::RecordingError;
use super::flac;
use super::keys::KeyRing;
use super::opus_file;
use super::view::PlainView;
use super::wav::{self, Content};

/// Octets of a compressed file in one sealed block.
const SEALED_PIECE: usize = 64 * 1_024;

/// The name a recording's file has as other content.
pub(super) fn path_as(path: &Path, content: Content) -> PathBuf {
    let sealed = path.extension().is_some_and(|e| e == "sealed");
    let plain = if sealed {
        path.with_extension("")
    } else {
        path.to_owned()
    };
    let mut renamed = plain.with_extension(content.extension()).into_os_string();
    if sealed {
        renamed.push(".sealed");
    }
    PathBuf::from(renamed)
}

/// Reads a recording in stretches of interleaved samples.
pub struct Samples<'a> {
    view: &'a mut PlainView,
    offset: u64,
    octets: Vec<u8>,
}

impl<'a> Samples<'a> {
    /// From the beginning. The view must hold WAV audio.
    #[must_use]
    pub fn new(view: &'a mut PlainView) -> Self {
        Self {
            view,
            offset: 0,
            octets: Vec::new(),
        }
    }

    /// Appends up to `frames` samples of both channels; answers how many, 0 at the end.
    ///
    /// # Errors
    /// As [`PlainView::read_at`].
    pub fn read(&mut self, frames: usize, out: &mut Vec<i16>) -> Result<usize, RecordingError> {
        let content = self.view.content();
        let frame = content.frame_octets().unwrap_or(4) as usize;
        self.octets.resize(frames * frame, 0);
        let count = self.view.read_at(self.offset, &mut self.octets)?;
        let whole = count - count % frame;
        wav::decode(content, &self.octets[..whole], out);
        self.offset += whole as u64;
        Ok(whole / frame)
    }
}

/// Converts `from` to `to`, sealed when `from` is. On error there is no `to`.
pub(super) fn convert(
    from: &Path,
    to: &Path,
    content: Content,
    keys: Option<&KeyRing>,
) -> Result<(), RecordingError> {
    let mut view = PlainView::open(from, keys)?;
    let failed = |why: String| RecordingError::Conversion {
        path: from.to_owned(),
        why,
    };
    let octets = match content {
        Content::Flac => {
            let octets = flac::encode(&mut view).map_err(failed)?;
            flac::verify(&octets, &mut view).map_err(failed)?;
            octets
        }
        Content::Opus => {
            let octets = opus_file::encode(&mut view).map_err(failed)?;
            opus_file::verify(&octets, &mut view).map_err(failed)?;
            octets
        }
        Content::Pcm16 | Content::Mulaw | Content::Alaw => {
            return Err(failed("WAV is not converted to WAV".to_owned()));
        }
    };
    let octets = match keys.filter(|_| view.is_sealed()) {
        Some(keys) => seal(&octets, content, keys).map_err(|why| failed(why.to_owned()))?,
        None => octets,
    };
    super::finish::replace(to, &octets)?;
    // What counts is what is on the disk.
    let read = std::fs::read(to).map_err(|e| RecordingError::io("read", to, &e))?;
    if read != octets {
        drop(std::fs::remove_file(to));
        return Err(failed("the new file reads back otherwise".to_owned()));
    }
    Ok(())
}

/// A whole file, sealed.
pub(super) fn seal(
    octets: &[u8],
    content: Content,
    keys: &KeyRing,
) -> Result<Vec<u8>, &'static str> {
    let refused = "the cipher refuses";
    let (mut key, header) =
        super::seal::FileKey::create(keys.current(), content).map_err(|_| refused)?;
    let mut out = header.to_vec();
    for piece in octets.chunks(SEALED_PIECE) {
        key.seal(piece, &mut out).map_err(|_| refused)?;
    }
    key.seal_end(super::seal::BlockKind::Final, &mut out)
        .map_err(|_| refused)?;
    Ok(out)
}
