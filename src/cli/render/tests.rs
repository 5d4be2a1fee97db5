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
        trusted_accounts: Vec::new(),
        own_accounts: Vec::new(),
        default_tags: Vec::new(),
        default_deletion_policy: "Delete".into(),
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
    assert_eq!(answer.code, 1, "a check in CI must see it");
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
        "arn",
        "description",
        "maxSessionSeconds",
        "trust",
        "inlinePolicies",
        "managedPolicies",
        "permissionsBoundary",
        "tags",
        "sizes",
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
    let error = ran("", flags).unwrap_err();
    assert!(error.to_string().starts_with(says), "{error}");
}

/// The answer to a text on standard input.
fn ran(text: &str, flags: &[&str]) -> anyhow::Result<Answer> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }
    const REQUIRED: [&str; 3] = ["render", "--installation=x", "-"];
    let none: &[&str] = if flags.iter().any(|flag| flag.starts_with("--permissions-boundary")) {
        &[]
    } else {
        &["--permissions-boundary=none"]
    };
    let args = <Line as clap::Parser>::parse_from([&REQUIRED[..], none, flags].concat()).args;
    run(&args, &mut Input::new(text.as_bytes()))
}

#[test]
fn two_resources_for_one_role_are_a_finding_and_so_is_one_that_is_given_twice() {
    let other =
        GOOD.replace("name: x, ", "name: z, ").replace("spec: {", "spec: {roleName: x-A_X, ");
    let one = GOOD.replace("spec: {", "spec: {roleName: x-a_x, ");
    let answer = ran(&format!("{one}---\n{other}"), &["--role-name-prefix="]).unwrap();
    assert_eq!(answer.code, 1);
    let said = answer.notes.join("\n");
    assert!(said.contains("two resources for the role x-A_X: IAMRole a/x asks"), "{said}");
    let answer = ran(&format!("{GOOD}---\n{GOOD}"), &[]).unwrap();
    assert_eq!(answer.code, 1);
    assert!(answer.notes[0].contains("IAMRole a/x: is given twice"), "{:?}", answer.notes);
}

fn trusting(principals: &str) -> String {
    GOOD.replace("service: {name: sns.amazonaws.com, sourceAccount: None}", principals)
}

#[rstest::rstest]
#[case::an_account("principals: {accounts: [\"111111111111\"]}", "111111111111")]
#[case::the_account_of_the_example(
    "principals: {arns: [\"arn:aws:iam::123456789012:role/r\"]}",
    "123456789012"
)]
fn what_only_the_account_decides_is_asked_for_and_not_guessed(
    #[case] principals: &str,
    #[case] own: &str,
) {
    let text = trusting(principals);
    let answer = ran(&text, &[]).unwrap();
    let said = answer.notes.join("\n");
    assert_eq!((answer.code, answer.text.as_str()), (2, ""), "{said}");
    assert!(said.contains("spec.trust[0]: whether") && said.contains("--account"), "{said}");
    assert_eq!(ran(&text, &["--account", own]).unwrap().code, 0);
    let boundary = format!("--permissions-boundary=arn:aws:iam::{own}:policy/b");
    assert_eq!(ran(&text, &[&boundary]).unwrap().code, 0, "the boundary lies in the account");
    assert_eq!(ran(&text, &["--account", "999999999999"]).unwrap().code, 1);
}

#[test]
fn what_no_account_decides_is_rendered_for_an_example() {
    let text = trusting("principals: {arns: [\"arn:{partition}:iam::{accountId}:role/r\"]}");
    let answer = ran(&text, &[]).unwrap();
    assert_eq!(answer.code, 0, "{:?}", answer.notes);
    assert!(answer.text.contains("arn:aws:iam::123456789012:role/x-a_x"), "{}", answer.text);
}

#[test]
fn what_was_meant_for_a_resource_ends_with_2_and_what_is_foreign_with_a_word() {
    let other = GOOD.replace("IAMRole", "IamRole");
    let answer = ran(&format!("{GOOD}---\n{other}"), &[]).unwrap();
    assert_eq!(answer.code, 2);
    assert!(answer.notes[0].contains("did you mean IAMRole?"), "{:?}", answer.notes);
    let other = GOOD.replace("iam.rolewright.dev", "example.org");
    let answer = ran(&format!("{GOOD}---\n{other}"), &[]).unwrap();
    assert_eq!((answer.code, answer.notes.len()), (0, 1), "{:?}", answer.notes);
    let list = format!(
        "{{\"kind\": \"List\", \"items\": [{}]}}",
        serde_json::to_string(&yaml::documents::<Value>(GOOD).unwrap()[0]).unwrap()
    );
    assert!(ran(&list, &[]).unwrap().text.contains("roleName: x-a_x"));
}

#[test]
fn sizes_are_said_beside_what_an_account_takes() {
    let answer = rendered(GOOD, &limits()).answer(Format::Text).unwrap();
    let size = |part: &str, of: &str| format!("  {part}: {of} characters\n");
    assert!(answer.text.contains(&size("inlinePolicies", "0 of 10240")), "{}", answer.text);
    let json = rendered(GOOD, &limits()).answer(Format::Json).unwrap();
    let roles: Value = serde_json::from_str(&json.text).unwrap();
    let characters = roles[0]["sizes"]["trust"].as_u64().unwrap();
    assert!(answer.text.contains(&size("trustPolicy", &format!("{characters} of 2048"))));
    assert_eq!(roles[0]["sizes"]["inlinePolicies"], 0);
}
