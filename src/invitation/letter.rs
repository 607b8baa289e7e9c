//! A letter: what it is about, how it stands, how many may be sent. Functions of values.
//!
//! There is one for each request, and one for each debtor who asked for its mandates; sending it again is the same
//! letter with a new link. It has no address in it: that is looked up when it is sent.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invitation::guard::Finding;
use crate::invitation::link::Purpose;
use crate::types::{PartyId, Timestamp};

/// The window in which letters are counted.
pub const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// How long a letter is remembered that needs nothing any more: longer than its link, and than what is counted.
const LETTER_KEPT_MILLIS: i64 = 400 * DAY_MILLIS;
/// How many times of sending and of reminding a letter remembers.
const TIMES_KEPT: usize = 10;
/// How often an asker may have a letter sent again.
pub const REMINDERS_MAX: usize = 3;
/// How often a letter is tried before the operator has to look at it.
const TRIES_MAX: u32 = 12;
/// How long is waited after the first failure, and at most.
const PAUSE_FIRST: Duration = Duration::from_mins(1);
const PAUSE_MAX: Duration = Duration::from_hours(6);

/// How many letters go out in 24 hours. What is too much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To one debtor, on behalf of one asker.
    pub per_pair: usize,
    /// To one debtor, in all.
    pub per_debtor: usize,
    /// On behalf of one asker, in all.
    pub per_asker: usize,
    /// Of the registry, in all.
    pub in_all: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_pair: 3, per_debtor: 10, per_asker: 500, in_all: 5_000 }
    }
}

/// The number of a letter: `ltr_` and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LetterId(pub u64);

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ltr_{}", self.0)
    }
}

impl FromStr for LetterId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_prefix("ltr_").and_then(|number| number.parse().ok()).map(Self);
        number.filter(|id| id.to_string() == text).ok_or("expected `ltr_` and a number")
    }
}

/// A letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its number.
    pub id: LetterId,
    /// What it is about.
    pub purpose: Purpose,
    /// Whom it goes to, by its first party id.
    pub debtor: PartyId,
    /// On whose behalf, by its first party id; nobody's where the debtor asked itself.
    pub asker: Option<PartyId>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// Whether the operator lets it go in spite of what is odd about the address.
    pub approved: bool,
    /// When it was sent, the newest last.
    pub sent: Vec<Timestamp>,
    /// When its asker wanted it sent again, the newest last.
    pub reminded: Vec<Timestamp>,
    /// How often it failed in a row.
    pub failures: u32,
}

/// How a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It is to be sent.
    Open {
        /// Not before.
        next_at: Timestamp,
    },
    /// It was sent.
    Sent,
    /// It was refused for good, or failed too often: the operator has to look at it.
    Refused,
    /// It is not needed any more: the request was answered or ran out, or the operator dropped it.
    Dropped,
}

/// How a letter stands, and what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LetterStatus)]
pub enum Status {
    /// Nobody said where the debtor is reached.
    AddressMissing,
    /// Something is odd about the address: the operator has to approve it.
    Held,
    /// It is sent in a moment.
    Waiting,
    /// So many letters went out that it waits for its turn.
    Limited,
    /// It could not be sent and is tried again.
    Failing,
    /// It was sent.
    Sent,
    /// It was refused for good, or failed too often.
    Refused,
    /// It is not needed any more.
    Dropped,
}

impl FromStr for Status {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "address_missing" => Self::AddressMissing,
            "held" => Self::Held,
            "waiting" => Self::Waiting,
            "limited" => Self::Limited,
            "failing" => Self::Failing,
            "sent" => Self::Sent,
            "refused" => Self::Refused,
            "dropped" => Self::Dropped,
            _ => {
                return Err(
                    "is one of address_missing, held, waiting, limited, failing, sent, refused and dropped",
                );
            }
        })
    }
}

impl Status {
    /// Whether the operator has to do something.
    pub const fn needs_operator(self) -> bool {
        matches!(self, Self::AddressMissing | Self::Held | Self::Refused)
    }
}

/// A letter as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterView {
    /// The letter.
    pub letter: Letter,
    /// How it stands.
    pub status: Status,
    /// What is odd about the address that it would go to.
    pub findings: Vec<Finding>,
}

/// What became of an attempt to send a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was taken.
    Sent,
    /// It may be taken later.
    Failed,
    /// It is not taken at this address.
    Refused,
}

