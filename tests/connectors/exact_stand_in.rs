//! A stand-in of ours for Exact Online, true to its published contract as far as we know it, and not Exact.
//!
//! What it holds callers to: the authorisation code flow with PKCE; codes and refresh tokens that work once, and a
//! grant that dies when one is used again; access tokens of 600 seconds, a new one at most every 570 and 200 token
//! calls a day; 60 calls a minute and 5,000 a day with their headers, and 429; pages of 60 with `__next`; filters;
//! `/Date(…)/`; sync timestamps; deletions; webhook subscriptions that are tried out before they are accepted.
//! Its clock stands still until it is moved.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::web::{Answer, Request, look_up, serve};

pub(crate) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const CLIENT_SECRET: &str = "app-secret";
pub(crate) const WEBHOOK_SECRET: &str = "webhook-secret";
pub(crate) const DIVISION: u64 = 7_001;
/// The rows of a page.
const PAGE: usize = 60;
const ACCESS_S: i64 = 600;
const REFRESH_AFTER_S: i64 = 570;
const TOKEN_CALLS_A_DAY: usize = 200;
const DAY_S: i64 = 86_400;

/// Exact Online, as far as we need it.
#[derive(Clone)]
pub(crate) struct Exact {
    pub(crate) url: String,
    inside: Arc<Mutex<Inside>>,
}

/// One consent and the tokens that came of it.
#[derive(Debug, Default, Clone)]
struct Grant {
    refresh: String,
    spent: Vec<String>,
    access: String,
    issued_s: i64,
    used_s: i64,
    dead: bool,
}

#[derive(Debug, Default)]
struct Inside {
    now_s: i64,
    serial: u64,
    redirect: String,
    codes: BTreeMap<String, String>,
    grants: Vec<Grant>,
    token_calls: Vec<i64>,
    calls: Vec<i64>,
    minutely: usize,
    daily: usize,
    stamp: u64,
    tables: BTreeMap<&'static str, Vec<Value>>,
    subscriptions: Vec<(String, String)>,
    log: Vec<String>,
    forbidden: Vec<&'static str>,
    break_token_answer: bool,
}

impl Exact {
    /// A server whose clock begins at this time, in seconds.
    pub(crate) fn at(now_s: i64) -> Self {
        let inside = Inside { now_s, minutely: 60, daily: 5_000, ..Inside::default() };
        let inside = Arc::new(Mutex::new(inside));
        let shared = Arc::clone(&inside);
        let url = Arc::new(Mutex::new(String::new()));
        let own = Arc::clone(&url);
        let served = serve(move |request| {
            let own = own.lock().expect("no panic").clone();
            handle(&shared, &own, request)
        });
        url.lock().expect("no panic").clone_from(&served);
        Self { url: served, inside }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("no panic")
    }

    /// Where the application is sent back to.
    pub(crate) fn register_redirect(&self, url: &str) {
        url.clone_into(&mut self.inside().redirect);
    }

    /// Moves the clock.
    pub(crate) fn pass_s(&self, seconds: i64) {
        self.inside().now_s += seconds;
    }

    /// Allows fewer calls.
    pub(crate) fn limit(&self, minutely: usize, daily: usize) {
        let mut inside = self.inside();
        (inside.minutely, inside.daily) = (minutely, daily);
    }

    /// Puts a row into a table, or replaces the one with its key; a row of a sync table gets a new timestamp.
    pub(crate) fn put(&self, table: &'static str, key: &str, mut row: Value) {
        let mut inside = self.inside();
        inside.stamp += 1;
        let stamp = inside.stamp;
        if table.starts_with("sync/") {
            row["Timestamp"] = json!(stamp);
        }
        let rows = inside.tables.entry(table).or_default();
        rows.retain(|old| old[key] != row[key]);
        rows.push(row);
    }

