//! Any octets as a session description: nothing panics, and writing it is idempotent.
#![no_main]

use carillon_sip::{MediaSpec, SessionDescription};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(first) = SessionDescription::parse(bytes) else {
        return;
    };
    let written = first.to_bytes();
    let second = SessionDescription::parse(&written).expect("what we write can be read");
    assert_eq!(second.media.len(), first.media.len());
    assert_eq!(second.to_bytes(), written);
    assert!(!String::from_utf8_lossy(&written).contains('\0') || bytes.contains(&0));
    let _ = first.audio();
    let spec = MediaSpec::g711("192.0.2.7:4000".parse().unwrap(), 1);
    let ours = SessionDescription::offer(&spec);
    for answer in [SessionDescription::answer(&first, &spec), ours.answer_again(&first)] {
        let Ok(answer) = answer else { continue };
        // RFC 3264 §6: as many streams as offered, in the same order.
        assert_eq!(answer.media.len(), first.media.len());
        let back = SessionDescription::parse(&answer.to_bytes()).expect("our answer can be read");
        assert!(back.audio().is_some());
    }
});
