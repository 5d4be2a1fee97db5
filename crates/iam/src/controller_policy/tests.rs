use rstest::rstest;

use crate::controller_policy::*;
use crate::policy::evaluate::{Context, Decision, Documents, Request, evaluate};
use crate::policy::{Effect, PolicyKind, Strictness};

const BOUNDARY_ARN: &str = "arn:aws:iam::123456789012:policy/rolewright-boundary";
const OURS: &str = "arn:aws:iam::123456789012:role/rolewright/prod-team-a_reader";
const CONTROLLER: &str = "arn:aws:iam::123456789012:role/rolewright-controller";
const OTHER: &str = "arn:aws:iam::123456789012:role/Admin";

fn managed() -> ManagedPolicyRules {
    ManagedPolicyRules::new([
        "arn:{partition}:iam::aws:policy/*",
        "arn:{partition}:iam::{accountId}:policy/*",
        "!*/AdministratorAccess",
    ])
    .unwrap()
}

/// The writer's policy of an example, changed.
fn policy(change: impl FnOnce(&mut Installation<'_>)) -> Policy {
    let account = Account::new("123456789012", "aws").unwrap();
    let managed = managed();
    let mut installation = Installation {
        account: &account,
        path: "/rolewright/",
        boundary: Some(BOUNDARY_ARN),
        name: Some("prod"),
        managed: &managed,
    };
    change(&mut installation);
    writer(&installation)
}

fn decide(
    policy: &Policy,
    action: &str,
    resource: &str,
    context: Context,
) -> (Decision, Vec<String>) {
    let request = Request {
        action: action.to_owned(),
        resource: Some(resource.to_owned()),
        context,
        ..Request::default()
    };
    let documents = Documents { policies: &[("writer", policy)], ..Documents::default() };
    let found = evaluate(&documents, &request).unwrap();
    (found.decision, found.because)
}

/// `key=value` with short keys, separated by spaces: the context of a request.
///
/// `has` the boundary of the role or of the request, `on` the installation tag of the role, `tag`
/// that of the request, `keys` the tag keys by commas, `policy` the attached policy.
fn context(text: &str) -> Context {
    let installation = |kind: &str| format!("aws:{kind}/{}", tag::INSTALLATION);
    text.split_whitespace().fold(Context::default(), |context, part| {
        match part.split_once('=').unwrap() {
            ("has", "approved") => context.with("iam:PermissionsBoundary", BOUNDARY_ARN),
            ("has", other) => context.with("iam:PermissionsBoundary", other),
            ("on", name) => context.with(&installation("ResourceTag"), name),
            ("tag", name) => context.with(&installation("RequestTag"), name),
            ("keys", keys) => context.with_list("aws:TagKeys", keys.split(',')),
            ("policy", arn) => context.with("iam:PolicyARN", arn),
            other => panic!("{other:?}"),
        }
    })
}

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

#[rstest]
#[case("iam:GetRole", "arn:aws:iam::123456789012:role/absent", "")]
#[case("iam:GetRole", OTHER, "")]
#[case("iam:ListRoles", "*", "")]
#[case("iam:GetPolicy", READ_ONLY, "")]
#[case("iam:GetPolicyVersion", BOUNDARY_ARN, "")]
#[case("iam:GetAccountAuthorizationDetails", "*", "")]
#[case("iam:CreateRole", OURS, "has=approved tag=prod keys=rolewright.dev/installation")]
#[case("iam:TagRole", OURS, "tag=prod keys=rolewright.dev/installation,team")]
#[case("iam:TagRole", OURS, "on=prod keys=team")]
#[case("iam:TagRole", OURS, "on=prod tag=prod keys=rolewright.dev/installation")]
#[case("iam:UntagRole", OURS, "on=prod keys=team,owner")]
#[case("iam:PutRolePolicy", OURS, "has=approved on=prod")]
#[case(
    "iam:AttachRolePolicy",
    OURS,
    "has=approved on=prod policy=arn:aws:iam::aws:policy/ReadOnlyAccess"
)]
#[case("iam:PutRolePermissionsBoundary", OURS, "has=approved on=prod")]
#[case("iam:UpdateAssumeRolePolicy", OURS, "on=prod")]
#[case("iam:UpdateRole", OURS, "on=prod")]
#[case("iam:DetachRolePolicy", OURS, "on=prod policy=arn:aws:iam::aws:policy/AdministratorAccess")]
#[case("iam:DeleteRolePolicy", OURS, "has=other on=prod")]
#[case("iam:DeleteRole", OURS, "on=prod")]
fn what_the_controller_does_is_allowed(
    #[case] action: &str,
    #[case] resource: &str,
    #[case] given: &str,
) {
    let (decision, because) = decide(&policy(|_| {}), action, resource, context(given));
    assert_eq!(decision, Decision::Allowed, "{because:?}");
}

