//! Who is asking: the bearer token of a request, believed or not.
//!
//! A token says who asks and nothing else; what the caller may see is decided where it is read, on the state of
//! that moment. A caller is checked again with every question, so that a suspension or a revoked key ends an
//! open stream too.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::domain::{Participant, Standing, State};
use crate::http::App;
use crate::http::catalogue::Fault;
use crate::http::problem::Problem;
use crate::signing::{AccessToken, Claims, CompactJws, PublicKey, TokenError};
use crate::types::{KeyId, PartyId, Timestamp};

/// A participant whose token holds.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Its row.
    pub(super) row: u32,
    /// The key that it signed with.
    key: KeyId,
    /// When the token ends.
    pub(super) until: Timestamp,
}

impl Caller {
    /// A participant that asked once, under this key, to be told from then on; `None` where there is none such.
    pub(super) fn standing(state: &State, party: &PartyId, key: KeyId) -> Option<Self> {
        let row = state.participant_by_id(party)?;
        Some(Self { row, key, until: Timestamp::default().plus_millis(i64::MAX) })
    }

    /// The key that it signed with.
    pub(super) const fn key(&self) -> KeyId {
        self.key
    }

    /// Whether it may still ask, on the state that is about to be read.
    ///
    /// # Errors
    /// The problem that a new request would meet.
    pub(super) fn stands(&self, state: &State, now: Timestamp) -> Result<(), Problem> {
        let participant = state.participant(self.row).ok_or_else(unknown)?;
        if now >= self.until {
            return Err(TokenError::Expired.into());
        }
        check(&participant, &self.key)
    }

    /// Whether it reads everything: the operator and auditors.
    pub(super) fn sees_all(&self, state: &State) -> bool {
        state.participant(self.row).is_some_and(|participant| participant.sees_all())
    }

    /// Of a list of so many rows those from one on that are the caller's own, in order; all for who reads everything.
    pub(super) fn rows<O: IntoIterator<Item = u32>>(
        &self,
        state: &State,
        (first, length): (u32, u32),
        own: impl FnOnce() -> O,
    ) -> impl Iterator<Item = u32> {
        let everything = self.sees_all(state);
        let own: BTreeSet<u32> =
            if everything { BTreeSet::new() } else { own().into_iter().collect() };
        let all = if everything { first..length } else { 0..0 };
        own.into_iter().filter(move |row| *row >= first).chain(all)
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let parsed = AccessToken::parse(token)?;
        // Who is claimed to ask is needed before the check, to find the key that it is checked with.
        let jws = CompactJws::parse(token).map_err(TokenError::Jws)?;
        let key = jws.key_id();
        let claims: Claims = serde_json::from_slice(jws.payload())
            .map_err(|error| TokenError::Claims(error.to_string()))?;
        let found = app.engine.query(|state, now| (find(state, &claims.iss, &key), now)).await?;
        let (found, now) = found.value;
        let known = found.as_ref().map(|found| found.key);
        let origin = app.engine.origin().as_str();
        let claims = parsed.check(app.engine.verifier(), origin, |_, _| known, now)?;
        let found = found.ok_or_else(unknown)?;
        found.standing?;
        let until = claims.exp.saturating_mul(1_000);
        let until = Timestamp::from_millis(until).ok_or(TokenError::TooLongLived)?;
        Ok(Self { row: found.row, key, until })
    }
}

/// The token of the request.
fn bearer(parts: &Parts) -> Result<&[u8], Problem> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(|| Problem::of(Fault::TokenMissing))?;
    if values.next().is_some() {
        return Err(Problem::of(Fault::TokenScheme));
    }
    let (scheme, token) =
        value.as_bytes().split_at_checked(7).ok_or_else(|| Problem::of(Fault::TokenScheme))?;
    if scheme.eq_ignore_ascii_case(b"bearer ") {
        Ok(token.trim_ascii())
    } else {
        Err(Problem::of(Fault::TokenScheme))
    }
}

/// A key as the registry knows it, in force or not.
struct Found {
    row: u32,
    key: PublicKey,
    standing: Result<(), Problem>,
}

/// The key of a participant by any of its party ids; the key of another participant is no key of this one.
fn find(state: &State, issuer: &PartyId, key: &KeyId) -> Option<Found> {
    let row = state.participant_by_key(key)?;
    let participant =
        state.participant(row).filter(|_| state.participant_by_id(issuer) == Some(row))?;
    let standing = check(&participant, key);
    Some(Found { row, key: participant.key(key)?.key, standing })
}

fn check(participant: &Participant, key: &KeyId) -> Result<(), Problem> {
    let key = participant.key(key).ok_or_else(unknown)?;
    if key.revoked_at.is_some() {
        return Err(Problem::of(Fault::TokenKeyRevoked));
    }
    match participant.standing {
        Standing::Active => Ok(()),
        Standing::Suspended => Err(Problem::of(Fault::ParticipantSuspended)),
    }
}

fn unknown() -> Problem {
    TokenError::UnknownKey.into()
}
