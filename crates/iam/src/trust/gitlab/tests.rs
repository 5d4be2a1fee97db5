//! Tables for `gitlab`: arguments to documents, tokens to answers.

use rstest::rstest;

use crate::finding::Severity;
use crate::trust::gitlab::*;
use crate::trust::limits::{self, Origin};
use crate::trust::tests::token::{account, document, list, token};

fn made(
    branches: &[&str],
    tags: &[&str],
    change: impl FnOnce(&mut GitlabGrant<'_>),
) -> Result<Compiled, Finding> {
    let (branches, tags) = (list(branches), list(tags));
    let mut grant = GitlabGrant {
        project: "group/sub/app",
        branches: &branches,
        tags: &tags,
        ..GitlabGrant::default()
    };
    change(&mut grant);
    statement(&grant, &account())
}

#[test]
fn the_shared_service_with_all_it_knows() {
    let compiled = made(&["main"], &["v*"], |grant| {
        grant.project_id = Some("42");
        grant.protected_only = true;
    })
    .unwrap();
    assert_eq!(compiled.warnings, []);
    assert_eq!(
        document(&compiled.statement),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
            r#""Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/gitlab.com"},"#,
            r#""Action":"sts:AssumeRoleWithWebIdentity","Condition":{"#,
            r#""StringEquals":{"gitlab.com:aud":"https://gitlab.com","gitlab.com:project_id":"42","gitlab.com:ref_protected":"true"},"#,
            r#""StringLike":{"gitlab.com:sub":["project_path:group/sub/app:ref_type:branch:ref:main","#,
            r#""project_path:group/sub/app:ref_type:tag:ref:v*"]}}}]}"#
        )
    );
    assert_eq!(limits::check(&compiled.statement, &account(), Origin::Grant), []);
}

#[test]
fn a_server_of_ones_own() {
    let compiled = made(&["main"], &[], |grant| grant.host = Some("git.example.com")).unwrap();
    assert_eq!(compiled.warnings, []);
    assert_eq!(
        document(&compiled.statement),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
            r#""Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/git.example.com"},"#,
            r#""Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"#,
            r#""git.example.com:aud":"https://git.example.com","#,
            r#""git.example.com:sub":"project_path:group/sub/app:ref_type:branch:ref:main"}}}]}"#
        )
    );
    assert_eq!(limits::check(&compiled.statement, &account(), Origin::Grant), []);
}

#[rstest]
#[case::branch("project_path:group/sub/app:ref_type:branch:ref:main", true)]
#[case::longer_branch("project_path:group/sub/app:ref_type:branch:ref:main2", false)]
#[case::other_case("project_path:group/sub/app:ref_type:branch:ref:Main", false)]
#[case::full_ref("project_path:group/sub/app:ref_type:branch:ref:refs/heads/main", false)]
#[case::tag_for_branch("project_path:group/sub/app:ref_type:tag:ref:main", false)]
#[case::pattern("project_path:group/sub/app:ref_type:branch:ref:release/1", true)]
#[case::pattern_of_a_tag("project_path:group/sub/app:ref_type:tag:ref:release/1", false)]
#[case::tag("project_path:group/sub/app:ref_type:tag:ref:v1", true)]
#[case::branch_for_tag("project_path:group/sub/app:ref_type:branch:ref:v1", false)]
#[case::merge_request("project_path:group/sub/app:ref_type:mr:ref:main", false)]
#[case::sibling("project_path:group/sub/app2:ref_type:branch:ref:main", false)]
#[case::project_below("project_path:group/sub/app/x:ref_type:branch:ref:main", false)]
#[case::parent("project_path:group/app:ref_type:branch:ref:main", false)]
#[case::fork("project_path:someone/app:ref_type:branch:ref:main", false)]
#[case::group_in_other_case("project_path:Group/sub/app:ref_type:branch:ref:main", false)]
#[case::github_form("repo:group/sub/app:ref:refs/heads/main", false)]
#[case::environment("project_path:group/sub/app:environment:main", false)]
#[case::empty("", false)]
fn subjects_are_of_that_project(#[case] sub: &str, #[case] allowed: bool) {
    let statement = made(&["main", "release/*"], &["v*"], |_| {}).unwrap().statement;
    assert_eq!(
        token(&statement, "gitlab.com", &[("aud", "https://gitlab.com"), ("sub", sub)]),
        allowed
    );
}

const SUB: &str = "project_path:group/sub/app:ref_type:branch:ref:main";

#[rstest]
#[case::all("https://gitlab.com", Some("42"), Some("true"), true)]
#[case::squatter("https://gitlab.com", Some("43"), Some("true"), false)]
#[case::longer_id("https://gitlab.com", Some("421"), Some("true"), false)]
#[case::no_id("https://gitlab.com", None, Some("true"), false)]
#[case::not_protected("https://gitlab.com", Some("42"), Some("false"), false)]
#[case::unknown_protection("https://gitlab.com", Some("42"), None, false)]
#[case::other_audience("sts.amazonaws.com", Some("42"), Some("true"), false)]
#[case::audience_with_slash("https://gitlab.com/", Some("42"), Some("true"), false)]
fn id_protection_and_audience_must_match(
    #[case] aud: &str,
    #[case] id: Option<&str>,
    #[case] protected: Option<&str>,
    #[case] allowed: bool,
) {
    let statement = made(&["main"], &[], |grant| {
        grant.project_id = Some("42");
        grant.protected_only = true;
    })
    .unwrap()
    .statement;
    let mut claims = vec![("aud", aud), ("sub", SUB)];
    claims.extend(id.map(|id| ("project_id", id)));
    claims.extend(protected.map(|value| ("ref_protected", value)));
    assert_eq!(token(&statement, "gitlab.com", &claims), allowed);
}

