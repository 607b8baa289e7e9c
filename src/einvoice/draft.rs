//! A draft: what an invoice document says, in the registry's words, before anyone signs it.
//!
//! Its dates, amounts and currency are valid and exact; its parties may still lack an identifier that a
//! registration needs, which [`Draft::parties`] tells. It does not know who imports it.

use crate::types::Currency;
use crate::types::Date;
use crate::types::DocumentHash;
use crate::types::Minor;
use crate::types::PartyId;

use super::ReadError;
use super::Term;

/// Whether a document claims money or gives it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The seller claims an amount.
    Invoice,
    /// The seller gives back an amount of an earlier invoice.
    CreditNote,
}

/// A party as a document names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftParty {
    /// Its identifiers, canonical, best first: valid check digits before wrong ones, then the national
    /// register before the VAT number before international codes. Empty when the document has none.
    pub ids: Vec<PartyId>,
    /// Its name, for people; never compared.
    pub name: Option<String>,
    /// Identifiers of the document that could not be used, with their scheme where they have one.
    pub unread: Vec<String>,
}

/// An earlier invoice that a document credits or corrects (EN 16931 BG-3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preceding {
    /// Its number (BT-25).
    pub number: String,
    /// Its issue date (BT-26), where the document tells it in a form that we read.
    pub issue_date: Option<Date>,
}

/// Why an invoice belongs to someone other than its seller from the moment it is issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BornAssigned {
    /// The type code (BT-3) is one of factored documents.
    FactoredTypeCode,
    /// The document names a payee (BG-10) who is not the seller.
    PayeeNotSeller,
}

impl BornAssigned {
    /// The stable name of the reason.
    pub const fn code(self) -> &'static str {
        match self {
            Self::FactoredTypeCode => "factored_type_code",
            Self::PayeeNotSeller => "payee_not_seller",
        }
    }
}

/// An invoice or credit note, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Invoice or credit note.
    pub kind: Kind,
    /// BT-1, as written.
    pub number: String,
    /// BT-3 (UNTDID 1001); 380 or 381 where a UBL document or a table leaves it out.
    pub type_code: u16,
    /// BT-2.
    pub issue_date: Date,
    /// BT-9.
    pub due_date: Option<Date>,
    /// BT-5, the currency of both amounts.
    pub currency: Currency,
    /// BT-112, the total with VAT, in minor units.
    pub gross_minor: Minor,
    /// BT-115, the amount due, in minor units.
    pub due_minor: Minor,
    /// BG-4.
    pub seller: DraftParty,
    /// BG-7.
    pub buyer: DraftParty,
    /// BG-10, where the document has one who is not the seller.
    pub payee: Option<DraftParty>,
    /// BT-84, where it is a valid IBAN.
    pub payee_account: Option<String>,
    /// BG-3.
    pub preceding: Vec<Preceding>,
    /// BT-13.
    pub order_reference: Option<String>,
    /// BT-16.
    pub despatch_reference: Option<String>,
    /// BT-12.
    pub contract_reference: Option<String>,
    /// The digests of its lines (BG-25), ascending; none where the document has a line that cannot be read whole.
    pub lines: Vec<DocumentHash>,
    /// Its line in a table, from one; `None` for a document of its own.
    pub line: Option<u64>,
    /// The hash of the file; `None` for a line of a table, which is no document.
    pub document_hash: Option<DocumentHash>,
    /// Why the invoice is not the seller's to finance, if it is not.
    pub born_assigned: Vec<BornAssigned>,
}

impl Draft {
    /// The seller's and the buyer's best identifiers, fit for a registration.
    ///
    /// # Errors
    ///
    /// [`ReadError::NoParty`] where the document identifies one of them by nothing that a registry can
    /// use, [`ReadError::CheckDigits`] where the identifier was mistyped. The seller must correct it, or
    /// the importer must say who it is.
    pub fn parties(&self) -> Result<(&PartyId, &PartyId), ReadError> {
        Ok((self.seller.best(Term::Seller)?, self.buyer.best(Term::Buyer)?))
    }

    /// Whether the buyer issued the document, so that its number is one of the buyer's series.
    pub const fn is_self_billed(&self) -> bool {
        matches!(self.type_code, 261 | 389 | 471 | 473 | 500 | 501 | 502)
    }

    /// Whether the document asks for an advance or a part (a prepayment or partial invoice).
    pub const fn is_partial(&self) -> bool {
        matches!(self.type_code, 326 | 386 | 500 | 875 | 876 | 877)
    }

    /// Records why the invoice is assigned at birth, once its type code and payee are known.
    pub(super) fn flag_assignment(mut self) -> Self {
        if matches!(self.type_code, 393 | 396 | 472 | 473 | 501 | 502) {
            self.born_assigned.push(BornAssigned::FactoredTypeCode);
        }
        if self.payee.is_some() {
            self.born_assigned.push(BornAssigned::PayeeNotSeller);
        }
        self
    }
}

impl DraftParty {
    fn best(&self, term: Term) -> Result<&PartyId, ReadError> {
        let Some(id) = self.ids.first() else {
            let seen =
                if self.unread.is_empty() { String::from("none") } else { self.unread.join(", ") };
            return Err(ReadError::NoParty { term, seen });
        };
        id.verify().map_err(|error| ReadError::CheckDigits { term, id: error.0 })?;
        Ok(id)
    }

    /// Whether a payee is the seller under another heading: an id in common, or no ids and the same name.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        if self.ids.iter().any(|id| other.ids.contains(id)) {
            return true;
        }
        let name = |party: &Self| party.name.as_deref().map(|name| name.trim().to_lowercase());
        (self.ids.is_empty() || other.ids.is_empty())
            && name(self).is_some()
            && name(self) == name(other)
    }
}
