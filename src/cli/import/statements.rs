//! From what a document says to what the importer signs.
//!
//! The parties are the document's own identifiers; where one of them is the importer's, that one is used, so
//! that the registry knows the importer by it. Knows no network: an earlier invoice that is not among those
//! being imported is looked up by the caller.

use std::collections::BTreeMap;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::cli::import::sources::Unread;
use crate::einvoice::{BornAssigned, Draft, DraftParty, Kind, ReadError, Term, document_hash};
use crate::invoice::{Core, InvoiceNumber, TypeCode};
use crate::statement::{InvoiceCredited, InvoiceRegistered, References, StatementType};
use crate::types::{Date, InvoiceId, PartyId};

/// The most references to earlier invoices that a statement carries.
const PRECEDING_MAX: usize = 8;

/// What is to be signed.
pub(in crate::cli) struct Intent {
    /// The type of statement.
    pub(in crate::cli) kind: StatementType,
    /// Its data, as JSON.
    pub(in crate::cli) data: String,
    /// The importer's id of it: a hash of the data, so that the same document is the same statement.
    pub(in crate::cli) reference: String,
    /// The invoice that it is about.
    pub(in crate::cli) invoice: InvoiceId,
}

impl Intent {
    fn new(kind: StatementType, data: String, invoice: InvoiceId) -> Self {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{kind}\n{data}")));
        Self { kind, data, reference: format!("import-{hash}"), invoice }
    }
}

/// Makes intents for one importer, and remembers the invoices, so that credit notes find them.
pub(in crate::cli) struct Maker<'a> {
    importer: &'a PartyId,
    ignore_check_digits: bool,
    invoices: BTreeMap<(PartyId, String), Vec<(Date, InvoiceId)>>,
}

/// An earlier invoice that a credit note names.
pub(in crate::cli) struct Wanted {
    /// Its seller.
    pub(in crate::cli) seller: PartyId,
    /// Its number.
    pub(in crate::cli) number: InvoiceNumber,
    /// Its day of issue, where the credit note tells it.
    issue_date: Option<Date>,
}

impl Wanted {
    /// Whether an invoice of this day may be meant.
    pub(in crate::cli) fn may_be_of(&self, day: Option<Date>) -> bool {
        self.issue_date.is_none() || day.is_none() || self.issue_date == day
    }

    /// The one invoice that was found.
    ///
    /// # Errors
    /// Where there is none, or more than one.
    pub(in crate::cli) fn only(&self, found: &[InvoiceId]) -> Result<InvoiceId, Unread> {
        let Self { seller, number, .. } = self;
        match found {
            [only] => Ok(*only),
            [] => {
                let words = format!(
                    "invoice {number} of {seller}, which it credits, is not registered: import that first"
                );
                Err(unfit("preceding_invoice_unknown", words))
            }
            _ => {
                let words =
                    format!("{seller} has several invoices {number}: state the date (BT-26)");
                Err(unfit("preceding_invoice_unclear", words))
            }
        }
    }
}

impl<'a> Maker<'a> {
    /// A maker for an importer.
    pub(in crate::cli) const fn new(importer: &'a PartyId, ignore_check_digits: bool) -> Self {
        Self { importer, ignore_check_digits, invoices: BTreeMap::new() }
    }

    /// The registration of an invoice.
    ///
    /// # Errors
    /// Why the document cannot be registered.
    pub(in crate::cli) fn registration(&mut self, draft: &Draft) -> Result<Intent, Unread> {
        let (seller, buyer) = self.parties(draft)?;
        let core = Core {
            seller: seller.clone(),
            buyer,
            number: number(&draft.number)?,
            type_code: TypeCode(draft.type_code),
            issue_date: draft.issue_date,
            due_date: draft.due_date,
            currency: draft.currency,
            gross_minor: draft.gross_minor,
        };
        core.check().map_err(|error| unfit("invoice_unfit", error.to_string()))?;
        if !(0..=draft.gross_minor).contains(&draft.due_minor) {
            let words = "the amount due (BT-115) lies below zero or above the total (BT-112)";
            return Err(unfit("amount_due_invalid", words));
        }
        let invoice = core.id();
        let same_number =
            self.invoices.entry((seller.canonical(), core.number.normalised())).or_default();
        if !same_number.contains(&(core.issue_date, invoice)) {
            same_number.push((core.issue_date, invoice));
        }
        let registered = InvoiceRegistered {
            invoice: core,
            amount_due_minor: draft.due_minor,
            references: references(draft),
            documents: draft.document_hash.into_iter().collect(),
            payee_account: draft.payee_account.as_ref().map(|iban| document_hash(iban.as_bytes())),
            payee_differs: draft.born_assigned.contains(&BornAssigned::PayeeNotSeller),
            details: None,
            lines: draft.lines.clone(),
            order_amount_minor: None,
        };
        Ok(Intent::new(StatementType::InvoiceRegistered, json(&registered)?, invoice))
    }

