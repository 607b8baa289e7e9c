//! Any bytes as a statement: what is accepted means the same when it is written again, or a refusal with a code.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tallystick::signing::{SecretKey, Signed as _};
use tallystick::statement::{Payload, SignedStatement, statement_id};

fuzz_target!(|bytes: &[u8]| {
    match SignedStatement::parse(bytes) {
        Ok(signed) => {
            assert_eq!(signed.bytes(), bytes);
            assert!(bytes.starts_with(signed.signing_input()));
            let statement = signed.statement();
            assert_eq!(statement.id, statement_id(&statement.author, &statement.reference));
            written_again(&statement.payload);
        }
        Err(error) => assert!(!error.code().is_empty()),
    }
    // Random bytes are never a JWS: as the payload of a good one they reach the envelope, and as `data` the types.
    let key = SecretKey::from_seed(&[7; 32]);
    let jws = tallystick::signing::jws::sign(&key, bytes, None);
    if let Err(error) = SignedStatement::parse(jws.as_bytes()) {
        assert!(!error.code().is_empty());
    }
    if let Some((kind, data)) = std::str::from_utf8(bytes).ok().and_then(|text| text.split_once('\n')) {
        if let Ok(payload) = Payload::parse(kind, data) {
            written_again(&payload);
        }
    }
});

fn written_again(payload: &Payload) {
    let json = payload.to_json().expect("what was read can be written");
    let again = Payload::parse(payload.kind().as_str(), &json).expect("what was written can be read");
    assert_eq!(&again, payload);
}
