//! Notifications of Exact Online: that they are genuine. What they say is not believed; the ledger is read.
//!
//! The body is `{"Content":{…},"HashCode":"…"}`; the code is the upper-case hex HMAC-SHA256 of the raw text of the
//! content, as it stands there, under the application's webhook secret. A subscription is tried with an empty body.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Sha256;

use crate::connect::vault::Secret;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notice<'a> {
    #[serde(borrow)]
    content: &'a RawValue,
    hash_code: &'a str,
}

/// Whether a notification is genuine.
pub(super) fn is_genuine(secret: &Secret, body: &[u8]) -> bool {
    let Ok(notice) = serde_json::from_slice::<Notice<'_>>(body) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else {
        return false;
    };
    mac.update(notice.content.get().as_bytes());
    // Compared in constant time.
    bytes(notice.hash_code).is_some_and(|code| mac.verify_slice(&code).is_ok())
}

/// Upper-case hex.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => c.checked_sub(b'0'),
        b'A'..=b'F' => c.checked_sub(b'A')?.checked_add(10),
        _ => None,
    };
    let pairs = hex.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_of_the_raw_text_and_nothing_else_passes() {
        // Computed apart: printf '%s' '{"Topic": "PurchaseEntries","Key":"7" }' | openssl dgst -sha256 -hmac secret
        let content = r#"{"Topic": "PurchaseEntries","Key":"7" }"#;
        let code = CODE;
        let secret = Secret::new("secret".to_owned());
        let body = |content: &str, code: &str| {
            format!(r#"{{"Content":{content},"HashCode":"{code}"}}"#).into_bytes()
        };
        assert!(is_genuine(&secret, &body(content, code)));
        let closer = content.replace(' ', "");
        let small = code.to_lowercase();
        let other = content.replace('7', "8");
        for (content, code) in [
            (closer.as_str(), code),
            (content, small.as_str()),
            (other.as_str(), code),
            (content, ""),
            (content, "AB"),
            (content, "A"),
        ] {
            assert!(!is_genuine(&secret, &body(content, code)), "{content} {code}");
        }
        for body in [&b""[..], b"{}", b"[]", b"\xff"] {
            assert!(!is_genuine(&secret, body));
        }
        assert!(!is_genuine(&Secret::new("other".to_owned()), &body(content, code)));
    }

    const CODE: &str = "296D273B72B29199ED58FEB03EB26A4ED921C842DA3949E2DC120F7A665A1E32";
}
