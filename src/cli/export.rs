//! `export` and `backup`: a whole log in one file, read back and compared before it counts, or in a folder of tiles.
//!
//! Either has the statements of everyone: it is for auditors and the operator, and the file is
//! made readable by its owner only. It has no keys and no details: those belong in another safe.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::audit::PublishedReadModels;
use crate::cli::client::{Place, Session};
use crate::cli::failure::{WithHint as _, failure};
#[cfg(feature = "server")]
use crate::cli::folder::OpenFolder;
use crate::cli::identity::{Identity, Passphrase};
use crate::cli::mirror::Mirror;
use crate::cli::terminal::{Progress, print, say_good};
use crate::cli::{Ending, host};
use crate::log::{
    Checkpoint, ENTRIES_PER_BUNDLE, Frontier, Note, TilePath, decode_bundle, leaf_hash,
};
use crate::record::{LogFile, LogWriter};
use crate::types::PartyId;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The registry's folder, while no registry runs on it
    #[cfg(feature = "server")]
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    data: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// The private key of an auditor or the operator, for a running registry
    #[arg(long, value_name = "FILE", env = "TALLYSTICK_KEY")]
    key: Option<PathBuf>,
    /// The auditor or operator that it is of
    #[arg(long = "as", value_name = "PARTY", env = "TALLYSTICK_AS")]
    party: Option<PartyId>,
    #[command(flatten)]
    passphrase: Passphrase,
    /// Where the log goes; never over another file
    #[arg(long, value_name = "FILE", required_unless_present = "tiles")]
    out: Option<PathBuf>,
    /// Brings a folder of plain files up to date with the log (C2SP tiles, entries included), for auditors to fetch
    /// from any web server
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    tiles: Option<PathBuf>,
    /// Prints what was written as JSON
    #[arg(long)]
    json: bool,
}

/// Where entries come from, and what they belong to.
struct Source {
    checkpoint: String,
    published: Vec<u8>,
    size: u64,
    /// A tile, or a bundle of entries.
    fetch: Fetch,
}

/// Gets a tile, or a bundle of entries.
type Fetch = Box<dyn FnMut(&TilePath) -> anyhow::Result<Vec<u8>>>;

impl Source {
    /// The entries of the bundle that a position is in.
    fn read(&mut self, from: u64) -> anyhow::Result<Vec<Vec<u8>>> {
        let width = u64::from(ENTRIES_PER_BUNDLE);
        let index = from.checked_div(width).unwrap_or(0);
        let rest = self.size.saturating_sub(index.saturating_mul(width)).min(width);
        let count = u16::try_from(rest)?;
        let bundle = (self.fetch)(&TilePath::Entries { index, width: count })?;
        let entries = decode_bundle(&bundle, count).context("a bundle of entries")?;
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }
}

/// Runs either command.
///
/// # Errors
/// Where the log cannot be read, or the file cannot be written or does not read back.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let mut source = source(args)?;
    let size = source.size;
    let out = match (&args.out, &args.tiles) {
        (Some(out), _) => out,
        (None, Some(dir)) => return tiles(dir, source, args.json),
        (None, None) => bail!("it is not said where the log goes"),
    };
    let file = host::create_private(out)?;
    let done = write(file, &mut source).and_then(|()| read_back(out));
    let root = match done {
        Ok(root) => root,
        Err(error) => {
            let advice = format!("{} is not complete: remove it and try again", out.display());
            return Err(error).hint(advice);
        }
    };
    if args.json {
        print(serde_json::json!({
            "object": "export", "file": out, "size": size, "root": root, "checkpoint": source.checkpoint,
        }))?;
    }
    say_good(format_args!(
        "{} holds all {size} records, read back and equal to the signed checkpoint",
        out.display()
    ));
    Ok(Ending::Fine)
}

fn tiles(dir: &Path, source: Source, json: bool) -> anyhow::Result<Ending> {
    let Source { checkpoint, fetch, .. } = source;
    let size = Mirror::open(dir)?.catch_up(&checkpoint, fetch)?;
    if json {
        print(serde_json::json!({
            "object": "export", "folder": dir, "size": size, "checkpoint": checkpoint,
        }))?;
    }
    say_good(format_args!("{} holds all {size} records as tiles", dir.display()));
    Ok(Ending::Fine)
}

