//! `bench detect`: what fraudsters do, put before the real rules, and what honest trade has to bear for it.
//!
//! Worlds come from seeds, or lines from a labelled file (docs/DETECTION.md). Rules are tuned on some seeds and
//! reported on others: what was seen while tuning proves nothing.

mod chance;
mod companies;
mod cost;
mod crimes;
mod fraud;
mod line;
mod numbers;
mod report;
mod scene;
mod score;
mod trade;
mod trial;
mod world;

use core::str::FromStr;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::cli::Ending;
use crate::cli::bench::detect::report::Subject;
use crate::cli::bench::detect::score::Score;
use crate::cli::bench::detect::world::Recipe;
use crate::cli::terminal::{Progress, print, say};
use crate::domain::RULES_VERSION;

/// Seeds on which rules are tuned.
const TUNING: [u64; 5] = [1, 2, 3, 4, 5];

/// Seeds on which they are reported; nothing may be tuned on them.
const REPORTING: [u64; 10] = [101, 102, 103, 104, 105, 106, 107, 108, 109, 110];

/// Which seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seeds(Vec<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected tuning, reporting, N or N..M, not {text:?}");
        match (text, text.split_once("..")) {
            ("tuning", _) => Ok(Self(TUNING.to_vec())),
            ("reporting", _) => Ok(Self(REPORTING.to_vec())),
            (_, Some((from, to))) => {
                let parse = |text: &str| text.parse::<u64>().map_err(|_| wrong());
                let (from, to) = (parse(from)?, parse(to)?);
                if from < to && to.saturating_sub(from) <= 1_000 {
                    Ok(Self((from..to).collect()))
                } else {
                    Err(wrong())
                }
            }
            (_, None) => text.parse().map(|seed| Self(vec![seed])).map_err(|_| wrong()),
        }
    }
}

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Args {
    /// Seeds of the worlds: tuning, reporting, N, or N..M
    #[arg(long, default_value = "reporting", conflicts_with = "file")]
    seeds: Seeds,
    /// Honest invoices in each world, at least
    #[arg(long, default_value_t = 10_000)]
    invoices: usize,
    /// Frauds of each kind in each world
    #[arg(long, default_value_t = 40)]
    frauds: usize,
    /// A labelled file instead of worlds from seeds: JSON Lines or CSV
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Writes the world of the first seed as a labelled file, and measures nothing; CSV where the name ends in .csv
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "cost"])]
    write: Option<PathBuf>,
    /// The version of the rules to measure
    #[arg(long, default_value_t = RULES_VERSION)]
    rules: u16,
    /// How many misses and false alarms to show
    #[arg(long, default_value_t = 20, value_name = "N")]
    errors: usize,
    /// One JSON document instead of tables
    #[arg(long)]
    json: bool,
    /// Measures what a check costs as the registry grows, instead of what it finds
    #[arg(long, conflicts_with = "file")]
    cost: bool,
    /// With --cost: up to ten million invoices (some 20 GB of memory)
    #[arg(long, requires = "cost")]
    largest: bool,
    /// With --cost: the sizes to measure at
    #[arg(long, requires = "cost", value_delimiter = ',', value_name = "N,…")]
    sizes: Vec<u32>,
}

/// Runs the benchmark and prints its figures.
pub(super) fn run(args: &Args) -> Result<Ending> {
    if args.cost {
        return cost::run(&args.sizes, args.largest, args.json).map(|()| Ending::Fine);
    }
    let recipe = |seed: u64| Recipe { seed, invoices: args.invoices, frauds: args.frauds };
    if let Some(path) = &args.write {
        let seed = args.seeds.0.first().context("no seed")?;
        let world = world::make(&recipe(*seed))?;
        let file = File::create_new(path).with_context(|| format!("{}", path.display()))?;
        let csv = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("csv"));
        line::write(&world.lines, csv, BufWriter::new(file))?;
        say(format_args!("{} entries of seed {seed} in {}", world.lines.len(), path.display()));
        return Ok(Ending::Fine);
    }
    let mut score = Score::default();
    let source = if let Some(path) = &args.file {
        let file = File::open(path).with_context(|| format!("{}", path.display()))?;
        let lines = line::read(file).with_context(|| format!("{}", path.display()))?;
        let mut progress = Progress::new(u64::try_from(lines.len())?, "entries");
        score.add(&lines, args.rules, None, |steps| progress.advance(steps))?;
        format!("{} entries of {}", lines.len(), path.display())
    } else {
        if args.invoices == 0 {
            bail!("a world has at least one invoice");
        }
        report::announce(&args.seeds.0, args.invoices, args.frauds);
        let worlds = u64::try_from(args.seeds.0.len())?;
        let mut progress = Progress::new(worlds, "worlds");
        for seed in &args.seeds.0 {
            let world = world::make(&recipe(*seed))?;
            score.add(&world.lines, args.rules, Some(*seed), |_| ())?;
            progress.advance(1);
        }
        format!(
            "seeds {:?}, {} invoices and {} frauds of each kind in each",
            args.seeds.0, args.invoices, args.frauds
        )
    };
    let subject = Subject { source, rules: args.rules, errors: args.errors };
    if args.json {
        print(serde_json::to_string_pretty(&report::json(&score, &subject))?)?;
    } else {
        report::tables(&score, &subject)?;
    }
    Ok(Ending::found_if(!score.passes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::detect::fraud::Fraud;

    const SAMPLE: &[u8] = include_bytes!("../../../../tests/samples/detection.jsonl");

    #[test]
    fn each_kind_of_fraud_is_found_and_each_look_alike_is_left_alone() {
        let lines = line::read(SAMPLE).unwrap();
        let mut score = Score::default();
        score.add(&lines, RULES_VERSION, None, |_| ()).unwrap();
        assert!(score.mistakes.is_empty(), "{:#?}", score.mistakes);
        assert!(score.passes());
        assert_eq!(score.frauds.len(), Fraud::ALL.len(), "the sample has every kind");
        let found: Vec<String> = score
            .ways
            .iter()
            .map(|((fraud, way), tally)| {
                let found_as: Vec<&str> = tally.found_as.keys().map(String::as_str).collect();
                format!("{fraud} {way}: {}", found_as.join(", "))
            })
            .collect();
        let expected: Vec<&str> = include_str!("golden.txt").lines().collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_first_version_of_the_rules_misses_what_needs_the_second() {
        let lines = line::read(SAMPLE).unwrap();
        let mut score = Score::default();
        score.add(&lines, 1, None, |_| ()).unwrap();
        assert!(!score.passes());
        let recall = |fraud| score.frauds.get(&fraud).map(score::Tally::recall);
        assert_eq!(recall(Fraud::Identical), Some(10_000));
        assert_eq!(recall(Fraud::SameGoods), Some(0));
        assert!(Score::default().add(&lines, RULES_VERSION + 1, None, |_| ()).is_err());
    }

    #[test]
    fn seeds_for_tuning_are_no_seeds_for_reporting() {
        assert!(TUNING.iter().all(|seed| !REPORTING.contains(seed)));
        assert_eq!("7".parse(), Ok(Seeds(vec![7])));
        assert_eq!("7..10".parse(), Ok(Seeds(vec![7, 8, 9])));
        for wrong in ["", "x", "3..3", "1..", "0..100000"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
    }
}
