//! The words of the pages, in Dutch, English and French, with their plurals; and money and days as people write them.
//!
//! Every language has the same keys (a test compares them). Nothing here decides anything.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::types::{Currency, Date, Minor};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Language {
    /// Dutch.
    Dutch,
    /// English.
    English,
    /// French.
    French,
}

impl Language {
    /// Every language.
    pub(super) const ALL: [Self; 3] = [Self::Dutch, Self::English, Self::French];

    /// Its code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Dutch => "nl",
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// Its name in itself.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Dutch => "Nederlands",
            Self::English => "English",
            Self::French => "Français",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Dutch => include_str!("words/nl.ftl"),
            Self::English => include_str!("words/en.ftl"),
            Self::French => include_str!("words/fr.ftl"),
        }
    }

    /// The language of a code such as `nl` or `nl-BE`.
    pub(super) fn of(code: &str) -> Option<Self> {
        let primary = code.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.code()))
    }

    /// The first language of `accept-language` that there is, in the order of preference.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        let mut wanted: Vec<(u32, &str)> = value.split(',').filter_map(preference).collect();
        wanted.sort_by_key(|(weight, _)| core::cmp::Reverse(*weight));
        wanted.into_iter().find_map(|(_, code)| Self::of(code))
    }

    /// Its words.
    pub(super) fn words(self) -> &'static Words {
        static WORDS: LazyLock<[Words; 3]> = LazyLock::new(|| Language::ALL.map(Words::new));
        let [dutch, english, french] = &*WORDS;
        match self {
            Self::Dutch => dutch,
            Self::English => english,
            Self::French => french,
        }
    }
}

/// One item of `accept-language`, with its weight in thousandths.
fn preference(item: &str) -> Option<(u32, &str)> {
    let (code, rest) = item.split_once(';').unwrap_or((item, ""));
    let weight = match rest.trim().strip_prefix("q=") {
        None | Some("1" | "1.0" | "1.00" | "1.000") => 1_000,
        Some(weight) => format!("{:0<3}", weight.strip_prefix("0.")?).parse().ok()?,
    };
    Some((weight, code.trim())).filter(|(weight, _)| *weight > 0)
}

