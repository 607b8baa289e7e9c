//! A registry over HTTP: blocking requests, access tokens, problem documents as errors.
//!
//! Only what the server says it did not take is tried again (503, 429): a statement is idempotent, so a lost answer is
//! asked for again by the user, knowingly. Does not know what the answers mean.

use core::time::Duration;
use std::io::Read as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Once};
use std::thread;

use anyhow::{Context as _, anyhow, bail};
use serde::Deserialize;
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use crate::cli::failure::{WithHint as _, failure};
use crate::cli::host;
use crate::cli::identity::Identity;
use crate::record::Receipt;
use crate::signing::token::AccessToken;
use crate::signing::{SecretKey, token};
use crate::types::{Origin, PartyId};

/// Where a registry listens unless it is told otherwise.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:8420";
/// The longest answer that is taken into memory.
const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// How often a request that was not taken is made again.
const ATTEMPTS: u32 = 8;
/// How long a token is good for: a request or two, and clocks that differ.
const TOKEN_SECONDS: u32 = 240;

/// Where the registry is, and what it is called.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Place {
    /// The registry's address
    #[arg(long, value_name = "URL", env = "TALLYSTICK_URL", default_value = DEFAULT_URL)]
    pub(crate) url: String,
    /// The registry's name (origin), such as registry.example/2026; needed unless the address is this machine's
    #[arg(long, value_name = "ORIGIN", env = "TALLYSTICK_REGISTRY")]
    pub(crate) registry: Option<Origin>,
}

/// A refusal by the registry (RFC 9457).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Problem {
    /// The stable code.
    #[serde(default)]
    pub(crate) code: String,
    /// What kind of problem it is.
    #[serde(default)]
    pub(crate) title: String,
    /// What exactly.
    #[serde(default)]
    pub(crate) detail: String,
}

impl core::fmt::Display for Problem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let words = if self.detail.is_empty() { &self.title } else { &self.detail };
        write!(f, "{}: {words}", self.code)
    }
}

/// What the registry made of one statement.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// It stands in the log.
    Receipt(Box<Receipt>, Value),
    /// It does not.
    Problem(Problem, Value),
}

impl Reply {
    fn from_json(json: Value) -> anyhow::Result<Self> {
        if json.get("object").and_then(Value::as_str) == Some("receipt") {
            let receipt = Receipt::deserialize(&json).context("this is not a receipt")?;
            return Ok(Self::Receipt(Box::new(receipt), json));
        }
        let problem = problem(&json);
        if problem.code.is_empty() {
            bail!("the registry answered something that is neither a receipt nor a problem");
        }
        Ok(Self::Problem(problem, json))
    }

    /// The answer as it came.
    pub(crate) const fn json(&self) -> &Value {
        match self {
            Self::Receipt(_, json) | Self::Problem(_, json) => json,
        }
    }
}

/// The code of a problem is also the last part of its `type`.
fn problem(json: &Value) -> Problem {
    let empty = || Problem { code: String::new(), title: String::new(), detail: String::new() };
    let mut problem = Problem::deserialize(json).unwrap_or_else(|_| empty());
    if problem.code.is_empty() {
        let kind = json.get("type").and_then(Value::as_str).unwrap_or_default();
        kind.rsplit('/').next().unwrap_or_default().clone_into(&mut problem.code);
    }
    problem
}

/// A registry to talk to.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
}