/// Writes the log of a running registry into a file, as one of its auditors.
///
/// # Errors
/// As [`run`].
#[cfg(feature = "server")]
pub(crate) fn fetch(session: &Session, path: &Path) -> anyhow::Result<()> {
    let mut source = from_registry(session.clone())?;
    write(host::create_private(path)?, &mut source)?;
    read_back(path).map(drop)
}

fn source(args: &Args) -> anyhow::Result<Source> {
    #[cfg(feature = "server")]
    if let Some(dir) = &args.data {
        return from_folder(dir);
    }
    let (Some(key), Some(party)) = (args.key.clone(), args.party.clone()) else {
        return Err(failure(
            "it is not said which log",
            "name --data DIR, or --url URL with the --key FILE and --as PARTY of an auditor",
        ));
    };
    let identity = Identity { key, party, passphrase: args.passphrase.clone() };
    from_registry(Session::open(&args.place, &identity)?)
}

#[cfg(feature = "server")]
fn from_folder(dir: &Path) -> anyhow::Result<Source> {
    let folder = OpenFolder::open(dir)?;
    let published = folder.wait(folder.engine().read_models())?;
    let published = serde_json::to_vec(&published)?;
    let checkpoint = folder.engine().checkpoint().to_string();
    let size = size_of(&checkpoint)?;
    let fetch = move |path: &TilePath| folder.engine().tile(path)?.context("a tile is not there");
    Ok(Source { checkpoint, published, size, fetch: Box::new(fetch) })
}

/// A running registry: the read models first, so that the checkpoint is not older than they are.
fn from_registry(session: Session) -> anyhow::Result<Source> {
    let published = session.client.get("/v1/audit/read-models", Some(&session.token()?))?;
    let models: PublishedReadModels =
        serde_json::from_slice(&published).context("the registry's read models")?;
    let checkpoint = String::from_utf8(session.client.get("/checkpoint", None)?)?;
    let size = size_of(&checkpoint)?;
    if models.as_of > size {
        bail!("the registry's checkpoint is older than its read models");
    }
    let fetch =
        move |path: &TilePath| session.client.get(&format!("/{path}"), Some(&session.token()?));
    Ok(Source { checkpoint, published, size, fetch: Box::new(fetch) })
}

/// The size that a checkpoint names; its signature is checked by whoever knows the log's key.
fn size_of(checkpoint: &str) -> anyhow::Result<u64> {
    Ok(parse(checkpoint)?.size)
}

fn parse(checkpoint: &str) -> anyhow::Result<Checkpoint> {
    let note = Note::parse(checkpoint).context("the checkpoint is not a signed note")?;
    Checkpoint::parse(note.text()).context("the checkpoint cannot be read")
}

fn write(file: File, source: &mut Source) -> anyhow::Result<()> {
    let mut writer = LogWriter::new(BufWriter::new(file), &source.checkpoint, &source.published)?;
    let mut progress = Progress::new(source.size, "records");
    let mut next = 0_u64;
    while next < source.size {
        let entries = source.read(next)?;
        if entries.is_empty() {
            bail!("the log ends at {next}, its checkpoint says {}", source.size);
        }
        let left = usize::try_from(source.size.saturating_sub(next)).unwrap_or(usize::MAX);
        for entry in entries.iter().take(left) {
            writer.entry(entry)?;
        }
        let count = u64::try_from(entries.len().min(left)).unwrap_or(u64::MAX);
        next = next.saturating_add(count);
        progress.advance(count);
    }
    let file = writer.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all().context("the file cannot be written to its end")
}

/// Reads the file as a stranger would, and compares its tree with its checkpoint.
fn read_back(path: &Path) -> anyhow::Result<String> {
    let mut file = LogFile::open(BufReader::new(File::open(path)?))?;
    let checkpoint = parse(file.checkpoint())?;
    let mut tree = Frontier::new();
    while let Some(entry) = file.next_entry()? {
        tree.push(leaf_hash(&entry));
    }
    if tree.size() != checkpoint.size || tree.root() != checkpoint.root {
        bail!(
            "what was written hashes to another root than the checkpoint's: check disk and memory"
        );
    }
    Ok(checkpoint.root.to_string())
}
