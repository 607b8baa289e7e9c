//! A log that fails on purpose, in both directions: nothing written, or written and not told.
//!
//! The faults come from an explicit plan or from a seed, so a failing test can be run again. After a
//! fault whose outcome is unknown, the wrapper takes no more batches, as the real log does.

use std::{collections::VecDeque, sync::Arc, thread, time::Duration};

use crate::store::{AppendError, Batch, Fault, Log, LogReader};

/// What happens to one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It goes through.
    Pass,
    /// Nothing is written and the caller is told so: [`AppendError::Unavailable`].
    Refuse,
    /// Nothing is written, and the caller cannot know: [`AppendError::Unknown`].
    FailBefore,
    /// Everything is written, and the caller cannot know: [`AppendError::Unknown`].
    FailAfter,
    /// It goes through, late.
    Delay(Duration),
}

/// Which appends fail.
#[derive(Debug, Clone)]
enum Plan {
    Steps(VecDeque<Step>),
    Seeded { state: u64, one_in: u64 },
}

/// A log with faults in front of it.
#[doc(hidden)]
#[derive(Debug)]
pub struct FaultyLog<L> {
    log: L,
    plan: Plan,
    stopped: bool,
}

impl<L: Log> FaultyLog<L> {
    /// Takes one step of the plan for each append, and passes when the plan is at its end.
    pub fn with_steps(log: L, steps: impl IntoIterator<Item = Step>) -> Self {
        Self { log, plan: Plan::Steps(steps.into_iter().collect()), stopped: false }
    }

    /// Fails about one append in `one_in`, in ways that follow from the seed.
    pub fn with_seed(log: L, seed: u64, one_in: u64) -> Self {
        Self { log, plan: Plan::Seeded { state: seed, one_in: one_in.max(1) }, stopped: false }
    }

    /// The log behind the faults, as a restart finds it.
    pub fn into_inner(self) -> L {
        self.log
    }

    fn step(&mut self) -> Step {
        match &mut self.plan {
            Plan::Steps(steps) => steps.pop_front().unwrap_or(Step::Pass),
            Plan::Seeded { state, one_in } => {
                let (fails, how) = (draw(state), draw(state));
                match (fails.checked_rem(*one_in), how.checked_rem(3)) {
                    (Some(0), Some(0)) => Step::Refuse,
                    (Some(0), Some(1)) => Step::FailBefore,
                    (Some(0), _) => Step::FailAfter,
                    _ => Step::Pass,
                }
            }
        }
    }
}

/// `SplitMix64`: a whole period from any seed, in three lines.
pub(super) fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl<L: Log> Log for FaultyLog<L> {
    fn size(&self) -> u64 {
        self.log.size()
    }

    fn append(&mut self, at: u64, batch: &Batch<'_>) -> Result<(), AppendError> {
        if self.stopped {
            return Err(AppendError::Unknown(Fault::new("stopped by an earlier fault")));
        }
        match self.step() {
            Step::Pass => self.log.append(at, batch),
            Step::Refuse => Err(AppendError::Unavailable(Fault::new("refused on purpose"))),
            Step::FailBefore => {
                self.stopped = true;
                Err(AppendError::Unknown(Fault::new("failed on purpose before the write")))
            }
            Step::FailAfter => {
                self.log.append(at, batch)?;
                self.stopped = true;
                Err(AppendError::Unknown(Fault::new("failed on purpose after the write")))
            }
            Step::Delay(pause) => {
                thread::sleep(pause);
                self.log.append(at, batch)
            }
        }
    }

    fn reader(&self) -> Arc<dyn LogReader> {
        self.log.reader()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryLog;

    fn append<L: Log>(log: &mut L) -> Result<(), AppendError> {
        let at = log.size();
        log.append(at, &Batch { entries: &[vec![1]], ..Batch::default() })
    }

    #[test]
    fn each_step_leaves_what_it_promises() {
        let cases = [
            (Step::Pass, true, 1),
            (Step::Refuse, false, 0),
            (Step::FailBefore, false, 0),
            (Step::FailAfter, false, 1),
            (Step::Delay(Duration::ZERO), true, 1),
        ];
        for (step, acknowledged, stored) in cases {
            let mut log = FaultyLog::with_steps(MemoryLog::new(), [step]);
            assert_eq!(append(&mut log).is_ok(), acknowledged, "{step:?}");
            assert_eq!(log.into_inner().size(), stored, "{step:?}");
        }
    }

    #[test]
    fn after_an_unknown_outcome_nothing_more_is_taken() {
        for step in [Step::FailBefore, Step::FailAfter] {
            let mut log = FaultyLog::with_steps(MemoryLog::new(), [step]);
            for _ in 0..3 {
                assert!(matches!(append(&mut log), Err(AppendError::Unknown(_))));
            }
        }
        let mut log = FaultyLog::with_steps(MemoryLog::new(), [Step::Refuse]);
        assert!(matches!(append(&mut log), Err(AppendError::Unavailable(_))));
        append(&mut log).unwrap();
    }

    #[test]
    fn a_seed_gives_the_same_faults_again() {
        let run = |seed| -> Vec<bool> {
            let memory = MemoryLog::new();
            (0..50)
                .scan(seed, |seed, _| {
                    let mut log = FaultyLog::with_seed(memory.reopen(), draw(seed), 3);
                    Some(append(&mut log).is_ok())
                })
                .collect()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}
