//! What the owner of an endpoint does with it: make, change, replace its key, remove, test, send again.

use core::time::Duration;
use std::sync::Arc;

use crate::store::Fault;
use crate::types::{KeyId, Origin, PartyId, Timestamp};
use crate::webhooks::desk::Turn;
use crate::webhooks::endpoint::{
    Delivery, DisabledReason, Endpoint, OVERLAP_MAX, Place, SigningKey, Trigger, WebhookId,
};
use crate::webhooks::probe::probe;
use crate::webhooks::reach::UrlError;
use crate::webhooks::rounds::deliver;
use crate::webhooks::source::{Event, Found, Question, Source};
use crate::webhooks::wanted::{Wanted, WantedError};
use crate::webhooks::{DESCRIPTION_BYTES_MAX, PER_OWNER_MAX, Webhooks};

/// Why an owner's wish is not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnerError {
    /// There is no such endpoint, or it is another's: alike.
    #[error("there is no such webhook")]
    NotFound,
    /// The owner has as many as there may be.
    #[error("a participant has at most {PER_OWNER_MAX} webhooks")]
    TooMany,
    /// The owner has an endpoint with this URL.
    #[error("there is a webhook with this URL already")]
    UrlTaken,
    /// The URL is not taken.
    #[error("`url` {0}")]
    Url(#[from] UrlError),
    /// The types are not taken.
    #[error("`types` {0}")]
    Types(#[from] WantedError),
    /// Another member is not what it may be.
    #[error("{0}")]
    Member(&'static str),
    /// The event may not, or no longer, be told to its owner.
    #[error("the event is not told to you any more, or never was at this place")]
    EventGone,
    /// Too many tests and messages sent again are under way.
    #[error("too many tests are under way")]
    Busy,
    /// The database does not answer.
    #[error("the webhooks cannot be stored")]
    Storage,
}

impl From<Fault> for OwnerError {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "the webhooks database cannot be written");
        Self::Storage
    }
}

/// What an owner sets; what is absent stays as it is, or is as it is by default.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Where messages go.
    pub url: Option<String>,
    /// Which events.
    pub types: Option<Vec<String>>,
    /// What the owner calls it; an empty text removes it.
    pub description: Option<String>,
    /// Whether messages are sent.
    pub enabled: Option<bool>,
    /// After which log position the next event is looked for.
    pub after: Option<u64>,
}

/// Who sets it: the owner, the key of the token, and when.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// The owner's first party id.
    pub owner: &'a PartyId,
    /// The key.
    pub key: KeyId,
    /// The registry's time.
    pub now: Timestamp,
    /// The durable size of the log.
    pub size: u64,
}

impl Webhooks {
    /// Makes an endpoint.
    ///
    /// # Errors
    /// [`OwnerError`]; nothing was made.
    pub async fn make(&self, by: By<'_>, wish: Wish) -> Result<Endpoint, OwnerError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| OwnerError::Storage)?;
        let id = WebhookId(bytes);
        let public = *self.0.secret.key(id, 0).public().as_bytes();
        let mut endpoint = Endpoint {
            id,
            owner: by.owner.clone(),
            set_with: by.key,
            url: String::new(),
            wanted: Wanted::default(),
            description: None,
            created_at: by.now,
            key: SigningKey { generation: 0, public, since: by.now },
            retiring: None,
            next: Place::at(by.size),
            delivered_at: None,
            failing: None,
            disabled: None,
            attempts: 0,
        };
        self.fulfil(&mut endpoint, by, Wish { url: Some(wish.url.unwrap_or_default()), ..wish })?;
        self.0.desk.add(endpoint.clone())?;
        self.commit().await?;
        Ok(endpoint)
    }

    /// Changes an endpoint. Whoever enables it is believed to have mended it: it is tried at once.
    ///
    /// # Errors
    /// [`OwnerError`]; nothing was changed.
    pub async fn change(
        &self,
        by: By<'_>,
        id: WebhookId,
        wish: Wish,
    ) -> Result<Endpoint, OwnerError> {
        let changed =
            self.0.desk.change(by.owner, id, |endpoint| self.fulfil(endpoint, by, wish))?;
        self.commit().await?;
        Ok(changed)
    }

    fn fulfil(&self, endpoint: &mut Endpoint, by: By<'_>, wish: Wish) -> Result<(), OwnerError> {
        if let Some(url) = wish.url {
            self.0.options.reach.check_url(&url)?;
            endpoint.url = url;
        }
        if let Some(types) = wish.types {
            endpoint.wanted = Wanted::new(types)?;
        }
        if let Some(description) = wish.description {
            if description.len() > DESCRIPTION_BYTES_MAX
                || description.chars().any(char::is_control)
            {
                return Err(OwnerError::Member("`description` is a line of at most 256 bytes"));
            }
            endpoint.description = Some(description).filter(|it| !it.is_empty());
        }
        if let Some(after) = wish.after {
            let next = after.saturating_add(1);
            if next > by.size {
                return Err(OwnerError::Member("`after` lies beyond the log"));
            }
            endpoint.next = Place::at(next);
            endpoint.failing = None;
        }
        match wish.enabled {
            Some(false) => endpoint.disable(DisabledReason::Owner, by.now),
            Some(true) if !self.has_key(endpoint) => {
                return Err(OwnerError::Member("its key is lost: rotate first"));
            }
            Some(true) => endpoint.enable(),
            None => {}
        }
        endpoint.set_with = by.key;
        Ok(())
    }

