//! Signed webhooks: Standard Webhooks 1.0 with Ed25519 (`v1a`), made and checked.
//!
//! What is signed is `{id}.{timestamp}.{body}`, the body as the bytes that are sent. An id has no full stop, so that
//! no two messages have the same signed bytes. Who checks compares the timestamp with its own clock: what was
//! captured cannot be played again later. Keys are those of a receiver's own endpoint, so that nothing that was sent
//! to somebody else passes.
//!
//! Symmetric signatures (`v1`) are neither made nor taken: whoever can check one can make one. No clock here.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::signing::{PublicKey, SecretKey, Signature};
use crate::types::Timestamp;

/// The header with the message's id, which stays the same when it is sent again.
pub const HEADER_ID: &str = "webhook-id";
/// The header with the time of this sending, in seconds since 1970.
pub const HEADER_TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures.
pub const HEADER_SIGNATURE: &str = "webhook-signature";
/// How far the timestamp of a message may lie from the receiver's clock, in seconds.
pub const TOLERANCE_S: u32 = 300;
/// The longest message id.
pub const ID_BYTES_MAX: usize = 128;

const KEY_PREFIX: &str = "whpk_";
const SCHEME: &str = "v1a";
/// How many signatures of one message are looked at.
const SIGNATURES_MAX: usize = 16;

/// Why a message is not to be believed, or a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Not `whpk_` and 32 bytes in base64, or no key that we use.
    #[error("expected `whpk_` and an Ed25519 public key in base64")]
    Key,
    /// The id is empty, too long, or has a full stop or something that is no visible ASCII.
    #[error("`webhook-id` is not a message id")]
    Id,
    /// The timestamp is not a number of seconds.
    #[error("`webhook-timestamp` is not a number of seconds since 1970")]
    Timestamp,
    /// The message was sent longer ago than is tolerated: it may have been captured and played again.
    #[error("the message is too old: it was sent {0} seconds ago")]
    TooOld(u64),
    /// The message comes from the future.
    #[error("the message is {0} seconds ahead of this clock")]
    TooNew(u64),
    /// There is no signature of the kind `v1a`.
    #[error("`webhook-signature` has no `v1a` signature")]
    NoSignature,
    /// No signature holds under any of the keys.
    #[error(
        "no signature holds under the key: the body, the id or the time was changed, or it is another's key"
    )]
    Mismatch,
}

/// The three headers of a message, as they came.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    /// `webhook-id`
    pub id: &'a str,
    /// `webhook-timestamp`
    pub timestamp: &'a str,
    /// `webhook-signature`
    pub signature: &'a str,
}

/// A public key as receivers are given it.
pub fn write_key(key: &PublicKey) -> String {
    format!("{KEY_PREFIX}{}", STANDARD.encode(key.as_bytes()))
}

/// Reads a public key.
///
/// # Errors
/// [`WebhookError::Key`].
pub fn read_key(text: &str) -> Result<PublicKey, WebhookError> {
    let encoded = text.trim().strip_prefix(KEY_PREFIX).ok_or(WebhookError::Key)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| WebhookError::Key)?;
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| WebhookError::Key)?;
    PublicKey::from_bytes(&bytes).map_err(|_| WebhookError::Key)
}

/// The value of `webhook-signature`: one signature for each key, in their order.
///
/// # Errors
/// [`WebhookError::Id`]: another id would let two messages have the same signed bytes.
pub fn sign(
    keys: &[SecretKey],
    id: &str,
    seconds: i64,
    body: &[u8],
) -> Result<String, WebhookError> {
    let signed = signed_bytes(id, &seconds.to_string(), body)?;
    let signature =
        |key: &SecretKey| format!("{SCHEME},{}", STANDARD.encode(key.sign(&signed).as_bytes()));
    Ok(keys.iter().map(signature).collect::<Vec<_>>().join(" "))
}

