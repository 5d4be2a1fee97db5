//! What is refused, line by line: scope, ownership, and each field of a spec.

use jiff::Timestamp;
use std::time::Duration;

use rstest::rstest;

use crate::api::{RoleStatus, kinds::iam_role::DeletionPolicy};
use crate::plan::{
    decide::ownership::{Known, judge},
    form::{
        desired::{compile, desired},
        lenient::deletion_terms,
        observed::RoleRecord,
    },
    scope::{
        identity::{identify, read_spec, scope_problems},
        limits::{BoundaryRule, Limits},
        own::Own,
        resolve::Sources,
    },
    tests::samples::{as_written, limits, resource, wish, with},
};
use iam::tag;

fn status(change: impl FnOnce(&mut RoleStatus)) -> RoleStatus {
    let mut status = RoleStatus::default();
    change(&mut status);
    status
}

#[rstest]
#[case::nothing_given("", |_: &mut RoleStatus| {}, &[])]
#[case::pinned_and_equal(
    r#""roleName":"test-a_y","path":"/p/""#,
    |status: &mut RoleStatus| { status.role_name = Some("test-a_y".into()); status.path =
        Some("/p/".into()); },
    &[]
)]
#[case::other_account(
    "",
    |status: &mut RoleStatus| status.account_id = Some("999999999999".into()),
    &["spec: the role lives in account 999999999999"]
)]
#[case::renamed(
    r#""roleName":"test-a_y""#,
    |status: &mut RoleStatus| status.role_name = Some("test-a_x".into()),
    &["spec.roleName: is pinned to test-a_x"]
)]
#[case::renamed_by_letter_case(
    r#""roleName":"test-a_X""#,
    |status: &mut RoleStatus| status.role_name = Some("test-a_x".into()),
    &["spec.roleName: is pinned to test-a_x"]
)]
#[case::moved(
    r#""path":"/q/""#,
    |status: &mut RoleStatus| status.path = Some("/p/".into()),
    &["spec.path: is pinned to /p/"]
)]
#[case::another_namespace(r#""roleName":"test-b_x""#, |_: &mut RoleStatus| {}, &["spec.roleName: \
    must begin with test-a_"])]
#[case::another_letter_case(r#""roleName":"TEST-a_x""#, |_: &mut RoleStatus| {}, &["spec.roleName: \
    must begin with test-a_"])]
#[case::too_long(
    "",
    |status: &mut RoleStatus| status.role_name = Some("x".repeat(65)),
    &["spec.roleName: the name"]
)]
#[case::path_of_aws(r#""path":"/aws-service-role/x/""#, |_: &mut RoleStatus| {}, &["spec.path: "])]
#[case::pinned_path_of_aws(
    "",
    |status: &mut RoleStatus| status.path = Some("/aws-reserved/".into()),
    &["spec.path: names and paths of AWS's own roles"]
)]
fn an_identity_out_of_scope_is_refused(
    #[case] spec: &str,
    #[case] change: fn(&mut RoleStatus),
    #[case] problems: &[&str],
) {
    let mut resource = resource(&with(spec));
    resource.status = status(change);
    let node = read_spec(&resource.spec).unwrap();
    let found =
        scope_problems(&identify(&resource, Some(&node), &limits()), &resource, &node, &limits())
            .conclude();
    let found: Vec<String> =
        found.unwrap_or_else(|all| all).iter().map(ToString::to_string).collect();
    assert_eq!(found.is_empty(), problems.is_empty(), "{found:?}");
    for problem in problems {
        assert!(found.iter().any(|found| found.starts_with(problem)), "{problem}: {found:?}");
    }
}

