//! What a decision changes: the only words in which a state is ever altered.

use crate::domain::alert::Alert;
use crate::domain::axes::Axis;
use crate::domain::blanket::{Blanket, Consent};
use crate::domain::casefile::{Seat, Step};
use crate::domain::encumbrance::{Case, Financing};
use crate::domain::mandate::{Coverage, Mandate};
use crate::domain::outcome::Outcome;
use crate::domain::participant::{Delegation, Key, Participant, Standing};
use crate::domain::receivable::{
    Claim, ClaimStanding, Credit, End, Guarantee, Reading, Receivable,
};
use crate::domain::request::Request;
use crate::domain::state::{Rulebook, Subject};
use crate::domain::trades::Due;
use crate::invoice::Core;
use crate::statement::{DeclineReason, Detail, References};
use crate::types::{CaseId, ClaimId, DocumentHash, KeyId, Minor, PartyId, Timestamp};

/// What the rules make of a statement.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The outcome, which the record keeps.
    pub outcome: Outcome,
    /// What it changes, in order.
    pub changes: Vec<Change>,
    /// What it created that later statements refer to.
    pub subject: Subject,
    /// The participants to whose events it belongs, each once, in order.
    pub concerns: Vec<u32>,
}

/// What another registration of an invoice adds to what is known of it.
#[derive(Debug, Clone)]
pub struct News {
    /// Another amount due, by a party to the invoice.
    pub due_minor: Option<Minor>,
    /// Files that were not known yet.
    pub documents: Vec<DocumentHash>,
    /// The account to pay to, where none was known.
    pub payee_account: Option<DocumentHash>,
    /// Whether it says that the invoice was born assigned.
    pub born_assigned: bool,
    /// The core and the references, where this is the first word of the invoice's seller or buyer.
    pub first_word: Option<(Core, References)>,
}

/// One change of the state. Rows are those of the state that the decision was made on.
#[derive(Debug, Clone)]
pub enum Change {
    /// The registry opens: the operator is admitted and the rulebook laid down.
    Open(Rulebook),
    /// Other rules from here on.
    Adopt(u16),
    /// A participant, under a party id that is added where it is new.
    Admit(Box<Participant>),
    /// A participant may speak or not.
    Stand(u32, Standing),
    /// A party id joins a participant's entity.
    Link {
        /// The entity's row.
        entity: u32,
        /// The id.
        alias: PartyId,
    },
    /// A key of a participant.
    AddKey(u32, Box<Key>),
    /// A key that ends.
    RevokeKey(u32, KeyId, Timestamp),
    /// A delegation; it replaces an earlier one to the same delegate.
    Delegate(u32, Delegation),
    /// A delegation that ends.
    Undelegate(u32, u32),
    /// An invoice; its party rows are filled in where the party ids are new.
    Register(Box<Receivable>),
    /// Another registrant of an invoice.
    Reregister {
        /// The invoice.
        receivable: u32,
        /// The registrant.
        registrant: u32,
        /// What it adds to what is known.
        news: Box<News>,
    },
    /// A credit note.
    Credit(u32, Credit),
    /// The document's life ends.
    End(u32, End),
    /// A reading of an axis.
    Read {
        /// The invoice.
        receivable: u32,
        /// The axis.
        axis: Axis,
        /// The reading that becomes present.
        reading: Box<Reading>,
        /// What is paid in total afterwards.
        paid_minor: Minor,
    },
    /// What a source says last on an axis; the best of all sources becomes present.
    Hear {
        /// The invoice.
        receivable: u32,
        /// The axis.
        axis: Axis,
        /// What it says.
        reading: Box<Reading>,
        /// What is paid in total afterwards.
        paid_minor: Minor,
    },
    /// What is paid in total, by a report that changes no reading.
    Paid(u32, Minor),
    /// What the debtor undertakes to pay of an invoice.
    Guarantee(u32, Box<Guarantee>),
    /// Something was said about an invoice.
    Mention(u32),
    /// A mandate or a request for one.
    Mandate(Box<Mandate>),
    /// Another scope or term of a mandate.
    Amend {
        /// The mandate.
        mandate: u32,
        /// Its scope.
        scope: Coverage,
        /// What may be seen.
        show: Vec<Detail>,
        /// Its end.
        until: Timestamp,
    },
    /// A mandate that is revoked.
    Revoke(u32, Timestamp),
    /// A request that was granted.
    Answer(u32),
    /// A request that was declined.
    Decline(u32, Timestamp),
    /// An offer of invoices to a financier.
    Request(Box<Request>),
    /// An offer that is declined.
    DeclineRequest(u32, Timestamp, DeclineReason),
    /// A financing, without its claims.
    Financing(Box<Financing>),
    /// A claim on an invoice.
    Claim(u32, Box<Claim>),
    /// A claim that no longer stands.
    Close(u32, ClaimId, ClaimStanding),
    /// What a financier received on an invoice.
    Settle(u32, Minor),
    /// A claim that passes to another holder.
    Transfer(u32, ClaimId, u32),
    /// A blanket pledge; its party rows are filled in where the party ids are new.
    Blanket(Box<Blanket>),
    /// A blanket pledge that ends.
    ReleaseBlanket(u32, Timestamp),
    /// A waiver or consent.
    Consent(Box<Consent>),
    /// A waiver or consent that ends for the future, at a log position.
    Withdraw(u32, u64, Timestamp),
    /// A conflict, with the claims that are in it.
    OpenCase(Box<Case>),
    /// A claim that joins a conflict.
    JoinCase(CaseId, u32, ClaimId),
    /// A blanket pledge that joins a conflict.
    JoinBlanket(CaseId, u32),
    /// A conflict that is over.
    ClearCase(CaseId, Timestamp),
    /// From which place in the list of a blanket pledge's conflicts on it is still to be seen which are over, if any.
    Clearing(u32, Option<u32>),
    /// A step of a case file.
    Step(CaseId, Box<Step>),
    /// A resolution takes effect: that of the step at this log position.
    Resolve {
        /// The conflict.
        case: CaseId,
        /// The position.
        position: u64,
        /// The claims that no longer contradict each other.
        agreed: Vec<Seat>,
    },
    /// Two invoices that are not the same receivable.
    Apart(u32, u32),
    /// A participant is told.
    Alert(Alert),
    /// What became due up to and with this was dealt with.
    Pass(Due),
}
