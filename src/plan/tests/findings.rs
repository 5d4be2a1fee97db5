//! Where the problems of a resource come from, each with its parts as fields. The text of the user
//! in these cases holds `: ` and `; `, at which a sentence could be taken to pieces.

use rstest::rstest;

use crate::plan::{
    form::desired::compile,
    tests::samples::{limits, resource, with},
};

#[rstest]
#[case::text(
    r#"{"a":{"x: y":1,"x: y":2}}"#,
    ("repeated-key", "/spec/a/x: y", "spec.a.x: y"),
    (r#"the key "x: y" stands twice in one object"#, "keep one of them")
)]
#[case::schema(
    &with(r#""path: a; b":1"#),
    ("schema", "/spec/path: a; b", r#"spec."path: a; b""#),
    (
        "is not a field here",
        "use one of deletionPolicy, description, driftPolicy, lifetime, management, \
         maxSessionDuration, path, permissions, permissionsBoundary, roleName, tags, trust"
    )
)]
#[case::schema_of_a_map(
    &with(r#""tags":{"a: b/c":1}"#),
    ("schema", "/spec/tags/a: b~1c", r#"spec.tags["a: b/c"]"#),
    ("is a number where a string is needed", "put it in quotes")
)]
#[case::form(
    &with(r#""tags":{"a: b":"1","A: b":"2"}"#),
    ("form", "/spec/tags/a: b", "spec.tags.a: b"),
    ("differs from another key only in letter case, which IAM ignores", "remove one")
)]
#[case::limit(
    &with(r#""permissions":{"managedPolicies":["arn:aws:iam::aws:policy/AdministratorAccess"]}"#),
    ("limit", "/spec/permissions/managedPolicies/0", "spec.permissions.managedPolicies[0]"),
    (
        "arn:aws:iam::aws:policy/AdministratorAccess is not among the policies that the operator \
         allows (--managed-policies)",
        "remove it"
    )
)]
#[case::document(
    &with(
        r#""permissions":{"inlinePolicies":[{"name":"x","document":{"Statement":[{"Effect":"Allow","Action":"a:b","Resource":"*","Sid":"a: b; c"}]}}]}"#
    ),
    (
        "unknown",
        "/spec/permissions/inlinePolicies/0/document/Statement/0/Sid",
        "spec.permissions.inlinePolicies[0].document.Statement[0].Sid"
    ),
    (r#"the Sid "a: b; c" may hold only letters and digits"#, "rename it")
)]
#[case::typed_statement(
    r#"{"trust":[{"name":"g","statement":{"effect":"Deny","principals":{"AWS":["*"]},"actions":["sts:AssumeRole"],"conditions":{"Is: x":{"a:b":["c"]}}}}]}"#,
    (
        "unknown",
        "/spec/trust/0/statement/conditions/Is: x",
        "spec.trust[0].statement.conditions.Is: x"
    ),
    (r#""Is: x" is no condition operator"#, "use a documented one")
)]
#[case::grant(
    r#"{"trust":[{"name":"g","githubActions":{"owner":"o","repository":"r","environments":["x","a: b; ${c}"]}}]}"#,
    (
        "grant",
        "/spec/trust/0/githubActions/environments/1",
        "spec.trust[0].githubActions.environments[1]"
    ),
    (r#""a: b; ${c}" holds $, which begins a variable"#, "write it without")
)]
#[case::key_of_a_grant(
    r#"{"trust":[{"name":"g","saml":{"providerArn":"arn:aws:iam::123456789012:saml-provider/C","attributes":{"a: \"b/c":["d"]}}}]}"#,
    (
        "grant",
        "/spec/trust/0/saml/attributes/a: \"b~1c",
        r#"spec.trust[0].saml.attributes."a: \"b/c""#
    ),
    (
        "IAM knows no such attribute, so it could never match",
        "write sub, iss, namequalifier, edupersonaffiliation or another"
    )
)]
#[case::subject(
    r#"{"trust":[{"name":"g","oidc":{"issuer":"https://oidc.example.org","audiences":["a"],"subjects":["a: b*"]}}]}"#,
    ("subject", "/spec/trust/0/oidc/subjects/0", "spec.trust[0].oidc.subjects[0]"),
    (
        r#""a: b*" also matches names that begin alike"#,
        "put : or / before the first *, or write the exact subject"
    )
)]
#[case::issuer(
    r#"{"trust":[{"name":"g","oidc":{"issuer":"https://a: b","audiences":["a"],"subjects":["s"]}}]}"#,
    ("issuer", "/spec/trust/0/oidc/issuer", "spec.trust[0].oidc.issuer"),
    (
        r#""https://a: b" is no issuer URL"#,
        "write https://HOST/PATH in lower-case host, without port, query and fragment"
    )
)]
#[case::trust_limit(
    r#"{"trust":[{"name":"g","statement":{"effect":"Allow","principals":{"Service":["a: b; c"]},"actions":["sts:AssumeRole"]}}]}"#,
    ("trust-limit", "/spec/trust/0", "spec.trust[0]"),
    (
        r#"Principal.Service: "a: b; c" is no service principal"#,
        "write a name such as lambda.amazonaws.com"
    )
)]
fn each_origin_of_a_problem_says_where_what_and_what_to_do_apart(
    #[case] spec: &str,
    #[case] (check, pointer, field): (&str, &str, &str),
    #[case] (message, remedy): (&str, &str),
) {
    let found = compile(&resource(spec), &limits()).map_or_else(|all| all, |(_, beyond)| beyond);
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    let spelled = finding.field().to_string();
    assert_eq!((finding.check().as_str(), finding.pointer(), &*spelled), (check, pointer, field));
    assert_eq!((finding.message(), finding.remedy()), (message, remedy));
    let sentences = [": ", "; "].map(|joint| format!("{field}: {message}{joint}{remedy}"));
    assert!(sentences.contains(&finding.to_string()), "{finding}");
}
