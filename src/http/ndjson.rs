//! Many statements in one request: lines in, groups to the engine, one result a line out, in order.
//!
//! A task reads the body, submits groups and passes on the results, so that reading, deciding and answering
//! overlap. Everything is bounded: the bytes of a group, the groups under way, the results that wait for the
//! client. Groups are submitted in the order of their lines; a later line may build on an earlier one.
//! A line that is too long is cut off and refused like any statement that is too long, and the rest goes on.
//! A client has to read results while it sends: what it leaves unread stops the reading of its lines.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use std::collections::VecDeque;
use std::io;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, timeout};
use tokio_stream::Stream;

use crate::engine::{Engine, Submission, SubmitError};
use crate::http::catalogue::Fault;
use crate::http::problem::Problem;
use crate::signing::jws::JWS_BYTES_MAX;

/// The longest body of many statements: 64 MiB.
pub(super) const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The most lines of a group.
const GROUP_LINES_MAX: usize = 256;
/// How long the answer waits for the first results, which decide on its status.
const FIRST_MAX: Duration = Duration::from_secs(5);
/// From how many bytes on a group is full.
const GROUP_BYTES: usize = 384 * 1024;
/// The most groups under way of one request.
const GROUPS_MAX: usize = 4;
/// The most groups of results that wait for the client.
const RESULTS_MAX: usize = 16;
/// How long the next part of a body may take, and how long a client may leave results unread.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// How long a group waits for room in the queue before its lines are refused.
const OVERLOAD_MAX: Duration = Duration::from_secs(10);
/// How long to wait before asking for room again.
const OVERLOAD_PAUSE: Duration = Duration::from_millis(5);
/// How much of a refused request is read without being looked at, and for how long.
const DRAIN_BYTES_MAX: u64 = 8 * 1024 * 1024;
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// About how long a result is.
const RESULT_BYTES: usize = 1_600;

/// Results of a group, or the one problem of a request of which nothing was taken.
pub(super) type Results = Result<Bytes, Problem>;

/// What says that there are no more results: a stream that ends without it was cut off.
pub(super) const END: Bytes = Bytes::new();

/// The results of a request, to be sent as they come.
pub(super) struct Output {
    first: Option<Bytes>,
    results: mpsc::Receiver<Results>,
    ended: bool,
}

impl Output {
    /// Begins to take statements; `place` is given back when it has ended.
    ///
    /// # Errors
    /// The problem, where nothing was taken: the first group decides on the status of the answer.
    pub(super) async fn begin(
        engine: Engine,
        body: Body,
        place: OwnedSemaphorePermit,
    ) -> Result<Self, Problem> {
        let work = |out| async move {
            pump(engine, body, out).await;
            drop(place);
        };
        Self::of(work).await
    }

    /// Begins any work that reads lines and gives results, group by group.
    ///
    /// # Errors
    /// The problem, where nothing was taken.
    pub(super) async fn of<F>(
        work: impl FnOnce(mpsc::Sender<Results>) -> F,
    ) -> Result<Self, Problem>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (out, mut results) = mpsc::channel(RESULTS_MAX);
        tokio::spawn(work(out));
        // A client may begin a request and think about its first line.
        let Ok(first) = timeout(FIRST_MAX, results.recv()).await else {
            return Ok(Self { ended: false, first: None, results });
        };
        let first = first.unwrap_or_else(|| Err(Problem::of(Fault::Internal)))?;
        Ok(Self { ended: first.is_empty(), first: Some(first), results })
    }
}

impl Stream for Output {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(first)));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        let Poll::Ready(results) = self.results.poll_recv(context) else { return Poll::Pending };
        match results {
            Some(Ok(results)) if !results.is_empty() => Poll::Ready(Some(Ok(results))),
            Some(Ok(_)) => {
                self.ended = true;
                Poll::Ready(None)
            }
            Some(Err(problem)) => {
                self.ended = true;
                Poll::Ready(Some(Ok(line_of(&problem))))
            }
            // Cut off: the client must not take what it has for all.
            None => {
                self.ended = true;
                Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())))
            }
        }
    }
}

type Answer = Result<Vec<Submission>, SubmitError>;

/// A group that the engine has, with the line of each statement.
struct Flight {
    lines: Vec<u64>,
    answer: Pin<Box<dyn Future<Output = Answer> + Send>>,
}

/// Reads a body to its end and passes the results on. Ends early when nobody takes them.
async fn pump(engine: Engine, body: Body, out: mpsc::Sender<Results>) {
    let mut input = Lines::new(body);
    let mut flights = VecDeque::<Flight>::new();
    let mut begun = false;
    loop {
        if flights.len() < GROUPS_MAX
            && let Some(group) = input.group(flights.is_empty()).await
        {
            match launch(&engine, group, &mut flights, &out, begun).await {
                Ok(()) => begun = true,
                Err(Gone) => return input.drain().await,
            }
            continue;
        }
        let room = flights.len() < GROUPS_MAX && input.wants_more();
        if flights.is_empty() && !room {
            break;
        }
        tokio::select! {
            biased;
            (lines, answer) = land(&mut flights), if !flights.is_empty() => {
                flights.pop_front();
                if pass_on(&out, Ok(write(&lines, answer))).await.is_err() {
                    return;
                }
            }
            () = input.fill(), if room => {}
        }
    }
    if let Some(problem) = input.problem {
        let end = if begun { Ok(line_of(&problem)) } else { Err(problem) };
        drop(pass_on(&out, end).await);
    }
    drop(pass_on(&out, Ok(END)).await);
}

