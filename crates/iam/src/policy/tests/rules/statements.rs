//! Q1 to Q20: documents, statements, actions, resources.

use rstest::rstest;

use crate::policy::tests::rules::*;

#[test]
fn q01_white_space_and_key_order_are_identical() {
    let observed = " {\n\"Statement\" : [ {\"Resource\":\"*\" \
        ,\"Action\":\"s3:GetObject\",\"Effect\":\"Allow\"} ],\"Version\":\"2012-10-17\"}";
    let desired = format!(r#"{{"Version":"2012-10-17","Statement":[{A}]}}"#);
    assert_eq!(verdict(PolicyKind::Identity, &desired, observed), Equality::Identical);
}

#[test]
fn q02_text_is_percent_decoded_and_plus_is_a_plus() {
    let desired =
        r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/a+b c%3A"}}"#;
    let encoded = |resource: &str| {
        format!(
            "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22\
         %3A%22s3%3A%2A%22%2C%22Resource%22%3A%22{resource}%22%7D%7D"
        )
    };
    let check = |resource| verdict(PolicyKind::Identity, desired, &encoded(resource));
    assert_eq!(check("arn%3Aaws%3As3%3A%3A%3Ab%2Fa+b%20c%253A"), Equality::Identical);
    assert_eq!(check("arn%3Aaws%3As3%3A%3A%3Ab%2Fa%2Bb%20c%253A"), Equality::Identical);
    assert_eq!(check("arn%3Aaws%3As3%3A%3A%3Ab%2Fa%20b%20c%253A"), Equality::Different);
    assert_eq!(check("arn%3Aaws%3As3%3A%3A%3Ab%2Fa+b%20c%3A"), Equality::Different);
    assert_eq!(verdict(PolicyKind::Identity, desired, "%7B%zz"), Equality::Different);
}

#[rstest]
#[case("")]
#[case(" \n")]
#[case("{}")]
#[case("[]")]
#[case("[%7B%7D]")]
#[case("\"x\"")]
fn q03_what_is_no_document_is_invalid_for_a_role(#[case] observed: &str) {
    assert_eq!(
        verdict(PolicyKind::Identity, &format!(r#"{{"Statement":[{A}]}}"#), observed),
        Equality::Invalid
    );
}

#[test]
fn q03_a_list_around_the_document_is_invalid() {
    let document = format!(r#"{{"Statement":[{A}]}}"#);
    assert_eq!(
        verdict(PolicyKind::Identity, &document, &format!("[{document}]")),
        Equality::Invalid
    );
    assert!(
        Policy::parse(&format!("[{document}]"), PolicyKind::Identity, Strictness::Desired).is_err()
    );
}

#[test]
fn q04_a_missing_version_is_2008_10_17() {
    let (missing, old) = (
        format!(r#"{{"Statement":[{A}]}}"#),
        format!(r#"{{"Version":"2008-10-17","Statement":[{A}]}}"#),
    );
    assert_eq!(verdict(PolicyKind::Identity, &missing, &old), Equality::Identical);
    assert_eq!(verdict(PolicyKind::Identity, &old, &missing), Equality::Identical);
}

#[test]
fn q05_the_two_versions_are_different() {
    let new = format!(r#"{{"Version":"2012-10-17","Statement":[{A}]}}"#);
    assert_eq!(
        verdict(PolicyKind::Identity, &new, &new.replace("2012", "2008")),
        Equality::Different
    );
    assert_eq!(
        verdict(PolicyKind::Identity, &new, &format!(r#"{{"Statement":[{A}]}}"#)),
        Equality::Different
    );
}

#[test]
fn q06_one_statement_is_a_list_of_one_and_an_empty_list_is_invalid() {
    assert_eq!(lists(A, &format!("[{A}]")), Equality::Identical);
    assert_eq!(lists(A, "[]"), Equality::Invalid);
    assert!(
        Policy::parse(r#"{"Statement":[]}"#, PolicyKind::Identity, Strictness::Desired).is_err()
    );
}

#[test]
fn q07_order_of_statements_is_cosmetic() {
    assert_eq!(lists(&format!("[{A},{B}]"), &format!("[{B},{A}]")), Equality::Cosmetic);
}

#[test]
fn q08_duplicate_statements_are_cosmetic() {
    assert_eq!(lists(&format!("[{A}]"), &format!("[{A},{A}]")), Equality::Cosmetic);
}

#[test]
fn q09_how_often_a_statement_stands_is_cosmetic() {
    assert_eq!(lists(&format!("[{A},{A},{B}]"), &format!("[{A},{B},{B}]")), Equality::Cosmetic);
}

#[test]
fn q10_an_empty_sid_is_a_missing_one() {
    assert_eq!(statements(GET, &format!(r#""Sid":"",{GET}"#)), Equality::Identical);
}

#[test]
fn q11_another_sid_is_cosmetic() {
    assert_eq!(
        statements(&format!(r#""Sid":"A",{GET}"#), &format!(r#""Sid":"B",{GET}"#)),
        Equality::Cosmetic
    );
    assert_eq!(statements(GET, &format!(r#""Sid":"B",{GET}"#)), Equality::Cosmetic);
}

#[test]
fn q12_elements_in_other_case_are_refused_when_desired_and_cosmetic_when_observed() {
    let odd = GET.replace("Action", "action");
    assert_eq!(statements(GET, &odd), Equality::Cosmetic);
    let document = format!(r#"{{"Statement":[{A}]}}"#);
    assert_eq!(
        verdict(PolicyKind::Identity, &document, &document.replace("Statement", "statement")),
        Equality::Cosmetic
    );
    let problems = Policy::parse(
        &format!(r#"{{"Statement":{{{odd}}}}}"#),
        PolicyKind::Identity,
        Strictness::Desired,
    )
    .unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "line 1, column 32, at /Statement/action: a statement has no element \"action\"; did you \
         mean \"Action\"?"
    );
}

#[test]
fn q12_an_element_in_two_cases_never_silently_wins() {
    for twice in
        [format!(r#"{GET},"action":"s3:GetObject""#), format!(r#""action":"s3:GetObject",{GET}"#)]
    {
        assert_eq!(statements(GET, &twice), Equality::Different);
    }
}

#[test]
fn q13_effect_in_other_case_is_refused_and_never_equal() {
    let odd = GET.replace("Allow", "allow");
    assert_eq!(statements(GET, &odd), Equality::Different);
    let problems = Policy::parse(
        &format!(r#"{{"Statement":{{{odd}}}}}"#),
        PolicyKind::Identity,
        Strictness::Desired,
    )
    .unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "line 1, column 15, at /Statement/Effect: \"allow\" is not known here; write Allow"
    );
}

#[test]
fn q14_actions_scalar_or_list_in_any_order_are_identical() {
    assert_eq!(actions(r#""s3:GetObject""#, r#"["s3:GetObject"]"#), Equality::Identical);
    assert_eq!(actions(r#"["s3:A","s3:B"]"#, r#"["s3:B","s3:A"]"#), Equality::Identical);
}

#[test]
fn q15_action_case_is_cosmetic() {
    assert_eq!(actions(r#""s3:GetObject""#, r#""S3:getobject""#), Equality::Cosmetic);
    assert_eq!(
        statements(
            &GET.replace("Action", "NotAction"),
            &GET.replace("Action", "NotAction")
                .to_uppercase()
                .replace("EFFECT", "Effect")
                .replace("ALLOW", "Allow")
                .replace("NOTACTION", "NotAction")
                .replace("RESOURCE", "Resource")
        ),
        Equality::Cosmetic
    );
}

#[test]
fn q16_duplicate_actions_are_cosmetic() {
    assert_eq!(actions(r#"["s3:A","s3:B"]"#, r#"["s3:B","s3:A","s3:A"]"#), Equality::Cosmetic);
}

#[test]
fn q17_actions_that_others_cover_are_cosmetic() {
    assert_eq!(actions(r#""s3:*""#, r#"["s3:*","s3:GetObject","S3:Get*"]"#), Equality::Cosmetic);
    assert_eq!(actions(r#""*""#, r#""**""#), Equality::Cosmetic);
    assert_eq!(actions(r#""s3:?*""#, r#"["s3:*?","s3:*a"]"#), Equality::Cosmetic);
    assert_eq!(actions(r#""s3:Get*""#, r#"["s3:Get*","s3:G*"]"#), Equality::Different);
    // Without a service it matches nothing, and so covers nothing.
    assert_eq!(actions(r#""s3*""#, r#"["s3*","s3:GetObject"]"#), Equality::Different);
    // What a Not-list shuts out is no list of what is let in, but a list too.
    let except = |list: &str| format!(r#""Effect":"Allow","Resource":"*","NotAction":{list}"#);
    for list in [r#"["s3:*","s3:GetObject"]"#, r#"["s3:GetObject","S3:Get*","s3:*"]"#] {
        assert_eq!(statements(&except(r#""s3:*""#), &except(list)), Equality::Cosmetic, "{list}");
    }
    for list in [r#"["s3:Get*","s3:GetObject"]"#, r#"["s3:*","s3"]"#] {
        assert_eq!(statements(&except(r#""s3:*""#), &except(list)), Equality::Different, "{list}");
    }
    assert_eq!(
        statements(&except(r#""s3:*""#), &except(r#"["s3:*","iam:*"]"#)),
        Equality::Different
    );
}

#[test]
fn q18_a_split_statement_is_cosmetic() {
    let both = r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}"#;
    let put = A.replace("Get", "Put");
    assert_eq!(lists(both, &format!("[{A},{put}]")), Equality::Cosmetic);
    assert_eq!(lists(&format!("[{A},{put}]"), both), Equality::Cosmetic);
    // By resource, and with the rest of the statement in another order.
    let two = |resources: &str| both.replace(r#""*""#, resources);
    let split = format!("[{},{}]", two(r#""arn:b""#), two(r#""arn:a""#));
    assert_eq!(lists(&two(r#"["arn:a","arn:b"]"#), &split), Equality::Cosmetic);
    // Not when anything else differs.
    let other = put.replace('}', r#","Condition":{"Bool":{"a:b":"true"}}}"#);
    assert_eq!(lists(both, &format!("[{A},{other}]")), Equality::Different);
    let crossed =
        format!("[{},{}]", A.replace("\"*\"", "\"arn:a\""), put.replace("\"*\"", "\"arn:b\""));
    assert_eq!(lists(&two(r#"["arn:a","arn:b"]"#), &crossed), Equality::Different);
}

#[test]
fn q18_a_product_of_long_lists_is_a_set_too() {
    let many = |letter: &str, count: usize| {
        (0..count).map(|n| format!("\"{letter}{n}\"")).collect::<Vec<_>>().join(",")
    };
    let product = |actions: &str, resources: &str| {
        format!(r#"[{{"Effect":"Allow","Action":[{actions}],"Resource":[{resources}]}},{B}]"#)
    };
    let (actions, resources) = (many("s3:a", 201), many("r", 100));
    let one = product(&actions, &resources);
    let reversed: Vec<&str> = actions.rsplit(',').collect();
    assert_eq!(lists(&one, &product(&reversed.join(","), &resources)), Equality::Identical);
    let case = product(&actions.replace("a7\"", "A7\""), &resources);
    assert_eq!(lists(&one, &case), Equality::Cosmetic);
    assert_eq!(lists(&one, &product(&many("s3:a", 200), &resources)), Equality::Different);
}

#[test]
fn q18_what_is_over_its_budget_is_equal_only_statement_by_statement() {
    let costly = costly();
    assert!(costly.canonical(&account()).is_large());
    assert_eq!(between(&costly, &costly, &account()), Equality::Identical);
    let mut reversed = costly.clone();
    for statement in &mut reversed.statements {
        statement.actions.content_mut().reverse();
    }
    assert_eq!(between(&costly, &reversed, &account()), Equality::Identical);
    let mut respelled = costly.clone();
    for statement in &mut respelled.statements {
        statement.actions.content_mut().iter_mut().for_each(|action| action.make_ascii_uppercase());
    }
    assert_eq!(between(&costly, &respelled, &account()), Equality::Different);
    // One of ours is never over it.
    let ours =
        Policy::parse(&format!(r#"{{"Statement":[{A}]}}"#), PolicyKind::Any, Strictness::Desired);
    let seen = compare(&ours.unwrap(), &costly.to_json(), PolicyKind::Any, &account());
    assert_eq!(seen, Equality::Different);
}

#[test]
fn q19_resources_are_a_set_and_case_counts() {
    assert_eq!(resources(r#""arn:a""#, r#"["arn:a"]"#), Equality::Identical);
    assert_eq!(resources(r#"["arn:a","arn:b"]"#, r#"["arn:b","arn:a"]"#), Equality::Identical);
    assert_eq!(resources(r#""arn:a""#, r#"["arn:a","arn:a"]"#), Equality::Cosmetic);
    assert_eq!(resources(r#""arn:a""#, r#""arn:A""#), Equality::Different);
    assert_eq!(statements(GET, &GET.replace("Resource", "NotResource")), Equality::Different);
    assert_eq!(statements(GET, &GET.replace("Action", "NotAction")), Equality::Different);
}

#[test]
fn q20_malformed_resources_are_invalid() {
    assert_eq!(resources(r#""*""#, r#"{"x":1}"#), Equality::Invalid);
    assert_eq!(resources(r#""*""#, "[1]"), Equality::Invalid);
}
