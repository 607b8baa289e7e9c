//! Webhooks that cannot be set like this.

use serde_json::json;

use crate::bad_input::{Met, World};

/// Wishes for webhooks that are refused.
pub(crate) fn webhooks(world: &World) -> Met {
    let url = "http://127.0.0.1:1/0";
    let make = |body| world.registry.send(&world.financier, "POST", "/v1/webhooks", &body);
    assert_eq!(make(json!({"url": url})).status, 201);
    let mut met = vec![
        ("body_invalid", make(json!({"uri": url}))),
        ("webhook_url_invalid", make(json!({"url": "https://169.254.169.254/latest"}))),
        ("webhook_types_invalid", make(json!({"url": url, "types": ["alert.second"]}))),
        ("webhook_invalid", make(json!({"url": url, "after": u64::MAX}))),
        ("webhook_url_taken", make(json!({"url": url}))),
    ];
    for number in 1..tallystick::webhooks::PER_OWNER_MAX {
        assert_eq!(make(json!({"url": format!("http://127.0.0.1:1/{number}")})).status, 201);
    }
    met.push(("webhook_too_many", make(json!({"url": "http://127.0.0.1:1/more"}))));
    met
}
