//! Reads what there is to read: rounds over the connections that are due, each served by a task of its own.
//!
//! The order of things for one page: read it; find the invoices; state what is news; note what was stated and how far
//! the books were read. Whatever fails before the last step is read again, and what was stated by then is not stated
//! twice: the id of a statement follows from what it says.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::connect::Connections;
use crate::connect::connection::{Connection, Refused};
use crate::connect::connector::{Access, Batch, CURSOR_BYTES_MAX, Entry, Trouble, code};
use crate::connect::desk::{encode, entry_key};
use crate::connect::matching::{Match, find};
use crate::connect::news::{News, Said, news};
use crate::domain::Rejection;
use crate::engine::{Engine, Refusal};
use crate::statement::{Source, StatusReported};
use crate::store::Fault;
use crate::store::connections::ConnectionRows;
use crate::types::{InvoiceId, PartyId, Timestamp};

/// How many connections are read at once.
const UNDER_WAY_MAX: usize = 8;
/// How many pages a connection gets before others have their turn.
const PAGES_MAX: usize = 100;
/// How many entries are looked at in one question to the registry.
const AT_ONCE: usize = 200;
/// After how many days without a change an entry is no longer kept for an invoice that may be registered.
const WAITING_DAYS: u64 = 400;
/// How long a connection rests that its owner has not delegated for, and one whose statements found no room.
const REST: Duration = Duration::from_mins(1);

/// Why the news of a page were not stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// The owner has not delegated, or no longer.
    NotDelegated,
    /// The registry cannot take them now.
    Later,
}

impl From<Fault> for Settled {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "the connections database does not answer");
        Self::Later
    }
}

/// Goes round until it is told to stop; then lets what is under way end.
pub(super) async fn run(all: Connections, engine: Engine, mut stopping: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(UNDER_WAY_MAX));
    let mut serving = JoinSet::new();
    let mut looked_at = None;
    while all.has_vault() && !*stopping.borrow() {
        let size = *engine.durable().borrow();
        if looked_at.replace(size) != Some(size) {
            look_at_waiting(&all, &engine).await;
        }
        let free = places.available_permits();
        for (number, connection) in all.0.desk.take_due(engine.now(), free) {
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                all.0.desk.end(number);
                continue;
            };
            let (all, engine) = (all.clone(), engine.clone());
            serving.spawn(async move {
                serve(&all, &engine, number, connection).await;
                all.0.desk.end(number);
                drop(place);
            });
        }
        while serving.try_join_next().is_some() {}
        tokio::select! {
            () = tokio::time::sleep(all.0.options.round) => {}
            () = all.0.desk.changed.notified() => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
    while serving.join_next().await.is_some() {}
}

/// Reads a connection to its end, or as long as its turn lasts.
pub(super) async fn serve(all: &Connections, engine: &Engine, number: u64, first: Connection) {
    let Ok(connector) = all.connector(&first.system).cloned() else { return };
    let Some(pace) = all.pace(connector.as_ref()) else { return };
    if !all.may_state(&first.owner, engine).await {
        return rest(all, number, engine.now());
    }
    let mut connection = first;
    for _ in 0..PAGES_MAX {
        let now = engine.now();
        let (reader, worker) = (all.clone(), Arc::clone(&connector));
        let read = tokio::task::spawn_blocking(move || {
            let cursor = connection.cursor.clone();
            let read = |access: &mut Access<'_>| worker.read(access, cursor.as_deref());
            reader.with_access(number, &connection, now, read).and_then(|read| read)
        });
        let read = read.await.unwrap_or(Err(Trouble::Malformed("the connector failed")));
        let batch = read.and_then(|batch| {
            let fits = batch.cursor.len() <= CURSOR_BYTES_MAX;
            if fits { Ok(batch) } else { Err(Trouble::Malformed("the cursor is too long")) }
        });
        let batch = match batch {
            Ok(batch) => batch,
            Err(trouble) => return failed(all, number, connector.system(), trouble, engine.now()),
        };
        let more = batch.more;
        if let Err(settled) = settle(all, engine, number, batch).await {
            tracing::debug!(?settled, "what was read of a connection is stated later");
            return rest(all, number, engine.now());
        }
        if !more {
            let now = engine.now();
            let millis = i64::try_from(pace.as_millis()).unwrap_or(i64::MAX);
            let next = now.plus_millis(millis);
            note(all, number, move |connection| connection.succeeded(now, next));
            return count(connector.system(), "read");
        }
        match all.0.desk.snapshot(number) {
            Some(next) => connection = next,
            // Its owner removed it.
            None => return,
        }
    }
}

fn rest(all: &Connections, number: u64, now: Timestamp) {
    let millis = i64::try_from(REST.min(all.0.options.schedule.longest).as_millis());
    let next = now.plus_millis(millis.unwrap_or(i64::MAX));
    note(all, number, |connection| connection.next_at = next);
}

