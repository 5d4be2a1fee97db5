//! What reading says: all problems, places, bounds, numbers, characters.

use rstest::rstest;

use super::*;
use crate::iam::{json, limits};

#[test]
fn text_that_is_not_json_or_repeats_a_key_is_different() {
    let document = format!(r#"{{"Statement":[{A}]}}"#);
    assert_eq!(verdict(Kind::Identity, &document, "{oops"), Verdict::Different);
    assert_eq!(
        verdict(Kind::Identity, &document, &document.replacen('{', &format!(r#"{{"Statement":[{A}],"#), 1)),
        Verdict::Different
    );
}

#[test]
fn every_problem_is_reported_at_once_with_its_place() {
    let text = r#"{"Version":"2012-10-18","Statment":[],"Statement":[
        {"Sid":"a b","Effect":"allow","Acton":"x","Principal":"*","Resource":[]},
        {"Sid":"A","Effect":"Allow","Action":[1,""],"Resource":"*","Condition":{"stringequals":{"a:b":[]}}},
        {"Sid":"A","Effect":"Allow","Action":"x","NotAction":"y","Resource":"*"}]}"#;
    let text = text.replace("2012-10-18", "2012-10-17");
    let problems = Policy::parse(&text, Kind::Identity, Strictness::Desired).unwrap_err();
    let places: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
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

#[test]
fn a_flood_of_problems_is_cut() {
    let text = format!(r#"{{"Statement":[{}]}}"#, vec!["1"; 10_000].join(","));
    let problems = Policy::parse(&text, Kind::Identity, Strictness::Desired).unwrap_err();
    assert_eq!(problems.len(), 51);
    assert_eq!(problems[50].message, "9950 more problems are not shown; correct these first");
}

#[rstest]
#[case("1", true)]
#[case("-999999999999999", true)]
#[case("1000000000000000", false)]
#[case("1.0", false)]
#[case("1e3", false)]
#[case("\"1e3\"", true)]
fn inside_a_resource_only_short_integers_go_unquoted(#[case] number: &str, #[case] accepted: bool) {
    let text = format!(r#"{{"Statement":{{{GET},"Condition":{{"NumericEquals":{{"a:b":{number}}}}}}}}}"#);
    let node = json::parse(&text, limits::DOCUMENT).unwrap();
    assert_eq!(Policy::from_node(&node, Kind::Identity, NumberRule::ShortIntegers).is_ok(), accepted);
    assert!(Policy::from_node(&node, Kind::Identity, NumberRule::AsWritten).is_ok());
}

#[test]
fn a_document_holds_only_characters_that_aws_takes() {
    let text =
        |resource: &str| format!(r#"{{"Statement":{{"Effect":"Allow","Action":"s3:*","Resource":"{resource}"}}}}"#);
    assert!(Policy::parse(&text("arn:ü"), Kind::Identity, Strictness::Desired).is_ok());
    assert!(Policy::parse(&text("arn:東"), Kind::Identity, Strictness::Desired).is_err());
    assert!(Policy::parse(&text("arn:\\u6771"), Kind::Identity, Strictness::Desired).is_err());
}

#[test]
fn an_id_is_kept_and_counts() {
    let with = format!(r#"{{"Version":"2012-10-17","Id":"x","Statement":[{A}]}}"#);
    let policy = Policy::parse(&with, Kind::Identity, Strictness::Desired).unwrap();
    assert_eq!(policy.to_json(), with);
    assert_eq!(verdict(Kind::Identity, &with, &with.replace("\"Id\":\"x\",", "")), Verdict::Different);
    assert_eq!(
        verdict(Kind::Identity, &with.replace("\"x\"", "\"\""), &with.replace("\"Id\":\"x\",", "")),
        Verdict::Identical
    );
}

#[test]
fn a_policy_made_by_code_is_checked_by_the_same_rules() {
    assert!(Policy::new(vec![Statement::allow(["s3:GetObject"]).on(["*"])]).check(Kind::Identity).is_ok());
    assert!(Policy::new(vec![Statement::allow(["s3:GetObject"])]).check(Kind::Identity).is_err());
    assert!(Policy::new(vec![Statement::allow(Vec::<String>::new()).on(["*"])]).check(Kind::Identity).is_err());
    assert!(Policy::new(vec![]).check(Kind::Identity).is_err());
}
