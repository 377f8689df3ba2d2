//! What is in force, and settings for a time.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use gomon_core::{Config, capture, config_state, end_temporary_config, set_config_for, switch};
use http_body::Body;
use http_body_util::{BodyExt, Limited};
use serde_json::json;

use super::parameters::Parameters;
use super::reply::Reply;

/// `GET /config`.
pub(super) fn show() -> Reply {
    let capture = capture();
    let switches: Vec<_> = switch::list()
        .into_iter()
        .map(|on| {
            json!({
                "name": on.name,
                "what": on.what,
                "set-by": on.set_by.to_string(),
                "left-secs": on.left.as_secs_f64(),
                "matched": on.matched,
            })
        })
        .collect();
    let state = config_state();
    let told = json!({
        "enabled": state.is_enabled,
        "capture": {
            "headers": capture.headers(),
            "sql-text": capture.sql_text(),
            "bodies": capture.bodies(),
            "rows": capture.rows(),
            "bound-values": capture.bound_values(),
            "remote-address": capture.remote_address(),
        },
        "file": state.file,
        "temporary-left-secs": state.temporary_left.map(|left| left.as_secs_f64()),
        "switches": switches,
    });
    Reply::json(200, &told)
}

/// `PUT /config?secs=`.
pub(super) async fn set<B>(parameters: &mut Parameters, body: B) -> Result<Reply, Reply>
where
    B: Body,
    B::Error: Display,
    B::Data: Send,
{
    let secs = parameters.number("secs", 86_400.0)?;
    parameters.end()?;
    let secs = secs.ok_or_else(|| Reply::error(400, "for how many secs?"))?;
    let body = whole(body).await?;
    let config: Config =
        serde_json::from_slice(&body).map_err(|error| Reply::error(400, &error.to_string()))?;
    set_config_for(config, Duration::from_secs_f64(secs))
        .map_err(|error| Reply::error(400, &error.to_string()))?;
    Ok(show())
}

/// `DELETE /config`.
pub(super) fn end() -> Reply {
    match end_temporary_config() {
        true => show(),
        false => Reply::error(404, "there are no settings for a time"),
    }
}

async fn whole<B>(body: B) -> Result<Bytes, Reply>
where
    B: Body,
    B::Error: Display,
{
    let body = body.map_err(|error| error.to_string());
    match Limited::new(body, MOST_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => Err(Reply::error(400, &error.to_string())),
    }
}

const MOST_BYTES: usize = 1 << 20;
