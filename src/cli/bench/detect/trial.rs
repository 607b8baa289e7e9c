//! Labelled lines as real statements on the real rules: what the registry says to each.
//!
//! Every line is decided and applied by [`State`] as the sequencer would, at a time that follows the line's day.
//! Signatures are left out: `decide` takes a statement whose signature was checked before, and no finding depends on it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cli::bench::detect::line::{Event, Line};
use crate::domain::{Effect, Finding, RULES_VERSION, Rejection, Relation, State, Verdict};
use crate::signing::SecretKey;
use crate::statement::{Payload, Statement, statement_id};
use crate::types::{Date, DocumentHash, InvoiceId, KeyId, Origin, PartyId, StatementId, Timestamp};

const OPERATOR: &str = "0106:00000000";
const DAY_MILLIS: i64 = 86_400_000;

/// What the registry said to one line.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// The findings of its claim.
    pub(super) findings: Vec<Finding>,
    /// Whether its claim was refused.
    pub(super) refused: bool,
    /// Why a statement of it was rejected.
    pub(super) rejection: Option<&'static str>,
    /// The codes of the alerts that it caused.
    pub(super) alerts: BTreeSet<&'static str>,
    /// The row of its invoice.
    pub(super) row: Option<u32>,
}

impl Heard {
    /// The strongest finding.
    pub(super) fn strongest(&self) -> Option<&Finding> {
        self.findings.iter().min_by_key(|finding| finding.relation)
    }

    /// Whether somebody was warned that the claim is not as good as it looks: its invoice is another's receivable
    /// too, or it does not fit beside what was claimed before.
    pub(super) fn is_alarm(&self) -> bool {
        let over = ["over_capacity", "invoice_ended"];
        self.refused
            || self.rejection.is_some_and(|code| over.contains(&code))
            || self.findings.iter().any(|finding| {
                finding.effect != Effect::Fits
                    || is_same_receivable(finding.relation)
                    || finding.relation == Relation::Covered
            })
    }
}

/// Whether a relation says that two invoices are one receivable.
pub(super) const fn is_same_receivable(relation: Relation) -> bool {
    matches!(relation, Relation::Identical | Relation::Altered | Relation::Suspected)
}

/// A registry on trial.
pub(super) struct Trial {
    pub(super) state: State,
    origin: Origin,
    now: Timestamp,
    said: u64,
    deciding: Duration,
    /// The statement that was said last.
    last: StatementId,
    /// By holder and seller: the statements that recorded blanket pledges.
    blankets: BTreeMap<(PartyId, PartyId), StatementId>,
    keys: BTreeMap<PartyId, KeyId>,
    /// The invoices of the lines, by the line's name.
    invoices: BTreeMap<String, (InvoiceId, Line)>,
}

impl Trial {
    /// A registry that was opened under a version of the rules.
    ///
    /// # Errors
    /// Where that version is not known.
    pub(super) fn open(rules: u16) -> Result<Self> {
        let origin: Origin = "registry.example/detect".parse()?;
        let mut trial = Self {
            state: State::new(origin.clone()),
            origin,
            now: Timestamp::default(),
            said: 0,
            deciding: Duration::ZERO,
            last: StatementId::from_bytes([0; 32]),
            blankets: BTreeMap::new(),
            keys: BTreeMap::new(),
            invoices: BTreeMap::new(),
        };
        let operator: PartyId = OPERATOR.parse()?;
        let opened = json!({
            "operator": operator, "key": key_of(&operator).public(), "rules": rules, "skew_seconds": 300,
            "check_digits": "ignored",
        });
        trial.keys.insert(operator.clone(), key_of(&operator).public().thumbprint());
        trial.say(&operator, "registry.opened.v1", &opened, &mut Heard::default())?;
        if trial.state.size() == 0 {
            bail!(
                "rules of version {rules} are not known; there are versions up to {RULES_VERSION}"
            );
        }
        Ok(trial)
    }

