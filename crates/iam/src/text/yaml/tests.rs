use proptest::prelude::*;
use rstest::rstest;

use crate::text::error::TextProblem;
use crate::text::{
    json::{self},
    node::{Bounds, Node},
};
use crate::text::{tests::printed::printed, yaml::parse};

const BOUNDS: Bounds = Bounds { bytes: 64 * 1024, depth: 64, values: 16 * 1024 };

fn read(text: &str) -> Node {
    parse(text, BOUNDS).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Read as JSON.
fn json(text: &str) -> Node {
    json::parse(text, BOUNDS).unwrap()
}

#[test]
fn a_document_is_read_as_its_json() {
    let yaml = "\
# Who reads what.
---
Version: 2012-10-17
Statement:
- Sid: Read
  Effect: Allow
  Action: [s3:GetObject, 's3:List*']
  Resource:
    - arn:aws:s3:::billing/*  # all of it
    - \"arn:aws:s3:::b\\u0069lling\"
  Condition:
    Bool: {aws:SecureTransport: true}
    NumericLessThan: {s3:max-keys: 10}
...
";
    let expected = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:List*"],
        "Resource":["arn:aws:s3:::billing/*","arn:aws:s3:::billing"],
        "Condition":{"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"s3:max-keys":10}}}]}"#;
    assert_eq!(read(yaml), json(expected));
}

#[rstest]
#[case("1.0", "1.0")]
#[case("12345678901234567890", "12345678901234567890")]
#[case("-0.10e+2", "-0.10e+2")]
#[case("true", "true")]
#[case("False", "false")]
#[case("~", "null")]
#[case("", "null")]
#[case("NULL", "null")]
#[case("012345678901", "\"012345678901\"")]
#[case("yes", "\"yes\"")]
#[case("on", "\"on\"")]
#[case("n", "\"n\"")]
#[case("tRUE", "\"tRUE\"")]
#[case("2012-10-17", "\"2012-10-17\"")]
#[case("2026-01-01T00:00:00Z", "\"2026-01-01T00:00:00Z\"")]
#[case("0x1f", "\"0x1f\"")]
#[case("0o17", "\"0o17\"")]
#[case("1_000", "\"1_000\"")]
#[case("12:30:45", "\"12:30:45\"")]
#[case("+1", "\"+1\"")]
#[case(".5", "\".5\"")]
#[case(".inf", "\".inf\"")]
#[case("'1'", "\"1\"")]
#[case("\"true\"", "\"true\"")]
#[case("!", "tag")]
#[case("s3:*", "\"s3:*\"")]
#[case("a\n  b", "\"a b\"")]
#[case(">-\n  a\n  b", "\"a b\"")]
#[case("|\n  a\n  b\n", "\"a\\nb\\n\"")]
fn a_scalar_is_a_number_or_word_only_where_json_and_yaml_agree(
    #[case] scalar: &str,
    #[case] meaning: &str,
) {
    let text = format!("k: {scalar}");
    match meaning {
        "tag" => assert_eq!(parse(&text, BOUNDS).unwrap_err().problem, TextProblem::Tag),
        meaning => assert_eq!(read(&text).get("k"), Some(&json(meaning)), "{text}"),
    }
}

#[test]
fn keys_are_text_whatever_they_look_like() {
    assert_eq!(
        read("1: a\ntrue: b\n~: c\n? d\n: e\n"),
        json(r#"{"1":"a","true":"b","~":"c","d":"e"}"#)
    );
}

#[rstest]
#[case::alias("a: &x 1\nb: *x\n", TextProblem::Alias, (1, 7))]
#[case::unknown_alias("Action: *everything\n", TextProblem::Alias, (1, 9))]
#[case::star("Resource: *\n", TextProblem::Alias, (1, 11))]
#[case::alias_as_key("a: 1\n*x : 1\n", TextProblem::Alias, (2, 1))]
#[case::merge_key("a:\n  <<: {b: 1}\n", TextProblem::MergeKey, (2, 3))]
#[case::tag("a: !Sub x\n", TextProblem::Tag, (1, 9))]
#[case::core_tag("a: !!str 1\n", TextProblem::Tag, (1, 10))]
#[case::tag_of_a_list("a: !x [1]\n", TextProblem::Tag, (1, 7))]
#[case::unknown_handle("a: !x!y 1\n", TextProblem::Tag, (1, 4))]
#[case::directive("%YAML 1.1\n---\na: 1\n", TextProblem::Directive, (1, 1))]
#[case::percent_encoded("%7B%22Statement%22%7D", TextProblem::Directive, (1, 1))]
#[case::second_document("a: 1\n---\nb: 2\n", TextProblem::Several, (2, 1))]
#[case::empty_second_document("a: 1\n---\n", TextProblem::Several, (2, 1))]
#[case::list_as_key("? [a]\n: 1\n", TextProblem::Key, (1, 3))]
#[case::object_as_key("{a: 1}: 1\n", TextProblem::Key, (1, 1))]
#[case::nothing("", TextProblem::Empty, (1, 1))]
#[case::only_comments("# a\n\n# b\n", TextProblem::Empty, (4, 1))]
fn what_hides_something_is_refused_where_it_stands(
    #[case] text: &str,
    #[case] problem: TextProblem,
    #[case] place: (usize, usize),
) {
    let error = parse(text, BOUNDS).unwrap_err();
    assert_eq!((error.problem, (error.place.line, error.place.column)), (problem, place), "{text}");
}

#[test]
fn text_that_only_looks_like_an_alias_or_merge_is_text_in_quotes() {
    assert_eq!(read("'<<': '*'\na: '!x'\n"), json(r#"{"<<":"*","a":"!x"}"#));
}

#[rstest]
#[case("a: 1\nb: 2\na: 3\n", (3, 1), "/a")]
#[case("a: 1\n'a': 3\n", (2, 1), "/a")]
#[case("1: 1\n\"\\u0031\": 3\n", (2, 1), "/1")]
#[case("x:\n- {é: 1, b: 2, é: 3}\n", (2, 16), "/x/0/é")]
fn a_key_that_stands_twice_is_refused_in_any_spelling(
    #[case] text: &str,
    #[case] place: (usize, usize),
    #[case] pointer: &str,
) {
    let error = parse(text, BOUNDS).unwrap_err();
    assert!(matches!(error.problem, TextProblem::Duplicate(_)), "{error}");
    assert_eq!(((error.place.line, error.place.column), error.pointer.as_str()), (place, pointer));
}

#[rstest]
#[case("a: [1, 2\nb: 3\n")]
#[case("a: 'x\n")]
#[case("a: b: c\n")]
#[case("a:\n\t- b\n")]
#[case("a: \"\\q\"\n")]
#[case("- a\nb: c\n")]
#[case("a: \"\\ud800\"\n")]
fn what_is_no_yaml_is_refused_with_a_place_and_a_remedy(#[case] text: &str) {
    let error = parse(text, BOUNDS).unwrap_err();
    assert!(matches!(error.problem, TextProblem::Yaml(_)), "{error:?}");
    let words = error.to_string();
    assert!(
        words.starts_with("line ") && words.ends_with("correct it here or just before"),
        "{words}"
    );
}

#[rstest]
#[case("[", "]", "")]
#[case("- ", "", "x")]
#[case("{a: ", "}", "x")]
#[case("? ", "", "x")]
fn depth_is_bounded(#[case] open: &str, #[case] close: &str, #[case] middle: &str) {
    let nested = |depth: usize| format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
    if open != "? " {
        read(&nested(64));
        assert_eq!(parse(&nested(65), BOUNDS).unwrap_err().problem, TextProblem::TooDeep(64));
    }
    let greedy = Bounds { bytes: usize::MAX, depth: usize::MAX, values: 16 * 1024 };
    let problem = parse(&nested(5_000), greedy).unwrap_err().problem;
    assert!(matches!(problem, TextProblem::TooDeep(128) | TextProblem::Key), "{problem:?}");
}

#[test]
fn long_text_is_refused_without_reading_it() {
    let text = format!("- {}", "x".repeat(BOUNDS.bytes));
    let found = text.len();
    assert_eq!(
        parse(&text, BOUNDS).unwrap_err().problem,
        TextProblem::TooLong { found, most: BOUNDS.bytes }
    );
}

#[test]
fn values_are_counted() {
    let bounds = Bounds { bytes: usize::MAX, depth: 64, values: 16 * 1024 };
    assert!(parse(&"- 1\n".repeat(16 * 1024 - 1), bounds).is_ok());
    assert_eq!(
        parse(&"- 1\n".repeat(16 * 1024), bounds).unwrap_err().problem,
        TextProblem::TooMany(16 * 1024)
    );
}

fn any_node() -> impl Strategy<Value = Node> {
    let text = || "[ -~\n\u{e9}\u{85}\u{2028}\u{feff}\u{1f600}]{0,12}|[a-z:*]{1,6}";
    let leaf = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Bool),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,3})?(e[+-]?[0-9]{1,2})?".prop_map(Node::Number),
        text().prop_map(Node::String),
        any::<String>().prop_map(Node::String),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Node::Array),
            prop::collection::btree_map(text(), inner, 0..6)
                .prop_map(|map| Node::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_the_same(node in any_node(),
        picks in prop::collection::vec(0..12_usize, 1..40)) {
        let mut picks = picks.into_iter().cycle();
        let text = printed(&node, &mut |below| picks.next().unwrap_or_default() % below);
        prop_assert_eq!(parse(&text, BOUNDS), Ok(node), "{}", text);
    }

    #[test]
    fn json_is_yaml_and_means_the_same(node in any_node()) {
        let text = node.to_text();
        prop_assert_eq!(parse(&text, BOUNDS), Ok(node), "{}", text);
    }
}
