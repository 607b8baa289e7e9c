//! The CloudEvents 1.0 envelope (JSON format) and the statement that is parsed from it.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::signing::{
    self, CompactJws, PublicKey, SecretKey, Signature, Signed, Verified, Verifier,
};
use crate::statement::{Malformed, Payload, StatementType};
use crate::types::{KeyId, Origin, PartyId, StatementId, Timestamp};

/// Most characters that an author's own `id` of a statement may have.
pub const REFERENCE_CHARS_MAX: usize = 128;

const ID_CONTEXT: &str = "tallystick.org 2026-11 statement id v1";
static ID_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(ID_CONTEXT));

/// The identity of a statement: BLAKE3 of the author's canonical party id and the author's own `id`, each with its
/// length in bytes before it (16 bits, big-endian).
pub fn statement_id(author: &PartyId, reference: &str) -> StatementId {
    let mut hasher = ID_HASHER.clone();
    for text in [author.canonical().as_str(), reference] {
        hasher.update(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    StatementId::from_bytes(*hasher.finalize().as_bytes())
}

/// What a statement says and who says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its identity, from author and reference.
    pub id: StatementId,
    /// The participant on whose account it is made (CloudEvents `source`).
    pub author: PartyId,
    /// The author's own `id` of it, which makes it idempotent.
    pub reference: Box<str>,
    /// The key that signed it: the author's, or its delegate's.
    pub key: KeyId,
    /// The author's clock; a claim.
    pub time: Timestamp,
    /// The registry that it is for.
    pub registry: Origin,
    /// What it says.
    pub payload: Payload,
}

/// The JSON members of the envelope, in the order in which this library writes them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope<'a> {
    /// Always `1.0`.
    #[serde(borrow)]
    pub specversion: Cow<'a, str>,
    /// The author's own id of the statement.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The author's party id.
    pub source: PartyId,
    /// The statement type with its version.
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// The author's clock.
    pub time: Timestamp,
    /// The origin of the registry (an extension attribute).
    pub registry: Origin,
    /// `application/json`, where it is there.
    #[serde(skip_serializing_if = "Option::is_none", default, borrow)]
    pub datacontenttype: Option<Cow<'a, str>>,
    /// The payload.
    #[serde(borrow)]
    pub data: &'a RawValue,
}

/// A statement together with the exact bytes that were signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    bytes: Box<[u8]>,
    signing_input: usize,
    signature: Signature,
    statement: Statement,
}

impl SignedStatement {
    /// Reads a compact JWS. The signature is not checked here: see [`Verifier`].
    ///
    /// # Errors
    /// [`Malformed`], the first check that failed.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let jws = CompactJws::parse(bytes)?;
        let envelope: Envelope<'_> = serde_json::from_slice(jws.payload())
            .map_err(|error| Malformed::Envelope(error.to_string()))?;
        if envelope.specversion != "1.0" {
            return Err(Malformed::Envelope("`specversion` must be \"1.0\"".to_owned()));
        }
        if envelope.datacontenttype.as_deref().is_some_and(|kind| kind != "application/json") {
            return Err(Malformed::Envelope(
                "`datacontenttype` must be \"application/json\"".to_owned(),
            ));
        }
        let reference = envelope.id.as_ref();
        if !(1..=REFERENCE_CHARS_MAX).contains(&reference.chars().count())
            || reference.chars().any(char::is_control)
        {
            return Err(Malformed::Reference);
        }
        let payload = Payload::parse(&envelope.kind, envelope.data.get())?;
        let statement = Statement {
            id: statement_id(&envelope.source, reference),
            reference: reference.into(),
            key: jws.key_id(),
            time: envelope.time,
            registry: envelope.registry,
            author: envelope.source,
            payload,
        };
        let (signing_input, signature) = (jws.signing_input().len(), *jws.signature());
        Ok(Self { bytes: bytes.into(), signing_input, signature, statement })
    }

    /// Writes and signs a statement; the inverse of [`Self::parse`].
    ///
    /// # Errors
    /// [`Malformed`] where `data` is not of this type or something does not fit: what cannot be read back is
    /// not signed.
    pub fn sign(
        key: &SecretKey,
        kind: StatementType,
        author: &PartyId,
        reference: &str,
        time: Timestamp,
        registry: &Origin,
        data: &str,
    ) -> Result<Self, Malformed> {
        let wrong = |error: serde_json::Error| Malformed::Data {
            kind: kind.as_str(),
            message: error.to_string(),
        };
        let data: &RawValue = serde_json::from_str(data).map_err(wrong)?;
        let envelope = Envelope {
            specversion: "1.0".into(),
            id: reference.into(),
            source: author.clone(),
            kind: kind.as_str().into(),
            time,
            registry: registry.clone(),
            datacontenttype: None,
            data,
        };
        let payload = serde_json::to_vec(&envelope).map_err(wrong)?;
        Self::parse(signing::jws::sign(key, &payload, None).as_bytes())
    }

    /// The exact bytes of the compact JWS.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it says.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Checks the signature under a key.
    ///
    /// # Errors
    /// Hands itself back where the signature does not hold.
    #[expect(clippy::result_large_err, reason = "what failed is handed back, not reported")]
    pub fn verify(self, verifier: &Verifier, key: &PublicKey) -> Result<Verified<Self>, Self> {
        verifier.verified(self, key)
    }
}

impl Signed for SignedStatement {
    fn key_id(&self) -> KeyId {
        self.statement.key
    }

    fn signing_input(&self) -> &[u8] {
        self.bytes.get(..self.signing_input).unwrap_or_default()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }
}
