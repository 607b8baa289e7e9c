//! Any text as a signed note, a checkpoint, a verifier key, a tile path and a bundle: total, and one spelling each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tallystick::log::{Checkpoint, Note, TilePath, Vkey, decode_bundle, encode_bundle};

fuzz_target!(|bytes: &[u8]| {
    let count = bytes.first().map_or(0, |byte| u16::from(*byte) + 1);
    if let Ok(entries) = decode_bundle(bytes, count) {
        assert_eq!(encode_bundle(&entries).expect("what was read can be written"), bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(note) = Note::parse(text) {
        let again = note.to_string();
        assert_eq!(Note::parse(&again).expect("what was written can be read").to_string(), again);
    }
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        let parsed = Checkpoint::parse(&checkpoint.encode()).expect("what was written can be read");
        assert_eq!(parsed.encode(), checkpoint.encode());
    }
    if let Ok(vkey) = text.parse::<Vkey>() {
        assert_eq!(vkey.to_string(), text);
    }
    if let Some(path) = TilePath::parse(text) {
        assert_eq!(path.to_string(), text);
        let _ = path.exists_at(u64::MAX);
    }
});
