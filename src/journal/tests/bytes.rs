//! What is written is read back, and damage is told from a torn end.

mod common;

use carillon_decision::Input;
use carillon_journal::{
    FORMAT_VERSION, Header, JournalError, MAGIC, Reader, Step, TornTail, Writer, cut_torn_tail,
};
use common::{Parrot, at, config, inputs, record};
use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom, Write};

fn journal() -> Vec<u8> {
    record(&Header::new("test", config()), Parrot::default(), inputs())
}

fn read(bytes: &[u8]) -> (Vec<Step>, Option<JournalError>, Option<TornTail>) {
    let mut reader = Reader::open(bytes).unwrap();
    let mut steps = Vec::new();
    let mut error = None;
    for step in reader.by_ref() {
        match step {
            Ok(step) => steps.push(step),
            Err(e) => error = Some(e),
        }
    }
    (steps, error, reader.torn_tail())
}

/// Ends of frames: after each, a whole number of entries is in the file.
fn frame_ends(bytes: &[u8]) -> BTreeSet<usize> {
    let mut at = MAGIC.len() + 2;
    let mut ends = BTreeSet::new();
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        at += 8 + length + 4;
        ends.insert(at);
    }
    assert_eq!(at, bytes.len());
    ends
}

/// A number per kind; a new kind does not compile until it is named here.
fn kind(input: &Input) -> usize {
    match input {
        Input::Tick => 0,
        Input::Campaign(_) => 1,
        Input::Adjust { .. } => 2,
        Input::LedgerRestored { .. } => 3,
        Input::Trunk(_) => 4,
        Input::TrunkHealth { .. } => 5,
        Input::LeadsOffered { .. } => 6,
        Input::Listed { .. } => 7,
        Input::LeadWithdrawn { .. } => 8,
        Input::Agent(_) => 9,
        Input::AgentLogin { .. } => 10,
        Input::AgentLine { .. } => 11,
        Input::AgentReady { .. } => 12,
        Input::AgentBreak { .. } => 13,
        Input::AgentLogout { .. } => 14,
        Input::AgentHangUp { .. } => 15,
        Input::AgentDisposition { .. } => 16,
        Input::Progress { .. } => 17,
        Input::ExtraAnswer { .. } => 18,
        Input::Inbound { .. } => 19,
        Input::StoreHealth { .. } => 20,
        Input::Drain { .. } => 21,
        Input::AgentHold { .. } => 22,
        Input::AgentTransfer { .. } => 23,
        Input::AgentConsult { .. } => 24,
        Input::AgentDropMessage { .. } => 25,
        Input::AgentRecording { .. } => 26,
        Input::Supervise { .. } => 27,
        Input::Recording { .. } => 28,
        Input::Heard { .. } => 29,
    }
}

#[test]
fn the_recording_has_every_kind_of_input() {
    let kinds: BTreeSet<usize> = inputs().iter().map(kind).collect();
    assert!(kinds.into_iter().eq(0..30));
}

#[test]
fn every_kind_of_input_comes_back_equal() {
    let bytes = journal();
    let (steps, error, torn) = read(&bytes);
    assert!(error.is_none() && torn.is_none());
    let written = inputs();
    assert_eq!(steps.len(), written.len());
    for (i, (step, input)) in steps.iter().zip(written).enumerate() {
        assert_eq!(step.input, input);
        assert_eq!(step.now, at(i as u64 * 700));
        assert_eq!(step.frame, i as u64);
        assert_eq!(step.digest.unwrap().commands, 2);
    }
    let header = Reader::open(&bytes[..]).unwrap().header().clone();
    assert_eq!(header, Header::new("test", config()));
}

#[test]
fn a_file_torn_at_any_byte_keeps_every_whole_frame() {
    let bytes = journal();
    let ends = frame_ends(&bytes);
    let header_end = *ends.first().unwrap();
    let all = read(&bytes).0;
    for cut in header_end..bytes.len() {
        let (steps, error, torn) = read(&bytes[..cut]);
        assert!(error.is_none(), "cut at {cut}: {error:?}");
        let whole = *ends.range(..=cut).next_back().unwrap();
        let expected = (cut != whole).then(|| TornTail {
            offset: whole as u64,
            bytes: (cut - whole) as u64,
        });
        assert_eq!(torn, expected, "cut at {cut}");
        for (step, full) in steps.iter().zip(&all) {
            assert_eq!((step.frame, &step.input), (full.frame, &full.input));
        }
        // Header, input, digest, input, digest ...
        assert_eq!(steps.len(), ends.range(..=cut).count() / 2, "cut at {cut}");
    }
    for cut in 0..header_end {
        let error = Reader::open(&bytes[..cut]).unwrap_err();
        assert!(
            matches!(error, JournalError::NoHeader { .. }),
            "cut at {cut}: {error}"
        );
    }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let bytes = journal();
    let ends = frame_ends(&bytes);
    let header_end = *ends.first().unwrap();
    for place in 0..bytes.len() {
        for bit in [0, 7] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << bit;
            if place < header_end {
                assert!(Reader::open(&damaged[..]).is_err(), "flip at {place}");
                continue;
            }
            let (_, error, _) = read(&damaged);
            let start = *ends.range(..=place).next_back().unwrap() as u64;
            match error {
                Some(JournalError::Corrupt { offset, .. }) => assert_eq!(offset, start),
                other => panic!("flip at {place} was read as {other:?}"),
            }
        }
    }
}

