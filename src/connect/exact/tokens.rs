//! Consent and tokens (OAuth 2.0 authorisation code, RFC 6749, with PKCE, RFC 7636).
//!
//! - A refresh token works once, and the whole consent dies when one is used twice. So the new one is on the disk before
//!   the access token that came with it is used, and if it cannot be kept, nothing is used.
//! - If the answer with new tokens is lost on the way, the consent is lost: Exact takes the old token for a theft. The
//!   connection then says that its key is refused, and the owner consents anew.
//! - Exact gives a new access token at most every 570 seconds; it is asked for not before, and only if there is
//!   something to read.

use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, StandardErrorResponse, TokenResponse as _, TokenUrl,
};
use serde::{Deserialize, Serialize};

use crate::connect::client::Client;
use crate::connect::connector::{Access, Trouble};
use crate::connect::exact::App;
use crate::connect::vault::Secret;
use crate::types::Timestamp;

/// After how long a new access token may be had; it lives 600 seconds.
const RENEW_AFTER_MS: i64 = 570_000;

type Flow = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// The secret of a connection.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Kept {
    /// The owner was sent to consent.
    Asked {
        /// What proves that it is we who asked.
        verifier: String,
        /// What was kept before, while the owner has not come back.
        before: Option<Held>,
    },
    /// The owner consented.
    Held(Held),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    access: String,
    refresh: String,
    since_ms: i64,
}

impl Held {
    fn new(answer: &BasicTokenResponse, now: Timestamp) -> Result<Self, Trouble> {
        let refresh = answer.refresh_token().ok_or(UNEXPECTED)?;
        Ok(Self {
            access: answer.access_token().secret().clone(),
            refresh: refresh.secret().clone(),
            since_ms: now.millis(),
        })
    }
}

const UNEXPECTED: Trouble = Trouble::Malformed("the tokens of Exact Online");

/// Where the owner consents. `state` comes back with him.
pub(super) fn consent(
    app: &App,
    access: &mut Access<'_>,
    back: &str,
    state: &str,
) -> Result<String, Trouble> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let before = access.secret().ok().and_then(|secret| match read(secret) {
        Ok(Kept::Held(held)) => Some(held),
        Ok(Kept::Asked { before, .. }) => before,
        Err(_) => None,
    });
    let flow = flow(app, back)?;
    let (url, _) =
        flow.authorize_url(|| CsrfToken::new(state.to_owned())).set_pkce_challenge(challenge).url();
    keep(access, &Kept::Asked { verifier: verifier.into_secret(), before })?;
    Ok(url.into())
}

/// Takes the code that came back, and keeps the tokens that it is worth.
pub(super) fn redeem(
    app: &App,
    access: &mut Access<'_>,
    back: &str,
    code: &str,
) -> Result<(), Trouble> {
    let Kept::Asked { verifier, .. } = read(access.secret()?)? else {
        return Err(Trouble::Revoked);
    };
    let client = access.client();
    let answer = flow(app, back)?
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(verifier))
        .request(&|request| send(client, &request))
        .map_err(trouble)?;
    let held = Held::new(&answer, access.now())?;
    keep(access, &Kept::Held(held))
}

/// An access token that may be used now.
pub(super) fn token(app: &App, access: &mut Access<'_>) -> Result<Secret, Trouble> {
    let held = match read(access.secret()?)? {
        Kept::Held(held) | Kept::Asked { before: Some(held), .. } => held,
        Kept::Asked { before: None, .. } => return Err(Trouble::Revoked),
    };
    let now = access.now();
    if now.millis() < held.since_ms.saturating_add(RENEW_AFTER_MS) {
        return Ok(Secret::new(held.access));
    }
    let client = access.client();
    // The way back plays no part in a renewal.
    let answer = flow(app, &app.base)?
        .exchange_refresh_token(&RefreshToken::new(held.refresh))
        .request(&|request| send(client, &request))
        .map_err(trouble)?;
    let held = Held::new(&answer, now)?;
    // While the owner is away to consent anew, what waits for him is kept too.
    let kept = match read(access.secret()?)? {
        Kept::Asked { verifier, .. } => Kept::Asked { verifier, before: Some(held.clone()) },
        Kept::Held(_) => Kept::Held(held.clone()),
    };
    keep(access, &kept)?;
    Ok(Secret::new(held.access))
}

fn read(secret: &Secret) -> Result<Kept, Trouble> {
    serde_json::from_str(secret.reveal()).map_err(|_| Trouble::Revoked)
}

fn keep(access: &mut Access<'_>, kept: &Kept) -> Result<(), Trouble> {
    let text = serde_json::to_string(kept).map_err(|_| Trouble::Store)?;
    access.keep(Secret::new(text))
}

fn flow(app: &App, back: &str) -> Result<Flow, Trouble> {
    let wrong = |_| Trouble::Address;
    Ok(BasicClient::new(ClientId::new(app.client_id.clone()))
        .set_client_secret(ClientSecret::new(app.client_secret.reveal().to_owned()))
        .set_auth_type(AuthType::RequestBody)
        .set_auth_uri(AuthUrl::new(format!("{}/api/oauth2/auth", app.base)).map_err(wrong)?)
        .set_token_uri(TokenUrl::new(format!("{}/api/oauth2/token", app.base)).map_err(wrong)?)
        .set_redirect_uri(RedirectUrl::new(back.to_owned()).map_err(wrong)?))
}

fn send(client: &Client, request: &HttpRequest) -> Result<HttpResponse, Trouble> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let headers = ["accept", "content-type"].map(|name| (name, text(name).unwrap_or_default()));
    let reply = client.post(&request.uri().to_string(), &headers, request.body())?;
    if matches!(reply.status(), 429 | 500..) {
        return Err(reply.success().err().unwrap_or(UNEXPECTED));
    }
    let mut response = HttpResponse::new(plain_life(reply.body()));
    *response.status_mut() =
        oauth2::http::StatusCode::from_u16(reply.status()).map_err(|_| UNEXPECTED)?;
    Ok(response)
}

/// Exact writes the life of a token as a text, which RFC 6749 has as a number.
fn plain_life(body: &[u8]) -> Vec<u8> {
    let number = |mut value: serde_json::Value| {
        let life = value.get_mut("expires_in")?;
        *life = life.as_str()?.parse::<u64>().ok()?.into();
        serde_json::to_vec(&value).ok()
    };
    let parsed = serde_json::from_slice(body).ok();
    parsed.and_then(number).unwrap_or_else(|| body.to_vec())
}

type Refused = RequestTokenError<Trouble, StandardErrorResponse<BasicErrorResponseType>>;

fn trouble(error: Refused) -> Trouble {
    match error {
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            // A code or refresh token that is spent, old or taken back.
            BasicErrorResponseType::InvalidGrant => Trouble::Revoked,
            // The application itself is not believed: the operator's settings are wrong.
            BasicErrorResponseType::InvalidClient
            | BasicErrorResponseType::UnauthorizedClient
            | BasicErrorResponseType::InvalidRequest
            | BasicErrorResponseType::InvalidScope
            | BasicErrorResponseType::UnsupportedGrantType => Trouble::Forbidden,
            // "Access token not expired": asked too soon.
            BasicErrorResponseType::Extension(_) => Trouble::Limited(None),
        },
        RequestTokenError::Request(trouble) => trouble,
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => UNEXPECTED,
    }
}
