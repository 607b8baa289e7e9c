//! Compact JWS (RFC 7515) with Ed25519 (RFC 8037, RFC 9864): parsed strictly, written in one way.
//!
//! - Each part has one spelling: base64url without padding, no stray bits, no white space, nothing around it.
//! - The header names the key and nothing else that could change how the signature is checked: no key or
//!   certificate in the message, no `crit`, no unencoded payload, no algorithm but Ed25519.
//! - Sizes are bounded before anything is decoded.
//!
//! Parsing proves nothing: the signature is checked elsewhere. What the payload says is not known here.

use core::fmt;

use base64::{DecodeSliceError, Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use std::borrow::Cow;

use crate::{
    signing::{
        evidence::Signed,
        key::{SecretKey, Signature},
    },
    types::KeyId,
};

/// The longest compact JWS in bytes: with the record around it, a log entry stays within 65,535.
pub const JWS_BYTES_MAX: usize = 56_832;

/// The longest header in bytes, decoded: a `kid` of 43 characters and three short names fit several times.
const HEADER_BYTES_MAX: usize = 512;

/// The longest `typ` and `cty` in bytes.
const TYPE_BYTES_MAX: usize = 100;

/// The encoded length of 64 bytes.
const SIGNATURE_CHARS: usize = 86;

/// Why bytes are not a compact JWS that we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Longer than [`JWS_BYTES_MAX`].
    #[error("longer than {JWS_BYTES_MAX} bytes")]
    TooLong,
    /// Not three parts separated by two full stops (five would be an encrypted message, RFC 7516).
    #[error("not a compact JWS: expected three parts with a full stop between them")]
    Parts,
    /// The payload is not in the message (RFC 7515, appendix F).
    #[error("the payload is detached")]
    Detached,
    /// A part is not canonical base64url without padding.
    #[error("a part is not canonical base64url without padding")]
    Base64,
    /// The header is longer than any of ours.
    #[error("the header is longer than {HEADER_BYTES_MAX} bytes")]
    HeaderTooLong,
    /// The header is not a JSON object of the expected types.
    #[error("the header is not a JSON object with text members")]
    Header,
    /// The header has a member twice.
    #[error("the header has a member twice")]
    HeaderDuplicate,
    /// The header has a member that we do not know.
    #[error("the header has a member other than alg, kid, typ and cty")]
    HeaderMember,
    /// The header asks for extensions to be understood (`crit`).
    #[error("the header has `crit`: no extension is understood")]
    Critical,
    /// The header changes the encoding of the payload (`b64`, RFC 7797).
    #[error("the header has `b64`: the payload must be encoded")]
    Unencoded,
    /// The header brings its own key or certificate (`jwk`, `jku`, `x5u`, `x5c`, `x5t`).
    #[error("the header brings a key: only keys known to the registry count")]
    EmbeddedKey,
    /// The header says that the payload is compressed or encrypted (`zip`, `enc`).
    #[error("the header has `zip` or `enc`: the payload must be in clear")]
    Transformed,
    /// The header has no `alg`.
    #[error("the header has no `alg`")]
    AlgorithmMissing,
    /// The message says that it is not signed (`alg` `none`).
    #[error("`alg` is none: a signature is needed")]
    AlgorithmNone,
    /// Another algorithm than Ed25519.
    #[error("`alg` is not Ed25519 (or EdDSA)")]
    Algorithm,
    /// The header has no `kid`.
    #[error("the header has no `kid`")]
    KeyIdMissing,
    /// The `kid` is not a thumbprint (RFC 7638).
    #[error("`kid` is not a JWK thumbprint (RFC 7638)")]
    KeyId,
    /// The signature is not 64 bytes.
    #[error("the signature is not 64 bytes")]
    Signature,
}

impl JwsError {
    /// The stable name of the error, for problem documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "jws_too_long",
            Self::Parts => "jws_not_compact",
            Self::Detached => "jws_payload_detached",
            Self::Base64 => "jws_not_base64url",
            Self::HeaderTooLong => "jws_header_too_long",
            Self::Header => "jws_header_malformed",
            Self::HeaderDuplicate => "jws_header_duplicate_member",
            Self::HeaderMember => "jws_header_unknown_member",
            Self::Critical => "jws_crit_not_allowed",
            Self::Unencoded => "jws_b64_not_allowed",
            Self::EmbeddedKey => "jws_key_not_allowed",
            Self::Transformed => "jws_payload_transformed",
            Self::AlgorithmMissing => "jws_alg_missing",
            Self::AlgorithmNone => "jws_alg_none",
            Self::Algorithm => "jws_alg_not_allowed",
            Self::KeyIdMissing => "jws_kid_missing",
            Self::KeyId => "jws_kid_malformed",
            Self::Signature => "jws_signature_malformed",
        }
    }
}

