//! Match keys: hashes of a part of the core, each under a derivation context of its own.
//!
//! Two invoices that share a key are candidates; the judge (in `domain`) decides what they are to each
//! other. Parties enter a key as the registry links them, so that a seller cannot become two.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invoice::InvoiceNumber;
use crate::invoice::core::{Core, hash_text};
use crate::types::{DocumentHash, PartyId};

/// BLAKE3 derivation context of the key by seller and number.
pub const NUMBER_CONTEXT: &str = "tallystick.org 2026-11 match key seller+number v1";
/// BLAKE3 derivation context of the key by seller, buyer, currency, amount and issue date.
pub const AMOUNT_CONTEXT: &str =
    "tallystick.org 2026-11 match key seller+buyer+currency+amount+date v1";
/// BLAKE3 derivation context of the key by document.
pub const DOCUMENT_CONTEXT: &str = "tallystick.org 2026-11 match key document v1";

/// BLAKE3 derivation context of the key by seller and skeleton of the number.
pub const SKELETON_CONTEXT: &str = "tallystick.org 2026-11 match key seller+skeleton v1";
/// BLAKE3 derivation context of the key by buyer and order.
pub const ORDER_CONTEXT: &str = "tallystick.org 2026-11 match key buyer+order v1";
/// BLAKE3 derivation context of the key by seller and despatch advice.
pub const DESPATCH_CONTEXT: &str = "tallystick.org 2026-11 match key seller+despatch v1";
/// BLAKE3 derivation context of the key by buyer and lines.
pub const LINES_CONTEXT: &str = "tallystick.org 2026-11 match key buyer+lines v1";
/// BLAKE3 derivation context of the key by payee account, currency and amount.
pub const ACCOUNT_CONTEXT: &str = "tallystick.org 2026-11 match key account+currency+amount v1";
/// BLAKE3 derivation context of the key by buyer, currency, amount and skeleton of the number.
pub const BUYER_CONTEXT: &str =
    "tallystick.org 2026-11 match key buyer+currency+amount+skeleton v1";
/// BLAKE3 derivation context of the name of an ordered list: seller, buyer and currency.
pub const NEAR_CONTEXT: &str = "tallystick.org 2026-11 match key seller+buyer+currency v1";

static NUMBER_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(NUMBER_CONTEXT));
static AMOUNT_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(AMOUNT_CONTEXT));
static DOCUMENT_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(DOCUMENT_CONTEXT));
static SKELETON_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(SKELETON_CONTEXT));
static ORDER_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(ORDER_CONTEXT));
static DESPATCH_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(DESPATCH_CONTEXT));
static LINES_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(LINES_CONTEXT));
static ACCOUNT_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(ACCOUNT_CONTEXT));
static BUYER_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(BUYER_CONTEXT));
static NEAR_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(NEAR_CONTEXT));

/// A match key, whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MatchKey([u8; 32]);

impl MatchKey {
    /// The 32 bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key of nothing.
    #[cfg(test)]
    pub(crate) const fn for_tests(byte: u8) -> Self {
        Self([byte; 32])
    }
}

/// The same seller and the same number: finds an invoice of which something else was altered.
pub fn number_key(seller: &PartyId, core: &Core) -> MatchKey {
    of_texts(&NUMBER_HASHER, &[seller.as_str(), &core.number.normalised()])
}

/// The same seller, buyer, currency, amount and issue date: finds an invoice whose number was altered.
pub fn amount_key(seller: &PartyId, buyer: &PartyId, core: &Core) -> MatchKey {
    let mut hasher = AMOUNT_HASHER.clone();
    hash_text(&mut hasher, seller.as_str());
    hash_text(&mut hasher, buyer.as_str());
    hash_text(&mut hasher, core.currency.as_str());
    hash_text(&mut hasher, &core.gross_minor.to_string());
    hash_text(&mut hasher, &core.issue_date.to_string());
    MatchKey(*hasher.finalize().as_bytes())
}

/// The same file: finds an invoice that was registered twice from one document.
pub fn document_key(document: &DocumentHash) -> MatchKey {
    let mut hasher = DOCUMENT_HASHER.clone();
    hasher.update(document.as_bytes());
    MatchKey(*hasher.finalize().as_bytes())
}

/// The same seller and the same skeleton: finds an invoice whose number was dressed up.
pub fn skeleton_key(seller: &PartyId, skeleton: &str) -> MatchKey {
    of_texts(&SKELETON_HASHER, &[seller.as_str(), skeleton])
}

/// The same buyer and the same order, as a number is compared: the order's number is the buyer's.
pub fn order_key(buyer: &PartyId, order: &InvoiceNumber) -> MatchKey {
    of_texts(&ORDER_HASHER, &[buyer.as_str(), &order.normalised()])
}

