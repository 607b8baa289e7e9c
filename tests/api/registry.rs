//! A registry on a port of its own, with a clock that the test owns, and participants who sign.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tallystick::connect::{self, Connections, Vault};
use tallystick::domain::RULES_VERSION;
use tallystick::engine::{Engine, Folder, Options};
use tallystick::http::{self, Beside};
use tallystick::invitation::{self, Invitations};
use tallystick::invoice::Core;
use tallystick::log::Vkey;
use tallystick::signing::{AccessToken, SecretKey};
use tallystick::statement::{SignedStatement, StatementType};
use tallystick::types::{Origin, PartyId, Timestamp};
use tallystick::webhooks::{self, Reach, Schedule, Webhooks};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use ureq::Agent;

/// The registry's name.
pub(crate) const ORIGIN: &str = "registry.example/test";
/// The operator's party id.
const OPERATOR: &str = "0106:00000001";
/// When every test begins: 2026-11-21T10:00:00Z.
const BEGIN_MILLIS: i64 = 1_795_255_200_000;

/// A participant, or somebody who claims to be one.
#[derive(Clone)]
pub(crate) struct Party {
    /// Its party id.
    pub(crate) id: &'static str,
    /// Its key.
    pub(crate) key: Arc<SecretKey>,
}

impl Party {
    /// Somebody with a key made from a number.
    pub(crate) fn new(id: &'static str, seed: u8) -> Self {
        Self { id, key: Arc::new(SecretKey::from_seed(&[seed; 32])) }
    }

    /// Its party id as a value of the library.
    pub(crate) fn party(&self) -> PartyId {
        self.id.parse().expect("a party id")
    }
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its headers, in lower case.
    headers: Vec<(String, String)>,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Takes an answer apart that was read from a connection.
    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            status: status.and_then(|status| status.parse().ok()).expect("a status"),
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The lines of an NDJSON body.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = self.text();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The code of the problem.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// All headers but these, in order.
    pub(crate) fn headers_but(&self, left_out: &[&str]) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| !left_out.contains(&name.as_str()));
        headers.sort();
        headers
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }
}

/// A running registry.
pub(crate) struct Registry {
    /// Its address.
    pub(crate) url: String,
    /// The operator.
    pub(crate) operator: Party,
    /// The key that its checkpoints are checked with.
    pub(crate) vkey: Vkey,
    clock: Arc<AtomicI64>,
    /// By how much the clock goes on each time that it is looked at.
    step: Arc<AtomicI64>,
    counter: AtomicU64,
    agent: Agent,
    how: How,
    running: Option<Running>,
    dir: TempDir,
}

/// How a registry runs; the same after a restart.
#[derive(Clone)]
struct How {
    options: Options,
    webhooks: webhooks::Options,
    connect: connect::Options,
    /// The key of the vault, where there is one.
    vault: Option<[u8; 32]>,
    invitations: invitation::Options,
}

/// A server with its runtime.
struct Running {
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    runtime: Runtime,
}

/// Webhooks for tests: to this machine, and tried again as soon as the clock has moved at all.
pub(crate) fn quick_webhooks() -> webhooks::Options {
    let schedule = Schedule {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(1),
        ..Schedule::default()
    };
    webhooks::Options {
        reach: Reach { plain: true, private: true },
        schedule,
        pace: Duration::from_millis(2),
        attempt_max: Duration::from_secs(2),
    }
}

/// Connections for tests: to this machine, and read again as soon as the clock has moved at all.
pub(crate) fn quick_connections() -> connect::Options {
    let milli = Duration::from_millis(1);
    connect::Options {
        reach: Reach { plain: true, private: true },
        schedule: Schedule { first: milli, longest: milli, ..Schedule::default() },
        round: Duration::from_millis(5),
        every: Some(milli),
        ..connect::Options::default()
    }
}

impl Registry {
    /// A registry that is open and has nobody but its operator.
    pub(crate) fn start() -> Self {
        let registry = Self::start_unopened(Options::default().queue_kib);
        registry.open();
        registry
    }

    /// Makes the first statement.
    pub(crate) fn open(&self) {
        self.open_under(RULES_VERSION);
    }

