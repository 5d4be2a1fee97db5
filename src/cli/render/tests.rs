//! What `render` prints for the samples that ship with rolewright. A change here is a change of
//! what AWS gets.

use super::*;
use crate::plan::scope::limits::BoundaryRule;
use crate::settings::MANAGED_POLICIES;

fn limits() -> Limits {
    let scope = ScopeArgs {
        installation: "prod".into(),
        permissions_boundary: "arn:{partition}:iam::{accountId}:policy/rolewright-boundary".into(),
        role_name_prefix: None,
        path_prefix: "/".into(),
        managed_policies: MANAGED_POLICIES.map(String::from).into(),
        annotate_service_accounts: false,
        allow_pause: true,
        allow_observe: true,
        allow_retain: true,
        max_lifetime: None,
        max_session: None,
        oidc_issuer: vec![
            "https://oidc.eks.eu-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF".into(),
        ],
    };
    scope.limits(&Account::new("123456789012", "aws").unwrap()).unwrap()
}

fn rendered(text: &str, limits: &Limits) -> Rendered {
    let mut rendered = Rendered::default();
    rendered.take("f", text, limits);
    rendered
}

/// Standard output, then standard error.
fn printed(text: &str, limits: &Limits) -> String {
    let answer = rendered(text, limits).answer(Format::Text).unwrap();
    answer.text + &answer.notes.join("\n")
}

#[test]
fn the_samples_are_rendered_as_they_always_were() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/samples");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let all: String = files
        .iter()
        .map(|file| printed(&std::fs::read_to_string(file).unwrap(), &limits()))
        .collect();
    insta::assert_snapshot!(all);
}

#[test]
fn another_partition_and_account_are_filled_in_and_the_uid_is_not() {
    let mut limits = limits();
    limits.account = Account::new("210987654321", "aws-cn").unwrap();
    limits.boundary = BoundaryRule::Free;
    let manifest = r"
apiVersion: iam.rolewright.dev/v1alpha1
kind: IAMRole
metadata: {name: x}
spec:
  permissionsBoundary: arn:{partition}:iam::{accountId}:policy/b
  trust: [{name: l, service: {name: lambda.amazonaws.com, sourceAccount: Own}}]
";
    let text = printed(manifest, &limits);
    assert!(
        text.contains("arn:aws-cn:iam::210987654321:policy/b") && text.contains("<uid>"),
        "{text}"
    );
    assert!(text.contains("roleName: prod-default_x"), "{text}");
    assert!(text.contains(r#""210987654321""#) || text.contains("'210987654321'"), "{text}");
}

#[test]
fn a_manifest_with_problems_shows_each() {
    let manifest = "apiVersion: iam.rolewright.dev/v1alpha1\nkind: IAMRole\nmetadata: {name: x, \
        namespace: a}\nspec: {trsut: [], path: x}\n";
    let text = printed(manifest, &limits());
    assert!(text.contains("spec.trsut") && text.contains("spec.path"), "{text}");
}

const GOOD: &str = "apiVersion: iam.rolewright.dev/v1alpha1\nkind: IAMRole\nmetadata: {name: x, \
    namespace: a}\nspec: {trust: [{name: l, service: {name: sns.amazonaws.com, sourceAccount: \
    None}}]}\n";

#[test]
fn one_bad_manifest_keeps_no_other_from_being_printed() {
    let bad = GOOD.replace("name: x", "name: z").replace("trust:", "trsut:");
    let answer = rendered(&format!("{bad}---\n{GOOD}"), &limits()).answer(Format::Text).unwrap();
    assert_eq!(answer.code, 2);
    assert!(
        answer.text.contains("prod-a_x") && !answer.text.contains("prod-a_z"),
        "{}",
        answer.text
    );
    assert!(answer.notes[0].starts_with("f: IAMRole a/z: spec.trsut: "), "{:?}", answer.notes);
    assert_eq!(rendered(GOOD, &limits()).answer(Format::Text).unwrap().code, 0);
}

#[test]
fn what_is_beyond_the_limits_is_rendered_with_a_word() {
    let beyond = GOOD.replace("spec: {", "spec: {roleName: other, ");
    let answer = rendered(&beyond, &limits()).answer(Format::Text).unwrap();
    assert_eq!(answer.code, 0);
    assert!(answer.text.contains("roleName: other"), "{}", answer.text);
    assert!(
        answer.notes[0].contains("the controller would refuse spec.roleName: must begin with"),
        "{:?}",
        answer.notes
    );
}

#[test]
fn json_is_one_array_of_all_roles() {
    let other = GOOD.replace("name: x", "name: z");
    let answer = rendered(&format!("{GOOD}---\n{other}"), &limits()).answer(Format::Json).unwrap();
    let roles: Value = serde_json::from_str(&answer.text).unwrap();
    let names: Vec<&str> =
        roles.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["x", "z"]);
    let keys: Vec<&str> = roles[0].as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted = [
        "namespace",
        "name",
        "roleName",
        "path",
        "trust",
        "inlinePolicies",
        "managedPolicies",
        "permissionsBoundary",
        "tags",
    ];
    wanted.sort_unstable();
    let mut found = keys.clone();
    found.sort_unstable();
    assert_eq!(found, wanted);
    assert_eq!(
        roles[0]["trust"]["Statement"]["Action"]
            .as_str()
            .or(roles[0]["trust"]["Statement"][0]["Action"].as_str()),
        Some("sts:AssumeRole")
    );
}

#[rstest::rstest]
#[case::partition(
    &["--partition", "nonsense"],
    "--partition: the partition \"nonsense\" is not known"
)]
#[case::account(
    &["--account", "12345"],
    "--account \"12345\" is no account id: write its 12 digits"
)]
fn an_account_that_does_not_exist_is_refused(#[case] flags: &[&str], #[case] says: &str) {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }
    const REQUIRED: [&str; 4] = ["render", "--installation=x", "--permissions-boundary=none", "x"];
    let args = <Line as clap::Parser>::parse_from([&REQUIRED[..], flags].concat()).args;
    let mut nothing = std::io::empty();
    let error = run(&args, &mut Input::new(&mut nothing)).unwrap_err();
    assert!(error.to_string().starts_with(says), "{error}");
}
