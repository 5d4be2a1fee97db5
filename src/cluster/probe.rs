//! Questions about the cluster itself: are the kinds served, and may we do what we will do.

use std::borrow::Cow;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SubjectAccessReviewStatus,
};
use kube::{Api, Client, api::PostParams};

use crate::{
    api::{self, kind::KindRow, kinds::KINDS},
    cluster::bounded,
    plan::failure::ClusterError,
};

/// One verb on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// API group.
    pub group: &'static str,
    /// Plural name, and behind a slash the subresource.
    pub resource: Cow<'static, str>,
    /// `get`, `patch`, …
    pub verb: &'static str,
}

const fn right(group: &'static str, resource: &'static str, verb: &'static str) -> Right {
    Right { group, resource: Cow::Borrowed(resource), verb }
}

/// What this module's neighbours always ask of the API server in the namespaces that are watched:
/// the kinds that are there, and Events. The same as the `ClusterRole` `rolewright` of
/// `config/rbac/`.
#[must_use]
pub fn rights() -> Vec<Right> {
    let events = ["create", "patch"].map(|verb| right("events.k8s.io", "events", verb));
    let kinds = KINDS.iter().filter(|kind| kind.namespaced).flat_map(of_kind);
    kinds.chain(events).collect()
}

/// What they ask for about kinds that are in no namespace, which takes a binding for the whole
/// cluster: `rolewright-cluster`. Nothing while there is no such kind.
#[must_use]
pub fn cluster_rights() -> Vec<Right> {
    KINDS.iter().filter(|kind| !kind.namespaced).flat_map(of_kind).collect()
}

/// The `ClusterRole` that gives the rights to a kind.
pub fn role(kind: &KindRow) -> &'static str {
    if kind.namespaced { "rolewright" } else { "rolewright-cluster" }
}

fn of_kind(kind: &KindRow) -> Vec<Right> {
    let right =
        |(resource, verb)| Right { group: api::GROUP, resource: Cow::Owned(resource), verb };
    kind.rights().into_iter().map(right).collect()
}

/// What an election of the leader asks for: `rolewright-lease`.
pub const LEASE_RIGHTS: [Right; 3] = [
    right("coordination.k8s.io", "leases", "get"),
    right("coordination.k8s.io", "leases", "create"),
    right("coordination.k8s.io", "leases", "update"),
];

/// What the annotation of service accounts asks for: `rolewright-service-accounts`.
pub const SERVICE_ACCOUNT_RIGHTS: [Right; 4] = [
    right("", "serviceaccounts", "get"),
    right("", "serviceaccounts", "list"),
    right("", "serviceaccounts", "watch"),
    right("", "serviceaccounts", "patch"),
];

/// Asks the API server about itself.
#[derive(Clone)]
pub struct Probe {
    client: Client,
}

impl Probe {
    /// Uses `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Names of the resources that the API server serves in our group and version; empty when it
    /// serves none.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses us.
    pub async fn served(&self) -> Result<Vec<String>, ClusterError> {
        let version = format!("{}/{}", api::GROUP, api::VERSION);
        match bounded(self.client.list_api_group_resources(&version)).await {
            Ok(list) => Ok(list.resources.into_iter().map(|resource| resource.name).collect()),
            Err(ClusterError::Gone) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Whether RBAC gives us a right, in a namespace or in all of them.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses the question.
    pub async fn allowed(
        &self,
        right: &Right,
        namespace: Option<&str>,
    ) -> Result<bool, ClusterError> {
        let (resource, subresource) = match right.resource.split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource)),
            None => (right.resource.as_ref(), None),
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    group: Some(right.group.to_owned()),
                    resource: Some(resource.to_owned()),
                    subresource: subresource.map(str::to_owned),
                    verb: Some(right.verb.to_owned()),
                    namespace: namespace.map(str::to_owned),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let api: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let answer = bounded(api.create(&PostParams::default(), &review)).await?;
        Ok(answer.status.is_some_and(|status: SubjectAccessReviewStatus| status.allowed))
    }
}