impl Client {
    /// A client of the registry at an address.
    ///
    /// # Errors
    /// Where the address is not one of HTTP.
    pub(crate) fn new(url: &str) -> anyhow::Result<Self> {
        let base = url.trim_end_matches('/').to_owned();
        if !base.starts_with("http://") && !base.starts_with("https://") {
            return Err(anyhow!("{url} is not an address of HTTP"))
                .hint(format!("give it in full, such as {DEFAULT_URL}"));
        }
        if base.starts_with("http://") && !is_local(&base) {
            super::terminal::say(format_args!(
                "warning: {base} is not encrypted: whoever is in between reads what you read"
            ));
        }
        install_provider();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .tls_config(tls)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_mins(2)))
            .user_agent(concat!("tallystick/", env!("CARGO_PKG_VERSION")))
            // A token goes to the registry that was named, not to where that sends us.
            .max_redirects(0)
            .build()
            .new_agent();
        Ok(Self { agent, base })
    }

    /// The address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// What a path answers with, where that is a success.
    ///
    /// # Errors
    /// Where the registry cannot be reached or answers with a problem.
    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> anyhow::Result<Vec<u8>> {
        let (status, body) = self.get_any(path, token)?;
        if status.is_success() { Ok(body) } else { Err(refused(status, &body)) }
    }

    /// What a path answers with, whatever that is.
    ///
    /// # Errors
    /// Where the registry cannot be reached.
    pub(crate) fn get_any(
        &self,
        path: &str,
        token: Option<&str>,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let slash = if path.starts_with('/') { "" } else { "/" };
        let url = format!("{}{slash}{path}", self.base);
        self.persist(|| {
            let mut request = self.agent.get(&url);
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            request.call()
        })
    }

    /// What a path answers with, as JSON.
    ///
    /// # Errors
    /// As [`Self::get`], and where the answer is not JSON.
    pub(crate) fn get_json(&self, path: &str, token: Option<&str>) -> anyhow::Result<Value> {
        let body = self.get(path, token)?;
        serde_json::from_slice(&body).with_context(|| format!("{path} did not answer with JSON"))
    }

    /// Sends one statement (a compact JWS).
    ///
    /// # Errors
    /// Where the registry cannot be reached; a refusal is an answer.
    pub(crate) fn submit(&self, statement: &[u8]) -> anyhow::Result<Reply> {
        let url = format!("{}/v1/statements", self.base);
        let send =
            || self.agent.post(&url).header("content-type", "application/jose").send(statement);
        let (status, body) = self.persist(send)?;
        let json = serde_json::from_slice(&body).map_err(|_| refused(status, &body))?;
        Reply::from_json(json)
    }

    /// Sends statements together; the answers are in their order.
    ///
    /// # Errors
    /// Where the registry cannot be reached or does not take the whole.
    pub(crate) fn submit_many<S: AsRef<[u8]>>(
        &self,
        statements: &[S],
    ) -> anyhow::Result<Vec<Reply>> {
        let url = format!("{}/v1/statements", self.base);
        let mut body = Vec::new();
        for statement in statements {
            body.extend_from_slice(statement.as_ref());
            body.push(b'\n');
        }
        let send = || {
            let request = self.agent.post(&url).header("content-type", "application/x-ndjson");
            request.send(body.as_slice())
        };
        let (status, answer) = self.persist(send)?;
        if !status.is_success() {
            return Err(refused(status, &answer));
        }
        let replies = answer
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.trim_ascii().is_empty())
            .map(|line| Reply::from_json(serde_json::from_slice(line)?))
            .collect::<anyhow::Result<Vec<_>>>()?;
        if replies.len() != statements.len() {
            bail!("{} statements were sent and {} answered", statements.len(), replies.len());
        }
        Ok(replies)
    }

    /// Sends lines to an address, as a participant; the lines of the answer are in their order.
    ///
    /// # Errors
    /// Where the registry cannot be reached, does not take the whole, or does not answer every line.
    pub(crate) fn check_many(&self, lines: &[String], token: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self.post_lines("/v1/checks", lines, token)?;
        let answers = answer
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.trim_ascii().is_empty())
            .map(serde_json::from_slice)
            .collect::<Result<Vec<Value>, _>>()
            .context("the registry answered something that is not JSON")?;
        if answers.len() != lines.len() {
            if let Some(last) = answers.last().map(problem).filter(|it| !it.code.is_empty()) {
                bail!("the registry stopped answering: {last}");
            }
            bail!("{} invoices were sent and {} answered", lines.len(), answers.len());
        }
        Ok(answers)
    }

    /// Sends statements that are decided together; the answer is one object.
    ///
    /// # Errors
    /// Where the registry cannot be reached or does not take the whole.
    pub(crate) fn finance(&self, lines: &[String], token: &str) -> anyhow::Result<Value> {
        let answer = self.post_lines("/v1/financings", lines, token)?;
        serde_json::from_slice(&answer).context("the registry did not answer with JSON")
    }

    /// Sends a response to an invoice (XML), as a participant; what the registry makes of it, or why nothing.
    ///
    /// # Errors
    /// Where the registry cannot be reached or does not know who asks.
    pub(crate) fn respond(
        &self,
        xml: &[u8],
        token: &str,
    ) -> anyhow::Result<Result<Value, Problem>> {
        let url = format!("{}/v1/responses", self.base);
        let send = || {
            let request = self.agent.post(&url).header("content-type", "application/xml");
            request.header("authorization", format!("Bearer {token}")).send(xml)
        };
        let (status, answer) = self.persist(send)?;
        let json: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let about_it = problem(&json);
        let is_of_it = about_it.code.contains("response") || about_it.code == "body_too_large";
        if status.is_success() {
            Ok(Ok(json))
        } else if is_of_it {
            Ok(Err(about_it))
        } else {
            Err(refused(status, &answer))
        }
    }

    fn post_lines(&self, path: &str, lines: &[String], token: &str) -> anyhow::Result<Vec<u8>> {
        let url = format!("{}{path}", self.base);
        let mut body = lines.join("\n");
        body.push('\n');
        let send = || {
            let request = self.agent.post(&url).header("content-type", "application/x-ndjson");
            request.header("authorization", format!("Bearer {token}")).send(body.as_bytes())
        };
        let (status, answer) = self.persist(send)?;
        if status.is_success() { Ok(answer) } else { Err(refused(status, &answer)) }
    }

    /// Sends an object in JSON, none where it is null; what was answered, where that is a success.
    ///
    /// # Errors
    /// Where the registry cannot be reached or answers with a problem.
    pub(crate) fn send_json(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, token, "application/json", text.as_bytes())
    }

    /// Sends bytes of a type.
    ///
    /// # Errors
    /// Where the registry cannot be reached, refuses, or does not answer with JSON.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        kind: &str,
        body: &[u8],
    ) -> anyhow::Result<Value> {
        let request = || {
            let request = ureq::http::Request::builder()
                .method(method)
                .uri(format!("{}{path}", self.base))
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", kind)
                .body(body)?;
            let request = self.agent.configure_request(request).allow_non_standard_methods(true);
            self.agent.run(request.build())
        };
        let (status, answer) = self.persist(request)?;
        if !status.is_success() {
            return Err(refused(status, &answer));
        }
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).with_context(|| format!("{path} did not answer with JSON"))
    }

    /// The name that the registry at this address gives itself: the first line of its checkpoint.
    ///
    /// # Errors
    /// As [`Self::get`], and where it has no checkpoint.
    pub(crate) fn claimed_origin(&self) -> anyhow::Result<Origin> {
        let checkpoint = String::from_utf8(self.get("/checkpoint", None)?)?;
        let name = checkpoint.lines().next().unwrap_or_default();
        name.parse().with_context(|| format!("{} has no checkpoint of a registry", self.base))
    }

    /// Makes a request until it is taken.
    fn persist(
        &self,
        request: impl Fn() -> Result<Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let mut attempt = 1;
        loop {
            let mut response =
                request().with_context(|| format!("cannot reach {}", self.base)).hint(
                    "is the registry running there? `tallystick serve` runs it, --url names it",
                )?;
            let status = response.status();
            let later = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
            if later.contains(&status) && attempt < ATTEMPTS {
                thread::sleep(pause(&response, attempt));
                attempt = attempt.saturating_add(1);
                continue;
            }
            let mut body = Vec::new();
            let mut reader = response.body_mut().as_reader().take(ANSWER_BYTES_MAX);
            reader.read_to_end(&mut body).context("the answer broke off")?;
            return Ok((status, body));
        }
    }
}