#[test]
fn the_controllers_own_role_is_refused_in_any_letter_case_and_judged_foreign() {
    let mut limits = limits();
    limits.own.role = Some("TEST-a_X".into());
    let problems = desired(&resource(&with("")), &limits).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "spec.roleName: test-a_x is the role of the controller itself: choose another"
    );
    let wish = wish(&with(""));
    let identity = identify(&resource(&with("")), None, &limits);
    let judged = judge(&identity, &as_written(&wish).role, &NOTHING, Timestamp::UNIX_EPOCH);
    assert!(judged.unwrap_err().why.contains("the role of the controller itself"));
    limits.account.id = "210987654321".parse().unwrap();
    assert!(
        Sources::new(limits.clone()).run_by(Own::default()).default_limits().own.role.is_none()
    );
}

#[test]
fn a_path_obeys_the_prefix_and_a_changed_default_moves_no_role() {
    let mut limits = limits();
    limits.path_prefix = "/team/".into();
    limits.role_name_prefix = "new-".into();
    let problems = desired(&resource(&with(r#""path":"/other/""#)), &limits).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "spec.path: must begin with /team/: change it or leave it out"
    );
    let mut pinned = resource(&with(""));
    pinned.status.role_name = Some("old-a_x".into());
    pinned.status.path = Some("/old/".into());
    let identity = desired(&pinned, &limits).unwrap().identity;
    assert_eq!((identity.name.as_str(), identity.path.as_str()), ("old-a_x", "/old/"));
    let identity = desired(&resource(&with("")), &limits).unwrap().identity;
    assert_eq!((identity.name.as_str(), identity.path.as_str()), ("new-a_x", "/team/"));
}

fn set(role: &mut RoleRecord, key: &str, value: &str) {
    role.tags.remove(&key.into());
    role.tags.insert(key.into(), value.into());
}

const NOTHING: Known<'static> = Known { id: None, uid: None, creating: false };

fn id(id: &str) -> Known<'_> {
    Known { id: Some(id.into()), ..NOTHING }
}

fn held(id: &str) -> Known<'_> {
    Known { id: Some(id.into()), uid: Some("uid-1"), ..NOTHING }
}

#[rstest]
#[case::ours(|_: &mut RoleRecord| {}, NOTHING, Ok(false))]
#[case::ours_with_the_known_id(|_: &mut RoleRecord| {}, id("AROA1"), Ok(false))]
#[case::keys_without_letter_case(
    |role: &mut RoleRecord| set(role, "ROLEWRIGHT.dev/Installation", "test"),
    NOTHING,
    Ok(false)
)]
#[case::the_name_without_letter_case(
    |role: &mut RoleRecord| role.name = "TEST-A_X".into(),
    NOTHING,
    Ok(false)
)]
#[case::another_uid(|role: &mut RoleRecord| set(role, tag::UID, "uid-0"), NOTHING, Ok(true))]
#[case::no_uid(|role: &mut RoleRecord| { role.tags.remove(&tag::UID.into()); }, NOTHING, Ok(true))]
#[case::reserved(
    |role: &mut RoleRecord| role.path = "/aws-service-role/eks.amazonaws.com/".into(),
    NOTHING,
    Err("belongs to an AWS service")
)]
#[case::no_tags(|role: &mut RoleRecord| role.tags.clear(), NOTHING, Err("none of rolewright's \
    tags"))]
#[case::no_installation(
    |role: &mut RoleRecord| { role.tags.remove(&tag::INSTALLATION.into()); },
    NOTHING,
    Err("only one of the tags")
)]
#[case::no_resource(
    |role: &mut RoleRecord| { role.tags.remove(&tag::RESOURCE.into()); },
    NOTHING,
    Err("only one of the tags")
)]
#[case::installation(
    |role: &mut RoleRecord| set(role, tag::INSTALLATION, "other"),
    NOTHING,
    Err("belongs to installation other")
)]
#[case::installation_letter_case(
    |role: &mut RoleRecord| set(role, tag::INSTALLATION, "Test"),
    NOTHING,
    Err("belongs to installation Test")
)]
#[case::resource(|role: &mut RoleRecord| set(role, tag::RESOURCE, "a/y"), NOTHING, Err("belongs to \
    IAMRole a/y"))]
#[case::name(|role: &mut RoleRecord| role.name = "test-a_y".into(), NOTHING, Err("its name is not \
    test-a_x"))]
