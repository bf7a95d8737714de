//! Any octets as a byte stream, in pieces of any size: how it is cut on the way changes nothing.
#![no_main]

use carillon_sip::message::{Bounds, parse};
use carillon_sip::stream::{Frame, Framer};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 4096;

/// What comes out, and whether the stream had to be closed.
fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, bool) {
    let mut framer = Framer::new(LIMIT);
    let mut found = Vec::new();
    for piece in pieces {
        framer.push(piece);
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => found.push(frame),
                Ok(None) => break,
                Err(_) => return (found, true),
            }
        }
    }
    (found, false)
}

fn messages(found: &[Frame]) -> Vec<&[u8]> {
    let messages = found.iter().filter_map(|frame| match frame {
        Frame::Message(bytes) => Some(bytes.as_slice()),
        Frame::Ping | Frame::Pong => None,
    });
    messages.collect()
}

fuzz_target!(|input: &[u8]| {
    let Some((step, bytes)) = input.split_first() else {
        return;
    };
    let (whole, _) = frames(std::iter::once(bytes));
    let (cut, _) = frames(bytes.chunks(usize::from(*step).max(1)));
    // Keep-alives may be told differently (a double CRLF in two pieces), messages may not.
    assert_eq!(messages(&whole), messages(&cut));
    for message in messages(&whole) {
        assert!(message.len() <= LIMIT);
        if let Ok(message) = parse(message, &Bounds::default()) {
            let _ = message.defect;
        }
    }
});