    /// Makes the first statement, under a version of the rules.
    pub(crate) fn open_under(&self, rules: u16) {
        let opened = json!({
            "operator": OPERATOR, "key": self.operator.key.public(), "rules": rules,
            "skew_seconds": 300, "check_digits": "required",
        });
        self.state(&self.operator, "registry.opened.v1", &opened);
    }

    /// A registry without a first statement, with room for so many kibibytes of statements.
    pub(crate) fn start_unopened(queue_kib: u32) -> Self {
        Self::make(queue_kib, quick_webhooks())
    }

    /// A registry that is open and sends webhooks like this.
    pub(crate) fn start_with(webhooks: webhooks::Options) -> Self {
        let registry = Self::make(Options::default().queue_kib, webhooks);
        registry.open();
        registry
    }

    fn make(queue_kib: u32, webhooks: webhooks::Options) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let origin: Origin = ORIGIN.parse().expect("an origin");
        let made = Folder::create(dir.path(), &origin, &[[101; 32], [102; 32]]).expect("new");
        let clock = Arc::new(AtomicI64::new(BEGIN_MILLIS));
        let step = Arc::new(AtomicI64::new(1));
        let (time, of_time) = (Arc::clone(&clock), Arc::clone(&step));
        let now = move || {
            let step = of_time.load(Ordering::SeqCst);
            Timestamp::default().plus_millis(time.fetch_add(step, Ordering::SeqCst))
        };
        let options = Options { clock: Arc::new(now), queue_kib, ..Options::default() };
        let how = How {
            options,
            webhooks,
            connect: quick_connections(),
            vault: Some([9; 32]),
            invitations: invitation::Options::default(),
        };
        let (running, url) = run(dir.path(), &how);
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Self {
            url,
            operator: Party { id: OPERATOR, key: Arc::new(made.operator_key) },
            vkey: made.vkey,
            clock,
            step,
            counter: AtomicU64::new(0),
            agent: agent.into(),
            how,
            running: Some(running),
            dir,
        }
    }

    /// Stops it, lets something happen to its folder, and starts it again at another address.
    pub(crate) fn restart_after(&mut self, meanwhile: impl FnOnce(&Path)) {
        if let Some(mut running) = self.running.take() {
            drop(running.stop.take());
            running.runtime.block_on(running.served).expect("it served");
            running.runtime.shutdown_timeout(Duration::from_secs(5));
        }
        meanwhile(self.dir.path());
        let (running, url) = run(self.dir.path(), &self.how);
        (self.running, self.url) = (Some(running), url);
    }

    /// Restarts it with these kinds of packages, and with the vault under this key or without one.
    pub(crate) fn connect(&mut self, connect: connect::Options, vault: Option<[u8; 32]>) {
        (self.how.connect, self.how.vault) = (connect, vault);
        self.restart_after(|_| ());
    }

    /// Restarts it with other rules for webhooks.
    pub(crate) fn allow(&mut self, webhooks: webhooks::Options) {
        self.how.webhooks = webhooks;
        self.restart_after(|_| ());
    }

    /// Restarts it with other rules for letters.
    pub(crate) fn post_letters(&mut self, invitations: invitation::Options) {
        self.how.invitations = invitations;
        self.restart_after(|_| ());
    }

    /// What its clock says.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::default().plus_millis(self.clock.load(Ordering::SeqCst))
    }

    /// A time that lies so many seconds from now.
    pub(crate) fn at(&self, seconds: i64) -> String {
        self.now().plus_millis(seconds * 1_000).to_string()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    /// From here on time passes only when the test lets it, whoever looks at the clock how often.
    pub(crate) fn freeze(&self) {
        self.step.store(0, Ordering::SeqCst);
        self.jump(1);
    }

    /// Goes to so many seconds after the beginning, and to references that come after every other one: what was asked
    /// before leaves no trace in what is said from here on.
    pub(crate) fn jump(&self, seconds: i64) {
        self.clock.store(BEGIN_MILLIS + seconds * 1_000, Ordering::SeqCst);
        self.counter.store(u64::try_from(seconds).expect("later"), Ordering::SeqCst);
    }

    /// A new reference for a statement.
    pub(crate) fn reference(&self) -> String {
        self.counter.fetch_add(1, Ordering::SeqCst).to_string()
    }

    /// Signs a statement, by the party's own key.
    pub(crate) fn sign(&self, by: &Party, kind: &str, data: &Value) -> String {
        self.sign_as(&by.key, by.id, &self.reference(), kind, data)
    }

    /// Signs a statement with any key, on anybody's account.
    pub(crate) fn sign_as(
        &self,
        key: &SecretKey,
        author: &str,
        reference: &str,
        kind: &str,
        data: &Value,
    ) -> String {
        let kind: StatementType = kind.parse().expect("a type");
        let author: PartyId = author.parse().expect("a party id");
        let origin: Origin = ORIGIN.parse().expect("an origin");
        let data = data.to_string();
        let now = self.now();
        let signed = SignedStatement::sign(key, kind, &author, reference, now, &origin, &data);
        String::from_utf8(signed.expect("well formed").bytes().to_vec()).expect("ASCII")
    }

    /// Makes a statement that is admitted; its receipt.
    pub(crate) fn state(&self, by: &Party, kind: &str, data: &Value) -> Value {
        let answer = self.submit(&self.sign(by, kind, data));
        assert_eq!(answer.status, 201, "{kind} {data}: {}", answer.text());
        answer.json()
    }

    /// Admits a participant.
    pub(crate) fn admit(&self, party: &Party, roles: &[&str]) -> Value {
        let data = json!({
            "party": party.id, "roles": roles, "key": party.key.public(), "assurance": "document",
        });
        self.state(&self.operator, "participant.admitted.v1", &data)
    }

    /// Sends one statement.
    pub(crate) fn submit(&self, statement: &str) -> Answer {
        self.post("application/jose", statement.as_bytes())
    }

    /// Sends a body to `/v1/statements`.
    pub(crate) fn post(&self, media: &str, body: &[u8]) -> Answer {
        let request = self.agent.post(format!("{}/v1/statements", self.url));
        let sent = request.content_type(media).send(body);
        take(sent.expect("an answer"))
    }

    /// Sends a body to an address, as a party.
    pub(crate) fn post_as(&self, by: &Party, path: &str, media: &str, body: &[u8]) -> Answer {
        let request = self.agent.post(format!("{}{path}", self.url)).content_type(media);
        let token = format!("Bearer {}", self.token(by));
        take(request.header("authorization", token).send(body).expect("an answer"))
    }

    /// Checks an invoice as a party.
    pub(crate) fn check(&self, by: &Party, data: &Value) -> Answer {
        self.post_as(by, "/v1/checks", "application/json", data.to_string().as_bytes())
    }

    /// A token of a party.
    pub(crate) fn token(&self, of: &Party) -> String {
        AccessToken::issue(&of.key, &of.party(), ORIGIN, &self.reference(), 120, self.now())
    }

    /// Reads as a party.
    pub(crate) fn get(&self, by: &Party, path: &str) -> Answer {
        self.get_with(path, &[("authorization", &format!("Bearer {}", self.token(by)))])
    }

    /// Reads without a token.
    pub(crate) fn get_open(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// Reads with these headers.
    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        take(request.call().expect("an answer"))
    }

    /// Follows events as a party; `after` is the last id that it knows.
    pub(crate) fn follow(&self, by: &Party, after: Option<u64>) -> Follower {
        let mut request = self.agent.get(format!("{}/v1/events", self.url));
        request = request.header("authorization", format!("Bearer {}", self.token(by)));
        request = request.header("accept", "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let response = request.call().expect("an answer");
        assert_eq!(response.status(), 200);
        let lines = BufReader::new(response.into_body().into_reader()).lines();
        Follower(lines)
    }

    /// Tells it to stop, as a signal does.
    pub(crate) fn stop(&mut self) {
        if let Some(running) = &mut self.running {
            drop(running.stop.take());
        }
    }

    /// Sends a body in JSON as a party; none where it is null.
    pub(crate) fn send(&self, by: &Party, method: &str, path: &str, body: &Value) -> Answer {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.send_bytes(by, method, path, "application/json", text.as_bytes())
    }

    /// Sends a body in JSON without a token; none where it is null.
    pub(crate) fn send_open(&self, method: &str, path: &str, body: &Value) -> Answer {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.send_with(method, path, &[("content-type", "application/json")], text.as_bytes())
    }

    /// Sends any body as a party.
    pub(crate) fn send_bytes(
        &self,
        by: &Party,
        method: &str,
        path: &str,
        media: &str,
        body: &[u8],
    ) -> Answer {
        let token = format!("Bearer {}", self.token(by));
        let headers = [("authorization", token.as_str()), ("content-type", media)];
        self.send_with(method, path, &headers, body)
    }

    /// Sends any body without a token.
    pub(crate) fn send_open_bytes(
        &self,
        method: &str,
        path: &str,
        media: &str,
        body: &[u8],
    ) -> Answer {
        self.send_with(method, path, &[("content-type", media)], body)
    }

    fn send_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a request");
        let request = self.agent.configure_request(request).allow_non_standard_methods(true);
        take(self.agent.run(request.build()).expect("an answer"))
    }

    /// The data of a list, all pages of it.
    pub(crate) fn list(&self, by: &Party, path: &str) -> Vec<Value> {
        let mut data = Vec::new();
        let mut next = String::new();
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let cursor = format!("{separator}cursor={next}");
            let cursor = if next.is_empty() { "" } else { &cursor };
            let answer = self.get(by, &format!("{path}{cursor}"));
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            let page = answer.json();
            data.extend(page["data"].as_array().expect("a list").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => cursor.clone_into(&mut next),
                None => return data,
            }
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.stop.take());
            running.runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// Starts a server on a folder; its address.
fn run(dir: &Path, how: &How) -> (Running, String) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let engine = Engine::open(dir, how.options.clone()).expect("it opens");
    let webhooks = Webhooks::open(dir, how.webhooks).expect("they open");
    let invitations = Invitations::open_with(dir, how.invitations.clone()).expect("they open");
    let vault = how.vault.as_ref().map(Vault::new);
    let connections = Connections::open(dir, vault, how.connect.clone()).expect("they open");
    let beside = Beside::new(webhooks, invitations, connections);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = oneshot::channel::<()>();
    let served = runtime.spawn(async move {
        let stopped = async move { drop(stopped.await) };
        http::serve(engine, beside, listener, stopped).await.expect("it serves");
    });
    (Running { stop: Some(stop), served, runtime }, url)
}

