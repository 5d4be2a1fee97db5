//! The objects of every kind behind [`crate::ports::Objects`].

use futures::Stream;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use serde::Serialize;
use serde_json::json;

use super::{KubeCluster, bounded, outlines, translate, watch};
use crate::{
    api::{
        self,
        key::Key,
        kind::{KeyOf, Kind},
        object::{Cursor, Object, OutlinePage, WatchEvent},
        raw::RawObject,
    },
    plan::failure::ClusterError,
    ports::Objects,
};

impl KubeCluster {
    fn api<K: Kind>(&self, key: &KeyOf<K>) -> Api<RawObject<K>> {
        match key.namespace() {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &()),
            None => Api::all(self.client.clone()),
        }
    }

    /// A JSON patch that takes our finalizer off exactly this object, whoever put it there.
    async fn patch_finalizer_off<K: Kind>(&self, object: &Object<K>) -> Result<(), ClusterError> {
        let api = self.api::<K>(&object.key);
        let live = match bounded(api.get_metadata_opt(object.key.name())).await? {
            Some(live) if live.metadata.uid.as_deref() == Some(&object.uid) => live,
            _ => return Err(ClusterError::Gone),
        };
        let Some(at) = live.finalizers().iter().position(|there| there == K::finalizer()) else {
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
        bounded(api.patch_metadata(object.key.name(), &PatchParams::default(), &patch))
            .await
            .map(drop)
    }
}

impl<K: Kind> Objects<K> for KubeCluster {
    fn watch(&self) -> impl Stream<Item = WatchEvent<K>> + Send + 'static {
        watch::watch(&self.client, &self.namespaces)
    }

    async fn revision(&self) -> Result<u64, ClusterError> {
        // All places are parts of one store.
        let kind = K::row();
        let place = watch::places(&kind, &self.namespaces).into_iter().next().flatten();
        outlines::revision(&self.client, &kind, place).await
    }

    async fn outlines(&self, from: Option<Cursor>) -> Result<OutlinePage<K>, ClusterError> {
        outlines::page(&self.client, &self.namespaces, from).await
    }

    async fn get(&self, key: &KeyOf<K>) -> Result<Option<Object<K>>, ClusterError> {
        let found = bounded(self.api::<K>(key).get_opt(key.name())).await?;
        Ok(found.map(|raw| translate::object(&raw)))
    }

    async fn add_finalizer(&self, object: &Object<K>) -> Result<(), ClusterError> {
        // Finalizers are a set of which each manager applies its own: others keep theirs, and
        // nothing has to be read.
        let body = ApplyBody::to(object, Some(K::finalizer()), None);
        let params = PatchParams::apply(api::FIELD_MANAGER);
        let api = self.api::<K>(&object.key);
        bounded(api.patch_metadata(object.key.name(), &params, &Patch::Apply(&body)))
            .await
            .map(drop)
    }

    async fn remove_finalizer(&self, object: &Object<K>) -> Result<(), ClusterError> {
        match self.patch_finalizer_off(object).await {
            Err(ClusterError::Gone) => Ok(()),
            other => other,
        }
    }

    async fn write_status(
        &self,
        object: &Object<K>,
        status: &K::Status,
    ) -> Result<(), ClusterError> {
        const { assert!(K::ACCESS.status, "the status of the kind is not ours to write") };
        let body = ApplyBody::to(object, None, Some(status));
        let params = PatchParams::apply(api::FIELD_MANAGER).force();
        let api = self.api::<K>(&object.key);
        bounded(api.patch_status(object.key.name(), &params, &Patch::Apply(&body))).await.map(drop)
    }
}

/// What we apply to an object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ApplyBody<'a, S> {
    api_version: String,
    kind: String,
    metadata: ApplyMetadata<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a S>,
}

#[derive(Debug, Serialize)]
struct ApplyMetadata<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    /// Makes the API server refuse when another object has taken the name. (Seen of kube-apiserver
    /// 1.37: what is applied to the status subresource passes all the same.)
    uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    finalizers: Option<[&'a str; 1]>,
}

impl<'a, S> ApplyBody<'a, S> {
    fn to<K: Kind<Status = S>>(
        object: &'a Object<K>,
        finalizer: Option<&'a str>,
        status: Option<&'a S>,
    ) -> Self {
        let resource = K::row().resource();
        let metadata = ApplyMetadata {
            name: object.key.name(),
            namespace: object.key.namespace(),
            uid: &object.uid,
            finalizers: finalizer.map(|finalizer| [finalizer]),
        };
        Self { api_version: resource.api_version, kind: resource.kind, metadata, status }
    }
}
