//! `rolewright controller`: connects both sides and wires the election, the engine, the health
//! server and the signals.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::{sleep, timeout},
};
use tracing::{info, warn};

use crate::{
    accounts::Accounts,
    aws::{self, Connected},
    clock::SystemClock,
    cluster::{KubeCluster, KubeLease, LeaseName, Way},
    controller::{
        self,
        engine::{RunError, Signals},
        shared::Health,
    },
    election::{
        leadership::{Leadership, SetBack, Standing},
        pulse::Pulse,
        run::Election,
    },
    metrics::Metrics,
    pace::Rates,
    plan::scope::own::Own,
    ports::IamRead,
    server::{self, Inside, Probes},
    settings::{self, Args},
    telemetry,
};

/// After SIGTERM the step in flight has this long to end.
const GRACE: Duration = Duration::from_secs(4);
/// The lease is given back within this time, or runs out.
const RELEASE: Duration = Duration::from_secs(2);
/// Where Kubernetes tells a pod its namespace.
const POD_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Runs until SIGTERM or SIGINT.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    args.check()?;
    let pod =
        std::fs::read_to_string(POD_NAMESPACE).ok().map(|namespace| namespace.trim().to_owned());
    let election = args.election(pod.filter(|namespace| !namespace.is_empty()))?;
    let level = telemetry::start(args.log_format, &args.log_level).map_err(anyhow::Error::msg)?;
    let metrics = Arc::new(Metrics::new());
    let (stop_sender, stop) = watch::channel(false);
    let (health, health_receiver) =
        watch::channel(Health { trouble: "connecting to AWS".into(), ..Health::default() });
    let (contest, leadership) = match election {
        Some(election) => {
            let (standing, leadership) = Leadership::contested();
            (Some((election, standing)), leadership)
        }
        None => (None, Leadership::alone()),
    };
    let signals = Signals {
        stop: stop.clone(),
        health,
        leadership: leadership.clone(),
        set_back: SetBack::default(),
        pulse: Pulse::default(),
    };
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("--listen {}", args.listen))?;
    let probes = Probes { health: health_receiver, leadership, pulse: signals.pulse.clone() };
    let inside = Inside { metrics: Arc::clone(&metrics), level };
    let server = tokio::spawn(server::serve(listener, probes, inside, stop));

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let signalled = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let mut work = Box::pin(work(args, contest, &metrics, signals));
    tokio::select! {
        result = &mut work => return result,
        () = signalled => {}
    }
    info!("shutting down after the AWS call in progress");
    let _ = stop_sender.send(true);
    if let Ok(result) = timeout(GRACE + RELEASE, work).await {
        result?;
    }
    let _ = timeout(Duration::from_millis(500), server).await;
    Ok(())
}

type Contest = (settings::ElectionSettings, watch::Sender<Standing>);

async fn work(
    args: &Args,
    contest: Option<Contest>,
    metrics: &Arc<Metrics>,
    signals: Signals,
) -> anyhow::Result<()> {
    let rates = Rates { read: args.aws_read_rate, write: args.aws_write_rate };
    let connect = async || aws::connect(rates, metrics).await.map_err(|error| error.to_string());
    let Some(connected) = wait_for("AWS", connect, &signals).await else { return Ok(()) };
    let own = own(&connected).await;
    let Connected { iam, account, .. } = connected;
    let mut config = args.config(&account)?;
    config.sources = config.sources.run_by(own);
    metrics.role_quota.set([account.id.as_str()], i64::from(args.role_quota));
    if args.resource_metrics {
        metrics.name_resources();
    }
    let client = Way::default().counted(metrics).await?;
    info!(
        account = %account.id,
        partition = %account.partition,
        installation = %args.scope.installation,
        version = env!("CARGO_PKG_VERSION"),
        "rolewright starts"
    );
    // Of a pod that is its own; elsewhere that of the kubeconfig.
    let namespace = args.lease_namespace.clone();
    let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
    let lease = LeaseName { namespace, name: args.scope.lease_name() };
    let cluster = KubeCluster::new(client, args.watch_namespace.clone()).with_lease(lease);
    let probe = async || cluster.probe().await;
    let Some(()) = wait_for("the cluster", probe, &signals).await else { return Ok(()) };
    signals.health.send_modify(|health| health.trouble.clear());
    // Begins to watch when it is polled, which is when we lead: whoever follows costs nothing, and
    // who leads reads anew.
    let engine = Box::pin(async {
        metrics.leads(true);
        controller::engine::run(
            Accounts::new([(account, iam)]),
            cluster,
            SystemClock,
            config,
            Arc::clone(metrics),
            signals.clone(),
        )
        .await
    });
    match contest {
        None => ending(engine, &signals).await.unwrap_or(Ok(()))?,
        Some((election, standing)) => Box::pin(led(engine, election, standing, &signals)).await?,
    }
    Ok(())
}