    /// Takes a row away.
    pub(crate) fn remove(&self, table: &'static str, key: &str, value: &Value) {
        let mut inside = self.inside();
        inside.tables.entry(table).or_default().retain(|row| row[key] != *value);
    }

    /// The subscription does not have this table.
    pub(crate) fn forbid(&self, table: &'static str) {
        self.inside().forbidden.push(table);
    }

    /// The user takes the consent back.
    pub(crate) fn revoke(&self) {
        self.inside().grants.iter_mut().for_each(|grant| grant.dead = true);
    }

    /// The next token is given and the answer does not arrive.
    pub(crate) fn lose_next_token_answer(&self) {
        self.inside().break_token_answer = true;
    }

    /// How many calls of the token endpoint there were.
    pub(crate) fn token_calls(&self) -> usize {
        self.inside().token_calls.len()
    }

    /// The requests so far, as method and path.
    pub(crate) fn log(&self) -> Vec<String> {
        self.inside().log.clone()
    }

    /// Topic and address of each subscription.
    pub(crate) fn subscriptions(&self) -> Vec<(String, String)> {
        self.inside().subscriptions.clone()
    }
}

/// The code of a notification: upper-case hex HMAC-SHA256 over the raw text of its content (RFC 2104, by hand, so
/// that it is not the connector's own).
pub(crate) fn hash_code(content: &str, secret: &str) -> String {
    let mut key = [0; 64];
    key[..secret.len()].copy_from_slice(secret.as_bytes());
    let pad = |byte: u8| key.map(|c| c ^ byte);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(content).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02X}").expect("a text takes everything");
        hex
    })
}

fn handle(inside: &Mutex<Inside>, own: &str, request: &Request) -> Answer {
    let subscription = {
        let mut inside = inside.lock().expect("no panic");
        inside.log.push(format!("{} {}", request.method, request.path));
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/api/oauth2/auth") => return inside.authorise(request),
            ("POST", "/api/oauth2/token") => return inside.token(request),
            _ => {}
        }
        let limits = match inside.admit(request) {
            Err(refused) => return refused,
            Ok(limits) => limits,
        };
        if request.method == "GET" {
            return limits
                .into_iter()
                .fold(inside.rows(own, request), |answer, (name, value)| answer.with(name, value));
        }
        if !request.path.ends_with("/webhooks/WebhookSubscriptions") {
            return Answer::empty(403);
        }
        let body = request.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (text("Topic"), text("CallbackURL"))
    };
    // The address is tried with an empty body, and must answer 200 or 201.
    let answered = ureq::post(&subscription.1).send_empty();
    if !answered.is_ok_and(|answer| matches!(answer.status().as_u16(), 200 | 201)) {
        return Answer::json(
            400,
            &json!({"error": {"message": {"value": "callback not reachable"}}}),
        );
    }
    inside.lock().expect("no panic").subscriptions.push(subscription);
    Answer::json(201, &json!({"d": {"ID": "1"}}))
}

impl Inside {
    /// The user is asked and says yes.
    fn authorise(&mut self, request: &Request) -> Answer {
        let asked = |name| request.parameter(name);
        if asked("client_id") != CLIENT
            || asked("redirect_uri") != self.redirect
            || asked("response_type") != "code"
            || asked("code_challenge_method") != "S256"
        {
            return Answer::empty(400);
        }
        self.serial += 1;
        // Exact's codes hold signs that must survive both ways.
        let code = format!("stampNL001.code+{}/=", self.serial);
        self.codes.insert(code.clone(), asked("code_challenge").to_owned());
        let encoded = code.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let back = format!("{}?code={encoded}&state={}", self.redirect, asked("state"));
        Answer::empty(302).with("location", back)
    }

