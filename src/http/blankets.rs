//! Blanket pledges, and the waivers and consents that the caller gave or was given.
//!
//! A pledge is seen by its holder, by the seller whose receivables it covers (who signed its deed, also where the
//! debtors are not told), and by the operator and auditors. Whoever meets one learns that there is one, from findings,
//! checks and conflicts, and never whose it is.

use axum::extract;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Blanket, Consent, Granted, State};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{Filling, Page};
use crate::http::caller::Caller;
use crate::http::params::{List, Paging, Params};
use crate::http::problem::{NoToken, Problem};
use crate::statement::{BlanketKind, Disclosure};
use crate::types::{Date, DocumentHash, InvoiceId, Minor, PartyId, StatementId, Timestamp};

/// A right on all receivables of a seller.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Blanket)]
struct BlanketShown {
    /// Always `blanket`.
    object: &'static str,
    /// The statement that recorded it.
    id: StatementId,
    /// Who holds it.
    holder: PartyId,
    /// Whose receivables they are.
    seller: PartyId,
    /// The one debtor towards whom it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    debtor: Option<PartyId>,
    /// What kind of right it is.
    kind: BlanketKind,
    /// Whether the debtors are told.
    disclosure: Disclosure,
    /// The first day of issue that it covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_from: Option<Date>,
    /// The last day of issue that it covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_until: Option<Date>,
    /// SHA-256 of the deed.
    #[serde(skip_serializing_if = "Option::is_none")]
    deed: Option<DocumentHash>,
    /// The day of the deed.
    #[serde(skip_serializing_if = "Option::is_none")]
    deed_date: Option<Date>,
    /// The log position that is its priority.
    place: u64,
    /// When it was recorded.
    recorded_at: Timestamp,
    /// When it was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    released_at: Option<Timestamp>,
}

impl BlanketShown {
    fn of(state: &State, blanket: &Blanket) -> Option<Self> {
        Some(Self {
            object: "blanket",
            id: blanket.statement,
            holder: state.participant(blanket.holder)?.id.clone(),
            seller: blanket.seller.clone(),
            debtor: blanket.debtor.clone(),
            kind: blanket.kind,
            disclosure: blanket.disclosure,
            issued_from: blanket.issued_from,
            issued_until: blanket.issued_until,
            deed: blanket.deed,
            deed_date: blanket.deed_date,
            place: blanket.position,
            recorded_at: blanket.recorded_at,
            released_at: blanket.released.map(|(_, at)| at),
        })
    }
}

/// List blanket pledges
///
/// Those that the caller holds or held, and those over what it sells, in the order of the log. The operator and
/// auditors see everybody's.
#[utoipa::path(
    get, path = "/v1/blankets", tag = "The caller's", operation_id = "list_blankets",
    params(Paging),
    responses(
        (status = 200, description = "A page.", body = Page<BlanketShown>),
        NoToken,
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    let request = app.page(params, List::Blankets).await?;
    let fill = |state: &State, _| {
        let own = || {
            let seller = state.participant(caller.row).map(|participant| participant.entity);
            let over = seller.map_or(&[][..], |it| state.blankets_of_entity(it));
            state.blankets_of(caller.row).iter().chain(over).copied()
        };
        let rows = caller.rows(state, (request.first_row(), state.blankets_len()), own);
        let show = |row| BlanketShown::of(state, &*state.blanket(row)?);
        Ok((Filling::of_rows(request, rows, show), Seen::default()))
    };
    app.list(&caller, "/v1/blankets", fill).await
}

/// A waiver of a blanket pledge, or a consent to a claim beside one's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
struct ConsentShown {
    /// Always `consent`.
    object: &'static str,
    /// The statement that gave it.
    id: StatementId,
    /// Whether a pledge steps back or a claim lets another stand beside it.
    kind: ConsentKind,
    /// Who gave it.
    grantor: PartyId,
    /// The financier in whose favour it is; absent where it is in everybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    financier: Option<PartyId>,
    /// The blanket pledge that steps back.
    #[serde(skip_serializing_if = "Option::is_none")]
    blanket: Option<StatementId>,
    /// For these invoices only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invoices: Vec<InvoiceId>,
    /// For invoices to these debtors only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    debtors: Vec<PartyId>,
    /// Up to how much of each invoice, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    up_to_minor: Option<Minor>,
    /// When it was given.
    recorded_at: Timestamp,
    /// It is for claims that take their place before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// When it was withdrawn; claims that it reached before keep it.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn_at: Option<Timestamp>,
    /// Whether it is in force for claims made now.
    in_force: bool,
}

/// What a consent lets go.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ConsentKind {
    /// A blanket pledge steps back.
    Waiver,
    /// A claim lets another stand beside it.
    Cofinancing,
}

impl ConsentShown {
    fn of(state: &State, consent: &Consent, now: Timestamp) -> Option<Self> {
        let party = |row: u32| state.participant(row).map(|participant| participant.id.clone());
        let mut shown = Self {
            object: "consent",
            id: consent.statement,
            kind: ConsentKind::Cofinancing,
            grantor: party(consent.grantor)?,
            financier: consent.to.and_then(party),
            blanket: None,
            invoices: Vec::new(),
            debtors: Vec::new(),
            up_to_minor: None,
            recorded_at: consent.recorded_at,
            until: consent.until,
            withdrawn_at: consent.withdrawn.map(|(_, at)| at),
            in_force: consent.in_force(now),
        };
        match &consent.granted {
            Granted::Waiver { blanket, invoices, debtors } => {
                shown.kind = ConsentKind::Waiver;
                shown.blanket = Some(state.blanket(*blanket)?.statement);
                shown.invoices.clone_from(invoices);
                shown.debtors.clone_from(debtors);
            }
            Granted::Beside { rights, up_to_minor } => {
                let invoice = |(row, _): &(u32, u64)| Some(state.receivable(*row)?.id);
                shown.invoices = rights.iter().filter_map(invoice).collect();
                shown.up_to_minor = *up_to_minor;
            }
        }
        Some(shown)
    }
}

/// List waivers and consents
///
/// Those that the caller gave and those in its favour by name, in the order of the log. The operator and auditors see
/// everybody's.
#[utoipa::path(
    get, path = "/v1/consents", tag = "The caller's", operation_id = "list_consents",
    params(Paging),
    responses(
        (status = 200, description = "A page.", body = Page<ConsentShown>),
        NoToken,
    )
)]
pub(super) async fn consents(
    extract::State(app): extract::State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    let request = app.page(params, List::Consents).await?;
    let fill = |state: &State, now| {
        let own = || state.consents_of(caller.row).iter().copied();
        let rows = caller.rows(state, (request.first_row(), state.consents_len()), own);
        let show = |row| ConsentShown::of(state, &*state.consent(row)?, now);
        Ok((Filling::of_rows(request, rows, show), Seen::default()))
    };
    app.list(&caller, "/v1/consents", fill).await
}
