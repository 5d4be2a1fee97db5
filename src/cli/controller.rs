//! `rolewright controller`: connects both sides and wires the engine, the health server and the signals.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tracing::{info, warn};

use crate::{
    aws::{self, Rates},
    clock::SystemClock,
    cluster::KubeCluster,
    controller::{self, Health},
    metrics::Metrics,
    server::{self, Inside},
    settings::Args,
    telemetry,
};

/// After SIGTERM the step in flight has this long to end.
const GRACE: Duration = Duration::from_secs(4);

/// Runs until SIGTERM or SIGINT.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    args.check()?;
    let level = telemetry::start(args.log_format, &args.log_level).map_err(anyhow::Error::msg)?;
    let metrics = Arc::new(Metrics::new());
    let (stop_sender, stop) = watch::channel(false);
    let (health_sender, health) = watch::channel(Health { synced: false, trouble: "connecting to AWS".into() });
    let listener = TcpListener::bind(args.listen).await.with_context(|| format!("--listen {}", args.listen))?;
    let server =
        tokio::spawn(server::serve(listener, health, Inside { metrics: Arc::clone(&metrics), level }, stop.clone()));

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let signalled = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    tokio::pin!(signalled);

    let work = work(args, &metrics, stop.clone(), health_sender);
    tokio::pin!(work);
    tokio::select! {
        result = &mut work => return result,
        () = &mut signalled => {}
    }
    info!("stopping: no new step begins, the one in flight ends");
    let _ = stop_sender.send(true);
    if let Ok(result) = tokio::time::timeout(GRACE, work).await {
        result?;
    } else {
        warn!("the step in flight did not end in time and is abandoned; the next start reads anew");
    }
    let _ = tokio::time::timeout(Duration::from_millis(500), server).await;
    Ok(())
}

async fn work(
    args: &Args,
    metrics: &Arc<Metrics>,
    stop: watch::Receiver<bool>,
    health: watch::Sender<Health>,
) -> anyhow::Result<()> {
    let rates = Rates { read: args.aws_read_rate, write: args.aws_write_rate };
    let Some((iam, account)) = connect_aws(rates, metrics, &stop, &health).await else { return Ok(()) };
    let config = args.config(&account)?;
    let client =
        kube::Client::try_default().await.context("no Kubernetes cluster: set KUBECONFIG or run inside one")?;
    info!(
        account = %account.id,
        partition = %account.partition,
        installation = %config.limits.installation,
        version = env!("CARGO_PKG_VERSION"),
        "rolewright starts"
    );
    health.send_modify(|health| health.trouble.clear());
    let cluster = KubeCluster::new(client, args.watch_namespace.clone());
    metrics.leads(true);
    controller::run(iam, cluster, SystemClock, config, Arc::clone(metrics), stop, health).await?;
    Ok(())
}

/// Waits for AWS: at the start of a cluster the network or the credentials may come later than we do.
async fn connect_aws(
    rates: Rates,
    metrics: &Arc<Metrics>,
    stop: &watch::Receiver<bool>,
    health: &watch::Sender<Health>,
) -> Option<(aws::AwsIam, crate::iam::arn::Account)> {
    let mut wait = Duration::from_secs(1);
    let mut stop = stop.clone();
    loop {
        match aws::connect(rates, metrics).await {
            Ok(connected) => return Some(connected),
            Err(error) => {
                warn!(%error, "AWS can't be used yet; it is tried again");
                health.send_modify(|health| health.trouble = error.to_string());
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(Duration::from_secs(30)),
            _ = stop.wait_for(|stop| *stop) => return None,
        }
    }
}
