//! From what a debtor chose on a page to the statement that it will sign, and to the exact bytes of it. Pure.
//!
//! A [`Slip`] is for the person in front of the form; [`Tampered`] is a form that no page of ours sends.

use core::str::FromStr;

use crate::http::pages::form::{Fields, Tampered};
use crate::statement::{
    Code, Detail, Envelope, Malformed, MandateAmended, MandateDeclined, MandateGranted,
    MandateRevoked, Payload, Scope, Source, SourceKind, Status, StatusReported,
};
use crate::types::{Date, InvoiceId, Origin, PartyId, StatementId, Timestamp};

/// The most entries of a scope.
pub(super) const SCOPE_MAX: usize = 500;
/// The most statements that are signed at once.
pub(super) const SHEET_MAX: usize = 20;
/// How far ahead a mandate may end.
const DAYS_AHEAD_MAX: i32 = 5 * 366;
/// A day.
const DAY_MILLIS: i64 = 24 * 3_600 * 1_000;

/// What is missing or wrong in a form, for the person who filled it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slip {
    ScopeMissing,
    NothingTicked,
    TooMany(usize),
    ShowMissing,
    UntilMissing,
    UntilPast,
    UntilFar,
    DateMissing,
    DatePast,
    DateFuture,
    NothingStated,
}

impl Slip {
    /// The key of its words.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::ScopeMissing => "slip-scope-missing",
            Self::NothingTicked => "slip-nothing-ticked",
            Self::TooMany(_) => "slip-too-many",
            Self::ShowMissing => "slip-show-missing",
            Self::UntilMissing => "slip-until-missing",
            Self::UntilPast => "slip-until-past",
            Self::UntilFar => "slip-until-far",
            Self::DateMissing => "slip-date-missing",
            Self::DatePast => "slip-date-past",
            Self::DateFuture => "slip-date-future",
            Self::NothingStated => "slip-nothing-stated",
        }
    }
}

/// Why there is nothing to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Something to be mended in the form.
    Slip(Slip),
    /// Not a form of ours.
    Tampered,
}

impl From<Tampered> for Refused {
    fn from(_: Tampered) -> Self {
        Self::Tampered
    }
}

/// For which invoices, as a form names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    All,
    Suppliers,
    Invoices,
}

impl Which {
    /// Which kind a scope is.
    pub(super) const fn of(scope: &Scope) -> Self {
        match scope {
            Scope::All {} => Self::All,
            Scope::Suppliers { .. } => Self::Suppliers,
            Scope::Invoices { .. } => Self::Invoices,
        }
    }
}

impl FromStr for Which {
    type Err = Tampered;

    fn from_str(text: &str) -> Result<Self, Tampered> {
        match text {
            "all" => Ok(Self::All),
            "suppliers" => Ok(Self::Suppliers),
            "invoices" => Ok(Self::Invoices),
            _ => Err(Tampered),
        }
    }
}

/// What a debtor lets another see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    /// For which of its payables.
    pub(super) scope: Scope,
    /// What may be seen.
    pub(super) show: Vec<Detail>,
    /// Until when: the end of the last day.
    pub(super) until: Timestamp,
}

/// Every detail with its name in forms and words.
pub(super) const DETAILS: [(Detail, &str); 4] = [
    (Detail::Document, "document"),
    (Detail::Process, "process"),
    (Detail::Payment, "payment"),
    (Detail::Amounts, "amounts"),
];

