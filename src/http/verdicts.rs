//! Checks on the wire: what is asked, and how a verdict is written.
//!
//! Decides nothing: `domain` says what a check tells.

use serde::{Deserialize as _, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};

use crate::domain::{self, CheckReport, CheckVerdict, End, Relation, Would};
use crate::http::catalogue::Fault;
use crate::http::problem::Problem;
use crate::invoice::{Field, KeyKind};
use crate::statement::InvoiceRegistered;
use crate::types::{CaseId, ClaimId, Currency, InvoiceId, MINOR_MAX, Minor, Timestamp};

/// An invoice to be checked: the data of `invoice.registered.v1`, and how much of it would be claimed.
pub(super) struct Asked {
    pub(super) data: InvoiceRegistered,
    pub(super) claimed_minor: Option<Minor>,
}

impl Asked {
    /// Reads a body or a line.
    ///
    /// # Errors
    /// [`Fault::CheckInvalid`].
    pub(super) fn read(text: &[u8]) -> Result<Self, Problem> {
        let wrong = |what: String| {
            Problem::new(Fault::CheckInvalid, format!("{what}; {}", Fault::CheckInvalid.message()))
        };
        let mut value: Value =
            serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
        let claimed = value.as_object_mut().and_then(|members| members.remove("claimed_minor"));
        let claimed_minor = match claimed {
            None | Some(Value::Null) => None,
            Some(claimed) => {
                let minor = claimed.as_i64().filter(|minor| (1..=MINOR_MAX).contains(minor));
                Some(minor.ok_or_else(|| wrong("`claimed_minor` is not an amount".to_owned()))?)
            }
        };
        let data =
            InvoiceRegistered::deserialize(value).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { data, claimed_minor })
    }
}

impl utoipa::PartialSchema for Asked {
    fn schema() -> RefOr<Schema> {
        let mut schema = <InvoiceRegistered as utoipa::PartialSchema>::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            let claimed = ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                .minimum(Some(1))
                .description(Some(
                    "How much would be claimed, in minor units; all that is due where it is absent, \
                     or, where the caller holds claims on the invoice, what these come to.",
                ))
                .build();
            object.properties.insert("claimed_minor".to_owned(), claimed.into());
            object.description = Some(
                "An invoice to be checked: the data of `invoice.registered.v1`, and how much of it would be claimed."
                    .to_owned(),
            );
        }
        schema
    }
}

impl ToSchema for Asked {
    fn name() -> std::borrow::Cow<'static, str> {
        "CheckAsked".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        InvoiceRegistered::schemas(schemas);
    }
}

/// What a check tells.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub(super) struct CheckShown {
    /// Always `check`.
    object: &'static str,
    /// The content hash of the invoice, under which it is or would be registered.
    invoice: InvoiceId,
    /// The worst thing that was found.
    verdict: CheckVerdict,
    /// What a claim would come to; without `claimed_minor`, what the caller's own claims come to.
    would: Would,
    /// The code of the reason for which a claim, or the registration, would be rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The claim that was tried, in minor units; absent where the caller holds claims and named no amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    claimed_minor: Option<Minor>,
    /// The currency of every amount here.
    currency: Currency,
    /// The earlier claims that it meets. They name neither a financier nor his terms.
    findings: Vec<CheckFinding>,
    /// What the registry knows of the invoice itself; `null` where it is not registered.
    registered: Option<RegisteredShown>,
    /// The claims that the caller holds on it.
    own_claims: Vec<OwnClaimShown>,
    /// All of this in words.
    words: String,
    /// The line of the request, from one, where there are many.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

/// An earlier claim, as a receipt would tell of it.
#[derive(Debug, Serialize, ToSchema)]
struct CheckFinding {
    /// What the two invoices are to each other.
    relation: Relation,
    /// Which keys they share.
    keys_met: Vec<KeyKind>,
    /// In which fields they differ.
    fields_differ: Vec<Field>,
    /// The rank that a claim would have, or that the caller's earliest one has.
    rank: u16,
    /// When the earlier claim took its place.
    earlier_claim_since: Timestamp,
    /// Whether both fit into the open amount.
    fits: bool,
    /// Whether the earlier claim is the caller's own, on a copy of the invoice.
    own: bool,
}

/// What the registry knows of an invoice that is registered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckRegistered)]
struct RegisteredShown {
    /// When it was first registered.
    registered_at: Timestamp,
    /// Whether its document names another payee than the seller, or is of a factored type.
    born_assigned: bool,
    /// How its life ended, if it did.
    end: Option<End>,
    /// What can still be claimed, in minor units: for its seller, the operator and auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    open_minor: Option<Minor>,
}

/// A claim that the caller holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckOwnClaim)]
struct OwnClaimShown {
    /// Its number.
    id: ClaimId,
    /// How much it claims, in minor units.
    #[schema(value_type = i64)]
    amount_minor: Minor,
    /// Its rank: one more than the earlier claims of others on this invoice and on those that count as the same.
    rank: u16,
    /// When its place was taken.
    since: Timestamp,
    /// When it lapses, where it is a reservation.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// The conflict that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<CaseId>,
}

impl CheckShown {
    /// A report as it is written.
    pub(super) fn of(report: &CheckReport, currency: Currency, line: Option<u64>) -> Self {
        let finding = |met: &domain::Met| CheckFinding {
            relation: met.relation,
            keys_met: met.keys.iter().collect(),
            fields_differ: met.differs.iter().collect(),
            rank: met.rank,
            earlier_claim_since: met.since(),
            fits: met.fits,
            own: met.own,
        };
        let own = |claim: &domain::OwnClaim| OwnClaimShown {
            id: claim.id,
            amount_minor: claim.amount_minor,
            rank: claim.rank,
            since: claim.since,
            until: claim.until,
            conflict: claim.case,
        };
        Self {
            object: "check",
            invoice: report.invoice,
            verdict: report.verdict,
            would: report.would,
            reason: report.reason.as_ref().map(domain::Rejection::code),
            claimed_minor: report.claimed_minor,
            currency,
            findings: report.findings.iter().map(finding).collect(),
            registered: report.registered.as_ref().map(|known| RegisteredShown {
                registered_at: known.at,
                born_assigned: known.born_assigned,
                end: known.end,
                open_minor: known.open_minor,
            }),
            own_claims: report.own.iter().map(own).collect(),
            words: report.words(),
            line,
        }
    }
}
