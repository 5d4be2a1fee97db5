//! The Lease behind [`crate::ports::Lease`], by a client of its own: one that tries again inside
//! could hide a lost lease.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{Api, ResourceExt, api::PostParams};

use crate::{
    cluster::{classify, connect},
    plan::{
        failure::ClusterError,
        lease::{Claim, Record},
    },
    ports::{self},
};

/// One Lease of the cluster.
pub struct KubeLease {
    api: Api<Lease>,
    name: String,
    /// As last seen: what others wrote into it, such as annotations, stays.
    last: Option<Lease>,
}

impl KubeLease {
    /// Uses KUBECONFIG or the service account of the pod; no request takes longer than `request`.
    ///
    /// # Errors
    /// No cluster is configured.
    pub async fn connect(
        namespace: &str,
        name: String,
        request: Duration,
    ) -> Result<Self, ClusterError> {
        let mut config = connect::Way::default().config().await?;
        config.default_retry = false;
        config.connect_timeout = Some(request);
        config.read_timeout = Some(request);
        config.write_timeout = Some(request);
        let client = connect::client(config)?;
        Ok(Self { api: Api::namespaced(client, namespace), name, last: None })
    }
}

impl ports::Lease for KubeLease {
    async fn read(&mut self) -> Result<Option<Record>, ClusterError> {
        self.last = self.api.get_opt(&self.name).await.map_err(classify)?;
        Ok(self.last.as_ref().map(record))
    }

    async fn write(&mut self, claim: &Claim) -> Result<Record, ClusterError> {
        let mut lease = self.last.clone().filter(|_| claim.replaces.is_some()).unwrap_or_default();
        lease.metadata.name = Some(self.name.clone());
        lease.metadata.resource_version.clone_from(&claim.replaces);
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(claim.holder.clone()).filter(|holder| !holder.is_empty()),
            lease_duration_seconds: i32::try_from(claim.duration.as_secs()).ok(),
            acquire_time: claim.acquired.map(MicroTime),
            renew_time: Some(MicroTime(claim.renewed)),
            lease_transitions: Some(claim.transitions),
            ..lease.spec.unwrap_or_default()
        });
        let written = match claim.replaces {
            Some(_) => self.api.replace(&self.name, &PostParams::default(), &lease).await,
            None => self.api.create(&PostParams::default(), &lease).await,
        };
        let written = written.map_err(classify)?;
        let record = record(&written);
        self.last = Some(written);
        Ok(record)
    }
}

fn record(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let duration = spec
        .lease_duration_seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or_default();
    Record {
        version: lease.resource_version().unwrap_or_default(),
        holder: spec.holder_identity.unwrap_or_default(),
        duration: Duration::from_secs(duration),
        acquired: spec.acquire_time.map(|time| time.0),
        renewed: spec.renew_time.map(|time| time.0),
        transitions: spec.lease_transitions.unwrap_or_default(),
    }
}
