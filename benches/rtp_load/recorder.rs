//! Recordings of all calls through the real recorder, on a real disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use carillon_media::recording::{
    Ending, Format, Keeper, RecorderConfig, RecorderEvent, RecorderThreads, RecordingId,
    RecordingOrder, start_recorder,
};
use carillon_media::tap::TapEvent;

/// Calls go on while the last packets are awaited.
const SECONDS_MORE: u64 = 12;
/// Octets of a second of 16-bit stereo at 8 kHz.
const OCTETS_A_SECOND: u64 = 32_000;
/// More than this is not written: a bench fills no disk.
const MOST_OCTETS: u64 = 2_000_000_000;

/// What was written.
#[derive(Default)]
pub struct Written {
    pub files: u64,
    pub octets: u64,
    pub failed: u64,
    pub lost_ms: u64,
    pub shortest_ms: u64,
}

/// The recorder while it runs.
pub struct Recording {
    /// Ours, below what was asked for: it is removed at the end.
    root: PathBuf,
    keeper: Keeper,
    threads: RecorderThreads,
    told: Receiver<RecorderEvent>,
}

/// Says why so many calls for so long are not recorded.
pub fn too_much(calls: usize, seconds: u64) -> Option<String> {
    let octets = calls as u64 * (seconds + SECONDS_MORE) * OCTETS_A_SECOND;
    (octets > MOST_OCTETS).then(|| {
        format!(
            "{calls} recordings of {seconds} s are {} MB, more than {} MB: take fewer calls or \
             seconds",
            octets / 1_000_000,
            MOST_OCTETS / 1_000_000
        )
    })
}

impl Recording {
    /// Records every tap from 0 up to `calls` below `dir`, unsealed, as the node does by default.
    pub fn start(
        dir: &Path,
        calls: usize,
        taps: crossbeam_channel::Receiver<TapEvent>,
    ) -> std::io::Result<Self> {
        let root = dir.join(format!("rtp-load-{}", std::process::id()));
        let (tell, told) = channel();
        let tell = move |event| drop(tell.send(event));
        let config = RecorderConfig::new(root.clone(), Arc::new(tell));
        let (recorder, ears, threads) = start_recorder(config)?;
        let keeper = Keeper::start(taps, Arc::new(Instant::now), vec![Box::new(ears)])?;
        for call in 0..calls as u64 {
            recorder.start(RecordingOrder {
                id: RecordingId(call),
                tap: call,
                at: Instant::now(),
                started_ms: 0,
                stem: PathBuf::from(format!("{}/{call}", call / 100)),
                format: Format::Wav,
                about: BTreeMap::new(),
            });
        }
        Ok(Self {
            root,
            keeper,
            threads,
            told,
        })
    }

    /// Ends all recordings, counts what was written, and removes it.
    pub fn finish(self) -> Written {
        self.keeper.stop();
        self.threads.close();
        let mut written = Written {
            shortest_ms: u64::MAX,
            ..Written::default()
        };
        for event in self.told.try_iter() {
            match event {
                RecorderEvent::Closed(summary) => {
                    written.files += 1;
                    written.octets += summary.octets;
                    written.lost_ms += summary.lost_ms;
                    written.shortest_ms = written.shortest_ms.min(summary.length_ms);
                    written.failed += u64::from(summary.ending != Ending::Finished);
                }
                RecorderEvent::NotOpened { .. } => written.failed += 1,
                _ => {}
            }
        }
        if let Err(error) = std::fs::remove_dir_all(&self.root) {
            eprintln!("{} is left behind: {error}", self.root.display());
        }
        written
    }
}
