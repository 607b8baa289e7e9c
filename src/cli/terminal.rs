//! How things look to a person: marks, colours, progress, amounts in local form.
//!
//! Colours only on a terminal and never under `NO_COLOR`; a progress bar only on a terminal and only for
//! what takes longer than a second. Knows nothing of what is shown.

use core::fmt;
use core::time::Duration;
use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::types::{Currency, Minor};

/// How long something may take before a bar is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// A colour of the terminal's own palette.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ink {
    /// Something is right.
    Good,
    /// Something is wrong.
    Bad,
    /// A heading.
    Bold,
    /// An aside.
    #[cfg(feature = "server")]
    Faint,
}

impl Ink {
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Bold => "1",
            #[cfg(feature = "server")]
            Self::Faint => "2",
        }
    }
}

/// Where a text goes, which decides whether it has colours.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    /// Data.
    #[cfg(feature = "server")]
    Out,
    /// Progress and verdicts.
    Err,
}

/// A text in a colour, where the stream shows colours.
pub(crate) fn paint(stream: Stream, ink: Ink, text: impl fmt::Display) -> String {
    let terminal = match stream {
        #[cfg(feature = "server")]
        Stream::Out => std::io::stdout().is_terminal(),
        Stream::Err => std::io::stderr().is_terminal(),
    };
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if terminal && !plain {
        format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code())
    } else {
        text.to_string()
    }
}

/// Says something on the stream for progress and verdicts.
pub(crate) fn say(text: impl fmt::Display) {
    // A reader that went away is no reason to fail: the exit code still tells.
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// Says that something is right.
pub(crate) fn say_good(text: impl fmt::Display) {
    say(format_args!("{} {text}", paint(Stream::Err, Ink::Good, "✓")));
}

/// Says that something is wrong.
pub(crate) fn say_bad(text: impl fmt::Display) {
    say(format_args!("{} {text}", paint(Stream::Err, Ink::Bad, "✗")));
}

/// Prints a line of data.
///
/// # Errors
/// Where the reader went away.
pub(crate) fn print(text: impl fmt::Display) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")
}

/// A bar that shows itself after a second, on a terminal only.
pub(crate) struct Progress {
    bar: ProgressBar,
    since: Instant,
    shown: bool,
}

impl Progress {
    /// A bar over so many steps, with a word for them.
    pub(crate) fn new(steps: u64, word: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::hidden());
        let template = "{msg} {bar:30} {human_pos}/{human_len} {per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(word);
        Self { bar, since: Instant::now(), shown: false }
    }

    /// Some steps more are done.
    pub(crate) fn advance(&mut self, steps: u64) {
        if !self.shown && self.since.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown = true;
        }
        self.bar.inc(steps);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// An amount as an English text shows it: `€12,450.00`; currencies without a sign of their own by code.
pub(crate) fn money(amount: Minor, currency: Currency) -> String {
    let decimal = currency.decimal(amount);
    let (sign, digits) =
        decimal.strip_prefix('-').map_or(("", decimal.as_str()), |rest| ("-", rest));
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, ""), |(whole, rest)| (whole, rest));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && whole.len().saturating_sub(place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let symbol = match currency.as_str() {
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "USD" => "$".to_owned(),
        other => format!("{other}\u{a0}"),
    };
    format!("{sign}{symbol}{grouped}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_and_have_the_decimals_of_their_currency() {
        let table = [
            ("EUR", 1_245_000, "€12,450.00"),
            ("EUR", 5, "€0.05"),
            ("EUR", -99_900, "-€999.00"),
            ("GBP", 100_000_000, "£1,000,000.00"),
            ("JPY", 100_000, "JPY\u{a0}100,000"),
            ("CHF", 123, "CHF\u{a0}1.23"),
        ];
        for (currency, amount, shown) in table {
            assert_eq!(money(amount, currency.parse().expect("a currency")), shown);
        }
    }
}
