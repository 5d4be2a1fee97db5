//! The API server behind [`crate::ports::Cluster`]: watch, live reads, finalizer, status, Events;
//! and the Lease. Translates; decides nothing.

mod events;
mod lease;
mod probe;
mod watch;

pub use lease::KubeLease;
pub use probe::{LEASE_RIGHTS, Probe, RIGHTS, Right, SERVICE_ACCOUNT_RIGHTS};

use std::{collections::BTreeMap, time::Duration};

use futures::Stream;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ServiceAccount as CoreServiceAccount;
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;

use crate::{
    api::{
        self, ResourceKey, RoleStatus,
        raw::RawRole,
        resource::{Resource, ServiceAccount, WatchEvent},
    },
    plan::{
        failure::ClusterError,
        say::{notice::Notice, words::cut},
    },
    ports::Cluster,
};

/// The API server never takes longer than this for one request; a client that retries inside could
/// hide a failure for minutes.
const REQUEST: Duration = Duration::from_secs(20);

/// `status.lastHandledReconcileAt` holds 256 characters.
const ANNOTATION_BYTES: usize = 256;

/// A connected API server.
#[derive(Clone)]
pub struct KubeCluster {
    client: Client,
    namespaces: Vec<String>,
    recorder: events::Recorder,
}

impl KubeCluster {
    /// Uses `client`; watches `namespaces`, or all of them when empty.
    #[must_use]
    pub fn new(client: Client, namespaces: Vec<String>) -> Self {
        let recorder = events::Recorder::new(client.clone());
        Self { client, namespaces, recorder }
    }

    /// Whether the kind is there and may be listed, everywhere where it will be watched.
    ///
    /// # Errors
    /// A sentence: what is missing, and what to do.
    pub async fn probe(&self) -> Result<(), String> {
        for api in watch::apis(&self.client, &self.namespaces) {
            bounded(api.list_metadata(&ListParams::default().limit(1))).await.map_err(|error| {
                match error {
                    ClusterError::Gone => watch::KIND_MISSING.to_owned(),
                    ClusterError::Refused(message) => {
                        format!(
                            "IAMRoles can't be listed, bind the ClusterRole rolewright to the \
                        controller: {message}"
                        )
                    }
                    other => other.to_string(),
                }
            })?;
        }
        Ok(())
    }

    fn api(&self, key: &ResourceKey) -> Api<RawRole> {
        Api::namespaced(self.client.clone(), &key.namespace)
    }

    /// A JSON patch that takes our finalizer off exactly this object, whoever put it there.
    async fn patch_finalizer_off(&self, resource: &Resource) -> Result<(), ClusterError> {
        let api = self.api(&resource.key);
        let live = match bounded(api.get_metadata_opt(&resource.key.name)).await? {
            Some(live) if live.metadata.uid.as_deref() == Some(&resource.uid) => live,
            _ => return Err(ClusterError::Gone),
        };
        let Some(at) = live.finalizers().iter().position(|finalizer| finalizer == api::FINALIZER)
        else {
            return Ok(());
        };
        // The version pins the object that was read: nobody else's finalizer is lost.
        let operations = json!([
            {"op": "test", "path": "/metadata/resourceVersion",
            "value": live.metadata.resource_version},
            {"op": "remove", "path": format!("/metadata/finalizers/{at}")},
        ]);
        let patch: kube::core::params::Patch<()> = Patch::Json(
            serde_json::from_value(operations)
                .map_err(|error| ClusterError::Refused(error.to_string()))?,
        );
        bounded(api.patch_metadata(&resource.key.name, &PatchParams::default(), &patch))
            .await
            .map(drop)
    }
}

