//! What the driver needs from the world, and how the world fails. Who implements these traits is not known here.

use std::{future::Future, time::Duration};

use futures::Stream;
use jiff::Timestamp;

use crate::{
    api::{ResourceKey, RoleStatus},
    plan::{
        leadership::{Claim, Record},
        observed::{Attachments, Page, RoleDetail, RoleRecord, RoleSummary},
        step::Step,
    },
};

/// How an AWS call failed, by what can be done about it. Source: the error table of the IAM API reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IamErrorClass {
    /// No answer: not reachable, timed out, no credentials. A write may have been applied.
    Unreachable,
    /// `Throttling` and kin: the account's call budget is spent.
    Throttled,
    /// 5xx. A write may have been applied.
    ServerError,
    /// `AccessDenied` and kin.
    AccessDenied,
    /// `EntityAlreadyExists`.
    AlreadyExists,
    /// `NoSuchEntity` where it does not simply mean "absent": a policy to attach, a boundary, a role to change.
    NotFound,
    /// `DeleteConflict`.
    DeleteConflict,
    /// `ConcurrentModification`, `EntityTemporarilyUnmodifiable`: somebody else writes at the same time.
    Busy,
    /// `LimitExceeded`.
    LimitExceeded,
    /// `MalformedPolicyDocument` with "Invalid principal".
    InvalidPrincipal,
    /// `MalformedPolicyDocument`, `InvalidInput`, `ValidationError`, `PolicyNotAttachable`: AWS refuses what is sent.
    Refused,
    /// `UnmodifiableEntity`: a role of an AWS service.
    Protected,
    /// Anything else, an answer that can't be understood among it.
    Unknown,
}

impl IamErrorClass {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Unreachable,
        Self::Throttled,
        Self::ServerError,
        Self::AccessDenied,
        Self::AlreadyExists,
        Self::NotFound,
        Self::DeleteConflict,
        Self::Busy,
        Self::LimitExceeded,
        Self::InvalidPrincipal,
        Self::Refused,
        Self::Protected,
        Self::Unknown,
    ];

    /// True when a write that failed so may have been applied all the same.
    #[must_use]
    pub fn outcome_unknown(self) -> bool {
        matches!(self, Self::Unreachable | Self::ServerError | Self::Unknown)
    }
}

/// A failed AWS call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{action}: {message}")]
pub struct IamError {
    /// IAM action, as `CreateRole`.
    pub action: &'static str,
    /// What can be done about it.
    pub class: IamErrorClass,
    /// AWS's own words, cut to one line.
    pub message: String,
    /// The id that AWS gave the request; `CloudTrail` has it too. For logs only: it differs each time.
    pub request_id: Option<String>,
}

/// Reading IAM. "Absent" (`NoSuchEntity`) is an answer, `None`; everything unknown is an error.
pub trait IamRead: Send + Sync + 'static {
    /// `GetRole`.
    fn role(&self, name: &str) -> impl Future<Output = Result<Option<RoleRecord>, IamError>> + Send;
    /// `ListAttachedRolePolicies`, all pages.
    fn attached(&self, name: &str) -> impl Future<Output = Result<Option<Attachments>, IamError>> + Send;
    /// `ListRolePolicies`, all pages: names.
    fn inline_names(&self, name: &str) -> impl Future<Output = Result<Option<Vec<String>>, IamError>> + Send;
    /// `GetRolePolicy`: the body as AWS sent it.
    fn inline(&self, name: &str, policy: &str) -> impl Future<Output = Result<Option<String>, IamError>> + Send;
    /// `ListInstanceProfilesForRole`, all pages: names.
    fn instance_profiles(&self, name: &str) -> impl Future<Output = Result<Option<Vec<String>>, IamError>> + Send;
    /// One page of `GetAccountAuthorizationDetails` (roles), 1,000 items asked for.
    fn details(&self, marker: Option<String>) -> impl Future<Output = Result<Page<RoleDetail>, IamError>> + Send;
    /// One page of `ListRoles`, 1,000 items asked for.
    fn summaries(&self, marker: Option<String>) -> impl Future<Output = Result<Page<RoleSummary>, IamError>> + Send;
}

/// The answer to a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The new role, after `CreateRole`.
    pub role: Option<RoleRecord>,
    /// The id that AWS gave the request; `CloudTrail` has it too.
    pub request_id: Option<String>,
}