/// Nobody takes the results any more.
pub(super) struct Gone;

pub(super) async fn pass_on(out: &mpsc::Sender<Results>, results: Results) -> Result<(), Gone> {
    match timeout(IDLE_MAX, out.send(results)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

/// Waits for the oldest group. The others go on meanwhile: they need nobody to wait for them. Nothing is lost
/// where this is not waited for to its end.
async fn land(flights: &mut VecDeque<Flight>) -> (Vec<u64>, Answer) {
    match flights.front_mut() {
        Some(flight) => {
            let answer = flight.answer.as_mut().await;
            (core::mem::take(&mut flight.lines), answer)
        }
        None => core::future::pending().await,
    }
}

/// Gives a group to the engine. Where the queue is full, a request of which nothing was taken is refused as a
/// whole; a later group waits a while, since its client cannot send faster than it is served.
async fn launch(
    engine: &Engine,
    group: Group,
    flights: &mut VecDeque<Flight>,
    out: &mpsc::Sender<Results>,
    begun: bool,
) -> Result<(), Gone> {
    let deadline = Instant::now().checked_add(OVERLOAD_MAX);
    let Group { lines, statements } = group;
    loop {
        let (engine, again) = (engine.clone(), statements.clone());
        let mut answer: Flying = Box::pin(async move { engine.submit(again).await });
        // The first look puts the group into the engine's queue: groups are in order from here on.
        match look(answer.as_mut()).await {
            Poll::Ready(Err(SubmitError::Overloaded)) if !begun => {
                drop(pass_on(out, Err(Problem::of(Fault::Overloaded))).await);
                return Err(Gone);
            }
            Poll::Ready(Err(SubmitError::Overloaded)) if deadline > Some(Instant::now()) => {
                tokio::time::sleep(OVERLOAD_PAUSE).await;
            }
            Poll::Ready(ready) => {
                answer = Box::pin(core::future::ready(ready));
                flights.push_back(Flight { lines, answer });
                return Ok(());
            }
            Poll::Pending => {
                flights.push_back(Flight { lines, answer });
                return Ok(());
            }
        }
    }
}

/// Looks once at what may not be ready.
async fn look<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

type Flying = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Writes the results of a group, one a line.
fn write(lines: &[u64], answer: Answer) -> Bytes {
    let mut text = Vec::with_capacity(lines.len().saturating_mul(RESULT_BYTES));
    match answer {
        Ok(submissions) => {
            for (line, submission) in lines.iter().zip(&submissions) {
                match &submission.result {
                    Ok(admitted) => push_line(&mut text, &admitted.receipt),
                    Err(refusal) => {
                        let problem = Problem { line: Some(*line), ..Problem::from(refusal) };
                        push_line(&mut text, &problem);
                    }
                }
            }
        }
        Err(error) => {
            for line in lines {
                push_line(&mut text, &Problem { line: Some(*line), ..Problem::from(error) });
            }
        }
    }
    Bytes::from(text)
}

pub(super) fn push_line(text: &mut Vec<u8>, value: &impl serde::Serialize) {
    if let Err(error) = serde_json::to_writer(&mut *text, value) {
        tracing::error!(%error, "a result could not be written");
    }
    text.push(b'\n');
}

pub(super) fn line_of(problem: &Problem) -> Bytes {
    let mut text = Vec::new();
    push_line(&mut text, problem);
    Bytes::from(text)
}

/// Refuses a request of which nothing is read.
pub(super) async fn refuse(body: Body, fault: Fault) -> Problem {
    Lines::new(body).drain().await;
    Problem::of(fault)
}

/// Statements that are submitted together, with the line of each.
#[derive(Default)]
pub(super) struct Group {
    pub(super) lines: Vec<u64>,
    pub(super) statements: Vec<Vec<u8>>,
}

/// The lines of a body.
pub(super) struct Lines {
    body: Body,
    /// Bytes that were read and not looked at.
    rest: Bytes,
    /// The beginning of a line whose end was not read.
    partial: Vec<u8>,
    /// The number of the line that is read, from one.
    line: u64,
    group: Group,
    group_bytes: usize,
    read: u64,
    ended: bool,
    /// What ended the input before its end.
    pub(super) problem: Option<Problem>,
}

impl Lines {
    /// Lines of a body that nothing was read of.
    pub(super) fn new(body: Body) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            partial: Vec::new(),
            line: 1,
            group: Group::default(),
            group_bytes: 0,
            read: 0,
            ended: false,
            problem: None,
        }
    }

    /// Whether there may be more to read.
    pub(super) fn wants_more(&self) -> bool {
        !self.ended && self.rest.is_empty()
    }

    /// Reads on for a while without looking: a client that sends everything before it reads would else meet a
    /// closed connection and never the answer.
    pub(super) async fn drain(mut self) {
        let rest = async {
            while self.read < DRAIN_BYTES_MAX && !self.ended {
                self.rest.clear();
                self.fill().await;
            }
        };
        let _ = timeout(DRAIN_MAX, rest).await;
    }

    fn is_full(&self) -> bool {
        self.group.lines.len() >= GROUP_LINES_MAX || self.group_bytes >= GROUP_BYTES
    }

    /// The next group, where one is due: when it is full, when nothing follows, or, where the engine has
    /// nothing of this request to do (`idle`), when nothing more is there right now.
    pub(super) async fn group(&mut self, idle: bool) -> Option<Group> {
        self.split();
        while idle && !self.is_full() && self.wants_more() && !self.group.lines.is_empty() {
            let more = look(pin!(self.fill())).await;
            if more.is_pending() {
                return Some(self.take());
            }
            self.split();
        }
        let over = self.ended && self.rest.is_empty();
        if self.is_full() || (over && !self.group.lines.is_empty()) {
            Some(self.take())
        } else {
            None
        }
    }

    fn take(&mut self) -> Group {
        self.group_bytes = 0;
        core::mem::take(&mut self.group)
    }

    /// Reads the next part of the body. Nothing is lost where this is not waited for to its end.
    pub(super) async fn fill(&mut self) {
        let Ok(frame) = timeout(IDLE_MAX, self.body.frame()).await else {
            return self.end(Some(Fault::RequestTimeout));
        };
        match frame {
            None => {
                self.end(None);
                self.split();
            }
            Some(Err(_)) => self.end(Some(Fault::BodyUnreadable)),
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { return };
                let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                self.read = self.read.saturating_add(length);
                if self.read > BODY_BYTES_MAX {
                    return self.end(Some(Fault::BodyTooLarge));
                }
                self.rest = data;
            }
        }
    }

    /// Nothing more is read. A line that was cut off by a problem is not submitted.
    fn end(&mut self, fault: Option<Fault>) {
        self.ended = true;
        if let Some(fault) = fault {
            self.partial.clear();
            self.problem = Some(Problem { line: Some(self.line), ..Problem::of(fault) });
        }
    }

    /// Moves whole lines into the group, until it is full.
    fn split(&mut self) {
        while !self.is_full() && !self.rest.is_empty() {
            let end = self.rest.iter().position(|byte| *byte == b'\n');
            let text = self.rest.split_to(end.unwrap_or(self.rest.len()));
            // One byte more than may be there is enough to be refused for its length.
            let room = JWS_BYTES_MAX.saturating_add(2).saturating_sub(self.partial.len());
            self.partial.extend_from_slice(text.get(..room).unwrap_or(&text));
            if end.is_some() {
                drop(self.rest.split_to(1));
                self.close_line();
            }
        }
        if self.ended && self.rest.is_empty() && !self.is_full() && !self.partial.is_empty() {
            self.close_line();
        }
    }

    fn close_line(&mut self) {
        let mut line = core::mem::take(&mut self.partial);
        let trimmed = line.trim_ascii_end().len();
        if trimmed < JWS_BYTES_MAX {
            line.truncate(trimmed);
        }
        if !line.is_empty() {
            self.group_bytes = self.group_bytes.saturating_add(line.len());
            self.group.lines.push(self.line);
            self.group.statements.push(line);
        }
        self.line = self.line.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn groups(body: Body) -> (Vec<Vec<(u64, usize)>>, Option<String>) {
        let mut input = Lines::new(body);
        let mut groups = Vec::new();
        loop {
            if let Some(group) = input.group(false).await {
                let sizes = group.statements.iter().map(Vec::len);
                groups.push(group.lines.into_iter().zip(sizes).collect());
            } else if input.wants_more() {
                input.fill().await;
            } else {
                return (groups, input.problem.map(|problem| problem.code.to_owned()));
            }
        }
    }

    #[tokio::test]
    async fn lines_are_numbered_and_blank_ones_skipped() {
        let (found, problem) = groups(Body::from("a\r\n\n  \nbcd\nef")).await;
        assert_eq!(found, [vec![(1, 1), (4, 3), (5, 2)]]);
        assert_eq!(problem, None);
        assert_eq!(groups(Body::empty()).await, (Vec::new(), None));
    }

    #[tokio::test]
    async fn groups_are_bounded_in_lines_and_bytes() {
        let (found, _) = groups(Body::from("x\n".repeat(600))).await;
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [256, 256, 88]);
        let long = format!("{}\n", "x".repeat(50_000));
        let (found, _) = groups(Body::from(long.repeat(20))).await;
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [8, 8, 4]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_cut_and_the_rest_goes_on() {
        let body = format!("{}\nok\n", "x".repeat(JWS_BYTES_MAX * 3));
        let (found, problem) = groups(Body::from(body)).await;
        assert_eq!(found, [vec![(1, JWS_BYTES_MAX + 2), (2, 2)]]);
        assert_eq!(problem, None);
    }
}
