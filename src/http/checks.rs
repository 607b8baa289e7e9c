//! Checks before paying: an invoice, or thousands, described and not registered; a verdict for each.
//!
//! Bounded as the statements are, and for each participant in number. Every check is accounted for before its
//! answer leaves. What a check tells is decided in `domain`; here it is read and written.

use core::time::Duration;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, json};
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::ndjson::{
    self, END, Group, Lines, Output, Results, line_of, pass_on, push_line, refuse,
};
use crate::http::params::Params;
use crate::http::problem::{NoToken, Problem};
use crate::http::statements::{ONE_BYTES_MAX, declared_length, media, whole};
use crate::http::throttle::Place;
use crate::http::verdicts::{Asked, CheckShown};

/// How many invoices are checked before others get their turn on the state.
const TURN: usize = 32;
/// The longest pause before a request of many checks looks again whether it may go on.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Check invoices before paying
///
/// One invoice as `application/json`, or thousands, one a line, as `application/x-ndjson`: each as the data of
/// `invoice.registered.v1`, with `claimed_minor` beside it where less than all is claimed. Nothing is registered and
/// nothing stands in the log; the check stands in the account of reads. The answer tells what the receipt of a
/// reservation would tell. For financiers; for suppliers on their own sales, and of claims on these only; for the
/// operator and auditors. Of many, each line has its verdict or problem, in order: read results while you send. After
/// 20,000 checks a participant makes 500 a second: a request that begins then is refused (429), one under way is
/// slowed down.
#[utoipa::path(
    post, path = "/v1/checks", tag = "Invoices", operation_id = "check_invoices",
    params(("min_size" = Option<u64>, Query, description = "Wait until the log has this size.")),
    request_body(
        description = "An invoice, or many, one a line.",
        content((Asked = "application/json"), (Asked = "application/x-ndjson")),
    ),
    responses(
        (status = 200, content(
            (AsOf<CheckShown> = "application/json"),
            (AsOf<CheckShown> = "application/x-ndjson"),
        ), description = "What was found; for many, a verdict or problem a line."),
        (status = 400, description = "Not a check.", body = Problem, content_type = "application/problem+json"),
        NoToken,
        (status = 403, description = "Not the caller's to check.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too long.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Neither of the two media types.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many checks; see `retry-after`.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too busy, or stopping; see `retry-after`.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn make(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    request: Request,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let media = media(request.headers());
    let declared = declared_length(request.headers());
    let body = request.into_body();
    match media {
        Some("application/json") => return one(&app, &caller, body).await,
        Some("application/x-ndjson") => {}
        Some(_) | None => return Err(refuse(body, Fault::MediaType).await),
    }
    if declared.is_some_and(|length| length > ndjson::BODY_BYTES_MAX) {
        return Err(Problem::of(Fault::BodyTooLarge));
    }
    let Ok(stream) = Arc::clone(&app.streams).try_acquire_owned() else {
        return Err(refuse(body, Fault::Overloaded).await);
    };
    let Some(place) = app.checks.begin(caller.row, Instant::now()) else {
        return Err(refuse(body, Fault::TooManyChecks).await);
    };
    let work = |out| async move {
        Checker { app, caller, _place: place, begun: false }.run(body, out).await;
        drop(stream);
    };
    let output = Output::of(work).await?;
    let kind = HeaderValue::from_static("application/x-ndjson");
    Ok(([(header::CONTENT_TYPE, kind)], Body::from_stream(output)).into_response())
}

async fn one(app: &App, caller: &Caller, body: Body) -> Result<Response, Problem> {
    let asked = Asked::read(&whole(body, ONE_BYTES_MAX).await?)?;
    let taken = app.checks.take(caller.row, 1, Instant::now());
    taken.map_err(|_| Problem::of(Fault::TooManyChecks))?;
    let answers = check(app, caller, &[(None, Ok(asked))]).await?;
    let (answer, as_of) = answers.into_iter().next().ok_or_else(|| Problem::of(Fault::Internal))?;
    Ok(json(StatusCode::OK, &AsOf::new(answer?, as_of)))
}

/// A line of a request, or its only object, as far as it could be read.
type Line = (Option<u64>, Result<Asked, Problem>);
/// What is answered, and the log size that it reflects.
type Checked = (Result<CheckShown, Problem>, u64);

/// Checks some invoices and accounts for it.
async fn check(app: &App, caller: &Caller, lines: &[Line]) -> Result<Vec<Checked>, Problem> {
    let asked = app.ask(caller, |state, now| {
        let oversight = caller.sees_all(state);
        let mut seen = Seen::default();
        let mut answers = Vec::with_capacity(lines.len());
        for (line, asked) in lines {
            let answer = match asked {
                Err(problem) => Err(problem.clone()),
                Ok(Asked { data, claimed_minor }) => {
                    match state.check(caller.row, data, *claimed_minor, now) {
                        Ok(report) => {
                            seen.note_check(report.invoice, oversight);
                            Ok(CheckShown::of(&report, data.invoice.currency, *line))
                        }
                        Err(refusal) => {
                            Err(Problem::new(Fault::CheckNotAllowed, refusal.to_string()))
                        }
                    }
                }
            };
            answers.push(answer.map_err(|problem| Problem { line: *line, ..problem }));
        }
        Ok((answers, seen, now))
    });
    let answer = asked.await?;
    let (answers, seen, now) = answer.value;
    app.account(caller, "/v1/checks", now, seen)?;
    Ok(answers.into_iter().map(|one| (one, answer.as_of)).collect())
}

/// The checks of one request.
struct Checker {
    app: App,
    caller: Caller,
    _place: Place,
    /// Whether something was answered already.
    begun: bool,
}

impl Checker {
    /// Reads a body to its end and passes the answers on. Ends early when nobody takes them.
    async fn run(mut self, body: Body, out: mpsc::Sender<Results>) {
        let mut input = Lines::new(body);
        loop {
            let Some(group) = input.group(true).await else {
                if input.wants_more() {
                    input.fill().await;
                    continue;
                }
                break;
            };
            match self.answer(group).await {
                Ok(answers) => {
                    self.begun = true;
                    if pass_on(&out, Ok(answers)).await.is_err() {
                        return;
                    }
                }
                Err(problem) => {
                    self.end(&out, problem).await;
                    return input.drain().await;
                }
            }
        }
        match input.problem {
            Some(problem) => self.end(&out, problem).await,
            None => drop(pass_on(&out, Ok(END)).await),
        }
    }

    /// Ends with a problem: as the whole answer where there is none yet, else in a last line.
    async fn end(&self, out: &mpsc::Sender<Results>, problem: Problem) {
        let last = if self.begun { Ok(line_of(&problem)) } else { Err(problem) };
        drop(pass_on(out, last).await);
        drop(pass_on(out, Ok(END)).await);
    }

    async fn answer(&self, group: Group) -> Result<Bytes, Problem> {
        let count = u32::try_from(group.lines.len()).unwrap_or(u32::MAX);
        while let Err(wait) = self.app.checks.take(self.caller.row, count, Instant::now()) {
            if !self.begun {
                return Err(Problem::of(Fault::TooManyChecks));
            }
            tokio::time::sleep(wait.min(PAUSE_MAX)).await;
        }
        let lines = group.lines.iter().zip(&group.statements);
        let lines: Vec<Line> = lines.map(|(line, text)| (Some(*line), Asked::read(text))).collect();
        let mut text = Vec::new();
        for turn in lines.chunks(TURN) {
            for (answer, as_of) in check(&self.app, &self.caller, turn).await? {
                match answer {
                    Ok(shown) => push_line(&mut text, &AsOf::new(shown, as_of)),
                    Err(problem) => push_line(&mut text, &problem),
                }
            }
        }
        Ok(Bytes::from(text))
    }
}
