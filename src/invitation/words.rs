//! Words in Dutch, English and French, from files beside the code (Project Fluent), and dates as people write them.
//!
//! Does not know what the words are for. Every language has every message, with the same variables (tested).

use core::ops::Range;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::invitation::contact::Language;
use crate::types::{Date, Timestamp};

/// The words of one language.
pub(super) struct Words {
    bundle: FluentBundle<FluentResource>,
}

/// Words that are not there, or a file of words that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the words for `{0}` cannot be put together")]
pub(super) struct WordsError(pub(super) String);

impl Words {
    /// The words of a language.
    ///
    /// # Errors
    /// Where the file of words is not one.
    pub(super) fn of(language: Language) -> Result<Self, WordsError> {
        let source = file(language);
        let wrong = || WordsError(language.code().to_owned());
        let id: LanguageIdentifier = language.code().parse().map_err(|_| wrong())?;
        let resource = FluentResource::try_new(source.to_owned()).map_err(|_| wrong())?;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Names are checked for characters that turn the direction of writing; marks around them are seen in mails.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).map_err(|_| wrong())?;
        Ok(Self { bundle })
    }

    /// A message.
    ///
    /// # Errors
    /// Where it is not there, or a variable is missing.
    pub(super) fn say(
        &self,
        key: &str,
        variables: &[(&str, FluentValue<'_>)],
    ) -> Result<String, WordsError> {
        let wrong = || WordsError(key.to_owned());
        let message = self.bundle.get_message(key).and_then(|it| it.value()).ok_or_else(wrong)?;
        let mut arguments = FluentArgs::with_capacity(variables.len());
        for (name, value) in variables {
            arguments.set(*name, value.clone());
        }
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(message, Some(&arguments), &mut errors).into_owned();
        if errors.is_empty() { Ok(text) } else { Err(wrong()) }
    }

    /// A day.
    ///
    /// # Errors
    /// Where the words are not there.
    pub(super) fn day(&self, date: Date) -> Result<String, WordsError> {
        let iso = date.to_string();
        let part = |range: Range<usize>| iso.get(range)?.parse::<u32>().ok();
        let (day, month) = (part(8..10).unwrap_or_default(), part(5..7).unwrap_or_default());
        // A year is no number that is grouped.
        let year = date.year().to_string();
        self.say("date", &[("day", day.into()), ("month", month.into()), ("year", year.into())])
    }

    /// A moment, in UTC.
    ///
    /// # Errors
    /// Where the words are not there.
    pub(super) fn moment(&self, time: Timestamp) -> Result<String, WordsError> {
        let clock = time.to_string().get(11..16).unwrap_or_default().to_owned();
        self.say("time", &[("date", self.day(time.date())?.into()), ("clock", clock.into())])
    }

    /// A list of names.
    ///
    /// # Errors
    /// Where the words are not there.
    pub(super) fn list(&self, names: &[String]) -> Result<String, WordsError> {
        match names {
            [] => Ok(String::new()),
            [one] => Ok(one.clone()),
            [first @ .., last] => {
                let before = first.join(", ");
                self.say("and", &[("list", before.into()), ("last", last.as_str().into())])
            }
        }
    }
}

const fn file(language: Language) -> &'static str {
    match language {
        Language::Dutch => include_str!("words/nl.ftl"),
        Language::English => include_str!("words/en.ftl"),
        Language::French => include_str!("words/fr.ftl"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The messages of a file with the variables that each names.
    fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in source.lines() {
            if !line.starts_with([' ', '}'])
                && let Some((name, _)) = line.split_once(" = ")
            {
                name.clone_into(&mut key);
            }
            let variables = line.split('$').skip(1);
            let name = |rest: &str| rest.chars().take_while(char::is_ascii_alphabetic).collect();
            found.entry(key.clone()).or_default().extend(variables.map(name));
        }
        found
    }

    #[test]
    fn every_language_has_every_message_with_the_same_variables() {
        let english = messages(file(Language::English));
        assert!(english.len() > 25, "{english:?}");
        for language in Language::ALL {
            assert_eq!(messages(file(language)), english, "{language}");
            let words = Words::of(language).unwrap();
            for (key, variables) in &english {
                let values: Vec<(&str, FluentValue<'_>)> =
                    variables.iter().map(|name| (name.as_str(), "x".into())).collect();
                let said = words.say(key, &values).unwrap();
                assert!(!said.is_empty() && !said.contains(['{', '}', '\u{2068}']), "{said}");
            }
            assert!(words.say("no-such", &[]).is_err());
            assert!(words.say("intro", &[]).is_err(), "a variable is missing");
        }
    }

    #[test]
    fn days_and_numbers_are_written_as_people_write_them() {
        let say = |language, day: &str| {
            let words = Words::of(language).unwrap();
            words.day(day.parse().unwrap()).unwrap()
        };
        assert_eq!(say(Language::Dutch, "2026-11-21"), "21 november 2026");
        assert_eq!(say(Language::English, "2026-03-02"), "2 March 2026");
        assert_eq!(say(Language::French, "2027-08-01"), "1er août 2027");
        assert_eq!(say(Language::French, "2027-12-31"), "31 décembre 2027");
        let count = |language, count: u32| {
            Words::of(language).unwrap().say("which-invoices", &[("count", count.into())]).unwrap()
        };
        assert_eq!(count(Language::Dutch, 1), "één factuur");
        assert_eq!(count(Language::English, 3), "3 invoices");
        assert_eq!(count(Language::French, 1), "1 facture");
        let time = "2026-12-31T00:05:00Z".parse().unwrap();
        let moment = Words::of(Language::Dutch).unwrap().moment(time).unwrap();
        assert_eq!(moment, "31 december 2026 om 00:05 uur (UTC)");
        let names = ["A", "B", "C"].map(str::to_owned);
        assert_eq!(Words::of(Language::English).unwrap().list(&names).unwrap(), "A, B and C");
    }
}
