//! The connections, in memory and in their database, and which of them are being read.
//!
//! Whatever changes a connection is written in the same step, and is on the disk before whoever asked hears of it: a
//! token that may be used once must not come back after a loss of power.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::connect::connection::{Connection, ConnectionId};
use crate::connect::connector::Entry;
use crate::connect::news::Said;
use crate::connect::owner::OwnerError;
use crate::connect::{CONNECTIONS_MAX, PER_OWNER_MAX};
use crate::store::connections::{ConnectionRows, ConnectionStore, EntryKey};
use crate::store::{Fault, OpenError};
use crate::types::{InvoiceId, PartyId, Timestamp};

/// The version of everything in a row.
const FORMAT: u8 = 1;

struct Slot {
    connection: Connection,
    /// Whether it is being read, or its owner does something that takes its time.
    busy: bool,
    /// How many invoices of its owner there were when what waits was last looked at.
    looked_at: Option<usize>,
}

#[derive(Default)]
struct Table {
    slots: BTreeMap<u64, Slot>,
    numbers: BTreeMap<ConnectionId, u64>,
    next_number: u64,
}

/// The connections.
pub(super) struct Desk {
    table: Mutex<Table>,
    pub(super) store: ConnectionStore,
    /// Told when an owner changed something.
    pub(super) changed: Notify,
}

