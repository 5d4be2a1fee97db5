//! Q30 to Q48: conditions, unknown elements, lists of documents.

use std::collections::BTreeMap;

use rstest::rstest;

use super::*;
use crate::iam::{json, limits};

#[rstest]
#[case("{}", "/Statement/0/Condition")]
#[case(r#"{"StringEquals":{}}"#, "/Statement/0/Condition/StringEquals")]
fn q30_empty_conditions_are_cosmetic_and_refused_inside_a_resource(#[case] empty: &str, #[case] pointer: &str) {
    assert_eq!(statements(GET, &format!(r#"{GET},"Condition":{empty}"#)), Verdict::Cosmetic);
    let text = format!(r#"{{"Statement":[{{{GET},"Condition":{empty}}}]}}"#);
    let Reading { policy, folded } = Reading::read(&text, Kind::Identity, Strictness::Desired).unwrap();
    assert!(policy.statements[0].conditions.is_empty());
    assert_eq!((folded.len(), folded[0].pointer.as_str()), (1, pointer));
    let node = json::parse(&text, limits::DOCUMENT).unwrap();
    let problems = Policy::from_node(&node, Kind::Identity, NumberRule::ShortIntegers).unwrap_err();
    assert_eq!((problems.len(), problems[0].pointer.as_str()), (1, pointer));
}

#[test]
fn q30_an_operator_that_lost_its_keys_is_refused_in_typed_conditions() {
    let mut statement = Statement::allow(["s3:GetObject"]).on(["*"]);
    statement.conditions.insert("StringEquals".into(), BTreeMap::new());
    assert!(Policy::new(vec![statement]).check(Kind::Identity).is_err());
}

#[test]
fn q35_an_operator_in_other_case_is_refused_when_desired() {
    let text = format!(r#"{{"Statement":{{{GET},"Condition":{{"stringequals":{{"a:b":"x"}}}}}}}}"#);
    let problems = Policy::parse(&text, Kind::Identity, Strictness::Desired).unwrap_err();
    assert!(problems[0].message.ends_with("write StringEquals"), "{problems:?}");
}

#[test]
fn q35_an_operator_in_two_cases_is_different() {
    let twice = r#"{"StringEquals":{"a:b":"x"},"stringEquals":{"a:c":"x"}}"#;
    assert_eq!(conditions(r#"{"StringEquals":{"a:b":"x","a:c":"x"}}"#, twice), Verdict::Different);
}

#[rstest]
#[case::q31_empty_list_is_not_a_missing_key(
    r#"{"Bool":{"a:b":"true"}}"#,
    r#"{"Bool":{"a:b":"true","c:d":[]}}"#,
    Verdict::Different
)]
#[case::q32_empty_list_is_not_an_empty_string(
    r#"{"StringEquals":{"a:b":""}}"#,
    r#"{"StringEquals":{"a:b":[]}}"#,
    Verdict::Different
)]
#[case::q33_null_is_invalid(r#"{"StringEquals":{"a:b":""}}"#, r#"{"StringEquals":{"a:b":null}}"#, Verdict::Invalid)]
#[case::q34_key_case_is_different_in_this_release(
    r#"{"StringEquals":{"a:B":"x"}}"#,
    r#"{"StringEquals":{"A:b":"x"}}"#,
    Verdict::Different
)]
#[case::q34_a_key_twice_is_invalid(
    r#"{"StringEquals":{"a:B":"x"}}"#,
    r#"{"StringEquals":{"a:B":"x","A:b":"x"}}"#,
    Verdict::Invalid
)]
#[case::q35_operator_case(r#"{"StringEquals":{"a:b":"x"}}"#, r#"{"stringequals":{"a:b":"x"}}"#, Verdict::Cosmetic)]
#[case::q36_equal_operators_are_different_in_this_release(
    r#"{"ArnEquals":{"a:b":"x"}}"#,
    r#"{"ArnLike":{"a:b":"x"}}"#,
    Verdict::Different
)]
#[case::q37_set_prefix(
    r#"{"StringEquals":{"a:b":"x"}}"#,
    r#"{"ForAllValues:StringEquals":{"a:b":"x"}}"#,
    Verdict::Different
)]
#[case::q37_if_exists(r#"{"StringEquals":{"a:b":"x"}}"#, r#"{"StringEqualsIfExists":{"a:b":"x"}}"#, Verdict::Different)]
#[case::q38_scalar_or_list(r#"{"StringEquals":{"a:b":"x"}}"#, r#"{"StringEquals":{"a:b":["x"]}}"#, Verdict::Identical)]
#[case::q38_order(r#"{"StringEquals":{"a:b":["x","y"]}}"#, r#"{"StringEquals":{"a:b":["y","x"]}}"#, Verdict::Identical)]
#[case::q39_duplicates(
    r#"{"StringEquals":{"a:b":["x","x","y"]}}"#,
    r#"{"StringEquals":{"a:b":["x","y","y"]}}"#,
    Verdict::Cosmetic
)]
#[case::q40_booleans(r#"{"Bool":{"a:b":true}}"#, r#"{"Bool":{"a:b":"true"}}"#, Verdict::Identical)]
#[case::q40_numbers(r#"{"NumericLessThan":{"a:b":100}}"#, r#"{"NumericLessThan":{"a:b":"100"}}"#, Verdict::Identical)]
#[case::q41_true_in_other_case_is_different_in_this_release(
    r#"{"Bool":{"a:b":true}}"#,
    r#"{"Bool":{"a:b":"True"}}"#,
    Verdict::Different
)]
#[case::q42_1_0_is_different_from_1_in_this_release(
    r#"{"NumericEquals":{"a:b":1.0}}"#,
    r#"{"NumericEquals":{"a:b":"1"}}"#,
    Verdict::Different
)]
#[case::q42_under_string_operators(
    r#"{"StringEquals":{"a:b":1.0}}"#,
    r#"{"StringEquals":{"a:b":"1"}}"#,
    Verdict::Different
)]
#[case::q43_long_integers(
    r#"{"StringEquals":{"a:b":9007199254740993}}"#,
    r#"{"StringEquals":{"a:b":"9007199254740993"}}"#,
    Verdict::Identical
)]
#[case::q43_neighbours(
    r#"{"StringEquals":{"a:b":9007199254740993}}"#,
    r#"{"StringEquals":{"a:b":9007199254740992}}"#,
    Verdict::Different
)]
#[case::q44_dates_are_different_in_this_release(
    r#"{"DateLessThan":{"a:b":"2026-01-01T00:00:00Z"}}"#,
    r#"{"DateLessThan":{"a:b":1767225600}}"#,
    Verdict::Different
)]
#[case::q45_addresses_are_different_in_this_release(
    r#"{"IpAddress":{"a:b":"203.0.113.7"}}"#,
    r#"{"IpAddress":{"a:b":"203.0.113.7/32"}}"#,
    Verdict::Different
)]
#[case::q48_variables_are_text(r#"{"StringLike":{"a:b":"${*}"}}"#, r#"{"StringLike":{"a:b":"*"}}"#, Verdict::Different)]
fn conditions_are_compared_by_the_table(#[case] desired: &str, #[case] observed: &str, #[case] expected: Verdict) {
    assert_eq!(conditions(desired, observed), expected);
}

#[test]
fn q46_unknown_elements_are_different() {
    assert_eq!(statements(GET, &format!(r#"{GET},"Note":"x""#)), Verdict::Different);
    let document = format!(r#"{{"Statement":[{A}]}}"#);
    assert_eq!(verdict(Kind::Identity, &document, &document.replacen('{', r#"{"Note":1,"#, 1)), Verdict::Different);
}

#[test]
fn q47_a_list_of_two_documents_is_invalid() {
    let document = format!(r#"{{"Statement":[{A}]}}"#);
    assert_eq!(verdict(Kind::Identity, &document, &format!("[{document},{document}]")), Verdict::Invalid);
}
