//! Requests to packages: bounded in time and size, to allowed addresses only, and answers that are read whole or not
//! at all.

use core::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body, Error, RequestBuilder};

use crate::connect::connector::Trouble;
use crate::webhooks::{NotPublic, Reach, UrlError, client};

/// How long a request may take in all.
const EXCHANGE_MAX: Duration = Duration::from_secs(30);
/// The most bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 8 << 20;

/// Makes requests to packages.
pub struct Client {
    agent: Agent,
    reach: Reach,
}

/// What a package answered.
pub struct Reply {
    status: StatusCode,
    retry_after: Option<Duration>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Client {
    /// A client that goes only where it may.
    pub fn new(reach: Reach) -> Self {
        Self { agent: client(reach, EXCHANGE_MAX, "tallystick-connect"), reach }
    }

    /// Whether an address may be asked at all, as far as that can be told without asking for it.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn check(&self, url: &str) -> Result<(), UrlError> {
        self.reach.check_url(url)
    }

    /// Asks with `GET`.
    ///
    /// # Errors
    /// [`Trouble`] where there is no answer; any status is one.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Reply, Trouble> {
        self.check(url).map_err(|_| Trouble::Address)?;
        let sent = with(self.agent.get(url), headers).call();
        reply(sent)
    }

    /// Asks with `POST`, where a package has no other way to ask, or for a token.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Reply, Trouble> {
        self.check(url).map_err(|_| Trouble::Address)?;
        let sent = with(self.agent.post(url), headers).send(body);
        reply(sent)
    }
}

fn with<B>(mut request: RequestBuilder<B>, headers: &[(&str, &str)]) -> RequestBuilder<B> {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
}

fn reply(sent: Result<Response<Body>, Error>) -> Result<Reply, Trouble> {
    let mut response = sent.map_err(|error| trouble(&error))?;
    let text = |value: &ureq::http::HeaderValue| value.to_str().map(str::to_owned).ok();
    let headers: Vec<_> = response
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
        .collect();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    let body = body.map_err(|error| trouble(&error))?;
    let mut reply = Reply { status: response.status(), retry_after: None, headers, body };
    let seconds = reply.header("retry-after").and_then(|value| value.parse().ok());
    reply.retry_after = seconds.map(Duration::from_secs);
    Ok(reply)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the client's list of errors is open")]
fn trouble(error: &Error) -> Trouble {
    match error {
        Error::Other(inner) if inner.is::<NotPublic>() => Trouble::Address,
        Error::BodyExceedsLimit(_) => Trouble::Malformed("the answer is too long"),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => Trouble::Malformed("no HTTP"),
        _ => Trouble::Unreachable,
    }
}

impl Reply {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body, whatever the status.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body of a success.
    ///
    /// # Errors
    /// What another status means: 401 is a revoked key, 403 one that may not read this, 429 (and 503 with a time) a
    /// limit.
    pub fn success(self) -> Result<Vec<u8>, Trouble> {
        match (self.status.as_u16(), self.retry_after) {
            (200..=299, _) => Ok(self.body),
            (401, _) => Err(Trouble::Revoked),
            (403, _) => Err(Trouble::Forbidden),
            (429, wait) | (503, wait @ Some(_)) => Err(Trouble::Limited(wait)),
            (status, _) => Err(Trouble::Answered(status)),
        }
    }

    /// The body of a success, as JSON.
    ///
    /// # Errors
    /// As [`Self::success`], and [`Trouble::Malformed`] where it is something else.
    pub fn json<T: serde::de::DeserializeOwned>(self) -> Result<T, Trouble> {
        let body = self.success()?;
        serde_json::from_slice(&body).map_err(|_| Trouble::Malformed("the answer's JSON"))
    }
}
