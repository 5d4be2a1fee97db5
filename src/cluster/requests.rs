//! What people ask of a cluster by the command line: to show resources, to pause them or look at
//! them again, and which version is served.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;

use super::{bounded, connect::Way, translate};
use crate::{
    api::{ResourceKey, kinds::iam_role::IamRole, object::Object, raw::RawObject},
    plan::failure::ClusterError,
};

/// Who sets what the command line sets. Not the controller's own name, which applies.
pub(super) const FIELD_MANAGER: &str = "rolewright-cli";
/// Resources in one answer.
const PAGE: u32 = 500;

/// A cluster, and the namespace that is meant where none is named.
#[derive(Clone)]
pub struct Requests {
    pub(super) client: Client,
    namespace: String,
}

impl Requests {
    /// Connects; `namespace` in place of that of the context.
    ///
    /// # Errors
    /// A sentence: what is wrong, and what to do.
    pub async fn connect(way: &Way, namespace: Option<String>) -> Result<Self, ClusterError> {
        let config = way.config().await?;
        let namespace = namespace.unwrap_or_else(|| config.default_namespace.clone());
        Ok(Self { client: super::connect::client(config)?, namespace })
    }

    /// The namespace that is meant.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    fn api(&self, namespace: &str) -> Api<RawObject<IamRole>> {
        Api::namespaced_with(self.client.clone(), namespace, &())
    }

    /// All resources of the namespace, or of all namespaces.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn list(&self, everywhere: bool) -> Result<Vec<Object<IamRole>>, ClusterError> {
        self.list_of((!everywhere).then_some(&self.namespace)).await
    }

    /// All resources of a namespace, or of all namespaces.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn list_of(
        &self,
        namespace: Option<&str>,
    ) -> Result<Vec<Object<IamRole>>, ClusterError> {
        let everywhere = || Api::all_with(self.client.clone(), &());
        let api = namespace.map_or_else(everywhere, |namespace| self.api(namespace));
        let (mut found, mut params) = (Vec::new(), ListParams::default().limit(PAGE));
        loop {
            let page = bounded(api.list(&params)).await?;
            found.extend(page.items.iter().map(translate::object));
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(found),
            }
        }
    }

    /// One resource.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn get(&self, key: &ResourceKey) -> Result<Option<Object<IamRole>>, ClusterError> {
        let found = bounded(self.api(&key.namespace).get_opt(&key.name)).await?;
        Ok(found.as_ref().map(translate::object))
    }

    /// Sets annotations, and takes off those without a value.
    ///
    /// # Errors
    /// No answer, a refusal, or no such resource.
    pub async fn annotate(
        &self,
        key: &ResourceKey,
        annotations: &[(&str, Option<&str>)],
    ) -> Result<(), ClusterError> {
        let annotations: BTreeMap<_, _> = annotations.iter().copied().collect();
        let body = json!({"metadata": {"annotations": annotations}});
        let params =
            PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        let api = self.api(&key.namespace);
        bounded(api.patch_metadata(&key.name, &params, &Patch::Merge(&body))).await.map(drop)
    }

    /// The version of the API server.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn api_server(&self) -> Result<String, ClusterError> {
        Ok(bounded(self.client.apiserver_version()).await?.git_version)
    }

    /// The definition of a kind; `None` where there is none.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn definition(
        &self,
        name: &str,
    ) -> Result<Option<CustomResourceDefinition>, ClusterError> {
        bounded(Api::all(self.client.clone()).get_opt(name)).await
    }

    /// Versions of our group that are served.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub async fn versions(&self, group: &str) -> Result<Vec<String>, ClusterError> {
        let groups = bounded(self.client.list_api_groups()).await?.groups;
        let found = groups.into_iter().find(|other| other.name == group);
        let versions = found.into_iter().flat_map(|group| group.versions);
        Ok(versions.map(|version| version.version).collect())
    }
}

/// The version of the chart or manifests that a definition is labelled with.
#[must_use]
pub fn labelled(definition: &CustomResourceDefinition) -> Option<String> {
    definition.labels().get("app.kubernetes.io/version").cloned()
}
