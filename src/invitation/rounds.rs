//! Sends the letters that are to be sent, one after another.
//!
//! The order of things for one letter: is the request still open; may it go now; make the link, which is on the disk
//! before the letter leaves; write; post on a thread that may block; note what became of it. Whoever is cut off between
//! two of these sends the letter again, with a new link.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use crate::invitation::compose::{Draft, compose};
use crate::invitation::desk::Addressed;
use crate::invitation::letter::{Fate, LetterId, Standing};
use crate::invitation::link::{Invitation, Purpose};
use crate::invitation::source::{Registry, Request, Unavailable};
use crate::invitation::{Invitations, LINK_PATH, Mail};
use crate::types::Timestamp;

/// How many letters are sent before it is looked for new requests again.
const TURN_MAX: usize = 16;
/// How many open letters are looked at for whether they are still needed, in a round.
const LOOK_MAX: usize = 100;
/// How many paces lie between two such looks at least.
const LOOK_PACES: u32 = 5;
/// How long a round rests after news.
const REST: Duration = Duration::from_millis(100);
/// How often old letters are looked for.
const TIDY_EVERY: Duration = Duration::from_hours(1);

/// Goes round until it is told to stop.
pub(super) async fn run(
    invitations: Invitations,
    registry: Arc<dyn Registry>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut durable = registry.durable();
    let (mut looked, mut looked_at): (_, Option<Instant>) = (None, None);
    let mut tidied: Option<Instant> = None;
    loop {
        durable.borrow_and_update();
        let desk = &invitations.0.desk;
        let found = look(&invitations, registry.as_ref()).await;
        let pause = invitations.0.options.pace.saturating_mul(LOOK_PACES);
        if found.is_ok() && looked_at.is_none_or(|at| at.elapsed() >= pause) {
            looked_at = Some(Instant::now());
            looked = drop_answered(&invitations, registry.as_ref(), looked).await;
        }
        if let Some(mail) = &invitations.0.options.mail {
            for id in desk.due(registry.now(), TURN_MAX) {
                if *stopping.borrow() {
                    break;
                }
                send(&invitations, mail, registry.as_ref(), id).await;
            }
        }
        if tidied.is_none_or(|at| at.elapsed() >= TIDY_EVERY) {
            tidied = Some(Instant::now());
            if let Err(fault) = desk.tidy(registry.now()) {
                tracing::error!(%fault, "old letters cannot be removed");
            }
        }
        let pace = invitations.0.options.pace;
        tokio::select! {
            () = tokio::time::sleep(pace) => {}
            grown = durable.changed() => if grown.is_err() { break },
            () = desk.changed.notified() => {}
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
        tokio::time::sleep(REST.min(pace)).await;
    }
    // What is lost here is sent again, and was said.
    let _ = invitations.commit().await;
}

/// Makes letters for requests that were not looked at yet.
async fn look(invitations: &Invitations, registry: &dyn Registry) -> Result<(), Unavailable> {
    let desk = &invitations.0.desk;
    loop {
        let from = desk.cursor();
        let found = registry.requests(from).await?;
        if found.next == from {
            return Ok(());
        }
        let each = found
            .open
            .into_iter()
            .map(|request| (Purpose::Answer(request.id), request.debtor, Some(request.asker)));
        if let Err(fault) = desk.take_up(each, found.next, registry.now()) {
            tracing::error!(%fault, "letters for requests cannot be stored");
            return Err(Unavailable);
        }
        if invitations.commit().await.is_err() || found.at_end {
            return Ok(());
        }
    }
}

/// Drops letters whose request was answered or ran out: some of those that are open, the next ones in the next round.
async fn drop_answered(
    invitations: &Invitations,
    registry: &dyn Registry,
    after: Option<LetterId>,
) -> Option<LetterId> {
    let some = invitations.0.desk.open_after(after, LOOK_MAX);
    for letter in &some {
        let Purpose::Answer(id) = letter.purpose else { continue };
        match registry.request(id).await {
            Ok(Some(request)) if request.open => {}
            Ok(_) => dropped(invitations, letter.id),
            Err(Unavailable) => return after,
        }
    }
    some.last().map(|letter| letter.id).filter(|_| some.len() == LOOK_MAX)
}

fn dropped(invitations: &Invitations, id: LetterId) {
    let drop = invitations.0.desk.change(id, |letter| letter.standing = Standing::Dropped);
    if let Err(error) = drop {
        tracing::error!(%error, "a letter that is not needed any more cannot be dropped");
    }
}

/// Sends one letter, if it still is to be sent.
async fn send(invitations: &Invitations, mail: &Mail, registry: &dyn Registry, id: LetterId) {
    let desk = &invitations.0.desk;
    let now = registry.now();
    let Some(addressed) = desk.address(id, now) else { return };
    let request = match addressed.letter.purpose {
        Purpose::Manage => None,
        Purpose::Answer(request) => match registry.request(request).await {
            Ok(Some(request)) if request.open => Some(request),
            Ok(_) => return dropped(invitations, id),
            Err(Unavailable) => return,
        },
    };
    let fate = post(invitations, mail, &addressed, request.as_ref(), now).await;
    let Some(fate) = fate else { return };
    count(fate);
    if let Err(error) = desk.settle(id, fate, registry.now()) {
        tracing::error!(%error, "what became of a letter cannot be stored");
    }
    let _ = invitations.commit().await;
}

/// Writes and posts a letter; nothing where no link can be made now.
async fn post(
    invitations: &Invitations,
    mail: &Mail,
    addressed: &Addressed,
    request: Option<&Request>,
    now: Timestamp,
) -> Option<Fate> {
    let Addressed { letter, contact } = addressed;
    let link = Invitation::new(letter.debtor.clone(), letter.purpose, contact.language, now);
    let expires_at = link.expires_at;
    let token = invitations.issue_link(link, now).await.ok()?;
    let base = mail.sender.public_url.trim_end_matches('/');
    let url = format!("{base}{LINK_PATH}{}", *token.text());
    let draft = Draft { letter, contact, request, url: &url, expires_at, now };
    let name = |party: &_| invitations.contact(core::slice::from_ref(party)).map(|it| it.name);
    let message = match compose(&mail.sender, &draft, name) {
        Ok(message) => message,
        Err(error) => {
            tracing::error!(%error, letter = %letter.id, "a letter cannot be written");
            return Some(Fate::Failed);
        }
    };
    let post = mail.post.clone();
    let posted = tokio::task::spawn_blocking(move || post.send(&message)).await;
    Some(posted.unwrap_or(Fate::Failed))
}

fn count(fate: Fate) {
    let fate = match fate {
        Fate::Sent => "sent",
        Fate::Failed => "failed",
        Fate::Refused => "refused",
    };
    metrics::counter!("tallystick_letters_total", "outcome" => fate).increment(1);
}