/// Checks a message under the keys that the receiver has for its endpoint, at its time.
///
/// # Errors
/// [`WebhookError`]; the message is not to be looked at then. Repeated messages are for the receiver to notice, by
/// their id.
pub fn verify(
    keys: &[PublicKey],
    headers: Headers<'_>,
    body: &[u8],
    now: Timestamp,
    tolerance_s: u32,
) -> Result<(), WebhookError> {
    let signed = signed_bytes(headers.id, headers.timestamp, body)?;
    let sent = sent_at(headers.timestamp)?;
    let apart_s = now.abs_diff_millis(sent) / 1_000;
    if apart_s > u64::from(tolerance_s) {
        let error = if sent < now { WebhookError::TooOld } else { WebhookError::TooNew };
        return Err(error(apart_s));
    }
    let mut found = false;
    for signature in headers.signature.split(' ').take(SIGNATURES_MAX) {
        let Some(("v1a", encoded)) = signature.split_once(',') else { continue };
        let decoded = STANDARD.decode(encoded).ok();
        let Some(bytes) = decoded.and_then(|it| <[u8; 64]>::try_from(it).ok()) else { continue };
        found = true;
        let signature = Signature::from_bytes(bytes);
        if keys.iter().any(|key| key.verify(&signed, &signature)) {
            return Ok(());
        }
    }
    Err(if found { WebhookError::Mismatch } else { WebhookError::NoSignature })
}

/// Whether a text can be the id of a message.
pub fn is_id(id: &str) -> bool {
    let visible = |byte: u8| byte.is_ascii_graphic() && byte != b'.';
    (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(visible)
}

fn signed_bytes(id: &str, timestamp: &str, body: &[u8]) -> Result<Vec<u8>, WebhookError> {
    if !is_id(id) {
        return Err(WebhookError::Id);
    }
    let mut signed = Vec::with_capacity(id.len().saturating_add(body.len()).saturating_add(24));
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        signed.extend_from_slice(part);
    }
    Ok(signed)
}