/// The last value: denied explicitly, so also for a role that has another policy which allows
/// everything.
#[rstest]
// Outside the path.
#[case("iam:CreateRole", OTHER, "has=approved tag=prod", true)]
#[case(
    "iam:CreateRole",
    "arn:aws:iam::123456789012:role/rolewright",
    "has=approved tag=prod",
    true
)]
#[case(
    "iam:CreateRole",
    "arn:aws:iam::210987654321:role/rolewright/x",
    "has=approved tag=prod",
    true
)]
#[case("iam:PutRolePolicy", OTHER, "has=approved on=prod", true)]
#[case("iam:UpdateAssumeRolePolicy", OTHER, "on=prod", true)]
#[case("iam:DeleteRole", OTHER, "on=prod", true)]
#[case("iam:TagRole", OTHER, "tag=prod", true)]
// Without the boundary, with another one, without it later.
#[case("iam:CreateRole", OURS, "tag=prod", false)]
#[case("iam:CreateRole", OURS, "has=arn:aws:iam::aws:policy/AdministratorAccess tag=prod", false)]
#[case("iam:PutRolePolicy", OURS, "on=prod", false)]
#[case(
    "iam:AttachRolePolicy",
    OURS,
    "on=prod policy=arn:aws:iam::aws:policy/ReadOnlyAccess",
    false
)]
#[case(
    "iam:PutRolePermissionsBoundary",
    OURS,
    "has=arn:aws:iam::aws:policy/AdministratorAccess on=prod",
    false
)]
#[case("iam:DeleteRolePermissionsBoundary", OURS, "has=approved on=prod", true)]
// Without the tag of the installation, or with that of another one.
#[case("iam:CreateRole", OURS, "has=approved", false)]
#[case("iam:CreateRole", OURS, "has=approved tag=stage", false)]
#[case("iam:UpdateAssumeRolePolicy", OURS, "", false)]
#[case("iam:UpdateAssumeRolePolicy", OURS, "on=stage", false)]
#[case("iam:UpdateRole", OURS, "on=stage", false)]
#[case("iam:PutRolePolicy", OURS, "has=approved", false)]
#[case("iam:PutRolePolicy", OURS, "has=approved on=stage", false)]
#[case(
    "iam:AttachRolePolicy",
    OURS,
    "has=approved on=stage policy=arn:aws:iam::aws:policy/ReadOnlyAccess",
    false
)]
#[case("iam:PutRolePermissionsBoundary", OURS, "has=approved on=stage", false)]
#[case("iam:DetachRolePolicy", OURS, "policy=arn:aws:iam::aws:policy/ReadOnlyAccess", false)]
#[case("iam:DeleteRolePolicy", OURS, "on=stage", false)]
#[case("iam:DeleteRole", OURS, "on=stage", false)]
#[case("iam:DeleteRole", OURS, "", false)]
// Taking over and giving away.
#[case("iam:TagRole", OURS, "on=stage tag=prod", false)]
#[case("iam:TagRole", OURS, "on=stage keys=team", false)]
#[case("iam:TagRole", OURS, "on=prod tag=stage", false)]
#[case("iam:TagRole", OURS, "keys=team", false)]
#[case("iam:UntagRole", OURS, "on=stage keys=team", false)]
#[case("iam:UntagRole", OURS, "on=prod keys=rolewright.dev/installation", true)]
#[case("iam:UntagRole", OURS, "on=prod keys=team,Rolewright.dev/Resource", true)]
// The list of managed policies.
#[case(
    "iam:AttachRolePolicy",
    OURS,
    "has=approved on=prod policy=arn:aws:iam::aws:policy/AdministratorAccess",
    false
)]
#[case(
    "iam:AttachRolePolicy",
    OURS,
    "has=approved on=prod policy=arn:aws:iam::210987654321:policy/x",
    false
)]
// The controller's own role.
#[case("iam:PutRolePolicy", CONTROLLER, "has=approved on=prod", true)]
#[case(
    "iam:AttachRolePolicy",
    CONTROLLER,
    "on=prod policy=arn:aws:iam::aws:policy/ReadOnlyAccess",
    true
)]
#[case("iam:UpdateAssumeRolePolicy", CONTROLLER, "on=prod", true)]
#[case("iam:TagRole", CONTROLLER, "tag=prod", true)]
#[case("iam:DeleteRolePolicy", CONTROLLER, "on=prod", true)]
// The boundary's own policy.
#[case("iam:CreatePolicyVersion", BOUNDARY_ARN, "", true)]
#[case("iam:SetDefaultPolicyVersion", BOUNDARY_ARN, "", true)]
#[case("iam:DeletePolicyVersion", BOUNDARY_ARN, "", true)]
#[case("iam:DeletePolicy", BOUNDARY_ARN, "", true)]
// What it never needs.
#[case("iam:PassRole", OURS, "on=prod", true)]
#[case("iam:PassRole", OTHER, "", true)]
#[case("iam:CreatePolicy", "arn:aws:iam::123456789012:policy/rolewright/x", "", true)]
#[case("iam:CreateUser", "arn:aws:iam::123456789012:user/x", "", true)]
#[case("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/x", "", true)]
#[case("iam:CreateLoginProfile", "arn:aws:iam::123456789012:user/x", "", true)]
#[case("iam:AddUserToGroup", "arn:aws:iam::123456789012:group/admins", "", true)]
#[case("iam:PutUserPolicy", "arn:aws:iam::123456789012:user/x", "", true)]
#[case("iam:AttachGroupPolicy", "arn:aws:iam::123456789012:group/x", "", true)]
#[case("iam:CreateOpenIDConnectProvider", "arn:aws:iam::123456789012:oidc-provider/x", "", true)]
#[case("iam:UpdateSAMLProvider", "arn:aws:iam::123456789012:saml-provider/x", "", true)]
#[case("iam:AddRoleToInstanceProfile", "arn:aws:iam::123456789012:instance-profile/x", "", true)]
#[case(
    "iam:CreateServiceLinkedRole",
    "arn:aws:iam::123456789012:role/aws-service-role/x/y",
    "",
    true
)]
#[case("iam:UpdateRoleDescription", OURS, "on=prod", false)]
#[case("sts:AssumeRole", OURS, "on=prod", false)]
fn abuse_is_denied(
    #[case] action: &str,
    #[case] resource: &str,
    #[case] given: &str,
    #[case] explicitly: bool,
) {
    let (decision, because) = decide(&policy(|_| {}), action, resource, context(given));
    let expected = if explicitly { Decision::ExplicitlyDenied } else { Decision::ImplicitlyDenied };
    assert_eq!(decision, expected, "{because:?}");
}

