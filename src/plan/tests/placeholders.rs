//! Braces in what people write: what is replaced where, what is refused, and what stays as it is.

use rstest::rstest;

use crate::plan::{
    form::{desired::compile, observed::RolePart},
    tests::samples::{as_written, limits, resource, wish, with},
};

fn statements(members: &str) -> String {
    with(&format!(
        r#""permissions":{{"inlinePolicies":[{{"name":"p","statements":[{{"effect":"Deny","actions":["s3:*"],{members}}}]}}]}}"#
    ))
}

fn document(members: &str) -> String {
    with(&format!(
        r#""permissions":{{"inlinePolicies":[{{"name":"p","document":{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"s3:*",{members}}}]}}}}]}}"#
    ))
}

fn trusting(grant: &str) -> String {
    format!(r#"{{"trust":[{{"name":"g",{grant}}}]}}"#)
}

/// All documents of a role.
fn made(spec: &str) -> String {
    let form = wish(spec).form;
    let inline: Vec<String> = form.inline.values().map(iam::policy::Policy::to_json).collect();
    form.trust.to_json() + &inline.concat()
}

fn problems(spec: &str) -> Vec<String> {
    let found = compile(&resource(spec), &limits()).err().unwrap_or_default();
    found.iter().map(ToString::to_string).collect()
}

#[rstest]
#[case::resource(
    statements(r#""resources":["arn:{partition}:s3:::b-{accountId}/{{x}}/*"]"#),
    r#""Resource":"arn:aws:s3:::b-123456789012/{x}/*""#
)]
#[case::other_resources(
    statements(r#""notResources":["arn:{partition}:s3:::{{x}}"]"#),
    r#""NotResource":"arn:aws:s3:::{x}""#
)]
#[case::value(statements(r#""resources":["*"],"conditions":{"StringNotEquals":{"aws:ResourceAccount":["{accountId}"]}}"#),
    r#"{"aws:ResourceAccount":"123456789012"}"#)]
#[case::value_and_variable(statements(r#""resources":["*"],"conditions":{"StringLike":{"s3:prefix":["{accountId}/${aws:username}/{{x}}"]}}"#),
    "123456789012/${aws:username}/{x}")]
#[case::pasted_resource(
    document(r#""Resource":["arn:{partition}:s3:::b","arn:aws:s3:::{{}}"]"#),
    r#"["arn:aws:s3:::b","arn:aws:s3:::{}"]"#
)]
#[case::pasted_value(
    document(r#""Resource":"*","Condition":{"StringEquals":{"a:b":"{accountId}"}}"#),
    r#"{"a:b":"123456789012"}"#
)]
#[case::trust_value(trusting(r#""statement":{"effect":"Allow","principals":{"AWS":["{accountId}"]},"actions":["sts:AssumeRole"],"conditions":{"ArnLike":{"aws:PrincipalArn":["arn:{partition}:iam::{accountId}:role/*"]}}}"#),
    r#"{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/*"}"#)]
#[case::subjects_are_literal(trusting(r#""oidc":{"issuer":"https://example.org","audiences":["{x}"],"subjects":["{accountId}:{{x}}"],"claims":{"email":["{region}"]}}"#),
    r#""example.org:aud":"{x}","example.org:email":"{region}","example.org:sub":"{accountId}:{{x}}""#)]
fn placeholders_are_replaced_in_arns_and_values(#[case] spec: String, #[case] says: &str) {
    let made = made(&spec);
    assert!(made.contains(says), "{made}");
}

#[rstest]
#[case::resource(
    statements(r#""resources":["*","arn:aws:s3:::b-{region}/*"]"#),
    "spec.permissions.inlinePolicies[0].statements[0].resources[1]: \"{region}\" is no placeholder"
)]
#[case::value(statements(r#""resources":["*"],"conditions":{"StringEquals":{"aws:ResourceAccount":["{accountid}"]}}"#),
    r#"spec.permissions.inlinePolicies[0].statements[0].conditions.StringEquals.aws:ResourceAccount[0]: "{accountid}" is no placeholder; write {accountId}; {{accountid}} stands for braces"#)]
#[case::pasted(
    document(r#""Resource":"arn:aws:s3:::${AWS::AccountId}""#),
    r#"spec.permissions.inlinePolicies[0].document.Statement[0].Resource: "${AWS::AccountId}" is no policy variable"#
)]
#[case::trust(trusting(r#""statement":{"effect":"Allow","principals":{"AWS":["{account}"]},"actions":["sts:AssumeRole"]}"#),
    r#"spec.trust[0].statement.principals.AWS[0]: "{account}" is no placeholder; write {accountId}"#)]
#[case::source(trusting(r#""service":{"name":"sns.amazonaws.com","sourceArns":["arn:aws:sns:{region}:{accountId}:x"]}"#),
    "spec.trust[0].service.sourceArns[0]: \"{region}\" is no placeholder")]
