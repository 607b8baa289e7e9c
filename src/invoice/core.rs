//! The normalised core of an invoice and its content hash.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invoice::InvoiceNumber;
use crate::types::{Currency, Date, InvoiceId, MINOR_MAX, Minor, PartyId};

/// BLAKE3 derivation context of [`InvoiceId`]; a new recipe gets a new context.
pub const CORE_CONTEXT: &str = "tallystick.org 2026-11 invoice core v1";

static CORE_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(CORE_CONTEXT));

/// What makes an invoice this invoice and no other (EN 16931 terms in brackets).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Core {
    /// The party that sells and is owed the money [BT-30, BT-31].
    pub seller: PartyId,
    /// The party that bought and owes the money [BT-47, BT-48].
    pub buyer: PartyId,
    /// The invoice number, as the seller wrote it [BT-1].
    pub number: InvoiceNumber,
    /// The UNTDID 1001 code of the document [BT-3].
    #[serde(rename = "type")]
    pub type_code: TypeCode,
    /// The day of issue [BT-2].
    pub issue_date: Date,
    /// The day on which payment is due, where the invoice states one [BT-9].
    #[serde(default)]
    pub due_date: Option<Date>,
    /// The currency of the invoice [BT-5].
    pub currency: Currency,
    /// The total with VAT, in minor units [BT-112].
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub gross_minor: Minor,
}

/// Why a core cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoreError {
    /// Seller and buyer are the same party.
    #[error("seller and buyer are the same party")]
    SelfInvoice,
    /// The gross amount is not between 1 and 2^53 − 1 minor units.
    #[error("gross_minor is not between 1 and 9007199254740991")]
    Amount,
    /// The due date lies before the issue date.
    #[error("due_date lies before issue_date")]
    DueBeforeIssue,
    /// The document type is not an invoice that can be registered.
    #[error("type {0} is not an invoice that can be registered")]
    Type(u16),
}

impl Core {
    /// Checks what the types alone cannot say.
    pub fn check(&self) -> Result<(), CoreError> {
        if self.seller.canonical() == self.buyer.canonical() {
            return Err(CoreError::SelfInvoice);
        }
        if !(1..=MINOR_MAX).contains(&self.gross_minor) {
            return Err(CoreError::Amount);
        }
        if self.due_date.is_some_and(|due| due < self.issue_date) {
            return Err(CoreError::DueBeforeIssue);
        }
        match self.type_code.class() {
            TypeClass::Invoice | TypeClass::Factored => Ok(()),
            TypeClass::CreditNote | TypeClass::NotFinanceable => {
                Err(CoreError::Type(self.type_code.0))
            }
        }
    }

    /// The content hash: BLAKE3 under [`CORE_CONTEXT`] of the eight fields in their order, each as text with
    /// its length in bytes before it (16 bits, big-endian).
    ///
    /// The whole digest is the identity: an author chooses the content, so a shortened hash would let one
    /// search for two invoices that share it.
    pub fn id(&self) -> InvoiceId {
        let mut hasher = CORE_HASHER.clone();
        let due = self.due_date.map(|date| date.to_string()).unwrap_or_default();
        hash_text(&mut hasher, self.seller.canonical().as_str());
        hash_text(&mut hasher, self.buyer.canonical().as_str());
        hash_text(&mut hasher, &self.number.normalised());
        hash_text(&mut hasher, &self.type_code.0.to_string());
        hash_text(&mut hasher, &self.issue_date.to_string());
        hash_text(&mut hasher, &due);
        hash_text(&mut hasher, self.currency.as_str());
        hash_text(&mut hasher, &self.gross_minor.to_string());
        InvoiceId::from_bytes(*hasher.finalize().as_bytes())
    }

    /// The fields in which this core, as normalised, differs from another.
    pub fn differences(&self, other: &Self) -> FieldSet {
        let mut fields = FieldSet::default();
        let mut note = |differs: bool, field: Field| {
            if differs {
                fields.insert(field);
            }
        };
        note(self.seller.canonical() != other.seller.canonical(), Field::Seller);
        note(self.buyer.canonical() != other.buyer.canonical(), Field::Buyer);
        note(self.number.normalised() != other.number.normalised(), Field::Number);
        note(self.type_code != other.type_code, Field::Type);
        note(self.issue_date != other.issue_date, Field::IssueDate);
        note(self.due_date != other.due_date, Field::DueDate);
        note(
            self.currency != other.currency || self.gross_minor != other.gross_minor,
            Field::Amount,
        );
        fields
    }
}

