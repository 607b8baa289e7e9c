//! How a participant is reached: the operator's own record, beside the log. Functions of values.
//!
//! - Only the operator writes it. Nothing that an asking party says ends up here.
//! - A name or address that could be shown as something else than it is (control and direction characters, another
//!   alphabet in a domain) is refused where it comes in, so that letters and pages need not be clever.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use crate::types::{PartyId, Timestamp};

/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// The longest address (RFC 5321, 4.5.3.1.3, without the angle brackets).
pub const EMAIL_BYTES_MAX: usize = 254;

/// A language of letters and pages.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
pub enum Language {
    /// Dutch.
    #[serde(rename = "nl")]
    Dutch,
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// French.
    #[serde(rename = "fr")]
    French,
}

impl Language {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Dutch, Self::English, Self::French];

    /// The code (ISO 639-1).
    pub const fn code(self) -> &'static str {
        match self {
            Self::Dutch => "nl",
            Self::English => "en",
            Self::French => "fr",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Language {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|language| language.code() == text);
        found.ok_or("the languages are nl, en and fr")
    }
}

/// An e-mail address: one mailbox, in ASCII, its domain in small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for Email {
    type Err = ContactError;

    fn from_str(text: &str) -> Result<Self, ContactError> {
        let (local, domain) = text.rsplit_once('@').ok_or(ContactError::Email)?;
        let domain = domain.to_ascii_lowercase();
        let label = |label: &str| {
            let letters = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
            let ends = label.starts_with('-') || label.ends_with('-');
            (1..=63).contains(&label.len()) && label.bytes().all(letters) && !ends
        };
        let named = domain.split('.').count() >= 2 && domain.split('.').all(label);
        // The last label of a name is never a number: that would be an address of the network.
        let numbered = domain.rsplit('.').next().is_none_or(|last| last.parse::<u64>().is_ok());
        let atom = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c);
        let atoms = |part: &str| !part.is_empty() && part.bytes().all(atom);
        let known = (1..=64).contains(&local.len()) && local.split('.').all(atoms);
        if !known || !named || numbered || text.len() > EMAIL_BYTES_MAX {
            return Err(ContactError::Email);
        }
        Ok(Self(format!("{local}@{domain}")))
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// How a participant is reached, and what it is called in letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The participant, by its first party id.
    pub party: PartyId,
    /// What it is called.
    pub name: String,
    /// Where its letters go; absent for somebody who only is named in letters to others.
    pub email: Option<Email>,
    /// The language of its letters.
    pub language: Language,
    /// When the operator set it.
    pub set_at: Timestamp,
    /// When the operator said that the address is the participant's, after it was shown what is odd about it.
    pub confirmed_at: Option<Timestamp>,
}

/// What the operator sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactWish {
    /// What it is called.
    pub name: String,
    /// Where its letters go.
    pub email: Option<String>,
    /// The language of its letters.
    pub language: Language,
}

/// Why a contact is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// The name.
    #[error(
        "`name` is one line of at most 200 bytes, without characters that cannot be seen or that turn the direction of writing"
    )]
    Name,
    /// The address.
    #[error(
        "`email` is one address such as invoices@company.example, in ASCII (a domain in another alphabet as xn--…)"
    )]
    Email,
    /// There is none.
    #[error("there is no contact of this participant")]
    Unknown,
    /// What is confirmed is not what stands there.
    #[error("the address on record is not the one that you confirm")]
    Changed,
    /// The database does not answer.
    #[error("the contacts cannot be stored")]
    Storage,
}

/// Whether a text can be shown as a name: one line, in which everything is seen and stands where it is written.
pub(super) fn check_name(name: &str) -> Result<(), ContactError> {
    // Unicode's format characters and separators, as far as they change how a line looks (UTR 36).
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let shown = name == name.trim() && !name.is_empty() && name.len() <= NAME_BYTES_MAX;
    if shown && !name.chars().any(hidden) { Ok(()) } else { Err(ContactError::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_plain_mailbox() {
        for (text, email) in [
            ("crediteuren@bedrijf.example", "crediteuren@bedrijf.example"),
            ("A.P+x@Firm.EXAMPLE", "A.P+x@firm.example"),
            ("x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
        ] {
            assert_eq!(text.parse::<Email>().unwrap().as_str(), email);
        }
        let long = format!("{}@firm.example", "a".repeat(65));
        for wrong in [
            "",
            "@",
            "a@",
            "@b.example",
            "a@b",
            "a b@c.example",
            "a@b@c.example",
            "a..b@c.example",
            ".a@b.example",
            "a@b..example",
            "a@-b.example",
            "a@b-.example",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@b.example\r\nBcc: c@d.example",
            "\"a\"@b.example",
            "Jan <a@b.example>",
            "a@bücher.example",
            "a@b.example,c@d.example",
            "ä@b.example",
            "a@b.example ",
            &long,
        ] {
            assert!(wrong.parse::<Email>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_a_line_in_which_everything_is_seen() {
        for fine in ["Bakkerij Jansen B.V.", "<b>&\"Quoted\"</b>", "Ünïcode Ⓖmbh", "株式会社"]
        {
            assert_eq!(check_name(fine), Ok(()), "{fine}");
        }
        let long = "x".repeat(201);
        for wrong in ["", " ", " a", "a\nb", "a\u{202e}b", "a\u{200b}b", "a\u{2066}b", "a\0", &long]
        {
            assert_eq!(check_name(wrong), Err(ContactError::Name), "{wrong:?}");
        }
    }

    #[test]
    fn languages_have_their_codes() {
        for language in Language::ALL {
            assert_eq!(language.code().parse(), Ok(language));
            assert_eq!(serde_json::to_string(&language).unwrap(), format!("\"{language}\""));
        }
        assert!("de".parse::<Language>().is_err());
    }
}
