//! An invoice as a reader sees it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Receivable, State, View};
use crate::http::axes::Axes;
use crate::invoice::{InvoiceNumber, TypeCode};
use crate::statement::{Detail, References};
use crate::types::{Currency, Date, DocumentHash, InvoiceId, Minor, PartyId, Timestamp};

/// An invoice: its core, its four axes, its amounts, and why the reader sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub(super) struct InvoiceShown {
    /// Always `invoice`.
    object: &'static str,
    /// Its content hash.
    pub(super) id: InvoiceId,
    /// The seller, as first registered.
    seller: PartyId,
    /// The buyer, as first registered.
    buyer: PartyId,
    /// The number, as the seller wrote it.
    number: InvoiceNumber,
    /// The UNTDID 1001 code of the document.
    #[serde(rename = "type")]
    type_code: TypeCode,
    /// The day of issue.
    issue_date: Date,
    /// The day on which payment is due.
    due_date: Option<Date>,
    /// The currency of every amount here.
    currency: Currency,
    /// The total with VAT, in minor units; `null` for who sees it by a mandate without amounts.
    #[schema(value_type = Option<i64>)]
    gross_minor: Option<Minor>,
    /// What was to be paid when it was registered, in minor units; `null` where `gross_minor` is.
    #[schema(value_type = Option<i64>)]
    amount_due_minor: Option<Minor>,
    /// What became of the amount; `null` for who does not see amounts.
    amounts: Option<Amounts>,
    /// Whether the document itself names another payee than the seller, or is of a factored type; absent for
    /// the buyer, and for who sees it by the buyer's mandate alone: they would learn from it who registered the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    born_assigned: Option<bool>,
    /// When it was first registered.
    registered_at: Timestamp,
    /// What the reader is to it.
    relations: Vec<Relation>,
    /// The four axes.
    pub(super) axes: Axes,
    /// What stands on the paper: for its parties, the operator and auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    paper: Option<Paper>,
    /// Who registered it: for its seller, the operator and auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    registrants: Option<Vec<PartyId>>,
}

/// What became of an invoice's amount.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the suffix is the API's mark of amounts")]
struct Amounts {
    /// What was credited, in minor units.
    #[schema(value_type = i64)]
    credited_minor: Minor,
    /// What was paid, as last reported, in minor units.
    #[schema(value_type = i64)]
    paid_minor: Minor,
    /// What is open, in minor units: due − credited − paid.
    #[schema(value_type = i64)]
    open_minor: Minor,
}

/// What stands on the paper beside the core.
#[derive(Debug, Serialize, ToSchema)]
struct Paper {
    /// What it refers to.
    references: References,
    /// SHA-256 of each file that shows it, whoever named it; not for its buyer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    documents: Vec<DocumentHash>,
    /// SHA-256 of the account to pay to; not for its buyer, who is told by its seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    payee_account: Option<DocumentHash>,
}

/// What a reader is to an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReaderRelation)]
pub(super) enum Relation {
    /// The operator or an auditor.
    Oversight,
    /// Its seller.
    Seller,
    /// Its buyer.
    Buyer,
    /// Who registered it.
    Registrant,
    /// Who holds or held a right on it.
    Holder,
    /// To whom its seller offers it.
    Offered,
    /// Who sees it by a mandate in force.
    Mandated,
}

impl InvoiceShown {
    /// What a reader with this view sees.
    pub(super) fn of(
        state: &State,
        receivable: &Receivable,
        view: &View,
        reader: u32,
        now: Timestamp,
    ) -> Self {
        let told = view.told(receivable);
        let core = told.map_or(&receivable.core, |told| &told.core);
        let own = view.everything || view.party() || view.registrant || view.holder || view.offered;
        let sees_gross = own || view.mandated.contains(&Detail::Amounts);
        let all = view.everything || view.seller;
        let party_id = |row: &u32| state.participant(*row).map(|it| it.id.clone());
        Self {
            object: "invoice",
            id: receivable.id,
            seller: core.seller.clone(),
            buyer: core.buyer.clone(),
            number: core.number.clone(),
            type_code: core.type_code,
            issue_date: core.issue_date,
            due_date: core.due_date,
            currency: core.currency,
            gross_minor: sees_gross.then_some(core.gross_minor),
            amount_due_minor: sees_gross.then_some(receivable.due_minor),
            amounts: view.sees_amounts().then(|| Amounts {
                credited_minor: receivable.credited_minor(),
                paid_minor: receivable.paid_minor,
                open_minor: receivable.open_to(view),
            }),
            born_assigned: view.sees_others_words().then_some(receivable.born_assigned),
            registered_at: told.map_or(receivable.registered_at, |told| told.registered_at),
            relations: relations(view),
            axes: Axes::of(state, receivable, view, reader, now),
            paper: (view.everything || view.party()).then(|| Paper {
                references: told.map_or(&receivable.references, |told| &told.references).clone(),
                documents: if all { receivable.documents.clone() } else { Vec::new() },
                payee_account: receivable.payee_account.filter(|_| all),
            }),
            registrants: all.then(|| receivable.registrants.iter().filter_map(party_id).collect()),
        }
    }
}

fn relations(view: &View) -> Vec<Relation> {
    [
        (view.everything, Relation::Oversight),
        (view.seller, Relation::Seller),
        (view.buyer, Relation::Buyer),
        (view.registrant, Relation::Registrant),
        (view.holder, Relation::Holder),
        (view.offered, Relation::Offered),
        (!view.mandated.is_empty(), Relation::Mandated),
    ]
    .into_iter()
    .filter_map(|(holds, relation)| holds.then_some(relation))
    .collect()
}
