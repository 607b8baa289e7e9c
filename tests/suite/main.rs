//! Behaviour of the library as its users see it, through its public interface only.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod audit;
mod einvoice;
mod golden;
