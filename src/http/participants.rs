//! Who is who: for each participant itself, for the operator and auditors all.

use axum::extract;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Participant, Standing, State};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, Filling, Page};
use crate::http::caller::Caller;
use crate::http::params::{List, Paging, Params, PathId};
use crate::http::problem::{NoToken, NotYours, Problem};
use crate::signing::PublicKey;
use crate::statement::{Assurance, Role, StatementType};
use crate::types::{DocumentHash, KeyId, PartyId, Timestamp};

/// A participant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Participant)]
struct ParticipantShown {
    /// Always `participant`.
    object: &'static str,
    /// Its first party id.
    id: PartyId,
    /// Every party id of it.
    parties: Vec<PartyId>,
    /// What it may do.
    roles: Vec<Role>,
    /// Whether it may speak.
    standing: StandingShown,
    /// Its keys, the oldest first.
    keys: Vec<KeyShown>,
    /// Who may speak on its behalf.
    delegations: Vec<DelegationShown>,
    /// The commitment to its name and contact details.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<DocumentHash>,
    /// When it was admitted.
    admitted_at: Timestamp,
}

/// Whether a participant may speak.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ParticipantStanding)]
enum StandingShown {
    /// It may.
    Active,
    /// It may not, until it is reinstated.
    Suspended,
}

/// A key of a participant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ParticipantKey)]
struct KeyShown {
    /// Its thumbprint.
    id: KeyId,
    /// The key.
    key: PublicKey,
    /// How sure the operator is of it.
    assurance: Assurance,
    /// When it was added.
    added_at: Timestamp,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
}

/// A permission to speak on a participant's behalf.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delegation)]
struct DelegationShown {
    /// Who may.
    delegate: PartyId,
    /// What it may state.
    types: Vec<StatementType>,
    /// When the permission ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl ParticipantShown {
    fn of(state: &State, participant: &Participant) -> Self {
        let keys = participant.keys.iter().map(|key| KeyShown {
            id: key.id,
            key: key.key,
            assurance: key.assurance,
            added_at: key.added_at,
            revoked_at: key.revoked_at,
        });
        let delegations = participant.delegations.iter().filter_map(|delegation| {
            Some(DelegationShown {
                delegate: state.participant(delegation.delegate)?.id.clone(),
                types: delegation.types.clone(),
                until: delegation.until,
            })
        });
        Self {
            object: "participant",
            id: participant.id.clone(),
            parties: state.party_ids(participant),
            roles: participant.roles.clone(),
            standing: match participant.standing {
                Standing::Active => StandingShown::Active,
                Standing::Suspended => StandingShown::Suspended,
            },
            keys: keys.collect(),
            delegations: delegations.collect(),
            details: participant.details,
            admitted_at: participant.admitted_at,
        }
    }
}

/// List participants
///
/// The caller itself; for the operator and auditors all, in the order of their admission.
#[utoipa::path(
    get, path = "/v1/participants", tag = "Participants", operation_id = "list_participants",
    params(Paging),
    responses(
        (status = 200, description = "A page.", body = Page<ParticipantShown>),
        NoToken,
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    let request = app.page(params, List::Participants).await?;
    let fill = |state: &State, _| {
        let bounds = (request.first_row(), state.participants_len());
        let rows = caller.rows(state, bounds, || [caller.row]);
        let show = |row| Some(ParticipantShown::of(state, &*state.participant(row)?));
        Ok((Filling::of_rows(request, rows, show), Seen::default()))
    };
    app.list(&caller, "/v1/participants", fill).await
}

/// Get a participant
///
/// By any of its party ids: the caller itself, or for the operator and auditors anyone.
#[utoipa::path(
    get, path = "/v1/participants/{party}", tag = "Participants", operation_id = "get_participant",
    params(("party" = PartyId, Path), ("min_size" = Option<u64>, Query, description = "Wait until the log has this size.")),
    responses(
        (status = 200, description = "The participant.", body = AsOf<ParticipantShown>),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn get(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(party): PathId<PartyId>,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let get = |state: &State, _| {
        let everything = caller.sees_all(state);
        let row = state.participant_by_id(&party);
        let row = row.filter(|row| everything || *row == caller.row);
        let participant = row.and_then(|row| state.participant(row));
        let participant = participant.ok_or_else(Problem::not_found)?;
        Ok((ParticipantShown::of(state, &participant), Seen::default()))
    };
    app.one(&caller, "/v1/participants/{party}", get).await
}