    fn token(&mut self, request: &Request) -> Answer {
        let form = request.form();
        let given = |name| look_up(&form, name);
        let refused = |error: &str| Answer::json(400, &json!({ "error": error }));
        let since = self.now_s - DAY_S;
        self.token_calls.push(self.now_s);
        if self.token_calls.iter().filter(|at| **at > since).count() > TOKEN_CALLS_A_DAY {
            return Answer::empty(429);
        }
        if given("client_id") != CLIENT || given("client_secret") != CLIENT_SECRET {
            return Answer::json(401, &json!({"error": "unauthorized_client"}));
        }
        self.serial += 1;
        let access = format!("stampNL001.access{}", self.serial);
        let refresh = format!("stampNL001.refresh{}", self.serial);
        let now = self.now_s;
        match given("grant_type") {
            "authorization_code" => {
                let Some(challenge) = self.codes.remove(given("code")) else {
                    return refused("invalid_grant");
                };
                let hash = Sha256::digest(given("code_verifier"));
                if given("redirect_uri") != self.redirect
                    || URL_SAFE_NO_PAD.encode(hash) != challenge
                {
                    return refused("invalid_grant");
                }
                self.grants.push(Grant {
                    refresh: refresh.clone(),
                    access: access.clone(),
                    issued_s: now,
                    used_s: now,
                    ..Grant::default()
                });
            }
            "refresh_token" => {
                let token = given("refresh_token");
                let spent = |grant: &&mut Grant| grant.spent.iter().any(|old| old == token);
                if let Some(grant) = self.grants.iter_mut().find(spent) {
                    grant.dead = true;
                    return refused("invalid_grant");
                }
                let own = |grant: &&mut Grant| grant.refresh == token && !grant.dead;
                let Some(grant) = self.grants.iter_mut().find(own) else {
                    return refused("invalid_grant");
                };
                if now - grant.used_s > 30 * DAY_S {
                    return refused("invalid_grant");
                }
                if now - grant.issued_s < REFRESH_AFTER_S {
                    return Answer::json(
                        400,
                        &json!({"error": "access_denied", "error_description":
                            "Rate limit exceeded: access_token not expired"}),
                    );
                }
                grant.spent.push(core::mem::replace(&mut grant.refresh, refresh.clone()));
                access.clone_into(&mut grant.access);
                (grant.issued_s, grant.used_s) = (now, now);
            }
            _ => return refused("unsupported_grant_type"),
        }
        if core::mem::take(&mut self.break_token_answer) {
            return Answer::empty(502);
        }
        // The life of a token is a text there, not a number.
        let life = ACCESS_S.to_string();
        Answer::json(
            200,
            &json!({"access_token": access, "token_type": "bearer", "expires_in": life,
                "refresh_token": refresh}),
        )
    }

    /// Lets a call in, with the headers that its answer has.
    fn admit(&mut self, request: &Request) -> Result<Vec<(&'static str, String)>, Answer> {
        let token = request.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let now = self.now_s;
        let holds =
            |grant: &Grant| grant.access == token && !grant.dead && now - grant.issued_s < ACCESS_S;
        if !self.grants.iter().any(holds) {
            return Err(Answer::empty(401));
        }
        let within = |span: i64| self.calls.iter().filter(|at| now - **at < span).count();
        let (minute, day) = (within(60), within(DAY_S));
        let full = minute >= self.minutely || day >= self.daily;
        let used = usize::from(!full);
        let left = |limit: usize, made: usize| limit.saturating_sub(made + used).to_string();
        let ends = |seconds: i64| ((now + seconds) * 1_000).to_string();
        let headers = vec![
            ("X-RateLimit-Limit", self.daily.to_string()),
            ("X-RateLimit-Remaining", left(self.daily, day)),
            ("X-RateLimit-Reset", ends(DAY_S)),
            ("X-RateLimit-Minutely-Limit", self.minutely.to_string()),
            ("X-RateLimit-Minutely-Remaining", left(self.minutely, minute)),
            ("X-RateLimit-Minutely-Reset", ends(60)),
        ];
        if full {
            let answer = Answer::empty(429);
            return Err(headers
                .into_iter()
                .fold(answer, |all, (name, value)| all.with(name, value)));
        }
        self.calls.push(now);
        Ok(headers)
    }

