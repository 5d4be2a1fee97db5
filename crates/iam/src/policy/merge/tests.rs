//! Own vectors for the published behaviour of `aws_iam_policy_document`, its two holes, and the
//! laws of merging.

use proptest::prelude::*;
use proptest::sample::select;
use rstest::rstest;

use crate::policy::merge::*;
use crate::policy::{Effect, NumberRule, PolicyKind, PrincipalKind, PrincipalSet, Strictness};
use crate::text::node::Node;

fn named(name: &str, statements: Vec<Statement>) -> Named {
    Named { name: name.to_owned(), policy: Policy::new(statements) }
}

fn allow(sid: &str, action: &str) -> Statement {
    Statement::allow([action]).on(["*"]).named(sid)
}

fn old(name: &str, statements: Vec<Statement>) -> Named {
    let mut named = named(name, statements);
    named.policy.version = Version::V2008;
    named
}

/// `Sid=Action` of each statement, and where it comes from.
fn short(merged: &Merged) -> Vec<String> {
    merged
        .policy
        .statements
        .iter()
        .zip(&merged.origins)
        .map(|(statement, origin)| {
            let sid = statement.sid.as_deref().unwrap_or("-");
            format!("{sid}={} from {origin}", statement.actions.content().join(","))
        })
        .collect()
}

fn errors(sources: &[Named], own: Option<&Named>, overrides: &[Named]) -> Vec<String> {
    merge(sources, own, overrides).unwrap_err().into_iter().map(|error| error.to_string()).collect()
}

#[test]
fn stages_come_in_order_and_replace_in_place() {
    let sources = [
        named("one", vec![allow("A", "s3:A"), allow("", "s3:Blank"), allow("B", "s3:B")]),
        named("two", vec![allow("C", "s3:C")]),
    ];
    let own = named("own", vec![allow("B", "own:B"), allow("D", "own:D"), allow("", "own:Blank")]);
    let overrides = [
        named(
            "over1",
            vec![allow("A", "over1:A"), allow("E", "over1:E"), allow("", "over1:Blank")],
        ),
        named("over2", vec![allow("E", "over2:E"), allow("D", "over2:D")]),
    ];
    let merged = merge(&sources, Some(&own), &overrides).unwrap();
    assert_eq!(
        short(&merged),
        [
            "A=over1:A from over1",
            "-=s3:Blank from one",
            "B=own:B from own",
            "C=s3:C from two",
            "D=over2:D from over2",
            "-=own:Blank from own",
            "E=over2:E from over2",
            "-=over1:Blank from over1",
        ]
    );
}

#[test]
fn a_statement_is_replaced_as_a_whole() {
    let base = Statement::deny(["s3:*"]).on(["arn:aws:s3:::a"]).named("A").when(
        "Bool",
        "aws:SecureTransport",
        ["false"],
    );
    let merged = merge(
        &[named("base", vec![base])],
        None,
        &[named("over", vec![allow("A", "s3:GetObject")])],
    )
    .unwrap();
    assert_eq!(merged.policy.statements, [allow("A", "s3:GetObject")]);
}

#[test]
fn sids_are_case_sensitive() {
    let merged =
        merge(&[named("one", vec![allow("read", "s3:A"), allow("Read", "s3:B")])], None, &[])
            .unwrap();
    assert_eq!(merged.policy.statements.len(), 2);
}

#[test]
fn the_larger_version_and_the_last_filled_id_win() {
    let mut one = old("one", vec![allow("A", "s3:A")]);
    one.policy.id = Some("first".into());
    let mut two = named("two", vec![allow("B", "s3:B")]);
    two.policy.id = Some("second".into());
    let mut three = old("three", vec![allow("C", "s3:C")]);
    three.policy.id = Some(String::new());
    let merged = merge(&[one.clone(), two], Some(&three), &[]).unwrap();
    assert_eq!(
        (merged.policy.version, merged.policy.id.as_deref()),
        (Version::V2012, Some("second"))
    );
    assert_eq!(merge(&[one], Some(&three), &[]).unwrap().policy.version, Version::V2008);
}

#[test]
fn a_sid_in_two_sources_is_an_error_that_names_both() {
    let sources = [
        named("a.json", vec![allow("Same", "s3:A")]),
        named("b.json", vec![allow("Same", "s3:A")]),
    ];
    assert_eq!(
        errors(&sources, None, &[]),
        [
            r#"the Sid "Same" stands in the sources "a.json" and "b.json"; rename one, or give "b.json" as an override"#
        ]
    );
}

