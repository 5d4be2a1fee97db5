//! Q30 to Q48: conditions, unknown elements, lists of documents.

use std::collections::BTreeMap;

use rstest::rstest;

use crate::policy::tests::rules::*;
use crate::{limits, text::json};

#[rstest]
#[case("{}", "/Statement/0/Condition")]
#[case(r#"{"StringEquals":{}}"#, "/Statement/0/Condition/StringEquals")]
fn q30_empty_conditions_are_cosmetic_and_refused_inside_a_resource(
    #[case] empty: &str,
    #[case] pointer: &str,
) {
    assert_eq!(statements(GET, &format!(r#"{GET},"Condition":{empty}"#)), Equality::Cosmetic);
    let text = format!(r#"{{"Statement":[{{{GET},"Condition":{empty}}}]}}"#);
    let Reading { policy, folded } =
        Reading::read(&text, PolicyKind::Identity, Strictness::Desired).unwrap();
    assert!(policy.statements[0].conditions.is_empty());
    assert_eq!((folded.len(), folded[0].pointer.as_str()), (1, pointer));
    let node = json::parse(&text, limits::DOCUMENT).unwrap();
    let problems =
        Policy::from_node(&node, PolicyKind::Identity, NumberRule::ShortIntegers).unwrap_err();
    assert_eq!((problems.len(), problems[0].pointer()), (1, pointer));
}

#[test]
fn q30_an_operator_that_lost_its_keys_is_refused_in_typed_conditions() {
    let mut statement = Statement::allow(["s3:GetObject"]).on(["*"]);
    statement.conditions.insert("StringEquals".into(), BTreeMap::new());
    assert!(Policy::new(vec![statement]).check(PolicyKind::Identity).is_err());
}

#[test]
fn q35_an_operator_in_other_case_is_refused_when_desired() {
    let text = format!(r#"{{"Statement":{{{GET},"Condition":{{"stringequals":{{"a:b":"x"}}}}}}}}"#);
    let problems = Policy::parse(&text, PolicyKind::Identity, Strictness::Desired).unwrap_err();
    assert_eq!(problems[0].remedy(), "write StringEquals", "{problems:?}");
}

#[test]
fn q35_an_operator_in_two_cases_is_different() {
    let twice = r#"{"StringEquals":{"a:b":"x"},"stringEquals":{"a:c":"x"}}"#;
    assert_eq!(conditions(r#"{"StringEquals":{"a:b":"x","a:c":"x"}}"#, twice), Equality::Different);
}

#[rstest]
#[case::q31_empty_list_is_not_a_missing_key(
    r#"{"Bool":{"a:b":"true"}}"#,
    r#"{"Bool":{"a:b":"true","c:d":[]}}"#,
    Equality::Different
)]
#[case::q32_empty_list_is_not_an_empty_string(
    r#"{"StringEquals":{"a:b":""}}"#,
    r#"{"StringEquals":{"a:b":[]}}"#,
    Equality::Different
)]
#[case::q33_null_is_invalid(
    r#"{"StringEquals":{"a:b":""}}"#,
    r#"{"StringEquals":{"a:b":null}}"#,
    Equality::Invalid
)]
#[case::q34_key_case(
    r#"{"StringEquals":{"a:B":"x"}}"#,
    r#"{"StringEquals":{"A:b":"x"}}"#,
    Equality::Cosmetic
)]
#[case::q34_a_key_twice_is_invalid(
    r#"{"StringEquals":{"a:B":"x"}}"#,
    r#"{"StringEquals":{"a:B":"x","A:b":"x"}}"#,
    Equality::Invalid
)]
#[case::q35_operator_case(
    r#"{"StringEquals":{"a:b":"x"}}"#,
    r#"{"stringequals":{"a:b":"x"}}"#,
    Equality::Cosmetic
)]
#[case::q36_equal_operators(
    r#"{"ArnEquals":{"a:b":"x"}}"#,
    r#"{"ArnLike":{"a:b":"x"}}"#,
    Equality::Cosmetic
)]
#[case::q34_a_tag_key_too(
    r#"{"StringEquals":{"aws:PrincipalTag/Team":"x"}}"#,
    r#"{"StringEquals":{"aws:principaltag/team":"x"}}"#,
    Equality::Cosmetic
)]
#[case::q36_negated_ones(
    r#"{"ForAnyValue:ArnNotEquals":{"a:b":"x"}}"#,
    r#"{"ForAnyValue:ArnNotLike":{"a:b":"x"}}"#,
    Equality::Cosmetic
)]
#[case::q36_both_on_one_key_must_both_hold(
    r#"{"ArnEquals":{"a:b":"x"},"ArnLike":{"a:b":"y"}}"#,
    r#"{"ArnEquals":{"a:b":["x","y"]}}"#,
    Equality::Different
)]
#[case::q36_both_on_one_key_in_either_way(
    r#"{"ArnEquals":{"a:b":"x"},"ArnLike":{"a:b":"y"}}"#,
    r#"{"ArnEquals":{"a:b":"y"},"ArnLike":{"a:b":"x"}}"#,
    Equality::Cosmetic
)]
#[case::q36_text_is_no_arn(
    r#"{"StringEquals":{"a:b":"x"}}"#,
    r#"{"StringLike":{"a:b":"x"}}"#,
    Equality::Different
)]
#[case::q37_set_prefix(
    r#"{"StringEquals":{"a:b":"x"}}"#,
    r#"{"ForAllValues:StringEquals":{"a:b":"x"}}"#,
    Equality::Different
)]
#[case::q37_if_exists(
    r#"{"StringEquals":{"a:b":"x"}}"#,
    r#"{"StringEqualsIfExists":{"a:b":"x"}}"#,
    Equality::Different
)]
#[case::q38_scalar_or_list(
    r#"{"StringEquals":{"a:b":"x"}}"#,
    r#"{"StringEquals":{"a:b":["x"]}}"#,
    Equality::Identical
)]
#[case::q38_order(
    r#"{"StringEquals":{"a:b":["x","y"]}}"#,
    r#"{"StringEquals":{"a:b":["y","x"]}}"#,
    Equality::Identical
)]
#[case::q39_duplicates(
    r#"{"StringEquals":{"a:b":["x","x","y"]}}"#,
    r#"{"StringEquals":{"a:b":["x","y","y"]}}"#,
    Equality::Cosmetic
)]
#[case::q40_booleans(r#"{"Bool":{"a:b":true}}"#, r#"{"Bool":{"a:b":"true"}}"#, Equality::Identical)]
#[case::q40_numbers(
    r#"{"NumericLessThan":{"a:b":100}}"#,
    r#"{"NumericLessThan":{"a:b":"100"}}"#,
    Equality::Identical
)]
#[case::q41_true_in_other_case(
    r#"{"Bool":{"a:b":true}}"#,
    r#"{"Bool":{"a:b":"True"}}"#,
    Equality::Cosmetic
)]
#[case::q42_under_numeric_operators(
    r#"{"NumericEquals":{"a:b":1.0}}"#,
    r#"{"NumericEquals":{"a:b":"1"}}"#,
    Equality::Identical
)]
#[case::q41_for_null_too(
    r#"{"Null":{"a:b":"true"}}"#,
    r#"{"Null":{"a:b":"TRUE"}}"#,
    Equality::Cosmetic
)]
#[case::q41_not_for_text(
    r#"{"StringEquals":{"a:b":"true"}}"#,
    r#"{"StringEquals":{"a:b":"True"}}"#,
    Equality::Different
)]
#[case::q42_under_string_operators(
    r#"{"StringEquals":{"a:b":1.0}}"#,
    r#"{"StringEquals":{"a:b":"1"}}"#,
    Equality::Different
)]
#[case::q43_long_integers(
    r#"{"StringEquals":{"a:b":9007199254740993}}"#,
    r#"{"StringEquals":{"a:b":"9007199254740993"}}"#,
    Equality::Identical
)]
#[case::q43_neighbours(
    r#"{"StringEquals":{"a:b":9007199254740993}}"#,
    r#"{"StringEquals":{"a:b":9007199254740992}}"#,
    Equality::Different
)]
#[case::q44_dates(
    r#"{"DateLessThan":{"a:b":"2026-01-01T00:00:00Z"}}"#,
    r#"{"DateLessThan":{"a:b":1767225600}}"#,
    Equality::Cosmetic
)]
#[case::q44_not_for_text(
    r#"{"StringEquals":{"a:b":"2026-01-01T00:00:00Z"}}"#,
    r#"{"StringEquals":{"a:b":1767225600}}"#,
    Equality::Different
)]
#[case::q44_another_instant(
    r#"{"DateLessThan":{"a:b":"2026-01-01T00:00:00Z"}}"#,
    r#"{"DateLessThan":{"a:b":1767225601}}"#,
    Equality::Different
)]
#[case::q45_of_version_6(
    r#"{"NotIpAddress":{"a:b":"2001:db8::1"}}"#,
    r#"{"NotIpAddress":{"a:b":"2001:DB8:0::1/128"}}"#,
    Equality::Cosmetic
)]
#[case::q45_another_block(
    r#"{"IpAddress":{"a:b":"203.0.113.7"}}"#,
    r#"{"IpAddress":{"a:b":"203.0.113.7/31"}}"#,
    Equality::Different
)]
#[case::q45_addresses(
    r#"{"IpAddress":{"a:b":"203.0.113.7"}}"#,
    r#"{"IpAddress":{"a:b":"203.0.113.7/32"}}"#,
    Equality::Cosmetic
)]
#[case::q48_variables_are_text(
    r#"{"StringLike":{"a:b":"${*}"}}"#,
    r#"{"StringLike":{"a:b":"*"}}"#,
    Equality::Different
)]
#[case::q48_key_names_ignore_case(
    r#"{"StringLike":{"a:b":"${aws:UserName}*"}}"#,
    r#"{"StringLike":{"a:b":"${aws:username}*"}}"#,
    Equality::Cosmetic
)]
#[case::q48_text_around_does_not(
    r#"{"StringLike":{"a:b":"X${aws:username}"}}"#,
    r#"{"StringLike":{"a:b":"x${aws:username}"}}"#,
    Equality::Different
)]
fn conditions_are_compared_by_the_table(
    #[case] desired: &str,
    #[case] observed: &str,
    #[case] expected: Equality,
) {
    assert_eq!(conditions(desired, observed), expected);
}

#[test]
fn q46_unknown_elements_are_different() {
    assert_eq!(statements(GET, &format!(r#"{GET},"Note":"x""#)), Equality::Different);
    let document = format!(r#"{{"Statement":[{A}]}}"#);
    assert_eq!(
        verdict(PolicyKind::Identity, &document, &document.replacen('{', r#"{"Note":1,"#, 1)),
        Equality::Different
    );
}

#[test]
fn q47_a_list_of_two_documents_is_invalid() {
    let document = format!(r#"{{"Statement":[{A}]}}"#);
    assert_eq!(
        verdict(PolicyKind::Identity, &document, &format!("[{document},{document}]")),
        Equality::Invalid
    );
}

#[test]
fn q49_the_case_of_a_tag_key_does_not_count() {
    let keys = ["Cost-Centre", "cost-centre", "costcentre"].map(crate::tag::TagKey::from);
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
}