/// Reads the terms of a mandate from a form.
///
/// # Errors
/// [`Refused`].
pub(super) fn terms(fields: &mut Fields, now: Timestamp) -> Result<Terms, Refused> {
    let which = fields.read::<Which>("which")?;
    let suppliers = fields.all::<PartyId>("supplier")?;
    let invoices = fields.all::<InvoiceId>("invoice")?;
    let ticked = fields.all::<String>("show")?;
    let until = fields.read::<Date>("until")?;
    let mut show = Vec::new();
    for name in ticked {
        let found = DETAILS.iter().find(|(_, known)| *known == name).ok_or(Tampered)?;
        show.push(found.0);
    }
    let slip = |slip| Err(Refused::Slip(slip));
    // What is ticked below a choice that was not made does not count: one may look around in a form.
    let scope = match which {
        None => return slip(Slip::ScopeMissing),
        Some(Which::All) => Scope::All {},
        Some(Which::Suppliers) => Scope::Suppliers { suppliers },
        Some(Which::Invoices) => Scope::Invoices { invoices },
    };
    if scope.is_empty() {
        return slip(Slip::NothingTicked);
    }
    if scope.len() > SCOPE_MAX {
        return slip(Slip::TooMany(SCOPE_MAX));
    }
    if show.is_empty() {
        return slip(Slip::ShowMissing);
    }
    let Some(until) = until else { return slip(Slip::UntilMissing) };
    let today = now.date().day_number();
    if until.day_number() < today {
        return slip(Slip::UntilPast);
    }
    if until.day_number() > today.saturating_add(DAYS_AHEAD_MAX) {
        return slip(Slip::UntilFar);
    }
    Ok(Terms { scope, show, until: end_of(until) })
}

/// The end of a day in UTC: the beginning of the next.
fn end_of(day: Date) -> Timestamp {
    beginning_of(day).plus_millis(DAY_MILLIS)
}

fn beginning_of(day: Date) -> Timestamp {
    format!("{day}T00:00:00Z").parse().unwrap_or_default()
}

/// The last day on which something that ends at an instant still holds.
pub(super) fn last_day(until: Timestamp) -> Date {
    until.plus_millis(-1).date()
}

/// The statement that grants a mandate.
pub(super) fn grant(to: PartyId, terms: Terms, request: Option<StatementId>) -> Payload {
    let Terms { scope, show, until } = terms;
    let granted = MandateGranted { to, scope, show, from: None, until, request, tacit: None };
    Payload::MandateGranted(granted)
}

/// The statement that amends a mandate.
pub(super) fn amend(mandate: StatementId, terms: Terms) -> Payload {
    let Terms { scope, show, until } = terms;
    Payload::MandateAmended(MandateAmended { mandate, scope, show, until })
}

/// The statement that revokes a mandate.
pub(super) const fn revoke(mandate: StatementId) -> Payload {
    Payload::MandateRevoked(MandateRevoked { mandate })
}

/// The statement that declines a request.
pub(super) const fn decline(request: StatementId) -> Payload {
    Payload::MandateDeclined(MandateDeclined { request })
}

/// The states that a debtor may report by hand, with their names in forms and words.
pub(super) const SAYABLE: [(Status, &str); 5] = [
    (Status::Approved, "approved"),
    (Status::Queried, "queried"),
    (Status::Refused, "refused"),
    (Status::PaymentPromised, "payment-promised"),
    (Status::Paid, "paid"),
];

/// The reasons that can be given (Peppol `OPStatusReason`).
pub(super) const REASONS: [&str; 6] = ["PRI", "QTY", "QUA", "DEL", "REF", "OTH"];

/// Reads reported statuses from a form: `state.<invoice>`, `day.<invoice>` and `reason.<invoice>`.
///
/// # Errors
/// [`Refused`].
pub(super) fn reports(fields: &mut Fields, now: Timestamp) -> Result<Vec<Payload>, Refused> {
    let states = fields.prefixed("state.");
    let days = fields.prefixed("day.");
    let reasons = fields.prefixed("reason.");
    let of = |list: &[(String, String)], invoice: &str| {
        list.iter().find(|(id, _)| id == invoice).map(|(_, value)| value.clone())
    };
    if states.is_empty() {
        return Err(Refused::Slip(Slip::NothingStated));
    }
    if states.len() > SHEET_MAX {
        return Err(Refused::Slip(Slip::TooMany(SHEET_MAX)));
    }
    let mut reports: Vec<StatusReported> = Vec::new();
    for (invoice, name) in &states {
        let day = of(&days, invoice).map(|day| day.parse::<Date>());
        let day = day.transpose().map_err(|_| Tampered)?;
        let reason = of(&reasons, invoice);
        let invoice: InvoiceId = invoice.parse().map_err(|_| Tampered)?;
        let said = SAYABLE.iter().find(|(_, known)| known == name).ok_or(Tampered)?.0;
        if reports.iter().any(|other| other.invoice == invoice) {
            return Err(Refused::Tampered);
        }
        reports.push(report(invoice, said, day, reason.as_deref(), now)?);
    }
    Ok(reports.into_iter().map(Payload::StatusReported).collect())
}

