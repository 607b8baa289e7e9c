//! Signed notes (C2SP signed-note): a text, a blank line, and one line for each signature.
//!
//! A signature by an unknown key is passed over; one by a known key that does not hold condemns the whole note.
//! Known are Ed25519 signatures over the text (type 0x01) and Ed25519 cosignatures with a time (type 0x04, C2SP
//! tlog-cosignature). Base64 is strict, so a note has one spelling.
//!
//! It does not know what the text says, nor how many cosigners are enough.

use core::{fmt, str::FromStr};
use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::types::Origin;

/// The longest note in bytes.
pub const NOTE_BYTES_MAX: usize = 1_000_000;
/// How many signatures a note may carry; the standard asks for at least 16.
pub const SIGNATURES_MAX: usize = 100;
/// An em dash and a space begin each signature line.
const LINE_START: &str = "\u{2014} ";

/// Why a text is not a note, or not one to trust.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`NOTE_BYTES_MAX`].
    #[error("the note is longer than {NOTE_BYTES_MAX} bytes")]
    TooLong,
    /// The signed text is empty, does not end in a line break, or has control characters.
    #[error("the text must be lines without control characters, the last one ended")]
    Text,
    /// There is no blank line followed by signature lines.
    #[error("expected a blank line and signatures after the text")]
    Separator,
    /// A line after the blank line is not a signature.
    #[error("signature line {0} is malformed")]
    SignatureLine(usize),
    /// More than [`SIGNATURES_MAX`] signatures.
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// A signature that claims a known key does not hold.
    #[error("the signature of {0} does not hold")]
    BadSignature(String),
    /// No signature is by a known key.
    #[error("no signature is by a known key")]
    NoKnownSignature,
}

/// Why a text is not a verifier key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VkeyError {
    /// Not of the form `name+id+key`.
    #[error("expected name+id+key, with 8 hexadecimal digits and base64")]
    Form,
    /// Of a kind that is not Ed25519.
    #[error("the key is of an unknown kind")]
    Kind,
    /// The public key is not a point that a signature could be checked with.
    #[error("the public key is not a valid ed25519 key")]
    Key,
    /// The key id does not belong to name and key.
    #[error("the key id does not belong to the name and the key")]
    KeyId,
}

/// What a key of a note signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyKind {
    /// The text itself; a log's own key. Type byte 0x01.
    Text,
    /// The text and a time: "the largest consistent tree I have seen then". Type byte 0x04.
    Cosignature,
}

impl KeyKind {
    const fn type_byte(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Cosignature => 4,
        }
    }
}

/// A key name: not empty, no white space, no `+`.
fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// The first four bytes of SHA-256(name ‖ line break ‖ type ‖ public key).
fn key_id(name: &str, kind: KeyKind, key: &VerifyingKey) -> [u8; 4] {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', kind.type_byte()])
        .chain_update(key.as_bytes())
        .finalize();
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash);
    [a, b, c, d]
}

/// A verifier key: whose signatures are known, and how to check them. Text is `name+id+key`.
#[derive(Clone, PartialEq, Eq)]
pub struct Vkey {
    name: Box<str>,
    kind: KeyKind,
    key: VerifyingKey,
    id: [u8; 4],
}

impl Vkey {
    /// The key of a log with this name.
    pub fn of_log(name: &Origin, key: VerifyingKey) -> Self {
        Self {
            name: name.as_str().into(),
            kind: KeyKind::Text,
            key,
            id: key_id(name.as_str(), KeyKind::Text, &key),
        }
    }