/// Hashes a text so that no two lists of texts give the same bytes: its length first.
pub(super) fn hash_text(hasher: &mut blake3::Hasher, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    hasher.update(&length.to_be_bytes());
    hasher.update(text.as_bytes());
}

/// The UNTDID 1001 code of a document (EN 16931 BT-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct TypeCode(pub u16);

/// What a document type means to the registry (STANDARDS section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeClass {
    /// An invoice that a supplier may finance.
    Invoice,
    /// An invoice that was born assigned to a factor.
    Factored,
    /// A credit note: it lowers an invoice and is not financeable itself.
    CreditNote,
    /// A proforma, an information document, or no document that EN 16931 knows.
    NotFinanceable,
}

impl TypeCode {
    /// The commercial invoice.
    pub const INVOICE: Self = Self(380);

    /// What this type means to the registry.
    pub const fn class(self) -> TypeClass {
        match self.0 {
            393 | 472 | 473 | 501 => TypeClass::Factored,
            81 | 83 | 261 | 262 | 296 | 308 | 381 | 396 | 420 | 458 | 502 | 503 | 532 => {
                TypeClass::CreditNote
            }
            71
            | 80
            | 82
            | 84
            | 102
            | 130
            | 202
            | 203
            | 204
            | 211
            | 218
            | 219
            | 295
            | 326
            | 331
            | 380
            | 382..=390
            | 394
            | 395
            | 456
            | 457
            | 471
            | 500
            | 527
            | 553
            | 575
            | 623
            | 633
            | 780
            | 817
            | 870
            | 875..=877
            | 935 => TypeClass::Invoice,
            _ => TypeClass::NotFinanceable,
        }
    }
}

/// One field of the core, as differences name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The seller.
    Seller,
    /// The buyer.
    Buyer,
    /// The invoice number.
    Number,
    /// The document type.
    Type,
    /// The day of issue.
    IssueDate,
    /// The due date.
    DueDate,
    /// The gross amount or its currency.
    Amount,
}

impl Field {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Seller,
        Self::Buyer,
        Self::Number,
        Self::Type,
        Self::IssueDate,
        Self::DueDate,
        Self::Amount,
    ];

    const fn bit(self) -> u8 {
        match self {
            Self::Seller => 1,
            Self::Buyer => 2,
            Self::Number => 4,
            Self::Type => 8,
            Self::IssueDate => 16,
            Self::DueDate => 32,
            Self::Amount => 64,
        }
    }
}

/// A set of fields, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldSet(u8);

impl FieldSet {
    /// Adds a field.
    pub fn insert(&mut self, field: Field) {
        self.0 |= field.bit();
    }

    /// Whether the field is in the set.
    pub const fn contains(self, field: Field) -> bool {
        self.0 & field.bit() != 0
    }

    /// The fields, in the order of the core.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |field| self.contains(*field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core() -> Core {
        serde_json::from_value(serde_json::json!({
            "seller": "0106:27374841", "buyer": "0208:0403019261", "number": "INV-2026-001", "type": 380,
            "issue_date": "2026-10-01", "due_date": "2026-10-31", "currency": "EUR", "gross_minor": 1_210_000
        }))
        .expect("a core")
    }

    #[test]
    fn the_id_follows_the_content_and_not_its_spelling() {
        let id = core().id();
        let spelled = Core { number: "inv 2026/001".parse().expect("a number"), ..core() };
        assert_eq!(spelled.id(), id);
        assert!(spelled.differences(&core()).iter().next().is_none());
        let dearer = Core { gross_minor: 1_210_001, ..core() };
        assert_ne!(dearer.id(), id);
        assert_eq!(dearer.differences(&core()).iter().collect::<Vec<_>>(), [Field::Amount]);
    }

    #[test]
    fn a_core_that_no_one_could_owe_is_refused() {
        assert_eq!(core().check(), Ok(()));
        assert_eq!(Core { buyer: core().seller, ..core() }.check(), Err(CoreError::SelfInvoice));
        assert_eq!(Core { gross_minor: 0, ..core() }.check(), Err(CoreError::Amount));
        assert_eq!(Core { type_code: TypeCode(381), ..core() }.check(), Err(CoreError::Type(381)));
        assert_eq!(Core { type_code: TypeCode(325), ..core() }.check(), Err(CoreError::Type(325)));
        let early = "2026-09-30".parse().ok();
        assert_eq!(Core { due_date: early, ..core() }.check(), Err(CoreError::DueBeforeIssue));
    }
}
