//! What is confirmed, as the command line reads and writes it on the Lease of an installation: with
//! the rights of who calls.

use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    LeaseName, bounded,
    connect::Way,
    requests::{FIELD_MANAGER, Requests},
};
use crate::{
    api::{self, resource::Resource},
    plan::failure::ClusterError,
};

/// An operator at the cluster.
pub struct Operator {
    requests: Requests,
    lease: LeaseName,
}

impl Operator {
    /// Connects; the Lease is in `namespace`, or in that of the context.
    ///
    /// # Errors
    /// A sentence: what is wrong, and what to do.
    pub async fn connect(
        way: &Way,
        namespace: Option<String>,
        name: String,
    ) -> Result<Self, ClusterError> {
        let requests = Requests::connect(way, namespace).await?;
        let lease = LeaseName { namespace: requests.namespace().to_owned(), name };
        Ok(Self { requests, lease })
    }

    /// The Lease.
    #[must_use]
    pub fn lease(&self) -> &LeaseName {
        &self.lease
    }

    /// All resources, of one namespace or of all.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn resources(&self, namespace: Option<&str>) -> Result<Vec<Resource>, ClusterError> {
        self.requests.list_of(namespace).await
    }

    fn leases(&self) -> Api<Lease> {
        Api::namespaced(self.requests.client.clone(), &self.lease.namespace)
    }

    /// What an operator confirms, and what the controller has found confirmed.
    ///
    /// # Errors
    /// `Gone` where there is no such Lease; no answer, or a refusal.
    pub async fn confirmations(&self) -> Result<(String, String), ClusterError> {
        let lease = bounded(self.leases().get_metadata(&self.lease.name)).await?;
        let text = |key: &str| lease.annotations().get(key).cloned().unwrap_or_default();
        Ok((text(api::CONFIRM), text(api::CONFIRMED)))
    }

    /// Writes the annotation.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn confirm(&self, text: &str) -> Result<(), ClusterError> {
        let patch = json!({"metadata": {"annotations": {api::CONFIRM: text}}});
        let params =
            PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        bounded(self.leases().patch_metadata(&self.lease.name, &params, &Patch::Merge(&patch)))
            .await
            .map(drop)
    }
}
