//! Which role a resource is about: the one choke point for scope. Everything here comes from the
//! resource's key, the operator's settings and names that are pinned; nothing that a tenant writes
//! widens it.

use crate::{
    api::{ResourceKey, resource::Resource},
    plan::scope::{
        limits::Limits,
        problems::{LIMIT, Problems, refused},
    },
};
use iam::role::{RoleKey, RoleName};
use iam::tag::TagKey;
use iam::{
    account::Account,
    finding::{Field, Finding},
    limits, name, tag,
    text::{
        json::{self},
        node::{Bounds, Node},
    },
};

/// Characters of a resource's name: with its namespace it is the value of a tag.
const RESOURCE_NAME: usize = 190;

/// The role that a resource stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The resource.
    pub key: ResourceKey,
    /// `metadata.uid` of the resource: a hint, not a proof.
    pub uid: String,
    /// The installation that owns the role.
    pub installation: String,
    /// The account it lives in.
    pub account: Account,
    /// Name of the role.
    pub name: RoleName,
    /// Path of the role.
    pub path: String,
    /// Where nothing is pinned: the name that an earlier version would have given the role, if that
    /// is another one.
    pub former: Option<RoleName>,
    /// It is the controller's own role.
    pub own: bool,
}

impl Identity {
    /// The role in AWS.
    #[must_use]
    pub fn role(&self) -> RoleKey {
        RoleKey { account: self.account.id, name: self.name.clone() }
    }

    /// The ARN that it has in AWS.
    #[must_use]
    pub fn arn(&self) -> String {
        let Self { account: Account { id, partition }, path, name, .. } = self;
        format!("arn:{partition}:iam::{id}:role{path}{name}")
    }

    /// The three tags that prove ownership and travel in `CreateRole`.
    #[must_use]
    pub fn tags(&self) -> [(TagKey, String); 3] {
        [
            (tag::INSTALLATION.into(), self.installation.clone()),
            (tag::RESOURCE.into(), self.key.to_string()),
            (tag::UID.into(), self.uid.clone()),
        ]
    }
}

/// A spec: many times what IAM's quotas let a role have, and a document of 64 levels inside one.
pub const SPEC: Bounds = Bounds { bytes: 512 * 1024, depth: 80, values: limits::VALUES };

/// Reads the spec with bounds.
///
/// # Errors
/// One problem that names what can't be read: too long, too deep, a duplicate key, not JSON.
pub fn read_spec(spec: &str) -> Result<Node, Finding> {
    // The API server printed this text: a place in it would mean nothing to anybody.
    json::parse(spec, SPEC)
        .map_err(|error| Finding::from(error).with_place(None).within(&Field::of("/spec")))
}

/// Resolves name and path: pinned ones first, then the resource's own, then the defaults.
///
/// `spec` is `None` when the spec can't be read: then only what is pinned or default counts.
#[must_use]
pub fn identify(resource: &Resource, spec: Option<&Node>, limits: &Limits) -> Identity {
    let text = |field: &str| {
        spec.and_then(|spec| spec.get(field)).and_then(Node::as_str).map(str::to_owned)
    };
    let status = &resource.status;
    let given = status.role_name.clone().or_else(|| text("roleName"));
    let former = if given.is_none() { former_name(&resource.key, limits) } else { None };
    let name = given.unwrap_or_else(|| default_name(&resource.key, limits));
    let path =
        status.path.clone().or_else(|| text("path")).unwrap_or_else(|| limits.path_prefix.clone());
    let name = RoleName::from(name);
    Identity {
        key: resource.key.clone(),
        uid: resource.uid.clone(),
        installation: limits.installation.clone(),
        account: limits.account.clone(),
        own: limits.own.role.as_ref() == Some(&name),
        name,
        path,
        former,
    }
}

/// The name of a role whose resource gives none.
fn default_name(ResourceKey { namespace, name }: &ResourceKey, limits: &Limits) -> String {
    name::default_role_name(&limits.role_name_prefix, namespace, name)
}

/// The one that an earlier version gave instead, if that is another.
#[must_use]
pub fn former_name(
    ResourceKey { namespace, name }: &ResourceKey,
    limits: &Limits,
) -> Option<RoleName> {
    name::former_role_name(&limits.role_name_prefix, namespace, name).map(RoleName::from)
}