impl Cluster for KubeCluster {
    fn watch(&self) -> impl Stream<Item = WatchEvent> + Send + 'static {
        watch::watch(&self.client, &self.namespaces)
    }

    async fn get(&self, key: &ResourceKey) -> Result<Option<Resource>, ClusterError> {
        Ok(bounded(self.api(key).get_opt(&key.name)).await?.map(|raw| resource(&raw)))
    }

    async fn add_finalizer(&self, resource: &Resource) -> Result<(), ClusterError> {
        // Finalizers are a set of which each manager applies its own: others keep theirs, and
        // nothing has to be read.
        let body = json!({
            "apiVersion": format!("{}/{}", api::GROUP, api::VERSION),
            "kind": "IAMRole",
            "metadata": {
                "name": resource.key.name,
                "namespace": resource.key.namespace,
                "uid": resource.uid,
                "finalizers": [api::FINALIZER],
            },
        });
        let params = PatchParams::apply(api::FIELD_MANAGER);
        let api = self.api(&resource.key);
        bounded(api.patch_metadata(&resource.key.name, &params, &Patch::Apply(&body)))
            .await
            .map(drop)
    }

    async fn remove_finalizer(&self, resource: &Resource) -> Result<(), ClusterError> {
        match self.patch_finalizer_off(resource).await {
            Err(ClusterError::Gone) => Ok(()),
            other => other,
        }
    }

    async fn write_status(
        &self,
        resource: &Resource,
        status: &RoleStatus,
    ) -> Result<(), ClusterError> {
        // The uid in the body makes the API server refuse when another object has taken the name.
        let body = json!({
            "apiVersion": format!("{}/{}", api::GROUP, api::VERSION),
            "kind": "IAMRole",
            "metadata": {"name": resource.key.name, "namespace": resource.key.namespace,
            "uid": resource.uid},
            "status": status,
        });
        let params = PatchParams::apply(api::FIELD_MANAGER).force();
        let api = self.api(&resource.key);
        bounded(api.patch_status(&resource.key.name, &params, &Patch::Apply(&body))).await.map(drop)
    }

    async fn service_account(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ServiceAccount>, ClusterError> {
        let api: Api<CoreServiceAccount> = Api::namespaced(self.client.clone(), namespace);
        let found = bounded(api.get_metadata_opt(name)).await?;
        Ok(found.map(|found| ServiceAccount {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: found.uid().unwrap_or_default(),
            role_arn: found.annotations().get(api::ROLE_ARN).cloned(),
        }))
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

    async fn notify(&self, resource: &Resource, notice: &Notice) -> Result<(), ClusterError> {
        bounded(self.recorder.publish(resource, notice)).await
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
                404 | 410 => ClusterError::Gone,
                409 => ClusterError::Conflict(message),
                // A JSON patch whose test failed: the object has changed.
                422 if message.contains("test") && message.contains("path") => {
                    ClusterError::Conflict(message)
                }
                // An apply to an object that has another uid: another one has taken the name.
                422 if message.contains("metadata.uid") => ClusterError::Conflict(message),
                400 | 401 | 403 | 422 => ClusterError::Refused(message),
                _ => ClusterError::Unavailable(message),
            }
        }
        other => ClusterError::Unavailable(other.to_string()),
    }
}

/// The object in the core's terms.
fn resource(raw: &RawRole) -> Resource {
    // Cut to what status holds: a longer value could never be noted there, and would keep all of
    // the status from being written.
    let annotation =
        |key: &str| raw.annotations().get(key).map(|value| cut(value, ANNOTATION_BYTES));
    Resource {
        key: ResourceKey { namespace: raw.namespace().unwrap_or_default(), name: raw.name_any() },
        uid: raw.uid().unwrap_or_default(),
        generation: raw.metadata.generation.unwrap_or_default(),
        created: raw.creation_timestamp().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
        deleting: raw.metadata.deletion_timestamp.is_some(),
        finalizer: raw.finalizers().iter().any(|finalizer| finalizer == api::FINALIZER),
        paused: annotation(api::PAUSED).as_deref() == Some("true"),
        reconcile_requested_at: annotation(api::RECONCILE_REQUESTED_AT),
        spec: raw.spec.get().to_owned(),
        status: raw.status.clone().unwrap_or_default(),
    }
}
