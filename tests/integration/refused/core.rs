//! Limits hold twice: what the API server refuses, the core refuses too. It may have to: the
//! admission policies may be missing, and an object may be older than the CRD.

use iam::{account::Account, finding::Finding};
use rolewright::{
    api::{ResourceKey, RoleStatus, object::Pause, resource::Resource},
    plan::{
        form::desired::{Desired, desired},
        scope::limits::Limits,
    },
    settings::{MANAGED_POLICIES, ScopeArgs},
};
use serde_json::{Value, json};

use super::{
    BOUNDARY, ISSUER, PATH_PREFIX,
    cases::{Place, all, base, counts},
};

const ACCOUNT: &str = "123456789012";

fn limits(boundary: &str) -> Limits {
    let args = ScopeArgs {
        installation: "prod".into(),
        permissions_boundary: boundary.into(),
        role_name_prefix: None,
        path_prefix: PATH_PREFIX.into(),
        managed_policies: MANAGED_POLICIES.map(str::to_owned).into(),
        annotate_service_accounts: false,
        allow_pause: true,
        allow_observe: true,
        allow_retain: true,
        max_lifetime: None,
        max_session: None,
        trusted_accounts: Vec::new(),
        own_accounts: Vec::new(),
        default_tags: Vec::new(),
        default_deletion_policy: "Delete".into(),
        oidc_issuer: vec![ISSUER.into()],
    };
    args.limits(&Account::new(ACCOUNT, "aws").expect("an account"))
        .expect("settings without a mistake")
}

fn resource(name: &str, spec: &Value, status: RoleStatus) -> Resource {
    Resource {
        key: ResourceKey { namespace: "team-a".into(), name: name.into() },
        uid: "6f0c7f6e-0000-4000-8000-000000000000".into(),
        generation: 1,
        version: 1,
        created: "2026-11-01T00:00:00Z".parse().expect("a time"),
        deleting: false,
        finalizer: false,
        pause: Pause::No,
        reconcile_requested_at: None,
        last_applied: None,
        spec: spec.to_string(),
        status,
    }
}

fn judge(name: &str, spec: &Value, boundary: &str) -> Result<Desired, Vec<Finding>> {
    desired(&resource(name, spec, RoleStatus::default()), &limits(boundary))
}

fn text(problems: &[Finding]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n    ")
}

#[test]
#[expect(clippy::print_stdout, reason = "the number of refused manifests belongs into the report")]
fn the_core_alone_refuses_every_wrong_manifest() {
    let place =
        Place { namespace: "team-a".into(), prefix: "prod-".into(), account: ACCOUNT.into() };
    judge("right", &base(), BOUNDARY).expect("the spec under all cases has no mistake");
    let cases = all(&place);
    assert!(cases.len() >= 75, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for (name, case) in &cases {
        match judge(name, &case.spec(), BOUNDARY) {
            Ok(_) => wrong.push(format!("{name} {}: accepted", case.title)),
            Err(problems)
                if problems.iter().any(|problem| {
                    problem.field().to_string() == case.field
                        && problem.sentence().contains(&case.remedy)
                }) => {}
            Err(problems) => {
                wrong.push(format!(
                    "{name} {}: wanted {}: … {}, not\n    {}",
                    case.title,
                    case.field,
                    case.remedy,
                    text(&problems)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    println!("refused by the core alone: {} manifests: {}", cases.len(), counts(&cases));
}

#[test]
fn without_a_boundary_setting_the_boundary_is_of_the_own_account_or_of_aws() {
    let judge = |arn: &str| {
        let mut spec = base();
        spec["permissionsBoundary"] = json!(arn);
        judge("x", &spec, "none").map(|desired| desired.form.boundary)
    };
    let own =
        judge("arn:{partition}:iam::{accountId}:policy/b").expect("a boundary of the own account");
    assert_eq!(own.as_deref(), Some("arn:aws:iam::123456789012:policy/b"));
    for other in ["arn:aws:iam::210987654321:policy/b", "arn:aws-cn:iam::123456789012:policy/b"] {
        let problems = judge(other).expect_err(other);
        let remedy = "must be a policy of account 123456789012 or of AWS: change the ARN";
        assert!(
            problems.iter().any(|problem| {
                problem.pointer() == "/spec/permissionsBoundary" && problem.sentence() == remedy
            }),
            "{problems:?}"
        );
    }
}

#[test]
fn the_core_alone_keeps_a_pinned_name_and_path() {
    let pinned = || RoleStatus {
        role_name: Some("prod-team-a_x".into()),
        path: Some(PATH_PREFIX.into()),
        account_id: Some(ACCOUNT.into()),
        ..RoleStatus::default()
    };
    let judge = |field: &str, value: &str, status: RoleStatus| {
        let mut spec = base();
        spec[field] = json!(value);
        desired(&resource("x", &spec, status), &limits(BOUNDARY))
    };
    judge("roleName", "prod-team-a_x", pinned()).expect("the pinned name");
    judge("path", PATH_PREFIX, pinned()).expect("the pinned path");
    for (field, value) in [("roleName", "prod-team-a_y"), ("path", "/teams/b/")] {
        judge(field, value, RoleStatus::default()).expect("right, as long as nothing is pinned");
        let problems = judge(field, value, pinned()).expect_err(field);
        let pointer = format!("/spec/{field}");
        let named = problems.iter().find(|problem| problem.pointer() == pointer).expect(field);
        assert!(
            named.message().contains("is pinned to")
                && named.remedy().contains("create a new IAMRole"),
            "{named}"
        );
    }
    let elsewhere = RoleStatus { account_id: Some("210987654321".into()), ..pinned() };
    let problems =
        judge("roleName", "prod-team-a_x", elsewhere).expect_err("credentials of another account");
    assert!(text(&problems).contains("the role lives in account 210987654321"), "{problems:?}");
}
