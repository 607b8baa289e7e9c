//! A registry with pages on a port of its own: participants who sign, invoices, links as letters carry them.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tallystick::connect::{self, Connections, Vault};
use tallystick::engine::{Engine, Folder, Options};
use tallystick::http::{self, Beside, Clerk};
use tallystick::invitation::{
    self, ContactWish, Invitations, Language, Mail, Post, Purpose, Sender,
};
use tallystick::invoice::Core;
use tallystick::signing::{AccessToken, SecretKey};
use tallystick::statement::{SignedStatement, StatementType};
use tallystick::types::{Origin, PartyId, Timestamp};
use tallystick::webhooks::{self, Reach, Webhooks};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use ureq::Agent;

/// The registry's name.
pub(crate) const ORIGIN: &str = "registry.example/test";
/// When every test begins: 2026-11-21T10:00:00Z.
const BEGIN_MILLIS: i64 = 1_795_255_200_000;

/// The operator, a supplier, its customer, a financier, and a customer of somebody else.
pub(crate) const OPERATOR: &str = "0106:00000001";
pub(crate) const SUPPLIER: &str = "0106:00000003";
pub(crate) const DEBTOR: &str = "0106:00000004";
pub(crate) const FINANCIER: &str = "0106:00000005";
pub(crate) const STRANGER: &str = "0106:00000006";

/// A running registry.
pub(crate) struct Registry {
    /// Its address, by name: a browser trusts keys to pages of this machine.
    pub(crate) url: String,
    pub(crate) agent: Agent,
    invitations: Invitations,
    clock: Arc<AtomicI64>,
    counter: AtomicU64,
    runtime: Option<Runtime>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
    dir: TempDir,
}

/// The firm's own key of a participant.
pub(crate) fn key(party: &str) -> SecretKey {
    let seed = party.bytes().last().expect("not empty");
    SecretKey::from_seed(&[seed; 32])
}

/// The data of an invoice of the supplier.
pub(crate) fn invoice(buyer: &str, number: &str, gross_minor: i64) -> Value {
    json!({
        "invoice": {
            "seller": SUPPLIER, "buyer": buyer, "number": number, "type": 380,
            "issue_date": "2026-10-01", "due_date": "2026-12-01", "currency": "EUR",
            "gross_minor": gross_minor,
        },
        "amount_due_minor": gross_minor,
    })
}

/// The id of an invoice.
pub(crate) fn invoice_id(data: &Value) -> String {
    let core: Core = serde_json::from_value(data["invoice"].clone()).expect("a core");
    core.id().to_string()
}

