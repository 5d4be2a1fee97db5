use rstest::rstest;

use crate::policy::evaluate::request::*;

#[rstest]
#[case(
    r#"{"action":"s3:GetObject","resource":"*","principal":{"AWS":"x"},"context":{"a":"1","b":[true,2]}}"#,
    None
)]
#[case("[]", Some("must be an object"))]
#[case(r#"{"resource":"*"}"#, Some("needs an action"))]
#[case(r#"{"action":"a:b","ressource":"*"}"#, Some("did you mean \"resource\"?"))]
#[case(r#"{"action":"a:b","action":"a:c"}"#, Some("stands twice"))]
#[case(r#"{"action":7}"#, Some("/action: must be a string"))]
#[case(r#"{"action":"a:b","principal":{"User":"x"}}"#, Some("is no kind of principal"))]
#[case(r#"{"action":"a:b","principal":{"AWS":"x","Service":"y"}}"#, Some("one member"))]
#[case(r#"{"action":"a:b","context":{"k":"1","K":"2"}}"#, Some("/context/K: stands twice"))]
#[case(
    r#"{"action":"a:b","context":{"k":{}}}"#,
    Some("/context/k: must be a string, number or boolean")
)]
#[case(r#"{"action":"a:b""#, Some("ends too early"))]
#[case(
    "action: s3:GetObject\nresource: '*'\nprincipal: {AWS: x}\ncontext:\n  a: 1\n  b: [true, 2]\n",
    None
)]
#[case(
    "action: a:b\ncontext:\n  k: {}\n",
    Some("line 3, column 3, at /context/k: must be a string")
)]
#[case("[]", Some("line 1, column 1: the request must be an object"))]
fn requests_are_read_exactly(#[case] text: &str, #[case] problem: Option<&str>) {
    match (Request::read(text), problem) {
        (Ok(request), None) => {
            assert_eq!(
                request.context,
                Context::default().with("a", "1").with_list("b", ["true", "2"])
            );
        }
        (Err(error), Some(problem)) => assert!(error.to_string().contains(problem), "{error}"),
        (result, _) => panic!("{text}: {result:?}"),
    }
}