/// Writing IAM: one step, one call.
pub trait IamWrite: IamRead {
    /// Waits until the next write may go. A pace may make it wait long, so the driver waits here and looks at its proof of
    /// ownership behind it.
    fn turn(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
    /// Carries out one step. Removing what is absent is done, not an error.
    fn write(&self, step: &Step) -> impl Future<Output = Result<Written, IamError>> + Send;
}

/// How a call to the API server failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The object changed or was replaced in between; a new pass reads it again.
    #[error("the API server reports a conflict: {0}")]
    Conflict(String),
    /// The object is gone.
    #[error("the object is gone")]
    Gone,
    /// The API server refuses the write: not authorised, or not valid.
    #[error("the API server refuses: {0}")]
    Refused(String),
    /// No answer, or a temporary failure.
    #[error("the API server can't be used: {0}")]
    Unavailable(String),
    /// Another replica may lead: nothing was sent.
    #[error("this replica does not lead any more and writes nothing")]
    NotLeading,
}

/// An `IAMRole` as the API server delivers it; `spec` is undecoded text until the core parses it with bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Namespace and name.
    pub key: ResourceKey,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.creationTimestamp`.
    pub created: Timestamp,
    /// True when `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// True when our finalizer is set.
    pub finalizer: bool,
    /// Annotation `rolewright.dev/paused: "true"`.
    pub paused: bool,
    /// Annotation `rolewright.dev/reconcile-requested-at`.
    pub reconcile_requested_at: Option<String>,
    /// JSON text of `spec`.
    pub spec: String,
    /// Status as last written.
    pub status: RoleStatus,
}

/// A service account, as far as annotating it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Namespace: the resource's own.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// Annotation [`crate::api::ROLE_ARN`].
    pub role_arn: Option<String>,
}

/// What the watch tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchEvent {
    /// A new list begins: what it does not bring is gone.
    Restarted,
    /// The object is new or has changed.
    Applied(Box<Resource>),
    /// The object is gone.
    Deleted(ResourceKey),
    /// The list is complete.
    Synced,
    /// The watch failed and will be tried again.
    Failed(String),
}

/// A Kubernetes Event on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// True for type `Warning`.
    pub warning: bool,
    /// CamelCase, one of [`crate::api::reason`].
    pub reason: &'static str,
    /// CamelCase verb: what was being done.
    pub action: &'static str,
    /// For people; cut to 1,000 bytes on a character boundary by the adapter.
    pub note: String,
}

/// The Kubernetes side.
pub trait Cluster: Send + Sync + 'static {
    /// Watches all resources in scope; never ends, heals itself.
    fn watch(&self) -> impl Stream<Item = WatchEvent> + Send + 'static;
    /// Live read; `None` when it does not exist.
    fn get(&self, key: &ResourceKey) -> impl Future<Output = Result<Option<Resource>, ClusterError>> + Send;
    /// Adds our finalizer to exactly this object (by uid).
    fn add_finalizer(&self, resource: &Resource) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Takes our finalizer off exactly this object (by uid); an object that is gone counts as done.
    fn remove_finalizer(&self, resource: &Resource) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Replaces our part of the status of exactly this object (by uid).
    fn write_status(
        &self,
        resource: &Resource,
        status: &RoleStatus,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Live read of a service account; `None` when it does not exist.
    fn service_account(
        &self,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<Option<ServiceAccount>, ClusterError>> + Send;
    /// Writes the annotation on exactly this service account (by uid), or takes our own off.
    fn annotate(
        &self,
        account: &ServiceAccount,
        role_arn: Option<&str>,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Publishes an Event; failures are logged by the caller and never stop anything.
    fn notify(&self, resource: &Resource, notice: &Notice) -> impl Future<Output = Result<(), ClusterError>> + Send;
}

/// The record by which replicas agree on who leads; a request is never sent twice.
pub trait Lease: Send + 'static {
    /// What stands there; `None` when there is no such record.
    fn read(&mut self) -> impl Future<Output = Result<Option<Record>, ClusterError>> + Send;
    /// Writes the claim, if the version that it replaces still stands there. `Conflict` and `Gone`: it does not.
    fn write(&mut self, claim: &Claim) -> impl Future<Output = Result<Record, ClusterError>> + Send;
}

/// Time, so that a test can own it.
pub trait Clock: Send + Sync + 'static {
    /// Wall clock, UTC.
    fn now(&self) -> Timestamp;
    /// Completes after `duration` by the same clock.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
    /// A number in `0.0..1.0` for jitter.
    fn jitter(&self) -> f64;
}
