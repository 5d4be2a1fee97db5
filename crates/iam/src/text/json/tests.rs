use proptest::prelude::*;
use rstest::rstest;

use crate::text::error::TextProblem;
use crate::text::{
    json::parse,
    node::{Bounds, Node},
};

const BOUNDS: Bounds = Bounds { bytes: 64 * 1024, depth: 64, values: 16 * 1024 };

fn read(text: &str) -> Node {
    parse(text, BOUNDS).unwrap()
}

fn problem(text: &str) -> TextProblem {
    parse(text, BOUNDS).unwrap_err().problem
}

#[test]
fn values_keep_their_order_and_numbers_their_digits() {
    let node =
        read(" {\"b\":[1.0,-0,1E+2,12345678901234567890],\"a\":{\"x\":null,\"y\":[true,false]}}\n");
    assert_eq!(
        node.to_text(),
        "{\"b\":[1.0,-0,1E+2,12345678901234567890],\"a\":{\"x\":null,\"y\":[true,false]}}"
    );
    assert_eq!(node.get("b").and_then(Node::as_array).map(<[Node]>::len), Some(4));
    assert_eq!(node.get("c"), None);
}

#[rstest]
#[case(r#""\ud83d\ude00\u00e9\/\b\f\n\r\t\"\\""#, "😀é/\u{8}\u{c}\n\r\t\"\\")]
#[case(r#""\u0000""#, "\0")]
fn strings_are_unescaped(#[case] text: &str, #[case] meaning: &str) {
    assert_eq!(read(text).as_str(), Some(meaning));
}

#[rstest]
#[case(r#""\ud800""#)]
#[case(r#""\udc00""#)]
#[case(r#""\ud800x""#)]
#[case(r#""\ud800\u0041""#)]
#[case(r#""\ud800\ud800""#)]
#[case(r#""\ude00\ud83d""#)]
fn half_a_surrogate_pair_is_refused(#[case] text: &str) {
    assert_eq!(problem(text), TextProblem::LoneSurrogate);
}

#[rstest]
#[case("01")]
#[case("1.")]
#[case(".5")]
#[case("+1")]
#[case("1e")]
#[case("-")]
#[case("0x1")]
#[case("NaN")]
#[case("tru")]
#[case("{'a':1}")]
#[case("[1,]")]
#[case("{\"a\":1,}")]
#[case("{\"a\" 1}")]
#[case("[1 2]")]
#[case("\"\\x\"")]
#[case("\"\\u12g4\"")]
#[case("\"\\u+123\"")]
#[case("\"a\nb\"")]
#[case("{")]
#[case("\"abc")]
#[case("")]
#[case("{} {}")]
#[case("\u{feff}{}")]
#[case("// no\n{}")]
fn what_is_not_json_is_refused(#[case] text: &str) {
    assert!(parse(text, BOUNDS).is_err(), "{text}");
}

#[test]
fn a_key_that_stands_twice_is_refused_also_when_escaped() {
    assert_eq!(problem("{\"a\":1,\"\\u0061\":2}"), TextProblem::Duplicate("a".to_owned()));
    assert!(parse("{\"a\":{\"a\":1},\"A\":2}", BOUNDS).is_ok());
}

#[test]
fn an_error_says_where() {
    let error = parse("{\n  \"Statement\": [{}, {\"é/~\": tru}]\n}", BOUNDS).unwrap_err();
    assert_eq!(
        (error.pointer.as_str(), error.place.line, error.place.column),
        ("/Statement/1/é~1~0", 2, 29)
    );
    assert_eq!(
        error.to_string(),
        "line 2, column 29, at /Statement/1/é~1~0: 't' cannot stand here; write a JSON value"
    );
    let error = parse("{\"a\":[{\"b\":1,\"b\":2}]}", BOUNDS).unwrap_err();
    assert_eq!((error.pointer.as_str(), error.place.column), ("/a/0/b", 14));
}

#[test]
fn depth_is_counted_before_the_stack_pays_for_it() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(64), BOUNDS).is_ok());
    assert_eq!(problem(&nested(65)), TextProblem::TooDeep(64));
    assert_eq!(problem(&nested(5_000)), TextProblem::TooDeep(64));
    let greedy = Bounds { bytes: usize::MAX, depth: usize::MAX, values: 16 * 1024 };
    assert_eq!(
        parse(&"{\"a\":".repeat(1_000_000), greedy).unwrap_err().problem,
        TextProblem::TooDeep(128)
    );
}

#[test]
fn long_text_is_refused_without_reading_it() {
    let long = format!("[{}1]", "1,".repeat(600_000));
    assert_eq!(problem(&long), TextProblem::TooLong { found: 1_200_003, most: 64 * 1024 });
}

#[test]
fn values_are_counted() {
    let bounds = Bounds { bytes: usize::MAX, depth: 64, values: 16 * 1024 };
    let list = |items: usize| format!("[{}1]", "1,".repeat(items - 1));
    assert!(parse(&list(16 * 1024 - 1), bounds).is_ok());
    assert_eq!(
        parse(&list(16 * 1024), bounds).unwrap_err().problem,
        TextProblem::TooMany(16 * 1024)
    );
    let members: Vec<String> = (0..16 * 1024).map(|n| format!("\"k{n}\":1")).collect();
    let error = parse(&format!("{{{}}}", members.join(",")), bounds).unwrap_err();
    assert_eq!(
        (error.problem, error.pointer.as_str()),
        (TextProblem::TooMany(16 * 1024), "/k16383")
    );
}

#[test]
fn a_key_that_stands_twice_is_found_among_many() {
    let members: Vec<String> = (0..1000).map(|n| format!("\"k{n}\":1")).collect();
    for twice in ["k0", "k15", "k16", "k999"] {
        assert_eq!(
            problem(&format!("{{{},\"{twice}\":2}}", members.join(","))),
            TextProblem::Duplicate(twice.to_owned())
        );
    }
}

fn any_node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Bool),
        any::<i64>().prop_map(|number| Node::Number(number.to_string())),
        any::<String>().prop_map(Node::String),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Node::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Node::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_the_same_and_serde_json_agrees(node in any_node()) {
        let text = node.to_text();
        prop_assert_eq!(parse(&text, BOUNDS), Ok(node));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn arbitrary_text_never_panics_and_is_accepted_only_when_serde_json_accepts_it(
        text in "[\\[\\]{}:,\"\\\\u0-9aed.\\-tfn \u{e9}]{0,24}") {
        if parse(&text, BOUNDS).is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}
