//! Rules on who is who.

use crate::domain::change::{Change, Decision};
use crate::domain::decide::conflicts::look_again;
use crate::domain::decide::{Draft, RULES_VERSION, has_repeats};
use crate::domain::outcome::Outcome;
use crate::domain::pages::Row;
use crate::domain::participant::{Delegation, Key, Participant, Standing};
use crate::domain::rejection::Rejection;
use crate::domain::state::{Rulebook, State, Subject};
use crate::statement::{
    Assurance, CheckDigits, DelegationGranted, KeyAdded, KeyRevoked, ParticipantAdmitted,
    PartyLinked, RegistryOpened, Role, RulesAdopted, Statement, StatementType,
};
use crate::types::{PartyId, Timestamp};

/// The first statement: signed by the key that it names, by the operator that it names.
pub(super) fn open(
    state: &State,
    statement: &Statement,
    opened: &RegistryOpened,
    now: Timestamp,
) -> Result<Decision, Rejection> {
    if statement.registry != state.origin {
        return Err(Rejection::OtherRegistry);
    }
    if state.rulebook.is_some() {
        return Err(Rejection::AlreadyOpened);
    }
    let skew_millis = u64::from(opened.skew_seconds).saturating_mul(1_000);
    if statement.time.abs_diff_millis(now) > skew_millis {
        return Err(Rejection::TimeSkew);
    }
    if opened.key.thumbprint() != statement.key {
        return Err(Rejection::KeyUnknown);
    }
    if opened.operator.canonical() != statement.author.canonical() {
        return Err(Rejection::AuthorUnknown);
    }
    if !(1..=RULES_VERSION).contains(&opened.rules) {
        return Err(Rejection::RulesUnknown);
    }
    if opened.check_digits == CheckDigits::Required && !opened.operator.is_valid() {
        return Err(Rejection::CheckDigits(opened.operator.clone()));
    }
    let key = Key {
        id: statement.key,
        key: opened.key,
        assurance: Assurance::ElectronicIdentity,
        added_at: now,
        revoked_at: None,
    };
    let operator = Participant {
        entity: 0,
        id: opened.operator.canonical(),
        roles: vec![Role::Operator],
        standing: Standing::Active,
        keys: vec![key],
        delegations: Vec::new(),
        details: None,
        admitted_at: now,
    };
    let rulebook = Rulebook {
        operator: 0,
        rules: opened.rules,
        skew_millis,
        check_digits: opened.check_digits,
    };
    Ok(Decision {
        outcome: Outcome::admitted(),
        changes: vec![Change::Open(rulebook), Change::Admit(Box::new(operator))],
        subject: Subject::Participant(0),
        concerns: vec![0],
    })
}

pub(super) fn adopt(draft: &mut Draft<'_>, data: &RulesAdopted) -> Result<(), Rejection> {
    if data.rules > RULES_VERSION {
        return Err(Rejection::RulesUnknown);
    }
    if draft.state.rulebook.as_ref().is_some_and(|rulebook| data.rules <= rulebook.rules) {
        return Err(Rejection::RulesNotNewer);
    }
    draft.push(Change::Adopt(data.rules));
    Ok(())
}

pub(super) fn admit(draft: &mut Draft<'_>, data: &ParticipantAdmitted) -> Result<(), Rejection> {
    draft.check_digits(&data.party)?;
    if data.roles.is_empty() || has_repeats(&data.roles) {
        return Err(Rejection::RolesMalformed);
    }
    if draft.state.participant_by_id(&data.party).is_some() {
        return Err(Rejection::PartyTaken);
    }
    let id = data.key.thumbprint();
    if draft.state.participant_by_key(&id).is_some() {
        return Err(Rejection::KeyTaken);
    }
    let row = draft.state.participants.len();
    let key =
        Key { id, key: data.key, assurance: data.assurance, added_at: draft.now, revoked_at: None };
    draft.push(Change::Admit(Box::new(Participant {
        entity: 0, // laid down when the change is applied, where the party id may be new
        id: data.party.canonical(),
        roles: data.roles.clone(),
        standing: Standing::Active,
        keys: vec![key],
        delegations: Vec::new(),
        details: data.details,
        admitted_at: draft.now,
    })));
    draft.subject = Subject::Participant(row);
    draft.concern(Some(row));
    Ok(())
}

pub(super) fn suspend(draft: &mut Draft<'_>, party: &PartyId) -> Result<(), Rejection> {
    let (row, participant) = named(draft, party)?;
    // Version 1 kept every operator; since version 2 one that was admitted later can be suspended like anybody.
    let first = draft.state.rulebook.as_ref().is_some_and(|rulebook| rulebook.operator == row);
    if participant.has(Role::Operator) && (first || draft.state.rules() < 2) {
        return Err(Rejection::OperatorSuspended);
    }
    stand(draft, row, &participant, Standing::Suspended)
}

pub(super) fn reinstate(draft: &mut Draft<'_>, party: &PartyId) -> Result<(), Rejection> {
    let (row, participant) = named(draft, party)?;
    stand(draft, row, &participant, Standing::Active)
}

fn stand(
    draft: &mut Draft<'_>,
    row: u32,
    participant: &Participant,
    to: Standing,
) -> Result<(), Rejection> {
    if participant.standing == to {
        return Err(Rejection::StandingUnchanged);
    }
    draft.push(Change::Stand(row, to));
    draft.subject = Subject::Participant(row);
    draft.concern(Some(row));
    Ok(())
}