    /// The name of the key, which for a log is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The Ed25519 public key.
    pub const fn public_key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The four bytes by which a signature line names the key.
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Checks a signature over `text`. Returns the time in seconds since 1970 where it is a cosignature.
    fn check(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, NoteError> {
        let bad = || NoteError::BadSignature(self.name.to_string());
        let (time, message, signature) = match self.kind {
            KeyKind::Text => (None, Cow::Borrowed(text), signature),
            KeyKind::Cosignature => {
                let (time, signature) = signature.split_first_chunk::<8>().ok_or_else(bad)?;
                let time = u64::from_be_bytes(*time);
                (Some(time), Cow::Owned(cosigned_text(time, text)), signature)
            }
        };
        let signature = Signature::from_slice(signature).map_err(|_| bad())?;
        self.key.verify_strict(message.as_bytes(), &signature).map_err(|_| bad())?;
        Ok(time)
    }
}

/// What a cosigner signs at a time, in seconds since 1970.
fn cosigned_text(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.kind.type_byte()];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id), STANDARD.encode(key))
    }
}

impl fmt::Debug for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Vkey {
    type Err = VkeyError;

    fn from_str(text: &str) -> Result<Self, VkeyError> {
        let (name, rest) = text.split_once('+').ok_or(VkeyError::Form)?;
        let (id, key) = rest.split_once('+').ok_or(VkeyError::Form)?;
        let lower_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if !is_key_name(name) || id.len() != 8 || !id.bytes().all(lower_hex) {
            return Err(VkeyError::Form);
        }
        let claimed = u32::from_str_radix(id, 16).map_err(|_| VkeyError::Form)?.to_be_bytes();
        let key = STANDARD.decode(key).map_err(|_| VkeyError::Form)?;
        let (kind, key) = match key.split_first() {
            Some((1, key)) => (KeyKind::Text, key),
            Some((4, key)) => (KeyKind::Cosignature, key),
            _ => return Err(VkeyError::Kind),
        };
        let key = VerifyingKey::try_from(key).map_err(|_| VkeyError::Key)?;
        // Under a key of small order one signature holds for many texts.
        if key.is_weak() {
            return Err(VkeyError::Key);
        }
        let id = key_id(name, kind, &key);
        if id != claimed {
            return Err(VkeyError::KeyId);
        }
        Ok(Self { name: name.into(), kind, key, id })
    }
}

/// The log's own key with its name. Never shows the secret.
pub struct NoteSigner {
    name: Origin,
    key: SigningKey,
}

impl NoteSigner {
    /// Signs as `name` with this key.
    pub const fn new(name: Origin, key: SigningKey) -> Self {
        Self { name, key }
    }

    /// The name under which it signs.
    pub const fn name(&self) -> &Origin {
        &self.name
    }

    /// The key that others check its signatures with.
    pub fn vkey(&self) -> Vkey {
        Vkey::of_log(&self.name, self.key.verifying_key())
    }

    fn sign(&self, text: &str) -> NoteSignature {
        NoteSignature {
            name: self.name.as_str().into(),
            key_id: key_id(self.name.as_str(), KeyKind::Text, &self.key.verifying_key()),
            signature: self.key.sign(text.as_bytes()).to_bytes().into(),
        }
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteSigner").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One signature of a note, not yet checked. Text is its line without the line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: Box<str>,
    key_id: [u8; 4],
    signature: Box<[u8]>,
}

impl NoteSignature {
    /// The name of the key that it claims.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key that it claims.
    pub const fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// Reads a signature line without its line break.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(LINE_START)?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (key_id, signature) = bytes.split_first_chunk::<4>()?;
        if !is_key_name(name) || signature.is_empty() {
            return None;
        }
        Some(Self { name: name.into(), key_id: *key_id, signature: signature.into() })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.signature].concat();
        write!(f, "{LINE_START}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// A known key whose signature on a note holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedBy<'k> {
    /// Whose signature it is.
    pub key: &'k Vkey,
    /// When a cosigner signed, in seconds since 1970; nothing for a plain signature.
    pub time: Option<u64>,
}

/// A text with signatures that are not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Signs a text of whole lines.
    pub fn sign(text: &str, signer: &NoteSigner) -> Result<Self, NoteError> {
        check_text(text)?;
        Ok(Self { text: text.into(), signatures: vec![signer.sign(text)] })
    }