    /// Says what a line says.
    ///
    /// # Errors
    /// Where the line lacks something, or the registry does not know such a statement.
    pub(super) fn play(&mut self, line: &Line) -> Result<Heard> {
        let mut heard = Heard::default();
        self.now = self.now.plus_millis(1_000).max(line.on.map_or(self.now, noon));
        let played = match line.event {
            Event::Invoice => self.invoice(line, &mut heard),
            Event::Claim => self.later_claim(line, &mut heard),
            Event::Credit => self.credit(line, &mut heard),
            Event::Cancel => self.cancel(line, &mut heard),
            Event::Paid => self.paid(line, &mut heard),
            Event::Link => self.link(line, &mut heard),
            Event::Blanket | Event::Waiver => self.blanket(line, &mut heard),
        };
        played.with_context(|| format!("entry {}", line.id))?;
        Ok(heard)
    }

    /// How many statements were said.
    pub(super) const fn said(&self) -> u64 {
        self.said
    }

    /// How long deciding and applying took, of what was admitted.
    pub(super) const fn deciding(&self) -> Duration {
        self.deciding
    }

    /// The invoice of a line, by the line's name.
    fn invoice_of(&self, name: &str) -> Option<InvoiceId> {
        self.invoices.get(name).map(|(id, _)| *id)
    }

    fn invoice(&mut self, line: &Line, heard: &mut Heard) -> Result<()> {
        let seller = line.seller.clone().context("it has no seller")?;
        let mut data = json!({
            "invoice": {
                "seller": seller,
                "buyer": line.buyer.as_ref().context("it has no buyer")?,
                "number": line.number,
                "type": line.type_code.unwrap_or(380),
                "issue_date": line.issue_date.or(line.on).context("it has no day of issue")?,
                "due_date": line.due_date,
                "currency": line.currency.context("it has no currency")?,
                "gross_minor": line.amount_minor.context("it has no amount")?,
            },
            "amount_due_minor": line.amount_minor,
            "references": {
                "order": text(&line.order), "despatch": text(&line.despatch),
                "contract": text(&line.contract), "preceding": line.preceding,
            },
        });
        let hashes = |texts: &[String]| {
            texts
                .iter()
                .map(|text| hash(text))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        };
        if let Some(amount) = line.order_amount_minor.filter(|_| self.knows_version_2()) {
            set(&mut data, "order_amount_minor", json!(amount));
        }
        if !line.documents.is_empty() {
            set(&mut data, "documents", json!(hashes(&line.documents)));
        }
        if !line.account.is_empty() {
            set(&mut data, "payee_account", json!(hash(&line.account)));
        }
        if !line.lines.is_empty() && self.knows_version_2() {
            set(&mut data, "lines", json!(hashes(&line.lines)));
        }
        self.admit(&seller, &["supplier", "debtor"])?;
        if !self.say(&seller, "invoice.registered.v1", &data, heard)? {
            return Ok(());
        }
        let core: crate::invoice::Core =
            serde_json::from_value(data.get_mut("invoice").map(Value::take).unwrap_or_default())?;
        let id = core.id();
        heard.row = self.state.receivable_by_id(&id).map(|(row, _)| row);
        if !line.id.is_empty() {
            self.invoices.insert(line.id.clone(), (id, line.clone()));
        }
        if line.financier.is_empty() {
            return Ok(());
        }
        let financier = line.financier.parse()?;
        self.admit(&financier, &["financier"])?;
        self.claim(&financier, &id, line, heard)
    }

    /// Whether the rules in force know blanket pledges and the digests of lines.
    fn knows_version_2(&self) -> bool {
        self.state.rulebook().is_some_and(|rulebook| rulebook.rules >= 2)
    }

    fn claim(
        &mut self,
        financier: &PartyId,
        id: &InvoiceId,
        line: &Line,
        heard: &mut Heard,
    ) -> Result<()> {
        let claimed = json!({
            "invoices": [{"id": id, "claimed_minor": line.amount_minor}], "currency": line.currency,
            "kind": "factoring", "recourse": "without", "disclosure": "silent", "on_conflict": "refuse",
        });
        self.say(financier, "financing.recorded.v1", &claimed, heard)?;
        Ok(())
    }