fn failed(all: &Connections, number: u64, system: &'static str, trouble: Trouble, now: Timestamp) {
    tracing::warn!(system, code = trouble.code(), "a connection cannot be read");
    count(system, trouble.code());
    let schedule = all.0.options.schedule;
    note(all, number, |connection| connection.failed(trouble, &schedule, chance(), now));
}

fn note(all: &Connections, number: u64, change: impl FnOnce(&mut Connection)) {
    if let Err(fault) = all.0.desk.change(number, change) {
        tracing::error!(%fault, "what became of a connection cannot be stored");
    }
}

fn count(system: &'static str, outcome: &'static str) {
    metrics::counter!("tallystick_connection_reads_total", "system" => system, "outcome" => outcome)
        .increment(1);
}

/// A number that nobody has to keep secret.
fn chance() -> u16 {
    let mut bytes = [0; 2];
    // Without randomness packages are met again together; that is no reason not to meet them.
    let _ = getrandom::fill(&mut bytes);
    u16::from_be_bytes(bytes)
}

/// Looks again at what waits, of those owners who have more invoices than before.
async fn look_at_waiting(all: &Connections, engine: &Engine) {
    let owners = all.0.desk.owners();
    if owners.is_empty() {
        return;
    }
    let counted = engine.query(|state, _| {
        let invoices = |owner: &PartyId| {
            let row = state.participant_by_id(owner)?;
            Some(state.trades_of_entity(state.participant(row)?.entity).len())
        };
        let counts = owners.iter().map(|(number, owner)| (*number, invoices(owner).unwrap_or(0)));
        counts.collect::<Vec<_>>()
    });
    let Ok(counted) = counted.await else { return };
    for (number, invoices) in counted.value {
        if all.0.desk.has_more_invoices(number, invoices) {
            let Some(connection) = all.0.desk.take(number) else {
                // It is being read: looked at in the next round.
                all.0.desk.look_again(number);
                continue;
            };
            if look(all, engine, number, &connection).await.is_err() {
                all.0.desk.look_again(number);
            }
            all.0.desk.end(number);
        }
    }
}

async fn look(
    all: &Connections,
    engine: &Engine,
    number: u64,
    connection: &Connection,
) -> Result<(), Settled> {
    let mut after = None;
    loop {
        let waiting = all.0.desk.waiting(number, after.as_ref(), AT_ONCE)?;
        let Some((last, _)) = waiting.last() else { break };
        after = Some(*last);
        let entries = waiting.into_iter().map(|(_, entry)| entry).collect();
        step(all, engine, number, connection, entries, false).await?;
    }
    commit(all).await
}

/// States what is news of a page, and notes how far the books were read.
pub(super) async fn settle(
    all: &Connections,
    engine: &Engine,
    number: u64,
    batch: Batch,
) -> Result<(), Settled> {
    let Some(connection) = all.0.desk.snapshot(number) else { return Ok(()) };
    let Batch { mut entries, cursor, .. } = batch;
    let read = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    // What is void comes first, so that what is not has the last word.
    entries.sort_by_key(|entry| (!entry.is_void(), entry.changed_at));
    while !entries.is_empty() {
        let rest = entries.split_off(entries.len().min(AT_ONCE));
        step(all, engine, number, &connection, entries, true).await?;
        entries = rest;
    }
    all.0.desk.record(number, ConnectionRows::default(), |connection| {
        connection.cursor = Some(cursor);
        connection.counts.read = connection.counts.read.saturating_add(read);
    })?;
    commit(all).await
}

async fn commit(all: &Connections) -> Result<(), Settled> {
    let all = all.clone();
    let committed = tokio::task::spawn_blocking(move || all.0.desk.store.commit()).await;
    Ok(committed.map_err(|_| Settled::Later)??)
}

/// What an entry comes to.
struct Turn {
    found: Match,
    after: Said,
    news: Vec<News>,
}

