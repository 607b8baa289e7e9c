//! Invitations: a debtor is asked by a letter, and acts through the one-time link in it.
//!
//! - A letter goes to the address in the operator's record ([`Contact`]) and to no other: no asking party says where to.
//! - A link holds once and for a fortnight; what is kept of it is a hash. Looking at it changes nothing.
//! - Names, addresses and links are beside the log and can be erased; no decision depends on them.
//!
//! Who asked whom stands in the log; this module knows nothing of invoices and of who may see them.

mod compose;
mod contact;
mod desk;
mod guard;
mod letter;
mod link;
mod post;
mod rounds;
mod source;
mod words;

use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::invitation::desk::Desk;
use crate::invitation::letter::Standing;
use crate::store::OpenError;
use crate::store::invitations::InvitationStore;
use crate::types::{PartyId, StatementId, Timestamp};

pub use compose::Sender;
pub use contact::{
    Contact, ContactError, ContactWish, EMAIL_BYTES_MAX, Email, Language, NAME_BYTES_MAX,
};
pub use guard::Finding;
pub use letter::{
    DAY_MILLIS, Letter, LetterId, LetterView, Limits, REMINDERS_MAX, Standing as LetterStanding,
    Status,
};
pub use link::{Invitation, LINK_MILLIS, LINK_PATH, LinkError, Purpose, Token};
pub use post::{Post, PostError, Server};
pub use source::{
    INVOICES_TOLD_MAX, InvoiceTold, Later, Registry, Request, Requests, Unavailable, Wanted,
};

/// Where letters are posted, and what is the same in each.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Where to.
    pub post: Post,
    /// What is the same in each.
    pub sender: Sender,
}

/// How invitations are sent.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where letters are posted; without it they wait.
    pub mail: Option<Mail>,
    /// How many.
    pub limits: Limits,
    /// How often it is looked whether something is due.
    pub pace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { mail: None, limits: Limits::default(), pace: Duration::from_secs(1) }
    }
}

/// Why something is not done to a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// There is none.
    #[error("there is no such letter")]
    NotFound,
    /// It waits for no approval.
    #[error("the letter does not wait for approval")]
    NotHeld,
    /// It was sent again a short while ago, or often enough.
    #[error("a letter is sent again once a day, and three times in all")]
    TooSoon,
    /// The database does not answer.
    #[error("the letters cannot be stored")]
    Storage,
}

/// The invitations of a registry. Clones are handles to the same ones.
#[derive(Clone)]
pub struct Invitations(Arc<Inner>);

struct Inner {
    desk: Desk,
    options: Options,
}