/// An event of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name.
    pub(crate) kind: String,
    /// Its id, where it has one.
    pub(crate) id: Option<u64>,
    /// Its data.
    pub(crate) data: Value,
}

/// A stream of events.
pub(crate) struct Follower(Lines<BufReader<ureq::BodyReader<'static>>>);

impl Iterator for Follower {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let mut event = Event { kind: String::new(), id: None, data: Value::Null };
        loop {
            let line = self.0.next()?.ok()?;
            match line.split_once(": ") {
                Some(("event", kind)) => kind.clone_into(&mut event.kind),
                Some(("id", id)) => event.id = id.parse().ok(),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
                _ if line.is_empty() && !event.data.is_null() => return Some(event),
                _ => {}
            }
        }
    }
}

fn take(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers().iter().map(|(name, value)| {
        (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
    });
    let headers = headers.collect();
    let body = response.body_mut().with_config().limit(1 << 28).read_to_vec();
    Answer { status, headers, body: body.expect("a body") }
}

/// An invoice of a seller to a buyer.
pub(crate) fn invoice(seller: &Party, buyer: &Party, number: &str, gross_minor: i64) -> Value {
    json!({
        "invoice": {
            "seller": seller.id, "buyer": buyer.id, "number": number, "type": 380,
            "issue_date": "2026-10-01", "due_date": "2026-12-01", "currency": "EUR",
            "gross_minor": gross_minor,
        },
        "amount_due_minor": gross_minor,
    })
}

/// The id of an invoice that is registered with this data.
pub(crate) fn invoice_id(data: &Value) -> String {
    let core: Core = serde_json::from_value(data["invoice"].clone()).expect("a core");
    core.id().to_string()
}

/// A financing of one invoice.
pub(crate) fn financing(
    invoice: &str,
    claimed_minor: i64,
    disclosure: &str,
    on_conflict: &str,
) -> Value {
    json!({
        "invoices": [{"id": invoice, "claimed_minor": claimed_minor}], "currency": "EUR",
        "kind": "factoring", "recourse": "with", "disclosure": disclosure,
        "on_conflict": on_conflict, "advanced_minor": claimed_minor / 2,
    })
}

/// The id in a receipt.
pub(crate) fn id(receipt: &Value) -> String {
    receipt["id"].as_str().expect("an id").to_owned()
}
