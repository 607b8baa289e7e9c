//! The endpoints, in memory and in their database, and who is being served.
//!
//! Whatever changes an endpoint is written in the same step. What its owner changes is on the disk before he hears of
//! it; what became of messages follows soon after, and what a loss of power takes back of that is sent again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::store::webhooks::{WebhookRows, WebhookStore};
use crate::store::{Fault, OpenError};
use crate::types::{PartyId, Timestamp};
use crate::webhooks::endpoint::{
    Delivery, DisabledReason, Endpoint, Outcome, Place, Trigger, WebhookId,
};
use crate::webhooks::secret::Secret;
use crate::webhooks::{OwnerError, PER_OWNER_MAX, WEBHOOKS_MAX};

/// The version of everything in a row.
const FORMAT: u8 = 1;
/// How many attempts an endpoint's log keeps.
pub const DELIVERIES_KEPT: u64 = 200;
/// How many of one owner's endpoints are served at once.
const AT_ONCE_PER_OWNER: usize = 2;

/// An endpoint and what is known of it only while the registry runs.
struct Slot {
    endpoint: Endpoint,
    /// Whether it is being served.
    busy: bool,
    /// The log size at which its owner may not be told anything.
    silent_at: Option<u64>,
    /// How often its owner moved its cursor or its address.
    moves: u32,
}

/// An endpoint that is about to be served.
#[derive(Clone)]
pub(super) struct Turn {
    pub(super) number: u64,
    pub(super) endpoint: Endpoint,
    moves: u32,
}

/// What became of an attempt.
pub(super) struct Attempt {
    pub(super) trigger: Trigger,
    pub(super) place: Option<Place>,
    pub(super) message: String,
    pub(super) kind: String,
    pub(super) at: Timestamp,
    pub(super) millis: u32,
    pub(super) outcome: Outcome,
}

#[derive(Default)]
struct Table {
    slots: BTreeMap<u64, Slot>,
    numbers: BTreeMap<WebhookId, u64>,
    next_number: u64,
}

/// The endpoints.
pub(super) struct Desk {
    table: Mutex<Table>,
    store: WebhookStore,
    dirty: AtomicBool,
    /// Told when an owner changed something.
    pub(super) changed: Notify,
}

