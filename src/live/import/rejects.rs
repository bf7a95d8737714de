//! The file of rows that were not loaded.

use super::ImportError;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// `FILE.rejects.csv`, made with the first rejected row; one of an earlier run is removed.
pub(super) struct Rejects {
    path: PathBuf,
    writer: Option<csv::Writer<BufWriter<File>>>,
    /// Rows written.
    pub(super) rows: u64,
}

impl Rejects {
    pub(super) fn beside(file: &Path) -> Result<Self, ImportError> {
        let mut name = file.as_os_str().to_owned();
        name.push(".rejects.csv");
        let path = PathBuf::from(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(ImportError::Rejects { file: path, source })
            }
            _ => Ok(Self {
                path,
                writer: None,
                rows: 0,
            }),
        }
    }

    /// Writes a row: line in the source, reason, and the row octet for octet in one field.
    pub(super) fn write(&mut self, line: u64, reason: &str, raw: &[u8]) -> Result<(), ImportError> {
        let failed = |path: &Path, source| ImportError::Rejects {
            file: path.to_owned(),
            source,
        };
        let writer = match &mut self.writer {
            Some(writer) => writer,
            empty => {
                let file = File::create(&self.path).map_err(|e| failed(&self.path, e))?;
                let mut writer = csv::Writer::from_writer(BufWriter::new(file));
                writer
                    .write_record(["line", "reason", "row"])
                    .map_err(|e| failed(&self.path, e.into()))?;
                empty.insert(writer)
            }
        };
        let number = line.to_string();
        writer
            .write_record([number.as_bytes(), reason.as_bytes(), raw])
            .map_err(|e| failed(&self.path, e.into()))?;
        self.rows += 1;
        Ok(())
    }

    /// Writes what is buffered; the file, when there is one.
    pub(super) fn finish(mut self) -> Result<Option<PathBuf>, ImportError> {
        let Some(writer) = &mut self.writer else {
            return Ok(None);
        };
        match writer.flush() {
            Ok(()) => Ok(Some(self.path)),
            Err(source) => Err(ImportError::Rejects {
                file: self.path,
                source,
            }),
        }
    }
}