#[case::path(|role: &mut RoleRecord| role.path = "/p/".into(), NOTHING, Err("its path is /p/, not \
    /"))]
#[case::id(|_: &mut RoleRecord| {}, id("AROA0"), Err("its id is AROA1"))]
#[case::held(|_: &mut RoleRecord| {}, held("AROA1"), Ok(false))]
#[case::held_with_another_uid(
    |role: &mut RoleRecord| set(role, tag::UID, "uid-0"),
    held("AROA1"),
    Err("with uid uid-0")
)]
#[case::once_held_with_another_uid(
    |role: &mut RoleRecord| set(role, tag::UID, "uid-0"),
    Known { uid: Some("uid-1"), ..NOTHING },
    Err("with uid uid-0")
)]
#[case::held_without_uid(
    |role: &mut RoleRecord| { role.tags.remove(&tag::UID.into()); },
    held("AROA1"),
    Ok(true)
)]
#[case::taken_and_then_without_uid(
    |role: &mut RoleRecord| { role.tags.remove(&tag::UID.into()); },
    Known { id: Some("AROA1".into()), uid: Some("uid-0"), ..NOTHING },
    Err("with uid uid-0")
)]
#[case::taken_and_given_back(
    |_: &mut RoleRecord| {},
    Known { id: Some("AROA1".into()), uid: Some("uid-0"), ..NOTHING },
    Ok(false)
)]
#[case::seen_with_another_uid(
    |role: &mut RoleRecord| set(role, tag::UID, "uid-0"),
    id("AROA1"),
    Ok(true)
)]
#[case::another_id_and_another_uid(
    |role: &mut RoleRecord| set(role, tag::UID, "uid-0"),
    held("AROA0"),
    Err("with uid uid-0")
)]
fn ownership_needs_the_whole_proof(
    #[case] change: fn(&mut RoleRecord),
    #[case] known: Known<'_>,
    #[case] verdict: Result<bool, &str>,
) {
    let desired = wish(&with(""));
    let mut role = as_written(&desired).role;
    change(&mut role);
    match (judge(&desired.identity, &role, &known, Timestamp::UNIX_EPOCH), verdict) {
        (Ok(ours), Ok(expected)) => assert_eq!(ours.reattached(), expected),
        (Err(not_ours), Err(says)) => assert!(not_ours.why.contains(says), "{not_ours:?}"),
        (found, expected) => panic!("{found:?} instead of {expected:?}"),
    }
}