    /// Reads a note.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        // The text may have blank lines of its own: the last one ends it.
        let blank = note.rfind("\n\n").ok_or(NoteError::Separator)?;
        let (text, rest) =
            note.split_at_checked(blank.saturating_add(1)).ok_or(NoteError::Separator)?;
        check_text(text)?;
        let lines = rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n'));
        let lines = lines.ok_or(NoteError::Separator)?.split('\n');
        let mut signatures = Vec::new();
        for (line, number) in lines.zip(1_usize..) {
            if number > SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(NoteSignature::parse(line).ok_or(NoteError::SignatureLine(number))?);
        }
        Ok(Self { text: text.into(), signatures })
    }

    /// The signed text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, checked or not.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature line, such as a cosigner's.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() >= SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// The known keys that signed this note, at least one, each once. A known key whose signature does not hold
    /// condemns the note.
    pub fn verify<'k>(&self, known: &'k [Vkey]) -> Result<Vec<VerifiedBy<'k>>, NoteError> {
        let mut verified: Vec<VerifiedBy<'k>> = Vec::new();
        for signature in &self.signatures {
            let claimed = |key: &&Vkey| *key.name == *signature.name && key.id == signature.key_id;
            for key in known.iter().filter(claimed) {
                let time = key.check(&self.text, &signature.signature)?;
                // Two lines of one cosigner are one cosigner, whatever is counted with them.
                match verified.iter_mut().find(|by| by.key == key) {
                    Some(by) => by.time = by.time.max(time),
                    None => verified.push(VerifiedBy { key, time }),
                }
            }
        }
        if verified.is_empty() { Err(NoteError::NoKnownSignature) } else { Ok(verified) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// Whether a text can be signed: whole lines, no control characters but the line breaks.
fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLong);
    }
    let clean = text.bytes().all(|c| c >= b' ' || c == b'\n');
    if clean && text.ends_with('\n') { Ok(()) } else { Err(NoteError::Text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "This is an example message.\n";

    fn signer(name: &str, seed: u8) -> NoteSigner {
        NoteSigner::new(name.parse().expect("a good name"), SigningKey::from_bytes(&[seed; 32]))
    }

    fn cosigner(name: &str, seed: u8) -> (Vkey, SigningKey) {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let key = secret.verifying_key();
        let kind = KeyKind::Cosignature;
        (Vkey { name: name.into(), kind, key, id: key_id(name, kind, &key) }, secret)
    }

    fn cosign(note: &Note, vkey: &Vkey, secret: &SigningKey, time: u64) -> NoteSignature {
        let signature = secret.sign(cosigned_text(time, note.text()).as_bytes());
        let bytes = [time.to_be_bytes().as_slice(), &signature.to_bytes()].concat();
        NoteSignature { name: vkey.name.clone(), key_id: vkey.id, signature: bytes.into() }
    }

    #[test]
    fn the_example_of_the_standard_verifies() {
        let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let known = vkey.parse::<Vkey>().expect("the vector");
        assert_eq!(known.to_string(), vkey);
        let signature = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=";
        let text = format!("{TEXT}\n\u{2014} example.com/foo {signature}\n");
        let note = Note::parse(&text).expect("the vector");
        assert_eq!(note.text(), TEXT);
        assert_eq!(note.to_string(), text);
        assert_eq!(
            note.verify(core::slice::from_ref(&known)),
            Ok(vec![VerifiedBy { key: &known, time: None }])
        );
        let changed =
            Note::parse(&text.replace("example message", "example massage")).expect("still a note");
        assert_eq!(
            changed.verify(&[known]),
            Err(NoteError::BadSignature("example.com/foo".into()))
        );
    }

    #[test]
    fn unknown_signatures_are_passed_over_and_known_bad_ones_condemn() {
        let (log, stranger) = (signer("log.example", 1), signer("stranger.example", 2));
        let good = Note::sign(TEXT, &log).expect("good text");
        let mut with_stranger = good.clone();
        assert_eq!(with_stranger.add(stranger.sign("another text\n")), Ok(()));
        let log_key = log.vkey();
        let verified = Ok(vec![VerifiedBy { key: &log_key, time: None }]);
        assert_eq!(good.verify(core::slice::from_ref(&log_key)), verified);
        assert_eq!(with_stranger.verify(core::slice::from_ref(&log_key)), verified);
        let both = [log.vkey(), stranger.vkey()];
        assert_eq!(
            with_stranger.verify(&both),
            Err(NoteError::BadSignature("stranger.example".into()))
        );
        assert_eq!(good.verify(&[stranger.vkey()]), Err(NoteError::NoKnownSignature));
        assert_eq!(good.verify(&[]), Err(NoteError::NoKnownSignature));
        // The same name with another key is another signer.
        assert_eq!(
            good.verify(&[signer("log.example", 3).vkey()]),
            Err(NoteError::NoKnownSignature)
        );
        // A known key counts once, however often it signed and however often it is named.
        let mut twice = good.clone();
        assert_eq!(twice.add(log.sign(TEXT)), Ok(()));
        assert_eq!(twice.verify(&[log.vkey(), log.vkey()]).map(|by| by.len()), Ok(1));
    }

    #[test]
    fn a_cosignature_holds_for_its_time_only() {
        let mut note = Note::sign(TEXT, &signer("log.example", 1)).expect("good text");
        let (vkey, secret) = cosigner("witness.example", 9);
        assert_eq!(vkey.to_string().parse(), Ok(vkey.clone()));
        let cosignature = cosign(&note, &vkey, &secret, 1_795_000_000);
        assert_eq!(NoteSignature::parse(&cosignature.to_string()).as_ref(), Some(&cosignature));
        assert_eq!(note.add(cosignature.clone()), Ok(()));
        let expected = vec![VerifiedBy { key: &vkey, time: Some(1_795_000_000) }];
        assert_eq!(note.verify(core::slice::from_ref(&vkey)), Ok(expected));
        for at in 0..72 {
            let mut changed = cosignature.clone();
            changed.signature[at] ^= 1;
            let mut note = Note::sign(TEXT, &signer("log.example", 1)).expect("good text");
            assert_eq!(note.add(changed), Ok(()));
            assert!(note.verify(core::slice::from_ref(&vkey)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn texts_of_any_other_form_are_not_notes() {
        let note = Note::sign(TEXT, &signer("log.example", 1)).expect("good text").to_string();
        assert!(Note::parse(&note).is_ok());
        let line = note.lines().last().expect("a signature");
        let cases = [
            (String::new(), NoteError::Separator),
            (TEXT.into(), NoteError::Separator),
            (format!("{TEXT}\n"), NoteError::Separator),
            (format!("{TEXT}\n\n"), NoteError::Separator),
            (format!("{TEXT}{line}\n"), NoteError::Separator),
            (format!("{TEXT}\n{line}"), NoteError::Separator),
            (format!("{TEXT}\n{line} \n"), NoteError::SignatureLine(1)),
            (format!("{TEXT}\n{line}\n{line}\r\n"), NoteError::SignatureLine(2)),
            (format!("{TEXT}\n{}\n", line.replace('\u{2014}', "-")), NoteError::SignatureLine(1)),
            (format!("{TEXT}\n{}\n", line.replace("log.example", "")), NoteError::SignatureLine(1)),
            (
                format!("{TEXT}\n{}\n", line.replace("log.example", "a+b")),
                NoteError::SignatureLine(1),
            ),
            (format!("{TEXT}\n\u{2014} log.example AAAA\n"), NoteError::SignatureLine(1)),
            (format!("{TEXT}\n\u{2014} log.example AAAAAA==\n"), NoteError::SignatureLine(1)),
            (format!("bell\u{7}\n\n{line}\n"), NoteError::Text),
            (format!("a\r\n\n{line}\n"), NoteError::Text),
            (format!("{TEXT}\n{}", format!("{line}\n").repeat(101)), NoteError::TooManySignatures),
            ("x".repeat(NOTE_BYTES_MAX + 1), NoteError::TooLong),
        ];
        for (text, expected) in cases {
            let shown = text.get(..80).unwrap_or(&text);
            assert_eq!(Note::parse(&text), Err(expected), "{shown:?}");
        }
        for bad in ["", "a", "a\tb\n", "a\n\r\n"] {
            assert_eq!(Note::sign(bad, &signer("log.example", 1)), Err(NoteError::Text), "{bad:?}");
        }
    }

    #[test]
    fn a_text_may_have_blank_lines_of_its_own() {
        for text in ["\n", "a\n\n", "\n\n\n", "a\n\nb\n", "\u{2014} a b\n\n\u{2014} a b\n"] {
            let signer = signer("log.example", 1);
            let note = Note::sign(text, &signer).expect("whole lines");
            let parsed = Note::parse(&note.to_string());
            assert_eq!(parsed.as_ref(), Ok(&note), "{text:?}");
            assert!(note.verify(&[signer.vkey()]).is_ok());
        }
    }

    #[test]
    fn keys_of_any_other_form_are_refused() {
        let good = signer("log.example", 1).vkey().to_string();
        assert!(good.parse::<Vkey>().is_ok());
        let parts = good.splitn(3, '+').collect::<Vec<_>>();
        let [name, id, key] = parts.as_slice() else { unreachable!("three parts") };
        let other_name = format!("log.example.net+{id}+{key}");
        let weak = [&[1], [0; 32].as_slice()].concat();
        let ecdsa = [&[2], [7; 33].as_slice()].concat();
        let cases = [
            (String::new(), VkeyError::Form),
            (format!("{name}+{id}"), VkeyError::Form),
            (format!("+{id}+{key}"), VkeyError::Form),
            (format!("log example+{id}+{key}"), VkeyError::Form),
            (format!("{name}+{}+{key}", id.to_uppercase()), VkeyError::Form),
            (format!("{name}+{}+{key}", &id[1..]), VkeyError::Form),
            (format!("{name}+{id}+{key}="), VkeyError::Form),
            (format!("{good}\n"), VkeyError::Form),
            (format!("{name}+00000000+{key}"), VkeyError::KeyId),
            (other_name, VkeyError::KeyId),
            (format!("{name}+{id}+"), VkeyError::Kind),
            (format!("{name}+{id}+{}", STANDARD.encode(ecdsa)), VkeyError::Kind),
            (format!("{name}+{id}+{}", STANDARD.encode([1; 32])), VkeyError::Key),
            (format!("{name}+{id}+{}", STANDARD.encode(weak)), VkeyError::Key),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Vkey>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn a_signer_does_not_show_its_secret() {
        let shown = format!("{:?}", signer("log.example", 1));
        assert_eq!(shown, "NoteSigner { name: log.example, .. }");
    }

    proptest! {
        #[test]
        fn writing_and_reading_a_note_is_lossless(lines in prop::collection::vec("[^\\x00-\\x1f]{0,20}", 1..8), seed: u8) {
            let text = lines.join("\n") + "\n";
            let signer = signer("log.example", seed);
            let note = Note::sign(&text, &signer)?;
            let read = Note::parse(&note.to_string())?;
            prop_assert_eq!(&read, &note);
            prop_assert_eq!(read.text(), text);
            prop_assert!(read.verify(&[signer.vkey()]).is_ok());
        }

        #[test]
        fn what_is_read_is_written_the_same(
            text in prop_oneof![".*", "[a\n]{0,5}\n\n(— [a+ ]{0,2} [A-F]{0,8}={0,2}\n){0,3}"],
            key in prop_oneof![".*", "[a ]{0,2}\\+[0-9a-f]{8}\\+A[QR][A-Za-z0-9+/]{42}"],
        ) {
            if let Ok(note) = Note::parse(&text) {
                prop_assert_eq!(note.to_string(), text);
            }
            if let Ok(vkey) = key.parse::<Vkey>() {
                prop_assert_eq!(vkey.to_string(), key);
            }
        }
    }
}
