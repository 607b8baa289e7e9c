//! Any bytes as a log entry: exactly one sequence of bytes is a given record.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tallystick::record::Record;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = Record::decode(bytes) {
        assert_eq!(record.encode().expect("what was decoded can be encoded"), bytes);
    }
});