fn sent_at(text: &str) -> Result<Timestamp, WebhookError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse::<i64>().ok().filter(|_| digits);
    let millis = seconds.and_then(|seconds| seconds.checked_mul(1_000));
    millis.and_then(Timestamp::from_millis).ok_or(WebhookError::Timestamp)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test's own")]

    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    const SENT: i64 = 1_795_255_200;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed(&[seed; 32])
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000).unwrap()
    }

    fn check(
        keys: &[PublicKey],
        (id, timestamp, signature): (&str, &str, &str),
        body: &[u8],
        now: i64,
    ) -> Result<(), WebhookError> {
        let headers = Headers { id, timestamp, signature };
        verify(keys, headers, body, at(now), TOLERANCE_S)
    }

    #[test]
    fn a_message_holds_under_its_key_within_the_replay_window_only() {
        let signature = sign(&[key(1)], "evt_7", SENT, b"{}").unwrap();
        let public = [*key(1).public()];
        let sent = SENT.to_string();
        let whole = ("evt_7", sent.as_str(), signature.as_str());
        for (now, expected) in [
            (SENT, Ok(())),
            (SENT + 300, Ok(())),
            (SENT - 300, Ok(())),
            (SENT + 301, Err(WebhookError::TooOld(301))),
            (SENT - 301, Err(WebhookError::TooNew(301))),
        ] {
            assert_eq!(check(&public, whole, b"{}", now), expected, "{now}");
        }
    }

    #[test]
    fn whatever_is_changed_no_longer_holds() {
        let signature = sign(&[key(1)], "evt_7", SENT, b"{}").unwrap();
        let (sent, later) = (SENT.to_string(), (SENT + 1).to_string());
        let (signature, other) =
            (signature.as_str(), sign(&[key(2)], "evt_7", SENT, b"{}").unwrap());
        let public = [*key(1).public()];
        let mismatch = Err(WebhookError::Mismatch);
        let none = Err(WebhookError::NoSignature);
        for (headers, body, expected) in [
            (("evt_8", sent.as_str(), signature), &b"{}"[..], mismatch),
            (("evt_7", later.as_str(), signature), b"{}", mismatch),
            (("evt_7", sent.as_str(), signature), b"{ }", mismatch),
            (("evt_7", sent.as_str(), other.as_str()), b"{}", mismatch),
            (("evt.7", sent.as_str(), signature), b"{}", Err(WebhookError::Id)),
            (("", sent.as_str(), signature), b"{}", Err(WebhookError::Id)),
            (("evt_7", "+1795255200", signature), b"{}", Err(WebhookError::Timestamp)),
            (("evt_7", "99999999999999", signature), b"{}", Err(WebhookError::Timestamp)),
            (("evt_7", sent.as_str(), ""), b"{}", none),
            (("evt_7", sent.as_str(), "v1a,AAAA"), b"{}", none),
            (("evt_7", sent.as_str(), &signature.replace("v1a", "v1")), b"{}", none),
        ] {
            assert_eq!(check(&public, headers, body, SENT), expected, "{headers:?}");
        }
        assert_eq!(check(&[], ("evt_7", &sent, signature), b"{}", SENT), mismatch);
    }

    #[test]
    fn while_a_key_is_replaced_a_message_holds_under_the_old_one_and_the_new_one() {
        let signature = sign(&[key(2), key(1)], "evt_7", SENT, b"{}").unwrap();
        assert_eq!(signature.split(' ').count(), 2);
        let sent = SENT.to_string();
        for seed in [1, 2] {
            let public = [*key(seed).public()];
            assert_eq!(check(&public, ("evt_7", &sent, &signature), b"{}", SENT), Ok(()));
        }
        let public = [*key(3).public()];
        let another = check(&public, ("evt_7", &sent, &signature), b"{}", SENT);
        assert_eq!(another, Err(WebhookError::Mismatch));
    }

    #[test]
    fn a_key_has_one_text() {
        let public = *key(1).public();
        let text = write_key(&public);
        assert_eq!(read_key(&text), Ok(public));
        for wrong in
            ["", "whpk_", "whsec_AAAA", text.trim_start_matches("whpk_"), &text.replace('=', "")]
        {
            assert_eq!(read_key(wrong), Err(WebhookError::Key), "{wrong}");
        }
    }

    /// The message of docs/vectors/webhooks.json.
    #[test]
    fn the_published_vectors_are_ours() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/vectors/webhooks.json");
        let vectors: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for vector in vectors["messages"].as_array().unwrap() {
            let text = |name: &str| vector[name].as_str().unwrap();
            let seeds = vector["secret_seeds"].as_array().unwrap();
            let keys: Vec<SecretKey> = seeds
                .iter()
                .map(|seed| STANDARD.decode(seed.as_str().unwrap()).unwrap())
                .map(|seed| SecretKey::from_seed(&seed.try_into().unwrap()))
                .collect();
            let shown: Vec<String> = keys.iter().map(|key| write_key(key.public())).collect();
            assert_eq!(serde_json::json!(shown), vector["keys"]);
            let seconds = text("webhook-timestamp").parse().unwrap();
            let signed = sign(&keys, text("webhook-id"), seconds, text("body").as_bytes());
            assert_eq!(signed.as_deref(), Ok(text("webhook-signature")));
        }
    }

    /// OpenSSL shares no code with ours.
    #[test]
    fn openssl_takes_our_signatures() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let signature = sign(&[key(1)], "evt_7", SENT, b"{\"a\":1}").unwrap();
        let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        let public = file("key.pem", key(1).public().to_pem().unwrap().as_bytes());
        let signature = file("signature", &signature);
        for (message, holds) in
            [("evt_7.1795255200.{\"a\":1}", true), ("evt_7.1795255201.{\"a\":1}", false)]
        {
            let message = file("message", message.as_bytes());
            let arguments = [
                "pkeyutl", "-verify", "-pubin", "-inkey", &public, "-rawin", "-sigfile",
                &signature, "-in", &message,
            ];
            let Ok(output) = Command::new("openssl").args(arguments).output() else {
                eprintln!("SKIPPED: there is no openssl to check our webhook signatures with");
                return;
            };
            assert_eq!(
                output.status.success(),
                holds,
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_signed_holds_and_no_other_body_does(
            seed: [u8; 32], id in "[!-~&&[^.]]{1,128}", seconds in 0_i64..4_000_000_000,
            body: Vec<u8>, other: Vec<u8>,
        ) {
            let key = SecretKey::from_seed(&seed);
            let public = [*key.public()];
            let signature = sign(&[key], &id, seconds, &body).unwrap();
            let headers = (id.as_str(), &*seconds.to_string(), signature.as_str());
            prop_assert_eq!(check(&public, headers, &body, seconds), Ok(()));
            prop_assert_eq!(check(&public, headers, &other, seconds).is_ok(), body == other);
        }

        #[test]
        fn no_bytes_make_the_check_panic(id: String, timestamp: String, signature: String, body: Vec<u8>) {
            let headers = (id.as_str(), timestamp.as_str(), signature.as_str());
            prop_assert!(check(&[*key(1).public()], headers, &body, SENT).is_err());
            prop_assert!(read_key(&signature).is_err());
        }
    }
}