impl Desk {
    /// Takes up the endpoints as they were.
    pub(super) fn open(store: WebhookStore, secret: &Secret) -> Result<Self, OpenError> {
        let damaged = |what: String| OpenError::Damaged {
            what,
            hint: "move the folder `webhooks` aside; every participant has to make its webhooks anew",
        };
        let mut table = Table::default();
        for (number, row) in store.endpoints().map_err(|error| damaged(error.to_string()))? {
            let mut endpoint: Endpoint = decode(&row)
                .ok_or_else(|| damaged(format!("webhook {number} is of another version")))?;
            let key = secret.key(endpoint.id, endpoint.key.generation);
            if endpoint.key.public != *key.public().as_bytes() && endpoint.disabled.is_none() {
                let since = endpoint.key.since;
                endpoint.disable(DisabledReason::SecretLost, since);
            }
            table.add(number, endpoint);
        }
        let dirty = AtomicBool::new(false);
        Ok(Self { table: Mutex::new(table), store, dirty, changed: Notify::new() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes everything that was written survive a loss of power. Blocks.
    pub(super) fn commit(&self) -> Result<(), Fault> {
        if self.dirty.swap(false, Ordering::AcqRel) {
            self.store.commit().inspect_err(|_| self.dirty.store(true, Ordering::Release))?;
        }
        Ok(())
    }

    fn write(&self, rows: WebhookRows) -> Result<(), Fault> {
        self.store.apply(rows)?;
        self.dirty.store(true, Ordering::Release);
        Ok(())
    }

    /// Adds an endpoint.
    pub(super) fn add(&self, endpoint: Endpoint) -> Result<(), OwnerError> {
        let mut table = self.table();
        let others = table.slots.values().filter(|slot| slot.endpoint.owner == endpoint.owner);
        let (mut count, mut taken) = (0_usize, false);
        for other in others {
            count = count.saturating_add(1);
            taken |= other.endpoint.url == endpoint.url;
        }
        if taken {
            return Err(OwnerError::UrlTaken);
        }
        if count >= PER_OWNER_MAX || table.slots.len() >= WEBHOOKS_MAX {
            return Err(OwnerError::TooMany);
        }
        let number = table.next_number;
        let mut rows = WebhookRows::default();
        rows.endpoint(number, &encode(&endpoint)?);
        self.write(rows)?;
        table.add(number, endpoint);
        drop(table);
        self.changed.notify_one();
        Ok(())
    }

    /// The endpoints of an owner with their numbers, in the order in which they were made.
    pub(super) fn of(&self, owner: &PartyId) -> Vec<(u64, Endpoint)> {
        let table = self.table();
        let own = table.slots.iter().filter(|(_, slot)| slot.endpoint.owner == *owner);
        own.map(|(number, slot)| (*number, slot.endpoint.clone())).collect()
    }

    /// An endpoint of an owner.
    pub(super) fn get(
        &self,
        owner: &PartyId,
        id: WebhookId,
    ) -> Result<(u64, Endpoint), OwnerError> {
        let table = self.table();
        let (number, slot) = table.owned(owner, id)?;
        Ok((number, slot.endpoint.clone()))
    }

    /// Changes an endpoint as its owner wants. Whatever is being sent meanwhile does not move the cursor.
    pub(super) fn change(
        &self,
        owner: &PartyId,
        id: WebhookId,
        change: impl FnOnce(&mut Endpoint) -> Result<(), OwnerError>,
    ) -> Result<Endpoint, OwnerError> {
        let mut table = self.table();
        let (number, slot) = table.owned(owner, id)?;
        let mut endpoint = slot.endpoint.clone();
        change(&mut endpoint)?;
        let same_url = |other: &Slot| {
            other.endpoint.owner == *owner
                && other.endpoint.id != id
                && other.endpoint.url == endpoint.url
        };
        if table.slots.values().any(same_url) {
            return Err(OwnerError::UrlTaken);
        }
        let mut rows = WebhookRows::default();
        rows.endpoint(number, &encode(&endpoint)?);
        self.write(rows)?;
        if let Some(slot) = table.slots.get_mut(&number) {
            let before = &slot.endpoint;
            let moved = before.next != endpoint.next || before.url != endpoint.url;
            slot.moves = slot.moves.wrapping_add(u32::from(moved));
            slot.silent_at = None;
            slot.endpoint = endpoint.clone();
        }
        drop(table);
        self.changed.notify_one();
        Ok(endpoint)
    }

    /// Removes an endpoint and its log.
    pub(super) fn remove(&self, owner: &PartyId, id: WebhookId) -> Result<(), OwnerError> {
        let mut table = self.table();
        let (number, slot) = table.owned(owner, id)?;
        let mut rows = WebhookRows::default();
        rows.remove_endpoint(number);
        let attempts = slot.endpoint.attempts;
        for delivery in attempts.saturating_sub(DELIVERIES_KEPT)..attempts {
            rows.remove_delivery(number, delivery);
        }
        self.write(rows)?;
        table.slots.remove(&number);
        table.numbers.remove(&id);
        Ok(())
    }

    /// Pulls cursors back to the end of the log: a restored one may be shorter than that over which they moved.
    pub(super) fn pull_back(&self, size: u64) {
        for slot in self.table().slots.values_mut() {
            slot.endpoint.next = slot.endpoint.next.min(Place::at(size));
        }
    }

    /// Takes endpoints that are due, at most so many; they are busy until [`Self::end`]. Begins after a number, so
    /// that all get their turn. The clock is asked only where there is news for an endpoint.
    pub(super) fn take_due(
        &self,
        clock: impl FnOnce() -> Timestamp,
        size: u64,
        most: usize,
        after: u64,
    ) -> Vec<Turn> {
        let mut table = self.table();
        let mut busy: BTreeMap<PartyId, usize> = BTreeMap::new();
        for slot in table.slots.values().filter(|slot| slot.busy) {
            let count = busy.entry(slot.endpoint.owner.clone()).or_default();
            *count = count.saturating_add(1);
        }
        let next = after.saturating_add(1);
        let in_turn = table.slots.range(next..).chain(table.slots.range(..next));
        let with_news = in_turn.filter(|(_, slot)| slot.has_news(size));
        let order: Vec<u64> = with_news.map(|(number, _)| *number).collect();
        if order.is_empty() {
            return Vec::new();
        }
        let now = clock();
        let mut turns = Vec::new();
        for number in order {
            if turns.len() >= most {
                break;
            }
            let Some(slot) = table.slots.get_mut(&number) else { continue };
            if !slot.endpoint.is_due(now) {
                continue;
            }
            let count = busy.entry(slot.endpoint.owner.clone()).or_default();
            if *count >= AT_ONCE_PER_OWNER {
                continue;
            }
            *count = count.saturating_add(1);
            slot.busy = true;
            turns.push(slot.turn(number));
        }
        turns
    }

    /// The endpoint as it is now, where it still is to be served.
    pub(super) fn again(&self, number: u64, now: Timestamp) -> Option<Turn> {
        let table = self.table();
        let slot = table.slots.get(&number)?;
        slot.endpoint.is_due(now).then(|| slot.turn(number))
    }

    /// Whether an endpoint is still as it was taken: its owner changed neither where to nor from where on.
    pub(super) fn stands(&self, turn: &Turn) -> bool {
        let table = self.table();
        let slot = table.slots.get(&turn.number);
        slot.is_some_and(|slot| slot.moves == turn.moves && slot.endpoint.disabled.is_none())
    }

    /// Others may serve it again.
    pub(super) fn end(&self, number: u64) {
        if let Some(slot) = self.table().slots.get_mut(&number) {
            slot.busy = false;
        }
    }

    /// There is nothing for an endpoint before a place. Not written: it is found again in no time.
    pub(super) fn skip(&self, turn: &Turn, next: Place) {
        if let Some(slot) = self.table().slots.get_mut(&turn.number)
            && slot.moves == turn.moves
        {
            slot.endpoint.next = next;
            // What was to be sent again is no longer told.
            slot.endpoint.failing = None;
        }
    }

    /// Its owner is told nothing while the log has this size.
    pub(super) fn silence(&self, number: u64, size: u64) {
        if let Some(slot) = self.table().slots.get_mut(&number) {
            slot.silent_at = Some(size);
        }
    }

    /// Nothing is sent to an endpoint any more.
    pub(super) fn disable(
        &self,
        number: u64,
        reason: DisabledReason,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let mut table = self.table();
        let Some(slot) = table.slots.get_mut(&number) else { return Ok(()) };
        slot.endpoint.disable(reason, now);
        let mut rows = WebhookRows::default();
        rows.endpoint(number, &encode(&slot.endpoint)?);
        self.write(rows)
    }

    /// Notes an attempt and what follows from it for the endpoint.
    pub(super) fn settle(
        &self,
        turn: &Turn,
        attempt: Attempt,
        follows: impl FnOnce(&mut Endpoint),
    ) -> Result<Option<Delivery>, Fault> {
        let mut table = self.table();
        let Some(slot) = table.slots.get_mut(&turn.number) else { return Ok(None) };
        if slot.moves == turn.moves {
            follows(&mut slot.endpoint);
        }
        let number = slot.endpoint.attempts;
        slot.endpoint.attempts = number.saturating_add(1);
        let Attempt { trigger, place, message, kind, at, millis, outcome } = attempt;
        let again = trigger == Trigger::Event && !outcome.is_taken();
        let next_at = slot.endpoint.failing.map(|failing| failing.next_at).filter(|_| again);
        let delivery =
            Delivery { number, trigger, place, message, kind, at, millis, outcome, next_at };
        let mut rows = WebhookRows::default();
        rows.endpoint(turn.number, &encode(&slot.endpoint)?);
        rows.delivery(turn.number, number, &encode(&delivery)?);
        if let Some(oldest) = number.checked_sub(DELIVERIES_KEPT) {
            rows.remove_delivery(turn.number, oldest);
        }
        self.write(rows)?;
        Ok(Some(delivery))
    }

    /// The newest attempts of an endpoint before one, the newest first.
    pub(super) fn deliveries(
        &self,
        owner: &PartyId,
        id: WebhookId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Delivery>, OwnerError> {
        let (number, _) = self.get(owner, id)?;
        let rows = self.store.deliveries(number, before, limit).map_err(|error| {
            tracing::error!(%error, "the log of a webhook cannot be read");
            OwnerError::Storage
        })?;
        Ok(rows.iter().filter_map(|(_, row)| decode(row)).collect())
    }

    /// The turn of an endpoint whose owner asked for a message himself.
    pub(super) fn turn(&self, owner: &PartyId, id: WebhookId) -> Result<Turn, OwnerError> {
        let table = self.table();
        let (number, slot) = table.owned(owner, id)?;
        Ok(slot.turn(number))
    }
}

impl Slot {
    /// Whether there is something to look for, for an endpoint that nobody serves yet.
    fn has_news(&self, size: u64) -> bool {
        let waits = !self.busy && self.endpoint.disabled.is_none() && self.silent_at != Some(size);
        waits && self.endpoint.next.position < size
    }

    fn turn(&self, number: u64) -> Turn {
        Turn { number, endpoint: self.endpoint.clone(), moves: self.moves }
    }
}

impl Table {
    fn add(&mut self, number: u64, endpoint: Endpoint) {
        self.next_number = self.next_number.max(number.saturating_add(1));
        self.numbers.insert(endpoint.id, number);
        self.slots.insert(number, Slot { endpoint, busy: false, silent_at: None, moves: 0 });
    }

    /// What is not there and what is not the owner's are alike.
    fn owned(&self, owner: &PartyId, id: WebhookId) -> Result<(u64, &Slot), OwnerError> {
        let number = self.numbers.get(&id).copied();
        let found = number.and_then(|number| Some((number, self.slots.get(&number)?)));
        found.filter(|(_, slot)| slot.endpoint.owner == *owner).ok_or(OwnerError::NotFound)
    }
}

fn encode(row: &impl serde::Serialize) -> Result<Vec<u8>, Fault> {
    postcard::to_extend(row, vec![FORMAT]).map_err(|error| Fault::new(error.to_string()))
}

fn decode<T: serde::de::DeserializeOwned>(row: &[u8]) -> Option<T> {
    let (format, row) = row.split_first()?;
    postcard::from_bytes(row).ok().filter(|_| *format == FORMAT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::KeyId;
    use crate::webhooks::endpoint::SigningKey;
    use crate::webhooks::schedule::Schedule;
    use crate::webhooks::wanted::Wanted;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_000).unwrap()
    }

    fn owner(number: u8) -> PartyId {
        format!("0106:0000000{number}").parse().unwrap()
    }

    /// A desk with endpoints of these owners, each at the first position.
    fn desk(owners: &[u8]) -> (Desk, Vec<WebhookId>, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let secret = Secret::open(dir.path()).unwrap();
        let desk = Desk::open(WebhookStore::open(dir.path()).unwrap(), &secret).unwrap();
        let ids = (0_u8..).zip(owners).map(|(number, of)| {
            let id = WebhookId([number; 16]);
            let public = *secret.key(id, 0).public().as_bytes();
            let endpoint = Endpoint {
                id,
                owner: owner(*of),
                set_with: KeyId::from_bytes([1; 32]),
                url: format!("https://bank.example/{number}"),
                wanted: Wanted::default(),
                description: None,
                created_at: now(),
                key: SigningKey { generation: 0, public, since: now() },
                retiring: None,
                next: Place::at(0),
                delivered_at: None,
                failing: None,
                disabled: None,
                attempts: 0,
            };
            desk.add(endpoint).unwrap();
            id
        });
        let ids = ids.collect();
        (desk, ids, dir)
    }

    fn due(desk: &Desk, most: usize, after: u64) -> Vec<u64> {
        desk.take_due(now, 1, most, after).iter().map(|turn| turn.number).collect()
    }

    fn attempt(outcome: Outcome) -> Attempt {
        Attempt {
            trigger: Trigger::Event,
            place: Some(Place::at(0)),
            message: "evt_0".to_owned(),
            kind: "alert.paid.v1".to_owned(),
            at: now(),
            millis: 1,
            outcome,
        }
    }

    fn settle(desk: &Desk, turn: &Turn, outcome: Outcome) -> Option<Delivery> {
        let follows = |endpoint: &mut Endpoint| {
            endpoint.settle(Place::at(0), outcome, &Schedule::default(), (0, None), now());
        };
        desk.settle(turn, attempt(outcome), follows).unwrap()
    }

    #[test]
    fn an_owner_with_many_endpoints_leaves_room_for_others_and_all_get_their_turn() {
        let (desk, ids, _dir) = desk(&[1, 1, 1, 2]);
        assert_eq!(due(&desk, 9, u64::MAX), [0, 1, 3], "two at once of the first owner");
        assert!(due(&desk, 9, u64::MAX).is_empty(), "one is served once at a time");
        desk.end(0);
        assert_eq!(due(&desk, 9, 1), [2], "it begins after the last one that was served");
        desk.change(&owner(2), ids[3], |it| {
            it.disable(DisabledReason::Owner, now());
            Ok(())
        })
        .unwrap();
        desk.end(3);
        assert!(due(&desk, 9, u64::MAX).is_empty());
    }

    #[test]
    fn where_nothing_is_to_be_sent_the_clock_is_not_asked() {
        let (desk, ..) = desk(&[1]);
        let clock = || -> Timestamp { panic!("asked") };
        assert!(desk.take_due(clock, 0, 9, 0).is_empty());
    }

    #[test]
    fn a_message_that_was_under_way_when_its_owner_moved_the_cursor_does_not_move_it() {
        let (desk, ids, _dir) = desk(&[1]);
        let turn = desk.take_due(now, 1, 9, 0).remove(0);
        desk.change(&owner(1), ids[0], |it| {
            it.next = Place::at(7);
            Ok(())
        })
        .unwrap();
        assert!(!desk.stands(&turn));
        assert!(settle(&desk, &turn, Outcome::Answered(200)).is_some(), "it is in the log");
        assert_eq!(desk.get(&owner(1), ids[0]).unwrap().1.next, Place::at(7));
        let turn = desk.again(0, now()).unwrap();
        settle(&desk, &turn, Outcome::Answered(500));
        assert!(desk.get(&owner(1), ids[0]).unwrap().1.failing.is_some());
    }

    #[test]
    fn an_endpoint_that_was_removed_meanwhile_stays_removed() {
        let (desk, ids, dir) = desk(&[1]);
        let turn = desk.take_due(now, 1, 9, 0).remove(0);
        settle(&desk, &turn, Outcome::Answered(500));
        desk.remove(&owner(1), ids[0]).unwrap();
        assert_eq!(settle(&desk, &turn, Outcome::Answered(200)), None);
        desk.end(0);
        desk.commit().unwrap();
        drop(desk);
        let secret = Secret::open(dir.path()).unwrap();
        let desk = Desk::open(WebhookStore::open(dir.path()).unwrap(), &secret).unwrap();
        assert!(desk.of(&owner(1)).is_empty());
        assert!(desk.store.deliveries(0, u64::MAX, 9).unwrap().is_empty());
    }

    #[test]
    fn the_log_of_an_endpoint_keeps_its_newest_attempts() {
        let (desk, ids, _dir) = desk(&[1]);
        let turn = desk.take_due(now, 1, 9, 0).remove(0);
        for _ in 0..DELIVERIES_KEPT + 5 {
            settle(&desk, &turn, Outcome::Answered(500));
        }
        let kept = desk.deliveries(&owner(1), ids[0], u64::MAX, usize::MAX).unwrap();
        let numbers: Vec<u64> = kept.iter().map(|it| it.number).collect();
        assert_eq!(numbers, (5..DELIVERIES_KEPT + 5).rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_cursor_beyond_a_restored_log_is_pulled_back_to_its_end() {
        let (desk, ids, _dir) = desk(&[1]);
        let turn = desk.take_due(now, 1, 9, 0).remove(0);
        desk.skip(&turn, Place::at(90));
        desk.pull_back(40);
        assert_eq!(desk.get(&owner(1), ids[0]).unwrap().1.next, Place::at(40));
    }
}
