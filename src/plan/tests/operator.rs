//! What the operator's settings make of a resource that says nothing, or asks for more.

use crate::{
    api::kinds::iam_role::DeletionPolicy,
    plan::{
        form::desired::desired,
        scope::limits::BoundaryRule,
        tests::samples::{limits, resource, with},
    },
};
use iam::managed::ManagedPolicyRules;

#[test]
fn the_operator_decides_which_other_accounts_a_resource_may_trust() {
    let grant = |more: &str| {
        format!(
            r#"{{"trust":[{{"name":"g","principals":{{"accounts":["210987654321"]{more}}}}}]}}"#
        )
    };
    let mut limits = limits();
    let found = |spec: &str, limits: &_| desired(&resource(spec), limits).unwrap_err();
    assert!(found(&grant(""), &limits)[0].remedy().contains("--trusted-accounts"));
    limits.trusted.accounts.insert("210987654321".parse().unwrap());
    desired(&resource(&grant("")), &limits).unwrap();
    limits.trusted.own = Some(iam::trust::limits::Own::default());
    assert!(found(&grant(""), &limits)[0].remedy().contains("set externalId"));
    desired(&resource(&grant(r#","externalId":"7f3c""#)), &limits).unwrap();
    // A whole organization.
    let whole = r#"{"trust":[{"name":"g","principals":{"organizationId":"o-a1b2c3d4e5"}}]}"#;
    limits.trusted.own = None;
    assert_eq!(found(whole, &limits).len(), 1);
    limits.trusted.organizations.insert("o-a1b2c3d4e5".into());
    desired(&resource(whole), &limits).unwrap();
}

#[test]
fn the_operators_defaults_hold_where_the_resource_says_nothing() {
    let mut limits = limits();
    limits.default_tags = [("owner".into(), "nobody".into()), ("cost".into(), "1".into())].into();
    limits.default_deletion = DeletionPolicy::Retain;
    let wish = |members: &str| desired(&resource(&with(members)), &limits).unwrap();
    let tags = |members: &str| {
        let tags = wish(members).form.tags;
        let own = tags.iter().filter(|(key, _)| !key.as_str().starts_with("rolewright.dev/"));
        own.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(tags(""), "cost=1 owner=nobody");
    assert_eq!(tags(r#""tags":{"Owner":"a"}"#), "cost=1 Owner=a");
    assert_eq!(wish("").terms.deletion, DeletionPolicy::Retain);
    assert_eq!(wish(r#""deletionPolicy":"Delete""#).terms.deletion, DeletionPolicy::Delete);
}

#[test]
fn the_operators_boundary_is_on_every_role_and_no_other_is_taken() {
    let mut limits = limits();
    limits.boundary = BoundaryRule::Always("arn:{partition}:iam::{accountId}:policy/b".into());
    let arn = "arn:aws:iam::123456789012:policy/b";
    let boundary =
        |spec: &str| desired(&resource(spec), &limits).map(|desired| desired.form.boundary);
    assert_eq!(boundary(&with("")), Ok(Some(arn.into())));
    assert_eq!(boundary(&with(&format!(r#""permissionsBoundary":"{arn}""#))), Ok(Some(arn.into())));
    let problems = boundary(&with(r#""permissionsBoundary":"arn:aws:iam::123456789012:policy/c""#))
        .unwrap_err();
    assert!(problems[0].remedy().contains("leave it out"), "{problems:?}");
}

#[test]
fn the_operators_list_decides_about_managed_policies() {
    let mut limits = limits();
    limits.managed_policies = ManagedPolicyRules::new(["arn:aws:iam::aws:policy/Only"]).unwrap();
    let spec = |name: &str| {
        with(&format!(r#""permissions":{{"managedPolicies":["arn:aws:iam::aws:policy/{name}"]}}"#))
    };
    assert!(desired(&resource(&spec("Only")), &limits).is_ok());
    assert!(desired(&resource(&spec("ReadOnlyAccess")), &limits).is_err());
}
