//! Which statements are one, and that they mean what they did before.

use proptest::prelude::*;
use proptest::sample::select;
use rstest::rstest;

use super::*;
use crate::account::Account;
use crate::policy::{Equality, Policy, PolicyKind, PrincipalKind, between, compare};

const KEY: &str = "a.example.com:sub";

fn account() -> Account {
    Account::new("123456789012", "aws").unwrap()
}

fn provider(name: &str) -> Statement {
    let provider = format!("arn:aws:iam::123456789012:oidc-provider/{name}");
    Statement::allow(["sts:AssumeRoleWithWebIdentity"])
        .principal(PrincipalKind::Federated, [provider])
        .when("StringEquals", &format!("{name}:aud"), ["sts.amazonaws.com"])
}

fn of(operator: &str, key: &str, subjects: &[&str]) -> Statement {
    provider("a.example.com").when(operator, key, subjects.iter().copied())
}

fn json(statements: Vec<Statement>) -> String {
    Policy::new(statements).to_json()
}

#[test]
fn statements_that_differ_in_subjects_alone_are_one_at_the_place_of_the_first() {
    let other = provider("b.example.com").when("StringEquals", "b.example.com:sub", ["x"]);
    let statements = vec![
        of("StringEquals", KEY, &["x"]),
        other.clone(),
        of("StringEquals", KEY, &["y", "x"]),
        of("StringEquals", KEY, &["z"]),
    ];
    let made = joined(statements.clone());
    assert_eq!(made, [(0, of("StringEquals", KEY, &["x", "y", "z"])), (1, other)]);
    let (old, new) = (json(statements), Policy::new(made.into_iter().map(|it| it.1).collect()));
    assert_eq!(compare(&new, &old, PolicyKind::Trust, &account()), Equality::Cosmetic);
}

#[rstest]
#[case::negated("StringNotEquals", KEY)]
#[case::all_values("ForAllValues:StringEquals", KEY)]
#[case::any_value("ForAnyValue:StringEquals", KEY)]
#[case::unknown("StringSame", KEY)]
#[case::another_claim("StringEquals", "a.example.com:email")]
#[case::no_claim("StringEquals", "sub")]
fn what_is_no_choice_of_subjects_stays_apart(#[case] operator: &str, #[case] key: &str) {
    let apart = vec![of(operator, key, &["x"]), of(operator, key, &["y"])];
    assert_eq!(joined(apart.clone()).len(), 2);
    let whole = Policy::new(vec![of(operator, key, &["x", "y"])]);
    assert_eq!(between(&whole, &Policy::new(apart), &account()), Equality::Different);
}

#[test]
fn two_conditions_on_subjects_are_not_taken_apart() {
    let both =
        |like: &str, exact: &str| of("StringLike", KEY, &[like]).when("StringEquals", KEY, [exact]);
    let apart = vec![both("x*", "xa"), both("x*", "xb")];
    assert_eq!(joined(apart.clone()).len(), 2);
    let whole = of("StringLike", KEY, &["x*"]).when("StringEquals", KEY, ["xa", "xb"]);
    let whole = Policy::new(vec![whole]);
    assert_eq!(between(&whole, &Policy::new(apart), &account()), Equality::Different);
}

#[test]
fn a_sid_is_no_difference_in_subjects() {
    let mut named = of("StringEquals", KEY, &["x"]);
    named.sid = Some("Pods".to_owned());
    let made = joined(vec![named.clone(), of("StringEquals", KEY, &["y"])]);
    assert_eq!(made.len(), 2, "what somebody named stays as it is");
    let apart = Policy::new(made.into_iter().map(|it| it.1).collect());
    let whole = Policy::new(vec![of("StringEquals", KEY, &["x", "y"])]);
    assert_eq!(between(&whole, &apart, &account()), Equality::Cosmetic);
}