#[rstest]
#[case::unknown_field(r#""desciption":"x""#, "spec.desciption")]
#[case::session_short(r#""maxSessionDuration":"59m""#, "spec.maxSessionDuration")]
#[case::session_long(r#""maxSessionDuration":"12h1s""#, "spec.maxSessionDuration")]
#[case::session_huge(r#""maxSessionDuration":"999999999999h""#, "spec.maxSessionDuration")]
#[case::boundary_of_others(
    r#""permissionsBoundary":"arn:aws:iam::999999999999:policy/b""#,
    "spec.permissionsBoundary"
)]
#[case::boundary_no_policy(
    r#""permissionsBoundary":"arn:aws:iam::123456789012:role/b""#,
    "spec.permissionsBoundary"
)]
#[case::boundary_partition(
    r#""permissionsBoundary":"arn:aws-cn:iam::123456789012:policy/b""#,
    "spec.permissionsBoundary"
)]
#[case::forbidden_policy(
    r#""permissions":{"managedPolicies":["arn:aws:iam::aws:policy/AdministratorAccess"]}"#,
    "spec.permissions.managedPolicies[0]"
)]
#[case::policy_of_others(
    r#""permissions":{"managedPolicies":["arn:aws:iam::999999999999:policy/p"]}"#,
    "spec.permissions.managedPolicies[0]"
)]
#[case::policy_twice_after_expansion(
    r#""permissions":{"managedPolicies":["arn:aws:iam::aws:policy/P","arn:{partition}:iam::aws:policy/P"]}"#,
    "spec.permissions.managedPolicies[1]"
)]
#[case::reserved_policy(
    r#""permissions":{"inlinePolicies":[{"name":"Rolewright-x","statements":[{"effect":"Allow","actions":["a:b"],"resources":["*"]}]}]}"#,
    "spec.permissions.inlinePolicies[0].name"
)]
#[case::neither(
    r#""permissions":{"inlinePolicies":[{"name":"x"}]}"#,
    "spec.permissions.inlinePolicies[0]"
)]
#[case::both(
    r#""permissions":{"inlinePolicies":[{"name":"x","statements":[{"effect":"Allow","actions":["a:b"],"resources":["*"]}],"document":{}}]}"#,
    "spec.permissions.inlinePolicies[0]"
)]
#[case::both_kinds_of_actions(
    r#""permissions":{"inlinePolicies":[{"name":"x","statements":[{"effect":"Allow","actions":["a:b"],"notActions":["a:b"],"resources":["*"]}]}]}"#,
    "spec.permissions.inlinePolicies[0]"
)]
#[case::no_resources(
    r#""permissions":{"inlinePolicies":[{"name":"x","statements":[{"effect":"Allow","actions":["a:b"]}]}]}"#,
    "spec.permissions.inlinePolicies[0]"
)]
#[case::misspelt_conditions(
    r#""permissions":{"inlinePolicies":[{"name":"x","statements":[{"effect":"Allow","actions":["a:b"],"resources":["*"],"condition":{}}]}]}"#,
    "condition"
)]
#[case::no_document(
    r#""permissions":{"inlinePolicies":[{"name":"x","document":{"Statement":7}}]}"#,
    "spec.permissions.inlinePolicies[0].document"
)]
#[case::our_tag(r#""tags":{"rolewright.dev/uid":"u"}"#, "spec.tags")]
#[case::aws_tag(r#""tags":{"aws:x":"u"}"#, "spec.tags")]
#[case::tags_by_letter_case(r#""tags":{"a":"1","A":"2"}"#, "spec.tags.a")]
#[case::no_time(r#""lifetime":{"expiresAt":"2026-13-01T00:00:00Z"}"#, "spec.lifetime.expiresAt")]
#[case::no_ttl(r#""lifetime":{"ttl":"0s"}"#, "spec.lifetime.ttl")]
#[case::two_ends(r#""lifetime":{"ttl":"1h","expiresAt":"2027-01-01T00:00:00Z"}"#, "spec.lifetime")]
#[case::no_end(r#""lifetime":{}"#, "spec.lifetime")]
fn each_field_is_checked_and_named(#[case] members: &str, #[case] field: &str) {
    let problems = desired(&resource(&with(members)), &limits()).unwrap_err();
    assert!(problems.iter().any(|problem| problem.to_string().contains(field)), "{problems:?}");
}

