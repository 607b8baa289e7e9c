//! The rules, given-when-then: a world of participants says statements, and what comes of them is asserted.
#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test's own")]

mod behaviour;
mod blankets;
mod checks;
mod case_properties;
mod cases;
mod conflicts;
mod detection;
mod financings;
mod invoices;
mod mandates;
mod matching;
mod merging;
mod offers;
mod participants;
mod pledging;
mod properties;
mod rejections;
mod statuses;
mod tacit;
mod visibility;
mod watch;
mod world;