/// The words of one language.
pub(in crate::http) struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    fn new(language: Language) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![
            language.code().parse::<LanguageIdentifier>().unwrap_or_default(),
        ]);
        // Marks around what is filled in are for texts that mix directions of writing.
        bundle.set_use_isolating(false);
        let resource = FluentResource::try_new(language.text().to_owned());
        // A file with a slip in it still has its other words; the test below refuses it.
        let resource = resource.unwrap_or_else(|(resource, _)| resource);
        drop(bundle.add_resource(resource));
        Self { language, bundle }
    }

    /// The language.
    pub(super) const fn language(&self) -> Language {
        self.language
    }

    /// Its code.
    pub(super) const fn code(&self) -> &'static str {
        self.language.code()
    }

    /// The text of a key.
    pub(super) fn say(&self, key: &str) -> Cow<'_, str> {
        self.format(key, None)
    }

    /// The text of a key with something filled in.
    pub(super) fn with(&self, key: &str, name: &'static str, value: &str) -> String {
        let mut args = FluentArgs::new();
        args.set(name, FluentValue::from(value));
        self.format(key, Some(&args)).into_owned()
    }

    /// The text of a key with several things filled in.
    pub(super) fn fill(&self, key: &str, values: &[(&'static str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, FluentValue::from(*value));
        }
        self.format(key, Some(&args)).into_owned()
    }

    /// The text of a key for a number of things.
    pub(super) fn count(&self, key: &str, count: usize) -> String {
        let mut args = FluentArgs::new();
        args.set("count", FluentValue::from(count));
        self.format(key, Some(&args)).into_owned()
    }

    fn format<'a>(&'a self, key: &str, args: Option<&'a FluentArgs<'a>>) -> Cow<'a, str> {
        let pattern = self.bundle.get_message(key).and_then(|message| message.value());
        let Some(pattern) = pattern else {
            tracing::error!(key, language = self.code(), "there are no words for this");
            return Cow::Owned(key.to_owned());
        };
        let text = self.bundle.format_pattern(pattern, args, &mut Vec::new());
        Cow::Owned(text.into_owned())
    }

    /// Several things in one sentence: "a, b and c".
    pub(super) fn list(&self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => {
                self.fill("list-and", &[("first", &first.join(", ")), ("last", last)])
            }
        }
    }

    /// A day: `21 november 2026`.
    pub(super) fn day(&self, date: Date) -> String {
        let text = date.to_string();
        let month = text.get(5..7).unwrap_or_default();
        let month = self.say(&format!("month-{month}"));
        format!("{}\u{a0}{month}\u{a0}{}", date.day(), date.year())
    }

    /// An amount: `€ 1.234,56`, `€1,234.56`, `1 234,56 €`.
    pub(super) fn money(&self, amount: Minor, currency: Currency) -> String {
        let (group, point) = match self.language {
            Language::Dutch => (".", ","),
            Language::English => (",", "."),
            Language::French => ("\u{202f}", ","),
        };
        let decimal = currency.decimal(amount.checked_abs().unwrap_or(Minor::MAX));
        let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
        let mut number = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && whole.len().saturating_sub(place).is_multiple_of(3) {
                number.push_str(group);
            }
            number.push(digit);
        }
        if !fraction.is_empty() {
            number.push_str(point);
            number.push_str(fraction);
        }
        let sign = if amount < 0 { "-" } else { "" };
        let symbol = match currency.as_str() {
            "EUR" => "€",
            "GBP" => "£",
            code => code,
        };
        match self.language {
            Language::Dutch => format!("{symbol}\u{a0}{sign}{number}"),
            Language::English if symbol.len() == 3 && symbol.is_ascii() => {
                format!("{sign}{symbol}\u{a0}{number}")
            }
            Language::English => format!("{sign}{symbol}{number}"),
            Language::French => format!("{sign}{number}\u{a0}{symbol}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The keys of a language, each with the names of what is filled in.
    fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut present = String::new();
        for line in language.text().lines() {
            let starts = line.starts_with(|c: char| c.is_ascii_lowercase());
            if let Some((key, _)) = line.split_once(" =").filter(|_| starts) {
                key.clone_into(&mut present);
                assert!(keys.insert(present.clone(), BTreeSet::new()).is_none(), "{key} twice");
            }
            for part in line.split('$').skip(1) {
                let name = part.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
                keys.get_mut(&present).unwrap().insert(name.to_owned());
            }
        }
        keys
    }

    #[test]
    fn the_three_languages_have_the_same_keys_and_fill_in_the_same_things() {
        let english = keys(Language::English);
        assert!(english.len() > 100, "{}", english.len());
        for other in [Language::Dutch, Language::French] {
            let other_keys = keys(other);
            for (key, names) in &english {
                assert_eq!(other_keys.get(key), Some(names), "{key} in {}", other.code());
            }
            assert_eq!(english.len(), other_keys.len(), "{} has keys of its own", other.code());
        }
    }

    #[test]
    fn no_file_of_words_has_a_slip_in_it() {
        for language in Language::ALL {
            let parsed = FluentResource::try_new(language.text().to_owned());
            assert!(parsed.is_ok(), "{}: {:?}", language.code(), parsed.err().map(|it| it.1));
        }
    }

    #[test]
    fn every_word_that_a_template_or_the_code_says_is_there_and_none_is_left_over() {
        let sources = [
            include_str!("templates/frame.html"),
            include_str!("templates/link.html"),
            include_str!("templates/home.html"),
            include_str!("templates/choose.html"),
            include_str!("templates/invoices.html"),
            include_str!("templates/sign.html"),
            include_str!("templates/done.html"),
            include_str!("templates/trouble.html"),
            include_str!("templates/connect.html"),
        ];
        let english = keys(Language::English);
        for source in sources {
            for call in [".say(\"", ".with(\"", ".fill(\"", ".count(\""] {
                for part in source.split(call).skip(1) {
                    let key = part.split('"').next().unwrap();
                    assert!(english.contains_key(key), "{key}");
                }
            }
        }
    }

    #[test]
    fn money_and_days_look_as_people_write_them() {
        let euro: Currency = "EUR".parse().unwrap();
        let yen: Currency = "JPY".parse().unwrap();
        let day: Date = "2026-11-05".parse().unwrap();
        let expected = [
            (Language::Dutch, "€\u{a0}1.234,56", "JPY\u{a0}-5.000", "5\u{a0}november\u{a0}2026"),
            (Language::English, "€1,234.56", "-JPY\u{a0}5,000", "5\u{a0}November\u{a0}2026"),
            (
                Language::French,
                "1\u{202f}234,56\u{a0}€",
                "-5\u{202f}000\u{a0}JPY",
                "5\u{a0}novembre\u{a0}2026",
            ),
        ];
        for (language, in_euro, in_yen, on) in expected {
            let words = language.words();
            assert_eq!(words.money(123_456, euro), in_euro);
            assert_eq!(words.money(-5_000, yen), in_yen);
            assert_eq!(words.day(day), on);
        }
        assert_eq!(Language::English.words().money(99, euro), "€0.99");
    }

    #[test]
    fn the_language_is_the_first_that_there_is_in_order_of_preference() {
        let accepted = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, value.parse().unwrap());
            Language::accepted(&headers)
        };
        assert_eq!(accepted("de, fr-BE;q=0.8, nl;q=0.9"), Some(Language::Dutch));
        assert_eq!(accepted("en-GB"), Some(Language::English));
        assert_eq!(accepted("nl;q=0, fr;q=0.1"), Some(Language::French));
        assert_eq!(accepted("de, *;q=0.1"), None);
    }

    #[test]
    fn a_count_has_its_plural() {
        let words = Language::French.words();
        assert_eq!(words.count("count-invoices", 1), "1 facture");
        assert_eq!(words.count("count-invoices", 2), "2 factures");
        assert_eq!(words.list(&["a".into(), "b".into(), "c".into()]), "a, b et c");
    }
}