    fn named(&self, line: &Line) -> Result<(InvoiceId, Line)> {
        let found = self.invoices.get(&line.invoice).cloned();
        found.with_context(|| {
            format!("no earlier entry has an invoice of the name {:?}", line.invoice)
        })
    }

    fn later_claim(&mut self, line: &Line, heard: &mut Heard) -> Result<()> {
        let (id, invoice) = self.named(line)?;
        heard.row = self.state.receivable_by_id(&id).map(|(row, _)| row);
        let amount_minor = line.amount_minor.or(invoice.amount_minor);
        let financier: PartyId = line.financier.parse()?;
        self.admit(&financier, &["financier"])?;
        self.claim(&financier, &id, &Line { amount_minor, ..invoice }, heard)
    }

    fn credit(&mut self, line: &Line, heard: &mut Heard) -> Result<()> {
        let (id, invoice) = self.named(line)?;
        let seller = invoice.seller.context("it has no seller")?;
        self.admit(&seller, &["supplier", "debtor"])?;
        let credited = json!({
            "invoice": id, "credit_note": line.number, "issue_date": line.issue_date.or(line.on),
            "currency": invoice.currency, "amount_minor": line.amount_minor.or(invoice.amount_minor),
        });
        self.say(&seller, "invoice.credited.v1", &credited, heard)?;
        Ok(())
    }

    fn cancel(&mut self, line: &Line, heard: &mut Heard) -> Result<()> {
        let (id, invoice) = self.named(line)?;
        let seller = invoice.seller.context("it has no seller")?;
        self.admit(&seller, &["supplier", "debtor"])?;
        let successor = self.invoice_of(&line.original);
        let mut cancelled = json!({"invoice": id, "reason": "error"});
        if let Some(successor) = successor {
            cancelled = json!({"invoice": id, "reason": "superseded", "replaced_by": successor});
        }
        self.say(&seller, "invoice.cancelled.v1", &cancelled, heard)?;
        Ok(())
    }

    fn paid(&mut self, line: &Line, heard: &mut Heard) -> Result<()> {
        let (id, invoice) = self.named(line)?;
        let buyer = invoice.buyer.context("it has no buyer")?;
        self.admit(&buyer, &["supplier", "debtor"])?;
        let mut status = json!({
            "invoice": id, "status": "paid", "effective_at": self.now, "source": {"kind": "ledger"},
        });
        if let Some(amount) = line.amount_minor {
            set(&mut status, "amount_minor", json!(amount));
            set(&mut status, "currency", json!(invoice.currency));
        }
        self.say(&buyer, "status.reported.v1", &status, heard)?;
        Ok(())
    }

    fn link(&mut self, line: &Line, heard: &mut Heard) -> Result<()> {
        let party =
            line.seller.clone().or_else(|| line.buyer.clone()).context("it has no party")?;
        let alias = line.other.as_ref().context("it has no other id")?;
        self.admit(&party, &["supplier", "debtor"])?;
        let operator: PartyId = OPERATOR.parse()?;
        self.say(&operator, "party.linked.v1", &json!({"party": party, "alias": alias}), heard)?;
        if let Some(key) = self.keys.get(&party.canonical()).copied() {
            self.keys.insert(alias.canonical(), key);
        }
        Ok(())
    }

