//! Values of conditions that are not of their operator's type.

use rstest::rstest;

use crate::policy::evaluate::tests::{KEY, decide, request};
use crate::policy::evaluate::*;

/// AWS takes such a value with a warning, and the statement never matches, whatever else it says.
#[rstest]
#[case("NumericLessThan", &["many"])]
#[case("NumericNotEquals", &["1", "many"])]
#[case("ForAllValues:NumericLessThanIfExists", &["many"])]
#[case("DateLessThan", &["tomorrow"])]
#[case("NotIpAddress", &["home"])]
#[case("Bool", &["true", "yes"])]
#[case("BoolIfExists", &["yes"])]
#[case("Null", &["yes", "true"])]
fn a_value_of_the_wrong_type_makes_its_statement_never_match(
    #[case] operator: &str,
    #[case] values: &[&str],
) {
    let under = |statement: Statement| statement.on(["*"]).when(operator, "k", values.to_vec());
    let allow = Policy::new(vec![under(Statement::allow(["*"]))]);
    let deny = Policy::new(vec![
        Statement::allow(["s3:*"]).on(["*"]),
        under(Statement::deny(["s3:*"])).named("D"),
    ]);
    let contexts = ["true", "1", "2026-01-01", "10.0.0.1"].map(|value| ("k", value));
    let contexts = contexts.map(|(key, value)| Context::default().with(key, value));
    for context in contexts.into_iter().chain([Context::default()]) {
        let asked = Request { context, ..request("s3:Get", KEY) };
        let found = decide(&allow, &asked);
        assert_eq!(found.decision, Decision::ImplicitlyDenied);
        let value = values.iter().find(|value| !["1", "true"].contains(value)).unwrap();
        let why = format!("never matches: {operator} \"k\" can't have the value \"{value}\"");
        assert_eq!(found.because, [format!("p, statement 0 {why}")]);
        // One that is void is told also where it would deny.
        let found = decide(&deny, &asked);
        assert_eq!(found.decision, Decision::Allowed);
        assert_eq!(found.because[1], format!("p, statement 1 (D) {why}"));
    }
}