impl Desk {
    /// Takes up the connections as they were.
    pub(super) fn open(store: ConnectionStore) -> Result<Self, OpenError> {
        let damaged = |what: String| OpenError::Damaged {
            what,
            hint: "move the folder `connections` aside; every debtor has to connect its package anew",
        };
        let mut table = Table::default();
        for (number, row) in store.connections().map_err(|error| damaged(error.to_string()))? {
            let connection: Connection = decode(&row)
                .ok_or_else(|| damaged(format!("connection {number} is of another version")))?;
            table.add(number, connection);
        }
        Ok(Self { table: Mutex::new(table), store, changed: Notify::new() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.table().slots.is_empty()
    }

    /// Adds a connection.
    pub(super) fn add(&self, connection: Connection) -> Result<(), OwnerError> {
        let mut table = self.table();
        let own = table.slots.values().filter(|it| it.connection.owner == connection.owner);
        if own.count() >= PER_OWNER_MAX || table.slots.len() >= CONNECTIONS_MAX {
            return Err(OwnerError::TooMany);
        }
        let number = table.next_number;
        self.write(number, &connection)?;
        table.add(number, connection);
        Ok(())
    }

    fn write(&self, number: u64, connection: &Connection) -> Result<(), Fault> {
        let mut rows = ConnectionRows::default();
        rows.connection(number, &encode(connection)?);
        self.store.apply(rows)?;
        self.store.commit()
    }

    /// The connections of an owner with their numbers, in the order in which they were made.
    pub(super) fn of(&self, owner: &PartyId) -> Vec<(u64, Connection)> {
        let table = self.table();
        let own = table.slots.iter().filter(|(_, slot)| slot.connection.owner == *owner);
        own.map(|(number, slot)| (*number, slot.connection.clone())).collect()
    }

    /// A connection of an owner.
    pub(super) fn get(
        &self,
        owner: &PartyId,
        id: ConnectionId,
    ) -> Result<(u64, Connection), OwnerError> {
        let table = self.table();
        let found =
            table.numbers.get(&id).and_then(|number| Some((*number, table.slots.get(number)?)));
        // What is not there and what is not the owner's are alike.
        let found = found.filter(|(_, slot)| slot.connection.owner == *owner);
        found.map(|(number, slot)| (number, slot.connection.clone())).ok_or(OwnerError::NotFound)
    }

    /// The connection whose owner was sent to the package with this.
    pub(super) fn asked(&self, state: &[u8; 32]) -> Option<(u64, Connection)> {
        let table = self.table();
        let found = table.slots.iter().find(|(_, slot)| {
            slot.connection.asked.as_ref().is_some_and(|asked| asked.state == *state)
        });
        found.map(|(number, slot)| (*number, slot.connection.clone()))
    }

    /// The connections of a kind.
    pub(super) fn of_system(&self, system: &str) -> Vec<u64> {
        let table = self.table();
        let own = table.slots.iter().filter(|(_, slot)| slot.connection.system == system);
        own.map(|(number, _)| *number).collect()
    }

    /// Changes a connection, durably; nothing where it is gone.
    pub(super) fn change<T>(
        &self,
        number: u64,
        change: impl FnOnce(&mut Connection) -> T,
    ) -> Result<Option<T>, Fault> {
        let mut table = self.table();
        let Some(slot) = table.slots.get_mut(&number) else { return Ok(None) };
        let mut connection = slot.connection.clone();
        let value = change(&mut connection);
        self.write(number, &connection)?;
        slot.connection = connection;
        Ok(Some(value))
    }

    /// What is waiting is looked at again, and the connection is read as soon as it is due.
    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    /// Removes a connection with everything that was kept for it.
    pub(super) fn remove(&self, number: u64) -> Result<(), Fault> {
        let mut table = self.table();
        if let Some(slot) = table.slots.remove(&number) {
            table.numbers.remove(&slot.connection.id);
        }
        // Nobody else writes rows of it once it is not in the table: see `record`.
        self.store.remove(number)
    }

    /// Takes connections for reading that are due, at most so many; they are busy until [`Self::end`].
    pub(super) fn take_due(&self, now: Timestamp, most: usize) -> Vec<(u64, Connection)> {
        let mut table = self.table();
        let due = table.slots.iter_mut().filter(|(_, it)| !it.busy && it.connection.is_due(now));
        due.take(most)
            .map(|(number, slot)| {
                slot.busy = true;
                (*number, slot.connection.clone())
            })
            .collect()
    }

    /// Takes one connection, as it is now; `None` while somebody else has it.
    pub(super) fn take(&self, number: u64) -> Option<Connection> {
        let mut table = self.table();
        let slot = table.slots.get_mut(&number).filter(|slot| !slot.busy)?;
        slot.busy = true;
        Some(slot.connection.clone())
    }

    /// A connection as it is now.
    pub(super) fn snapshot(&self, number: u64) -> Option<Connection> {
        self.table().slots.get(&number).map(|slot| slot.connection.clone())
    }

    /// Whose books are connected.
    pub(super) fn owners(&self) -> Vec<(u64, PartyId)> {
        let table = self.table();
        table.slots.iter().map(|(number, slot)| (*number, slot.connection.owner.clone())).collect()
    }

    /// What waits is looked at again in the next round.
    pub(super) fn look_again(&self, number: u64) {
        if let Some(slot) = self.table().slots.get_mut(&number) {
            slot.looked_at = None;
        }
    }

    /// Others may take it again.
    pub(super) fn end(&self, number: u64) {
        if let Some(slot) = self.table().slots.get_mut(&number) {
            slot.busy = false;
        }
    }

    /// Whether what waits is to be looked at again: the owner has more invoices than the last time.
    pub(super) fn has_more_invoices(&self, number: u64, invoices: usize) -> bool {
        let mut table = self.table();
        let Some(slot) = table.slots.get_mut(&number) else { return false };
        slot.looked_at.replace(invoices) != Some(invoices)
    }

    /// What was last said about an invoice.
    pub(super) fn said(&self, number: u64, invoice: &InvoiceId) -> Result<Option<Said>, Fault> {
        let row = self.store.said(number, invoice.as_bytes());
        let row = row.map_err(|error| Fault::new(error.to_string()))?;
        Ok(row.and_then(|row| decode(&row)))
    }

    /// Some of the entries that wait.
    pub(super) fn waiting(
        &self,
        number: u64,
        after: Option<&EntryKey>,
        limit: usize,
    ) -> Result<Vec<(EntryKey, Entry)>, Fault> {
        let rows = self.store.waiting(number, after, limit);
        let rows = rows.map_err(|error| Fault::new(error.to_string()))?;
        Ok(rows.into_iter().filter_map(|(key, row)| Some((key, decode(&row)?))).collect())
    }

    /// Writes what a step of a reading brought, with the connection, where that is still there; durable after a
    /// commit.
    pub(super) fn record(
        &self,
        number: u64,
        mut rows: ConnectionRows,
        change: impl FnOnce(&mut Connection),
    ) -> Result<bool, Fault> {
        let mut table = self.table();
        let Some(slot) = table.slots.get_mut(&number) else { return Ok(false) };
        let mut connection = slot.connection.clone();
        change(&mut connection);
        rows.connection(number, &encode(&connection)?);
        self.store.apply(rows)?;
        slot.connection = connection;
        Ok(true)
    }
}

impl Table {
    fn add(&mut self, number: u64, connection: Connection) {
        self.next_number = self.next_number.max(number.saturating_add(1));
        self.numbers.insert(connection.id, number);
        self.slots.insert(number, Slot { connection, busy: false, looked_at: None });
    }
}

/// Under what an entry waits.
pub(super) fn entry_key(entry: &Entry) -> EntryKey {
    let mut key = EntryKey::default();
    let hash = blake3::hash(entry.key.as_bytes());
    for (place, byte) in key.iter_mut().zip(hash.as_bytes()) {
        *place = *byte;
    }
    key
}

pub(super) fn encode(row: &impl serde::Serialize) -> Result<Vec<u8>, Fault> {
    postcard::to_extend(row, vec![FORMAT]).map_err(|error| Fault::new(error.to_string()))
}

pub(super) fn decode<T: serde::de::DeserializeOwned>(row: &[u8]) -> Option<T> {
    let (format, row) = row.split_first()?;
    postcard::from_bytes(row).ok().filter(|_| *format == FORMAT)
}
