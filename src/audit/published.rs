//! What the registry publishes of its read models, so that an auditor can compare it with what the log gives.
//!
//! The digest stands for every row of every read model; the conflicts are published in words besides, because
//! a conflict that is kept quiet is the lie that costs money. Server and auditor make this value with the same
//! function, so a difference is never one of form. How it travels is not known here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use crate::audit::finding::{Code, Finding};
use crate::domain::{Case, Digest, State};
use crate::types::{CaseId, ClaimId, DocumentHash, InvoiceId, StatementId, Timestamp};

/// The digest of every read model and every conflict, as of a log size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedReadModels {
    /// Always `read_models`.
    pub object: String,
    /// The log size that this reflects.
    pub as_of: u64,
    /// BLAKE3 over all rows of all read models (docs/SPECIFICATION.md, "Audit").
    pub digest: ReadModelDigest,
    /// Every conflict that there ever was, in the order of their numbers.
    pub conflicts: Vec<PublishedConflict>,
}

/// A conflict between claims: which, since when, and whether it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedConflict {
    /// Its case number.
    pub id: CaseId,
    /// The log position of the claim that opened it.
    pub opened_by: u64,
    /// When that was.
    pub opened_at: Timestamp,
    /// When enough claims had ended for the rest to fit; `null` while it stands.
    pub cleared_at: Option<Timestamp>,
    /// The claims in it, in the order in which they joined.
    pub claims: Vec<PublishedClaim>,
    /// The statements of the blanket pledges in it, in the order in which they joined.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub blankets: Vec<StatementId>,
    /// How it ended, wholly or for some of its claims, in the order in which that took effect.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub resolutions: Vec<PublishedResolution>,
}

/// A resolution that took effect. Its terms stand in the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedResolution {
    /// The log position of the statement with which it took effect.
    pub position: u64,
    /// Its code: `subordinated`, `shared`, `not_the_same_invoice`, `withdrawn`, `released`, `fraud_confirmed`.
    pub resolution: String,
}

/// A claim in a conflict. Whose it is, and on what terms, is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedClaim {
    /// The invoice that it is on.
    pub invoice: InvoiceId,
    /// Its number.
    pub claim: ClaimId,
}

impl PublishedReadModels {
    /// What a state comes to.
    ///
    /// # Errors
    /// None for this crate's rows; kept because serialisation says so.
    pub fn from_state(state: &mut State) -> Result<Self, postcard::Error> {
        let mut reading = Reading::begin(state)?;
        let end = loop {
            match reading.go_on(state, u32::MAX) {
                Ok(true) => {}
                end => break end,
            }
        };
        state.end_digest();
        end.map(|_| reading.finish())
    }

    /// In what this, as published, differs from what the log gives.
    pub(super) fn differences(&self, rebuilt: &Self) -> Vec<Finding> {
        let published: BTreeMap<CaseId, &PublishedConflict> =
            self.conflicts.iter().map(|conflict| (conflict.id, conflict)).collect();
        let mut findings = Vec::new();
        for conflict in &rebuilt.conflicts {
            let at = Some(conflict.opened_by);
            match published.get(&conflict.id) {
                None => findings.push(Finding::new(
                    at,
                    Code::ConflictSuppressed,
                    format!(
                        "the log gives conflict {}, the registry does not publish it",
                        conflict.id
                    ),
                )),
                Some(shown) if **shown != *conflict => findings.push(Finding::new(
                    at,
                    Code::ConflictDiffers,
                    format!(
                        "conflict {} is published as {}",
                        conflict.id,
                        shown.contrast(conflict)
                    ),
                )),
                Some(_) => {}
            }
        }
        let known: BTreeSet<CaseId> =
            rebuilt.conflicts.iter().map(|conflict| conflict.id).collect();
        for conflict in self.conflicts.iter().filter(|shown| !known.contains(&shown.id)) {
            let detail = format!("conflict {} is published, the log does not give it", conflict.id);
            findings.push(Finding::new(None, Code::ConflictInvented, detail));
        }
        if self.conflicts.len() > published.len() {
            let detail = "a conflict is published twice".to_owned();
            findings.push(Finding::new(None, Code::ConflictInvented, detail));
        }
        if self.digest != rebuilt.digest {
            findings.push(Finding::new(
                None,
                Code::ReadModelsDiffer,
                format!(
                    "as of size {} the log gives read models with digest {}, the registry publishes {}",
                    rebuilt.as_of, rebuilt.digest, self.digest
                ),
            ));
        }
        findings
    }
}

