//! What a finding keeps apart, and how it is printed.

use rstest::rstest;

use super::*;
use crate::limits;
use crate::policy::{Policy, PolicyKind, Strictness};

fn finding(field: Field) -> Finding {
    Finding::error(Check::new("x"), field, "is wrong: really").with_remedy("do: this; or that")
}

#[test]
fn a_finding_keeps_its_parts_when_it_moves_below_a_longer_pointer() {
    let place = Some(Place { line: 3, column: 5 });
    let inner = finding(Field::of("/claims").quoted("a: b").item(1)).with_place(place);
    let outer = inner.clone().within(&Field::of("/spec/trust/0/oidc"));
    assert_eq!(outer.pointer(), "/spec/trust/0/oidc/claims/a: b/1");
    assert_eq!(outer.field().to_string(), "spec.trust[0].oidc.claims.\"a: b\"[1]");
    for finding in [inner, outer] {
        assert_eq!((finding.check().as_str(), finding.severity()), ("x", Severity::Error));
        assert_eq!(finding.place(), place);
        assert_eq!(
            (finding.message(), finding.remedy()),
            ("is wrong: really", "do: this; or that")
        );
    }
}

#[rstest]
#[case::whole("", "", "")]
#[case::names("/spec/path", "/spec/path", "spec.path")]
#[case::items("/spec/trust/0/name", "/spec/trust/0/name", "spec.trust[0].name")]
#[case::an_item_first("/0/a", "/0/a", "[0].a")]
#[case::escaped("/a~1b/c~0d", "/a~1b/c~0d", "a/b.c~d")]
fn a_pointer_is_spelled_as_people_write_it(
    #[case] of: &str,
    #[case] pointer: &str,
    #[case] spelled: &str,
) {
    let field = Field::of(of);
    assert_eq!((field.pointer(), field.to_string().as_str()), (pointer, spelled));
    assert_eq!(field.within(&Field::whole()), field);
    assert_eq!(Field::whole().within(&field), field);
}

#[test]
fn a_key_of_a_user_is_escaped_in_the_pointer_and_spelled_as_asked() {
    let field = Field::of("/a").name("b/c").quoted("d~\"").spelled_as("e/f", "[E]");
    assert_eq!(field.pointer(), "/a/b~1c/d~0\"/e~1f");
    assert_eq!(field.to_string(), "a.b/c.\"d~\\\"\"[E]");
    assert_eq!(Field::of("/a").name("5").to_string(), "a.5");
    assert_eq!(Field::of("/a").item(5).to_string(), "a[5]");
}

#[test]
fn a_place_in_a_document_is_a_pointer_until_it_moves_below_a_field() {
    let list = Pointer::Root.key("Statement");
    let inside = finding(Field::of_document(&list.item(0)));
    assert_eq!(inside.to_string(), "/Statement/0: is wrong: really; do: this; or that");
    let whole = finding(Field::of_document(&Pointer::Root));
    assert_eq!(whole.to_string(), "the document: is wrong: really; do: this; or that");
    let outer = Field::of("/spec/document");
    assert_eq!(inside.within(&outer).field().to_string(), "spec.document.Statement[0]");
    assert_eq!(whole.within(&outer).field(), &outer);
}

#[test]
fn a_finding_is_printed_with_its_place_or_its_field_and_one_sentence() {
    let field = || Field::of("/a/0");
    assert_eq!(finding(field()).to_string(), "a[0]: is wrong: really; do: this; or that");
    assert_eq!(finding(Field::whole()).to_string(), "is wrong: really; do: this; or that");
    let place = Some(Place { line: 1, column: 2 });
    let placed = finding(field()).with_place(place);
    assert!(placed.to_string().starts_with("line 1, column 2, at /a/0: is wrong"), "{placed}");
    assert_eq!(finding(field()).with_joint(": ").sentence(), "is wrong: really: do: this; or that");
    assert_eq!(finding(field()).with_remedy("").sentence(), "is wrong: really");
    let about = finding(field()).with_subject("b");
    assert_eq!((about.message(), about.remedy()), ("b: is wrong: really", "do: this; or that"));
}

#[rstest]
#[case::syntax("{", Check::SYNTAX, "", "the JSON ends too early", "close what is open")]
#[case::twice(
    r#"{"Statement":[],"Statement":[]}"#,
    Check::REPEATED_KEY,
    "/Statement",
    r#"the key "Statement" stands twice in one object"#,
    "keep one of them"
)]
#[case::unknown(
    r#"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","x: y; z":1}}"#,
    Check::UNKNOWN,
    "/Statement/x: y; z",
    r#"a statement has no element "x: y; z""#,
    "remove it"
)]
#[case::impossible(
    r#"{"Statement":[]}"#,
    Check::IMPOSSIBLE,
    "/Statement",
    "Statement is empty",
    "add at least one statement"
)]
fn the_reader_of_documents_says_where_what_and_what_to_do_apart(
    #[case] text: &str,
    #[case] check: Check,
    #[case] pointer: &str,
    #[case] message: &str,
    #[case] remedy: &str,
) {
    let found = Policy::read(text, PolicyKind::Identity, Strictness::Desired).unwrap_err();
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((finding.check(), finding.pointer()), (check, pointer));
    assert_eq!((finding.message(), finding.remedy()), (message, remedy));
    assert!(finding.place().is_some_and(|place| place.line == 1));
}

#[test]
fn what_a_reader_of_text_says_is_the_same_as_a_finding() {
    for text in ["[1,", "{\"a\":1,\"a\":2}", "a: *b", "a: !x 1", "- a\n- {", "%YAML 1.1", ""] {
        let error = crate::text::Text::read(text, limits::DOCUMENT).unwrap_err();
        let finding = Finding::from(error.clone());
        assert_eq!(finding.to_string(), error.to_string());
        assert!(!finding.remedy().is_empty(), "{finding}");
    }
}
