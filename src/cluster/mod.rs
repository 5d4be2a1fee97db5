//! The API server behind [`crate::ports::Cluster`]: watch, live reads, finalizer and status of
//! objects of every kind, service accounts, Events; and the Lease. Translates; decides nothing.

mod connect;
mod counted;
mod events;
mod lease;
mod notes;
mod objects;
mod operator;
mod outlines;
mod probe;
mod requests;
mod translate;
mod watch;

pub use connect::Way;
pub use lease::KubeLease;
pub use notes::LeaseName;
pub use operator::Operator;
pub use probe::{LEASE_RIGHTS, Probe, Right, SERVICE_ACCOUNT_RIGHTS, cluster_rights, rights};
pub use requests::{Requests, labelled};

use std::{collections::BTreeMap, time::Duration};

use futures::Stream;
use k8s_openapi::api::core::v1::ServiceAccount as CoreServiceAccount;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::json;

use crate::{
    api::{
        self,
        kind::{Kind, KindRow},
        kinds::KINDS,
        object::Object,
        resource::{AccountEvent, ServiceAccount},
    },
    plan::{failure::ClusterError, say::notice::Notice},
    ports::{Events, ServiceAccounts},
};

/// The API server never takes longer than this for one request; a client that retries inside could
/// hide a failure for minutes.
const REQUEST: Duration = Duration::from_secs(20);

/// A connected API server.
#[derive(Clone)]
pub struct KubeCluster {
    client: Client,
    namespaces: Vec<String>,
    lease: LeaseName,
    recorder: events::Recorder,
}

impl KubeCluster {
    /// Uses `client`; watches `namespaces`, or all of them when empty.
    #[must_use]
    pub fn new(client: Client, namespaces: Vec<String>) -> Self {
        let recorder = events::Recorder::new(client.clone());
        let lease = LeaseName::of_nobody(client.default_namespace());
        Self { client, namespaces, lease, recorder }
    }

    /// With the Lease of an installation.
    #[must_use]
    pub fn with_lease(self, lease: LeaseName) -> Self {
        Self { lease, ..self }
    }

    /// Whether all kinds are there and may be listed, everywhere where they will be watched.
    ///
    /// # Errors
    /// A sentence: what is missing, and what to do.
    pub async fn probe(&self) -> Result<(), String> {
        for kind in &KINDS {
            self.probe_kind(kind).await?;
        }
        Ok(())
    }

    async fn probe_kind(&self, kind: &KindRow) -> Result<(), String> {
        for place in watch::places(kind, &self.namespaces) {
            outlines::revision(&self.client, kind, place).await.map_err(|error| match error {
                ClusterError::Gone => kind.missing(),
                ClusterError::Refused(message) => {
                    format!(
                        "{} can't be listed, bind the ClusterRole {} to the \
                             controller: {message}",
                        kind.many(),
                        probe::role(kind)
                    )
                }
                other => other.to_string(),
            })?;
        }
        Ok(())
    }
}

impl ServiceAccounts for KubeCluster {
    fn watch_accounts(&self) -> impl Stream<Item = AccountEvent> + Send + 'static {
        watch::accounts::watch(&self.client, &self.namespaces)
    }

    async fn service_account(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ServiceAccount>, ClusterError> {
        let api: Api<CoreServiceAccount> = Api::namespaced(self.client.clone(), namespace);
        let found = bounded(api.get_metadata_opt(name)).await?;
        Ok(found.as_ref().map(watch::accounts::account))
    }

    async fn annotate(
        &self,
        account: &ServiceAccount,
        role_arn: Option<&str>,
    ) -> Result<(), ClusterError> {
        // Without force: what another manager has written is a conflict. What is left out is given
        // up.
        let annotations: BTreeMap<&str, &str> =
            role_arn.into_iter().map(|arn| (api::ROLE_ARN, arn)).collect();
        let body = json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {
                "name": account.name,
                "namespace": account.namespace,
                "uid": account.uid,
                "annotations": annotations,
            },
        });
        let api: Api<CoreServiceAccount> = Api::namespaced(self.client.clone(), &account.namespace);
        let params = PatchParams::apply(api::FIELD_MANAGER);
        bounded(api.patch_metadata(&account.name, &params, &Patch::Apply(&body))).await.map(drop)
    }
}

impl Events for KubeCluster {
    async fn notify<K: Kind>(
        &self,
        object: &Object<K>,
        notice: &Notice,
    ) -> Result<(), ClusterError> {
        bounded(self.recorder.publish(object, notice)).await
    }
}

async fn bounded<T>(
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ClusterError> {
    match tokio::time::timeout(REQUEST, request).await {
        Ok(answer) => answer.map_err(classify),
        Err(_) => Err(ClusterError::Unavailable("no answer within 20 s".into())),
    }
}

fn classify(error: kube::Error) -> ClusterError {
    match error {
        kube::Error::Api(status) => {
            let message = status.message.clone();
            match status.code {
                401 => ClusterError::Refused(format!(
                    "the credentials are not known to it ({message}): sign in again, or check the \
                     user in the kubeconfig"
                )),
                404 | 410 => ClusterError::Gone,
                409 => ClusterError::Conflict(message),
                // A JSON patch whose test failed: the object has changed.
                422 if message.contains("test") && message.contains("path") => {
                    ClusterError::Conflict(message)
                }
                // An apply to an object that has another uid: another one has taken the name.
                422 if message.contains("metadata.uid") => ClusterError::Conflict(message),
                400 | 403 | 422 => ClusterError::Refused(message),
                _ => ClusterError::Unavailable(message),
            }
        }
        other => ClusterError::Unavailable(connect::words(&other)),
    }
}
