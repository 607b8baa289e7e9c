//! One-time links: who has one, sent to a debtor's registered address, may act for the debtor once. Functions of values.
//!
//! - A token is 256 random bits. What is kept is its hash: whoever reads the database has no link.
//! - Looking at a link changes nothing, because programs that guard mailboxes open every link; using it up does.
//! - Whoever guesses learns nothing: only a text that was once a token is told from one that never was.

use core::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::invitation::contact::Language;
use crate::types::{PartyId, StatementId, Timestamp};

/// How long a link holds: a fortnight, so that a holiday does not end a request.
pub const LINK_MILLIS: i64 = 14 * 24 * 60 * 60 * 1_000;
/// How long the registry remembers why a link no longer holds.
pub(super) const REMEMBERED_MILLIS: i64 = 90 * 24 * 60 * 60 * 1_000;

/// Under which path of the public address a link leads to its page; the token follows.
pub const LINK_PATH: &str = "/mandate/";

const CONTEXT: &str = "tallystick 2026 invitation link v1";

/// The secret part of a link. It stands in the letter and nowhere else.
pub struct Token(Zeroizing<[u8; 32]>);

impl Token {
    /// A fresh one; `None` where the system has no randomness.
    pub(super) fn fresh() -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).ok()?;
        Some(Self(bytes))
    }

    /// Reads what follows [`LINK_PATH`]; each token has one text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        match URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()) {
            Ok(32) => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The text, 43 characters that need no escape in a URL.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(*self.0))
    }

    /// What is kept of it.
    pub(super) fn hash(&self) -> LinkHash {
        LinkHash(blake3::derive_key(CONTEXT, self.0.as_slice()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What is kept of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkHash(pub(super) [u8; 32]);

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Purpose {
    /// To answer this `mandate.requested.v1`.
    Answer(StatementId),
    /// To see, change and revoke the mandates that were granted.
    Manage,
}

/// What a link says to its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The debtor for whom its holder may act, by its first party id.
    pub debtor: PartyId,
    /// What for.
    pub purpose: Purpose,
    /// The language of the letter.
    pub language: Language,
    /// When it was made.
    pub issued_at: Timestamp,
    /// From when on it no longer holds.
    pub expires_at: Timestamp,
    /// How it ended before that.
    pub(super) ended: Option<Ended>,
}

/// How a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ended {
    /// It was used up.
    Used,
    /// A newer letter took its place, or the debtor's address is another one now.
    Withdrawn,
}

/// Why a link does not hold. Each is a page of its own; none says whom it was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It never was a link, is incomplete or was changed; or it ended so long ago that nobody remembers.
    #[error("this is not a link of ours, or a part of it is missing")]
    Unknown,
    /// It was used up.
    #[error("this link was used before")]
    Used,
    /// A newer letter took its place, or the debtor's address is another one now.
    #[error("a newer letter was sent, or the address on record changed")]
    Withdrawn,
    /// Its time is over.
    #[error("the time of this link is over")]
    Expired,
    /// The database does not answer.
    #[error("the links cannot be read or written now")]
    Storage,
}

impl Invitation {
    /// A link that holds from now on.
    pub(super) const fn new(
        debtor: PartyId,
        purpose: Purpose,
        language: Language,
        now: Timestamp,
    ) -> Self {
        let expires_at = now.plus_millis(LINK_MILLIS);
        Self { debtor, purpose, language, issued_at: now, expires_at, ended: None }
    }

    /// Whether it holds.
    pub(super) fn holds(&self, now: Timestamp) -> Result<(), LinkError> {
        match self.ended {
            Some(Ended::Used) => Err(LinkError::Used),
            Some(Ended::Withdrawn) => Err(LinkError::Withdrawn),
            None if now >= self.expires_at => Err(LinkError::Expired),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::default().plus_millis(millis)
    }

    #[test]
    fn a_token_has_one_text_and_its_hash_is_not_it() {
        let token = Token::fresh().unwrap();
        let text = token.text();
        assert_eq!(text.len(), 43);
        assert_eq!(Token::parse(&text).unwrap().hash(), token.hash());
        assert_ne!(token.hash().0, *token.0);
        assert_ne!(Token::fresh().unwrap().hash(), token.hash());
        let padded = format!("{}=", *text);
        let short = &text[..42];
        let spaced = format!(" {}", *text);
        for wrong in ["", "x", padded.as_str(), short, spaced.as_str()] {
            assert!(Token::parse(wrong).is_none(), "{wrong}");
        }
        // The last character has two bits that mean nothing: only one text of the four counts.
        let others = |last: char| Token::parse(&format!("{short}{last}"));
        let alphabet = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
        assert_eq!(alphabet.filter(|last| others(*last).is_some()).count(), 16);
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn a_link_holds_until_its_time_is_over_and_says_how_it_ended() {
        let debtor: PartyId = "0106:00000004".parse().unwrap();
        let mut link = Invitation::new(debtor, Purpose::Manage, Language::Dutch, at(1_000));
        assert_eq!(link.holds(at(1_000)), Ok(()));
        assert_eq!(link.holds(at(999 + LINK_MILLIS)), Ok(()));
        assert_eq!(link.holds(at(1_000 + LINK_MILLIS)), Err(LinkError::Expired));
        link.ended = Some(Ended::Withdrawn);
        assert_eq!(link.holds(at(1_000)), Err(LinkError::Withdrawn));
        link.ended = Some(Ended::Used);
        assert_eq!(link.holds(at(1_000 + LINK_MILLIS)), Err(LinkError::Used));
    }
}