fn report(
    invoice: InvoiceId,
    status: Status,
    day: Option<Date>,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<StatusReported, Refused> {
    let today = now.date();
    let date = match (status, day) {
        (Status::PaymentPromised, None) => return Err(Refused::Slip(Slip::DateMissing)),
        (Status::PaymentPromised, Some(day)) if day < today => {
            return Err(Refused::Slip(Slip::DatePast));
        }
        (Status::Paid, Some(day)) if day > today => return Err(Refused::Slip(Slip::DateFuture)),
        (Status::PaymentPromised | Status::Paid, day) => day,
        // A day beside another state says nothing that could be signed.
        _ => None,
    };
    let given = reason.filter(|_| matches!(status, Status::Queried | Status::Refused));
    let reasons = match given {
        None => Vec::new(),
        Some(code) if REASONS.contains(&code) => {
            vec![code.parse::<Code>().map_err(|_| Tampered)?]
        }
        Some(_) => return Err(Refused::Tampered),
    };
    Ok(StatusReported {
        invoice,
        status,
        effective_at: now,
        source: Source { kind: SourceKind::Buyer, system: None, message: None, read_at: None },
        amount_minor: None,
        currency: None,
        date,
        reasons,
    })
}

/// The exact text that is signed: the JSON of the envelope, as the library writes it.
///
/// # Errors
/// [`Malformed`] where the registry would not read it back as the same.
pub(super) fn text(
    payload: &Payload,
    author: &PartyId,
    reference: &str,
    time: Timestamp,
    registry: &Origin,
) -> Result<String, Malformed> {
    let kind = payload.kind();
    let wrong = |error: serde_json::Error| Malformed::Data {
        kind: kind.as_str(),
        message: error.to_string(),
    };
    let data = payload.to_json().map_err(wrong)?;
    if Payload::parse(kind.as_str(), &data)? != *payload {
        return Err(Malformed::Data {
            kind: kind.as_str(),
            message: "is not read back".to_owned(),
        });
    }
    let data = serde_json::value::RawValue::from_string(data).map_err(wrong)?;
    let envelope = Envelope {
        specversion: "1.0".into(),
        id: reference.into(),
        source: author.clone(),
        kind: kind.as_str().into(),
        time,
        registry: registry.clone(),
        datacontenttype: None,
        data: &data,
    };
    serde_json::to_string(&envelope).map_err(wrong)
}

/// The invoices that a statement of a debtor names.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other is made on a page with invoices in it"
)]
pub(super) fn invoices_of(payload: &Payload) -> &[InvoiceId] {
    let scope = match payload {
        Payload::MandateGranted(granted) => &granted.scope,
        Payload::MandateAmended(amended) => &amended.scope,
        Payload::StatusReported(report) => return core::slice::from_ref(&report.invoice),
        _ => return &[],
    };
    match scope {
        Scope::Invoices { invoices } => invoices,
        Scope::All {} | Scope::Suppliers { .. } => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields::new(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    fn now() -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    const SUPPLIER: &str = "0106:00000003";

    #[test]
    fn a_filled_in_form_becomes_exactly_this_text() {
        let mut form = fields(&[
            ("which", "suppliers"),
            ("supplier", SUPPLIER),
            ("invoice", &InvoiceId::from_bytes([1; 32]).to_string()),
            ("show", "process"),
            ("show", "amounts"),
            ("until", "2027-03-01"),
        ]);
        let terms = terms(&mut form, now()).unwrap();
        assert_eq!(
            form.done(),
            Ok(()),
            "what is ticked below another choice is taken, and does not count"
        );
        let granted = grant("0106:00000005".parse().unwrap(), terms, None);
        let author = "0106:00000004".parse().unwrap();
        let origin = "registry.example/test".parse().unwrap();
        let text = text(&granted, &author, "ref", now(), &origin).unwrap();
        assert_eq!(
            text,
            "{\"specversion\":\"1.0\",\"id\":\"ref\",\"source\":\"0106:00000004\",\"type\":\"mandate.granted.v1\",\
             \"time\":\"2026-11-21T10:00:00.000Z\",\"registry\":\"registry.example/test\",\
             \"data\":{\"to\":\"0106:00000005\",\"scope\":{\"kind\":\"suppliers\",\"suppliers\":[\"0106:00000003\"]},\
             \"show\":[\"process\",\"amounts\"],\"until\":\"2027-03-02T00:00:00.000Z\"}}"
        );
    }

    #[test]
    fn a_slip_is_told_and_a_strange_value_is_not_ours() {
        let good = [("which", "all"), ("show", "payment"), ("until", "2026-11-21")];
        let with = |name: &str, value: &str| {
            let kept = good.iter().filter(|(key, _)| *key != name).copied();
            let pairs: Vec<(&str, &str)> = kept.chain([(name, value)]).collect();
            terms(&mut fields(&pairs), now()).map(|_| ())
        };
        let slip = |slip| Err(Refused::Slip(slip));
        assert_eq!(with("until", "2026-11-21"), Ok(()), "today still counts");
        assert_eq!(with("until", "2026-11-20"), slip(Slip::UntilPast));
        assert_eq!(with("until", "2099-01-01"), slip(Slip::UntilFar));
        assert_eq!(with("until", ""), slip(Slip::UntilMissing));
        assert_eq!(with("which", ""), slip(Slip::ScopeMissing));
        assert_eq!(with("which", "invoices"), slip(Slip::NothingTicked));
        assert_eq!(with("until", "soon"), Err(Refused::Tampered));
        assert_eq!(with("which", "none"), Err(Refused::Tampered));
        assert_eq!(with("show", "everything"), Err(Refused::Tampered));
        let none = terms(&mut fields(&[("which", "all"), ("until", "2026-12-01")]), now());
        assert_eq!(none, Err(Refused::Slip(Slip::ShowMissing)));
    }

    #[test]
    fn what_is_said_of_invoices_carries_what_its_state_calls_for() {
        let id = InvoiceId::from_bytes([7; 32]).to_string();
        let said = |state: &str, day: &str, reason: &str| {
            let names = [format!("state.{id}"), format!("day.{id}"), format!("reason.{id}")];
            let [s, d, r] = &names;
            let reports = reports(&mut fields(&[(s, state), (d, day), (r, reason)]), now())?;
            let data: Value = serde_json::from_str(&reports[0].to_json().unwrap()).unwrap();
            Ok::<_, Refused>((
                data["status"].clone(),
                data["date"].clone(),
                data["reasons"].clone(),
            ))
        };
        let null = Value::Null;
        assert_eq!(
            said("approved", "2026-12-01", "QTY"),
            Ok((json!("approved"), null.clone(), null.clone()))
        );
        assert_eq!(
            said("queried", "", "QTY"),
            Ok((json!("queried"), null.clone(), json!(["QTY"])))
        );
        let promised = Ok((json!("payment_promised"), json!("2026-12-01"), null));
        assert_eq!(said("payment-promised", "2026-12-01", ""), promised);
        let slip = |slip| Err(Refused::Slip(slip));
        assert_eq!(said("payment-promised", "", ""), slip(Slip::DateMissing));
        assert_eq!(said("payment-promised", "2026-11-20", ""), slip(Slip::DatePast));
        assert_eq!(said("paid", "2026-11-22", ""), slip(Slip::DateFuture));
        assert_eq!(said("", "2026-11-22", ""), slip(Slip::NothingStated));
        assert_eq!(said("guaranteed", "", ""), Err(Refused::Tampered));
        assert_eq!(said("refused", "", "ZZZ"), Err(Refused::Tampered));
        let many: Vec<(String, String)> = (0..21_u8)
            .map(|n| (format!("state.{}", InvoiceId::from_bytes([n; 32])), "approved".to_owned()))
            .collect();
        let many = reports(&mut Fields::new(many), now()).map(|_| ());
        assert_eq!(many, Err(Refused::Slip(Slip::TooMany(SHEET_MAX))));
    }
}