/// A compact JWS taken apart. Its signature has not been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactJws<'a> {
    key_id: KeyId,
    media_type: Option<Box<str>>,
    signing_input: &'a [u8],
    payload: Vec<u8>,
    signature: Signature,
}

impl<'a> CompactJws<'a> {
    /// Takes a compact JWS apart.
    ///
    /// # Errors
    /// [`JwsError`]: the first thing that is wrong with it, from left to right but for the payload, which is
    /// decoded last.
    pub fn parse(jws: &'a [u8]) -> Result<Self, JwsError> {
        if jws.len() > JWS_BYTES_MAX {
            return Err(JwsError::TooLong);
        }
        // Counted as a whole, which takes a few cycles a line: only the first and the last are then looked for.
        #[expect(clippy::naive_bytecount, reason = "no dependency for the sake of one byte")]
        let stops = jws.iter().filter(|byte| **byte == b'.').count();
        let first = jws.iter().position(|byte| *byte == b'.').filter(|_| stops == 2);
        let (header, rest) = first.and_then(|at| split_at_stop(jws, at)).ok_or(JwsError::Parts)?;
        let last = rest.iter().rposition(|byte| *byte == b'.');
        let (payload, signature) =
            last.and_then(|at| split_at_stop(rest, at)).ok_or(JwsError::Parts)?;
        let Header { key_id, media_type } = Header::parse(header)?;
        if payload.is_empty() {
            return Err(JwsError::Detached);
        }
        let mut bytes = [0; 64];
        if signature.len() != SIGNATURE_CHARS {
            return Err(JwsError::Signature);
        }
        URL_SAFE_NO_PAD.decode_slice(signature, &mut bytes).map_err(|_| JwsError::Base64)?;
        let signed = header.len().saturating_add(1).saturating_add(payload.len());
        Ok(Self {
            key_id,
            media_type,
            signing_input: jws.get(..signed).ok_or(JwsError::Parts)?,
            payload: URL_SAFE_NO_PAD.decode(payload).map_err(|_| JwsError::Base64)?,
            signature: Signature::from_bytes(bytes),
        })
    }

    /// The key that the message says signed it (`kid`).
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The `typ` of the header.
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// The bytes that were signed: header and payload as they were sent, with the full stop between them.
    pub fn signing_input(&self) -> &'a [u8] {
        self.signing_input
    }

    /// The payload, decoded.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, decoded, to keep.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The signature, not checked.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }
}

/// What is before and after the full stop at a place.
fn split_at_stop(text: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}

impl Signed for CompactJws<'_> {
    fn key_id(&self) -> KeyId {
        self.key_id
    }

    fn signing_input(&self) -> &[u8] {
        self.signing_input
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }
}

/// Signs a payload as a compact JWS with `alg` `Ed25519` and the thumbprint as `kid`.
pub fn sign(key: &SecretKey, payload: &[u8], media_type: Option<&str>) -> String {
    let kid = key.public().thumbprint();
    let header = match media_type {
        // `Value`'s Display writes the text with JSON's escapes.
        Some(typ) => {
            let typ = serde_json::Value::from(typ);
            format!(r#"{{"alg":"Ed25519","kid":"{kid}","typ":{typ}}}"#)
        }
        None => format!(r#"{{"alg":"Ed25519","kid":"{kid}"}}"#),
    };
    let mut jws = URL_SAFE_NO_PAD.encode(header);
    jws.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut jws);
    let signature = key.sign(jws.as_bytes());
    jws.push('.');
    URL_SAFE_NO_PAD.encode_string(signature.as_bytes(), &mut jws);
    jws
}

/// What a header that we accept says.
struct Header {
    key_id: KeyId,
    media_type: Option<Box<str>>,
}

impl Header {
    fn parse(encoded: &[u8]) -> Result<Self, JwsError> {
        let mut buffer = [0; HEADER_BYTES_MAX];
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut buffer).map_err(|e| match e {
            DecodeSliceError::DecodeError(_) => JwsError::Base64,
            DecodeSliceError::OutputSliceTooSmall => JwsError::HeaderTooLong,
        })?;
        let json = buffer.get(..length).ok_or(JwsError::HeaderTooLong)?;
        let members = serde_json::from_slice::<Members<'_>>(json).map_err(|_| JwsError::Header)?;
        if let Some(problem) = members.problem {
            return Err(problem);
        }
        match members.alg.as_deref() {
            None => return Err(JwsError::AlgorithmMissing),
            // RFC 9864 names the curve; libraries older than it write the family.
            Some("Ed25519" | "EdDSA") => {}
            Some(alg) if alg.eq_ignore_ascii_case("none") => return Err(JwsError::AlgorithmNone),
            Some(_) => return Err(JwsError::Algorithm),
        }
        let key_id = members.kid.ok_or(JwsError::KeyIdMissing)?;
        let long = |text: &Option<Cow<'_, str>>| {
            text.as_ref().is_some_and(|text| text.len() > TYPE_BYTES_MAX)
        };
        if long(&members.typ) || long(&members.cty) {
            return Err(JwsError::HeaderTooLong);
        }
        Ok(Self {
            key_id: key_id.parse().map_err(|_| JwsError::KeyId)?,
            media_type: members.typ.map(Into::into),
        })
    }
}

