use proptest::prelude::*;
use rstest::rstest;

use crate::placeholder::*;
use crate::text::{Text, node::Bounds};

fn account() -> Account {
    Account::new("123456789012", "aws-cn").unwrap()
}

fn filled(text: &str) -> Result<String, String> {
    fill(text, &account()).map_err(|brace| brace.at(Field::whole()).to_string())
}

#[rstest]
#[case::no_braces("arn:aws:s3:::b/*", "arn:aws:s3:::b/*")]
#[case::both("arn:{partition}:iam::{accountId}:role/x", "arn:aws-cn:iam::123456789012:role/x")]
#[case::twice("{accountId}{accountId}", "123456789012123456789012")]
#[case::a_variable("home/${aws:username}/*", "home/${aws:username}/*")]
#[case::with_a_default("${aws:PrincipalTag/team, 'none'}", "${aws:PrincipalTag/team, 'none'}")]
#[case::a_tag_with_a_colon("${aws:PrincipalTag/a:b}", "${aws:PrincipalTag/a:b}")]
#[case::of_a_provider("${accounts.google.com:sub}", "${accounts.google.com:sub}")]
#[case::of_an_issuer(
    "${oidc.eks.eu-west-2.amazonaws.com/id/A:sub}",
    "${oidc.eks.eu-west-2.amazonaws.com/id/A:sub}"
)]
#[case::characters("${*}${?}${$}", "${*}${?}${$}")]
#[case::braces("b/{{x}}/*", "b/{x}/*")]
#[case::braces_around_a_name("{{accountId}}", "{accountId}")]
#[case::braces_around_a_placeholder("{{{accountId}}}", "{123456789012}")]
#[case::json(r#"{{"a":{{"b":"{accountId}"}}}}"#, r#"{"a":{"b":"123456789012"}}"#)]
#[case::json_with_spaces(r#"{{ "a": 1 }}"#, r#"{ "a": 1 }"#)]
#[case::a_dollar_and_braces("${$}{{x}}", "${$}{x}")]
fn what_is_known_is_replaced_and_doubled_braces_are_braces(
    #[case] text: &str,
    #[case] expected: &str,
) {
    assert_eq!(filled(text).as_deref(), Ok(expected));
}

#[rstest]
#[case::letter_case(
    "b-{accountid}",
    "\"{accountid}\" is no placeholder; write {accountId}; {{accountid}} stands for braces"
)]
#[case::misspelt("{acountId}", "write {accountId}")]
#[case::with_an_underscore("{account_id}", "write {accountId}")]
#[case::short("{account}", "write {accountId}")]
#[case::capital("{Partition}", "write {partition}")]
#[case::region(
    "arn:aws:s3:::b-{region}/*",
    "there is none for the Region, because a role has none: write the Region, or *; {{region}} "
)]
#[case::region_of_aws("{AWS_REGION}", "there is none for the Region")]
#[case::unknown("{team}", "write {accountId} or {partition}; {{team}} stands for braces")]
#[case::empty("{}", "\"{}\" is no placeholder")]
#[case::spaced("{ accountId }", "write {accountId}")]
#[case::a_forgotten_dollar("{aws:username}", "write ${aws:username} for the policy variable")]
#[case::cloudformation(
    "${AWS::AccountId}",
    "\"${AWS::AccountId}\" is no policy variable of IAM; write {accountId}"
)]
#[case::cloudformation_partition("arn:${AWS::Partition}:s3:::b", "write {partition}")]
#[case::cloudformation_region("${AWS::Region}", "there is none for the Region")]
#[case::terraform("${data.aws_caller_identity.current.account_id}", "write {accountId}")]
#[case::terraform_variable(
    "${var.bucket}",
    "write one such as ${aws:username}, or what it stands for"
)]
#[case::shell("${ACCOUNT_ID}", "write {accountId}")]
#[case::shell_default("${account:-123456789012}", "is no policy variable")]
#[case::serverless("${self:provider.stage}", "is no policy variable")]
#[case::github("${{ github.repository }}", "\"${{ github.repository }}\" is no policy variable")]
#[case::helm(
    "{{ .Values.accountId }}",
    "\"{{ .Values.accountId }}\" is a template that was not filled in; write {accountId}"
)]
#[case::helm_without_spaces(
    "{{.Values.bucket}}",
    "is a template that was not filled in; write what it stands for"
)]
#[case::helm_trimmed("{{- $account -}}", "write {accountId}")]
#[case::jinja("{{ aws_account_id }}", "write {accountId}")]
#[case::open("arn:{partition:iam::{accountId}:x", "{ stands alone; write {{ for the brace itself")]
#[case::not_closed("a{b", "{ stands alone")]
#[case::not_closed_variable("a${b", "{ stands alone")]
#[case::closed("a}b", "} stands alone; write }} for the brace itself")]
#[case::three("{{{x}}}", "\"{x}\" is no placeholder")]
fn anything_else_in_braces_is_refused_with_what_is_meant(#[case] text: &str, #[case] says: &str) {
    let said = filled(text).unwrap_err();
    assert!(said.contains(says), "{said}");
}