#[rstest]
#[case::source(0, "source")]
#[case::own(1, "document")]
#[case::override_(2, "override")]
fn a_sid_twice_inside_one_document_is_an_error(#[case] stage: usize, #[case] what: &str) {
    let twice = named("x.json", vec![allow("Same", "s3:A"), allow("Same", "s3:B")]);
    let (mut sources, mut own, mut overrides) =
        (vec![named("base", vec![allow("Z", "s3:Z")])], None, vec![]);
    match stage {
        0 => sources.push(twice),
        1 => own = Some(twice),
        _ => overrides.push(twice),
    }
    let expected = format!(r#"the Sid "Same" stands twice in the {what} "x.json"; rename one"#);
    assert_eq!(errors(&sources, own.as_ref(), &overrides), [expected]);
}

#[test]
fn a_sid_that_own_statements_repeat_is_an_error_also_where_a_source_has_it() {
    let own = named("own", vec![allow("A", "s3:B"), allow("A", "s3:C")]);
    let found = errors(&[named("base", vec![allow("A", "s3:A")])], Some(&own), &[]);
    assert_eq!(found, [r#"the Sid "A" stands twice in the document "own"; rename one"#]);
}

#[rstest]
#[case::none_given(vec![])]
#[case::empty_ones(vec![named("a", vec![])])]
fn a_result_without_statements_is_an_error(#[case] sources: Vec<Named>) {
    assert_eq!(
        errors(&sources, None, &[]),
        ["there is no statement in any of the documents; give at least one"]
    );
}

#[test]
fn trust_and_identity_documents_do_not_mix() {
    let trust = Statement::allow(["sts:AssumeRole"])
        .principal(PrincipalKind::Service, ["ec2.amazonaws.com"]);
    let sources = [named("trust", vec![trust]), named("rights", vec![allow("A", "s3:A")])];
    assert_eq!(
        errors(&sources, None, &[]),
        [concat!(
            r#"/Statement/0 of "trust" names principals and the statement "A" of "rights" names resources; "#,
            "merge trust policies and identity policies apart"
        )]
    );
}

#[rstest]
#[case::resource(Statement::allow(["s3:*"]).on(["arn:aws:s3:::b/${aws:username}/*"]))]
#[case::value(Statement::allow(["s3:*"]).on(["*"]).when("StringLike", "s3:prefix", ["a", "${x}"]))]
#[case::not_closed(Statement::allow(["s3:*"]).on(["arn:aws:s3:::b/${"]))]
fn text_of_an_old_document_never_becomes_a_variable(#[case] statement: Statement) {
    let source = old("old.json", vec![allow("Z", "s3:Z"), statement.clone()]);
    let raised = named("new.json", vec![allow("A", "s3:A")]);
    assert_eq!(
        errors(std::slice::from_ref(&source), Some(&raised), &[]),
        [concat!(
            r#"/Statement/1 of "old.json" holds ${…}, which is plain text in its version 2008-10-17 and would become a "#,
            "variable in 2012-10-17; raise its Version, and write ${$}{…} where the text itself is \
             meant"
        )]
    );
    let merged = merge(&[source], None, &[]).unwrap();
    assert_eq!(
        merged.policy.statements[1], statement,
        "without a raised Version nothing changes its meaning"
    );
}

#[test]
fn text_that_was_replaced_or_never_is_a_variable_is_no_problem() {
    let source =
        old("old", vec![Statement::allow(["s3:*"]).on(["${x}"]).named("A"), allow("B", "s3:${x}")]);
    let merged = merge(&[source], None, &[named("new", vec![allow("A", "s3:A")])]).unwrap();
    assert_eq!(short(&merged), ["A=s3:A from new", "B=s3:${x} from old"]);
}

#[test]
fn terraforms_ampersand_is_plain_text() {
    let source =
        named("a", vec![Statement::allow(["s3:*"]).on(["arn:aws:s3:::b/&{aws:username}"])]);
    let merged = merge(std::slice::from_ref(&source), None, &[]).unwrap();
    assert_eq!(merged.policy, source.policy);
}

/// The first hole of the model: an imported principal that is a string becomes `*` there.
#[test]
fn a_string_principal_is_never_widened() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"One","Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"123456789012"}},
        {"Sid":"Two","Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}]}"#;
    let policy = Policy::parse(text, PolicyKind::Trust, Strictness::Observed).unwrap();
    let merged = merge(&[Named { name: "a".into(), policy }], None, &[]).unwrap();
    let principals: Vec<_> =
        merged.policy.statements.iter().map(|statement| statement.principals.clone()).collect();
    let one = Statement::allow(["x"]).principal(PrincipalKind::Aws, ["123456789012"]).principals;
    assert_eq!(principals, [one, Some(Scope::Only(PrincipalSet::Everyone))]);
    let refused = text.replace(r#"{"AWS":"123456789012"}"#, r#""123456789012""#);
    assert!(
        Policy::parse(&refused, PolicyKind::Trust, Strictness::Desired).is_err(),
        "any other string is not even read"
    );
}

/// The second hole of the model: a numeric value is dropped there, with its whole condition.
#[test]
fn numbers_and_their_digits_survive() {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{
        "NumericLessThan":{"s3:max-keys":[10, 12345678901234567890, 1.50],"aws:MultiFactorAuthAge":3600}}}]}"#;
    let policy = Policy::parse(text, PolicyKind::Identity, Strictness::Desired).unwrap();
    let merged = merge(&[Named { name: "a".into(), policy }], None, &[]).unwrap();
    insta::assert_snapshot!(merged.policy.to_json(), @r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":"3600","s3:max-keys":["10","12345678901234567890","1.50"]}}}]}"#);
}

#[test]
fn every_problem_is_reported_at_once_and_hostile_names_are_escaped() {
    let sources = [
        old("a\nb", vec![Statement::allow(["s3:A"]).on(["${x}"]).named("S")]),
        named(
            "c",
            vec![allow("S", "s3:A"), Statement::allow(["x"]).principal(PrincipalKind::Aws, ["*"])],
        ),
    ];
    let found = errors(&sources, None, &[]);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|message| !message.contains('\n')), "{found:?}");
    assert!(found[0].contains(r#""a\nb""#));
}

#[test]
fn an_error_names_the_document_and_the_place_in_it_as_fields() {
    let statement = |sid: &str| allow(sid, "s3:A");
    let sources =
        [named("a: b", vec![statement("S")]), named("c", vec![statement("T"), statement("S")])];
    let errors = merge(&sources, None, &[]).unwrap_err();
    let [MergeError { document, finding }] = errors.as_slice() else { panic!("{errors:?}") };
    assert_eq!(document.as_deref(), Some("c"));
    assert_eq!(finding.pointer(), "/Statement/1");
    assert_eq!(finding.message(), r#"the Sid "S" stands in the sources "a: b" and "c""#);
    assert_eq!(finding.remedy(), r#"rename one, or give "c" as an override"#);
    let nothing = merge(&[], None, &[]).unwrap_err();
    assert_eq!((nothing.len(), &nothing[0].document), (1, &None));
}

fn any_statement() -> impl Strategy<Value = Statement> {
    let sid = select(vec!["", "", "A", "B", "C", "D", "E"]);
    let effect = select(vec![Effect::Allow, Effect::Deny]);
    (sid, effect, "[a-c]:[A-C*]")
        .prop_map(|(sid, effect, action)| Statement::new(effect, [action]).on(["*"]).named(sid))
}

/// A document without repeated Sids.
fn any_document(name: &'static str) -> impl Strategy<Value = Named> {
    prop::collection::vec(any_statement(), 1..5).prop_map(move |mut statements| {
        let mut seen = HashSet::new();
        statements.retain(|statement| statement.sid.clone().is_none_or(|sid| seen.insert(sid)));
        named(name, statements)
    })
}

proptest! {
    #[test]
    fn a_document_alone_stays_itself(document in any_document("x"), stage in 0..3) {
        let alone = std::slice::from_ref(&document);
        let merged = match stage {
            0 => merge(alone, None, &[]),
            1 => merge(&[], Some(&document), &[]),
            _ => merge(&[], None, alone),
        };
        prop_assert_eq!(merged.unwrap().policy, document.policy);
    }

    #[test]
    fn overrides_are_associative(base in any_document("x"), one in any_document("y"),
        two in any_document("z")) {
        let at_once = merge(std::slice::from_ref(&base), None, &[one.clone(),
            two.clone()]).unwrap();
        let first = merge(&[base], None, &[one]).unwrap();
        let then = merge(&[Named { name: "w".into(), policy: first.policy }],
            None, &[two]).unwrap();
        prop_assert_eq!(at_once.policy, then.policy);
    }

    #[test]
    fn every_statement_comes_unchanged_from_the_document_it_names(
        base in any_document("x"), own in any_document("y"), over in any_document("z")
    ) {
        let documents = [base, own, over];
        let merged = merge(&documents[..1], Some(&documents[1]), &documents[2..]).unwrap();
        prop_assert_eq!(merged.origins.len(), merged.policy.statements.len());
        for (statement, origin) in merged.policy.statements.iter().zip(&merged.origins) {
            let from = documents.iter().find(|document| document.name == *origin).unwrap();
            prop_assert!(from.policy.statements.contains(statement));
        }
        for statement in &documents[2].policy.statements {
            prop_assert!(merged.policy.statements.contains(statement), "the last word stands");
        }
    }
}

#[test]
fn digits_of_a_kubernetes_resource_survive_too() {
    let node = Node::Object(vec![(
        "Statement".into(),
        crate::text::json::parse(
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericEquals":{"s3:max-keys":42}}}"#,
            crate::limits::DOCUMENT,
        )
        .unwrap(),
    )]);
    let policy = Policy::from_node(&node, PolicyKind::Identity, NumberRule::ShortIntegers).unwrap();
    let merged = merge(&[Named { name: "a".into(), policy }], None, &[]).unwrap();
    assert_eq!(merged.policy.statements[0].conditions["NumericEquals"]["s3:max-keys"], ["42"]);
}