#[test]
fn damage_does_not_hide_the_input_before_it() {
    let mut bytes = journal();
    let ends: Vec<usize> = frame_ends(&bytes).into_iter().collect();
    // The digest of the first input.
    bytes[ends[1] + 9] ^= 1;
    let (steps, error, _) = read(&bytes);
    assert_eq!(steps.len(), 1);
    assert_eq!((&steps[0].input, steps[0].digest), (&inputs()[0], None));
    assert!(
        matches!(error, Some(JournalError::Corrupt { offset, .. }) if offset == ends[1] as u64)
    );
}

#[test]
fn zeros_at_the_end_are_a_torn_tail() {
    let mut bytes = journal();
    let whole = bytes.len() as u64;
    bytes.extend_from_slice(&[0; 5_000]);
    let (steps, error, torn) = read(&bytes);
    assert!(error.is_none());
    assert_eq!(
        (steps.len(), torn),
        (
            inputs().len(),
            Some(TornTail {
                offset: whole,
                bytes: 5_000
            })
        )
    );
    bytes.push(1);
    assert!(
        matches!(read(&bytes).1, Some(JournalError::Corrupt { offset, .. }) if offset == whole)
    );
}

#[test]
fn other_files_and_formats_are_refused() {
    let open = |bytes: &[u8]| Reader::open(bytes).unwrap_err();
    assert!(matches!(
        open(b"SQLite format 3\0"),
        JournalError::NotAJournal
    ));
    assert!(matches!(open(b""), JournalError::NoHeader { offset: 0 }));
    let mut newer = journal();
    newer[MAGIC.len()] += 1;
    assert!(
        matches!(open(&newer), JournalError::Format { found, .. } if found == FORMAT_VERSION + 1)
    );
}

#[test]
fn a_torn_tail_is_cut_and_a_damaged_file_left_alone() {
    let bytes = journal();
    let whole = *frame_ends(&bytes).iter().nth(6).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes[..whole + 11]).unwrap();
    let torn = cut_torn_tail(&mut file).unwrap();
    assert_eq!(
        torn,
        Some(TornTail {
            offset: whole as u64,
            bytes: 11
        })
    );
    assert_eq!(cut_torn_tail(&mut file).unwrap(), None);
    file.seek(SeekFrom::Start(0)).unwrap();
    let mut kept = Vec::new();
    file.read_to_end(&mut kept).unwrap();
    assert_eq!(kept, bytes[..whole]);

    let mut file = tempfile::tempfile().unwrap();
    let mut damaged = bytes.clone();
    damaged[whole + 9] ^= 1;
    file.write_all(&damaged).unwrap();
    assert!(cut_torn_tail(&mut file).is_err());
    assert_eq!(file.metadata().unwrap().len(), damaged.len() as u64);
}

/// A file that takes so many bytes in all and then refuses.
struct Small(Vec<u8>, usize);

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = self.1 - self.0.len();
        if room == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        let taken = room.min(bytes.len());
        self.0.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_leaves_no_hole_in_the_file() {
    let mut file = Small(Vec::new(), 200);
    let mut writer = Writer::create(&mut file, &Header::new("test", config()), 150).unwrap();
    for (i, input) in inputs().iter().enumerate() {
        writer.input(at(i as u64 * 700), input).unwrap();
    }
    assert!(writer.is_full());
    let total = writer.bytes();
    assert!(matches!(
        writer.flush(),
        Err(JournalError::Io { offset: 200, .. })
    ));
    assert_eq!(writer.bytes(), total, "what was not written stays gathered");
    drop(writer);
    file.1 = usize::MAX;
    let (steps, error, torn) = read(&file.0);
    assert!(error.is_none() && torn.is_some() && !steps.is_empty());
}
