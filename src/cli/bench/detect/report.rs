//! The result as tables, or as JSON.

use std::collections::BTreeMap;

use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::{Value, json};

use crate::cli::bench::detect::fraud::INVISIBLE;
use crate::cli::bench::detect::score::{Brief, FALSE_ALARMS_MAX, Mistake, Score, Tally};
use crate::cli::terminal::{print, say, say_bad, say_good};

/// What was measured, in words.
pub(super) struct Subject {
    /// Where the lines came from.
    pub(super) source: String,
    /// The version of the rules.
    pub(super) rules: u16,
    /// How many mistakes to show.
    pub(super) errors: usize,
}

/// A share in hundredths of a per cent, as text.
fn percent(basis_points: u64) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

/// The entries of a count, the most frequent first.
fn most(counts: &BTreeMap<String, u64>, how_many: usize) -> String {
    let mut entries: Vec<(&String, &u64)> =
        counts.iter().filter(|(name, _)| !name.is_empty()).collect();
    entries.sort_by_key(|(_, count)| core::cmp::Reverse(**count));
    let words = entries.iter().take(how_many).map(|(name, count)| format!("{name} {count}"));
    words.collect::<Vec<_>>().join(", ")
}

fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    table
}

fn align(table: &mut Table, columns: &[usize]) {
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// Prints the tables: by kind, by way, the honest side, the mistakes.
///
/// # Errors
/// Where the reader went away.
pub(super) fn tables(score: &Score, subject: &Subject) -> Result<()> {
    print(format_args!("{}; rules of version {}", subject.source, subject.rules))?;
    print("")?;
    let mut kinds =
        table(&["#", "fraud", "injected", "found", "recall", "target", "", "found as", "keys"]);
    for (fraud, tally) in &score.frauds {
        let verdict = if tally.recall() >= fraud.target() { "pass" } else { "FAIL" };
        kinds.add_row([
            fraud.number().to_string(),
            fraud.to_string(),
            tally.injected.to_string(),
            tally.found.to_string(),
            percent(tally.recall()),
            percent(fraud.target()),
            verdict.to_owned(),
            most(&tally.found_as, 3),
            most(&tally.reasons, 2),
        ]);
    }
    align(&mut kinds, &[0, 2, 3, 4, 5]);
    print(kinds)?;
    print("")?;
    for (number, why) in INVISIBLE {
        print(format_args!("  {number:>2}  not measured: {why}"))?;
    }
    print("")?;
    ways(score)?;
    honest(score)?;
    mistakes(score, subject.errors)?;
    if score.passes() {
        say_good("every target is met");
    } else {
        say_bad("not every target is met");
    }
    Ok(())
}

fn ways(score: &Score) -> Result<()> {
    let mut ways = table(&["fraud", "way", "injected", "found", "recall"]);
    for ((fraud, way), tally) in &score.ways {
        ways.add_row([
            fraud.to_string(),
            way.clone(),
            tally.injected.to_string(),
            tally.found.to_string(),
            percent(tally.recall()),
        ]);
    }
    align(&mut ways, &[2, 3, 4]);
    print(ways)?;
    Ok(print("")?)
}

fn honest(score: &Score) -> Result<()> {
    let honest = &score.honest;
    let rate = honest.per_ten_thousand();
    let verdict = if rate <= FALSE_ALARMS_MAX.saturating_mul(100) { "pass" } else { "FAIL" };
    print(format_args!(
        "honest: {} invoices, {} claims; {} pairs met in a key and were left alone",
        honest.invoices, honest.claims, honest.pairs_left_alone
    ))?;
    print(format_args!(
        "false alarms: {} ({} taken for another, {} claims in trouble): {}.{:02} in 10,000, at most {FALSE_ALARMS_MAX}  {verdict}",
        honest.bothered,
        honest.taken_for_another,
        honest.claims_in_trouble,
        rate / 100,
        rate % 100
    ))?;
    print(format_args!(
        "beside them: {} alerts of a pattern on honest trade (terms that were renegotiated, firms that buy from each other)",
        honest.patterns
    ))?;
    print("")?;
    let mut variants = table(&["look-alike", "invoices", "false alarms"]);
    for (variant, (invoices, bothered)) in &honest.by_variant {
        variants.add_row([variant.clone(), invoices.to_string(), bothered.to_string()]);
    }
    align(&mut variants, &[1, 2]);
    print(variants)?;
    Ok(print("")?)
}

/// One mistake takes three lines: what went wrong, and both invoices.
fn mistakes(score: &Score, errors: usize) -> Result<()> {
    if score.mistakes.is_empty() || errors == 0 {
        return Ok(());
    }
    print(format_args!(
        "errors: {} of {}",
        errors.min(score.mistakes.len()),
        score.mistakes.len()
    ))?;
    // A few of each kind say more than many of one.
    let mut kinds = BTreeMap::<(String, &str), Vec<&Mistake>>::new();
    for mistake in &score.mistakes {
        let what = mistake.missed.map_or_else(String::new, |fraud| fraud.to_string());
        kinds.entry((what, &mistake.variant)).or_default().push(mistake);
    }
    let rounds = kinds.values().map(Vec::len).max().unwrap_or(0);
    let of_round = |round: usize| kinds.values().filter_map(move |list| list.get(round));
    let mut shown: Vec<&&Mistake> = (0..rounds).flat_map(of_round).take(errors).collect();
    shown.sort_by_key(|mistake| (mistake.missed, &mistake.variant));
    for mistake in shown {
        let what = mistake
            .missed
            .map_or_else(|| "false alarm".to_owned(), |fraud| format!("missed {fraud}"));
        let seed = mistake.seed.map_or_else(String::new, |seed| format!(", seed {seed}"));
        print(format_args!(
            "{what} ({}{seed}): said {}; keys {}",
            mistake.variant,
            mistake.said,
            if mistake.keys.is_empty() { "none" } else { &mistake.keys }
        ))?;
        print(format_args!("    {}", brief(&mistake.one)))?;
        print(format_args!("    {}", brief(&mistake.other)))?;
    }
    Ok(())
}

fn brief(invoice: &Brief) -> String {
    let date = |date: Option<crate::types::Date>| date.map(|it| it.to_string()).unwrap_or_default();
    let mut text = format!(
        "{} {:?} {} due {} {} {} {} > {}",
        invoice.id,
        invoice.number,
        date(invoice.issued),
        date(invoice.due),
        invoice.currency,
        invoice.amount_minor.unwrap_or(0),
        invoice.seller,
        invoice.buyer
    );
    let named = [
        ("order", &invoice.order),
        ("despatch", &invoice.despatch),
        ("contract", &invoice.contract),
        ("for", &invoice.financier),
    ];
    for (name, value) in named.iter().filter(|(_, value)| !value.is_empty()) {
        text.extend([" ", name, " ", value]);
    }
    if invoice.lines > 0 {
        text.extend([" ", &invoice.lines.to_string(), " lines"]);
    }
    text
}

/// The whole as one JSON document.
pub(super) fn json(score: &Score, subject: &Subject) -> Value {
    let tally = |tally: &Tally| {
        json!({
            "injected": tally.injected, "found": tally.found, "recall_basis_points": tally.recall(),
            "found_as": tally.found_as, "keys": tally.reasons,
        })
    };
    let with = |mut value: Value, members: Value| {
        if let (Some(value), Value::Object(members)) = (value.as_object_mut(), members) {
            value.extend(members);
        }
        value
    };
    let kinds = score.frauds.iter().map(|(fraud, it)| {
        let target = fraud.target();
        let members = json!({
            "fraud": fraud, "number": fraud.number(), "target_basis_points": target,
            "passes": it.recall() >= target,
        });
        with(tally(it), members)
    });
    let ways = score
        .ways
        .iter()
        .map(|((fraud, way), it)| with(tally(it), json!({"fraud": fraud, "way": way})));
    let invisible = INVISIBLE.iter().map(|(number, why)| json!({"number": number, "why": why}));
    json!({
        "source": subject.source,
        "rules": subject.rules,
        "passes": score.passes(),
        "frauds": kinds.collect::<Vec<_>>(),
        "ways": ways.collect::<Vec<_>>(),
        "not_measured": invisible.collect::<Vec<_>>(),
        "honest": with(json!(score.honest), json!({
            "false_alarms_per_million": score.honest.per_ten_thousand(),
            "at_most_per_million": FALSE_ALARMS_MAX.saturating_mul(100),
        })),
        "errors": score.mistakes.iter().take(subject.errors).collect::<Vec<_>>(),
    })
}

/// Says where the worlds come from, before the work begins.
pub(super) fn announce(seeds: &[u64], invoices: usize, frauds: usize) {
    say(format_args!(
        "{} worlds of at least {invoices} honest invoices and {frauds} frauds of each kind, seeds {seeds:?}",
        seeds.len()
    ));
}
