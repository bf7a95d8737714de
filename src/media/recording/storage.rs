//! The disk as the writers see it: behind a trait, so that tests can stall or fill it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

/// Where recordings are written.
pub trait Storage: Send + Sync {
    /// Makes a file that must not exist yet, with its directories, readable by this user alone.
    ///
    /// # Errors
    /// The system's.
    fn create(&self, path: &Path) -> io::Result<Box<dyn StoredFile>>;

    /// Brings everything written below `root` to the disk.
    ///
    /// # Errors
    /// The system's.
    fn sync_all(&self, root: &Path) -> io::Result<()>;
}

/// A file being written.
pub trait StoredFile: Send {
    /// Writes all octets at an offset.
    ///
    /// # Errors
    /// The system's; how much was written is unknown then.
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()>;

    /// Cuts the file off, or lengthens it.
    ///
    /// # Errors
    /// The system's.
    fn set_len(&mut self, octets: u64) -> io::Result<()>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileStorage;

impl Storage for FileStorage {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        if let Some(parent) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(parent)?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        Ok(Box::new(file))
    }

    #[cfg(target_os = "linux")]
    fn sync_all(&self, root: &Path) -> io::Result<()> {
        // One call for all open recordings, instead of one a file.
        rustix::fs::syncfs(File::open(root)?).map_err(Into::into)
    }

    #[cfg(not(target_os = "linux"))]
    fn sync_all(&self, _root: &Path) -> io::Result<()> {
        rustix::fs::sync();
        Ok(())
    }
}

impl StoredFile for File {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.write_all_at(octets, offset)
    }

    fn set_len(&mut self, octets: u64) -> io::Result<()> {
        File::set_len(self, octets)
    }
}

/// Brings a file and its name to the disk.
pub(super) fn sync_file(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
