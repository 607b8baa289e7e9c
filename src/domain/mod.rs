//! The rules: what the registry decides on a statement, and the state that this leaves.
//!
//! [`State::decide`] and [`State::apply`] are synchronous functions of values. They know no clock, no
//! storage, no network and no randomness: the time comes in as an argument, and rows that are not at hand
//! are the same values when they have been fetched (see [`Pages`]). Detection happens here, inside the
//! consistency boundary: the index that finds a second pledge is part of the state on which the pledge is
//! decided.

mod alert;
mod apply;
mod axes;
mod behaviour;
mod blanket;
mod casefile;
mod change;
mod check;
mod conduct;
mod decide;
mod derived;
mod encumbrance;
mod facts;
mod forecast;
mod index;
mod judge;
mod keys;
mod lists;
mod mandate;
mod matching;
mod merging;
mod ordered;
mod outcome;
mod pages;
mod participant;
mod reason;
mod receivable;
mod rejection;
mod request;
mod saving;
mod sight;
mod split;
mod standing;
mod state;
mod tacit;
mod telling;
mod trades;
mod visibility;
mod watch;

#[cfg(test)]
mod tests;

pub use alert::{About, Alert, AlertCode, Place, Severity};
pub use apply::registry_time;
pub use axes::{Axis, axis, certainty};
pub use behaviour::{BEHAVIOUR_RULES, Behaviour, Days, Dilution, MeanDays, Observed, Share};
pub use blanket::{Blanket, Consent, Granted};
pub use casefile::{
    ACKNOWLEDGE_MILLIS, ANSWER_MILLIS, Action, Contender, Deadlines, Resolution, Seat, Step,
};
pub use change::{Change, Decision, News};
pub use check::{CheckRefusal, CheckReport, CheckVerdict, Met, OwnClaim, Registered, Would};
pub use conduct::Conduct;
pub use decide::{RULES_VERSION, authors_of};
pub use encumbrance::{Case, Financing, Terms};
pub use facts::Facts;
pub use forecast::{Basis, Cash, FORECAST_RULE, Forecast, Outlook, Payer, Pot, Week};
pub use index::HashIndex;
pub use mandate::{Coverage, Mandate, MandateStanding};
pub use matching::{Looked, Related};
pub use outcome::{Effect, Finding, Outcome, Relation, Verdict};
pub use pages::{Column, PageSource, Pages, Row, SavedPage};
pub use participant::{Delegation, Key, Participant, Party, Standing};
pub use reason::{Reason, reasons};
pub use receivable::{
    Claim, ClaimKind, ClaimStanding, Credit, End, Further, Guarantee, Reading, Receivable, Told,
};
pub use rejection::{Rejection, Remedy};
pub use request::{Request, RequestStanding};
pub use saving::{Digest, Snapshot};
pub use sight::{Side, Sight};
pub use state::{JournalEntry, Rulebook, State, Subject, Summary, VIEWS_VERSION};
pub use tacit::TacitAcceptance;
pub use telling::Telling;
pub use trades::{Due, DueMatter};
pub use visibility::View;
pub use watch::Ring;