#[test]
fn inline_policies_that_are_too_long_together_and_names_used_twice_are_refused() {
    let policy = |name: &str, length: usize| {
        let resource = format!("arn:aws:s3:::{}", "b".repeat(length));
        format!(
            r#"{{"name":"{name}","statements":[{{"effect":"Allow","actions":["s3:GetObject"],"resources":["{resource}"]}}]}}"#
        )
    };
    let spec = |list: &str| with(&format!(r#""permissions":{{"inlinePolicies":[{list}]}}"#));
    let many: Vec<String> = (0..6).map(|number| policy(&format!("p{number}"), 1_900)).collect();
    let problems = desired(&resource(&spec(&many.join(","))), &limits()).unwrap_err();
    assert!(
        problems.iter().any(|problem| problem.message().contains("characters together")),
        "{problems:?}"
    );
    let twice = format!("{},{}", policy("p", 1), policy("p", 2));
    assert!(desired(&resource(&spec(&twice)), &limits()).is_err());
}

#[test]
fn a_service_account_without_issuer_is_refused_with_the_flag() {
    let mut limits = limits();
    limits.oidc_issuers.clear();
    let spec = r#"{"trust":[{"name":"pods","serviceAccount":{"name":"s"}}]}"#;
    let problems = desired(&resource(spec), &limits).unwrap_err();
    assert!(problems[0].remedy().contains("--oidc-issuer"), "{problems:?}");
}

#[rstest]
#[case("{}", Ok(DeletionPolicy::Delete))]
#[case(r#"{"trsut":1}"#, Ok(DeletionPolicy::Delete))]
#[case(r#"{"driftPolicy":"Correct","deletionPolicy":"Delete"}"#, Ok(DeletionPolicy::Delete))]
#[case(r#"{"deletionPolicy":"Retain"}"#, Ok(DeletionPolicy::Retain))]
#[case(r#"{"driftPolicy":"Observe","deletionPolicy":"Delete"}"#, Ok(DeletionPolicy::Retain))]
#[case(r#"{"driftPolicy":"Observed"}"#, Err("spec.driftPolicy"))]
#[case(r#"{"deletionPolicy":null}"#, Err("spec.deletionPolicy"))]
#[case(r#"{"deletionPolicy":"keep"}"#, Err("spec.deletionPolicy"))]
#[case(r#"{"DeletionPolicy":"Retain"}"#, Err("spec.DeletionPolicy"))]
#[case(r#"{"driftPolcy":"Observe"}"#, Err("spec.driftPolcy"))]
#[case("no JSON", Err("spec"))]
fn a_deletion_takes_the_role_only_when_nothing_asks_to_keep_it(
    #[case] spec: &str,
    #[case] terms: Result<DeletionPolicy, &str>,
) {
    let found = |default| {
        let found =
            deletion_terms(&resource(spec), &Limits { default_deletion: default, ..limits() });
        found.map_err(|problem| problem.field().to_string())
    };
    let terms = terms.map_err(str::to_owned);
    assert_eq!(found(DeletionPolicy::Delete), terms);
    // The operator's default holds only where nothing is said, and never for a mistake.
    let says = spec.contains("\"deletionPolicy\"");
    let kept = if says { terms } else { terms.map(|_| DeletionPolicy::Retain) };
    assert_eq!(found(DeletionPolicy::Retain), kept);
}

#[rstest]
#[case::name(&with(r#""roleName":"other""#), "spec.roleName: must begin with")]
#[case::path(&with(r#""path":"/other/""#), "spec.path: must begin with")]
#[case::boundary(
    &with(r#""permissionsBoundary":"arn:aws:iam::123456789012:policy/c""#),
    "spec.permissionsBoundary: must be arn"
)]
#[case::managed_policy(
    &with(r#""permissions":{"managedPolicies":["arn:aws:iam::aws:policy/AdministratorAccess"]}"#),
    "spec.permissions.managedPolicies[0]: "
)]
#[case::other_account(
    r#"{"trust":[{"name":"g","principals":{"accounts":["210987654321"]}}]}"#,
    "spec.trust[0]: "
)]
#[case::organization(
    r#"{"trust":[{"name":"g","principals":{"organizationId":"o-a1b2c3d4e5"}}]}"#,
    "spec.trust[0]: "
)]
#[case::company(
    r#"{"trust":[{"name":"g","saml":{"providerArn":"arn:aws:iam::123456789012:saml-provider/C"}}]}"#,
    "spec.trust[0]: "
)]
#[case::everyone(
    r#"{"trust":[{"name":"g","statement":{"effect":"Allow","principals":{"AWS":["*"]},"actions":["sts:AssumeRole"]}}]}"#,
    "spec.trust[0]: "
)]
#[case::service_account_of_others(
    r#"{"trust":[{"name":"g","oidc":{"issuer":"https://oidc.example.org/id/1","audiences":["sts.amazonaws.com"],"subjects":["system:serviceaccount:b:s"]}}]}"#,
    "spec.trust[0]: "
)]
#[case::no_lifetime(&with(""), "spec.lifetime: is required here (--max-lifetime): set ttl to at \
    most 24h")]
