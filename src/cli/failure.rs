//! How a command fails: one line that says what, one that says what to do.
//!
//! Knows no command.

use core::fmt;
use std::error::Error;

/// An error with advice. It prints as the error; the advice is found by [`advice`].
struct Advised {
    error: anyhow::Error,
    advice: String,
}

impl fmt::Display for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({})", self.error, self.advice)
    }
}

impl Error for Advised {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// Adds advice to a failure.
pub(crate) trait WithHint<T> {
    /// What the user can do about it, as an imperative.
    ///
    /// # Errors
    /// The same failure, which now knows what to do.
    fn hint(self, advice: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> WithHint<T> for Result<T, E> {
    fn hint(self, advice: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| {
            anyhow::Error::new(Advised { error: error.into(), advice: advice.into() })
        })
    }
}

/// A failure in two sentences.
pub(crate) fn failure(what: impl Into<String>, advice: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Advised { error: anyhow::Error::msg(what.into()), advice: advice.into() })
}

/// The advice in a chain of errors, the outermost first.
pub(crate) fn advice(error: &anyhow::Error) -> Option<&str> {
    let found = error.chain().find_map(|cause| cause.downcast_ref::<Advised>());
    found.map(|advised| advised.advice.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn advice_survives_further_context_and_is_not_part_of_the_error() {
        let failed: Result<(), _> = Err(failure("no key in a.pem", "make one"));
        let error = failed.context("cannot sign").unwrap_err();
        assert_eq!(format!("{error:#}"), "cannot sign: no key in a.pem");
        assert_eq!(advice(&error), Some("make one"));
        assert_eq!(advice(&anyhow::anyhow!("plain")), None);
    }
}
