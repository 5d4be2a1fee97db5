//! `/metrics` for whoever may reach the port, `/log-level` for whoever is inside the pod: through
//! `kubectl port-forward` that is who the API server lets in.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use tracing::info;

use crate::{
    metrics::{self, Metrics},
    telemetry::LogLevel,
};

/// Bytes of a filter.
const FILTER: usize = 1_024;

/// What the pages show of the process.
#[derive(Clone, Debug)]
pub struct Inside {
    /// What was counted.
    pub metrics: Arc<Metrics>,
    /// The level of the log.
    pub level: LogLevel,
}

pub(super) fn routes(inside: Inside) -> Router {
    Router::new()
        .route("/metrics", get(scrape))
        .route("/log-level", get(level).put(set_level))
        .layer(DefaultBodyLimit::max(FILTER))
        .with_state(inside)
}

async fn scrape(State(inside): State<Inside>) -> impl IntoResponse {
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], inside.metrics.text())
}

async fn level(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    State(inside): State<Inside>,
) -> (StatusCode, String) {
    if let Err(refused) = admit(peer) {
        return refused;
    }
    (StatusCode::OK, format!("{}\n", inside.level.get()))
}

async fn set_level(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    State(inside): State<Inside>,
    text: String,
) -> (StatusCode, String) {
    if let Err(refused) = admit(peer) {
        return refused;
    }
    let before = inside.level.get();
    match inside.level.set(text.trim()) {
        Ok(()) => {
            let after = inside.level.get();
            info!(before, after, "the log level was changed");
            (StatusCode::OK, format!("{after}\n"))
        }
        Err(problem) => (StatusCode::BAD_REQUEST, format!("{problem}\n")),
    }
}

/// Exactly the two addresses of `localhost`: the proxies of service meshes come from others of
/// 127.0.0.0/8 on behalf of everybody.
fn admit(peer: SocketAddr) -> Result<(), (StatusCode, String)> {
    if [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
        .contains(&peer.ip().to_canonical())
    {
        return Ok(());
    }
    let words = "the log level can be changed from inside the pod only: use kubectl port-forward\n";
    Err((StatusCode::FORBIDDEN, words.to_owned()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("127.0.0.1:1", true)]
    #[case("[::1]:1", true)]
    #[case::on_both_families("[::ffff:127.0.0.1]:1", true)]
    #[case::mesh("127.0.0.6:1", false)]
    #[case::pod("10.1.2.3:1", false)]
    #[case::pod_on_both_families("[::ffff:10.1.2.3]:1", false)]
    #[case::everywhere("[::]:1", false)]
    fn only_localhost_is_inside(#[case] peer: SocketAddr, #[case] inside: bool) {
        assert_eq!(admit(peer).is_ok(), inside);
    }
}
