//! Access tokens: a short-lived JWT (RFC 7519) that a participant signs with a key of its own.
//!
//! The registry issues no tokens and keeps no sessions: whoever holds an admitted key writes a token for
//! itself, for one registry (`aud`) and at most five minutes. A token carries no rights, it says who is
//! asking. Keys are brought by the caller by issuer *and* key id, so that a key of one participant cannot
//! speak for another. Whether a token was seen before (`jti`) is for whoever needs that to remember.

use serde::{Deserialize, Serialize};

use crate::{
    signing::{
        jws::{self, CompactJws, JwsError},
        key::{PublicKey, SecretKey},
        strict::Verifier,
    },
    types::{KeyId, PartyId, Timestamp},
};

/// The longest time between now and a token's expiry, in seconds.
pub const LIFETIME_MAX_S: i64 = 300;

/// How far a client's clock may be ahead of ours, in seconds.
pub const SKEW_MAX_S: i64 = 30;

/// The longest `jti` in characters.
const JTI_CHARS_MAX: usize = 128;

/// Why a token does not identify the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a compact JWS that we accept.
    #[error("the token is not a JWS that is accepted here")]
    Jws(#[from] JwsError),
    /// Signed as something else than a token (`typ`).
    #[error("`typ` is not JWT or at+jwt")]
    Type,
    /// The claims are not those of an access token: what is wrong with them.
    #[error("the claims are not those of an access token: {0}")]
    Claims(String),
    /// For another registry.
    #[error("`aud` is not this registry")]
    Audience,
    /// No longer valid.
    #[error("the token has expired")]
    Expired,
    /// Valid for longer than [`LIFETIME_MAX_S`] from now.
    #[error("`exp` is more than {LIFETIME_MAX_S} seconds away")]
    TooLongLived,
    /// Not yet valid, or issued in the future, by more than [`SKEW_MAX_S`].
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The issuer has no such key.
    #[error("the issuer has no such key")]
    UnknownKey,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
}

impl TokenError {
    /// The stable name of the error, for problem documents.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Jws(error) => error.code(),
            Self::Type => "token_type",
            Self::Claims(_) => "token_claims_malformed",
            Self::Audience => "token_wrong_audience",
            Self::Expired => "token_expired",
            Self::TooLongLived => "token_too_long_lived",
            Self::NotYetValid => "token_not_yet_valid",
            Self::UnknownKey => "token_unknown_key",
            Self::Signature => "token_signature_invalid",
        }
    }
}

/// What a token says (RFC 7519, 4.1). Times are seconds since 1970. Other claims are ignored, as the standard
/// has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who is asking.
    pub iss: PartyId,
    /// The registry's origin.
    pub aud: String,
    /// The second from which the token is no longer valid.
    pub exp: i64,
    /// When it was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// The second before which it is not valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// The issuer's own name for this token: 1 to 128 characters.
    pub jti: String,
}

/// A token taken apart; nothing in it is believed until [`AccessToken::check`].
#[derive(Debug, Clone)]
pub struct AccessToken<'a> {
    jws: CompactJws<'a>,
    claims: Claims,
}

impl<'a> AccessToken<'a> {
    /// Writes a token for oneself, valid from `now` for `lifetime_s` seconds (at most [`LIFETIME_MAX_S`],
    /// or the registry refuses it).
    pub fn issue(
        key: &SecretKey,
        iss: &PartyId,
        aud: &str,
        jti: &str,
        lifetime_s: u32,
        now: Timestamp,
    ) -> String {
        let issued = seconds(now);
        let claims = serde_json::json!({
            "iss": iss,
            "aud": aud,
            "exp": issued.saturating_add(i64::from(lifetime_s)),
            "iat": issued,
            "jti": jti,
        });
        jws::sign(key, claims.to_string().as_bytes(), Some("JWT"))
    }

    /// Takes a token apart.
    ///
    /// # Errors
    /// [`TokenError::Jws`], [`TokenError::Type`] or [`TokenError::Claims`].
    pub fn parse(token: &'a [u8]) -> Result<Self, TokenError> {
        let jws = CompactJws::parse(token)?;
        // RFC 7515: names of types are compared without regard to case.
        let is_token = |typ: &str| ["JWT", "at+jwt"].iter().any(|t| typ.eq_ignore_ascii_case(t));
        if !jws.media_type().is_none_or(is_token) {
            return Err(TokenError::Type);
        }
        let claims = serde_json::from_slice::<Claims>(jws.payload())
            .map_err(|e| TokenError::Claims(e.to_string()))?;
        if !(1..=JTI_CHARS_MAX).contains(&claims.jti.chars().count()) {
            return Err(TokenError::Claims("`jti` must have 1 to 128 characters".to_owned()));
        }
        Ok(Self { jws, claims })
    }

    /// Believes the token or says why not. `key_of` finds a key that the issuer has now, by its id.
    ///
    /// # Errors
    /// [`TokenError`]; the signature is checked last, as the dearest.
    pub fn check(
        self,
        verifier: &Verifier,
        aud: &str,
        key_of: impl FnOnce(&PartyId, &KeyId) -> Option<PublicKey>,
        now: Timestamp,
    ) -> Result<Claims, TokenError> {
        let Self { jws, claims } = self;
        if claims.aud != aud {
            return Err(TokenError::Audience);
        }
        let now = seconds(now);
        if claims.exp <= now {
            return Err(TokenError::Expired);
        }
        if claims.exp > now.saturating_add(LIFETIME_MAX_S) {
            return Err(TokenError::TooLongLived);
        }
        let soonest = now.saturating_add(SKEW_MAX_S);
        if claims.iat.is_some_and(|t| t > soonest) || claims.nbf.is_some_and(|t| t > soonest) {
            return Err(TokenError::NotYetValid);
        }
        let key = key_of(&claims.iss, &jws.key_id()).ok_or(TokenError::UnknownKey)?;
        verifier.verified(jws, &key).map_err(|_| TokenError::Signature)?;
        Ok(claims)
    }
}

