//! Which events an endpoint wants: types, or all of a kind.

use core::fmt;

use serde::{Deserialize, Serialize, de};

use crate::domain::AlertCode;
use crate::statement::StatementType;

/// The most entries of a list.
const ENTRIES_MAX: usize = 64;
/// What an endpoint wants that does not say: every alert.
const ALERTS: &str = "alert.*";

/// The types of events that an endpoint wants. A misspelt type is refused: it would silently never come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Wanted(Vec<String>);

impl Default for Wanted {
    fn default() -> Self {
        Self(vec![ALERTS.to_owned()])
    }
}

/// Why a list of types is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WantedError {
    /// None, or too many.
    #[error("has one to 64 types")]
    Number,
    /// There is no such type.
    #[error("`{0}` is neither a type of event nor `alert.*`, `invoice.*` and so on, nor `*`")]
    Unknown(String),
}

impl Wanted {
    /// Takes a list of types; each as events have it, or its first word and `.*`, or `*`.
    ///
    /// # Errors
    /// [`WantedError`].
    pub fn new(mut types: Vec<String>) -> Result<Self, WantedError> {
        types.sort_unstable();
        types.dedup();
        if !(1..=ENTRIES_MAX).contains(&types.len()) {
            return Err(WantedError::Number);
        }
        match types.iter().find(|entry| !is_known(entry)) {
            Some(entry) => Err(WantedError::Unknown(entry.chars().take(64).collect())),
            None => Ok(Self(types)),
        }
    }

    /// Every event.
    pub fn everything() -> Self {
        Self(vec!["*".to_owned()])
    }

    /// The entries.
    pub fn entries(&self) -> &[String] {
        &self.0
    }

    /// Whether an event of this type is wanted.
    pub fn has(&self, kind: &str) -> bool {
        self.0.iter().any(|entry| match entry.strip_suffix('*') {
            Some(start) => kind.starts_with(start),
            None => entry == kind,
        })
    }
}

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Types that an older version knew are kept: they just do not come any more.
        Vec::deserialize(deserializer).map(Self)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

fn is_known(entry: &str) -> bool {
    if entry == "*" || entry == ALERTS {
        return true;
    }
    if let Some(word) = entry.strip_suffix(".*") {
        return StatementType::ALL.iter().any(|kind| kind.as_str().split('.').next() == Some(word));
    }
    let alert = entry.strip_prefix("alert.").and_then(|rest| rest.strip_suffix(".v1"));
    match alert {
        Some(code) => {
            let code = de::value::StrDeserializer::<de::value::Error>::new(code);
            AlertCode::deserialize(code).is_ok()
        }
        None => entry.parse::<StatementType>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(types: &[&str]) -> Result<Wanted, WantedError> {
        Wanted::new(types.iter().map(|&it| it.to_owned()).collect())
    }

    #[test]
    fn events_are_wanted_by_type_by_kind_or_all() {
        for (types, wants, not) in [
            (&["*"][..], &["alert.paid.v1", "invoice.registered.v1"][..], &[][..]),
            (&["alert.*"], &["alert.paid.v1"], &["invoice.registered.v1", "alertx.paid.v1"]),
            (
                &["alert.paid.v1", "mandate.*"],
                &["alert.paid.v1", "mandate.revoked.v1"],
                &["alert.credited.v1"],
            ),
        ] {
            let wanted = wanted(types).unwrap();
            assert!(wants.iter().all(|kind| wanted.has(kind)), "{types:?}");
            assert!(!not.iter().any(|kind| wanted.has(kind)), "{types:?}");
        }
        assert!(Wanted::default().has("alert.second_claim.v1"));
    }

    #[test]
    fn a_type_that_never_comes_is_refused() {
        for unknown in [
            "alert.second_clam.v1",
            "alert.*.v1",
            "invoices.*",
            "",
            "alert",
            "a*",
            "*.v1",
            "invoice.registered",
        ] {
            assert_eq!(wanted(&[unknown]), Err(WantedError::Unknown(unknown.to_owned())));
        }
        assert_eq!(wanted(&[]), Err(WantedError::Number));
        let twice = wanted(&["alert.*", "alert.*"]).unwrap();
        assert_eq!(twice.entries(), ["alert.*"]);
    }
}
