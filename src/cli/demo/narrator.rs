//! How the story is told: chapters, short paragraphs, who did what and what the registry answered.
//!
//! Knows nothing of what happens.

use core::fmt;

use crate::cli::terminal::{Ink, Stream, paint, print};
use crate::invoice::{Field, KeyKind};
use crate::types::{Date, Timestamp};

/// How wide the text is.
const WIDTH: usize = 92;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Begins a chapter.
///
/// # Errors
/// Where standard output is closed, here and below.
pub(super) fn chapter(number: u8, title: &str) -> std::io::Result<()> {
    print("")?;
    print(paint(Stream::Out, Ink::Bold, format_args!("{number:>2}  {title}")))?;
    print("")
}

/// Tells something, in lines that are not too long.
pub(super) fn tell(text: &str) -> std::io::Result<()> {
    let mut line = String::new();
    for word in text.split_whitespace() {
        let length = line.chars().count().saturating_add(word.chars().count());
        if !line.is_empty() && length >= WIDTH.saturating_sub(4) {
            print(format_args!("    {line}"))?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    print(format_args!("    {line}"))?;
    print("")
}

/// Something went well.
pub(super) fn good(text: impl fmt::Display) -> std::io::Result<()> {
    print(format_args!("    {} {text}", paint(Stream::Out, Ink::Good, "✓")))
}

/// Something was refused, or found.
pub(super) fn bad(text: impl fmt::Display) -> std::io::Result<()> {
    print(format_args!("    {} {text}", paint(Stream::Out, Ink::Bad, "✗")))
}

/// A detail below what was said last.
pub(super) fn detail(text: impl fmt::Display) -> std::io::Result<()> {
    print(format_args!("      {}", paint(Stream::Out, Ink::Faint, text)))
}

/// A blank line.
pub(super) fn pause() -> std::io::Result<()> {
    print("")
}

/// A day as people write it.
pub(super) fn day(date: Date) -> String {
    let text = date.to_string();
    let mut parts = text.split('-').map(|part| part.parse::<usize>().unwrap_or(0));
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let month = month.and_then(|month| MONTHS.get(month.saturating_sub(1)));
    match (year, month, day) {
        (Some(year), Some(month), Some(day)) => format!("{day} {month} {year}"),
        _ => text,
    }
}

/// A moment as people write it.
pub(super) fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    let clock = text.get(11..19).unwrap_or_default();
    format!("{} at {clock} UTC", day(time.date()))
}

/// What two invoices share, in words.
pub(super) fn keys(kinds: &[KeyKind]) -> String {
    list(kinds.iter().map(|kind| kind.words()))
}

/// In what two invoices differ, in words.
pub(super) fn fields(fields: &[Field]) -> String {
    if fields.is_empty() {
        return "nothing".to_owned();
    }
    let words = fields.iter().map(|field| match field {
        Field::Seller => "the seller",
        Field::Buyer => "the buyer",
        Field::Number => "the number",
        Field::Type => "the document type",
        Field::IssueDate => "the issue date",
        Field::DueDate => "the due date",
        Field::Amount => "the amount",
    });
    list(words)
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_as_people_write_them() {
        assert_eq!(day("2026-11-03".parse().unwrap()), "3 November 2026");
        let time = "2026-01-31T09:05:07.123Z".parse().unwrap();
        assert_eq!(moment(time), "31 January 2026 at 09:05:07 UTC");
    }
}