impl Registry {
    /// A registry with its participants, whose operator's key makes keys of browsers count or not.
    pub(crate) fn start(enrols: bool) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let origin: Origin = ORIGIN.parse().expect("an origin");
        let made = Folder::create(dir.path(), &origin, &[[101; 32], [102; 32]]).expect("new");
        let clock = Arc::new(AtomicI64::new(BEGIN_MILLIS));
        let time = Arc::clone(&clock);
        let now = move || Timestamp::default().plus_millis(time.fetch_add(1, Ordering::SeqCst));
        let options = Options { clock: Arc::new(now), ..Options::default() };
        let engine = Engine::open(dir.path(), options).expect("it opens");
        let webhooks = Webhooks::open(dir.path(), webhooks::Options::default()).expect("they open");
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let url = format!("http://localhost:{port}");
        let sender = Sender {
            from: "Registry <registry@registry.example>".parse().expect("a mailbox"),
            reply_to: "desk@registry.example".parse().expect("a mailbox"),
            public_url: url.clone(),
        };
        let mails = Post::folder(&dir.path().join("mails")).expect("a folder");
        let letters = invitation::Options {
            mail: Some(Mail { post: mails, sender }),
            pace: Duration::from_millis(5),
            ..invitation::Options::default()
        };
        let invitations = Invitations::open_with(dir.path(), letters).expect("they open");
        let reach = Reach { plain: true, private: true };
        let packages = connect::Options { reach, ..connect::Options::default() };
        let vault = enrols.then(|| Vault::new(&[8; 32]));
        let connections = Connections::open(dir.path(), vault, packages).expect("they open");
        let hand = enrols.then(|| Clerk::new(SecretKey::from_seed(&[102; 32])));
        let beside = Beside::new(webhooks, invitations.clone(), connections).with_clerk(hand);
        let (stop, stopped) = oneshot::channel::<()>();
        let served = runtime.spawn(async move {
            let stopped = async move { drop(stopped.await) };
            http::serve(engine, beside, listener, stopped).await.expect("it serves");
        });
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).build();
        let registry = Self {
            url,
            agent: agent.into(),
            invitations,
            clock,
            counter: AtomicU64::new(0),
            runtime: Some(runtime),
            stop: Some(stop),
            served: Some(served),
            dir,
        };
        registry.open(&made.operator_key);
        registry
    }

    fn open(&self, operator: &SecretKey) {
        let opened = json!({
            "operator": OPERATOR, "key": operator.public(), "rules": 3, "skew_seconds": 300,
            "check_digits": "required",
        });
        self.state_with(operator, OPERATOR, "registry.opened.v1", &opened);
        for (party, role) in [
            (SUPPLIER, "supplier"),
            (DEBTOR, "debtor"),
            (FINANCIER, "financier"),
            (STRANGER, "debtor"),
        ] {
            let data = json!({
                "party": party, "roles": [role], "key": key(party).public(), "assurance": "document",
            });
            self.state_with(operator, OPERATOR, "participant.admitted.v1", &data);
        }
        for (party, name) in [
            (SUPPLIER, "Bakkerij Jansen B.V."),
            (DEBTOR, "Café De Brug"),
            (FINANCIER, "Noord Factoring N.V."),
        ] {
            let (name, language) = (name.to_owned(), Language::Dutch);
            let wish = ContactWish { name, email: None, language };
            let party: PartyId = party.parse().expect("a party id");
            let set = self.invitations.set_contact(&party, wish, self.now());
            self.block_on(set).expect("a contact");
        }
    }

    /// From now on the debtor's letters reach it.
    pub(crate) fn reach(&self) {
        let debtor: PartyId = DEBTOR.parse().expect("a party id");
        let (name, email) = ("Café De Brug".to_owned(), "facturen@debrug.example");
        let wish = ContactWish { name, email: Some(email.to_owned()), language: Language::Dutch };
        let set = self.invitations.set_contact(&debtor, wish, self.now());
        self.block_on(set).expect("a contact");
        let confirmed = self.invitations.confirm_contact(&debtor, email, self.now());
        self.block_on(confirmed).expect("its address");
    }

    /// The address in a letter that came, other than these.
    pub(crate) fn letter(&self, known: &[String]) -> String {
        let begun = Instant::now();
        loop {
            for file in fs::read_dir(self.dir.path().join("mails")).expect("a folder") {
                let text = fs::read_to_string(file.expect("a file").path()).unwrap_or_default();
                // Quoted-printable: a line that ends with `=` goes on.
                let text = text.replace("=\r\n", "");
                let found = text.split("/mandate/").nth(1).and_then(|rest| rest.get(..43));
                let address = found.map(|token| format!("{}/mandate/{token}", self.url));
                if let Some(address) = address.filter(|address| !known.contains(address)) {
                    return address;
                }
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "no letter came");
        }
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("it runs").block_on(future)
    }

    /// What its clock says.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::default().plus_millis(self.clock.load(Ordering::SeqCst))
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    fn reference(&self) -> String {
        self.counter.fetch_add(1, Ordering::SeqCst).to_string()
    }

    /// A statement of a participant, which is admitted; its id.
    pub(crate) fn state(&self, by: &str, kind: &str, data: &Value) -> String {
        self.state_with(&key(by), by, kind, data)
    }

    fn state_with(&self, key: &SecretKey, by: &str, kind: &str, data: &Value) -> String {
        let kind: StatementType = kind.parse().expect("a type");
        let (author, origin) = (by.parse().expect("a party"), ORIGIN.parse().expect("an origin"));
        let (now, reference, text) = (self.now(), self.reference(), data.to_string());
        let signed = SignedStatement::sign(key, kind, &author, &reference, now, &origin, &text);
        let signed = signed.expect("well formed");
        let request = self.agent.post(format!("{}/v1/statements", self.url));
        let sent = request.content_type("application/jose").send(signed.bytes());
        let mut answer = sent.expect("an answer");
        let text = answer.body_mut().read_to_string().expect("text");
        assert_eq!(answer.status(), 201, "{kind}: {text}");
        let receipt: Value = serde_json::from_str(&text).expect("JSON");
        receipt["id"].as_str().expect("an id").to_owned()
    }

    /// Registers an invoice; its id.
    pub(crate) fn register(&self, buyer: &str, number: &str, gross_minor: i64) -> String {
        let data = invoice(buyer, number, gross_minor);
        self.state(SUPPLIER, "invoice.registered.v1", &data);
        invoice_id(&data)
    }

    /// The financier asks the debtor for a mandate; the statement's id.
    pub(crate) fn ask(&self, scope: &Value) -> String {
        let until = self.now().plus_millis(180 * 86_400_000).to_string();
        let data = json!({"debtor": DEBTOR, "scope": scope, "until": until});
        self.state(FINANCIER, "mandate.requested.v1", &data)
    }

    /// The financier asks another debtor; the statement's id.
    pub(crate) fn ask_of(&self, debtor: &str) -> String {
        let until = self.now().plus_millis(86_400_000).to_string();
        let data = json!({"debtor": debtor, "scope": {"kind": "all"}, "until": until});
        self.state(FINANCIER, "mandate.requested.v1", &data)
    }

    /// The address in a letter to the debtor about a request; without one, about its mandates.
    pub(crate) fn link(&self, request: Option<&str>) -> String {
        let purpose =
            request.map_or(Purpose::Manage, |id| Purpose::Answer(id.parse().expect("an id")));
        let debtor: PartyId = DEBTOR.parse().expect("a party id");
        let issued = self.invitations.issue(&debtor, purpose, Language::Dutch, self.now());
        let token = self.block_on(issued).expect("a link");
        format!("{}/mandate/{}", self.url, *token.text())
    }

    /// Reads as a participant: status and JSON.
    pub(crate) fn read(&self, by: &str, path: &str) -> (u16, Value) {
        let party: PartyId = by.parse().expect("a party id");
        let token =
            AccessToken::issue(&key(by), &party, ORIGIN, &self.reference(), 120, self.now());
        let request = self.agent.get(format!("{}{path}", self.url));
        let sent = request.header("authorization", format!("Bearer {token}")).call();
        let mut answer = sent.expect("an answer");
        let text = answer.body_mut().read_to_string().expect("text");
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let (Some(runtime), Some(served)) = (self.runtime.take(), self.served.take()) {
            let _ = runtime.block_on(served);
        }
    }
}