/// Whether a resource may have a role of this name. A default name always: a long one is cut, and
/// may not begin as others have to.
#[must_use]
pub fn name_in_scope(name: &str, key: &ResourceKey, limits: &Limits) -> bool {
    name.starts_with(&name_prefix(key, limits))
        || name == default_name(key, limits)
        || former_name(key, limits).is_some_and(|former| former.as_str() == name)
}

fn name_prefix(key: &ResourceKey, limits: &Limits) -> String {
    format!("{}{}_", limits.role_name_prefix, key.namespace)
}

/// What a role of this resource may not be created under, whoever pinned it: else who may write
/// `status` would choose any name and path. A role that exists is kept under what is pinned, also
/// after a setting has changed.
#[must_use]
pub fn out_of_scope(identity: &Identity, limits: &Limits) -> Vec<Finding> {
    let remedy = "delete this IAMRole and apply it again, so that it begins without a status";
    let refuse = |field: &str, message: String| refused(LIMIT, field, message, remedy);
    let mut problems = Vec::new();
    let (key, role_name) = (&identity.key, identity.name.as_str());
    if !name_in_scope(role_name, key, limits) {
        let message = format!(
            "{role_name} is pinned, and a role is created for this resource only under a name \
             that begins with {}",
            name_prefix(key, limits)
        );
        problems.push(refuse("/status/roleName", message));
    }
    let path = &identity.path;
    if !path.starts_with(&limits.path_prefix) || name::check_path(path).is_err() {
        let message = format!(
            "{path} is pinned, and a role is created only under a path that begins with {}",
            limits.path_prefix
        );
        problems.push(refuse("/status/path", message));
    }
    problems
}

/// Refuses an identity that is out of the resource's scope, or not the pinned one.
#[must_use]
pub fn scope_problems(
    identity: &Identity,
    resource: &Resource,
    spec: &Node,
    limits: &Limits,
) -> Problems {
    let mut problems = Problems::default();
    let given = |field: &str| spec.get(field).and_then(Node::as_str);
    let status = &resource.status;

    if resource.key.name.len() > RESOURCE_NAME {
        problems.form(
            "/metadata/name",
            format!("may have at most {RESOURCE_NAME} characters"),
            "choose a shorter one",
        );
    }
    if let Some(account) = status.account_id.as_deref().filter(|id| limits.account.id != **id) {
        problems.form(
            "/spec",
            format!(
                "the role lives in account {account}, but the controller's credentials are of \
                 account {}",
                limits.account.id
            ),
            format!("give the controller credentials of {account}, or create a new IAMRole"),
        );
    }
    if let (Some(role_name), Some(pinned)) = (given("roleName"), status.role_name.as_deref())
        && role_name != pinned
    {
        problems.form(
            "/spec/roleName",
            format!("is pinned to {pinned}"),
            "an IAM role cannot be renamed, create a new IAMRole",
        );
    }
    if let (Some(path), Some(pinned)) = (given("path"), status.path.as_deref())
        && path != pinned
    {
        problems.form(
            "/spec/path",
            format!("is pinned to {pinned}"),
            "an IAM role cannot be moved, create a new IAMRole",
        );
    }
    if given("roleName").is_some_and(|name| !name_in_scope(name, &resource.key, limits)) {
        problems.limit(
            "/spec/roleName",
            format!("must begin with {} in this namespace", name_prefix(&resource.key, limits)),
            "rename it or leave it out",
        );
    }
    if let Err(error) = name::check_role_name(identity.name.as_str()) {
        problems.form("/spec/roleName", error.to_string(), "");
    }
    if let Some(path) = given("path") {
        if !path.starts_with(&limits.path_prefix) {
            problems.limit(
                "/spec/path",
                format!("must begin with {}", limits.path_prefix),
                "change it or leave it out",
            );
        }
        if let Err(error) = name::check_path(path) {
            problems.form("/spec/path", error.to_string(), "");
        }
    }
    if name::is_reserved(&identity.path, identity.name.as_str()) {
        let message = "names and paths of AWS's own roles can't be used";
        problems.form("/spec/path", message, "choose another");
    }
    if identity.own {
        let message = format!("{} is the role of the controller itself", identity.name);
        problems.form("/spec/roleName", message, "choose another");
    }
    problems
}
