//! A stand-in of ours for Odoo's JSON-2 API, true to its published contract as far as we know it, and not Odoo.
//!
//! What it holds callers to: `POST /json/2/<model>/<method>` with JSON, a bearer key, the database's name; reading
//! methods only; domains in Polish notation; `false` for what is empty; times in UTC to the second, while it keeps
//! fractions.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::web::{Answer, Request, serve};

pub(crate) const DATABASE: &str = "books";

/// Odoo, as far as we need it.
pub(crate) struct Odoo {
    pub(crate) url: String,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug, Default)]
struct Inside {
    keys: Vec<String>,
    tables: BTreeMap<&'static str, BTreeMap<u64, Value>>,
    log: Vec<String>,
    down: bool,
}

impl Odoo {
    pub(crate) fn start() -> Self {
        let inside = Arc::new(Mutex::new(Inside::default()));
        let shared = Arc::clone(&inside);
        let url = serve(move |request| shared.lock().expect("no panic").answer(request));
        Self { url, inside }
    }

    /// The owner makes a key.
    pub(crate) fn make_key(&self, key: &str) {
        self.inside.lock().expect("no panic").keys.push(key.to_owned());
    }

    /// The owner takes all keys back.
    pub(crate) fn revoke_keys(&self) {
        self.inside.lock().expect("no panic").keys.clear();
    }

    /// The server is restarted, or comes back.
    pub(crate) fn down(&self, down: bool) {
        self.inside.lock().expect("no panic").down = down;
    }

    /// Writes a record, with fractions of seconds in its times.
    pub(crate) fn write(&self, model: &'static str, mut record: Value) {
        let id = record["id"].as_u64().expect("an id");
        for time in ["create_date", "write_date"] {
            if let Some(text) = record[time].as_str() {
                record[time] = json!(format!("{text}.483920"));
            }
        }
        self.inside.lock().expect("no panic").tables.entry(model).or_default().insert(id, record);
    }

    /// The calls so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.inside.lock().expect("no panic").log.clone()
    }
}

impl Inside {
    fn answer(&mut self, request: &Request) -> Answer {
        self.log.push(format!("{} {}", request.method, request.path));
        if self.down {
            return Answer::empty(503).with("retry-after", 30);
        }
        let key = request.header("authorization").strip_prefix("bearer ").unwrap_or_default();
        if !self.keys.iter().any(|known| known == key) {
            let body =
                json!({"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"});
            return Answer::json(401, &body);
        }
        if request.header("x-odoo-database") != DATABASE
            || !request.header("content-type").starts_with("application/json")
        {
            return Answer::empty(404);
        }
        let call = request.path.strip_prefix("/json/2/").and_then(|rest| rest.split_once('/'));
        let Some((model, method)) = call else { return Answer::empty(404) };
        let Some(records) = self.tables.get(model) else { return Answer::json(200, &json!([])) };
        let arguments = request.json();
        let found: Vec<&Value> = match method {
            "search_read" => {
                let domain = arguments["domain"].as_array().expect("a domain");
                let mut found: Vec<_> =
                    records.values().filter(|record| passes(record, domain)).collect();
                let order = arguments["order"].as_str().unwrap_or("id asc");
                let (field, way) = order.split_once(' ').expect("an order");
                found.sort_by(|a, b| compare(&a[field], &b[field]));
                if way == "desc" {
                    found.reverse();
                }
                let limit = arguments["limit"]
                    .as_u64()
                    .and_then(|limit| limit.try_into().ok())
                    .unwrap_or(usize::MAX);
                found.into_iter().take(limit).collect()
            }
            "read" => {
                let ids = arguments["ids"].as_array().expect("ids");
                ids.iter().filter_map(|id| records.get(&id.as_u64()?)).collect()
            }
            _ => return Answer::empty(403),
        };
        let fields = arguments["fields"].as_array().expect("fields");
        let shown = |record: &&Value| {
            let mut shown = json!({"id": record["id"]});
            for field in fields.iter().filter_map(Value::as_str) {
                let value = record.get(field).cloned().unwrap_or(json!(false));
                shown[field] = if field.ends_with("_date") && field != "invoice_date" {
                    json!(value.as_str().unwrap_or_default().get(..19))
                } else {
                    value
                };
            }
            shown
        };
        Answer::json(200, &found.iter().map(shown).collect())
    }
}

/// A domain whose terms must all hold; nothing else is used.
fn passes(record: &Value, domain: &[Value]) -> bool {
    domain.iter().all(|term| {
        let (field, operator, value) = (&term[0], &term[1], &term[2]);
        let field = field.as_str().expect("a column");
        // A many-to-one is compared by its id.
        let found = record[field].get(0).unwrap_or(&record[field]);
        let order = compare(found, value);
        match operator.as_str().expect("an operator") {
            "=" => order == Ordering::Equal,
            ">" => order == Ordering::Greater,
            ">=" => order != Ordering::Less,
            other => panic!("an operator: {other}"),
        }
    })
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_u64(), b.as_u64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_str().cmp(&b.as_str()),
    }
}