/// The members of a header, and the first thing that forbids it.
#[derive(Default)]
struct Members<'a> {
    alg: Option<Cow<'a, str>>,
    kid: Option<Cow<'a, str>>,
    typ: Option<Cow<'a, str>>,
    cty: Option<Cow<'a, str>>,
    problem: Option<JwsError>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JOSE header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        while let Some(Text(name)) = map.next_key()? {
            let place = match name.as_ref() {
                "alg" => &mut members.alg,
                "kid" => &mut members.kid,
                "typ" => &mut members.typ,
                "cty" => &mut members.cty,
                other => {
                    let problem = match other {
                        "crit" => JwsError::Critical,
                        "b64" => JwsError::Unencoded,
                        "jwk" | "jku" | "x5u" | "x5c" | "x5t" | "x5t#S256" => JwsError::EmbeddedKey,
                        "zip" | "enc" => JwsError::Transformed,
                        _ => JwsError::HeaderMember,
                    };
                    members.problem.get_or_insert(problem);
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let Text(value) = map.next_value()?;
            if place.replace(value).is_some() {
                members.problem.get_or_insert(JwsError::HeaderDuplicate);
            }
        }
        Ok(members)
    }
}

/// A JSON text, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> SecretKey {
        SecretKey::from_seed(&[7; 32])
    }

    /// A message with this header, signed or not does not matter for parsing.
    fn with_header(header: &str) -> String {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        format!("{}.{}.{}", part(header.as_bytes()), part(b"{}"), part(&[1; 64]))
    }

    fn error(jws: &str) -> Option<JwsError> {
        CompactJws::parse(jws.as_bytes()).err()
    }

    /// RFC 8037, A.4. Our parser wants a `kid`, which that example lacks; the signature is compared.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SecretKey::from_seed(&seed.try_into().unwrap());
        let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt\
                         9g7sVvpAr_MuM0KAg";
        let ours = key.sign(input.as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.encode(ours.as_bytes()), signature);
        assert_eq!(error(&format!("{input}.{signature}")), Some(JwsError::KeyIdMissing));
    }

    #[test]
    fn headers_of_common_libraries_are_accepted() {
        let kid = key().public().thumbprint().to_string();
        for header in [
            format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{kid}"}}"#),
            format!(r#"{{ "kid" : "{kid}" , "alg" : "Ed25519", "cty":"application/json" }}"#),
            format!(r#"{{"alg":"Ed\u00325519","kid":"{kid}"}}"#),
        ] {
            let jws = with_header(&header);
            let parsed = CompactJws::parse(jws.as_bytes());
            assert_eq!(parsed.map(|jws| jws.key_id().to_string()), Ok(kid.clone()), "{header}");
        }
    }

    #[test]
    fn each_forbidden_header_is_refused_for_its_own_reason() {
        let kid = key().public().thumbprint().to_string();
        let long = "x".repeat(TYPE_BYTES_MAX + 1);
        let longer = "x".repeat(HEADER_BYTES_MAX);
        for (members, expected) in [
            (r#""alg":"Ed25519","kid":"KID","crit":["exp"]"#, JwsError::Critical),
            (r#""alg":"Ed25519","kid":"KID","b64":false"#, JwsError::Unencoded),
            (r#""alg":"Ed25519","kid":"KID","jwk":{"kty":"OKP"}"#, JwsError::EmbeddedKey),
            (r#""alg":"Ed25519","kid":"KID","jku":"https://x.example"#, JwsError::Header),
            (r#""alg":"Ed25519","kid":"KID","jku":"https://x.example""#, JwsError::EmbeddedKey),
            (r#""alg":"Ed25519","kid":"KID","x5c":[]"#, JwsError::EmbeddedKey),
            (r#""alg":"Ed25519","kid":"KID","x5t#S256":"""#, JwsError::EmbeddedKey),
            (r#""alg":"Ed25519","kid":"KID","zip":"DEF""#, JwsError::Transformed),
            (r#""alg":"Ed25519","kid":"KID","foo":1"#, JwsError::HeaderMember),
            (r#""alg":"Ed25519","kid":"KID","alg":"Ed25519""#, JwsError::HeaderDuplicate),
            (r#""alg":"Ed25519","kid":"KID","al\u0067":"none""#, JwsError::HeaderDuplicate),
            (r#""kid":"KID""#, JwsError::AlgorithmMissing),
            (r#""alg":"none","kid":"KID""#, JwsError::AlgorithmNone),
            (r#""alg":"NONE","kid":"KID""#, JwsError::AlgorithmNone),
            (r#""alg":"HS256","kid":"KID""#, JwsError::Algorithm),
            (r#""alg":"ed25519","kid":"KID""#, JwsError::Algorithm),
            (r#""alg":"Ed448","kid":"KID""#, JwsError::Algorithm),
            (r#""alg":null,"kid":"KID""#, JwsError::Header),
            (r#""alg":"Ed25519""#, JwsError::KeyIdMissing),
            (r#""alg":"Ed25519","kid":"key-1""#, JwsError::KeyId),
            (r#""alg":"Ed25519","kid":7"#, JwsError::Header),
            (r#""alg":"Ed25519","kid":"KID","typ":"LONG""#, JwsError::HeaderTooLong),
            (r#""alg":"Ed25519","kid":"KID","typ":"MUCH""#, JwsError::HeaderTooLong),
            (r#""alg":"Ed25519","kid":"KID"} {"#, JwsError::Header),
        ] {
            let members =
                members.replace("KID", &kid).replace("LONG", &long).replace("MUCH", &longer);
            assert_eq!(error(&with_header(&format!("{{{members}}}"))), Some(expected), "{members}");
        }
        assert_eq!(error(&with_header("[]")), Some(JwsError::Header));
        assert_eq!(error(&with_header("")), Some(JwsError::Header));
        assert_eq!(error(&with_header("\u{0}")), Some(JwsError::Header));
    }

    #[test]
    fn other_spellings_of_a_message_are_refused() {
        let jws = sign(&key(), b"{}", None);
        assert_eq!(error(&jws), None);
        let [header, payload, signature] = jws.split('.').collect::<Vec<_>>()[..] else { panic!() };
        for (bad, expected) in [
            (String::new(), JwsError::Parts),
            (format!("{header}.{payload}"), JwsError::Parts),
            (format!("{jws}."), JwsError::Parts),
            (format!("{jws}.a.b"), JwsError::Parts),
            (format!("{header}..{signature}"), JwsError::Detached),
            (format!(" {jws}"), JwsError::Base64),
            (format!("{jws}\n"), JwsError::Signature),
            (format!("{header}=.{payload}.{signature}"), JwsError::Base64),
            (format!("{header}.{payload}=.{signature}"), JwsError::Base64),
            // "{}" is `e30`; `e31` has the same bytes and a stray bit.
            (format!("{header}.e31.{signature}"), JwsError::Base64),
            (format!("{header}.e3\u{e9}.{signature}"), JwsError::Base64),
            (format!("{header}.e3+.{signature}"), JwsError::Base64),
            (format!("{header}.{payload}.{}", &signature[..85]), JwsError::Signature),
            (format!("{header}.{payload}."), JwsError::Signature),
            (format!("{header}.{payload}.{}B", &signature[..85]), JwsError::Base64),
            ("a".repeat(JWS_BYTES_MAX + 1), JwsError::TooLong),
        ] {
            assert_eq!(error(&bad), Some(expected), "{bad:.100}");
        }
    }

    #[test]
    fn a_type_is_escaped_as_json_has_it() {
        let jws = sign(&key(), b"{}", Some("a\"\\\u{e9}"));
        let jws = CompactJws::parse(jws.as_bytes()).unwrap();
        assert_eq!(jws.media_type(), Some("a\"\\\u{e9}"));
    }

    proptest! {
        #[test]
        fn what_is_signed_is_what_is_parsed(payload in proptest::collection::vec(any::<u8>(), 1..2000)) {
            let key = key();
            let text = sign(&key, &payload, Some("JWT"));
            let jws = CompactJws::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(jws.payload(), payload.as_slice());
            prop_assert_eq!(jws.key_id(), key.public().thumbprint());
            prop_assert!(key.public().verify(jws.signing_input(), jws.signature()));
            // The signed bytes and the signature are the whole text: nothing in it is free.
            let signature = URL_SAFE_NO_PAD.encode(jws.signature().as_bytes());
            let input = str::from_utf8(jws.signing_input())?;
            prop_assert_eq!(format!("{input}.{signature}"), text.as_str());
        }

        #[test]
        fn a_changed_byte_is_refused_or_breaks_the_signature(at: prop::sample::Index, to: u8) {
            let key = key();
            let mut text = sign(&key, br#"{"id":"1"}"#, None).into_bytes();
            let at = at.index(text.len());
            prop_assume!(text[at] != to);
            text[at] = to;
            if let Ok(jws) = CompactJws::parse(&text) {
                prop_assert!(!key.public().verify(jws.signing_input(), jws.signature()));
            }
        }
    }
}