#[case::principal(
    trusting(r#""principals":{"arns":["arn:aws:iam::{account}:role/x"]}"#),
    "spec.trust[0].principals.arns[0]: \"{account}\" is no placeholder"
)]
#[case::cluster(trusting(r#""podIdentity":{"serviceAccounts":["s"],"clusterArns":["arn:aws:eks:{region}:{accountId}:cluster/c"]}"#),
    "spec.trust[0].podIdentity.clusterArns[0]: \"{region}\" is no placeholder")]
#[case::issuer(
    trusting(r#""oidc":{"issuer":"https://{host}/x","audiences":["a"],"subjects":["s"]}"#),
    "spec.trust[0].oidc.issuer: \"{host}\" is no placeholder"
)]
fn other_braces_are_refused_at_their_field(#[case] spec: String, #[case] says: &str) {
    let found = problems(&spec);
    assert!(found.iter().any(|found| found.starts_with(says)), "{found:#?}");
}

#[test]
fn every_brace_is_told_at_once_and_with_what_else_is_wrong() {
    let spec =
        statements(r#""resources":["{x}","{y}"],"conditions":{"StringEqual":{"a:b":["{z}"]}}"#);
    let found = problems(&spec);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[3].contains("is no condition operator"), "{found:#?}");
}

#[rstest]
#[case::value(statements(r#""resources":["*"],"conditions":{"StringNotEquals":{"aws:ResourceAccount":["{accountId}"]}}"#),
    r#""{accountId}""#, "write \"{{accountId}}\" to leave the role as it is, or \"123456789012\" to change it")]
#[case::doubled(
    statements(r#""resources":["arn:aws:s3:::b/{{x}}"]"#),
    "{{x}}",
    "write \"arn:aws:s3:::b/{{{{x}}}}\" to leave the role as it is"
)]
#[case::pasted(
    document(r#""Resource":"arn:aws:s3:::b-{accountId}""#),
    "arn:aws:s3:::b-{accountId}",
    "or \"arn:aws:s3:::b-123456789012\" to change it"
)]
#[case::trust(trusting(r#""statement":{"effect":"Allow","principals":{"AWS":["{accountId}"]},"actions":["sts:AssumeRole"],"conditions":{"StringEquals":{"aws:PrincipalAccount":["{accountId}"]}}}"#),
    r#"{"aws:PrincipalAccount":"{accountId}"}"#, "write \"{{accountId}}\"")]
fn a_role_that_has_the_braces_is_left_as_it_is(
    #[case] spec: String,
    #[case] holds: &str,
    #[case] remedy: &str,
) {
    let wish = wish(&spec);
    let now = as_written(&wish);
    let account = limits().account;
    let in_place = |role| {
        let found = wish.terms.literal.in_place(&wish.form, role, &account);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(in_place(&now), Vec::<String>::new(), "as it is made now");
    let mut former = now.clone();
    for (part, policy) in wish.terms.literal.former() {
        match part {
            RolePart::Inline(name) => drop(former.inline.insert(name.clone(), policy.to_json())),
            _ => former.role.trust = policy.to_json(),
        }
    }
    let documents =
        former.role.trust.clone() + &former.inline.values().cloned().collect::<String>();
    assert!(documents.contains(holds), "{documents}");
    let found = in_place(&former);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains(remedy), "{found:#?}");
    // With the remedy nothing differs from the role.
    let (_, keep) = found[0].split_once("write \"").unwrap();
    let (keep, _) = keep.split_once('"').unwrap();
    let text = spec.match_indices('"').zip(spec.match_indices('"').skip(1)).find_map(
        |((from, _), (to, _))| {
            let text = spec.get(from + 1..to)?;
            (iam::placeholder::doubled(text) == keep && text.contains('{')).then_some(text)
        },
    );
    let kept = super::samples::wish(&match spec.rsplit_once(&format!("\"{}\"", text.unwrap())) {
        Some((before, after)) => format!("{before}\"{keep}\"{after}"),
        None => unreachable!("the text stands in the spec"),
    });
    let same = |one: &iam::policy::Policy, text: &str, kind| {
        iam::policy::compare(one, text, kind, &account).is_equal()
    };
    assert!(same(&kept.form.trust, &former.role.trust, iam::policy::PolicyKind::Trust));
    for (name, policy) in &kept.form.inline {
        assert!(same(policy, &former.inline[name], iam::policy::PolicyKind::Identity));
    }
}

#[test]
fn what_means_the_same_as_before_has_one_reading() {
    let spec = statements(
        r#""resources":["arn:{partition}:s3:::b-{accountId}/${aws:username}"],"conditions":{"StringEquals":{"a:b":["${aws:username}"]}}"#,
    );
    assert!(wish(&spec).terms.literal.is_empty());
    assert!(
        wish(&trusting(r#""principals":{"arns":["arn:{partition}:iam::{accountId}:role/x"]}"#))
            .terms
            .literal
            .is_empty()
    );
}