#[test]
fn below_the_root_an_untagged_role_cannot_be_taken() {
    let root = policy(|installation| installation.path = "/");
    for (action, given) in [
        ("iam:TagRole", "tag=prod keys=rolewright.dev/installation"),
        ("iam:PutRolePolicy", "has=approved"),
        ("iam:PutRolePermissionsBoundary", "has=approved"),
        ("iam:UpdateAssumeRolePolicy", ""),
    ] {
        assert_ne!(
            decide(&root, action, CONTROLLER, context(given)).0,
            Decision::Allowed,
            "{action}"
        );
    }
    let create = context("has=approved tag=prod");
    assert_eq!(decide(&root, "iam:CreateRole", OTHER, create).0, Decision::Allowed);
}

#[rstest]
#[case("iam:CreateRole", OURS, "tag=prod", true)]
#[case("iam:PutRolePolicy", OURS, "on=prod", true)]
#[case(
    "iam:PutRolePermissionsBoundary",
    OURS,
    "has=arn:aws:iam::123456789012:policy/any on=prod",
    true
)]
#[case("iam:DeleteRolePermissionsBoundary", OURS, "on=prod", true)]
#[case("iam:DeleteRolePermissionsBoundary", OURS, "on=stage", false)]
#[case("iam:DeleteRolePermissionsBoundary", OTHER, "on=prod", false)]
#[case("iam:PutRolePolicy", OURS, "on=stage", false)]
#[case("iam:CreateRole", OTHER, "tag=prod", false)]
#[case("iam:PassRole", OURS, "on=prod", false)]
fn without_a_boundary_path_and_tag_stay(
    #[case] action: &str,
    #[case] resource: &str,
    #[case] given: &str,
    #[case] allowed: bool,
) {
    let free = policy(|installation| installation.boundary = None);
    let (decision, because) = decide(&free, action, resource, context(given));
    assert_eq!(decision == Decision::Allowed, allowed, "{because:?}");
}

