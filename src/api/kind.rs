//! What makes a kind: its types, and what the controller does with its objects. A kind is a file
//! below [`super::kinds`] that implements [`Kind`], and a row of the table there; whatever is made
//! for every kind (CRD, schema, reference page, rights, watch) asks these two only.

use std::fmt::Debug;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{CustomResourceExt, core::ApiResource};
use serde::{Serialize, de::DeserializeOwned};

use super::key::Scope;

/// A kind of custom resource, for all that is generic over kinds. It is implemented by a type
/// without content; where that should have the kind's own name, the typed object takes another one
/// (`#[kube(root = "…")]`).
pub trait Kind: Copy + Debug + Eq + Send + Sync + 'static {
    /// The typed object: names, scope and CRD are made of it.
    type Typed: kube::Resource<DynamicType = (), Scope: Scope> + CustomResourceExt;
    /// What stands in its `status`; `()` for a kind that has none.
    type Status: Status;
    /// What the controller does with its objects.
    const ACCESS: Rights;
    /// Types of its conditions, each with its meaning.
    const CONDITIONS: &'static [(&'static str, &'static str)] = &[];
    /// Annotations that mean something: name, value as it is written (empty: any), meaning.
    const ANNOTATIONS: &'static [(&'static str, &'static str, &'static str)] = &[];

    /// Its row of the table.
    #[must_use]
    fn row() -> KindRow {
        KindRow::of::<Self>()
    }

    /// The finalizer. Who asks for that of a kind without one does not compile.
    #[must_use]
    fn finalizer() -> &'static str {
        const {
            match Self::ACCESS.finalizer {
                Some(finalizer) => finalizer,
                None => panic!("the kind has no finalizer"),
            }
        }
    }
}

/// What can stand in the status of an object.
pub trait Status:
    Clone + Debug + Default + Eq + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

impl<S> Status for S where
    S: Clone + Debug + Default + Eq + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

/// What tells objects of a kind apart.
pub type KeyOf<K> = <<<K as Kind>::Typed as kube::Resource>::Scope as Scope>::Key;

/// What the controller does with the objects of a kind, besides reading and watching them. Its
/// rights follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The finalizer that it sets.
    pub finalizer: Option<&'static str>,
    /// It writes the status.
    pub status: bool,
    /// Further verbs that it needs, such as `create`.
    pub more: &'static [&'static str],
}

impl Rights {
    /// Objects that the controller only reads.
    pub const READ: Self = Self { finalizer: None, status: false, more: &[] };
}

/// A kind as data: one row of the table.
#[derive(Clone, Copy, Debug)]
pub struct KindRow {
    resource: fn() -> ApiResource,
    /// As kube's derive makes it; [`super::crd`] finishes it.
    pub(super) derived: fn() -> CustomResourceDefinition,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// [`Kind::ACCESS`].
    pub access: Rights,
    /// [`Kind::CONDITIONS`].
    pub conditions: &'static [(&'static str, &'static str)],
    /// [`Kind::ANNOTATIONS`].
    pub annotations: &'static [(&'static str, &'static str, &'static str)],
}

impl KindRow {
    /// The row of a kind.
    #[must_use]
    pub const fn of<K: Kind>() -> Self {
        Self {
            resource: K::Typed::api_resource,
            derived: K::Typed::crd,
            namespaced: <<K::Typed as kube::Resource>::Scope as Scope>::NAMESPACED,
            access: K::ACCESS,
            conditions: K::CONDITIONS,
            annotations: K::ANNOTATIONS,
        }
    }

    /// Names, group and version, as a client needs them.
    #[must_use]
    pub fn resource(&self) -> ApiResource {
        (self.resource)()
    }

    /// Name of the kind, in the singular.
    #[must_use]
    pub fn name(&self) -> String {
        self.resource().kind
    }

    /// Name of many of them, for people: with the ending that the plural of the API has.
    #[must_use]
    pub fn many(&self) -> String {
        let ApiResource { kind, plural, .. } = self.resource();
        let ending = plural.get(kind.len()..).unwrap_or("s");
        format!("{kind}{ending}")
    }

    /// What to say when the API server does not know it.
    #[must_use]
    pub fn missing(&self) -> String {
        let name = self.name();
        format!("the kind {name} is not installed in this cluster, apply the CRD (rolewright crds)")
    }

    /// What RBAC calls its parts, each with a verb that the controller needs.
    #[must_use]
    pub fn rights(&self) -> Vec<(String, &'static str)> {
        let Rights { finalizer, status, more } = self.access;
        let plural = self.resource().plural;
        let read = ["get", "list", "watch"].into_iter();
        let own = read.chain(finalizer.map(|_| "patch")).chain(more.iter().copied());
        let mut rights: Vec<_> = own.map(|verb| (plural.clone(), verb)).collect();
        if status {
            rights.push((format!("{plural}/status"), "patch"));
        }
        rights
    }
}