/// States what is news of some entries, and keeps those that no invoice was found for if they are not kept already.
async fn step(
    all: &Connections,
    engine: &Engine,
    number: u64,
    connection: &Connection,
    entries: Vec<Entry>,
    keep: bool,
) -> Result<(), Settled> {
    let ask = |state: &crate::domain::State, now| {
        let debtor = state.participant_by_id(&connection.owner)?;
        let participant = state.participant(debtor)?;
        all.0.service.may_state(state, &participant, now).then(|| {
            let found = entries.iter().map(|entry| find(state, debtor, entry));
            (found.collect::<Vec<_>>(), now)
        })
    };
    let answer = engine.query(ask).await.map_err(|_| Settled::Later)?;
    let (found, now) = answer.value.ok_or(Settled::NotDelegated)?;
    let mut rows = ConnectionRows::default();
    let mut turns: BTreeMap<InvoiceId, (Match, &Entry)> = BTreeMap::new();
    for (entry, found) in entries.iter().zip(found) {
        match found {
            // A later entry of the same invoice has the last word.
            Some(found) => {
                rows.remove_waiting(number, &entry_key(entry));
                turns.insert(found.invoice, (found, entry));
            }
            None if keep && is_recent(entry, now) => {
                rows.waiting(number, &entry_key(entry), &encode(entry)?);
            }
            None => {}
        }
    }
    let mut stated = Vec::new();
    let mut statements = Vec::new();
    for (invoice, (found, entry)) in turns {
        let said = all.0.desk.said(number, &invoice)?;
        if said.as_ref().is_some_and(|said| !said.yields_to(entry)) {
            continue;
        }
        let news = news(said.as_ref(), entry, found.paid_minor);
        let after = Said::after(said, entry);
        let turn = Turn { found, after, news };
        for news in &turn.news {
            statements.push(statement(all, engine, connection, entry, &turn.found, news, now)?);
        }
        stated.push(turn);
    }
    let answers = if statements.is_empty() {
        Vec::new()
    } else {
        engine.submit(statements).await.map_err(|_| Settled::Later)?
    };
    let mut answers = answers.into_iter();
    let mut counts = connection.counts;
    (counts.stated, counts.refused) = (0, 0);
    let mut refused = None;
    let mut ending = Ok(());
    for turn in stated {
        let mut heard = true;
        for _ in &turn.news {
            let Some(answer) = answers.next() else { return Err(Settled::Later) };
            match answer.result.map_err(|refusal| heed(&refusal)) {
                Ok(_) => counts.stated = counts.stated.saturating_add(1),
                Err(Heed::Said) => {}
                Err(Heed::Not(settled)) => (heard, ending) = (false, Err(settled)),
                Err(Heed::Refused(code)) => {
                    counts.refused = counts.refused.saturating_add(1);
                    let message = turn.after.entry.clone();
                    refused = Some(Refused { code: code.to_owned(), message, at: now });
                }
            }
        }
        if heard {
            rows.said(number, turn.found.invoice.as_bytes(), &encode(&turn.after)?);
        }
    }
    all.0.desk.record(number, rows, |connection| {
        let total = &mut connection.counts;
        total.stated = total.stated.saturating_add(counts.stated);
        total.refused = total.refused.saturating_add(counts.refused);
        connection.refused = refused.or(connection.refused.take());
    })?;
    ending
}

/// What a refusal of the registry means for whoever reads on.
enum Heed {
    /// It was stated before.
    Said,
    /// The same would be refused again: it is noted, and not stated again.
    Refused(&'static str),
    /// It may be taken another time.
    Not(Settled),
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other rejection is about the status")]
fn heed(refusal: &Refusal) -> Heed {
    match refusal {
        Refusal::Rejected(Rejection::ReferenceReused) => Heed::Said,
        Refusal::Rejected(
            Rejection::NotDelegated
            | Rejection::AuthorSuspended
            | Rejection::AuthorUnknown
            | Rejection::KeyUnknown
            | Rejection::KeyRevoked
            | Rejection::RoleNotAllowed,
        ) => Heed::Not(Settled::NotDelegated),
        Refusal::Rejected(Rejection::TimeSkew | Rejection::LogFull) => Heed::Not(Settled::Later),
        refusal => Heed::Refused(refusal.code()),
    }
}

fn is_recent(entry: &Entry, now: Timestamp) -> bool {
    now.abs_diff_millis(entry.changed_at) / 86_400_000 <= WAITING_DAYS
}

/// One status as a signed statement. Its id follows from what it says and of which state of the books, so that the same
/// is never stated twice.
fn statement(
    all: &Connections,
    engine: &Engine,
    connection: &Connection,
    entry: &Entry,
    found: &Match,
    news: &News,
    now: Timestamp,
) -> Result<Vec<u8>, Settled> {
    let message = code(&format!("{}@{}", entry.key, entry.changed_at.millis()));
    let data = StatusReported {
        invoice: found.invoice,
        status: news.status,
        // A package's clock may be ahead of ours, or not tell what is to come.
        effective_at: entry.changed_at.min(now),
        source: Source {
            kind: entry.source,
            system: code(&connection.system),
            message,
            read_at: Some(now),
        },
        amount_minor: news.amount_minor,
        currency: news.amount_minor.map(|_| found.currency),
        date: news.date,
        reasons: news.reasons.iter().filter_map(|reason| code(reason)).take(8).collect(),
    };
    let unsignable = |error: &dyn core::fmt::Display| {
        tracing::error!(%error, "a status cannot be signed");
        Settled::Later
    };
    let says = serde_json::to_vec(&(
        &entry.key,
        entry.changed_at,
        data.invoice,
        data.status,
        data.amount_minor,
        data.date,
        &data.reasons,
    ));
    let says = blake3::hash(&says.map_err(|error| unsignable(&error))?);
    let short = says.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
    let reference = format!("{}/{}", connection.id, URL_SAFE_NO_PAD.encode(short));
    let data = serde_json::to_string(&data).map_err(|error| unsignable(&error))?;
    let (owner, origin) = (&connection.owner, engine.origin());
    let signed = all.0.service.sign(owner, &reference, now, origin, &data);
    Ok(signed.map_err(|error| unsignable(&error))?.bytes().to_vec())
}