#[test]
fn a_policy_without_a_name_holds_for_every_installation_and_for_no_untagged_role() {
    let shared = policy(|installation| installation.name = None);
    for (action, given, allowed) in [
        ("iam:UpdateRole", "on=stage", true),
        ("iam:UpdateRole", "", false),
        ("iam:CreateRole", "has=approved tag=stage", true),
        ("iam:CreateRole", "has=approved", false),
        ("iam:TagRole", "tag=stage", true),
        ("iam:TagRole", "keys=team", false),
        ("iam:TagRole", "on=stage keys=team", true),
    ] {
        assert_eq!(
            decide(&shared, action, OURS, context(given)).0 == Decision::Allowed,
            allowed,
            "{action} {given}"
        );
    }
}

#[test]
fn the_list_of_managed_policies_is_the_one_of_the_settings() {
    let attach = |rules: &[&str], arn: &str| {
        let rules = ManagedPolicyRules::new(rules).unwrap();
        let account = Account::new("123456789012", "aws").unwrap();
        let installation = Installation {
            account: &account,
            path: "/rolewright/",
            boundary: Some(BOUNDARY_ARN),
            name: Some("prod"),
            managed: &rules,
        };
        let given = context(&format!("has=approved on=prod policy={arn}"));
        decide(&writer(&installation), "iam:AttachRolePolicy", OURS, given).0 == Decision::Allowed
    };
    assert!(attach(&["arn:{partition}:iam::aws:policy/Read*"], READ_ONLY));
    assert!(
        !attach(&["arn:aws:iam::aws:policy/ReadOnlyAcces?"], READ_ONLY),
        "a question mark is itself"
    );
    assert!(!attach(&["arn:aws:iam::aws:policy/*", "!*ReadOnly*"], READ_ONLY));
    assert!(!attach(&[], READ_ONLY) && !attach(&["!*/X"], READ_ONLY));
}

#[test]
fn the_documents_are_what_aws_accepts_and_fit_a_policy_of_a_user() {
    for policy in [policy(|_| {}), policy(|installation| installation.boundary = None), reader()] {
        let text = policy.to_json();
        assert_eq!(
            Policy::read(&text, PolicyKind::Identity, Strictness::Desired).as_ref(),
            Ok(&policy)
        );
        let sids: std::collections::BTreeSet<_> =
            policy.statements.iter().map(|statement| &statement.sid).collect();
        assert_eq!(sids.len(), policy.statements.len(), "each statement has a name of its own");
        // Managed policies hold 6,144 characters without white space.
        assert!(text.len() <= 6_144, "{}", text.len());
    }
}

#[test]
fn the_reader_allows_the_reads_of_the_writer_and_nothing_else() {
    let writer = policy(|_| {});
    assert_eq!(reader().statements, writer.statements[..1]);
    let actions = reader().statements[0].actions.content().clone();
    assert!(
        actions
            .iter()
            .all(|action| action.starts_with("iam:Get") || action.starts_with("iam:List"))
    );
    assert!(writer.statements[1..].iter().all(|statement| statement.effect == Effect::Deny
        || !statement.actions.content().iter().any(|action| actions.contains(action))));
}