#[test]
fn hostile_text_is_cut_in_the_message() {
    let said = filled(&format!("{{{}}}", "x".repeat(2000))).unwrap_err();
    assert!(said.len() < 400, "{said}");
    assert!(!filled("{a\nb}").unwrap_err().contains('\n'));
}

#[test]
fn of_a_document_resources_and_values_are_read_and_nothing_else() {
    let text = r#"{"Version":"2012-10-17","Id":"{x}","Statement":[{"Sid":"{x}","Effect":"Allow",
        "Action":"s3:{x}","Resource":["arn:aws:s3:::{accountId}","{{y}}"],
        "Condition":{"Bool":{"{x}":true},"StringEquals":{"a:b":"{accountId}","a:c":["{z}"]}}},
        {"NotResource":"{accountid}"}]}"#;
    let text = Text::json(text, Bounds { bytes: 4096, depth: 16, values: 4096 }).unwrap();
    let account = account();
    let mut filling = Filling::new(&account);
    let made = filling.document(&text.node).to_text();
    assert_eq!(
        made,
        r#"{"Version":"2012-10-17","Id":"{x}","Statement":[{"Sid":"{x}","Effect":"Allow","Action":"s3:{x}","Resource":["arn:aws:s3:::123456789012","{y}"],"Condition":{"Bool":{"{x}":true},"StringEquals":{"a:b":"123456789012","a:c":["*"]}}},{"NotResource":"*"}]}"#
    );
    let at = |finding: &Finding| finding.pointer().to_owned();
    assert_eq!(
        filling.problems.iter().map(at).collect::<Vec<_>>(),
        ["/Statement/0/Condition/StringEquals/a:c/0", "/Statement/1/NotResource"]
    );
    let replaced = filling.replaced.iter().map(|replaced| replaced.field.pointer());
    assert_eq!(
        replaced.collect::<Vec<_>>(),
        [
            "/Statement/0/Resource/0",
            "/Statement/0/Resource/1",
            "/Statement/0/Condition/StringEquals/a:b"
        ]
    );
    let mut before = Filling::as_before(&account);
    assert_eq!(before.document(&text.node), text.node);
    assert_eq!((before.problems, before.replaced), (Vec::new(), Vec::new()));
}

#[test]
fn in_arns_the_two_names_were_replaced_before() {
    let account = account();
    let mut filling = Filling::new(&account);
    filling.arn("arn:{partition}:s3:::{accountId}", Field::whole);
    assert_eq!(filling.replaced, []);
    filling.arn("arn:{partition}:s3:::{{x}}", Field::whole);
    assert_eq!(filling.replaced.len(), 1);
    assert_eq!(Filling::as_before(&account).arn("{partition}{x}", Field::whole), "aws-cn{x}");
}

mod laws {
    use super::*;

    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop::sample::select(
                &[
                    "{",
                    "}",
                    "{{",
                    "}}",
                    "$",
                    "${",
                    "accountId",
                    "partition",
                    "aws:username",
                    "region",
                    " ",
                    ".",
                    "\"",
                    "a",
                    "ü",
                ][..],
            ),
            0..12,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn doubled_braces_are_braces(text in text()) {
            let doubled = doubled(&text);
            // A template's form is refused, whatever it was meant for.
            if let Ok(filled) = filled(&doubled) {
                prop_assert_eq!(filled, text);
            } else {
                let kept = ["{{ ", "{{.", "{{$", "${"].iter().any(|form| doubled.contains(form));
                prop_assert!(kept, "{}", doubled);
            }
        }

        #[test]
        fn each_part_is_read_by_itself(parts in prop::collection::vec(part(), 0..12)) {
            let (text, expected): (String, String) = parts.into_iter().unzip();
            prop_assert_eq!(filled(&text), Ok(expected));
        }
    }

    fn part() -> impl Strategy<Value = (&'static str, &'static str)> {
        prop::sample::select(
            &[
                ("{{", "{"),
                ("}}", "}"),
                ("{accountId}", "123456789012"),
                ("{partition}", "aws-cn"),
                ("${aws:username}", "${aws:username}"),
                ("${$}", "${$}"),
                ("\"", "\""),
                ("a", "a"),
            ][..],
        )
    }
}