/// How long the registry asked us to wait, within reason.
fn pause(response: &Response<ureq::Body>, attempt: u32) -> Duration {
    let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let asked = header.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    let own = Duration::from_millis(200).saturating_mul(1 << attempt.min(5));
    asked.unwrap_or(own).min(Duration::from_secs(10))
}

/// A problem document as an error.
fn refused(status: StatusCode, body: &[u8]) -> anyhow::Error {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let problem = problem(&json);
    if problem.code.is_empty() {
        return anyhow!("the registry answered {status}");
    }
    let words = format!("the registry answered {}: {problem}", status.as_u16());
    match status {
        StatusCode::UNAUTHORIZED => {
            failure(words, "check --key, --as and --registry, and this machine's clock")
        }
        _ => anyhow::Error::msg(words),
    }
}

/// ureq brings no cryptography of its own; ring is installed once for the process.
fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Another part of the process may have been faster, with the same provider.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

/// Whether an address is this machine's own.
fn is_local(base: &str) -> bool {
    let host = base.split("//").nth(1).unwrap_or_default();
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let loopback = name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    loopback || matches!(name, "localhost" | "[::1]")
}

/// A participant at a registry: asks in its own name.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The registry.
    pub(crate) client: Client,
    /// Its name.
    pub(crate) origin: Origin,
    /// Who asks.
    pub(crate) party: PartyId,
    /// The key that it signs with.
    pub(crate) key: Arc<SecretKey>,
}

