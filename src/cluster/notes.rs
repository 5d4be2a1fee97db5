//! What the brakes keep on the Lease of the installation, behind [`crate::ports::LeaseNotes`]:
//! three annotations. Elections write the same object, so each write replaces just the version that
//! was read.

use std::collections::BTreeMap;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::{Api, ResourceExt, api::PostParams};

use super::{KubeCluster, bounded};
use crate::{
    api,
    plan::{failure::ClusterError, lease::Notes},
    ports::LeaseNotes,
};

/// Where the Lease of an installation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl LeaseName {
    /// Of no installation.
    pub(super) fn of_nobody(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: "rolewright".into() }
    }
}

impl KubeCluster {
    fn leases(&self) -> Api<Lease> {
        Api::namespaced(self.client.clone(), &self.lease.namespace)
    }

    /// The Lease by name, where it can't be used.
    fn about(&self, error: ClusterError) -> ClusterError {
        let LeaseName { namespace, name } = &self.lease;
        match error {
            ClusterError::Refused(message) => ClusterError::Refused(format!(
                "Lease {namespace}/{name}: {message}; bind the ClusterRole rolewright-lease to the \
                 controller there"
            )),
            other => other,
        }
    }
}

impl LeaseNotes for KubeCluster {
    async fn notes(&self) -> Result<Option<Notes>, ClusterError> {
        let found = bounded(self.leases().get_opt(&self.lease.name)).await;
        Ok(found.map_err(|error| self.about(error))?.as_ref().map(notes))
    }

    async fn write_notes(&self, notes: &Notes) -> Result<Notes, ClusterError> {
        let (api, name) = (self.leases(), &self.lease.name);
        let params =
            PostParams { field_manager: Some(api::FIELD_MANAGER.into()), ..PostParams::default() };
        let written = async {
            if notes.version.is_none() {
                let mut lease = Lease { spec: Some(LeaseSpec::default()), ..Lease::default() };
                lease.metadata.name = Some(name.clone());
                note(lease.annotations_mut(), notes);
                return bounded(api.create(&params, &lease)).await;
            }
            let mut lease = bounded(api.get(name)).await?;
            if lease.resource_version() != notes.version {
                return Err(ClusterError::Conflict("the Lease has changed".into()));
            }
            note(lease.annotations_mut(), notes);
            bounded(api.replace(name, &params, &lease)).await
        };
        written.await.map(|lease| self::notes(&lease)).map_err(|error| self.about(error))
    }
}

fn notes(lease: &Lease) -> Notes {
    let text = |key: &str| lease.annotations().get(key).cloned().unwrap_or_default();
    Notes {
        version: lease.resource_version(),
        confirm: text(api::CONFIRM),
        done: text(api::DONE),
        confirmed: text(api::CONFIRMED),
    }
}

/// What an operator wrote stays as it is.
fn note(annotations: &mut BTreeMap<String, String>, notes: &Notes) {
    for (key, text) in [(api::DONE, &notes.done), (api::CONFIRMED, &notes.confirmed)] {
        if text.is_empty() {
            annotations.remove(key);
        } else {
            annotations.insert(key.to_owned(), text.clone());
        }
    }
}
