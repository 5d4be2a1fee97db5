//! What the driver needs from the world, as traits. Who implements them is not known here.

use iam::role::RoleName;
use std::{future::Future, sync::Arc, time::Duration};

use futures::Stream;
use jiff::Timestamp;

use crate::{
    api::{
        kind::{KeyOf, Kind},
        kinds::iam_role::IamRole,
        object::{Cursor, Object, OutlinePage, WatchEvent},
        resource::{AccountEvent, ServiceAccount},
    },
    plan::{
        decide::ownership::Proven,
        failure::{ClusterError, IamError},
        form::observed::{Attachments, Page, RoleDetail, RoleRecord, RoleSummary},
        lease::{Claim, Notes, Record},
        say::notice::Notice,
        steps::step::Written,
    },
};

/// For whom AWS is called. The calls to an account have their turns tenant by tenant, so that one
/// who has much to do does not hold up the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tenant {
    /// The controller itself: its sweeps.
    Sweeps,
    /// The resources of a namespace.
    Namespace(Arc<str>),
}

/// On whose behalf a way into an account is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behalf {
    /// For whom.
    pub tenant: Tenant,
    /// What may close opened access goes before everything else of the same tenant.
    pub urgent: bool,
}

impl Behalf {
    /// The controller's own.
    pub const SWEEPS: Self = Self { tenant: Tenant::Sweeps, urgent: false };

    /// That of a namespace.
    #[must_use]
    pub fn namespace(name: &str, urgent: bool) -> Self {
        Self { tenant: Tenant::Namespace(name.into()), urgent }
    }
}

/// Reading IAM. "Absent" (`NoSuchEntity`) is an answer, `None`; everything unknown is an error.
pub trait IamRead: Send + Sync + 'static {
    /// What time it is at AWS: the `Date` of its last answer, an error among them, and the time
    /// since by a steady clock. `None` before the first answer.
    fn time(&self) -> Option<Timestamp>;
    /// The same way in, for calls on somebody's behalf.
    #[must_use]
    fn on_behalf_of(&self, behalf: &Behalf) -> Self;
    /// `GetRole`.
    fn role(
        &self,
        name: &RoleName,
    ) -> impl Future<Output = Result<Option<RoleRecord>, IamError>> + Send;
    /// `ListAttachedRolePolicies`, all pages.
    fn attached(
        &self,
        name: &RoleName,
    ) -> impl Future<Output = Result<Option<Attachments>, IamError>> + Send;
    /// `ListRolePolicies`, all pages: names.
    fn inline_names(
        &self,
        name: &RoleName,
    ) -> impl Future<Output = Result<Option<Vec<String>>, IamError>> + Send;
    /// `GetRolePolicy`: the body as AWS sent it.
    fn inline(
        &self,
        name: &RoleName,
        policy: &str,
    ) -> impl Future<Output = Result<Option<String>, IamError>> + Send;
    /// `GetPolicy`: the version of a managed policy that counts.
    fn default_version(
        &self,
        arn: &str,
    ) -> impl Future<Output = Result<Option<String>, IamError>> + Send;
    /// `GetPolicyVersion`: the document as AWS sent it.
    fn policy_version(
        &self,
        arn: &str,
        version: &str,
    ) -> impl Future<Output = Result<Option<String>, IamError>> + Send;
    /// `ListInstanceProfilesForRole`, all pages: names.
    fn instance_profiles(
        &self,
        name: &RoleName,
    ) -> impl Future<Output = Result<Option<Vec<String>>, IamError>> + Send;
    /// `GetOpenIDConnectProvider`: its client ids, by its ARN.
    fn oidc_provider(
        &self,
        arn: &str,
    ) -> impl Future<Output = Result<Option<Vec<String>>, IamError>> + Send;
    /// `GetSAMLProvider`: whether it is there, by its ARN.
    fn saml_provider(&self, arn: &str) -> impl Future<Output = Result<bool, IamError>> + Send;
    /// One page of `GetAccountAuthorizationDetails` (roles), 1,000 items asked for.
    fn details(
        &self,
        marker: Option<String>,
    ) -> impl Future<Output = Result<Page<RoleDetail>, IamError>> + Send;
    /// One page of `ListRoles`, 1,000 items asked for.
    fn summaries(
        &self,
        marker: Option<String>,
    ) -> impl Future<Output = Result<Page<RoleSummary>, IamError>> + Send;
}