#[rstest]
#[case::own_host("git.example.com", "sts.amazonaws.com", true)]
#[case::own_host_default_audience("git.example.com", "https://git.example.com", false)]
#[case::shared_host("gitlab.com", "sts.amazonaws.com", false)]
#[case::host_below("x.git.example.com", "sts.amazonaws.com", false)]
fn a_server_answers_for_itself(#[case] host: &str, #[case] aud: &str, #[case] allowed: bool) {
    let compiled = made(&["main"], &[], |grant| {
        grant.host = Some("git.example.com");
        grant.audience = Some("sts.amazonaws.com");
    });
    assert_eq!(token(&compiled.unwrap().statement, host, &[("aud", aud), ("sub", SUB)]), allowed);
}

#[test]
fn what_only_the_shared_service_sends_is_refused_elsewhere() {
    let id = made(&["main"], &[], |grant| {
        grant.host = Some("git.example.com");
        grant.project_id = Some("42");
    });
    assert_eq!(
        id.unwrap_err().to_string(),
        "projectId: IAM reads it from tokens of gitlab.com only, so with \"git.example.com\" it \
         could never match; remove it"
    );
    let protected = made(&["main"], &[], |grant| {
        grant.host = Some("git.example.com");
        grant.protected_only = true;
    });
    assert_eq!(
        protected.unwrap_err().to_string(),
        "protectedOnly: IAM reads it from tokens of gitlab.com only, so with \"git.example.com\" \
         it could never match; remove it"
    );
}

#[rstest]
#[case("group")]
#[case("group/*")]
#[case("*/app")]
#[case("group/app*")]
#[case("group//app")]
#[case("/group/app")]
#[case("group/app/")]
#[case("group/app:ref_type:branch:ref:x")]
#[case("group/${x}")]
#[case("")]
fn a_project_is_one_exact_path(#[case] project: &str) {
    let branches = list(&["main"]);
    let grant = GitlabGrant { project, branches: &branches, ..GitlabGrant::default() };
    let error = statement(&grant, &account()).unwrap_err();
    assert_eq!(error.pointer(), "/project");
    assert!(error.message().ends_with(" is no path of one project"), "{error}");
}

#[rstest]
#[case("https://git.example.com")]
#[case("git.example.com/x")]
#[case("git.example.com:8443")]
#[case("*.example.com")]
#[case("localhost")]
#[case("")]
fn a_host_is_a_host(#[case] host: &'static str) {
    let error = made(&["main"], &[], |grant| grant.host = Some(host)).unwrap_err();
    assert_eq!(error.pointer(), "/host");
    assert!(error.message().ends_with(" is no host"), "{error}");
}

#[rstest]
#[case(&["refs/heads/main"], &[], "branches[0]: \"refs/heads/main\" is a full ref, and GitLab \
    sends the short name; write \"main\"")]
#[case(&[], &["v1", "refs/tags/v2"], "tags[1]: \"refs/tags/v2\" is a full ref, and GitLab sends \
    the short name; write \"v2\"")]
#[case(&["a b"], &[], "branches[0]: \"a b\" is no name of a branch or tag; write it as Git shows \
    it")]
#[case(&["refs/merge-requests/1"], &[], "branches[0]: \"refs/merge-requests/1\" is no name of a \
    branch or tag; write it as Git shows it")]
#[case(&["a?"], &[], "branches[0]: \"a?\" is no name of a branch or tag; write it as Git shows it")]
#[case(&[], &["${x}"], "tags[0]: \"${x}\" is no name of a branch or tag; write it as Git shows it")]
#[case(&[], &[], "the grant names no jobs; add branches or tags")]
fn refs_that_cannot_match_are_refused(
    #[case] branches: &[&str],
    #[case] tags: &[&str],
    #[case] message: &str,
) {
    assert_eq!(made(branches, tags, |_| {}).unwrap_err().to_string(), message);
}

#[test]
fn loose_values_are_refused_and_names_alone_are_warned_of() {
    let warnings = made(&["main"], &[], |_| {}).unwrap().warnings;
    let found: Vec<_> =
        warnings.iter().map(|warning| (warning.check(), warning.severity())).collect();
    assert_eq!(found, [(Check::NAMES_ALONE, Severity::Warning)]);
    assert_eq!(
        warnings[0].to_string(),
        "projectId: the grant goes by names alone, and whoever takes over a name that was given up \
         would match; add projectId"
    );
    assert!(made(&["main"], &[], |grant| grant.project_id = Some("4*")).is_err());
    assert!(made(&["main"], &[], |grant| grant.audience = Some("https://*")).is_err());
    assert!(made(&["main"], &[], |grant| grant.audience = Some("")).is_err());
}
