//! The newest invoices of a party that the caller may see, looked at one by one and never all at once.
//!
//! Bounded: so many invoices are taken in and so many looked at, newest first; an answer says where there are more. The
//! state is let go of between rounds; where the caller's mandates are others in a later round, everything is looked at
//! anew, so that nothing is told under a mandate that is over when the answer is made. Every invoice that was taken in
//! is accounted for, because a sum of what was seen is seen as well.

use crate::domain::{Receivable, Side, Sight, State, View};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::problem::Problem;
use crate::types::{PartyId, Timestamp};

/// How many invoices are taken in.
const TAKEN_MAX: usize = 10_000;
/// How many are looked at for that.
const LOOKS_MAX: usize = 50_000;
/// How many are looked at while the state is held.
const ROUND: usize = 1_000;
/// How often it is begun anew.
const ATTEMPTS: usize = 3;

/// What was asked of whom.
pub(super) struct Question<'a> {
    /// The route, for the account of reads.
    pub(super) route: &'static str,
    /// The party.
    pub(super) party: &'a PartyId,
    /// On which side of its invoices.
    pub(super) side: Side,
}

/// What came of it.
pub(super) struct Sampled<T> {
    /// What was made of the invoices.
    pub(super) value: T,
    /// Whether there were no more invoices than were taken in.
    pub(super) is_complete: bool,
    /// The log size that it reflects.
    pub(super) as_of: u64,
}

/// Takes in an invoice; says whether it was.
type Take<T> = fn(&mut T, &State, &Receivable, &View) -> bool;

/// Looks at the newest invoices of a party.
///
/// # Errors
/// Not found, alike for no such party and for one of which the caller sees no invoice.
pub(super) async fn sample<T>(
    app: &App,
    caller: &Caller,
    question: Question<'_>,
    begin: fn(Timestamp) -> T,
    take: Take<T>,
) -> Result<Sampled<T>, Problem> {
    for _ in 0..ATTEMPTS {
        if let Some(sampled) = attempt(app, caller, &question, begin, take).await? {
            return Ok(sampled);
        }
    }
    Err(Problem::of(Fault::Unavailable))
}

/// One attempt; `None` where the ground shifted.
async fn attempt<T>(
    app: &App,
    caller: &Caller,
    question: &Question<'_>,
    begin: fn(Timestamp) -> T,
    take: Take<T>,
) -> Result<Option<Sampled<T>>, Problem> {
    let look = |state: &State, now: Timestamp| {
        let sight = state.sight(caller.row, question.party, question.side, now);
        sight.ok_or_else(Problem::not_found)
    };
    let first = app.ask(caller, |state, now| {
        let sight = look(state, now)?;
        let rows = state.rows_in_sight(&sight, LOOKS_MAX.saturating_add(1));
        Ok((sight, rows, now))
    });
    let first = first.await?;
    let (sight, rows, since) = first.value;
    let mut sampled =
        Sampled { value: begin(since), is_complete: rows.len() <= LOOKS_MAX, as_of: first.as_of };
    let (mut taken, mut seen) = (0_usize, Seen::default());
    for round in rows.get(..LOOKS_MAX).unwrap_or(&rows).chunks(ROUND) {
        let asked = app.ask(caller, |state, now| {
            if look(state, now)? != sight {
                return Ok(false);
            }
            for row in round {
                let Some((receivable, view)) = visible(state, &sight, *row, now) else { continue };
                if taken >= TAKEN_MAX {
                    sampled.is_complete = false;
                    break;
                }
                if take(&mut sampled.value, state, &receivable, &view) {
                    taken = taken.saturating_add(1);
                    seen.note_other(&view, &receivable, caller.row);
                }
            }
            Ok(true)
        });
        let asked = asked.await?;
        if !asked.value {
            return Ok(None);
        }
        sampled.as_of = asked.as_of;
        if taken >= TAKEN_MAX && !sampled.is_complete {
            break;
        }
    }
    if taken == 0 && !sight.is_whole() {
        return Err(Problem::not_found());
    }
    app.account(caller, question.route, since, seen)?;
    Ok(Some(sampled))
}

fn visible(
    state: &State,
    sight: &Sight,
    row: u32,
    now: Timestamp,
) -> Option<(crate::domain::Row<Receivable>, View)> {
    let receivable = state.receivable(row)?;
    let view = state.view_in_sight(sight, &receivable, now)?;
    view.any().then_some((receivable, view))
}
