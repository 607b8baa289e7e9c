//! Visits: what the registry remembers of somebody who came by a link, until the visit ends.
//!
//! A visit lives in memory, is named by a secret in a cookie that only its hash is kept of, and lasts an hour. It
//! holds the choice that is about to be signed: only that very text is taken. Nothing of it enters the log.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::http::pages::words::Language;
use crate::signing::PublicKey;
use crate::statement::Payload;
use crate::types::{PartyId, Timestamp};

/// How long a visit lasts.
const VISIT_MILLIS: i64 = 3_600_000;
/// The most visits at a time; the one that would end first makes room.
const VISITS_MAX: usize = 10_000;
/// The name of the cookie.
const COOKIE: &str = "tallystick_visit";
/// Separates these hashes from all others.
const CONTEXT: &str = "tallystick.org 2026-11 visit v1";

/// A visit of a debtor.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// The debtor.
    pub(super) debtor: PartyId,
    /// The language that it reads.
    pub(super) language: Language,
    /// The key of the browser, where it has one.
    pub(super) key: Option<PublicKey>,
    /// What every form of the visit brings back.
    pub(super) form: String,
    /// What is about to be signed.
    pub(super) sheet: Option<Sheet>,
    /// What came of the last sheet.
    pub(super) done: Option<Done>,
    until: Timestamp,
}

/// Statements that are shown to be signed.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    /// What the form of this sheet brings back, once.
    pub(super) form: String,
    /// What is stated.
    pub(super) payloads: Vec<Payload>,
    /// Their own ids of the debtor: one sheet is stated once.
    pub(super) references: Vec<String>,
    /// The exact texts.
    pub(super) texts: Vec<String>,
    /// The time in them.
    pub(super) made_at: Timestamp,
    /// Where to go without signing.
    pub(super) back: String,
    /// Where to go after signing.
    pub(super) next: &'static str,
}

/// What came of a sheet.
#[derive(Debug, Clone, Default)]
pub(super) struct Done {
    /// The form of the sheet, so that a second sending is known.
    pub(super) form: String,
    /// Each statement with its place in the log, or why it was refused.
    pub(super) lines: Vec<(Payload, Result<u64, String>)>,
    /// Where to go now.
    pub(super) next: &'static str,
}

impl Visit {
    /// A visit that begins.
    pub(super) fn new(debtor: PartyId, language: Language, key: Option<PublicKey>) -> Option<Self> {
        let (sheet, done) = (None, None);
        let until = Timestamp::default();
        Some(Self { debtor, language, key, form: secret()?, sheet, done, until })
    }
}

/// A text that nobody guesses; `None` where the system gives no randomness.
pub(super) fn secret() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

fn name(secret: &str) -> [u8; 32] {
    blake3::derive_key(CONTEXT, secret.as_bytes())
}

/// The visits at this moment.
#[derive(Default)]
pub(in crate::http) struct Visits(Mutex<BTreeMap<[u8; 32], Visit>>);

impl Visits {
    /// Begins a visit; its secret, or `None` where the system gives no randomness.
    pub(super) fn begin(&self, visit: Visit, now: Timestamp) -> Option<String> {
        let secret = secret()?;
        let visit = Visit { until: now.plus_millis(VISIT_MILLIS), ..visit };
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if visits.len() >= VISITS_MAX {
            visits.retain(|_, visit| now < visit.until);
        }
        if visits.len() >= VISITS_MAX {
            let first = visits.iter().min_by_key(|(_, visit)| visit.until).map(|(name, _)| *name);
            first.and_then(|first| visits.remove(&first));
        }
        visits.insert(name(&secret), visit);
        drop(visits);
        Some(secret)
    }

    /// Looks at a visit, or changes it; `None` where there is none or it is over.
    pub(super) fn with<T>(
        &self,
        secret: &str,
        now: Timestamp,
        look: impl FnOnce(&mut Visit) -> T,
    ) -> Option<T> {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name(secret);
        if visits.get(&name).is_some_and(|visit| visit.until <= now) {
            visits.remove(&name);
        }
        visits.get_mut(&name).map(look)
    }

    /// Ends a visit.
    pub(super) fn end(&self, secret: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&name(secret));
    }
}

/// The secret of the visit that a request belongs to.
pub(super) fn cookie(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|it| it.split_once('='));
    pairs.find(|(name, _)| name.trim() == COOKIE).map(|(_, value)| value.trim().to_owned())
}

/// The line that sets the cookie. Scripts do not see it, and other sites do not send it.
pub(super) fn set_cookie(secret: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    let age = VISIT_MILLIS / 1_000;
    format!("{COOKIE}={secret}; Path=/mandate; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
}

/// The line that takes the cookie back.
pub(super) const CLEAR_COOKIE: &str =
    "tallystick_visit=; Path=/mandate; Max-Age=0; HttpOnly; SameSite=Strict";

#[cfg(test)]
mod tests {
    use super::*;

    fn visit() -> Visit {
        Visit::new("0106:00000004".parse().unwrap(), Language::Dutch, None).unwrap()
    }

    #[test]
    fn a_visit_ends_after_an_hour_and_is_found_by_its_secret_only() {
        let visits = Visits::default();
        let now = Timestamp::default();
        let secret = visits.begin(visit(), now).unwrap();
        assert_eq!(visits.with(&secret, now.plus_millis(VISIT_MILLIS - 1), |_| ()), Some(()));
        assert_eq!(visits.with("another", now, |_| ()), None);
        assert_eq!(visits.with(&secret, now.plus_millis(VISIT_MILLIS), |_| ()), None);
        assert_eq!(visits.with(&secret, now, |_| ()), None, "it does not come back");
    }

    #[test]
    fn many_visits_push_out_the_one_that_would_end_first() {
        let visits = Visits::default();
        let at = |millis| Timestamp::default().plus_millis(millis);
        let first = visits.begin(visit(), at(0)).unwrap();
        for place in 1..i64::try_from(VISITS_MAX).unwrap() {
            visits.begin(visit(), at(place)).unwrap();
        }
        assert!(visits.with(&first, at(9), |_| ()).is_some());
        visits.begin(visit(), at(20_000)).unwrap();
        assert!(visits.with(&first, at(9), |_| ()).is_none());
    }

    #[test]
    fn the_cookie_is_read_among_others_and_is_not_for_scripts_or_other_sites() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=b; tallystick_visit=xyz; c=d".parse().unwrap());
        assert_eq!(cookie(&headers).as_deref(), Some("xyz"));
        let line = set_cookie("xyz", true);
        for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/mandate"] {
            assert!(line.contains(part), "{line}");
        }
        assert!(!set_cookie("xyz", false).contains("Secure"));
    }
}
