//! Resources, settings and roles for the tests of the core.

use crate::{
    api::{ResourceKey, RoleStatus, object::Pause, resource::Resource},
    plan::{
        form::{
            desired::{Desired, desired},
            fingerprint::{self, Fingerprint, Owned},
            observed::{Contents, Observed, RoleRecord},
        },
        scope::{
            limits::{BoundaryRule, Limits},
            own::Own,
        },
        steps::step::{Call, Step},
    },
};
use iam::{account::Account, managed::ManagedPolicyRules, role::RoleKey};

pub const TRUST: &str = r#"{"trust":[{"name":"lambda","service":{"name":"lambda.amazonaws.com","sourceAccount":"None"}}]}"#;

/// Settings that leave the boundary to the resource.
pub fn limits() -> Limits {
    Limits {
        installation: "test".into(),
        role_name_prefix: "test-".into(),
        path_prefix: "/".into(),
        boundary: BoundaryRule::Free,
        managed_policies: ManagedPolicyRules::new([
            "arn:{partition}:iam::aws:policy/*",
            "arn:{partition}:iam::{accountId}:policy/*",
            "!*/AdministratorAccess",
        ])
        .unwrap(),
        annotate: false,
        max_lifetime: None,
        allow_pause: true,
        allow_observe: true,
        allow_retain: true,
        max_session: None,
        oidc_issuers: vec!["https://oidc.example.org/id/1".into()],
        trusted: iam::trust::limits::Trusted::default(),
        default_tags: iam::tag::Tags::new(),
        default_deletion: crate::api::kinds::iam_role::DeletionPolicy::Delete,
        account: Account::new("123456789012", "aws").unwrap(),
        own: Own::default(),
    }
}

pub fn resource(spec: &str) -> Resource {
    Resource {
        key: ResourceKey { namespace: "a".into(), name: "x".into() },
        uid: "uid-1".into(),
        generation: 1,
        version: 1,
        created: "2026-01-01T00:00:00Z".parse().unwrap(),
        deleting: false,
        finalizer: true,
        pause: Pause::No,
        reconcile_requested_at: None,
        last_applied: None,
        spec: spec.into(),
        status: RoleStatus::default(),
    }
}

/// `TRUST` with more members.
pub fn with(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    TRUST.replacen('{', &format!("{{{members}{comma}"), 1)
}

pub fn wish(spec: &str) -> Desired {
    desired(&resource(spec), &limits()).unwrap_or_else(|problems| panic!("{spec}: {problems:?}"))
}

/// The role in AWS when it is as desired.
pub fn as_written(desired: &Desired) -> Observed {
    let Desired { identity, form, terms: _ } = desired;
    let name = &identity.name;
    Observed {
        role: RoleRecord {
            name: name.clone(),
            path: identity.path.clone(),
            arn: format!("arn:aws:iam::123456789012:role/{name}"),
            role_id: "AROA1".into(),
            created: "2026-01-01T00:00:00Z".parse().unwrap(),
            trust: form.trust.to_json(),
            description: form.description.clone(),
            max_session: Some(form.max_session),
            boundary: form.boundary.clone(),
            tags: form.tags.clone(),
        },
        attached: form.attached.clone(),
        inline: form.inline.iter().map(|(name, policy)| (name.clone(), policy.to_json())).collect(),
        contents: Contents::new(),
    }
}

/// The `authorization` fingerprint of a role.
pub fn authorization(wish: &Desired, role: &Observed, scope: &Owned) -> Fingerprint {
    fingerprint::authorization(role.form(), scope, &wish.identity.account)
}

/// What a step does to a role: the shortest model of IAM.
pub fn carry_out(step: &Step, observed: &mut Observed) {
    match step.call.clone() {
        Call::UpdateTrust { trust } => observed.role.trust = trust,
        Call::UpdateRole { description, max_session } => {
            observed.role.description = Some(description).filter(|text| !text.is_empty());
            observed.role.max_session = Some(max_session);
        }
        Call::PutBoundary { arn } => observed.role.boundary = Some(arn),
        Call::DeleteBoundary => observed.role.boundary = None,
        Call::PutInline { name, document } => drop(observed.inline.insert(name, document)),
        Call::DeleteInline { name } => drop(observed.inline.remove(&name)),
        Call::Attach { arn } => drop(observed.attached.insert(arn)),
        Call::Detach { arn } => drop(observed.attached.remove(&arn)),
        Call::Tag { tags } => {
            observed.role.tags.retain(|key, _| !tags.contains_key(key));
            observed.role.tags.extend(tags);
        }
        Call::Untag { keys } => {
            observed.role.tags.retain(|key, _| !keys.contains(key));
        }
        Call::CreateRole { .. } | Call::DeleteRole => panic!("{step} is no change of a role"),
    }
}

/// A role of the account of the samples.
pub fn role_key(name: &str) -> RoleKey {
    RoleKey { account: limits().account.id, name: name.into() }
}
