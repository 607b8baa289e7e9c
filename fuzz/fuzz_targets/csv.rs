//! Any bytes as a list of open items: every line a draft or an error of a line that exists.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tallystick::einvoice::csv;

fuzz_target!(|bytes: &[u8]| {
    let Ok(lines) = csv::read(bytes) else { return };
    let count = bytes.split(|c| *c == b'\n').count() as u64;
    let mut last = 1;
    for line in lines {
        match line {
            Ok(draft) => {
                assert!(!draft.number.trim().is_empty() && draft.document_hash.is_none());
                assert!(draft.parties().is_ok());
                for amount in [draft.gross_minor, draft.due_minor] {
                    assert_eq!(draft.currency.minor(&draft.currency.decimal(amount)), Some(amount));
                }
            }
            Err(error) => {
                assert!(last <= error.line && error.line <= count, "{error}");
                last = error.line;
            }
        }
    }
});