#[case::ttl(&with(r#""lifetime":{"ttl":"24h1s"}"#), "spec.lifetime.ttl: may be at most 24h")]
#[case::end(&with(r#""lifetime":{"expiresAt":"2026-01-02T00:00:01Z"}"#), "spec.lifetime.expiresAt: \
    may be at most 24h")]
#[case::session(&with(r#""maxSessionDuration":"2h1s""#), "spec.maxSessionDuration: may be at most \
    2h")]
fn what_is_beyond_the_limits_compiles_and_makes_no_role(#[case] spec: &str, #[case] says: &str) {
    let mut limits = limits();
    limits.path_prefix = "/team/".into();
    limits.boundary = BoundaryRule::Always("arn:{partition}:iam::{accountId}:policy/b".into());
    match says.split([':', '.']).nth(1) {
        Some("lifetime") => limits.max_lifetime = Some(Duration::from_hours(24)),
        Some("maxSessionDuration") => limits.max_session = Some(Duration::from_hours(2)),
        _ => {}
    }
    let (_, beyond) = compile(&resource(spec), &limits).unwrap();
    assert_eq!(beyond.len(), 1, "{beyond:?}");
    assert!(beyond[0].to_string().starts_with(says), "{beyond:?}");
    assert_eq!(desired(&resource(spec), &limits), Err(beyond));
}

#[rstest]
#[case(r#""lifetime":{"ttl":"24h"}"#)]
#[case(r#""lifetime":{"expiresAt":"2026-01-02T00:00:00Z"},"maxSessionDuration":"2h""#)]
fn what_reaches_the_bounds_is_taken(#[case] members: &str) {
    let mut limits = limits();
    limits.max_lifetime = Some(Duration::from_hours(24));
    limits.max_session = Some(Duration::from_hours(2));
    assert!(desired(&resource(&with(members)), &limits).is_ok());
}

#[test]
fn what_was_asked_for_beyond_the_limits_is_what_compiles() {
    let mut limits = limits();
    limits.boundary = BoundaryRule::Always("arn:{partition}:iam::{accountId}:policy/b".into());
    let spec = with(
        r#""permissionsBoundary":"arn:{partition}:iam::{accountId}:policy/c","permissions":{"managedPolicies":["arn:aws:iam::aws:policy/AdministratorAccess"]}"#,
    );
    let (desired, _) = compile(&resource(&spec), &limits).unwrap();
    assert_eq!(desired.form.boundary.as_deref(), Some("arn:aws:iam::123456789012:policy/c"));
    assert!(desired.form.attached.contains("arn:aws:iam::aws:policy/AdministratorAccess"));
}

#[rstest]
#[case::twice(
    r#"{"trust":[{"name":"g","serviceAccount":{"name":"s"}},{"name":"g","serviceAccount":{"name":"t"}}]}"#
)]
#[case::reserved(&with(r#""tags":{"rolewright.dev/uid":"u"}"#))]
#[case::no_statement(r#"{"trust":[{"name":"g","githubActions":{"owner":"o","repository":"r"}}]}"#)]
#[case::no_policy(
    &with(r#""permissions":{"inlinePolicies":[{"name":"x","document":{"Statement":7}}]}"#)
)]
fn what_has_no_meaning_does_not_compile(#[case] spec: &str) {
    let problems = compile(&resource(spec), &limits()).unwrap_err();
    assert_eq!(desired(&resource(spec), &limits()), Err(problems));
}

#[test]
fn a_refusal_names_what_is_beyond_the_limits_too_in_the_order_of_the_fields() {
    let spec = with(
        r#""path":"/other/","tags":{"aws:x":"u"},"roleName":"other","maxSessionDuration":"13h""#,
    );
    let mut limits = limits();
    limits.path_prefix = "/team/".into();
    let fields: Vec<String> = compile(&resource(&spec), &limits)
        .unwrap_err()
        .into_iter()
        .map(|problem| problem.field().to_string())
        .collect();
    assert_eq!(
        fields,
        ["spec.roleName", "spec.path", "spec.maxSessionDuration", "spec.tags.aws:x"]
    );
}