/// The same seller and the same despatch advice, as a number is compared.
pub fn despatch_key(seller: &PartyId, despatch: &InvoiceNumber) -> MatchKey {
    of_texts(&DESPATCH_HASHER, &[seller.as_str(), &despatch.normalised()])
}

/// The same buyer and the same lines, all of them: finds goods that were invoiced twice, by whomever.
pub fn lines_key(buyer: &PartyId, lines: &[DocumentHash]) -> MatchKey {
    let mut hasher = LINES_HASHER.clone();
    hash_text(&mut hasher, buyer.as_str());
    for line in lines {
        hasher.update(line.as_bytes());
    }
    MatchKey(*hasher.finalize().as_bytes())
}

/// The same account to pay to, currency and amount: finds a seller that became two.
pub fn account_key(account: &DocumentHash, core: &Core) -> MatchKey {
    let mut hasher = ACCOUNT_HASHER.clone();
    hasher.update(account.as_bytes());
    hash_text(&mut hasher, core.currency.as_str());
    hash_text(&mut hasher, &core.gross_minor.to_string());
    MatchKey(*hasher.finalize().as_bytes())
}

/// The same buyer, currency, amount and skeleton: finds a seller that became two.
pub fn buyer_key(buyer: &PartyId, core: &Core, skeleton: &str) -> MatchKey {
    let (currency, amount) = (core.currency.as_str(), core.gross_minor.to_string());
    of_texts(&BUYER_HASHER, &[buyer.as_str(), currency, &amount, skeleton])
}

/// The same seller, buyer and currency: the list in which amounts and dates close by are looked for.
pub fn near_key(seller: &PartyId, buyer: &PartyId, core: &Core) -> MatchKey {
    of_texts(&NEAR_HASHER, &[seller.as_str(), buyer.as_str(), core.currency.as_str()])
}

fn of_texts(hasher: &blake3::Hasher, texts: &[&str]) -> MatchKey {
    let mut hasher = hasher.clone();
    for text in texts {
        hash_text(&mut hasher, text);
    }
    MatchKey(*hasher.finalize().as_bytes())
}

/// Which key two invoices share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// The content hash: every field of the core.
    Content,
    /// Seller and number.
    SellerNumber,
    /// Seller, buyer, currency, amount and issue date.
    SellerBuyerAmountDate,
    /// A document.
    Document,
    /// Seller and the skeleton of the number.
    NumberSkeleton,
    /// Buyer and order.
    Order,
    /// Seller and despatch advice.
    Despatch,
    /// The lines, all of them.
    Lines,
    /// Payee account, currency and amount, across sellers.
    PayeeAmount,
    /// Buyer, currency, amount and a date close by, across sellers.
    BuyerAmountDate,
    /// An amount and a date close by, between the same parties.
    Near,
    /// The seller's receivables are pledged as a whole.
    Blanket,
    /// One names the other as the invoice that it follows or replaces.
    Predecessor,
}

impl KeyKind {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::Content,
        Self::SellerNumber,
        Self::SellerBuyerAmountDate,
        Self::Document,
        Self::NumberSkeleton,
        Self::Order,
        Self::Despatch,
        Self::Lines,
        Self::PayeeAmount,
        Self::BuyerAmountDate,
        Self::Near,
        Self::Blanket,
        Self::Predecessor,
    ];

    /// What the two invoices have in common, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Content => "every field",
            Self::SellerNumber => "seller and number",
            Self::SellerBuyerAmountDate => "seller, buyer, amount and date",
            Self::Document => "the file itself",
            Self::NumberSkeleton => "seller and the core of the number",
            Self::Order => "buyer and order",
            Self::Despatch => "seller and despatch advice",
            Self::Lines => "the invoice lines",
            Self::PayeeAmount => "payee account and amount",
            Self::BuyerAmountDate => "buyer and amount, with a date close by",
            Self::Near => "parties, with an amount and a date close by",
            Self::Blanket => "a pledge of all receivables of the seller",
            Self::Predecessor => "a reference from one to the other",
        }
    }

    const fn bit(self) -> u16 {
        match self {
            Self::Content => 1,
            Self::SellerNumber => 2,
            Self::SellerBuyerAmountDate => 4,
            Self::Document => 8,
            Self::NumberSkeleton => 16,
            Self::Order => 32,
            Self::Despatch => 64,
            Self::Lines => 128,
            Self::PayeeAmount => 256,
            Self::BuyerAmountDate => 512,
            Self::Near => 1_024,
            Self::Blanket => 2_048,
            Self::Predecessor => 4_096,
        }
    }
}

/// A set of key kinds, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeySet(u16);

impl KeySet {
    /// Adds a kind.
    pub fn insert(&mut self, kind: KeyKind) {
        self.0 |= kind.bit();
    }

    /// Whether the kind is in the set.
    pub const fn contains(self, kind: KeyKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// The kinds, strongest first.
    pub fn iter(self) -> impl Iterator<Item = KeyKind> {
        KeyKind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}
