//! The recorder on a disk that stalls or fills on command.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use super::recorder_tests::{Bench, expected_tenths, ring, samples_of, tenths};
use super::*;

/// A disk whose writes wait while the gate is shut, or fail once so many octets are on it.
struct OddDisk {
    shut: Mutex<bool>,
    opened: Condvar,
    room: AtomicU64,
}

struct OddFile(Arc<OddDisk>, Box<dyn StoredFile>);

struct OddStorage(Arc<OddDisk>);

impl OddDisk {
    fn new(room: u64) -> Arc<Self> {
        Arc::new(Self {
            shut: Mutex::new(false),
            opened: Condvar::new(),
            room: AtomicU64::new(room),
        })
    }

    fn shut(&self, shut: bool) {
        *self.shut.lock().expect("no panic") = shut;
        self.opened.notify_all();
    }
}

impl Storage for OddStorage {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        let file = FileStorage.create(path)?;
        Ok(Box::new(OddFile(self.0.clone(), file)))
    }

    fn sync_all(&self, _root: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl StoredFile for OddFile {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        let shut = self.0.shut.lock().expect("no panic");
        drop(self.0.opened.wait_while(shut, |shut| *shut));
        let room = self.0.room.load(Ordering::Relaxed);
        if offset + octets.len() as u64 > room {
            // As a full disk does: a part is written.
            let part = room.saturating_sub(offset).min(octets.len() as u64);
            self.1.write_at(offset, &octets[..part as usize])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.1.write_at(offset, octets)
    }

    fn set_len(&mut self, octets: u64) -> io::Result<()> {
        self.1.set_len(octets)
    }
}

#[test]
fn a_stalled_disk_holds_nobody_up_and_the_loss_is_told() {
    let disk = OddDisk::new(u64::MAX);
    let mut bench = Bench::new(|c| {
        c.storage = Arc::new(OddStorage(disk.clone()));
        c.writers = 1;
        // A second of audio.
        c.queued_max = 32_000;
    });
    bench.start(1, Format::Wav);
    bench.feed(1, 0..2);
    bench.wait(|e| matches!(e, RecorderEvent::Opened { .. }));
    disk.shut(true);
    // This returns although nothing is written: the listener never waits.
    bench.feed(1, 2..40);
    bench.wait(|e| *e == RecorderEvent::Losing(true));
    disk.shut(false);
    // The writer is asked to do what it has; then there is room again.
    let mut tenth = 40;
    while !bench
        .events
        .lock()
        .expect("no panic")
        .contains(&RecorderEvent::Losing(false))
    {
        bench.feed(1, tenth..tenth + 1);
        tenth += 1;
    }
    bench.feed(1, tenth..tenth + 2);
    let summary = bench.summary(1);
    assert_eq!(summary.ending, Ending::Finished);
    assert_eq!(summary.length_ms, (tenth + 2) * 100, "time goes on");
    assert!(summary.lost_ms >= 2_000, "{summary:?}");
    let heard = tenths(&samples_of(&bench.path(&summary), None));
    let wanted = expected_tenths(0..tenth + 2);
    assert_eq!(heard[..10], wanted[..10]);
    assert_eq!(heard[tenth as usize..], wanted[tenth as usize..]);
    let silent = heard.iter().filter(|t| **t == (None, None)).count() as u64;
    assert!(
        silent.abs_diff(summary.lost_ms / 100) <= 1,
        "{silent} tenths are silent"
    );
}

#[test]
fn all_recordings_together_are_bounded_too() {
    let disk = OddDisk::new(u64::MAX);
    let mut bench = Bench::new(|c| {
        c.storage = Arc::new(OddStorage(disk.clone()));
        c.queued_total_max = 64_000;
    });
    (1..=4).for_each(|id| bench.start(id, Format::Wav));
    bench.feed(1, 0..1);
    disk.shut(true);
    (1..=4).for_each(|id| bench.feed(id, 1..10));
    bench.wait(|e| *e == RecorderEvent::Losing(true));
    disk.shut(false);
    let events = bench.close();
    let lost: u64 = events
        .iter()
        .map(|event| match event {
            RecorderEvent::Closed(summary) => summary.lost_ms,
            _ => 0,
        })
        .sum();
    // 3.7 s were spoken, 2 s fit.
    assert!((1_500..=2_200).contains(&lost), "{lost} ms");
}

#[test]
fn a_full_disk_ends_the_recording_and_leaves_what_was_said() {
    for sealed in [false, true] {
        let keys = sealed.then(ring);
        let disk = OddDisk::new(100_000);
        let mut bench = Bench::new(|c| {
            c.storage = Arc::new(OddStorage(disk.clone()));
            c.keys = keys.clone();
        });
        bench.start(1, Format::Wav);
        bench.feed(1, 0..60);
        bench.wait(|e| matches!(e, RecorderEvent::Broken { error, .. } if error.code() == "recording_disk_full"));
        let summary = bench.summary(1);
        assert_eq!(summary.ending, Ending::Failed);
        assert!((2_900..=3_130).contains(&summary.length_ms), "{summary:?}");
        let heard = tenths(&samples_of(&bench.path(&summary), keys.as_deref()));
        let whole = summary.length_ms / 100;
        assert_eq!(heard[..whole as usize], expected_tenths(0..whole)[..]);
    }
}