/// Writing IAM: one step, one call.
pub trait IamWrite: IamRead {
    /// Waits until the next write may go. A pace may make it wait long, so the driver waits here
    /// and looks at its proof of ownership behind it.
    fn turn(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
    /// Carries out one step that may be written. Removing what is absent is done, not an error.
    fn write(&self, step: Proven<'_>) -> impl Future<Output = Result<Written, IamError>> + Send;
}

/// The objects of one kind in the API server.
pub trait Objects<K: Kind>: Send + Sync + 'static {
    /// Watches all objects in scope; never ends, heals itself.
    fn watch(&self) -> impl Stream<Item = WatchEvent<K>> + Send + 'static;
    /// How far the store behind the API server has come. Consistent: never lower than anything
    /// that was read of it before, unless the store was set back. `Gone`: the kind is not served.
    fn revision(&self) -> impl Future<Output = Result<u64, ClusterError>> + Send;
    /// One page of the metadata of all objects in scope; `None` begins. Where a page was left for
    /// minutes the next one may be `Gone`.
    fn outlines(
        &self,
        from: Option<Cursor>,
    ) -> impl Future<Output = Result<OutlinePage<K>, ClusterError>> + Send;
    /// Live read; `None` when it does not exist.
    fn get(
        &self,
        key: &KeyOf<K>,
    ) -> impl Future<Output = Result<Option<Object<K>>, ClusterError>> + Send;
    /// Adds our finalizer to exactly this object (by uid). For a kind without one this does not
    /// compile.
    fn add_finalizer(
        &self,
        object: &Object<K>,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Takes our finalizer off exactly this object (by uid); an object that is gone counts as done.
    fn remove_finalizer(
        &self,
        object: &Object<K>,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Replaces our part of the status of exactly this object (by uid). For a kind whose status is
    /// not ours to write this does not compile.
    fn write_status(
        &self,
        object: &Object<K>,
        status: &K::Status,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;
}

/// The service accounts in the API server.
pub trait ServiceAccounts: Send + Sync + 'static {
    /// Watches the metadata of all of them in scope; never ends, heals itself.
    fn watch_accounts(&self) -> impl Stream<Item = AccountEvent> + Send + 'static;
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
}

/// Events on objects of any kind.
pub trait Events: Send + Sync + 'static {
    /// Publishes an Event; failures are logged by the caller and never stop anything.
    fn notify<K: Kind>(
        &self,
        object: &Object<K>,
        notice: &Notice,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;
}

/// What the brakes keep on the Lease of the installation.
pub trait LeaseNotes: Send + Sync + 'static {
    /// Live read; `None` when there is no Lease.
    fn notes(&self) -> impl Future<Output = Result<Option<Notes>, ClusterError>> + Send;
    /// Writes what is the controller's of it, if the version that it names still stands there;
    /// without one it makes the Lease. `Conflict` and `Gone`: it does not.
    fn write_notes(
        &self,
        notes: &Notes,
    ) -> impl Future<Output = Result<Notes, ClusterError>> + Send;
}

/// The Kubernetes side: all that the driver needs of it.
pub trait Cluster: Objects<IamRole> + ServiceAccounts + Events + LeaseNotes {}

impl<C: Objects<IamRole> + ServiceAccounts + Events + LeaseNotes> Cluster for C {}

/// The record by which replicas agree on who leads; a request is never sent twice.
pub trait Lease: Send + 'static {
    /// What stands there; `None` when there is no such record.
    fn read(&mut self) -> impl Future<Output = Result<Option<Record>, ClusterError>> + Send;
    /// Writes the claim, if the version that it replaces still stands there. `Conflict` and `Gone`:
    /// it does not.
    fn write(&mut self, claim: &Claim)
    -> impl Future<Output = Result<Record, ClusterError>> + Send;
}

/// Time, so that a test can own it.
pub trait Clock: Send + Sync + 'static {
    /// Wall clock, UTC: for what people read, and for the ends of lifetimes. Somebody may set it.
    fn now(&self) -> Timestamp;
    /// A clock that only goes forward, for everything that is measured: it begins as the wall clock
    /// did, and nobody sets it.
    fn steady(&self) -> Timestamp;
    /// Completes after `duration` by the steady clock.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
    /// A number in `0.0..1.0` for jitter.
    fn jitter(&self) -> f64;
}
