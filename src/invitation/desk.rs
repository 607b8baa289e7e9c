//! Contacts, links and letters, in memory and in their database.
//!
//! Whatever changes is written in the same step, and is on the disk before anybody hears of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::invitation::contact::{Contact, ContactError, ContactWish, Email, check_name};
use crate::invitation::guard::{Finding, findings};
use crate::invitation::link::{
    Ended, Invitation, LinkError, LinkHash, Purpose, REMEMBERED_MILLIS, Token,
};
use crate::store::invitations::{InvitationRows, InvitationStore, Part};
use crate::store::{Fault, OpenError};
use crate::types::{PartyId, Timestamp};

/// The version of everything in a row.
const FORMAT: u8 = 1;

/// What there is.
#[derive(Default)]
struct Table {
    contacts: BTreeMap<PartyId, Contact>,
    links: BTreeMap<LinkHash, Invitation>,
}

/// Contacts, links and letters.
pub(super) struct Desk {
    table: Mutex<Table>,
    store: InvitationStore,
    /// Told when somebody changed something that letters wait for.
    pub(super) changed: Notify,
}

impl Desk {
    /// Takes up everything as it was.
    pub(super) fn open(store: InvitationStore) -> Result<Self, OpenError> {
        let mut table = Table::default();
        for (_, contact) in read::<Contact>(&store, Part::Contact)? {
            table.contacts.insert(contact.party.clone(), contact);
        }
        for (key, link) in read::<Invitation>(&store, Part::Link)? {
            let hash = key.try_into().map_err(|_| damaged("a link has no hash"))?;
            table.links.insert(LinkHash(hash), link);
        }
        Ok(Self { table: Mutex::new(table), store, changed: Notify::new() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes everything that was written survive a loss of power. Blocks.
    pub(super) fn commit(&self) -> Result<(), Fault> {
        self.store.commit()
    }

    /// Writes a contact. An address that stays as it was stays confirmed; links that went to another one end.
    pub(super) fn set_contact(
        &self,
        party: &PartyId,
        wish: ContactWish,
        now: Timestamp,
    ) -> Result<Contact, ContactError> {
        let ContactWish { name, email, language } = wish;
        check_name(&name)?;
        let email = email.map(|email| email.parse::<Email>()).transpose()?;
        let mut table = self.table();
        let before = table.contacts.get(party);
        let same = before.is_some_and(|before| before.email == email);
        let confirmed_at = before.filter(|_| same).and_then(|before| before.confirmed_at);
        let contact =
            Contact { party: party.clone(), name, email, language, set_at: now, confirmed_at };
        let mut rows = InvitationRows::default();
        put(&mut rows, Part::Contact, party.as_str().as_bytes(), &contact)?;
        let ended = if same { Vec::new() } else { table.withdraw(party, None, now, &mut rows)? };
        self.store.apply(rows)?;
        table.links.extend(ended);
        table.contacts.insert(party.clone(), contact.clone());
        drop(table);
        self.changed.notify_one();
        Ok(contact)
    }

    /// Notes that the operator says the address is the participant's.
    pub(super) fn confirm_contact(
        &self,
        party: &PartyId,
        email: &str,
        now: Timestamp,
    ) -> Result<Contact, ContactError> {
        let mut table = self.table();
        let mut contact = table.contacts.get(party).cloned().ok_or(ContactError::Unknown)?;
        if contact.email.as_ref().is_none_or(|known| known.as_str() != email) {
            return Err(ContactError::Changed);
        }
        contact.confirmed_at = Some(now);
        let mut rows = InvitationRows::default();
        put(&mut rows, Part::Contact, party.as_str().as_bytes(), &contact)?;
        self.store.apply(rows)?;
        table.contacts.insert(party.clone(), contact.clone());
        drop(table);
        self.changed.notify_one();
        Ok(contact)
    }

    /// Erases a contact; links that went to it end.
    pub(super) fn erase_contact(
        &self,
        party: &PartyId,
        now: Timestamp,
    ) -> Result<(), ContactError> {
        let mut table = self.table();
        if !table.contacts.contains_key(party) {
            return Err(ContactError::Unknown);
        }
        let mut rows = InvitationRows::default();
        rows.remove(Part::Contact, party.as_str().as_bytes());
        let ended = table.withdraw(party, None, now, &mut rows)?;
        self.store.apply(rows)?;
        table.links.extend(ended);
        table.contacts.remove(party);
        Ok(())
    }

    /// The contact under the first of these party ids that has one.
    pub(super) fn contact(&self, parties: &[PartyId]) -> Option<Contact> {
        let table = self.table();
        parties.iter().find_map(|party| table.contacts.get(party)).cloned()
    }

    /// The contacts after a party id, in the order of party ids.
    pub(super) fn contacts(&self, after: Option<&PartyId>, limit: usize) -> Vec<Contact> {
        let table = self.table();
        let later = table.contacts.values().filter(|it| after.is_none_or(|at| it.party > *at));
        later.take(limit).cloned().collect()
    }

    /// What is odd about the address of a contact.
    pub(super) fn findings(&self, contact: &Contact) -> Vec<Finding> {
        let table = self.table();
        let found = |email| findings(&contact.party, email, table.contacts.values());
        contact.email.as_ref().map(found).unwrap_or_default()
    }

    /// Makes a link; one for the same purpose that was not used ends.
    pub(super) fn issue(&self, invitation: Invitation, now: Timestamp) -> Result<Token, LinkError> {
        let token = Token::fresh().ok_or(LinkError::Storage)?;
        let mut table = self.table();
        let mut rows = InvitationRows::default();
        for (hash, link) in &table.links {
            if link.is_forgotten(now) {
                rows.remove(Part::Link, &hash.0);
            }
        }
        let ended = table.withdraw(&invitation.debtor, Some(invitation.purpose), now, &mut rows)?;
        put(&mut rows, Part::Link, &token.hash().0, &invitation)?;
        self.store.apply(rows)?;
        table.links.extend(ended);
        table.links.insert(token.hash(), invitation);
        table.links.retain(|_, link| !link.is_forgotten(now));
        Ok(token)
    }

    /// What a link says, if it holds. Changes nothing.
    pub(super) fn peek(&self, token: &str, now: Timestamp) -> Result<Invitation, LinkError> {
        let hash = Token::parse(token).ok_or(LinkError::Unknown)?.hash();
        let table = self.table();
        let link = table.links.get(&hash).ok_or(LinkError::Unknown)?;
        link.holds(now).map(|()| link.clone())
    }

    /// Uses a link up: of many who try at once, one does.
    pub(super) fn consume(&self, token: &str, now: Timestamp) -> Result<Invitation, LinkError> {
        let hash = Token::parse(token).ok_or(LinkError::Unknown)?.hash();
        let mut table = self.table();
        let link = table.links.get(&hash).ok_or(LinkError::Unknown)?;
        link.holds(now)?;
        let used = Invitation { ended: Some(Ended::Used), ..link.clone() };
        self.replace(&mut table, hash, used)
    }

    /// Takes back that a link was used up, because what it was used for did not happen.
    pub(super) fn give_back(&self, token: &str) -> Result<(), LinkError> {
        let hash = Token::parse(token).ok_or(LinkError::Unknown)?.hash();
        let mut table = self.table();
        let link = table.links.get(&hash).filter(|link| link.ended == Some(Ended::Used));
        let unused = Invitation { ended: None, ..link.ok_or(LinkError::Unknown)?.clone() };
        self.replace(&mut table, hash, unused).map(drop)
    }

    fn replace(
        &self,
        table: &mut Table,
        hash: LinkHash,
        link: Invitation,
    ) -> Result<Invitation, LinkError> {
        let mut rows = InvitationRows::default();
        put(&mut rows, Part::Link, &hash.0, &link)?;
        self.store.apply(rows)?;
        table.links.insert(hash, link.clone());
        Ok(link)
    }
}

impl Table {
    /// A debtor's links that hold, of one purpose or of all, as they are once they are withdrawn.
    fn withdraw(
        &self,
        debtor: &PartyId,
        purpose: Option<Purpose>,
        now: Timestamp,
        rows: &mut InvitationRows,
    ) -> Result<Vec<(LinkHash, Invitation)>, Fault> {
        let concerned = self.links.iter().filter(|(_, link)| {
            link.debtor == *debtor
                && purpose.is_none_or(|purpose| link.purpose == purpose)
                && link.holds(now).is_ok()
        });
        let mut ended = Vec::new();
        for (hash, link) in concerned {
            let link = Invitation { ended: Some(Ended::Withdrawn), ..link.clone() };
            put(rows, Part::Link, &hash.0, &link)?;
            ended.push((*hash, link));
        }
        Ok(ended)
    }
}

impl Invitation {
    /// Whether it ended so long ago that it is removed.
    fn is_forgotten(&self, now: Timestamp) -> bool {
        now >= self.expires_at.plus_millis(REMEMBERED_MILLIS)
    }
}

impl From<Fault> for LinkError {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "the invitations database cannot be written");
        Self::Storage
    }
}

impl From<Fault> for ContactError {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "the invitations database cannot be written");
        Self::Storage
    }
}

fn damaged(what: &str) -> OpenError {
    OpenError::Damaged {
        what: what.to_owned(),
        hint: "move the folder `invitations` aside; the operator has to set every contact anew",
    }
}

fn read<T: DeserializeOwned>(
    store: &InvitationStore,
    part: Part,
) -> Result<Vec<(Vec<u8>, T)>, OpenError> {
    let rows = store.rows(part).map_err(|error| damaged(&error.to_string()))?;
    let decoded = rows.into_iter().map(|(key, row)| {
        decode(&row).map(|row| (key, row)).ok_or_else(|| damaged("a row is of another version"))
    });
    decoded.collect()
}

fn put(
    rows: &mut InvitationRows,
    part: Part,
    key: &[u8],
    row: &impl Serialize,
) -> Result<(), Fault> {
    let row = postcard::to_extend(row, vec![FORMAT]);
    rows.put(part, key, &row.map_err(|error| Fault::new(error.to_string()))?);
    Ok(())
}

fn decode<T: DeserializeOwned>(row: &[u8]) -> Option<T> {
    let (format, row) = row.split_first()?;
    postcard::from_bytes(row).ok().filter(|_| *format == FORMAT)
}
