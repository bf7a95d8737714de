//! Reads `[recording]`.

use super::section::{Item, Section};
use super::settings::RecordingConfig;
use super::value;
use carillon_media::recording::Format;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) fn recording(root: &Section<'_>, data_dir: &Path) -> RecordingConfig {
    let mut recording = RecordingConfig::default();
    let directory = root.doc.directory();
    if let Some(table) = root.section("recording") {
        let path = |key| table.string(key).map(PathBuf::from);
        recording.root = path("root").unwrap_or(recording.root);
        recording.format = table.choice("format", &FORMATS).unwrap_or(recording.format);
        recording.key_file = path("key_file").map(|file| directory.join(file));
        if let Some(item) = table.get("old_key_files") {
            let files = item.list("a list of key files");
            let files = files.iter().filter_map(Item::string);
            recording.old_key_files = files.map(|file| directory.join(file)).collect();
            if recording.key_file.is_none() {
                item.fault(
                    "`old_key_files` without `key_file` does nothing",
                    "name the key for new recordings as well: key_file = \"recording.key\"",
                );
            }
        }
        recording.sync_every = table
            .duration("sync_every", 1..=300)
            .unwrap_or(recording.sync_every);
        recording.writers = table
            .u32("writers", 1..=16)
            .map_or(recording.writers, |n| n as usize);
        if let Some(classes) = table.section("class") {
            for (name, _, item) in classes.entries() {
                if let Some(class) = item.section() {
                    let keep = class.get("keep").and_then(|item| keep(&item));
                    class.finish(&[]);
                    recording.classes.extend(keep.map(|k| (name.to_owned(), k)));
                }
            }
        }
        table.finish(&[]);
    }
    recording.root = data_dir.join(recording.root);
    recording
}

const FORMATS: [(&str, Format); 5] = [
    ("wav", Format::Wav),
    ("wav_mulaw", Format::WavMulaw),
    ("wav_alaw", Format::WavAlaw),
    ("flac", Format::Flac),
    ("opus", Format::Opus),
];

/// `90d`, or `forever`.
fn keep(item: &Item<'_>) -> Option<Option<Duration>> {
    let read = match item.text() {
        Some("forever") => Some(None),
        text => text
            .and_then(value::span)
            .filter(|span| *span >= Duration::from_secs(3_600))
            .map(Some),
    };
    if read.is_none() {
        item.expected("a span of at least an hour, such as \"90d\", or \"forever\"");
    }
    read
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;
    use crate::config::Config;
    use carillon_media::recording::Format;
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn classes_keys_and_paths_are_read() {
        let text = "[recording]\nroot = \"rec\"\nformat = \"flac\"\nkey_file = \"k1\"\n\
            old_key_files = [\"k0\"]\nsync_every = \"2s\"\nwriters = 4\n\
            [recording.class.short]\nkeep = \"30d\"\n[recording.class.court]\nkeep = \"forever\"\n";
        let config = Config::parse(Path::new("/etc/c/c.toml"), text).expect("it is right");
        let recording = config.recording;
        assert_eq!(recording.root, Path::new("/etc/c/data/rec"));
        assert_eq!(recording.format, Format::Flac);
        assert_eq!(recording.key_file.as_deref(), Some(Path::new("/etc/c/k1")));
        assert_eq!(recording.old_key_files, [Path::new("/etc/c/k0")]);
        let day = Duration::from_secs(86_400);
        assert_eq!(recording.keep("short"), Some(30 * day));
        assert_eq!(recording.keep("court"), None);
        assert_eq!(recording.keep("standard"), Some(90 * day));
        // The house policy of banks: three years.
        assert_eq!(recording.keep("bank"), Some(1_096 * day));
        assert_eq!(recording.keep("unheard of"), None, "kept rather than lost");
    }

    #[test]
    fn every_format_has_its_name() {
        for (name, format) in super::FORMATS {
            let text = format!("[recording]\nformat = \"{name}\"\n");
            let config = Config::parse(Path::new("/etc/c/c.toml"), &text).expect("it is right");
            assert_eq!(config.recording.format, format);
        }
    }

    #[test]
    fn mistakes_are_named() {
        refused(
            "[recording]\nformat = \"mp3\"\n",
            &["format", "flac", "opus"],
        );
        refused("[recording]\nold_key_files = [\"a\"]\n", &["key_file"]);
        refused("[recording.class.x]\nkeep = \"1m\"\n", &["keep", "forever"]);
    }
}