#[test]
fn statements_about_resources_keep_their_lists() {
    let identity = |subjects: &[&str]| {
        let mut statement =
            Statement::allow(["s3:GetObject"]).when("StringEquals", KEY, subjects.iter().copied());
        statement.resources = Some(crate::policy::Scope::Only(vec!["*".to_owned()]));
        statement
    };
    assert_eq!(joined(vec![identity(&["x"]), identity(&["y"])]).len(), 2);
    let (whole, apart) = (vec![identity(&["x", "y"])], vec![identity(&["x"]), identity(&["y"])]);
    let verdict = between(&Policy::new(whole), &Policy::new(apart), &account());
    assert_eq!(verdict, Equality::Different);
}

#[test]
fn a_list_too_long_to_take_apart_is_compared_as_it_is() {
    let subjects: Vec<String> = (0..900).map(|n| n.to_string()).collect();
    let audiences: Vec<String> = (0..900).map(|n| format!("a{n}")).collect();
    let statement = provider("a.example.com").when("StringEquals", KEY, subjects).when(
        "StringLike",
        "a.example.com:aud",
        audiences,
    );
    let policy = Policy::new(vec![statement]);
    assert!(policy.canonical(&account()).is_large());
    assert_eq!(between(&policy, &policy.clone(), &account()), Equality::Identical);
}

/// Statements that differ in little.
fn any_statement() -> impl Strategy<Value = Statement> {
    let subjects = prop::collection::vec(select(vec!["w", "x", "y*", "z"]), 0..3);
    let keys = vec![KEY, "a.example.com:SUB", "A.example.com:sub"];
    (
        select(vec!["StringEquals", "StringLike", "StringNotEquals"]),
        select(keys),
        subjects,
        prop::option::of(select(vec!["one", "two"])),
        prop::bool::ANY,
        prop::option::weighted(0.2, select(vec!["w", "x"])),
    )
        .prop_map(|(operator, key, subjects, sid, tags, more)| {
            let mut statement = of(operator, key, &subjects);
            statement.sid = sid.map(str::to_owned);
            if tags {
                statement.actions = crate::policy::Scope::Only(vec!["sts:TagSession".to_owned()]);
            }
            match more {
                Some(more) => statement.when("StringEqualsIgnoreCase", KEY, [more]),
                None => statement,
            }
        })
}

proptest! {
    /// An upgrade that joins statements writes nothing, and to join again changes nothing.
    #[test]
    fn joined_statements_are_equal_to_what_they_were_made_of(
        statements in prop::collection::vec(any_statement(), 1..7),
    ) {
        let old = Policy::new(statements.clone());
        let made: Vec<Statement> = joined(statements).into_iter().map(|it| it.1).collect();
        prop_assert_eq!(joined(made.clone()).len(), made.len());
        let new = Policy::new(made);
        prop_assert!(between(&new, &old, &account()).is_equal());
        prop_assert_eq!(new.canonical(&account()).bytes(), old.canonical(&account()).bytes());
        prop_assert!(new.to_json().len() <= old.to_json().len());
    }

    /// In whatever order statements stand, and however their subjects are spread over them.
    #[test]
    fn the_spread_of_subjects_is_no_difference(
        subjects in prop::collection::btree_set(select(vec!["v", "w", "x", "y", "z"]), 1..5),
        cut in 0_usize..5,
        turned in prop::bool::ANY,
    ) {
        let all: Vec<&str> = subjects.into_iter().collect();
        let (one, other) = all.split_at(cut.min(all.len()));
        let mut apart: Vec<Statement> = [one, other]
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(|part| of("StringLike", KEY, part))
            .collect();
        if turned {
            apart.reverse();
        }
        let whole = Policy::new(vec![of("StringLike", KEY, &all)]);
        prop_assert!(between(&whole, &Policy::new(apart.clone()), &account()).is_equal());
        let made = joined(apart);
        prop_assert_eq!(made.len(), 1);
    }
}
