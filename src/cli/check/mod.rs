//! `check`: what stands in the way of paying for invoices, asked without registering them.
//!
//! One invoice or a portfolio. Every document is a row of the report, also one that could not be read. The exit
//! code is 0 where nothing was found, 1 where something was, 2 where the check could not be made.

pub(super) mod report;
pub(super) mod rows;

use core::sync::atomic::{AtomicUsize, Ordering};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

use crate::cli::Ending;
use crate::cli::check::report::Output;
use crate::cli::client::{Place, Session};
use crate::cli::identity::Identity;
use crate::cli::import::sources;
use crate::cli::import::statements::Maker;
use crate::cli::terminal::Progress;

/// How many invoices are sent in one request.
const CHUNK: usize = 500;
/// How many requests are under way at a time.
const FLIGHTS: usize = 3;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files, folders or archives (ZIP, tar, gzip) of UBL, CII or CSV documents
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    identity: Identity,
    /// Sends party ids whose check digits are wrong, for registries that admit them
    #[arg(long)]
    ignore_check_digits: bool,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
///
/// # Errors
/// Where a path cannot be read or the registry cannot be asked.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    args.output.prepare()?;
    let documents = sources::all(&args.paths)?;
    let session = Session::open(&args.place, &args.identity)?;
    let mut maker = Maker::new(&args.identity.party, args.ignore_check_digits);
    let (mut rows, intents) = rows::of(documents, &mut maker);
    let lines: Vec<String> = intents.into_iter().map(|(_, intent)| intent.data).collect();
    let answers = ask(&session, &lines)?;
    let asked = rows.iter_mut().filter(|row| row.is_open());
    for (row, answer) in asked.zip(answers) {
        row.answer(answer);
    }
    rows::mark_repeated(&mut rows);
    args.output.report("check_report", &session, &rows)
}

/// Asks about every line, in chunks, with few requests under way; the answers are in the order of the lines.
fn ask(session: &Session, lines: &[String]) -> anyhow::Result<Vec<Value>> {
    let chunks: Vec<&[String]> = lines.chunks(CHUNK).collect();
    let mut answers: Vec<Vec<Value>> = vec![Vec::new(); chunks.len()];
    let next = AtomicUsize::new(0);
    let mut progress = Progress::new(u64::try_from(lines.len()).unwrap_or(u64::MAX), "invoices");
    thread::scope(|scope| {
        let (out, results) = mpsc::channel();
        for _ in 0..FLIGHTS.min(chunks.len()) {
            let (out, next, chunks) = (out.clone(), &next, &chunks);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(chunk) = chunks.get(number) else { return };
                    let answer =
                        session.token().and_then(|it| session.client.check_many(chunk, &it));
                    if out.send((number, answer)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(out);
        for (number, answer) in results {
            // Where one fails the others end with the request that they are at.
            let answer = answer?;
            progress.advance(u64::try_from(answer.len()).unwrap_or(u64::MAX));
            if let Some(place) = answers.get_mut(number) {
                *place = answer;
            }
        }
        anyhow::Ok(())
    })?;
    Ok(answers.into_iter().flatten().collect())
}
