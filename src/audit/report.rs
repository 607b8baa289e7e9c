//! What an audit says at the end: every check with its count and verdict, and the findings.

use core::fmt;

use serde::Serialize;

use crate::audit::finding::{Check, Finding};
use crate::audit::published::ReadModelDigest;
use crate::log::{Hash, Vkey};

/// How many findings are kept; all are counted.
pub const FINDINGS_MAX: usize = 1_000;

/// What an audit says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Always `audit_report`.
    pub object: &'static str,
    /// Whether nothing disagrees.
    pub verified: bool,
    /// The registry.
    pub origin: String,
    /// The log's key, which the auditor trusts.
    pub vkey: String,
    /// The number of entries that the audited checkpoint commits to.
    pub size: u64,
    /// The root that it commits to.
    pub root: Option<Hash>,
    /// The first position that this run checked; those before it were checked by an earlier run.
    pub from: u64,
    /// How many entries this run checked.
    pub records: u64,
    /// How many signatures this run checked.
    pub signatures: u64,
    /// Every check with its verdict.
    pub checks: Vec<CheckResult>,
    /// How many findings there are.
    pub findings_total: u64,
    /// The first of them, in the order of the log.
    pub findings: Vec<Finding>,
    /// The digest of the read models that the log gives, as of its end.
    pub digest: Option<ReadModelDigest>,
    /// How many conflicts the log gives, as of its end.
    pub conflicts: u64,
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// Which check.
    pub check: Check,
    /// How many things were checked.
    pub checked: u64,
    /// How many of them did not pass.
    pub findings: u64,
    /// The verdict.
    pub verdict: CheckVerdict,
}

/// The verdict of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// Everything passed.
    Passed,
    /// Something did not.
    Failed,
    /// There was nothing to check it on.
    NotChecked,
}

/// The findings and how many there were of each check.
#[derive(Debug, Default)]
pub(super) struct Tally {
    findings: Vec<Finding>,
    counts: [u64; Check::ALL.len()],
}

impl Tally {
    /// Adds findings of one stretch of the log; they are put into its order.
    pub(super) fn add(&mut self, mut findings: Vec<Finding>) {
        // Stable: of one record, the findings stay in the order of the checks.
        findings.sort_by_key(|finding| finding.position.unwrap_or(u64::MAX));
        for finding in findings {
            for (check, count) in Check::ALL.iter().zip(&mut self.counts) {
                if *check == finding.check {
                    *count = count.saturating_add(1);
                }
            }
            if self.findings.len() < FINDINGS_MAX {
                self.findings.push(finding);
            }
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Closes the tally: a verdict for each check, given how many things it was made on.
    pub(super) fn close(self, checked: impl Fn(Check) -> u64) -> (Vec<CheckResult>, Vec<Finding>) {
        let result = |(check, findings): (Check, u64)| {
            let checked = checked(check);
            let verdict = match (findings, checked) {
                (1.., _) => CheckVerdict::Failed,
                (0, 0) => CheckVerdict::NotChecked,
                (0, _) => CheckVerdict::Passed,
            };
            CheckResult { check, checked, findings, verdict }
        };
        (Check::ALL.into_iter().zip(self.counts).map(result).collect(), self.findings)
    }
}

impl Report {
    /// The report of an audit that had nothing to check against.
    pub fn refused(vkey: &Vkey, findings: Vec<Finding>) -> Box<Self> {
        let mut tally = Tally::default();
        tally.add(findings);
        let findings_total = tally.total();
        let (checks, findings) = tally.close(|_| 0);
        Box::new(Self {
            object: "audit_report",
            verified: false,
            origin: vkey.name().to_owned(),
            vkey: vkey.to_string(),
            size: 0,
            root: None,
            from: 0,
            records: 0,
            signatures: 0,
            checks,
            findings_total,
            findings,
            digest: None,
            conflicts: 0,
        })
    }

    /// One line that says it all.
    pub fn verdict(&self) -> String {
        if self.verified {
            let (size, origin) = (grouped(self.size), &self.origin);
            format!("VERIFIED: {origin}, all of its {size} records; nothing disagrees")
        } else {
            let findings = if self.findings_total == 1 { "finding" } else { "findings" };
            format!("NOT VERIFIED: {} {findings} on {}", grouped(self.findings_total), self.origin)
        }
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Audit of {}", self.origin)?;
        writeln!(f, "  trusted key  {}", self.vkey)?;
        if let Some(root) = self.root {
            writeln!(f, "  checkpoint   {} records, root {root}", grouped(self.size))?;
            if self.from > 0 {
                let (from, new) = (grouped(self.from), grouped(self.records));
                writeln!(
                    f,
                    "  checked      {new} new records; an earlier run checked the {from} before them"
                )?;
            } else {
                writeln!(f, "  checked      {} records, from the first", grouped(self.records))?;
            }
        }
        writeln!(f)?;
        let untouched = if self.from > 0 { "nothing new" } else { "not checked" };
        for result in &self.checks {
            let title = result.check.title();
            let checked = grouped(result.checked);
            match result.verdict {
                CheckVerdict::Passed => writeln!(f, "  ok    {title:<42}{checked:>14}")?,
                CheckVerdict::NotChecked => {
                    writeln!(f, "  -     {title:<42}{untouched:>14}")?;
                }
                CheckVerdict::Failed => {
                    let findings = grouped(result.findings);
                    writeln!(f, "  FAIL  {title:<42}{checked:>14}   findings: {findings}")?;
                }
            }
        }
        if let Some(digest) = &self.digest {
            let conflicts = grouped(self.conflicts);
            writeln!(f, "\n  conflicts in the log         {conflicts}")?;
            writeln!(f, "  digest of the read models    {digest}")?;
        }
        self.write_findings(f)
    }
}

impl Report {
    fn write_findings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.findings.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nFindings, in the order of the log:")?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))?;
        let shown = u64::try_from(self.findings.len()).unwrap_or(u64::MAX);
        if self.findings_total > shown {
            let more = grouped(self.findings_total.saturating_sub(shown));
            writeln!(f, "  … and {more} more")?;
        }
        if self.findings_total > 1 {
            writeln!(f, "The first finding counts most: later ones may follow from it.")?;
        }
        Ok(())
    }
}
