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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    division: u64,
}

/// The company that a notification is about, if it is genuine.
pub(super) fn division(secret: &Secret, body: &[u8]) -> Option<u64> {
    let notice: Notice<'_> = serde_json::from_slice(body).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).ok()?;
    mac.update(notice.content.get().as_bytes());
    // Compared in constant time.
    mac.verify_slice(&bytes(notice.hash_code)?).ok()?;
    serde_json::from_str::<Content>(notice.content.get()).ok().map(|content| content.division)
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
        // Computed apart: printf '%s' '{"Topic": "PurchaseEntries","Division":7 }' | openssl dgst -sha256 -hmac secret
        let content = r#"{"Topic": "PurchaseEntries","Division":7 }"#;
        let code = CODE;
        let secret = Secret::new("secret".to_owned());
        let body = |content: &str, code: &str| {
            format!(r#"{{"Content":{content},"HashCode":"{code}"}}"#).into_bytes()
        };
        assert_eq!(division(&secret, &body(content, code)), Some(7));
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
            assert_eq!(division(&secret, &body(content, code)), None, "{content} {code}");
        }
        for body in [&b""[..], b"{}", b"[]", b"\xff"] {
            assert_eq!(division(&secret, body), None);
        }
        assert_eq!(division(&Secret::new("other".to_owned()), &body(content, code)), None);
    }

    const CODE: &str = "D0D09BFBC4901EE498315A0B2ED68D2BD47EACC525ECBD37C586FC243F1FD2C6";
}