/// The role that this process acts with. Where IAM does not tell its boundary, the name is
/// protected all the same.
async fn own(connected: &Connected) -> Own {
    let mut own = Own::of_caller(&connected.caller);
    if let Some(name) = &own.role {
        match connected.iam.role(name).await {
            Ok(role) => own.boundary = role.and_then(|role| role.boundary),
            Err(error) => warn!(%error, role = %name, "the boundary of the controller's own role \
                is not known"),
        }
    }
    own
}

/// Runs the engine while we hold the lease, and gives the lease back when the engine ended.
async fn led(
    engine: impl Future<Output = Result<(), RunError>>,
    election: settings::ElectionSettings,
    standing: watch::Sender<Standing>,
    signals: &Signals,
) -> anyhow::Result<()> {
    let settings::ElectionSettings { namespace, name, timing } = election;
    let lease = KubeLease::connect(&namespace, name.clone(), timing.request()).await?;
    let host = std::env::var("HOSTNAME")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "rolewright".into());
    // A container that starts again in its pod is another candidate: the name alone would not do.
    let identity = format!("{host}_{:016x}", fastrand::u64(..));
    info!(%identity, lease = %name, %namespace, "waiting for the lease");
    let set_back = signals.set_back.clone();
    let election = Election::new(lease, SystemClock, identity, timing, standing, set_back);
    let (leaving, left) = watch::channel(false);
    let mut election = tokio::spawn(election.run(left, signals.pulse.heart("the election")));

    let mut stop = signals.stop.clone();
    let result = tokio::select! {
        () = signals.leadership.begins() => ending(engine, signals).await,
        ended = &mut election => return Ok(ended??),
        _ = stop.wait_for(|stop| *stop) => Some(Ok(())),
    };
    if !signals.leadership.holds() && !*stop.borrow() {
        // The election says why, as soon as its last request came back.
        return Ok(timeout(RELEASE, election).await.context("the lease is lost")???);
    }
    // A step that AWS may still be working on keeps the lease: it runs out when that is over.
    if let Some(result) = result {
        let _ = leaving.send(true);
        let _ = timeout(RELEASE, &mut election).await;
        result?;
    }
    Ok(())
}

/// Runs the engine to its end; `None` when a step did not end in time after it was told to stop.
async fn ending(
    engine: impl Future<Output = Result<(), RunError>>,
    signals: &Signals,
) -> Option<Result<(), RunError>> {
    let mut stop = signals.stop.clone();
    let late = async {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = signals.leadership.ended() => {}
        }
        sleep(GRACE).await;
    };
    tokio::select! {
        result = engine => Some(result),
        () = late => {
            warn!("the AWS call in progress did not end in time and is abandoned; the next leader \
                reads the role again");
            None
        }
    }
}

/// Waits for one side: at the start of a cluster the network, the credentials or the CRD may come
/// later than we do. `None` when the process is to end.
async fn wait_for<T>(
    what: &'static str,
    mut attempt: impl AsyncFnMut() -> Result<T, String>,
    signals: &Signals,
) -> Option<T> {
    let mut wait = Duration::from_secs(1);
    let mut stop = signals.stop.clone();
    let mut said = String::new();
    loop {
        match attempt().await {
            Ok(value) => return Some(value),
            Err(trouble) => {
                if trouble != said {
                    warn!(%trouble, "{what} can't be used yet; retrying");
                    said.clone_from(&trouble);
                }
                signals.health.send_modify(|health| health.trouble = trouble);
            }
        }
        tokio::select! {
            () = sleep(wait) => wait = (wait * 2).min(Duration::from_secs(10)),
            _ = stop.wait_for(|stop| *stop) => return None,
        }
    }
}
