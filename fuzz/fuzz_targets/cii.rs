//! Any bytes as a CII document: a draft that holds together, or a refusal with a code.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tallystick::einvoice::{Draft, ReadError, cii};

fuzz_target!(|bytes: &[u8]| {
    match cii::read(bytes) {
        Ok(draft) => holds_together(&draft),
        Err(error) => refuses_in_words(&error),
    }
});

fn holds_together(draft: &Draft) {
    assert!(!draft.number.trim().is_empty() && draft.document_hash.is_some());
    for amount in [draft.gross_minor, draft.due_minor] {
        assert_eq!(draft.currency.minor(&draft.currency.decimal(amount)), Some(amount));
    }
    for id in draft.seller.ids.iter().chain(&draft.buyer.ids) {
        assert_eq!(id.as_str().parse().as_ref(), Ok(id));
        assert_eq!(&id.canonical(), id);
    }
    let _ = draft.parties();
}

fn refuses_in_words(error: &ReadError) {
    assert!(!error.code().is_empty() && error.to_string().len() < 1000);
}
