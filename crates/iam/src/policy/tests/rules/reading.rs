//! What reading says: all problems, places, bounds, numbers, characters.

use rstest::rstest;

use crate::finding::{Check, Finding};
use crate::policy::tests::rules::*;
use crate::text::place::Place;
use crate::{limits, text::json};

#[test]
fn text_that_is_not_json_or_repeats_a_key_is_different() {
    let document = format!(r#"{{"Statement":[{A}]}}"#);
    assert_eq!(verdict(PolicyKind::Identity, &document, "{oops"), Equality::Different);
    assert_eq!(
        verdict(
            PolicyKind::Identity,
            &document,
            &document.replacen('{', &format!(r#"{{"Statement":[{A}],"#), 1)
        ),
        Equality::Different
    );
}

#[test]
fn every_problem_is_reported_at_once_with_its_place() {
    let text = r#"{"Version":"2012-10-18","Statment":[],"Statement":[
        {"Sid":"a b","Effect":"allow","Acton":"x","Principal":"*","Resource":[]},
        {"Sid":"A","Effect":"Allow","Action":[1,""],"Resource":"*","Condition":{"stringequals":{"a:b":[]}}},
        {"Sid":"A","Effect":"Allow","Action":"x","NotAction":"y","Resource":"*"}]}"#;
    let text = text.replace("2012-10-18", "2012-10-17");
    let problems = Policy::parse(&text, PolicyKind::Identity, Strictness::Desired).unwrap_err();
    let places: Vec<&str> = problems.iter().map(Finding::pointer).collect();
    assert_eq!(
        places,
        [
            "/Statment",
            "/Statement/0/Acton",
            "/Statement/0/Sid",
            "/Statement/0/Effect",
            "/Statement/0",
            "/Statement/0",
            "/Statement/0/Resource",
            "/Statement/1/Action/0",
            "/Statement/1/Action/1",
            "/Statement/1/Condition/stringequals",
            "/Statement/1/Condition/stringequals/a:b",
            "/Statement/2/Sid",
            "/Statement/2",
        ]
    );
}

#[rstest]
#[case::json(
    "{\n  \"Statement\": [\n    {\"Effect\": \"allow\", \"Acton\": \"a:b\",\n     \"Resource\": \
     [\"*\", 1]}\n  ]\n}\n",
    ["line 3, column 25, at /Statement/0/Acton: a statement has no element \"Acton\"; did you mean \
        \"Action\"?",
     "line 3, column 6, at /Statement/0/Effect: \"allow\" is not known here; write Allow",
     "line 3, column 5, at /Statement/0: a statement needs Action; add it, or NotAction",
     "line 4, column 24, at /Statement/0/Resource/1: Resource must hold strings, not a number; \
      write it in double quotes"]
)]
#[case::yaml(
    "# Mine\nStatement:\n- Effect: allow\n  Acton: a:b\n  Resource:\n  - '*'\n  - 1\n",
    ["line 4, column 3, at /Statement/0/Acton: a statement has no element \"Acton\"; did you mean \
        \"Action\"?",
     "line 3, column 3, at /Statement/0/Effect: \"allow\" is not known here; write Allow",
     "line 3, column 3, at /Statement/0: a statement needs Action; add it, or NotAction",
     "line 7, column 5, at /Statement/0/Resource/1: Resource must hold strings, not a number; \
      write it in double quotes"]
)]
fn every_problem_says_line_column_and_pointer(#[case] text: &str, #[case] expected: [&str; 4]) {
    let problems = Policy::read(text, PolicyKind::Identity, Strictness::Desired).unwrap_err();
    assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
}

#[test]
fn text_that_is_neither_json_nor_yaml_says_where_too() {
    let problems = Policy::read(
        "Statement:\n- Effect: Allow\n  Effect: Deny\n",
        PolicyKind::Any,
        Strictness::Desired,
    )
    .unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(
        (problems[0].check(), problems[0].place()),
        (Check::REPEATED_KEY, Some(Place { line: 3, column: 3 }))
    );
    assert_eq!(
        problems[0].to_string(),
        "line 3, column 3, at /Statement/0/Effect: the key \"Effect\" stands twice in one object; \
         keep one of them"
    );
}

#[test]
fn a_problem_of_a_value_without_text_has_only_a_pointer() {
    let problems = Policy::new(vec![Statement::allow(["s3:GetObject"])])
        .check(PolicyKind::Identity)
        .unwrap_err();
    assert!(
        problems[0]
            .to_string()
            .starts_with("/Statement/0: a statement of an identity policy needs Resource")
    );
}

