//! Any bytes as a response to an invoice: drafts that hold together, or a refusal with a code.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tallystick::einvoice::response::{self, Meaning, REFERENCES_MAX, ResponseDraft};

fuzz_target!(|bytes: &[u8]| {
    match response::read(bytes) {
        Ok(drafts) => {
            assert!((1..=REFERENCES_MAX).contains(&drafts.len()));
            drafts.iter().for_each(holds_together);
        }
        Err(error) => assert!(!error.code().is_empty() && error.to_string().len() < 1000),
    }
});

fn holds_together(draft: &ResponseDraft) {
    assert!(!draft.message.is_empty() && !draft.code.is_empty());
    assert!(draft.reasons.len() <= 8);
    for id in draft.seller.iter().chain(&draft.buyer).chain(&draft.speaker) {
        assert_eq!(id.as_str().parse().as_ref(), Ok(id));
        assert_eq!(&id.canonical(), id);
    }
    if let Some(code) = draft.response_code {
        assert_eq!(draft.meaning, Meaning::Status(code.status()));
        assert_eq!(draft.code, code.as_str());
    }
}
