//! Statements on who is who: the registry, its participants, their keys and their delegates.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::signing::PublicKey;
use crate::statement::StatementType;
use crate::types::{DocumentHash, KeyId, PartyId, Timestamp};

/// `registry.opened.v1`: the first record of every log, signed by the operator's key that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryOpened {
    /// The operator's party id; also the author.
    pub operator: PartyId,
    /// The operator's first key; it signs this statement.
    pub key: PublicKey,
    /// The version of the rules from here on.
    pub rules: u16,
    /// How far a statement's `time` may lie from the registry's, in seconds.
    pub skew_seconds: u32,
    /// Whether party ids must pass their scheme's check digits.
    pub check_digits: CheckDigits,
}

/// Whether party ids must pass their scheme's check digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckDigits {
    /// They must; the rule of a live registry.
    Required,
    /// They need not: for trials with sample data, whose check digits often fail.
    Ignored,
}

/// `rules.adopted.v1`: a new version of the rules from this record on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesAdopted {
    /// The version; higher than the one in force.
    pub rules: u16,
}

/// `time.passed.v1`: nothing but that time has passed, so that a quiet registry deals with what became due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimePassed {}

/// What a participant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sells, and registers invoices that it issued.
    Supplier,
    /// Buys, reports statuses and grants mandates.
    Debtor,
    /// Buys or lends on receivables.
    Financier,
    /// States on others' behalf, under their delegation.
    ServiceProvider,
    /// Reads everything, states nothing.
    Auditor,
    /// Runs the registry.
    Operator,
}

/// How sure the operator is that a key belongs to the participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// Whoever reads the mail of the address on record.
    EmailLink,
    /// A document was seen.
    Document,
    /// A national or qualified electronic identity (eHerkenning, itsme, a qualified certificate).
    ElectronicIdentity,
}

/// `participant.admitted.v1`: a legal entity takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParticipantAdmitted {
    /// The entity's first party id.
    pub party: PartyId,
    /// What it may do; at least one role, none twice.
    #[schema(min_items = 1, max_items = 6)]
    pub roles: Vec<Role>,
    /// Its first key.
    pub key: PublicKey,
    /// How sure the operator is of that key.
    pub assurance: Assurance,
    /// A salted commitment to name and contact details, which are kept beside the log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub details: Option<DocumentHash>,
}

/// `participant.suspended.v1`: the participant may no longer speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParticipantSuspended {
    /// The participant.
    pub party: PartyId,
    /// Why.
    pub reason: SuspensionReason,
}

/// Why a participant was suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionReason {
    /// It asked for it.
    OwnRequest,
    /// Its keys may be in others' hands.
    KeyCompromise,
    /// It broke the rulebook.
    Misconduct,
    /// It is insolvent.
    Insolvency,
    /// Anything else.
    Other,
}

/// `participant.reinstated.v1`: a suspended participant may speak again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParticipantReinstated {
    /// The participant.
    pub party: PartyId,
}

/// `party.linked.v1`: another party id of the same legal entity, so that a seller cannot become two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyLinked {
    /// A party id of the participant.
    pub party: PartyId,
    /// The id to link to it.
    pub alias: PartyId,
    /// The hash of the document that proves it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<DocumentHash>,
}

/// `key.added.v1`: one more key for a participant; by itself (rotation) or by the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyAdded {
    /// The participant.
    pub party: PartyId,
    /// The key.
    pub key: PublicKey,
    /// How sure the operator is of it; a participant that adds its own key cannot exceed the signing key's.
    pub assurance: Assurance,
}

/// `key.revoked.v1`: statements under this key are refused from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRevoked {
    /// The participant.
    pub party: PartyId,
    /// The key.
    pub key: KeyId,
    /// Why.
    pub reason: RevocationReason,
}

/// Why a key was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// Replaced by a newer one.
    Superseded,
    /// Lost, or in others' hands.
    Compromised,
    /// Its holder left.
    Ceased,
}

/// `delegation.granted.v1`: a service provider may state the named types on the author's behalf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegationGranted {
    /// The service provider.
    pub delegate: PartyId,
    /// The types; at least one, none twice, none that concerns keys or delegations.
    #[schema(min_items = 1, max_items = 32)]
    pub types: Vec<StatementType>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
}

/// `delegation.revoked.v1`: the service provider may no longer state anything on the author's behalf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegationRevoked {
    /// The service provider.
    pub delegate: PartyId,
}
