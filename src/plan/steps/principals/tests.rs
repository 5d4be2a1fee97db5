use rstest::rstest;

use crate::plan::steps::principals::*;
use crate::plan::tests::samples::limits;

const A: &str = "arn:aws:iam::123456789012:role/p/a";
const B: &str = "arn:aws:iam::123456789012:role/b";
const U: &str = "arn:aws:iam::123456789012:user/u";
const ROLE: &str = "AROAAAAAAAAAAAAAAAAAA";
const OTHER: &str = "AROABBBBBBBBBBBBBBBBB";
const USER: &str = "AIDAAAAAAAAAAAAAAAAAA";

/// A trust policy: statements as `A B:x`, whom it names and an external id.
fn trust(text: &str) -> Policy {
    let name = |name: &str| match name {
        "A" => A,
        "B" => B,
        "U" => U,
        "ROLE" => ROLE,
        "OTHER" => OTHER,
        _ => USER,
    };
    let statement = |text: &str| {
        let (names, id) = text.split_once(':').unwrap_or((text, ""));
        let allow = Statement::allow(["sts:AssumeRole"])
            .principal(PrincipalKind::Aws, names.split(' ').map(name));
        if id.is_empty() { allow } else { allow.when("StringEquals", "sts:ExternalId", [id]) }
    };
    Policy::new(text.split("; ").map(statement).collect())
}

fn held(desired: &Policy, observed: &Policy) -> Vec<(String, Option<String>)> {
    let found = replaced(desired, Some(&observed.to_json()), &[], &limits().account);
    found.into_iter().map(|principal| (principal.arn, principal.id)).collect()
}

#[rstest]
#[case::nobody_is_gone("A B", "A B", &[])]
#[case::somebody_was_taken_out("A B", "A", &[])]
#[case::the_one_that_is_missing("A B", "A ROLE", &[(B, Some(ROLE))])]
#[case::alone_in_its_statement("A:x; B:y", "A:x; ROLE:y", &[(B, Some(ROLE))])]
#[case::a_user_is_no_role("A U", "USER", &[(U, Some(USER))])]
#[case::one_of_each_kind("A U", "USER ROLE", &[(A, None), (U, None)])]
#[case::both("A B", "ROLE OTHER", &[(B, None), (A, None)])]
#[case::either_of_two("A B", "ROLE", &[(B, None), (A, None)])]
#[case::in_a_statement_that_drifted_too("A:x; B", "ROLE:z; B", &[(A, Some(ROLE))])]
#[case::in_a_statement_of_others("A", "A; ROLE:z", &[])]
#[case::beside_a_statement_that_was_taken_out("A:x; B:y", "ROLE:x", &[(A, Some(ROLE))])]
#[case::in_two_statements("A:x; A B:y", "ROLE:x; B ROLE:y", &[(A, Some(ROLE))])]
fn who_is_gone(
    #[case] desired: &str,
    #[case] observed: &str,
    #[case] expected: &[(&str, Option<&str>)],
) {
    let expected: Vec<_> =
        expected.iter().map(|(arn, id)| ((*arn).to_owned(), id.map(str::to_owned))).collect();
    assert_eq!(held(&trust(desired), &trust(observed)), expected);
}

#[test]
fn one_that_is_known_to_be_gone_stays_so_until_it_is_trusted_again_or_no_longer_named() {
    let known = [ReplacedPrincipal { arn: A.into(), id: Some(ROLE.into()) }];
    let found = |desired: &Policy, observed: Option<&str>| {
        replaced(desired, observed, &known, &limits().account)
    };
    let (both, other) = (trust("A B"), trust("B"));
    assert_eq!(found(&both, Some(&other.to_json())), known);
    assert_eq!(found(&both, None), known);
    assert_eq!(found(&both, Some("no document")), known);
    assert_eq!(found(&both, Some(&both.to_json())), []);
    assert_eq!(found(&other, Some(&other.to_json())), []);
}

#[rstest]
#[case::all_else_is_as_desired("A:x; B", "ROLE:x; B", true)]
#[case::it_is_not_there_at_all("A:x; B", "B", true)]
#[case::in_other_words("A:x; B", "ROLE:z; B", false)]
#[case::with_one_more("A:x; B", "ROLE OTHER:x; B", false)]
#[case::with_one_of_others("A:x; B", "ROLE:x; B; OTHER:z", false)]
#[case::alone("A:x", "ROLE:x", true)]
#[case::alone_and_changed("A:x", "ROLE:z", false)]
fn all_but_the_one_that_is_held_back_is_compared(
    #[case] desired: &str,
    #[case] observed: &str,
    #[case] equal: bool,
) {
    let account = limits().account;
    let held = [ReplacedPrincipal { arn: A.into(), id: None }];
    let (desired, observed) = (trust(desired), trust(observed));
    let shown = explained(&desired, &observed, &held, &account).unwrap_or(observed);
    let target = without(&desired, &[A].into());
    assert_eq!(compare::between(&target, &shown, &account).is_equal(), equal);
    assert!(!target.to_json().contains(A) && !target.statements.is_empty());
}

#[test]
fn a_deny_keeps_everybody_it_names() {
    let mut policy = trust("B");
    policy.statements.push(Statement::deny(["sts:AssumeRole"]).principal(PrincipalKind::Aws, [A]));
    assert_eq!(without(&policy, &[A].into()), policy);
    assert!(lets_in(&policy, B) && !lets_in(&policy, A), "only an Allow lets somebody in");
}

#[rstest]
#[case(&format!(r#"MalformedPolicyDocument: Invalid principal in policy: "AWS":"{A}""#), Some(A))]
#[case(
    r#"MalformedPolicyDocument: Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/p""#,
    None
)]
#[case("MalformedPolicyDocument: Syntax", None)]
fn aws_names_whom_it_does_not_know(#[case] message: &str, #[case] expected: Option<&str>) {
    let error = IamError {
        action: "UpdateAssumeRolePolicy",
        class: IamErrorClass::InvalidPrincipal,
        message: message.into(),
        request_id: None,
    };
    assert_eq!(refused(&error, &trust("A B")).as_deref(), expected);
    let other = IamError { class: IamErrorClass::Refused, ..error };
    assert_eq!(refused(&other, &trust("A")), None);
}