    fn blanket(&mut self, line: &Line, heard: &mut Heard) -> Result<()> {
        if !self.knows_version_2() {
            // The first version of the rules has no such statements: it will miss what needs them.
            return Ok(());
        }
        let holder: PartyId = line.financier.parse()?;
        self.admit(&holder, &["financier"])?;
        let seller = line.seller.as_ref().context("it has no seller")?;
        self.admit(seller, &["supplier", "debtor"])?;
        if let Some(other) = &line.other {
            self.admit(other, &["financier"])?;
        }
        let pair = (holder.clone(), seller.clone());
        if line.event == Event::Blanket {
            let mut data = json!({
                "seller": seller, "kind": "pledge", "disclosure": "silent", "on_conflict": "record",
            });
            if let Some(buyer) = &line.buyer {
                set(&mut data, "debtor", json!(buyer));
            }
            self.say(&holder, "blanket.recorded.v1", &data, heard)?;
            self.blankets.insert(pair, self.last);
        } else {
            let blanket =
                self.blankets.get(&pair).context("no earlier entry has that blanket pledge")?;
            let mut data = json!({"blanket": blanket});
            if let Some(other) = &line.other {
                set(&mut data, "financier", json!(other));
            }
            if let Some(buyer) = &line.buyer {
                set(&mut data, "debtors", json!([buyer]));
            }
            self.say(&holder, "blanket.waived.v1", &data, heard)?;
        }
        Ok(())
    }

    /// Admits a party that does not take part yet.
    fn admit(&mut self, party: &PartyId, roles: &[&str]) -> Result<()> {
        if self.state.participant_by_id(party).is_some() {
            return Ok(());
        }
        let key = key_of(party);
        let admitted = json!({
            "party": party, "roles": roles, "key": key.public(), "assurance": "document",
        });
        let mut heard = Heard::default();
        let operator: PartyId = OPERATOR.parse()?;
        self.say(&operator, "participant.admitted.v1", &admitted, &mut heard)?;
        if let Some(code) = heard.rejection {
            bail!("{party} is not admitted: {code}");
        }
        self.keys.insert(party.canonical(), key.public().thumbprint());
        Ok(())
    }

    /// Decides and applies one statement; whether it was admitted.
    fn say(
        &mut self,
        author: &PartyId,
        kind: &str,
        data: &Value,
        heard: &mut Heard,
    ) -> Result<bool> {
        self.said = self.said.saturating_add(1);
        let reference = self.said.to_string();
        let key = match self.keys.get(&author.canonical()) {
            Some(key) => *key,
            None => key_of(author).public().thumbprint(),
        };
        let statement = Statement {
            id: statement_id(author, &reference),
            author: author.clone(),
            reference: reference.into(),
            key,
            time: self.now,
            registry: self.origin.clone(),
            payload: Payload::parse(kind, &data.to_string())?,
        };
        self.last = statement.id;
        let told = self.state.alerts_len();
        let start = Instant::now();
        let decided = self.state.decide(&statement, self.now);
        match decided {
            Ok(decision) => {
                let outcome = decision.outcome.clone();
                self.state.apply(&statement, self.now, decision);
                self.deciding = self.deciding.saturating_add(start.elapsed());
                heard.refused |= outcome.verdict == Verdict::Refused;
                heard.findings.extend(outcome.findings);
            }
            Err(rejection) => {
                heard.rejection = Some(Rejection::code(&rejection));
                return Ok(false);
            }
        }
        let alerts = (told..self.state.alerts_len()).filter_map(|row| self.state.alert(row));
        heard.alerts.extend(alerts.map(|alert| alert.code.as_str()));
        Ok(true)
    }
}

/// A key that the party id fixes.
fn key_of(party: &PartyId) -> SecretKey {
    SecretKey::from_seed(&Sha256::digest(party.as_str()).into())
}

/// A hash as it is, or that of a text.
fn hash(text: &str) -> DocumentHash {
    text.parse().unwrap_or_else(|_| DocumentHash::from_bytes(Sha256::digest(text).into()))
}

fn text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// Noon of a day.
fn noon(date: Date) -> Timestamp {
    let epoch = Date::from_ymd(1970, 1, 1).map_or(0, Date::day_number);
    let days = i64::from(date.day_number().saturating_sub(epoch));
    let millis = days.saturating_mul(DAY_MILLIS).saturating_add(DAY_MILLIS / 2);
    Timestamp::from_millis(millis).unwrap_or_default()
}
