//! Contacts, links and letters, in memory and in their database.
//!
//! Whatever changes is written in the same step, and is on the disk before anybody hears of it.

use core::ops::Bound;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::invitation::LetterError;
use crate::invitation::contact::{Contact, ContactError, ContactWish, Email, check_name};
use crate::invitation::guard::{Finding, asker_finding, findings};
use crate::invitation::letter::{
    Fate, Letter, LetterId, LetterView, Limits, Recent, Standing, Status,
};
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
    letters: BTreeMap<LetterId, Letter>,
    /// Which letter is about what.
    about: BTreeMap<(Purpose, PartyId), LetterId>,
    /// The letters that are to be sent.
    open: BTreeSet<LetterId>,
    recent: Recent,
    /// From where on requests were not looked at yet.
    cursor: u32,
}

/// A letter that is about to be sent, and where to.
pub(super) struct Addressed {
    pub(super) letter: Letter,
    pub(super) contact: Contact,
}

/// Contacts, links and letters.
pub(super) struct Desk {
    table: Mutex<Table>,
    store: InvitationStore,
    limits: Limits,
    /// Told when somebody changed something that letters wait for.
    pub(super) changed: Notify,
}

impl Desk {
    /// Takes up everything as it was.
    pub(super) fn open(store: InvitationStore, limits: Limits) -> Result<Self, OpenError> {
        let mut table = Table::default();
        for (_, contact) in read::<Contact>(&store, Part::Contact)? {
            table.contacts.insert(contact.party.clone(), contact);
        }
        for (key, link) in read::<Invitation>(&store, Part::Link)? {
            let hash = key.try_into().map_err(|_| damaged("a link has no hash"))?;
            table.links.insert(LinkHash(hash), link);
        }
        for (_, letter) in read::<Letter>(&store, Part::Letter)? {
            table.keep(letter);
        }
        table.recent = Recent::of(table.letters.values());
        let cursor = read::<u32>(&store, Part::Cursor)?.into_iter().next();
        table.cursor = cursor.map(|(_, cursor)| cursor).unwrap_or_default();
        Ok(Self { table: Mutex::new(table), store, limits, changed: Notify::new() })
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
        // What was approved, or refused, was so for the address that stood there.
        let letters = if same { Vec::new() } else { table.disapprove(party, now, &mut rows)? };
        self.store.apply(rows)?;
        table.links.extend(ended);
        for letter in letters {
            table.keep(letter);
        }
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
        let letters = table.disapprove(party, now, &mut rows)?;
        self.store.apply(rows)?;
        table.links.extend(ended);
        for letter in letters {
            table.keep(letter);
        }
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

    /// Whose link a text is, or was.
    pub(super) fn debtor_of(&self, token: &str) -> Option<PartyId> {
        let hash = Token::parse(token)?.hash();
        self.table().links.get(&hash).map(|link| link.debtor.clone())
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

    /// From where on requests were not looked at yet.
    pub(super) fn cursor(&self) -> u32 {
        self.table().cursor
    }

    /// Makes letters for what was found up to a place, each once.
    pub(super) fn take_up(
        &self,
        found: impl Iterator<Item = (Purpose, PartyId, Option<PartyId>)>,
        cursor: u32,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let mut table = self.table();
        let mut rows = InvitationRows::default();
        let next = table.letters.last_key_value().map_or(0, |(id, _)| id.0.saturating_add(1));
        let mut made = Vec::new();
        for ((purpose, debtor, asker), number) in found.zip(next..) {
            let known = table.about.get(&(purpose, debtor.clone()));
            let known = known.and_then(|id| table.letters.get(id));
            if known.is_some_and(|letter| letter.standing != Standing::Dropped) {
                continue;
            }
            let letter = Letter::new(LetterId(number), purpose, debtor, asker, now);
            put(&mut rows, Part::Letter, &number.to_be_bytes(), &letter)?;
            made.push(letter);
        }
        put(&mut rows, Part::Cursor, &[], &cursor)?;
        self.store.apply(rows)?;
        table.cursor = cursor;
        for letter in made {
            table.keep(letter);
        }
        Ok(())
    }

    /// A debtor wants a link to its mandates: the letter is sent, or sent again.
    pub(super) fn ask_own(&self, debtor: &PartyId, now: Timestamp) -> Result<(), Fault> {
        let known = {
            let table = self.table();
            table.about.get(&(Purpose::Manage, debtor.clone())).copied()
        };
        let known = known.map(|id| {
            self.change(id, |letter| {
                if !matches!(letter.standing, Standing::Open { .. }) {
                    letter.reopen(now);
                }
            })
        });
        match known {
            Some(Ok(())) => Ok(()),
            Some(Err(LetterError::Storage)) => Err(Fault::new("a letter cannot be written")),
            Some(Err(_)) | None => {
                let cursor = self.cursor();
                let one = (Purpose::Manage, debtor.clone(), None);
                self.take_up(core::iter::once(one), cursor, now)
            }
        }
    }

    /// Letters after one that are to be sent, whatever they wait for; from the first on after the last.
    pub(super) fn open_after(&self, after: Option<LetterId>, most: usize) -> Vec<Letter> {
        let table = self.table();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let later = table.open.range((start, Bound::Unbounded));
        later.take(most).filter_map(|id| table.letters.get(id)).cloned().collect()
    }

    /// Letters that can be sent now, the oldest first.
    pub(super) fn due(&self, now: Timestamp, most: usize) -> Vec<LetterId> {
        let table = self.table();
        let open = table.open.iter().filter_map(|id| table.letters.get(id));
        let due = open.filter(|letter| self.status(&table, letter, now).0 == Status::Waiting);
        due.take(most).map(|letter| letter.id).collect()
    }

    /// A letter that can be sent at this moment, and where to.
    pub(super) fn address(&self, id: LetterId, now: Timestamp) -> Option<Addressed> {
        let table = self.table();
        let letter = table.letters.get(&id)?;
        let ready = self.status(&table, letter, now).0 == Status::Waiting;
        let contact = table.contacts.get(&letter.debtor).filter(|_| ready)?;
        Some(Addressed { letter: letter.clone(), contact: contact.clone() })
    }

    /// How a letter stands, and what is odd about its address.
    fn status(&self, table: &Table, letter: &Letter, now: Timestamp) -> (Status, Vec<Finding>) {
        let next_at = match letter.standing {
            Standing::Open { next_at } => next_at,
            Standing::Sent => return (Status::Sent, Vec::new()),
            Standing::Refused => return (Status::Refused, Vec::new()),
            Standing::Dropped => return (Status::Dropped, Vec::new()),
        };
        let contact = table.contacts.get(&letter.debtor);
        let Some((contact, email)) = contact.and_then(|it| Some((it, it.email.as_ref()?))) else {
            return (Status::AddressMissing, Vec::new());
        };
        if !letter.approved {
            let mut found = Vec::new();
            if contact.confirmed_at.is_none() {
                found = findings(&contact.party, email, table.contacts.values());
            }
            let asker = letter.asker.as_ref().and_then(|asker| table.contacts.get(asker));
            found.extend(asker.and_then(|asker| asker_finding(email, asker)));
            if !found.is_empty() || contact.confirmed_at.is_none() {
                return (Status::Held, found);
            }
        }
        let status = match self.limits_of(table, letter, now) {
            _ if now < next_at => Status::Failing,
            Some(_) => Status::Limited,
            None => Status::Waiting,
        };
        (status, Vec::new())
    }

    fn limits_of(&self, table: &Table, letter: &Letter, now: Timestamp) -> Option<Timestamp> {
        table.recent.limit(letter, &self.limits, now)
    }

    /// The letters after one, those that the operator has to look at or all.
    pub(super) fn letters(
        &self,
        after: Option<LetterId>,
        only: Option<Status>,
        now: Timestamp,
        most: usize,
    ) -> Vec<LetterView> {
        let table = self.table();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let later = table.letters.range((start, Bound::Unbounded)).map(|(_, letter)| letter);
        let views = later.map(|letter| self.view(&table, letter, now));
        views.filter(|view| only.is_none_or(|only| view.status == only)).take(most).collect()
    }

    /// A letter.
    pub(super) fn letter(&self, id: LetterId, now: Timestamp) -> Result<LetterView, LetterError> {
        let table = self.table();
        let letter = table.letters.get(&id).ok_or(LetterError::NotFound)?;
        Ok(self.view(&table, letter, now))
    }

    fn view(&self, table: &Table, letter: &Letter, now: Timestamp) -> LetterView {
        let (status, findings) = self.status(table, letter, now);
        LetterView { letter: letter.clone(), status, findings }
    }

    /// The letter about a request.
    pub(super) fn letter_about(&self, purpose: Purpose, debtor: &PartyId) -> Option<LetterId> {
        self.table().about.get(&(purpose, debtor.clone())).copied()
    }

    /// Lets a letter go in spite of what is odd about the address, and notes that the address is the debtor's.
    pub(super) fn approve(
        &self,
        id: LetterId,
        email: &str,
        now: Timestamp,
    ) -> Result<(), LetterError> {
        let LetterView { letter, status, .. } = self.letter(id, now)?;
        if status != Status::Held {
            return Err(LetterError::NotHeld);
        }
        self.confirm_contact(&letter.debtor, email, now).map_err(|error| match error {
            ContactError::Storage => LetterError::Storage,
            ContactError::Name
            | ContactError::Email
            | ContactError::Unknown
            | ContactError::Changed => LetterError::NotHeld,
        })?;
        self.change(id, |letter| letter.approved = true)
    }

    /// Changes a letter.
    pub(super) fn change(
        &self,
        id: LetterId,
        change: impl FnOnce(&mut Letter),
    ) -> Result<(), LetterError> {
        let mut table = self.table();
        let mut letter = table.letters.get(&id).cloned().ok_or(LetterError::NotFound)?;
        change(&mut letter);
        let mut rows = InvitationRows::default();
        put(&mut rows, Part::Letter, &id.0.to_be_bytes(), &letter)?;
        self.store.apply(rows)?;
        table.keep(letter);
        drop(table);
        self.changed.notify_one();
        Ok(())
    }

    /// Notes that an asker wants its letter sent again.
    pub(super) fn remind(&self, id: LetterId, now: Timestamp) -> Result<(), LetterError> {
        let mut taken = false;
        self.change(id, |letter| taken = letter.remind(now))?;
        if taken { Ok(()) } else { Err(LetterError::TooSoon) }
    }

    /// Notes what became of an attempt.
    pub(super) fn settle(
        &self,
        id: LetterId,
        fate: Fate,
        now: Timestamp,
    ) -> Result<(), LetterError> {
        self.change(id, |letter| letter.settle(fate, now))?;
        if fate == Fate::Sent {
            let mut table = self.table();
            let table = &mut *table;
            if let Some(letter) = table.letters.get(&id) {
                table.recent.note(letter, now);
            }
        }
        Ok(())
    }

    /// Removes letters that ended long ago.
    pub(super) fn tidy(&self, now: Timestamp) -> Result<(), Fault> {
        let mut table = self.table();
        let old: Vec<LetterId> = table
            .letters
            .values()
            .filter(|letter| letter.is_forgotten(now))
            .map(|letter| letter.id)
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        let mut rows = InvitationRows::default();
        for id in &old {
            rows.remove(Part::Letter, &id.0.to_be_bytes());
        }
        self.store.apply(rows)?;
        for id in old {
            if let Some(letter) = table.letters.remove(&id) {
                table.about.remove(&(letter.purpose, letter.debtor));
            }
        }
        Ok(())
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
    fn keep(&mut self, letter: Letter) {
        if matches!(letter.standing, Standing::Open { .. }) {
            self.open.insert(letter.id);
        } else {
            self.open.remove(&letter.id);
        }
        self.about.insert((letter.purpose, letter.debtor.clone()), letter.id);
        self.letters.insert(letter.id, letter);
    }

    /// A debtor's letters, as they are once its address is another one.
    fn disapprove(
        &self,
        debtor: &PartyId,
        now: Timestamp,
        rows: &mut InvitationRows,
    ) -> Result<Vec<Letter>, Fault> {
        let mut changed = Vec::new();
        for letter in self.letters.values().filter(|letter| letter.debtor == *debtor) {
            let refused = letter.standing == Standing::Refused;
            if !letter.approved && !refused {
                continue;
            }
            let mut letter = Letter { approved: false, ..letter.clone() };
            if refused {
                letter.reopen(now);
            }
            put(rows, Part::Letter, &letter.id.0.to_be_bytes(), &letter)?;
            changed.push(letter);
        }
        Ok(changed)
    }

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

impl From<Fault> for LetterError {
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
