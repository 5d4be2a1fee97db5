//! `/healthz`: the loops of the process turn. `/readyz`: it does its part; says what it waits for
//! otherwise. `/metrics` and `/log-level` are in `inside.rs`.

mod inside;

use std::net::SocketAddr;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::{net::TcpListener, sync::watch, time::Instant};

pub use self::inside::Inside;
use crate::{
    api::{kind::Kind, kinds::iam_role::IamRole},
    controller::shared::Health,
    election::{
        leadership::{Leadership, Standing},
        pulse::Pulse,
    },
};

/// What the probes look at.
#[derive(Clone, Debug)]
pub struct Probes {
    /// How the engine is doing.
    pub health: watch::Receiver<Health>,
    /// Where this process stands among the replicas.
    pub leadership: Leadership,
    /// The loops.
    pub pulse: Pulse,
}

/// Serves until `stop` turns true.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    probes: Probes,
    inside: Inside,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let probes = Router::new()
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .with_state(probes);
    let router =
        probes.merge(inside::routes(inside)).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        })
        .await
}

async fn healthy(State(probes): State<Probes>) -> (StatusCode, String) {
    let stuck = probes.pulse.stuck();
    if stuck.is_empty() {
        return (StatusCode::OK, "ok\n".into());
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("stuck: {}\n", stuck.join(", ")))
}

async fn ready(State(probes): State<Probes>) -> (StatusCode, String) {
    let (health, standing) = (probes.health.borrow().clone(), probes.leadership.standing());
    match readiness(&health, &standing, Instant::now()) {
        Ok(words) => (StatusCode::OK, format!("{words}\n")),
        Err(words) => (StatusCode::SERVICE_UNAVAILABLE, format!("waiting: {words}\n")),
    }
}

/// Ready is a leader whose list is complete, and a replica that stands by and sees the lease: two
/// replicas are rolled out one after the other.
fn readiness(health: &Health, standing: &Standing, now: Instant) -> Result<String, String> {
    let Health { synced, trouble, blind_from, clocks, watch } = health;
    match standing {
        _ if !synced && !trouble.is_empty() => Err(trouble.clone()),
        Standing::Following { fresh_until, holder, trouble } => match fresh_until {
            Some(until) if now < *until && holder.is_empty() => Ok("ok, standing by".into()),
            Some(until) if now < *until => Ok(format!("ok, standing by: {holder} leads")),
            _ if trouble.is_empty() => Err("the first read of the lease".into()),
            _ => Err(format!("the lease can't be read or written: {trouble}")),
        },
        Standing::Over => Err("the end of this process, which no longer leads".into()),
        Standing::Alone | Standing::Leading { .. } if !watch.is_empty() => Err(watch.clone()),
        Standing::Alone | Standing::Leading { .. } => match (*synced, trouble.as_str()) {
            (true, "") if !clocks.is_empty() => Ok(format!("ok, but {clocks}")),
            (true, "") => Ok("ok".into()),
            (true, trouble) if blind_from.is_some_and(|from| from <= now) => Err(format!(
                "a complete sweep; drift has gone unnoticed for longer than three intervals: \
                 {trouble}"
            )),
            // Trouble with AWS does not make the pod unready: another replica would have it too.
            (true, trouble) => {
                let clocks = if clocks.is_empty() { String::new() } else { format!("; {clocks}") };
                Ok(format!("ok, but the last sweep failed: {trouble}{clocks}"))
            }
            (false, _) => Err(format!("the list of {}", IamRole::row().many())),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;

    fn following(fresh: Option<i64>, holder: &str, trouble: &str) -> Standing {
        let now = Instant::now();
        let seconds = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
        let fresh_until =
            fresh.map(|at| if at < 0 { now - seconds(at) } else { now + seconds(at) });
        Standing::Following { holder: holder.into(), fresh_until, trouble: trouble.into() }
    }

    #[rstest]
    #[case::starting(false, "AWS sleeps", Standing::Alone, Err("AWS sleeps"))]
    #[case::kind_missing(false, "no CRD", following(Some(9), "a", ""), Err("no CRD"))]
    #[case::listing(false, "", Standing::Alone, Err("the list of IAMRoles"))]
    #[case::listing_as_leader(
        false,
        "",
        Standing::Leading { until: Instant::now() },
        Err("the list of IAMRoles")
    )]
    #[case::synced(true, "", Standing::Alone, Ok("ok"))]
    #[case::sweep_failed(
        true,
        "denied",
        Standing::Alone,
        Ok("ok, but the last sweep failed: denied")
    )]
    #[case::not_looked_yet(false, "", following(None, "", ""), Err("the first read of the lease"))]
    #[case::standing_by(false, "", following(Some(9), "a", ""), Ok("ok, standing by: a leads"))]
    #[case::nobody_leads(false, "", following(Some(9), "", ""), Ok("ok, standing by"))]
    #[case::one_look_failed(
        false,
        "",
        following(Some(9), "a", "refused"),
        Ok("ok, standing by: a leads")
    )]
    #[case::no_look_for_long(false, "", following(Some(-1), "a", "refused"), Err("the lease can't \
        be read or written: refused"))]
    #[case::lost(true, "", Standing::Over, Err("the end of this process, which no longer leads"))]
    fn readiness_says_what_is_waited_for(
        #[case] synced: bool,
        #[case] trouble: &str,
        #[case] standing: Standing,
        #[case] answer: Result<&str, &str>,
    ) {
        let health = Health { synced, trouble: trouble.into(), ..Health::default() };
        let said = readiness(&health, &standing, Instant::now());
        assert_eq!(said.as_deref().map_err(String::as_str), answer);
    }

    #[rstest]
    #[case::leading(Standing::Leading { until: Instant::now() }, Err("no CRD"))]
    #[case::alone(Standing::Alone, Err("no CRD"))]
    #[case::standing_by(following(Some(9), "a", ""), Ok("ok, standing by: a leads"))]
    fn who_leads_is_not_ready_while_the_watch_does_not_tell_everything(
        #[case] standing: Standing,
        #[case] answer: Result<&str, &str>,
    ) {
        let health = Health { synced: true, watch: "no CRD".into(), ..Health::default() };
        let said = readiness(&health, &standing, Instant::now());
        assert_eq!(said.as_deref().map_err(String::as_str), answer);
    }

    #[rstest]
    #[case::not_yet(1, Ok("ok, but the last sweep failed: denied"))]
    #[case::for_too_long(-1, Err("a complete sweep; drift has gone unnoticed for longer than \
        three intervals: denied"))]
    fn who_does_not_see_drift_is_not_ready(#[case] from: i64, #[case] answer: Result<&str, &str>) {
        let now = Instant::now() + Duration::from_mins(1);
        let by = Duration::from_secs(from.unsigned_abs());
        let from = if from < 0 { now - by } else { now + by };
        let trouble = "denied".into();
        let health = Health { synced: true, trouble, blind_from: Some(from), ..Health::default() };
        let said = readiness(&health, &Standing::Alone, now);
        assert_eq!(said.as_deref().map_err(String::as_str), answer);
    }

    #[rstest]
    #[case("", "ok, but the clocks are apart")]
    #[case("denied", "ok, but the last sweep failed: denied; the clocks are apart")]
    fn clocks_that_are_apart_are_said(#[case] trouble: &str, #[case] answer: &str) {
        let clocks = "the clocks are apart".into();
        let trouble = trouble.into();
        let health = Health { synced: true, trouble, clocks, ..Health::default() };
        assert_eq!(readiness(&health, &Standing::Alone, Instant::now()), Ok(answer.into()));
    }
}
