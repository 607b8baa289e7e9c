//! The account of reads: who looked at which invoice, on what ground; written before the answer leaves.
//!
//! A party's own look is nobody's business and is not kept. A row in the journal is one request, or a part of a large one: the invoices
//! that it showed, and for each the grounds on which the reader saw it. The debtor is shown the reads that its
//! mandates and the registry's oversight gave rise to, and never one that would tell of a silent claim.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{ClaimKind, Receivable, View};
use crate::http::App;
use crate::http::caller::Caller;
use crate::http::problem::Problem;
use crate::store::reads::{InvoiceKey, ReadRow};
use crate::types::{InvoiceId, Timestamp};

/// The version of what a row says.
const FORMAT: u8 = 1;
/// How many invoices a row has at most.
const INVOICES_OF_A_ROW: usize = 100;

/// Why a reader saw an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReadGround)]
pub(super) enum Ground {
    /// It is the operator or an auditor.
    Oversight,
    /// A mandate of the debtor was in force.
    Mandate,
    /// It holds or held a claim of which the debtor was told.
    DisclosedClaim,
    /// It holds or held a claim of which the debtor was not told.
    Claim,
    /// It registered the invoice.
    Registration,
    /// It described the invoice in full, and checked it.
    Check,
    /// The seller offers the invoice to it.
    Offer,
}

impl Ground {
    /// Whether the debtor may know of a read on this ground.
    pub(super) const fn is_open_to_debtor(self) -> bool {
        match self {
            Self::Oversight | Self::Mandate | Self::DisclosedClaim => true,
            Self::Claim | Self::Registration | Self::Check | Self::Offer => false,
        }
    }

    /// The grounds of a view; none for a party's own.
    pub(super) fn of(view: &View, receivable: &Receivable, reader: u32) -> Vec<Self> {
        if !view.is_accounted() {
            return Vec::new();
        }
        let mut claims = receivable.claims.iter().filter(|claim| claim.was_held_by(reader));
        let disclosed = claims.any(|claim| claim.kind == ClaimKind::Disclosed);
        let silent = view.holder && !disclosed;
        [
            (view.everything, Self::Oversight),
            (!view.mandated.is_empty(), Self::Mandate),
            (disclosed, Self::DisclosedClaim),
            (silent, Self::Claim),
            (view.registrant, Self::Registration),
            (view.offered, Self::Offer),
        ]
        .into_iter()
        .filter_map(|(holds, ground)| holds.then_some(ground))
        .collect()
    }
}

/// Under what a reader finds its own rows again, among the invoices of a row.
pub(super) fn reader_key(reader: u32) -> InvoiceKey {
    blake3::derive_key(
        "tallystick.org 2026-11 reader of the account of reads v1",
        &reader.to_be_bytes(),
    )
}

/// What a request showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Look {
    format: u8,
    /// The participant that looked.
    pub(super) reader: u32,
    /// The route.
    pub(super) route: String,
    /// The grounds, for each invoice of the row.
    pub(super) grounds: Vec<Vec<Ground>>,
}

impl Look {
    /// Reads a row; `None` where it is of another version.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok().filter(|look: &Self| look.format == FORMAT)
    }
}

/// The invoices that an answer shows, while it is made.
#[derive(Debug, Default)]
pub(super) struct Seen {
    invoices: Vec<(InvoiceId, Vec<Ground>)>,
}

impl Seen {
    /// Takes over what another part of the answer shows.
    pub(super) fn join(&mut self, other: Self) {
        for (id, grounds) in other.invoices {
            if self.invoices.iter().all(|(seen, _)| *seen != id) {
                self.invoices.push((id, grounds));
            }
        }
    }

    /// Notes that an invoice was checked, registered or not. A supplier's own check is kept too: who tries many
    /// spellings of one invoice leaves a trace.
    pub(super) fn note_check(&mut self, invoice: InvoiceId, oversight: bool) {
        let grounds =
            if oversight { vec![Ground::Oversight, Ground::Check] } else { vec![Ground::Check] };
        if self.invoices.iter().all(|(id, _)| *id != invoice) {
            self.invoices.push((invoice, grounds));
        }
    }

    /// Notes that an invoice is shown that was not noted before.
    pub(super) fn note_other(&mut self, view: &View, receivable: &Receivable, reader: u32) {
        let grounds = Ground::of(view, receivable, reader);
        if !grounds.is_empty() {
            self.invoices.push((receivable.id, grounds));
        }
    }

    /// Notes that an invoice is shown.
    pub(super) fn note(&mut self, view: &View, receivable: &Receivable, reader: u32) {
        let grounds = Ground::of(view, receivable, reader);
        if !grounds.is_empty() && self.invoices.iter().all(|(id, _)| *id != receivable.id) {
            self.invoices.push((receivable.id, grounds));
        }
    }
}

impl App {
    /// Accounts for what an answer shows; the answer leaves only after this.
    ///
    /// # Errors
    /// Where the account takes no more: what cannot be accounted for is not shown.
    pub(super) fn account(
        &self,
        caller: &Caller,
        route: &str,
        now: Timestamp,
        seen: Seen,
    ) -> Result<(), Problem> {
        // Whoever asks for the reads of one invoice reads whole rows: they stay short.
        let mut rest = seen.invoices.into_iter();
        while rest.len() > 0 {
            let part = rest.by_ref().take(INVOICES_OF_A_ROW);
            let (invoices, grounds): (Vec<InvoiceId>, Vec<_>) = part.unzip();
            self.write(caller, route, now, &invoices, grounds)?;
        }
        Ok(())
    }

    /// Accounts for a read of entries as they stand in the log, whose invoices are not looked up.
    ///
    /// # Errors
    /// As for [`Self::account`].
    pub(super) fn account_entries(&self, caller: &Caller, route: &str) -> Result<(), Problem> {
        self.write(caller, route, self.engine.now(), &[], vec![vec![Ground::Oversight]])
    }

    fn write(
        &self,
        caller: &Caller,
        route: &str,
        now: Timestamp,
        invoices: &[InvoiceId],
        grounds: Vec<Vec<Ground>>,
    ) -> Result<(), Problem> {
        let look = Look { format: FORMAT, reader: caller.row, route: route.to_owned(), grounds };
        let bytes = postcard::to_stdvec(&look).map_err(|error| {
            tracing::error!(%error, "a read could not be accounted for");
            Problem::of(crate::http::catalogue::Fault::Internal)
        })?;
        let time_ms = u64::try_from(now.millis()).unwrap_or(0);
        let invoices = invoices.iter().map(|id| *id.as_bytes());
        let invoices = invoices.chain([reader_key(caller.row)]).collect();
        Ok(self.engine.account(ReadRow { time_ms, invoices, bytes })?)
    }
}