#[test]
fn yaml_is_read_where_a_person_wrote_it_and_never_where_aws_answers() {
    let yaml = "Statement:\n- {Effect: Allow, Action: 's3:GetObject', Resource: '*'}\n";
    let json = format!(r#"{{"Statement":[{A}]}}"#);
    for strictness in [Strictness::Desired, Strictness::Observed] {
        let policy = Policy::read(yaml, PolicyKind::Identity, strictness).unwrap();
        assert_eq!(Policy::parse(&json, PolicyKind::Identity, strictness).unwrap(), policy);
        assert_eq!(
            Policy::parse(yaml, PolicyKind::Identity, strictness).unwrap_err()[0].check(),
            Check::SYNTAX
        );
    }
    assert_eq!(
        verdict(PolicyKind::Identity, &json, &json.replace("\"*\"", "'*'")),
        Equality::Different
    );
    assert_eq!(verdict(PolicyKind::Identity, &json, yaml), Equality::Different);
}

#[test]
fn numbers_of_yaml_keep_their_digits_and_account_ids_their_zero() {
    let text = "Statement:\n  Effect: Allow\n  Action: a:b\n  Resource: '*'\n  Condition:\n    \
        StringEquals:\n      \
                aws:PrincipalAccount: [012345678901, 12345678901234567890, 1.10, yes, true]\n";
    let policy = Policy::read(text, PolicyKind::Identity, Strictness::Desired).unwrap();
    assert_eq!(
        policy.statements[0].conditions["StringEquals"]["aws:PrincipalAccount"],
        ["012345678901", "12345678901234567890", "1.10", "yes", "true"]
    );
}

/// What hostile text costs is measured, not asserted: each of these ends with few words.
#[rstest]
#[case::deep_json("{\"Statement\":[", "[", "")]
#[case::deep_yaml("", "- ", "")]
#[case::tiny_json("{\"Statement\":[", "1,", "1]}")]
#[case::tiny_yaml("Statement:\n", "- 1\n", "")]
#[case::long_json("\"", "x", "\"")]
#[case::long_yaml("", "x", "")]
#[case::equal_keys_in_json("{\"a\":1", ",\"a\":1", "}")]
#[case::equal_keys_in_yaml("", "a: 1\n", "")]
#[case::anchors("", "- &a\n", "")]
#[case::documents("", "--- 1\n", "")]
fn hostile_text_ends_with_few_problems(
    #[case] before: &str,
    #[case] middle: &str,
    #[case] after: &str,
) {
    for bytes in [60 * 1024, 250 * 1024, 1020 * 1024] {
        let text = format!("{before}{}{after}", middle.repeat(bytes / middle.len()));
        for strictness in [Strictness::Desired, Strictness::Observed] {
            let problems = Policy::read(&text, PolicyKind::Identity, strictness).unwrap_err();
            assert!(problems.len() <= 51, "{}", problems.len());
        }
    }
}

#[test]
fn a_long_key_does_not_fill_the_memory_with_pointers() {
    let key = "k".repeat(40_000);
    let values = vec!["[]"; 5_000].join(",");
    let text =
        format!(r#"{{"Statement":{{{GET},"Condition":{{"Null":{{"{key}":[{values}]}}}}}}}}"#);
    let problems = Policy::read(&text, PolicyKind::Identity, Strictness::Desired).unwrap_err();
    assert_eq!(problems.len(), 3);
    assert_eq!(problems[2].sentence(), "4998 more problems are not shown; correct these first");
}

#[test]
fn a_flood_of_problems_is_cut() {
    let text = format!(r#"{{"Statement":[{}]}}"#, vec!["1"; 10_000].join(","));
    let problems = Policy::parse(&text, PolicyKind::Identity, Strictness::Desired).unwrap_err();
    assert_eq!(problems.len(), 51);
    assert_eq!(problems[50].sentence(), "9950 more problems are not shown; correct these first");
}

#[rstest]
#[case("1", true)]
#[case("-999999999999999", true)]
#[case("1000000000000000", false)]
#[case("1.0", false)]
#[case("1e3", false)]
#[case("\"1e3\"", true)]
fn inside_a_resource_only_short_integers_go_unquoted(#[case] number: &str, #[case] accepted: bool) {
    let text =
        format!(r#"{{"Statement":{{{GET},"Condition":{{"NumericEquals":{{"a:b":{number}}}}}}}}}"#);
    let node = json::parse(&text, limits::DOCUMENT).unwrap();
    assert_eq!(
        Policy::from_node(&node, PolicyKind::Identity, NumberRule::ShortIntegers).is_ok(),
        accepted
    );
    assert!(Policy::from_node(&node, PolicyKind::Identity, NumberRule::AsWritten).is_ok());
}

#[test]
fn a_document_holds_only_characters_that_aws_takes() {
    let text = |resource: &str| {
        format!(r#"{{"Statement":{{"Effect":"Allow","Action":"s3:*","Resource":"{resource}"}}}}"#)
    };
    assert!(Policy::parse(&text("arn:ü"), PolicyKind::Identity, Strictness::Desired).is_ok());
    assert!(Policy::parse(&text("arn:東"), PolicyKind::Identity, Strictness::Desired).is_err());
    assert!(
        Policy::parse(&text("arn:\\u6771"), PolicyKind::Identity, Strictness::Desired).is_err()
    );
}

#[test]
fn an_id_is_kept_and_does_not_count() {
    let with = format!(r#"{{"Version":"2012-10-17","Id":"x","Statement":[{A}]}}"#);
    let policy = Policy::parse(&with, PolicyKind::Identity, Strictness::Desired).unwrap();
    assert_eq!(policy.to_json(), with);
    assert_eq!(
        verdict(PolicyKind::Identity, &with, &with.replace("\"Id\":\"x\",", "")),
        Equality::Cosmetic
    );
    assert_eq!(
        verdict(
            PolicyKind::Identity,
            &with.replace("\"x\"", "\"\""),
            &with.replace("\"Id\":\"x\",", "")
        ),
        Equality::Identical
    );
}

#[test]
fn a_policy_made_by_code_is_checked_by_the_same_rules() {
    assert!(
        Policy::new(vec![Statement::allow(["s3:GetObject"]).on(["*"])])
            .check(PolicyKind::Identity)
            .is_ok()
    );
    assert!(
        Policy::new(vec![Statement::allow(["s3:GetObject"])]).check(PolicyKind::Identity).is_err()
    );
    assert!(
        Policy::new(vec![Statement::allow(Vec::<String>::new()).on(["*"])])
            .check(PolicyKind::Identity)
            .is_err()
    );
    assert!(Policy::new(vec![]).check(PolicyKind::Identity).is_err());
}
