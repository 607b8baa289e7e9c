//! What the author of an admitted statement gets back.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Effect, Finding, Outcome, Reason, Relation, Verdict};
use crate::invoice::{Field, FieldSet, KeyKind, KeySet};
use crate::log::{self, Checkpoint, CheckpointError, Hash, Vkey};
use crate::record::{Record, RecordError};
use crate::types::{CaseId, InvoiceId, StatementId, Timestamp};

/// A receipt: where a statement stands in the log, what the rules made of it, and the proof.
///
/// Everything but `log` is the same whenever the receipt is asked for; the proof is to the checkpoint of the
/// moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// Always `receipt`.
    pub object: String,
    /// The statement's id.
    pub id: StatementId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its position in the log, from zero; the position is the priority.
    pub position: u64,
    /// The registry's time at which it was decided.
    pub recorded_at: Timestamp,
    /// The version of the rules that decided it.
    pub rules: u16,
    /// Whether it took effect.
    pub outcome: Verdict,
    /// The invoice that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub invoice: Option<InvoiceId>,
    /// The earlier claims of others that it met. They name neither a financier nor his terms.
    pub findings: Vec<FindingShown>,
    /// The proof that the record stands in the log.
    pub log: LogProof,
}

/// An earlier claim that a new claim met, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingShown {
    /// Which of the statement's invoices, from zero.
    pub item: u16,
    /// What the two invoices are to each other.
    pub relation: Relation,
    /// Which keys they share.
    pub keys_met: Vec<KeyKind>,
    /// In which fields they differ.
    pub fields_differ: Vec<Field>,
    /// Why the two are what they are to each other, in codes and words.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// The rank that the new claim has, or would have had.
    pub rank: u16,
    /// When the earlier claim took its place.
    pub earlier_claim_since: Timestamp,
    /// What it comes to.
    pub effect: VerdictOnItem,
    /// The case number, where there is a conflict.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub case: Option<CaseId>,
}

/// What meeting an earlier claim comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictOnItem {
    /// Both fit into the open amount.
    Fits,
    /// They do not; the claim is recorded after the earlier ones, and flagged.
    Conflict,
    /// They do not; the claim was refused.
    Refused,
    /// The earlier claim is the claimant's own, on another invoice that is the same receivable; the new one is
    /// recorded.
    Own,
}

/// The proof that a record stands in the log (RFC 6962, section 2.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogProof {
    /// The leaf hash of the record.
    #[schema(value_type = String)]
    pub leaf_hash: Hash,
    /// The hashes from the leaf's sibling up to the root's child.
    #[schema(value_type = Vec<String>)]
    pub inclusion_proof: Vec<Hash>,
    /// The signed checkpoint (C2SP tlog-checkpoint) that the proof leads to.
    pub checkpoint: String,
}

/// Why a receipt does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The statement is not the one that the receipt is for.
    #[error("the receipt is for another statement: the record's leaf hash differs")]
    OtherStatement,
    /// The record cannot be encoded.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The checkpoint is not signed by the log.
    #[error("the checkpoint does not hold")]
    Checkpoint(#[from] CheckpointError),
    /// The proof does not lead to the checkpoint.
    #[error("the inclusion proof does not lead from the record to the checkpoint")]
    Proof(#[from] log::VerifyError),
}

impl Receipt {
    /// Writes the receipt of a record.
    pub fn new(
        id: StatementId,
        kind: &str,
        position: u64,
        record: &Record<'_>,
        invoice: Option<InvoiceId>,
        log: LogProof,
    ) -> Self {
        Self {
            object: "receipt".to_owned(),
            id,
            kind: kind.to_owned(),
            position,
            recorded_at: record.time,
            rules: record.rules,
            outcome: record.outcome.verdict,
            invoice,
            findings: record.outcome.findings.iter().map(FindingShown::from).collect(),
            log,
        }
    }

    /// Checks offline that a statement stands in the log as the receipt says.
    ///
    /// # Errors
    /// [`ReceiptError`], the first check that failed.
    pub fn verify(&self, statement: &[u8], log: &Vkey) -> Result<Checkpoint, ReceiptError> {
        let findings = self.findings.iter().map(Finding::from).collect();
        let outcome = Outcome { verdict: self.outcome, findings };
        let entry = Record::new(self.recorded_at, self.rules, statement, outcome).encode()?;
        let leaf = log::leaf_hash(&entry);
        if leaf != self.log.leaf_hash {
            return Err(ReceiptError::OtherStatement);
        }
        let checkpoint = Checkpoint::open(&self.log.checkpoint, log)?;
        let proof = &self.log.inclusion_proof;
        log::verify_inclusion(&leaf, self.position, checkpoint.size, &checkpoint.root, proof)?;
        Ok(checkpoint)
    }
}

impl From<&Finding> for FindingShown {
    fn from(finding: &Finding) -> Self {
        let millis = i64::try_from(finding.since.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let (effect, case) = match finding.effect {
            Effect::Fits => (VerdictOnItem::Fits, None),
            Effect::Conflict(case) => (VerdictOnItem::Conflict, Some(case)),
            Effect::Refused => (VerdictOnItem::Refused, None),
            Effect::Own => (VerdictOnItem::Own, None),
        };
        Self {
            item: finding.item,
            relation: finding.relation,
            keys_met: finding.keys.iter().collect(),
            fields_differ: finding.differs.iter().collect(),
            reasons: finding.reasons(),
            rank: finding.rank,
            earlier_claim_since: Timestamp::default().plus_millis(millis),
            effect,
            case,
        }
    }
}

impl From<&FindingShown> for Finding {
    fn from(shown: &FindingShown) -> Self {
        let mut keys = KeySet::default();
        shown.keys_met.iter().for_each(|kind| keys.insert(*kind));
        let mut differs = FieldSet::default();
        shown.fields_differ.iter().for_each(|field| differs.insert(*field));
        let effect = match (shown.effect, shown.case) {
            (VerdictOnItem::Conflict, Some(case)) => Effect::Conflict(case),
            (VerdictOnItem::Refused, _) => Effect::Refused,
            (VerdictOnItem::Own, _) => Effect::Own,
            (VerdictOnItem::Fits | VerdictOnItem::Conflict, _) => Effect::Fits,
        };
        let since = u64::try_from(shown.earlier_claim_since.millis()).unwrap_or(0) / 1_000;
        Self {
            item: shown.item,
            relation: shown.relation,
            keys,
            differs,
            rank: shown.rank,
            since,
            effect,
        }
    }
}