    /// Which invoice a credit note credits.
    ///
    /// # Errors
    /// Where the credit note does not say, or names several.
    pub(in crate::cli) fn credited(&self, draft: &Draft) -> Result<Wanted, Unread> {
        let [preceding] = draft.preceding.as_slice() else {
            let words = if draft.preceding.is_empty() {
                "the credit note names no invoice (BT-25): say which one it credits"
            } else {
                "the credit note names several invoices (BT-25): issue one for each"
            };
            return Err(unfit("preceding_invoice_unclear", words));
        };
        let (seller, _) = self.parties(draft)?;
        let number = number(&preceding.number)?;
        Ok(Wanted { seller, number, issue_date: preceding.issue_date })
    }

    /// The invoices among those being imported that may be meant.
    pub(in crate::cli) fn find(&self, wanted: &Wanted) -> Vec<InvoiceId> {
        let key = (wanted.seller.canonical(), wanted.number.normalised());
        let known = self.invoices.get(&key).map_or(&[][..], Vec::as_slice);
        let meant = |(day, id): &(Date, InvoiceId)| wanted.may_be_of(Some(*day)).then_some(*id);
        known.iter().filter_map(meant).collect()
    }

    /// The credit of an invoice that was found.
    ///
    /// # Errors
    /// Why the document cannot be sent.
    pub(in crate::cli) fn credit(draft: &Draft, invoice: InvoiceId) -> Result<Intent, Unread> {
        let credited = InvoiceCredited {
            invoice,
            credit_note: number(&draft.number)?,
            issue_date: draft.issue_date,
            currency: draft.currency,
            amount_minor: draft.gross_minor,
            document: draft.document_hash,
        };
        Ok(Intent::new(StatementType::InvoiceCredited, json(&credited)?, invoice))
    }

    fn parties(&self, draft: &Draft) -> Result<(PartyId, PartyId), Unread> {
        let refused = |error: ReadError| unfit(error.code(), error.to_string());
        let (seller, buyer) = if self.ignore_check_digits {
            let any = |party, term| first_id(party, term).map_err(refused);
            (any(&draft.seller, Term::Seller)?, any(&draft.buyer, Term::Buyer)?)
        } else {
            draft.parties().map_err(refused)?
        };
        Ok((self.own_or(&draft.seller, seller), self.own_or(&draft.buyer, buyer)))
    }

    /// The importer's own id where the party is the importer, otherwise the one that was chosen.
    fn own_or(&self, party: &DraftParty, chosen: &PartyId) -> PartyId {
        let importer = self.importer.canonical();
        let own = party.ids.iter().any(|id| id.canonical() == importer);
        if own { self.importer.clone() } else { chosen.clone() }
    }
}

/// The best id of a party, whatever its check digits.
fn first_id(party: &DraftParty, term: Term) -> Result<&PartyId, ReadError> {
    party.ids.first().ok_or_else(|| {
        let seen =
            if party.unread.is_empty() { "none".to_owned() } else { party.unread.join(", ") };
        ReadError::NoParty { term, seen }
    })
}

/// Whether a document is a credit note.
pub(in crate::cli) fn is_credit(draft: &Draft) -> bool {
    draft.kind == Kind::CreditNote
}

fn references(draft: &Draft) -> References {
    let read = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
    References {
        order: read(&draft.order_reference),
        despatch: read(&draft.despatch_reference),
        contract: read(&draft.contract_reference),
        preceding: draft
            .preceding
            .iter()
            .filter_map(|preceding| preceding.number.parse().ok())
            .take(PRECEDING_MAX)
            .collect(),
    }
}

fn number(text: &str) -> Result<InvoiceNumber, Unread> {
    text.parse().map_err(|error| unfit("number_invalid", format!("{text:?}: {error}")))
}

fn json(data: &impl serde::Serialize) -> Result<String, Unread> {
    let written = serde_json::to_string(data).context("cannot be written");
    written.map_err(|error| unfit("unwritable", format!("{error:#}")))
}

pub(in crate::cli) fn unfit(code: &'static str, words: impl Into<String>) -> Unread {
    Unread { code, words: words.into() }
}
