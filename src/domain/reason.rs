//! Why two invoices are what they are to each other, in codes and in words.
//!
//! Derived from what a finding keeps (relation, keys, fields) and never stored, so that the words may become better
//! while the log stays as it is. The codes are stable.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::matching::Related;
use crate::domain::outcome::{Finding, Relation};
use crate::invoice::{Field, FieldSet, KeyKind, KeySet};

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// A stable code.
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
    /// The same for people.
    #[schema(value_type = String)]
    pub words: Cow<'static, str>,
}

/// The reasons for a relation: first what it means, then what the two invoices share, then in what they differ.
pub fn reasons(relation: Relation, keys: KeySet, differs: FieldSet) -> Vec<Reason> {
    let shared = keys.iter().map(of_key);
    let apart = differs.iter().map(of_field);
    core::iter::once(of_relation(relation)).chain(shared).chain(apart).collect()
}

impl Related {
    /// Why it is what it is.
    pub fn reasons(&self) -> Vec<Reason> {
        reasons(self.relation, self.keys, self.differs)
    }
}

impl Finding {
    /// Why the two invoices are what they are to each other.
    pub fn reasons(&self) -> Vec<Reason> {
        reasons(self.relation, self.keys, self.differs)
    }
}

const fn of_relation(relation: Relation) -> Reason {
    let (code, words) = match relation {
        Relation::Identical => ("identical", "it is the same invoice"),
        Relation::Altered => ("altered", "it is the same invoice with something altered"),
        Relation::Suspected => (
            "suspected",
            "it is so much alike that it counts as the same receivable until somebody says that it is not",
        ),
        Relation::Related => {
            ("related", "it is another invoice of the same goods or the same order")
        }
        Relation::Covered => ("covered", "a pledge of all receivables of the seller covers it"),
    };
    Reason { code: Cow::Borrowed(code), words: Cow::Borrowed(words) }
}

const fn of_key(kind: KeyKind) -> Reason {
    let (code, words) = match kind {
        KeyKind::Content => ("same_content", "every field is the same"),
        KeyKind::SellerNumber => ("same_number", "the seller and the number are the same"),
        KeyKind::SellerBuyerAmountDate => {
            ("same_amount_and_date", "the parties, the amount and the date are the same")
        }
        KeyKind::Document => ("same_document", "the same file shows both"),
        KeyKind::NumberSkeleton => (
            "dressed_number",
            "the number is the same but for a prefix, a suffix, a year, zeros or letters that look like digits",
        ),
        KeyKind::Order => ("same_order", "both name the same order of the buyer"),
        KeyKind::Despatch => ("same_despatch", "both name the same despatch advice"),
        KeyKind::Lines => ("same_lines", "the invoice lines are the same"),
        KeyKind::PayeeAmount => (
            "same_account",
            "another seller asks for the same amount to be paid to the same account",
        ),
        KeyKind::BuyerAmountDate => (
            "other_seller_same_amount",
            "another seller asks the same buyer for the same amount at about the same time",
        ),
        KeyKind::Near => (
            "near_amount_and_date",
            "the parties are the same, and the amount and the date are close",
        ),
        KeyKind::Blanket => ("blanket_pledge", "all receivables of the seller are pledged"),
        KeyKind::Predecessor => {
            ("names_the_other", "one names the other as the invoice that it follows or replaces")
        }
    };
    Reason { code: Cow::Borrowed(code), words: Cow::Borrowed(words) }
}

const fn of_field(field: Field) -> Reason {
    let (code, words) = match field {
        Field::Seller => ("other_seller", "the seller is written with another id"),
        Field::Buyer => ("other_buyer", "the buyer is written with another id"),
        Field::Number => ("other_number", "the number is another"),
        Field::Type => ("other_type", "the document type is another"),
        Field::IssueDate => ("other_issue_date", "the issue date is another"),
        Field::DueDate => ("other_due_date", "the due date is another"),
        Field::Amount => ("other_amount", "the amount or its currency is another"),
    };
    Reason { code: Cow::Borrowed(code), words: Cow::Borrowed(words) }
}
