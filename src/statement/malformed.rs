//! Why bytes are not a statement, whatever the state of the registry.

use crate::signing::JwsError;

/// A refusal at the door: the bytes cannot be understood as a statement. In the order of the checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not a compact JWS of the profile.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The payload is not a CloudEvents 1.0 object of the profile.
    #[error("the payload is not a CloudEvents 1.0 object: {0}")]
    Envelope(String),
    /// `id` is empty, too long or has control characters.
    #[error("`id` must have 1 to 128 characters and no control characters")]
    Reference,
    /// `type` names no statement type that this registry knows.
    #[error("`type` names no known statement type: {0:?}")]
    Type(String),
    /// `data` does not have the shape of its type.
    #[error("`data` is not a {kind}: {message}")]
    Data {
        /// The statement type.
        kind: &'static str,
        /// What was wrong and where.
        message: String,
    },
}

impl Malformed {
    /// The stable code, documented in docs/SPECIFICATION.md.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Jws(error) => error.code(),
            Self::Envelope(_) => "envelope_malformed",
            Self::Reference => "id_malformed",
            Self::Type(_) => "type_unknown",
            Self::Data { .. } => "data_malformed",
        }
    }
}
