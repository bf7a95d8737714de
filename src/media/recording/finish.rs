//! After the call: bring the file to the disk, convert it when asked to, digest it, tell.
//! One thread of low priority; nothing waits for it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::Receiver;
use ring::digest::{Context, SHA256};

use super::convert;
use super::digest::{BlockDigest, BlockDigester, hex};
use super::error::RecordingError;
use super::keys::KeyRing;
use super::order::{
    Ending, Format, Mark, RecorderEvent, RecordingId, RecordingSummary, lost_ms, paused_spans,
};
use super::seal::{MAGIC, SEALED_HEADER};
use super::sidecar::{End, Head, Sidecar, sidecar_path};
use super::storage::sync_file;
use super::wav::Content;
use super::writer::Told;

/// A recording whose call is over.
pub(super) struct FinishJob {
    pub(super) id: RecordingId,
    /// Below the root.
    pub(super) path: PathBuf,
    pub(super) length_ms: u64,
    pub(super) format: Format,
    pub(super) marks: Vec<Mark>,
    pub(super) head: Head,
    pub(super) ending: Ending,
    pub(super) why: String,
}

/// What a finished file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileDigest {
    pub(super) octets: u64,
    pub(super) sha256: String,
    pub(super) chain: String,
    pub(super) blocks: Vec<BlockDigest>,
}

/// Octets in front of the digested blocks: headers are covered by the digest of the whole.
fn header_octets(head: &[u8], content: Content) -> u64 {
    match head.starts_with(MAGIC) {
        true => SEALED_HEADER as u64,
        false => content.header_octets(),
    }
}

/// Digests a file as it is. `told` hears of octets read.
pub(super) fn digest_file(
    path: &Path,
    content: Content,
    mut told: impl FnMut(u64),
) -> Result<FileDigest, RecordingError> {
    let io = |e: std::io::Error| RecordingError::io("read", path, &e);
    let mut file = File::open(path).map_err(io)?;
    let (mut whole, mut blocks) = (Context::new(&SHA256), Vec::new());
    let mut digester = BlockDigester::default();
    let mut buffer = vec![0; 128 * 1_024];
    let (mut octets, mut skip) = (0, None);
    loop {
        let count = file.read(&mut buffer).map_err(io)?;
        if count == 0 {
            break;
        }
        let read = &buffer[..count];
        let skip = skip.get_or_insert_with(|| header_octets(read, content) as usize);
        whole.update(read);
        let passed = (*skip).min(count);
        *skip -= passed;
        digester.update(&read[passed..], |block| blocks.push(block));
        octets += count as u64;
        told(count as u64);
    }
    blocks.extend(digester.finish());
    Ok(FileDigest {
        octets,
        sha256: hex(whole.finish().as_ref()),
        chain: digester.chain(),
        blocks,
    })
}

/// The finishing thread's state.
pub(super) struct Finisher {
    pub(super) root: PathBuf,
    pub(super) keys: Option<Arc<KeyRing>>,
    pub(super) told: Told,
}

impl Finisher {
    pub(super) fn run(self, jobs: &Receiver<FinishJob>) {
        lower_priority();
        for job in jobs {
            self.finish(job);
        }
    }

    pub(super) fn finish(&self, mut job: FinishJob) {
        let mut original = None;
        if job.ending == Ending::Finished && job.format.kept() != job.head.content {
            match self.converted(&job) {
                Ok(path) => {
                    original = Some(std::mem::replace(&mut job.path, path));
                    job.head.content = job.format.kept();
                }
                Err(error) => (self.told)(RecorderEvent::NotConverted { id: job.id, error }),
            }
        }
        let summary = match self.summary(&job) {
            Ok(summary) => summary,
            Err(error) => self.unread(&job, &error),
        };
        let whole = summary.ending != Ending::Failed;
        (self.told)(RecorderEvent::Closed(summary));
        if let Some(original) = original.filter(|_| whole) {
            drop(std::fs::remove_file(self.root.join(original)));
        }
    }

    fn converted(&self, job: &FinishJob) -> Result<PathBuf, RecordingError> {
        let path = convert::path_as(&job.path, job.format.kept());
        convert::convert(
            &self.root.join(&job.path),
            &self.root.join(&path),
            job.format.kept(),
            self.keys.as_deref(),
        )?;
        Ok(path)
    }

    fn summary(&self, job: &FinishJob) -> Result<RecordingSummary, RecordingError> {
        close_file(&self.root, job)
    }

    /// A file that cannot be read after it was written.
    fn unread(&self, job: &FinishJob, error: &RecordingError) -> RecordingSummary {
        RecordingSummary {
            id: job.id,
            path: job.path.clone(),
            content: job.head.content,
            length_ms: job.length_ms,
            octets: 0,
            sha256: String::new(),
            chain: String::new(),
            key: job.head.key.clone(),
            lost_ms: lost_ms(&job.marks),
            paused: paused_spans(&job.marks, job.length_ms),
            ending: Ending::Failed,
            why: error.to_string(),
        }
    }
}

/// Digests a closed file, completes its sidecar, and brings both to the disk.
pub(super) fn close_file(root: &Path, job: &FinishJob) -> Result<RecordingSummary, RecordingError> {
    let full = root.join(&job.path);
    sync_file(&full).map_err(|e| RecordingError::io("sync", &full, &e))?;
    let digest = digest_file(&full, job.head.content, |_| {})?;
    let sidecar = Sidecar {
        head: Some(job.head.clone()),
        marks: job.marks.clone(),
        blocks: digest.blocks,
        end: Some(End {
            length_ms: job.length_ms,
            octets: digest.octets,
            sha256: digest.sha256.clone(),
            chain: digest.chain.clone(),
            ending: job.ending,
        }),
    };
    replace(&sidecar_path(&full), sidecar.to_text().as_bytes())?;
    Ok(RecordingSummary {
        id: job.id,
        path: job.path.clone(),
        content: job.head.content,
        length_ms: job.length_ms,
        octets: digest.octets,
        sha256: digest.sha256,
        chain: digest.chain,
        key: job.head.key.clone(),
        lost_ms: lost_ms(&job.marks),
        paused: paused_spans(&job.marks, job.length_ms),
        ending: job.ending,
        why: job.why.clone(),
    })
}

/// Writes a file beside the one of that name, and puts it in its place: old or new, never half.
pub(super) fn replace(path: &Path, octets: &[u8]) -> Result<(), RecordingError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let work = || {
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(octets)?;
        file.sync_all()?;
        std::fs::rename(&part, path)?;
        sync_file(path)
    };
    work().map_err(|e| RecordingError::io("replace", path, &e))
}

/// Conversions and digests run when nothing else wants the processor.
fn lower_priority() {
    // On Linux this is the calling thread's alone; elsewhere the whole process would slow down.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 15) {
        tracing::debug!(%error, "recordings are finished at normal priority");
    }
}