/// Whole seconds since 1970.
fn seconds(time: Timestamp) -> i64 {
    time.millis().div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ORIGIN: &str = "registry.example";
    const NOW_S: i64 = 1_795_253_400;

    fn now() -> Timestamp {
        Timestamp::from_millis(NOW_S * 1000 + 999).unwrap()
    }

    fn key() -> SecretKey {
        SecretKey::from_seed(&[7; 32])
    }

    fn party() -> PartyId {
        "0106:12345678".parse().unwrap()
    }

    fn check(token: &str) -> Result<Claims, TokenError> {
        let find = |iss: &PartyId, kid: &KeyId| {
            let known = *iss == party() && *kid == key().public().thumbprint();
            known.then(|| *key().public())
        };
        AccessToken::parse(token.as_bytes())?.check(&Verifier::new(0), ORIGIN, find, now())
    }

    /// A token with some claims replaced (or left out, with null).
    fn with(changes: &serde_json::Value) -> String {
        let mut claims = json!({"iss": party(), "aud": ORIGIN, "exp": NOW_S + 60, "jti": "1"});
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        jws::sign(&key(), claims.to_string().as_bytes(), Some("JWT"))
    }

    #[test]
    fn a_token_that_was_issued_identifies_its_issuer() {
        let token = AccessToken::issue(&key(), &party(), ORIGIN, "n-1", 300, now());
        let claims = check(&token).unwrap();
        assert_eq!((claims.iss, claims.jti.as_str()), (party(), "n-1"));
        assert_eq!((claims.exp, claims.iat), (NOW_S + 300, Some(NOW_S)));
    }

    #[test]
    fn each_defect_is_refused_for_its_own_reason() {
        for (changes, expected) in [
            (json!({}), None),
            (json!({"scope": "read", "iat": NOW_S + 30, "nbf": NOW_S + 30}), None),
            (json!({"jti": "x".repeat(128), "exp": NOW_S + 300}), None),
            (json!({"exp": NOW_S + 1}), None),
            (json!({"exp": NOW_S}), Some("token_expired")),
            (json!({"exp": i64::MIN}), Some("token_expired")),
            (json!({"exp": NOW_S + 301}), Some("token_too_long_lived")),
            (json!({"exp": i64::MAX}), Some("token_too_long_lived")),
            (json!({"iat": NOW_S + 31}), Some("token_not_yet_valid")),
            (json!({"nbf": NOW_S + 31}), Some("token_not_yet_valid")),
            (json!({"aud": "other.example"}), Some("token_wrong_audience")),
            (json!({"aud": [ORIGIN]}), Some("token_claims_malformed")),
            (json!({"iss": "0106:12345679"}), Some("token_unknown_key")),
            (json!({"iss": "me"}), Some("token_claims_malformed")),
            (json!({"iss": null}), Some("token_claims_malformed")),
            (json!({"exp": null}), Some("token_claims_malformed")),
            (json!({"exp": 1.5}), Some("token_claims_malformed")),
            (json!({"jti": null}), Some("token_claims_malformed")),
            (json!({"jti": ""}), Some("token_claims_malformed")),
            (json!({"jti": "x".repeat(129)}), Some("token_claims_malformed")),
        ] {
            let shown = changes.to_string();
            assert_eq!(check(&with(&changes)).err().map(|e| e.code()), expected, "{shown}");
        }
    }

    #[test]
    fn a_token_is_signed_as_a_token_by_a_key_of_its_issuer() {
        let claims =
            json!({"iss": party(), "aud": ORIGIN, "exp": NOW_S + 60, "jti": "1"}).to_string();
        let signed = |key: &SecretKey, typ| jws::sign(key, claims.as_bytes(), typ);
        for typ in [None, Some("jwt"), Some("at+JWT")] {
            assert!(check(&signed(&key(), typ)).is_ok(), "{typ:?}");
        }
        assert_eq!(check(&signed(&key(), Some("statement"))), Err(TokenError::Type));
        let other = SecretKey::from_seed(&[8; 32]);
        assert_eq!(check(&signed(&other, None)), Err(TokenError::UnknownKey));
        // The right `kid` on the signature of another key.
        let (ours, theirs) = (signed(&key(), None), signed(&other, None));
        let (input, _) = ours.rsplit_once('.').unwrap();
        let (_, signature) = theirs.rsplit_once('.').unwrap();
        assert_eq!(check(&format!("{input}.{signature}")), Err(TokenError::Signature));
        assert_eq!(check("a.b"), Err(TokenError::Jws(JwsError::Parts)));
    }

    #[test]
    fn duplicate_claims_are_refused() {
        let claims = format!(
            r#"{{"iss":"0106:12345678","iss":"0106:12345678","aud":"{ORIGIN}","exp":{},"jti":"1"}}"#,
            NOW_S + 60
        );
        let token = jws::sign(&key(), claims.as_bytes(), None);
        assert_eq!(check(&token).err().map(|e| e.code()), Some("token_claims_malformed"));
    }
}
