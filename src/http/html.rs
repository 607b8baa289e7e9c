//! Pages for people: written on the server, readable without scripts, with one style sheet of our own.

use core::fmt::Write as _;

use serde_json::Value;

/// The style sheet of every page here.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8881}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}\
h1,h2,h3{line-height:1.2}h2{border-top:1px solid var(--line);padding-top:1rem;margin-top:2.5rem}\
h3{margin-top:2rem}code,pre{font:.9rem/1.4 ui-monospace,monospace;background:var(--soft)}\
pre{padding:.75rem;overflow-x:auto}code{padding:.1em .25em;overflow-wrap:anywhere}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;\
border-bottom:1px solid var(--line);padding:.3rem .6rem .3rem 0}\
nav ul{columns:2;padding-left:1.2rem}@media(max-width:40rem){nav ul{columns:1}}\
.method{font-weight:700;text-transform:uppercase}";

/// Text as it stands in a page.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Escaped text in which what stands between backquotes is code.
pub(super) fn prose(text: &str) -> String {
    let mut html = String::new();
    for (number, part) in text.split('`').enumerate() {
        let part = escape(part);
        if number % 2 == 1 {
            put(&mut html, format_args!("<code>{part}</code>"));
        } else {
            html.push_str(&part);
        }
    }
    html
}

/// A whole page.
pub(super) fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head>\n\
         <body><main><h1>{title}</h1>\n{body}</main></body></html>\n"
    )
}

fn put(html: &mut String, text: core::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = html.write_fmt(text);
}

/// The reference page of an OpenAPI document.
pub(super) fn reference(api: &Value) -> String {
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut body = String::new();
    let info = api.get("info").unwrap_or(&Value::Null);
    for part in text(info, "description").split("\n\n") {
        put(&mut body, format_args!("<p>{}</p>\n", prose(part)));
    }
    body.push_str(
        "<p>The same for programs: <a href=\"/openapi.json\">OpenAPI 3.1</a>. \
         Every error has a page: <a href=\"/problems\">problems</a>.</p>\n",
    );
    let tags = api.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    let operations = operations(api);
    let mut contents = String::new();
    let mut chapters = String::new();
    for tag in &tags {
        let name = text(tag, "name");
        put(&mut chapters, format_args!("<h2>{}</h2>\n", escape(&name)));
        put(&mut chapters, format_args!("<p>{}</p>\n", prose(&text(tag, "description"))));
        for (path, method, operation) in &operations {
            let of_tag = operation.pointer("/tags/0").and_then(Value::as_str) == Some(&name);
            if !of_tag {
                continue;
            }
            let (id, summary) = (text(operation, "operationId"), text(operation, "summary"));
            let (id, summary) = (escape(&id), escape(&summary));
            put(&mut contents, format_args!("<li><a href=\"#{id}\">{summary}</a></li>\n"));
            put(&mut chapters, format_args!("<h3 id=\"{id}\">{summary}</h3>\n"));
            put(
                &mut chapters,
                format_args!(
                    "<p><code><span class=\"method\">{method}</span> {}</code></p>\n",
                    escape(path)
                ),
            );
            put(&mut chapters, format_args!("<p>{}</p>\n", prose(&text(operation, "description"))));
            parameters(&mut chapters, operation);
            answers(&mut chapters, operation);
        }
    }
    put(&mut body, format_args!("<nav><ul>\n{contents}</ul></nav>\n{chapters}"));
    schemas(&mut body, api);
    page(&text(info, "title"), &body)
}

fn operations(api: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, item) in api.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            operations.push((path.clone(), method.clone(), operation.clone()));
        }
    }
    operations
}

fn parameters(html: &mut String, operation: &Value) {
    let list = operation.get("parameters").and_then(Value::as_array);
    let Some(list) = list.filter(|list| !list.is_empty()) else { return };
    html.push_str("<table><tr><th>Parameter</th><th>In</th><th></th></tr>\n");
    for parameter in list {
        let text =
            |name: &str| escape(parameter.get(name).and_then(Value::as_str).unwrap_or_default());
        put(
            html,
            format_args!(
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
                text("name"),
                text("in"),
                text("description")
            ),
        );
    }
    html.push_str("</table>\n");
}

fn answers(html: &mut String, operation: &Value) {
    html.push_str("<table><tr><th>Status</th><th></th><th>Body</th></tr>\n");
    for (status, answer) in
        operation.get("responses").and_then(Value::as_object).into_iter().flatten()
    {
        let description = answer.get("description").and_then(Value::as_str).unwrap_or_default();
        let mut bodies = String::new();
        for (media, content) in
            answer.get("content").and_then(Value::as_object).into_iter().flatten()
        {
            let schema = content.get("schema").map_or_else(String::new, shape);
            put(&mut bodies, format_args!("<code>{}</code> {schema}<br>", escape(media)));
        }
        put(
            html,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td>{bodies}</td></tr>\n",
                escape(status),
                prose(description)
            ),
        );
    }
    html.push_str("</table>\n");
}

/// A schema in a few words, with links to those that have a name.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let name = escape(name.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for (key, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(parts) = schema.get(key).and_then(Value::as_array) {
            return parts.iter().map(shape).collect::<Vec<_>>().join(between);
        }
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values =
            values.iter().map(|value| format!("<code>{}</code>", escape(&value.to_string())));
        return values.collect::<Vec<_>>().join(", ");
    }
    match schema.get("type") {
        Some(Value::String(kind)) if kind == "array" => {
            let items = schema.get("items").map_or_else(String::new, shape);
            format!("list of {items}")
        }
        Some(Value::String(kind)) => escape(kind),
        Some(Value::Array(kinds)) => {
            let kinds = kinds.iter().filter_map(Value::as_str).map(escape);
            kinds.collect::<Vec<_>>().join(" or ")
        }
        _ => String::new(),
    }
}

fn schemas(html: &mut String, api: &Value) {
    html.push_str("<h2>Objects</h2>\n");
    let named = api.pointer("/components/schemas").and_then(Value::as_object);
    for (name, schema) in named.into_iter().flatten() {
        let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let name = escape(name);
        put(
            html,
            format_args!("<h3 id=\"schema-{name}\">{name}</h3>\n<p>{}</p>\n", prose(description)),
        );
        members(html, schema);
    }
}

fn members(html: &mut String, schema: &Value) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        put(html, format_args!("<p>{}</p>\n", shape(schema)));
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if part.get("properties").is_some() {
                members(html, part);
            }
        }
        return;
    };
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    html.push_str("<table><tr><th>Member</th><th>Is</th><th></th></tr>\n");
    for (name, property) in properties {
        let always = required.iter().any(|it| it.as_str() == Some(name));
        let sometimes = if always { "" } else { " (not always)" };
        let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
        put(
            html,
            format_args!(
                "<tr><td><code>{}</code>{sometimes}</td><td>{}</td><td>{}</td></tr>\n",
                escape(name),
                shape(property),
                prose(description)
            ),
        );
    }
    html.push_str("</table>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_text_becomes_markup() {
        assert_eq!(escape("<b a=\"'&"), "&lt;b a=&quot;&#39;&amp;");
        assert_eq!(prose("a `<b>` c"), "a <code>&lt;b&gt;</code> c");
    }
}