impl Invitations {
    /// Opens the invitations in the folder of a registry.
    ///
    /// # Errors
    /// [`OpenError`] says what the operator can do.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_with(dir, Options::default())
    }

    /// Opens the invitations in the folder of a registry. Nothing is sent before [`Self::run`].
    ///
    /// # Errors
    /// [`OpenError`] says what the operator can do.
    pub fn open_with(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let desk = Desk::open(InvitationStore::open(dir)?, options.limits)?;
        Ok(Self(Arc::new(Inner { desk, options })))
    }

    /// Sends what there is to send, until `stopping` says so; then lets the letter that is under way end.
    pub fn run(
        &self,
        registry: Arc<dyn Registry>,
        stopping: watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        tokio::spawn(rounds::run(self.clone(), registry, stopping))
    }

    /// Where the registry's pages are, where letters are sent at all.
    pub fn public_url(&self) -> Option<&str> {
        self.0.options.mail.as_ref().map(|mail| mail.sender.public_url.as_str())
    }

    /// Makes a link for a debtor. An earlier one for the same purpose no longer holds.
    ///
    /// # Errors
    /// [`LinkError::Storage`].
    pub async fn issue(
        &self,
        debtor: &PartyId,
        purpose: Purpose,
        language: Language,
        now: Timestamp,
    ) -> Result<Token, LinkError> {
        self.issue_link(Invitation::new(debtor.clone(), purpose, language, now), now).await
    }

    async fn issue_link(&self, link: Invitation, now: Timestamp) -> Result<Token, LinkError> {
        let token = self.0.desk.issue(link, now)?;
        self.commit().await.map_err(|()| LinkError::Storage)?;
        Ok(token)
    }

    /// What a link says, by the text that follows [`LINK_PATH`]. Changes nothing: for whatever opens links.
    ///
    /// # Errors
    /// [`LinkError`]: each has a page of its own.
    pub fn peek(&self, token: &str, now: Timestamp) -> Result<Invitation, LinkError> {
        self.0.desk.peek(token, now)
    }

    /// Uses a link up; on the disk before this returns. Of many who try at once one succeeds.
    ///
    /// # Errors
    /// [`LinkError`]: each has a page of its own.
    pub async fn consume(&self, token: &str, now: Timestamp) -> Result<Invitation, LinkError> {
        let invitation = self.0.desk.consume(token, now)?;
        self.commit().await.map_err(|()| LinkError::Storage)?;
        Ok(invitation)
    }

    /// Takes back that a link was used up, because what it was used for was refused and nothing happened.
    ///
    /// # Errors
    /// [`LinkError::Unknown`] where it was not used up.
    pub async fn give_back(&self, token: &str) -> Result<(), LinkError> {
        self.0.desk.give_back(token)?;
        self.commit().await.map_err(|()| LinkError::Storage)
    }

    /// The contact of a participant, by any of its party ids.
    pub fn contact(&self, parties: &[PartyId]) -> Option<Contact> {
        self.0.desk.contact(parties)
    }

    /// The contacts after a party id, in the order of party ids.
    pub fn contacts(&self, after: Option<&PartyId>, limit: usize) -> Vec<Contact> {
        self.0.desk.contacts(after, limit)
    }

    /// What is odd about the address of a contact.
    pub fn findings(&self, contact: &Contact) -> Vec<Finding> {
        self.0.desk.findings(contact)
    }

    /// Writes a contact, as the operator says. Links that went to another address no longer hold.
    ///
    /// # Errors
    /// [`ContactError`]; nothing was changed.
    pub async fn set_contact(
        &self,
        party: &PartyId,
        wish: ContactWish,
        now: Timestamp,
    ) -> Result<Contact, ContactError> {
        let contact = self.0.desk.set_contact(party, wish, now)?;
        self.commit().await.map_err(|()| ContactError::Storage)?;
        Ok(contact)
    }

    /// Notes that this address is the participant's: the operator was shown what is odd about it, and asked.
    ///
    /// # Errors
    /// [`ContactError::Changed`] where another address stands there.
    pub async fn confirm_contact(
        &self,
        party: &PartyId,
        email: &str,
        now: Timestamp,
    ) -> Result<Contact, ContactError> {
        let contact = self.0.desk.confirm_contact(party, email, now)?;
        self.commit().await.map_err(|()| ContactError::Storage)?;
        Ok(contact)
    }

    /// Erases a contact. Links that went to it no longer hold.
    ///
    /// # Errors
    /// [`ContactError`].
    pub async fn erase_contact(&self, party: &PartyId, now: Timestamp) -> Result<(), ContactError> {
        self.0.desk.erase_contact(party, now)?;
        self.commit().await.map_err(|()| ContactError::Storage)
    }

    /// Sends a debtor a link to its own mandates, if the operator knows where to. Whoever asks hears nothing of that.
    ///
    /// # Errors
    /// [`LetterError::Storage`].
    pub async fn ask_own(&self, debtor: &PartyId, now: Timestamp) -> Result<(), LetterError> {
        self.0.desk.ask_own(debtor, now)?;
        self.0.desk.changed.notify_one();
        self.commit().await.map_err(|()| LetterError::Storage)
    }

    /// Sends a debtor a link to its own mandates, by the text of a link that it had, whether that holds or not. Whoever
    /// asks with another text hears the same.
    ///
    /// # Errors
    /// [`LetterError::Storage`].
    pub async fn ask_again(&self, token: &str, now: Timestamp) -> Result<(), LetterError> {
        match self.0.desk.debtor_of(token) {
            Some(debtor) => self.ask_own(&debtor, now).await,
            None => Ok(()),
        }
    }

    /// Notes that an asker wants the letter about its request sent again. The answer depends on nothing but what the
    /// asker did itself.
    ///
    /// # Errors
    /// [`LetterError::TooSoon`]; [`LetterError::NotFound`] for a moment after the request was made.
    pub async fn remind(
        &self,
        request: StatementId,
        debtor: &PartyId,
        now: Timestamp,
    ) -> Result<(), LetterError> {
        let id = self.0.desk.letter_about(Purpose::Answer(request), debtor);
        self.0.desk.remind(id.ok_or(LetterError::NotFound)?, now)?;
        self.commit().await.map_err(|()| LetterError::Storage)
    }

    /// The letters after one; all, or those that stand like this.
    pub fn letters(
        &self,
        after: Option<LetterId>,
        only: Option<Status>,
        now: Timestamp,
        most: usize,
    ) -> Vec<LetterView> {
        self.0.desk.letters(after, only, now, most)
    }

    /// A letter.
    ///
    /// # Errors
    /// [`LetterError::NotFound`].
    pub fn letter(&self, id: LetterId, now: Timestamp) -> Result<LetterView, LetterError> {
        self.0.desk.letter(id, now)
    }

    /// Lets a letter go in spite of what is odd about the address, which is the debtor's: so the operator says of the
    /// address that it was shown.
    ///
    /// # Errors
    /// [`LetterError::NotHeld`], also where another address stands there meanwhile.
    pub async fn approve(
        &self,
        id: LetterId,
        email: &str,
        now: Timestamp,
    ) -> Result<LetterView, LetterError> {
        self.0.desk.approve(id, email, now)?;
        self.changed_letter(id, now).await
    }

    /// Sends a letter again, with a new link.
    ///
    /// # Errors
    /// [`LetterError`].
    pub async fn resend(&self, id: LetterId, now: Timestamp) -> Result<LetterView, LetterError> {
        self.0.desk.change(id, |letter| letter.reopen(now))?;
        self.changed_letter(id, now).await
    }

    /// Drops a letter: it is not sent any more.
    ///
    /// # Errors
    /// [`LetterError`].
    pub async fn drop_letter(
        &self,
        id: LetterId,
        now: Timestamp,
    ) -> Result<LetterView, LetterError> {
        self.0.desk.change(id, |letter| letter.standing = Standing::Dropped)?;
        self.changed_letter(id, now).await
    }

    async fn changed_letter(
        &self,
        id: LetterId,
        now: Timestamp,
    ) -> Result<LetterView, LetterError> {
        self.commit().await.map_err(|()| LetterError::Storage)?;
        self.0.desk.letter(id, now)
    }

    async fn commit(&self) -> Result<(), ()> {
        let invitations = self.clone();
        let committed = tokio::task::spawn_blocking(move || invitations.0.desk.commit()).await;
        match committed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(fault)) => {
                tracing::error!(%fault, "the invitations database cannot be written");
                Err(())
            }
            Err(_) => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::StatementId;

    const DEBTOR: &str = "0106:00000004";

    fn debtor() -> PartyId {
        DEBTOR.parse().unwrap()
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::default().plus_millis(millis)
    }

    fn answer(number: u8) -> Purpose {
        Purpose::Answer(StatementId::from_bytes([number; 32]))
    }

    fn wish(email: &str) -> ContactWish {
        let email = Some(email.to_owned());
        ContactWish { name: "Bakkerij".to_owned(), email, language: Language::Dutch }
    }

    async fn link(invitations: &Invitations, purpose: Purpose) -> String {
        let token = invitations.issue(&debtor(), purpose, Language::Dutch, at(0)).await.unwrap();
        token.text().to_string()
    }

    #[tokio::test]
    async fn a_link_is_looked_at_often_and_used_once_also_over_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let invitations = Invitations::open(dir.path()).unwrap();
        let text = link(&invitations, answer(1)).await;
        for _ in 0..3 {
            let seen = invitations.peek(&text, at(1)).unwrap();
            assert_eq!((seen.debtor, seen.purpose), (debtor(), answer(1)));
        }
        drop(invitations);
        let invitations = Invitations::open(dir.path()).unwrap();
        assert_eq!(invitations.consume(&text, at(2)).await.unwrap().purpose, answer(1));
        assert_eq!(invitations.consume(&text, at(3)).await, Err(LinkError::Used));
        drop(invitations);
        let invitations = Invitations::open(dir.path()).unwrap();
        assert_eq!(invitations.peek(&text, at(4)), Err(LinkError::Used));
        // What it was used for did not happen: it holds again, and again for once.
        invitations.give_back(&text).await.unwrap();
        assert!(invitations.consume(&text, at(5)).await.is_ok());
        assert_eq!(invitations.consume(&text, at(6)).await, Err(LinkError::Used));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_many_who_use_a_link_at_once_one_does() {
        let dir = tempfile::tempdir().unwrap();
        let invitations = Invitations::open(dir.path()).unwrap();
        let text = link(&invitations, answer(1)).await;
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (invitations, text) = (invitations.clone(), text.clone());
            tries.spawn(async move { invitations.consume(&text, at(1)).await.is_ok() });
        }
        let used = tries.join_all().await;
        assert_eq!(used.into_iter().filter(|used| *used).count(), 1);
    }

    #[tokio::test]
    async fn each_way_a_link_ends_is_told_apart_and_a_guess_is_told_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let invitations = Invitations::open(dir.path()).unwrap();
        let old = link(&invitations, answer(1)).await;
        let other = link(&invitations, answer(2)).await;
        let new = link(&invitations, answer(1)).await;
        assert_eq!(invitations.peek(&old, at(1)), Err(LinkError::Withdrawn), "a newer letter");
        assert!(invitations.peek(&new, at(1)).is_ok() && invitations.peek(&other, at(1)).is_ok());
        assert_eq!(invitations.peek(&new, at(LINK_MILLIS)), Err(LinkError::Expired));
        assert_eq!(invitations.consume(&new, at(LINK_MILLIS)).await, Err(LinkError::Expired));
        let guess = Token::fresh().unwrap().text().to_string();
        let mut tampered = new.clone();
        let first = if tampered.starts_with('A') { "B" } else { "A" };
        tampered.replace_range(..1, first);
        for unknown in ["", "mandate", &guess, &tampered, &new[..40]] {
            assert_eq!(invitations.peek(unknown, at(1)), Err(LinkError::Unknown), "{unknown}");
            assert_eq!(invitations.consume(unknown, at(1)).await, Err(LinkError::Unknown));
            assert_eq!(invitations.give_back(unknown).await, Err(LinkError::Unknown));
        }
        assert_eq!(invitations.give_back(&new).await, Err(LinkError::Unknown), "never used");
        assert!(invitations.consume(&new, at(1)).await.is_ok(), "trying changed nothing");
    }

    #[tokio::test]
    async fn links_end_with_the_address_that_they_went_to() {
        let dir = tempfile::tempdir().unwrap();
        let invitations = Invitations::open(dir.path()).unwrap();
        invitations.set_contact(&debtor(), wish("ap@one.example"), at(0)).await.unwrap();
        let first = link(&invitations, answer(1)).await;
        let named = ContactWish { name: "Other".to_owned(), ..wish("ap@one.example") };
        invitations.set_contact(&debtor(), named, at(1)).await.unwrap();
        assert!(invitations.peek(&first, at(2)).is_ok(), "another name is the same address");
        invitations.set_contact(&debtor(), wish("ap@two.example"), at(3)).await.unwrap();
        assert_eq!(invitations.peek(&first, at(4)), Err(LinkError::Withdrawn));
        let second = link(&invitations, Purpose::Manage).await;
        invitations.erase_contact(&debtor(), at(5)).await.unwrap();
        assert_eq!(invitations.peek(&second, at(6)), Err(LinkError::Withdrawn));
        assert_eq!(invitations.erase_contact(&debtor(), at(7)).await, Err(ContactError::Unknown));
        drop(invitations);
        let invitations = Invitations::open(dir.path()).unwrap();
        assert_eq!(invitations.contact(&[debtor()]), None);
        assert_eq!(invitations.peek(&first, at(8)), Err(LinkError::Withdrawn));
    }

    #[tokio::test]
    async fn an_address_is_confirmed_as_it_stands_and_a_new_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let invitations = Invitations::open(dir.path()).unwrap();
        let party = debtor();
        let set = |email: &'static str| invitations.set_contact(&party, wish(email), at(0));
        let contact = set("ap@one.example").await.unwrap();
        assert_eq!(invitations.findings(&contact), [Finding::DomainFirstSeen]);
        let confirm = |email: &'static str| invitations.confirm_contact(&party, email, at(1));
        assert_eq!(confirm("ap@two.example").await, Err(ContactError::Changed));
        let contact = confirm("ap@one.example").await.unwrap();
        assert_eq!(contact.confirmed_at, Some(at(1)));
        assert_eq!(invitations.findings(&contact), []);
        assert_eq!(set("ap@one.example").await.unwrap().confirmed_at, Some(at(1)));
        assert_eq!(set("ap@two.example").await.unwrap().confirmed_at, None);
    }
}
