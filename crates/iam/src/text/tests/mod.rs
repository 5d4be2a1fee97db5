pub(crate) mod printed;

use rstest::rstest;

use crate::text::Text;
use crate::text::node::Bounds;
use crate::text::{error::TextProblem, place::Place};

const BOUNDS: Bounds = Bounds { bytes: 64 * 1024, depth: 64, values: 16 * 1024 };

#[rstest]
#[case::json(r#"{"a": ["b", 1.0]}"#)]
#[case::brackets_of_yaml("{a: ['b', 1.0]}")]
#[case::yaml("a:\n- b\n- 1.0\n")]
#[case::comma_too_many(r#"{"a": ["b", 1.0,],}"#)]
#[case::comment("  # why\n{\"a\": [\"b\", 1.0]}")]
#[case::comment_inside("{\"a\": # why\n [\"b\", 1.0]}")]
#[case::mixed_quotes(r#"{"a": [b, 1.0]}"#)]
#[case::document_marker("--- {\"a\": [\"b\", 1.0]}")]
#[case::line_breaks_of_windows("a:\r\n- b\r\n- 1.0\r\n")]
fn one_value_in_either_format_is_the_same_value(#[case] text: &str) {
    assert_eq!(Text::read(text, BOUNDS).unwrap().node.to_text(), r#"{"a":["b",1.0]}"#);
}

#[rstest]
#[case::json_of_a_missing_comma("{\n  \"a\": 1\n  \"b\": 2\n}", (3, 3), "write a comma or the end \
    of the object")]
#[case::json_that_ends("{\"a\": [1, 2", (1, 12), "the JSON ends too early; close what is open")]
#[case::json_of_nothing_but_a_bracket("{", (1, 2), "the JSON ends too early; close what is open")]
#[case::json_with_a_second_value("{\"a\": 1} {\"b\": 2}", (1, 10), "text follows the end of the \
    document; remove it")]
#[case::json_with_a_key_twice("{\"a\": 1, \"a\": 2}", (1, 10), "keep one of them")]
#[case::json_with_a_broken_string("{\"a\": \"b\n c\"}", (1, 9), "write it as an escape")]
#[case::json_with_an_unknown_escape(r#"{"a": "\q"}"#, (1, 8), "JSON knows")]
#[case::yaml_with_a_key_twice("{a: 1, a: 2}", (1, 8), "keep one of them")]
#[case::yaml_that_ends("{a: [1, 2", (1, 5), "this is no YAML")]
#[case::yaml_with_a_star("[{Action: *}]", (1, 11), "put text that begins with & or * in quotes")]
#[case::yaml_in_single_quotes("{'a': 1, b: [}", (1, 13), "this is no YAML")]
#[case::yaml_of_a_lone_quote("a: \"x\n", (1, 4), "this is no YAML")]
fn an_error_is_that_of_the_format_that_was_meant(
    #[case] text: &str,
    #[case] (line, column): (usize, usize),
    #[case] remedy: &str,
) {
    let error = Text::read(text, BOUNDS).unwrap_err();
    assert_eq!(error.place, Place { line, column }, "{error}");
    assert!(error.to_string().contains(remedy), "{error}");
}

#[test]
fn bounds_are_those_of_both_formats() {
    for text in ["[".repeat(70_000), " ".repeat(70_000), "a".repeat(70_000)] {
        let problem = Text::read(&text, BOUNDS).unwrap_err().problem;
        assert_eq!(problem, TextProblem::TooLong { found: 70_000, most: BOUNDS.bytes });
    }
    assert_eq!(
        Text::read(&"[".repeat(5_000), BOUNDS).unwrap_err().problem,
        TextProblem::TooDeep(64)
    );
}

#[rstest]
#[case::json("{\n  \"é\": [1, {\"a/b\": 2,\n    \"c\": [ 3]}],\"d\": 4}")]
#[case::yaml("# \u{e9}\nd: 4\né:\n  - 1\n  - a/b: 2\n    c:\n      - 3\n")]
fn a_place_is_that_of_the_key_or_of_the_item(#[case] text: &str) {
    let read = Text::read(text, BOUNDS).unwrap();
    let pointers = [
        "/é/1/c/0",
        "",
        "/é",
        "/é/0",
        "/é/1",
        "/é/1/a~1b",
        "/é/1/c",
        "/d",
        "/é/1/c/7",
        "/é/x",
        "/nothing",
        "/d/0",
    ];
    let found: Vec<_> =
        read.places(pointers).into_iter().map(|place| (place.line, place.column)).collect();
    let expected = if text.starts_with('{') {
        [
            (3, 12),
            (1, 1),
            (2, 3),
            (2, 9),
            (2, 12),
            (2, 13),
            (3, 5),
            (3, 17),
            (3, 5),
            (2, 3),
            (1, 1),
            (3, 17),
        ]
    } else {
        [
            (7, 9),
            (2, 1),
            (3, 1),
            (4, 5),
            (5, 5),
            (5, 5),
            (6, 5),
            (2, 1),
            (6, 5),
            (3, 1),
            (2, 1),
            (2, 1),
        ]
    };
    assert_eq!(found, expected);
}