impl Session {
    /// Opens a session.
    ///
    /// # Errors
    /// Where the key cannot be read, or the registry's name is neither given nor safe to ask for.
    pub(crate) fn open(place: &Place, identity: &Identity) -> anyhow::Result<Self> {
        let client = Client::new(&place.url)?;
        let key = Arc::new(identity.secret()?);
        let origin = origin(&client, place)?;
        Ok(Self { client, origin, party: identity.party.clone(), key })
    }

    /// A fresh access token.
    ///
    /// # Errors
    /// Where there is no randomness.
    pub(crate) fn token(&self) -> anyhow::Result<String> {
        issue_token(&self.key, &self.party, self.origin.as_str(), TOKEN_SECONDS)
    }

    /// What a path answers with to this participant, as JSON.
    ///
    /// # Errors
    /// As [`Client::get_json`].
    pub(crate) fn get_json(&self, path: &str) -> anyhow::Result<Value> {
        self.client.get_json(path, Some(&self.token()?))
    }

    /// Sends an object in JSON as this participant.
    ///
    /// # Errors
    /// As [`Client::send_json`].
    pub(crate) fn send_json(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        self.client.send_json(method, path, &self.token()?, body)
    }

    /// Sends a file as this participant.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub(crate) fn send_file(&self, path: &str, file: &[u8]) -> anyhow::Result<Value> {
        self.client.send("POST", path, &self.token()?, "application/octet-stream", file)
    }
}

/// The name of the registry that statements and tokens are made for.
///
/// Only a registry on this machine is believed when it says its own name: a stranger who claimed another
/// registry's name would be handed a token for it.
///
/// # Errors
/// Where it has to be given.
pub(crate) fn origin(client: &Client, place: &Place) -> anyhow::Result<Origin> {
    match &place.registry {
        Some(origin) => Ok(origin.clone()),
        None if is_local(client.base()) => client.claimed_origin(),
        None => Err(anyhow!("which registry is {} supposed to be?", client.base()))
            .hint("add --registry ORIGIN (or set TALLYSTICK_REGISTRY); the operator publishes it"),
    }
}

/// A token for a participant.
///
/// # Errors
/// Where there is no randomness.
pub(crate) fn issue_token(
    key: &SecretKey,
    party: &PartyId,
    audience: &str,
    seconds: u32,
) -> anyhow::Result<String> {
    debug_assert!(i64::from(seconds) <= token::LIFETIME_MAX_S, "the registry would refuse it");
    Ok(AccessToken::issue(key, party, audience, &host::fresh_id()?, seconds, host::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for (url, local) in [
            ("http://127.0.0.1:8420", true),
            ("http://localhost", true),
            ("http://[::1]:80/x", true),
            ("https://registry.example", false),
            ("http://127.0.0.1@registry.example", false),
            ("http://127.registry.example", false),
            ("http://localhost.registry.example:80", false),
        ] {
            assert_eq!(is_local(url), local, "{url}");
        }
    }

    #[test]
    fn a_problem_has_the_code_of_its_type() {
        let json =
            serde_json::json!({"type": "/problems/key_unknown", "title": "t", "detail": "d"});
        assert_eq!(problem(&json).to_string(), "key_unknown: d");
    }
}
