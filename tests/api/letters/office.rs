//! A registry that posts letters into a folder, with a supplier, a bank and two debtors; and a reader of letters.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tallystick::invitation::{Limits, Mail, Options, Post, Sender};
use tempfile::TempDir;

use crate::registry::{Party, Registry, id};

/// Where the registry's pages are.
pub(super) const PAGES: &str = "https://pages.registry.example";

/// A registry with a mail room.
pub(super) struct Office {
    pub(super) registry: Registry,
    pub(super) supplier: Party,
    pub(super) bank: Party,
    pub(super) debtor: Party,
    pub(super) other: Party,
    /// Where letters go.
    mails: TempDir,
    read: BTreeSet<PathBuf>,
}

/// What is the same in every letter of the tests.
pub(super) fn sender() -> Sender {
    Sender {
        from: "Registry of Trials <registry@registry.example>".parse().expect("a mailbox"),
        reply_to: "Jo Clerk <desk@registry.example>".parse().expect("a mailbox"),
        public_url: format!("{PAGES}/"),
    }
}

/// Letters are looked for all the time.
pub(super) fn options(post: Post, limits: Limits) -> Options {
    let mail = Some(Mail { post, sender: sender() });
    Options { mail, limits, pace: Duration::from_millis(2) }
}

impl Office {
    /// Opens it: letters go into a folder.
    pub(super) fn open() -> Self {
        Self::open_with(Limits::default())
    }

    /// Opens it with other limits.
    pub(super) fn open_with(limits: Limits) -> Self {
        let mails = tempfile::tempdir().expect("a folder");
        let post = Post::folder(mails.path()).expect("a folder");
        Self::posting(options(post, limits), mails)
    }

    /// Opens it: letters go to a mail server.
    pub(super) fn open_posting(post: Post) -> Self {
        let mails = tempfile::tempdir().expect("a folder");
        Self::posting(options(post, Limits::default()), mails)
    }

    fn posting(options: Options, mails: TempDir) -> Self {
        let mut registry = Registry::start();
        registry.post_letters(options);
        let (supplier, bank) = (Party::new("0106:00000003", 3), Party::new("0106:00000006", 6));
        let (debtor, other) = (Party::new("0106:00000004", 4), Party::new("0106:00000005", 5));
        registry.admit(&supplier, &["supplier"]);
        registry.admit(&bank, &["financier"]);
        registry.admit(&debtor, &["debtor"]);
        registry.admit(&other, &["debtor"]);
        let office = Self { registry, supplier, bank, debtor, other, mails, read: BTreeSet::new() };
        office.contact(
            &office.supplier,
            &json!({"name": "Drukkerij Smit", "email": "info@smit.example"}),
        );
        office.contact(
            &office.bank,
            &json!({"name": "Kredietbank Oost", "email": "desk@oost.example"}),
        );
        office
    }

    /// Sets a contact.
    pub(super) fn contact(&self, of: &Party, contact: &Value) -> Value {
        let path = format!("/v1/contacts/{}", of.id);
        let answer = self.registry.send(&self.registry.operator, "PUT", &path, contact);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Sets a contact and confirms its address.
    pub(super) fn reach(&self, of: &Party, name: &str, email: &str, language: &str) {
        self.contact(of, &json!({"name": name, "email": email, "language": language}));
        let path = format!("/v1/contacts/{}/confirm", of.id);
        let body = json!({"email": email});
        let answer = self.registry.send(&self.registry.operator, "POST", &path, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["findings"], json!([]));
    }

    /// Asks a debtor for a mandate; the statement's id.
    pub(super) fn ask(&self, by: &Party, debtor: &Party, scope: &Value) -> String {
        let data = json!({
            "debtor": debtor.id, "scope": scope, "until": "2027-06-30T22:00:00Z",
        });
        id(&self.registry.state(by, "mandate.requested.v1", &data))
    }

    /// What the operator sees of letters.
    pub(super) fn letters(&self) -> Vec<Value> {
        self.registry.list(&self.registry.operator, "/v1/letters")
    }

    /// How the letters stand, once they stand like this.
    pub(super) fn until(&self, expected: &[&str]) {
        let stand = || -> Vec<String> {
            let word = |letter: &Value| letter["status"].as_str().unwrap_or_default().to_owned();
            self.letters().iter().map(word).collect()
        };
        let seen = (0..5_000).map(|_| stand()).find(|seen| seen == expected);
        assert_eq!(seen.as_deref().unwrap_or(&stand()), expected);
    }

    /// Does something to a letter, as the operator.
    pub(super) fn letter(&self, number: u64, deed: &str, body: &Value) -> (u16, Value) {
        let path = format!("/v1/letters/ltr_{number}/{deed}");
        let answer = self.registry.send(&self.registry.operator, "POST", &path, body);
        (answer.status, answer.json())
    }

    /// The letters in the folder that were not read yet.
    pub(super) fn mail(&mut self) -> Vec<Value> {
        let entries = std::fs::read_dir(self.mails.path()).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let new: Vec<PathBuf> = paths.filter(|path| !self.read.contains(path)).collect();
        let mails = new.iter().map(|path| {
            assert_eq!(path.extension().and_then(|it| it.to_str()), Some("eml"));
            parse(&std::fs::read(path).expect("a letter"))
        });
        let mails = mails.collect();
        self.read.extend(new);
        mails
    }

    /// The one letter that came.
    pub(super) fn one_mail(&mut self) -> Value {
        let mut mails = self.mail();
        assert_eq!(mails.len(), 1, "{mails:#?}");
        mails.remove(0)
    }
}

/// Reads a letter with Python's mail parser: its headers, and its parts in their order.
pub(super) fn parse(bytes: &[u8]) -> Value {
    const SCRIPT: &str = r"
import sys, json, email, email.policy
whole = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
parts = [p for p in whole.walk() if not p.is_multipart()]
print(json.dumps({
    'headers': [[k.lower(), str(v)] for k, v in whole.items()],
    'type': whole.get_content_type(),
    'defects': [repr(d) for p in whole.walk() for d in p.defects],
    'to': [a.addr_spec for a in whole['to'].addresses],
    'to_name': [a.display_name for a in whole['to'].addresses],
    'parts': [{'type': p.get_content_type(), 'charset': p.get_content_charset(), 'text': p.get_content(),
               'headers': [k.lower() for k in p.keys()]} for p in parts],
}))
";
    let mut child = Command::new("python3")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 reads the letters (Debian: python3)");
    child.stdin.take().expect("a pipe").write_all(bytes).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The values of a header.
pub(super) fn header(mail: &Value, name: &str) -> Vec<String> {
    let pairs = mail["headers"].as_array().expect("headers").iter();
    let named = pairs.filter(|pair| pair[0] == name);
    named.map(|pair| pair[1].as_str().expect("a text").to_owned()).collect()
}

/// The text of a part: 0 is the plain one, 1 the HTML.
pub(super) fn part(mail: &Value, number: usize) -> String {
    mail["parts"][number]["text"].as_str().expect("a text").to_owned()
}

/// The token in the link of a letter, which is the same in both parts.
pub(super) fn token(mail: &Value) -> String {
    let begin = format!("{PAGES}/mandate/");
    let links = |text: &str| -> BTreeSet<String> {
        let after = text.split(&begin).skip(1);
        let token = |rest: &str| -> String {
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
        };
        after.map(token).collect()
    };
    let (plain, rich) = (links(&part(mail, 0)), links(&part(mail, 1)));
    assert_eq!((plain.len(), &plain), (1, &rich));
    let token = plain.into_iter().next().expect("a link");
    assert_eq!(token.len(), 43);
    token
}