pub(super) fn link(draft: &mut Draft<'_>, data: &PartyLinked) -> Result<(), Rejection> {
    draft.check_digits(&data.alias)?;
    let (row, participant) = named(draft, &data.party)?;
    if draft.state.participant_by_id(&data.alias).is_some() {
        return Err(Rejection::PartyTaken);
    }
    draft.push(Change::Link { entity: participant.entity, alias: data.alias.canonical() });
    if let Some(alias) = draft.state.party_row(&data.alias) {
        look_at_trades(draft, alias, participant.entity);
    }
    draft.subject = Subject::Participant(row);
    draft.concern(Some(row));
    Ok(())
}

/// What was financed under two ids of one seller may turn out to be one receivable, financed twice.
fn look_at_trades(draft: &mut Draft<'_>, alias: u32, entity: u32) {
    for trade in draft.state.trades_of_entity(alias) {
        let Some(receivable) = draft.state.receivable(*trade) else { continue };
        if receivable.active_claims(draft.now).next().is_none() {
            continue;
        }
        let linked = |party: u32| if draft.state.entity(party) == alias { entity } else { party };
        let mut as_linked = receivable.clone();
        as_linked.seller = linked(receivable.seller);
        as_linked.buyer = linked(receivable.buyer);
        look_again(draft, *trade, &[&receivable, &as_linked]);
    }
    // A pledge of what was owed to the one is a pledge of what is owed to the other.
    if draft.state.blankets_of_entity(alias).is_empty() {
        return;
    }
    for trade in draft.state.trades_of_entity(entity) {
        let Some(receivable) = draft.state.receivable(*trade) else { continue };
        let sold = draft.state.entity(receivable.seller) == entity;
        if sold && receivable.active_claims(draft.now).next().is_some() {
            let mut as_alias = receivable.clone();
            as_alias.seller = alias;
            look_again(draft, *trade, &[&receivable, &as_alias]);
        }
    }
}

pub(super) fn add_key(draft: &mut Draft<'_>, data: &KeyAdded) -> Result<(), Rejection> {
    let (row, _) = named(draft, &data.party)?;
    let by_operator = draft.author.participant.has(Role::Operator);
    if !by_operator && row != draft.author.row {
        return Err(Rejection::KeyNotYours);
    }
    if !by_operator && data.assurance > draft.author.assurance {
        return Err(Rejection::AssuranceRaised);
    }
    let id = data.key.thumbprint();
    if draft.state.participant_by_key(&id).is_some() {
        return Err(Rejection::KeyTaken);
    }
    let key =
        Key { id, key: data.key, assurance: data.assurance, added_at: draft.now, revoked_at: None };
    draft.push(Change::AddKey(row, Box::new(key)));
    draft.subject = Subject::Participant(row);
    draft.concern(Some(row));
    Ok(())
}

pub(super) fn revoke_key(draft: &mut Draft<'_>, data: &KeyRevoked) -> Result<(), Rejection> {
    let (row, participant) = named(draft, &data.party)?;
    if !draft.author.participant.has(Role::Operator) && row != draft.author.row {
        return Err(Rejection::KeyNotYours);
    }
    let in_force = participant.keys.iter().filter(|key| key.revoked_at.is_none());
    if !in_force.clone().any(|key| key.id == data.key) {
        return Err(Rejection::KeyNotInForce);
    }
    // A participant without a key can be given one by the operator; an operator without one ends the registry.
    if participant.has(Role::Operator) && in_force.count() == 1 {
        return Err(Rejection::LastOperatorKey);
    }
    draft.push(Change::RevokeKey(row, data.key, draft.now));
    draft.subject = Subject::Participant(row);
    draft.concern(Some(row));
    Ok(())
}

pub(super) fn delegate(draft: &mut Draft<'_>, data: &DelegationGranted) -> Result<(), Rejection> {
    if data.types.is_empty()
        || has_repeats(&data.types)
        || !data.types.iter().all(|kind| may_delegate(*kind))
    {
        return Err(Rejection::DelegationTypes);
    }
    if data.until.is_some_and(|until| until <= draft.now) {
        return Err(Rejection::TermInvalid);
    }
    let (row, delegate) = named(draft, &data.delegate)?;
    if row == draft.author.row || !delegate.has(Role::ServiceProvider) {
        return Err(Rejection::DelegateUnfit);
    }
    let delegation = Delegation { delegate: row, types: data.types.clone(), until: data.until };
    draft.push(Change::Delegate(draft.author.row, delegation));
    draft.concern(Some(row));
    Ok(())
}

pub(super) fn undelegate(draft: &mut Draft<'_>, delegate: &PartyId) -> Result<(), Rejection> {
    let (row, _) = named(draft, delegate)?;
    if !draft.author.participant.delegations.iter().any(|delegation| delegation.delegate == row) {
        return Err(Rejection::DelegationUnknown);
    }
    draft.push(Change::Undelegate(draft.author.row, row));
    draft.concern(Some(row));
    Ok(())
}

/// What is about who may speak is not given out of one's hands.
const fn may_delegate(kind: StatementType) -> bool {
    !matches!(
        kind,
        StatementType::RegistryOpened
            | StatementType::RulesAdopted
            | StatementType::ParticipantAdmitted
            | StatementType::ParticipantSuspended
            | StatementType::ParticipantReinstated
            | StatementType::PartyLinked
            | StatementType::KeyAdded
            | StatementType::KeyRevoked
            | StatementType::DelegationGranted
            | StatementType::DelegationRevoked
    )
}

fn named(draft: &Draft<'_>, party: &PartyId) -> Result<(u32, Row<Participant>), Rejection> {
    let row = draft.state.participant_by_id(party).ok_or(Rejection::ParticipantUnknown)?;
    Ok((row, draft.state.participant(row).ok_or(Rejection::ParticipantUnknown)?))
}
