//! `/healthz`: the process lives. `/readyz`: the list of resources is complete; says what is wrong otherwise. `/metrics` and
//! `/log-level` are in `inside.rs`.

mod inside;

use std::net::SocketAddr;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::{net::TcpListener, sync::watch};

pub use self::inside::Inside;
use crate::controller::Health;

/// Serves until `stop` turns true.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    health: watch::Receiver<Health>,
    inside: Inside,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let probes =
        Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready)).with_state(health);
    let router = probes.merge(inside::routes(inside)).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        })
        .await
}

async fn ready(State(health): State<watch::Receiver<Health>>) -> (StatusCode, String) {
    let Health { synced, trouble } = health.borrow().clone();
    match (synced, trouble.as_str()) {
        (true, "") => (StatusCode::OK, "ok\n".into()),
        // Trouble with AWS does not make the pod unready: another replica would have it too.
        (true, trouble) => (StatusCode::OK, format!("ok, but the last sweep failed: {trouble}\n")),
        (false, "") => (StatusCode::SERVICE_UNAVAILABLE, "waiting for the list of IAMRoles\n".into()),
        (false, trouble) => (StatusCode::SERVICE_UNAVAILABLE, format!("waiting: {trouble}\n")),
    }
}
