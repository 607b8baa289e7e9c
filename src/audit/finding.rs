//! What an audit finds: a position, a stable code, and a sentence.
//!
//! Each code belongs to one of the checks that the report lists. Codes are never renamed or used for something
//! else; docs/SPECIFICATION.md has a line for each.

use serde::Serialize;

/// A check that an audit performs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The checkpoint is the log's, and signed by its key.
    Checkpoint,
    /// The log extends every checkpoint that was known before.
    History,
    /// The entries are those, and all of those, that the checkpoint commits to.
    Tree,
    /// Every entry is a record in its one encoding.
    Records,
    /// Every statement is one that the registry may accept by its form.
    Statements,
    /// Every signature holds, strictly, under the key that the log itself gives.
    Signatures,
    /// The registry's time never runs backwards.
    Time,
    /// Every record names the version of the rules in force.
    Rules,
    /// The rules give exactly the recorded outcome for every record.
    Decisions,
    /// The published read models are those that the log gives.
    ReadModels,
    /// The published conflicts are those that the log gives.
    Conflicts,
}

impl Check {
    /// Every check, in the order of the report.
    pub const ALL: [Self; 11] = [
        Self::Checkpoint,
        Self::History,
        Self::Tree,
        Self::Records,
        Self::Statements,
        Self::Signatures,
        Self::Time,
        Self::Rules,
        Self::Decisions,
        Self::ReadModels,
        Self::Conflicts,
    ];

    /// What is checked, in words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint: signed with the log's key",
            Self::History => "history: extends every earlier checkpoint",
            Self::Tree => "tree: entries hash to the signed root",
            Self::Records => "records: one canonical encoding",
            Self::Statements => "statements: well formed",
            Self::Signatures => "signatures: hold under a key in the log",
            Self::Time => "time: never runs backwards",
            Self::Rules => "rules: the version in force",
            Self::Decisions => "decisions: what the rules give",
            Self::ReadModels => "read models: as published",
            Self::Conflicts => "conflicts: as published",
        }
    }
}

/// Declares every code once: variant, stable text, check.
macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal, $check:ident;)*) => {
        /// What can be found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Code {
            /// Every code, in the order of the checks.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The check that finds it.
            pub const fn check(self) -> Check {
                match self { $(Self::$variant => Check::$check,)* }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                // The text of a doc comment begins with the space after its slashes.
                match self { $(Self::$variant => concat!($($doc),*).trim_start(),)* }
            }
        }
    };
}

codes! {
    /// The checkpoint is not a signed note of this log under the trusted key.
    CheckpointInvalid = "checkpoint_invalid", Checkpoint;
    /// Two histories: the log does not contain what it committed to in an earlier checkpoint.
    Fork = "fork", History;
    /// The newest checkpoint is smaller than one that was known before.
    RolledBack = "rolled_back", History;
    /// The entries do not hash to the root that the checkpoint commits to.
    RootDiffers = "root_differs", Tree;
    /// There are fewer entries than the checkpoint commits to.
    CutTail = "cut_tail", Tree;
    /// There are more entries than the checkpoint commits to.
    SurplusEntries = "surplus_entries", Tree;
    /// The source of the log could not be read to its end, or not in its format.
    LogUnreadable = "log_unreadable", Tree;
    /// An entry is not a record in its canonical encoding.
    RecordMalformed = "record_malformed", Records;
    /// A statement is not one that the registry accepts.
    StatementMalformed = "statement_malformed", Statements;
    /// A signature does not hold.
    SignatureInvalid = "signature_invalid", Signatures;
    /// A statement names a key that no participant has at that point of the log.
    KeyUnknown = "key_unknown", Signatures;
    /// A record is older than the one before it.
    TimeBackwards = "time_backwards", Time;
    /// A record names another version of the rules than the one in force.
    RulesVersion = "rules_version", Rules;
    /// The rules reject a statement that the log has.
    DecisionRejected = "decision_rejected", Decisions;
    /// The rules give another outcome than the recorded one.
    OutcomeDiffers = "outcome_differs", Decisions;
    /// The rules give a conflict that the recorded outcome does not have.
    OutcomeSuppressesConflict = "outcome_suppresses_conflict", Decisions;
    /// The log gives a conflict that the registry's list does not have.
    ConflictSuppressed = "conflict_suppressed", Conflicts;
    /// The registry's list describes a conflict in another way than the log gives it.
    ConflictDiffers = "conflict_differs", Conflicts;
    /// The registry's list has a conflict that the log does not give.
    ConflictInvented = "conflict_invented", Conflicts;
    /// The read models that the log gives have another digest than the published one.
    ReadModelsDiffer = "read_models_differ", ReadModels;
    /// What the registry publishes of its read models cannot be read.
    ReadModelsUnreadable = "read_models_unreadable", ReadModels;
    /// The published read models are of a log size that the audit did not pass.
    ReadModelsNotComparable = "read_models_not_comparable", ReadModels;
}

/// A disagreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The position of the record that it is about, where it is about one.
    pub position: Option<u64>,
    /// What was found: the text of a [`Code`].
    pub code: &'static str,
    /// The check that found it.
    pub check: Check,
    /// What exactly, in words.
    pub detail: String,
}

impl Finding {
    /// A finding.
    pub fn new(position: Option<u64>, code: Code, detail: impl Into<String>) -> Self {
        Self { position, code: code.as_str(), check: code.check(), detail: detail.into() }
    }
}

impl core::fmt::Display for Finding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.position {
            Some(position) => write!(f, "at {position}: {}: {}", self.code, self.detail),
            None => write!(f, "{}: {}", self.code, self.detail),
        }
    }
}
