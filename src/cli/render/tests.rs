//! What `render` prints for the samples that ship with rolewright. A change here is a change of what AWS gets.

use super::*;
use crate::plan::limits::BoundaryRule;
use crate::settings::MANAGED_POLICIES;

fn limits() -> Limits {
    let scope = ScopeArgs {
        installation: "prod".into(),
        permissions_boundary: "arn:{partition}:iam::{accountId}:policy/rolewright-boundary".into(),
        role_name_prefix: None,
        path_prefix: "/".into(),
        managed_policies: MANAGED_POLICIES.map(String::from).into(),
        oidc_issuer: vec!["https://oidc.eks.eu-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF".into()],
    };
    scope.limits(&Account { id: "123456789012".into(), partition: "aws".into() }).unwrap()
}

fn printed(text: &str, limits: &Limits) -> String {
    let mut printed = Vec::new();
    for document in yaml::documents::<Value>(text).unwrap() {
        if document["kind"] == "IAMRole" {
            match desired(&resource(&document).unwrap(), limits) {
                Ok(desired) => {
                    printed.push(format!("---\n{}", yaml::to_string(&render(&desired, limits).unwrap()).unwrap()));
                }
                Err(problems) => printed.extend(problems.iter().map(|problem| format!("{problem}\n"))),
            }
        }
    }
    printed.concat()
}

#[test]
fn the_samples_are_rendered_as_they_always_were() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/samples");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let all: String = files.iter().map(|file| printed(&fs::read_to_string(file).unwrap(), &limits())).collect();
    insta::assert_snapshot!(all);
}

#[test]
fn another_partition_and_account_are_filled_in_and_the_uid_is_not() {
    let mut limits = limits();
    limits.account = Account { id: "210987654321".into(), partition: "aws-cn".into() };
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
    assert!(text.contains("arn:aws-cn:iam::210987654321:policy/b") && text.contains("<uid>"), "{text}");
    assert!(text.contains("roleName: prod-default_x"), "{text}");
    assert!(text.contains(r#""210987654321""#) || text.contains("'210987654321'"), "{text}");
}

#[test]
fn a_manifest_with_problems_shows_each() {
    let manifest = "apiVersion: iam.rolewright.dev/v1alpha1\nkind: IAMRole\nmetadata: {name: x, namespace: a}\nspec: {trsut: [], path: x}\n";
    let text = printed(manifest, &limits());
    assert!(text.contains("spec.trsut") && text.contains("spec.path"), "{text}");
}