    /// Whether the private half of an endpoint's key is ours.
    fn has_key(&self, endpoint: &Endpoint) -> bool {
        let key = self.0.secret.key(endpoint.id, endpoint.key.generation);
        endpoint.key.public == *key.public().as_bytes()
    }

    /// Gives an endpoint a new key; the one before signs too for a while.
    ///
    /// # Errors
    /// [`OwnerError`]; nothing was changed.
    pub async fn rotate(
        &self,
        by: By<'_>,
        id: WebhookId,
        overlap: Duration,
    ) -> Result<Endpoint, OwnerError> {
        if overlap > OVERLAP_MAX {
            return Err(OwnerError::Member("`overlap_seconds` is at most 604,800: seven days"));
        }
        let rotated = self.0.desk.change(by.owner, id, |endpoint| {
            let generation = endpoint.key.generation.saturating_add(1);
            let public = *self.0.secret.key(id, generation).public().as_bytes();
            let overlap = if self.has_key(endpoint) { overlap } else { Duration::ZERO };
            endpoint.rotate(public, overlap, by.now);
            endpoint.set_with = by.key;
            Ok(())
        })?;
        self.commit().await?;
        Ok(rotated)
    }

    /// Removes an endpoint and its log.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn remove(&self, owner: &PartyId, id: WebhookId) -> Result<(), OwnerError> {
        self.0.desk.remove(owner, id)?;
        self.commit().await
    }

    /// The endpoints of an owner with their numbers, in the order in which they were made.
    pub fn of(&self, owner: &PartyId) -> Vec<(u64, Endpoint)> {
        self.0.desk.of(owner)
    }

    /// An endpoint of an owner.
    ///
    /// # Errors
    /// [`OwnerError::NotFound`].
    pub fn get(&self, owner: &PartyId, id: WebhookId) -> Result<Endpoint, OwnerError> {
        Ok(self.0.desk.get(owner, id)?.1)
    }

    /// The newest attempts of an endpoint before one, the newest first.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn deliveries(
        &self,
        owner: &PartyId,
        id: WebhookId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Delivery>, OwnerError> {
        let (webhooks, owner) = (self.clone(), owner.clone());
        let read = move || webhooks.0.desk.deliveries(&owner, id, before, limit);
        tokio::task::spawn_blocking(read).await.map_err(|_| OwnerError::Storage)?
    }

    /// Sends a test now, also to an endpoint that is disabled; what became of it.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn test(
        &self,
        by: By<'_>,
        id: WebhookId,
        origin: &Origin,
    ) -> Result<Delivery, OwnerError> {
        let turn = self.0.desk.turn(by.owner, id)?;
        let (message, event) = probe(id, origin, by.now).ok_or(OwnerError::Storage)?;
        self.send_asked(turn, Trigger::Test, message, event, by.now).await
    }

    /// Sends the event of an attempt again now, if its owner may still be told; what became of it. The cursor stays.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn resend(
        &self,
        by: By<'_>,
        id: WebhookId,
        delivery: u64,
        source: &dyn Source,
    ) -> Result<Delivery, OwnerError> {
        let turn = self.0.desk.turn(by.owner, id)?;
        let found = self.deliveries(by.owner, id, delivery.saturating_add(1), 1).await?;
        let found =
            found.into_iter().find(|it| it.number == delivery).ok_or(OwnerError::NotFound)?;
        let Some(place) = found.place else {
            return self.test(by, id, source.origin()).await;
        };
        let wanted = Wanted::everything();
        let question = Question {
            owner: by.owner,
            set_with: &by.key,
            from: place,
            wanted: &wanted,
            accounted: None,
        };
        match source.next(question).await {
            Ok(Found::Event(event)) if event.place == place => {
                self.send_asked(turn, Trigger::Resend, place.message_id(), event, by.now).await
            }
            Ok(Found::Event(_) | Found::Nothing { .. }) => Err(OwnerError::EventGone),
            Err(_) => Err(OwnerError::Busy),
        }
    }

    /// Sends what an owner asked for; goes on also when nobody waits for it any more.
    async fn send_asked(
        &self,
        turn: Turn,
        trigger: Trigger,
        message: String,
        event: Event,
        now: Timestamp,
    ) -> Result<Delivery, OwnerError> {
        let place = Arc::clone(&self.0.asked_for).try_acquire_owned();
        let place = place.map_err(|_| OwnerError::Busy)?;
        let webhooks = self.clone();
        let sent = tokio::spawn(async move {
            let sent = deliver(&webhooks, &turn, trigger, message, event, now).await;
            drop(place);
            sent
        });
        let sent = sent.await.map_err(|_| OwnerError::Storage)??;
        sent.ok_or(OwnerError::NotFound)
    }

    /// What an owner set is on the disk before he hears of it.
    async fn commit(&self) -> Result<(), OwnerError> {
        let webhooks = self.clone();
        let commit = move || webhooks.0.desk.commit();
        Ok(tokio::task::spawn_blocking(commit).await.map_err(|_| OwnerError::Storage)??)
    }
}