impl Letter {
    /// A letter that is to be sent now.
    pub(super) const fn new(
        id: LetterId,
        purpose: Purpose,
        debtor: PartyId,
        asker: Option<PartyId>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            purpose,
            debtor,
            asker,
            created_at: now,
            standing: Standing::Open { next_at: now },
            approved: false,
            sent: Vec::new(),
            reminded: Vec::new(),
            failures: 0,
        }
    }

    /// Is to be sent again.
    pub(super) const fn reopen(&mut self, now: Timestamp) {
        self.standing = Standing::Open { next_at: now };
        self.failures = 0;
    }

    /// Notes what became of an attempt.
    pub(super) fn settle(&mut self, fate: Fate, now: Timestamp) {
        self.standing = match fate {
            Fate::Sent => {
                self.failures = 0;
                remember(&mut self.sent, now);
                Standing::Sent
            }
            Fate::Failed => {
                self.failures = self.failures.saturating_add(1);
                let pause =
                    PAUSE_FIRST.saturating_mul(1 << self.failures.saturating_sub(1).min(16));
                let pause = i64::try_from(pause.min(PAUSE_MAX).as_millis()).unwrap_or(i64::MAX);
                if self.failures >= TRIES_MAX {
                    Standing::Refused
                } else {
                    Standing::Open { next_at: now.plus_millis(pause) }
                }
            }
            Fate::Refused => Standing::Refused,
        };
    }

    /// Whether it ended so long ago that it is removed.
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        let last = self.sent.last().copied().unwrap_or(self.created_at).max(self.created_at);
        let ended = matches!(self.standing, Standing::Sent | Standing::Dropped);
        ended && now >= last.plus_millis(LETTER_KEPT_MILLIS)
    }

    /// Notes that its asker wants it sent again: once a day, and some times in all, whatever became of it so far. What
    /// this answers says nothing that the asker did not do itself.
    pub(super) fn remind(&mut self, now: Timestamp) -> bool {
        let last = self.reminded.last().copied().unwrap_or(self.created_at);
        if self.reminded.len() >= REMINDERS_MAX || now < last.plus_millis(DAY_MILLIS) {
            return false;
        }
        remember(&mut self.reminded, now);
        if self.standing == Standing::Sent {
            self.reopen(now);
        }
        true
    }
}

fn remember(times: &mut Vec<Timestamp>, now: Timestamp) {
    times.push(now);
    if times.len() > TIMES_KEPT {
        times.remove(0);
    }
}

/// The letters of the last 24 hours, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(Timestamp, PartyId, Option<PartyId>)>);

impl Recent {
    /// Those of these letters.
    pub(super) fn of<'a>(letters: impl Iterator<Item = &'a Letter>) -> Self {
        let each = letters.flat_map(|letter| {
            letter.sent.iter().map(|at| (*at, letter.debtor.clone(), letter.asker.clone()))
        });
        let mut all: Vec<_> = each.collect();
        all.sort_unstable();
        Self(all.into())
    }

    /// Notes one that was sent.
    pub(super) fn note(&mut self, letter: &Letter, now: Timestamp) {
        while self.0.front().is_some_and(|(at, ..)| at.plus_millis(DAY_MILLIS) <= now) {
            self.0.pop_front();
        }
        self.0.push_back((now, letter.debtor.clone(), letter.asker.clone()));
    }

    /// When a letter may be sent at the soonest, where so many were sent that it cannot be now.
    pub(super) fn limit(
        &self,
        letter: &Letter,
        limits: &Limits,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let lately = || self.0.iter().filter(|(at, ..)| now < at.plus_millis(DAY_MILLIS));
        let debtor = |debtor: &PartyId| *debtor == letter.debtor;
        let asker = |asker: &Option<PartyId>| *asker == letter.asker;
        let waits = [
            freed(lately().filter(|(_, to, by)| debtor(to) && asker(by)), limits.per_pair),
            freed(lately().filter(|(_, to, _)| debtor(to)), limits.per_debtor),
            freed(lately().filter(|(_, _, by)| by.is_some() && asker(by)), limits.per_asker),
            freed(lately(), limits.in_all),
        ];
        waits.into_iter().flatten().max()
    }
}