    fn rows(&self, own: &str, request: &Request) -> Answer {
        let Some(rest) = request.path.strip_prefix("/api/v1/") else { return Answer::empty(404) };
        let Some((place, table)) = rest.split_once('/') else { return Answer::empty(404) };
        if place != "current" && place != DIVISION.to_string() {
            return Answer::empty(403);
        }
        if table == "Me" {
            let me = json!([{"CurrentDivision": DIVISION}]);
            return Answer::json(200, &json!({"d": {"results": me}}));
        }
        if self.forbidden.contains(&table) {
            return Answer::empty(403);
        }
        let Some((name, rows)) = self.tables.get_key_value(table) else {
            return Answer::json(200, &json!({"d": {"results": []}}));
        };
        // Without a column list, and without a filter where there is a sync, Exact refuses.
        if request.parameter("$select").is_empty()
            || (name.starts_with("sync/") && !request.parameter("$filter").contains("Timestamp"))
        {
            return Answer::empty(400);
        }
        let filter = request.parameter("$filter");
        let mut rows = rows.iter().filter(|row| passes(row, filter)).cloned().collect::<Vec<_>>();
        if name.starts_with("sync/") {
            rows.sort_by_key(|row| row["Timestamp"].as_u64());
        }
        let from = request.parameter("$skiptoken").parse().unwrap_or(0_usize);
        let page = rows.iter().skip(from).take(PAGE).map(|row| selected(row, request));
        let mut d = json!({"results": page.collect::<Vec<_>>()});
        if rows.len() > from + PAGE {
            let kept = request.query.iter().filter(|(name, _)| name != "$skiptoken");
            let kept = kept.map(|(name, value)| format!("{name}={}&", value.replace(' ', "%20")));
            let query = kept.collect::<String>().replace('\'', "%27");
            let path = &request.path;
            d["__next"] = json!(format!("{own}{path}?{query}$skiptoken={}", from + PAGE));
        }
        Answer::json(200, &json!({ "d": d }))
    }
}

fn selected(row: &Value, request: &Request) -> Value {
    let fields = request.parameter("$select").split(',').map(str::trim);
    fields
        .map(|field| (field.to_owned(), row[field].clone()))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .collect()
}

/// The little of `OData` that is used: comparisons, joined by `and` or by `or`.
fn passes(row: &Value, filter: &str) -> bool {
    if filter.is_empty() {
        return true;
    }
    if filter.contains(" or ") {
        return filter.split(" or ").any(|part| passes(row, part));
    }
    filter.split(" and ").all(|part| {
        let part = part.trim().trim_matches(['(', ')']);
        let words = part.splitn(3, ' ').collect::<Vec<_>>();
        let [field, operator, value] = words[..] else { unreachable!("a filter: {part}") };
        let value = value.trim_matches(['(', ')']);
        let found = &row[field];
        let order = if let Some(guid) = value.strip_prefix("guid'") {
            found.as_str().map(|text| text.cmp(guid.trim_end_matches('\'')))
        } else if let Some(time) = value.strip_prefix("datetime'") {
            let time = format!("{}Z", time.trim_end_matches('\''));
            let time = time.parse::<tallystick::types::Timestamp>().expect("a time").millis();
            let text = found.as_str().unwrap_or_default();
            let text = text.trim_start_matches("/Date(").trim_end_matches(")/");
            text.parse::<i64>().ok().map(|found| found.cmp(&time))
        } else {
            let number = value.trim_end_matches('L').parse::<i64>().expect("a number");
            found.as_i64().map(|found| found.cmp(&number))
        };
        match operator {
            "eq" => order.is_some_and(core::cmp::Ordering::is_eq),
            "gt" => order.is_some_and(core::cmp::Ordering::is_gt),
            "ge" => order.is_some_and(core::cmp::Ordering::is_ge),
            other => unreachable!("an operator: {other}"),
        }
    })
}