/// The making of [`PublishedReadModels`], a part at a time, while the state moves on.
///
/// [`State::end_digest`] is to follow, whatever became of it.
pub struct Reading {
    digest: Digest,
    as_of: u64,
    case: u32,
    conflicts: Vec<PublishedConflict>,
}

impl Reading {
    /// Begins to read a state as it is now.
    ///
    /// # Errors
    /// None for this crate's rows; kept because serialisation says so.
    pub fn begin(state: &mut State) -> Result<Self, postcard::Error> {
        let digest = state.begin_digest()?;
        Ok(Self { digest, as_of: state.size(), case: 0, conflicts: Vec::new() })
    }

    /// Reads so many more pages; says whether there are more.
    ///
    /// # Errors
    /// None for this crate's rows; kept because serialisation says so.
    pub fn go_on(&mut self, state: &State, pages: u32) -> Result<bool, postcard::Error> {
        if self.digest.go_on(state, pages)? {
            return Ok(true);
        }
        for _ in 0..pages {
            let Some((cases, rows)) = state.digested_cases(self.case) else { return Ok(false) };
            self.case = self.case.saturating_add(1);
            self.conflicts.extend(cases.iter().take(rows).map(|case| conflict(state, case)));
        }
        Ok(true)
    }

    /// What was read, once there is nothing more.
    pub fn finish(self) -> PublishedReadModels {
        PublishedReadModels {
            object: "read_models".to_owned(),
            as_of: self.as_of,
            digest: ReadModelDigest::from_bytes(self.digest.finish()),
            conflicts: self.conflicts,
        }
    }
}

fn conflict(state: &State, case: &Case) -> PublishedConflict {
    let claims = case.claims.iter().filter_map(|(row, claim)| {
        // An invoice keeps its row and its id for ever.
        let invoice = state.receivable(*row)?.id;
        Some(PublishedClaim { invoice, claim: *claim })
    });
    PublishedConflict {
        id: case.id,
        opened_by: case.opened_by,
        opened_at: case.opened_at,
        cleared_at: case.cleared_at,
        claims: claims.collect(),
        blankets: case
            .blankets
            .iter()
            .filter_map(|row| Some(state.blanket(*row)?.statement))
            .collect(),
        resolutions: case
            .resolutions()
            .map(|(position, resolution)| PublishedResolution {
                position,
                resolution: resolution.code().to_owned(),
            })
            .collect(),
    }
}

impl PublishedConflict {
    /// Says what differs from the conflict that the log gives.
    fn contrast(&self, rebuilt: &Self) -> String {
        let time =
            |time: Option<Timestamp>| time.map_or_else(|| "never".to_owned(), |t| t.to_string());
        if self.cleared_at != rebuilt.cleared_at {
            let (shown, given) = (time(self.cleared_at), time(rebuilt.cleared_at));
            return format!("cleared at {shown}, the log gives {given}");
        }
        if self.claims != rebuilt.claims {
            let (shown, given) = (self.claims.len(), rebuilt.claims.len());
            return format!("having {shown} claims, the log gives {given}, or others");
        }
        if self.blankets != rebuilt.blankets {
            let (shown, given) = (self.blankets.len(), rebuilt.blankets.len());
            return format!("having {shown} blanket pledges, the log gives {given}, or others");
        }
        if self.resolutions != rebuilt.resolutions {
            let words = |of: &Self| {
                let of = of.resolutions.iter();
                let each: Vec<String> =
                    of.map(|it| format!("{} by position {}", it.resolution, it.position)).collect();
                if each.is_empty() { "not".to_owned() } else { each.join(", ") }
            };
            return format!("resolved: {}; the log gives: {}", words(self), words(rebuilt));
        }
        format!(
            "opened at {} by position {}, the log gives {} and {}",
            self.opened_at, self.opened_by, rebuilt.opened_at, rebuilt.opened_by
        )
    }
}

/// The digest of every read model; text is 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
pub struct ReadModelDigest([u8; 32]);

impl ReadModelDigest {
    /// Takes the 32 bytes of [`State::digest`].
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Display for ReadModelDigest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for ReadModelDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ReadModelDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The same form as a document's hash, and the same strictness.
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let hex: DocumentHash = text
            .parse()
            .map_err(|_| de::Error::custom("expected 64 lower-case hexadecimal digits"))?;
        Ok(Self(*hex.as_bytes()))
    }
}