/// When fewer than so many of these are left, where there are as many now.
fn freed<'a>(
    sent: impl Iterator<Item = &'a (Timestamp, PartyId, Option<PartyId>)>,
    most: usize,
) -> Option<Timestamp> {
    let sent: Vec<Timestamp> = sent.map(|(at, ..)| *at).collect();
    let over = sent.len().checked_sub(most)?;
    // With a limit of zero there is nothing to wait for: it is looked at again tomorrow.
    let free = sent.get(over).or_else(|| sent.last()).copied().unwrap_or_default();
    Some(free.plus_millis(DAY_MILLIS))
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "the numbers of tests are small")]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::default().plus_millis(hours * 60 * 60 * 1_000)
    }

    fn letter(debtor: &str, asker: Option<&str>) -> Letter {
        let asker = asker.map(|asker| asker.parse().unwrap());
        Letter::new(LetterId(1), Purpose::Manage, debtor.parse().unwrap(), asker, at(0))
    }

    const A: Option<&str> = Some("0106:00000001");
    const B: Option<&str> = Some("0106:00000002");
    const DEBTOR: &str = "0106:00000004";
    const OTHER: &str = "0106:00000005";

    #[test]
    fn letters_are_limited_per_pair_debtor_asker_and_in_all() {
        let limits = Limits { per_pair: 2, per_debtor: 3, per_asker: 4, in_all: 6 };
        let mut recent = Recent::default();
        let send = |recent: &mut Recent, debtor, asker, hours| {
            let one = letter(debtor, asker);
            let limit = recent.limit(&one, &limits, at(hours));
            if limit.is_none() {
                recent.note(&one, at(hours));
            }
            limit
        };
        assert_eq!(send(&mut recent, DEBTOR, A, 0), None);
        assert_eq!(send(&mut recent, DEBTOR, A, 1), None);
        assert_eq!(send(&mut recent, DEBTOR, A, 2), Some(at(24)), "the pair");
        assert_eq!(send(&mut recent, DEBTOR, B, 2), None);
        assert_eq!(send(&mut recent, DEBTOR, None, 3), Some(at(24)), "the debtor");
        assert_eq!(send(&mut recent, OTHER, A, 3), None);
        assert_eq!(send(&mut recent, OTHER, A, 4), None);
        assert_eq!(send(&mut recent, "0106:00000006", A, 5), Some(at(24)), "the asker");
        assert_eq!(send(&mut recent, OTHER, None, 5), None);
        assert_eq!(send(&mut recent, "0106:00000006", B, 6), Some(at(24)), "in all");
        assert_eq!(send(&mut recent, DEBTOR, A, 24), None, "a day later");
        assert_eq!(send(&mut recent, DEBTOR, A, 24), Some(at(25)));
    }

    #[test]
    fn what_was_sent_counts_also_after_a_restart() {
        let mut one = letter(DEBTOR, A);
        for hours in 0..3 {
            one.settle(Fate::Sent, at(hours));
        }
        let recent = Recent::of(core::iter::once(&one));
        assert_eq!(recent.limit(&one, &Limits::default(), at(3)), Some(at(24)));
        assert_eq!(recent.limit(&one, &Limits::default(), at(24)), None);
    }

    #[test]
    fn a_letter_that_fails_is_tried_ever_more_rarely_and_then_left_to_the_operator() {
        let mut one = letter(DEBTOR, A);
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..TRIES_MAX - 1 {
            one.settle(Fate::Failed, now);
            let Standing::Open { next_at } = one.standing else { panic!("{:?}", one.standing) };
            pauses.push(next_at.abs_diff_millis(now) / 60_000);
            now = next_at;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
        one.settle(Fate::Failed, now);
        assert_eq!(one.standing, Standing::Refused);
        one.reopen(now);
        one.settle(Fate::Sent, now);
        assert_eq!((one.standing, one.failures), (Standing::Sent, 0));
        one.settle(Fate::Refused, now);
        assert_eq!(one.standing, Standing::Refused);
    }

    #[test]
    fn an_asker_is_answered_alike_whatever_became_of_the_letter() {
        let standings = [
            Standing::Open { next_at: at(0) },
            Standing::Sent,
            Standing::Refused,
            Standing::Dropped,
        ];
        let answers = standings.map(|standing| {
            let mut one = letter(DEBTOR, A);
            one.standing = standing;
            [1, 24, 25, 48, 72, 96].map(|hours| one.remind(at(hours)))
        });
        assert!(answers.iter().all(|it| *it == [false, true, false, true, true, false]));
        let mut sent = letter(DEBTOR, A);
        sent.standing = Standing::Sent;
        assert!(sent.remind(at(30)));
        assert_eq!(sent.standing, Standing::Open { next_at: at(30) });
    }

    #[test]
    fn a_number_has_one_text() {
        assert_eq!("ltr_17".parse(), Ok(LetterId(17)));
        for wrong in ["", "17", "ltr_", "ltr_017", "ltr_-1", "ltr_1 "] {
            assert!(wrong.parse::<LetterId>().is_err(), "{wrong}");
        }
    }
}
