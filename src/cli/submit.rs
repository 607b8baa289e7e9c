//! `submit`: sends signed statements, prints the receipts.

use std::path::PathBuf;

use crate::cli::client::{Client, DEFAULT_URL, Reply};
use crate::cli::failure::failure;
use crate::cli::terminal::{Progress, print, say_bad, say_good};
use crate::cli::{Ending, host};

/// The longest file of statements that is read into memory.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// How many statements are sent in one request, and how many bytes.
const BATCH_MAX: usize = 500;
const BATCH_BYTES_MAX: usize = 1 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files of statements, one compact JWS a line; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The registry's address
    #[arg(long, value_name = "URL", env = "TALLYSTICK_URL", default_value = DEFAULT_URL)]
    url: String,
    /// Accepted for uniformity: the answers are JSON, one a line
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read or the registry cannot be reached.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let mut statements = Vec::new();
    for file in &args.files {
        let bytes = host::read(file, FILE_BYTES_MAX)?;
        let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        statements.extend(lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec));
    }
    if statements.is_empty() {
        return Err(failure("there are no statements", "`tallystick sign` makes one"));
    }
    let client = Client::new(&args.url)?;
    let mut refused = 0_usize;
    send(&client, &statements, |_, reply| {
        print(reply.json())?;
        if let Reply::Problem(problem, _) = reply {
            refused = refused.saturating_add(1);
            say_bad(problem);
        }
        Ok(())
    })?;
    let admitted = statements.len().saturating_sub(refused);
    if refused == 0 {
        say_good(format_args!("{admitted} admitted"));
    } else {
        say_bad(format_args!("{admitted} admitted, {refused} not"));
    }
    Ok(Ending::found_if(refused > 0))
}

/// Sends statements, as many in a request as is sensible, and shows each answer with its number.
///
/// # Errors
/// Where the registry cannot be reached, or the visitor fails.
pub(crate) fn send<S: AsRef<[u8]>>(
    client: &Client,
    statements: &[S],
    mut show: impl FnMut(usize, &Reply) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if let [single] = statements {
        return show(0, &client.submit(single.as_ref())?);
    }
    let total = u64::try_from(statements.len()).unwrap_or(u64::MAX);
    let mut progress = Progress::new(total, "statements");
    let mut number = 0_usize;
    let mut rest = statements;
    while !rest.is_empty() {
        let (batch, later) = rest.split_at_checked(fitting(rest)).unwrap_or((rest, &[]));
        for reply in client.submit_many(batch)? {
            show(number, &reply)?;
            number = number.saturating_add(1);
        }
        progress.advance(u64::try_from(batch.len()).unwrap_or(u64::MAX));
        rest = later;
    }
    Ok(())
}

/// How many statements go into the next request.
fn fitting<S: AsRef<[u8]>>(statements: &[S]) -> usize {
    let mut bytes = 0_usize;
    let fits = |statement: &&S| {
        bytes = bytes.saturating_add(statement.as_ref().len());
        bytes <= BATCH_BYTES_MAX
    };
    statements.iter().take(BATCH_MAX).take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_bounded_in_number_and_bytes_but_never_empty() {
        assert_eq!(fitting(&vec![vec![0; 10]; 2_000]), BATCH_MAX);
        assert_eq!(fitting(&vec![vec![0; BATCH_BYTES_MAX / 2]; 9]), 2);
        assert_eq!(fitting(&[vec![0; BATCH_BYTES_MAX + 1]]), 1);
    }
}
