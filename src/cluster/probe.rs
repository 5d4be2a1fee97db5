//! Questions about the cluster itself: is the kind served, and may we do what we will do.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SubjectAccessReviewStatus,
};
use kube::{Api, Client, api::PostParams};

use crate::{api, cluster::bounded, plan::failure::ClusterError};

/// One verb on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// API group.
    pub group: &'static str,
    /// Plural name, and behind a slash the subresource.
    pub resource: &'static str,
    /// `get`, `patch`, …
    pub verb: &'static str,
}

const fn right(group: &'static str, resource: &'static str, verb: &'static str) -> Right {
    Right { group, resource, verb }
}

/// What this module's neighbours always ask of the API server; the same as the `ClusterRole`
/// `rolewright` of `config/rbac/`.
pub const RIGHTS: [Right; 7] = [
    right(api::GROUP, "iamroles", "get"),
    right(api::GROUP, "iamroles", "list"),
    right(api::GROUP, "iamroles", "watch"),
    right(api::GROUP, "iamroles", "patch"),
    right(api::GROUP, "iamroles/status", "patch"),
    right("events.k8s.io", "events", "create"),
    right("events.k8s.io", "events", "patch"),
];

/// What an election of the leader asks for: `rolewright-lease`.
pub const LEASE_RIGHTS: [Right; 3] = [
    right("coordination.k8s.io", "leases", "get"),
    right("coordination.k8s.io", "leases", "create"),
    right("coordination.k8s.io", "leases", "update"),
];

/// What the annotation of service accounts asks for: `rolewright-service-accounts`.
pub const SERVICE_ACCOUNT_RIGHTS: [Right; 2] =
    [right("", "serviceaccounts", "get"), right("", "serviceaccounts", "patch")];

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
            None => (right.resource, None),
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
