//! Tables for `oidc`: arguments to documents, tokens to answers.

use rstest::rstest;

use crate::finding::Check;
use crate::policy::evaluate::Context;
use crate::trust::limits::{self, Origin};
use crate::trust::oidc::*;
use crate::trust::tests::token::{account, decide, document, list, token};

fn made(
    issuer: &str,
    audiences: &[&str],
    subjects: &[&str],
    claims: &[(&str, &[&str])],
) -> Result<Statement, Finding> {
    compiled(issuer, audiences, subjects, claims).map(|compiled| compiled.statement)
}

fn compiled(
    issuer: &str,
    audiences: &[&str],
    subjects: &[&str],
    claims: &[(&str, &[&str])],
) -> Result<Compiled, Finding> {
    let claims = claims.iter().map(|(name, values)| ((*name).to_owned(), list(values))).collect();
    let grant = OidcGrant {
        issuer,
        audiences: &list(audiences),
        subjects: &list(subjects),
        claims: &claims,
        tag_session: false,
    };
    statement(&grant, &account())
}

#[test]
fn tokens_may_hold_session_tags_where_the_grant_says_so() {
    for tag_session in [false, true] {
        let grant = OidcGrant {
            issuer: PRIVATE,
            audiences: &list(&["a"]),
            subjects: &list(&["user:x"]),
            claims: &BTreeMap::new(),
            tag_session,
        };
        let made = statement(&grant, &account()).unwrap().statement;
        assert_eq!(document(&made).contains("sts:TagSession"), tag_session);
        assert_eq!(limits::check(&made, &account(), Origin::Grant), []);
    }
}

const PRIVATE: &str = "https://id.example.com/tenant";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

#[rstest]
#[case::exact(
    PRIVATE,
    &["a", "b"],
    &["user:x"],
    r#"{"StringEquals":{"id.example.com/tenant:aud":["a","b"],"id.example.com/tenant:sub":"user:x"}}"#
)]
#[case::an_arn_names_the_same(
    "arn:{partition}:iam::{accountId}:oidc-provider/id.example.com/tenant",
    &["a"],
    &["team:*", "user:x"],
    r#"{"StringEquals":{"id.example.com/tenant:aud":"a"},"StringLike":{"id.example.com/tenant:sub":["team:*","user:x"]}}"#
)]
fn arguments_become_one_document(
    #[case] issuer: &str,
    #[case] audiences: &[&str],
    #[case] subjects: &[&str],
    #[case] condition: &str,
) {
    let statement = made(issuer, audiences, subjects, &[]).unwrap();
    let head = concat!(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"#,
        r#""arn:aws:iam::123456789012:oidc-provider/id.example.com/tenant"},"#,
        r#""Action":"sts:AssumeRoleWithWebIdentity","Condition":"#
    );
    assert_eq!(document(&statement), format!("{head}{condition}}}]}}"));
    assert_eq!(limits::check(&statement, &account(), Origin::Grant), []);
}

#[rstest]
#[case::exact("a", "user:x", true)]
#[case::other_audience("b", "user:x", false)]
#[case::audience_in_other_case("A", "user:x", false)]
#[case::longer_audience("ab", "user:x", false)]
#[case::longer_subject("a", "user:xy", false)]
#[case::subject_in_other_case("a", "user:X", false)]
#[case::pattern("a", "team:blue", true)]
#[case::pattern_takes_all_below("a", "team:blue:x/y", true)]
#[case::pattern_in_other_case("a", "Team:blue", false)]
#[case::sibling_of_the_pattern("a", "team2:blue", false)]
#[case::something_in_front("a", "x:team:blue", false)]
#[case::path("a", "/ci/x", true)]
#[case::sibling_path("a", "/ci2/x", false)]
#[case::empty("a", "", false)]
fn subjects_and_audiences_must_both_match(
    #[case] aud: &str,
    #[case] sub: &str,
    #[case] allowed: bool,
) {
    let statement = made(PRIVATE, &["a"], &["user:x", "team:*", "/ci/*"], &[]).unwrap();
    assert_eq!(token(&statement, "id.example.com/tenant", &[("aud", aud), ("sub", sub)]), allowed);
    assert!(
        !token(&statement, "id.example.com", &[("aud", aud), ("sub", sub)]),
        "another provider"
    );
    assert!(!token(&statement, "id.example.com/tenant", &[("aud", aud)]), "no subject");
}

#[rstest]
#[case::repository("repo:org/app:ref:refs/heads/main", true)]
#[case::other_ref("repo:org/app:pull_request", true)]
#[case::sibling("repo:org/app2:pull_request", false)]
#[case::sibling_with_hyphen("repo:org/app-evil:ref:refs/heads/main", false)]
#[case::other_owner("repo:org2/app:pull_request", false)]
#[case::environment_set_by_anybody("environment:repo%3Aorg/app:x", false)]
fn a_repository_is_held_by_its_colon(#[case] sub: &str, #[case] allowed: bool) {
    let statement = made(GITHUB, &["sts.amazonaws.com"], &["repo:org/app:*"], &[]).unwrap();
    let claims = [("aud", "sts.amazonaws.com"), ("sub", sub)];
    assert_eq!(token(&statement, "token.actions.githubusercontent.com", &claims), allowed);
}

#[rstest]
#[case::exact("owner", "x1", true)]
#[case::other("owner", "x2", false)]
#[case::claim_missing("other", "x1", false)]
fn further_claims_narrow(#[case] claim: &str, #[case] value: &str, #[case] allowed: bool) {
    let claim = if claim == "owner" { "organization_slug" } else { "pipeline_slug" };
    let host = "agent.buildkite.com";
    let statement = made(
        "https://agent.buildkite.com",
        &["a"],
        &["organization:o:*"],
        &[("organization_slug", &["x1"])],
    )
    .unwrap();
    assert_eq!(
        token(&statement, host, &[("aud", "a"), ("sub", "organization:o:x"), (claim, value)]),
        allowed
    );
}

#[rstest]
#[case::one_of_several(&["mfa", "pwd"], true)]
#[case::none(&["pwd"], false)]
fn methods_of_sign_in_are_a_list(#[case] methods: &[&str], #[case] allowed: bool) {
    let statement = made(PRIVATE, &["a"], &["user:x"], &[("amr", &["mfa"])]).unwrap();
    let context = Context::default()
        .with("id.example.com/tenant:aud", "a")
        .with("id.example.com/tenant:sub", "user:x")
        .with_list("id.example.com/tenant:amr", methods.iter().copied());
    let provider =
        (PrincipalKind::Federated, "arn:aws:iam::123456789012:oidc-provider/id.example.com/tenant");
    assert_eq!(decide(&statement, "sts:AssumeRoleWithWebIdentity", provider, context), allowed);
}

#[rstest]
#[case("https://other.example.com", "x", true)]
#[case(PRIVATE, "*", false)]
#[case(PRIVATE, "**", false)]
#[case(PRIVATE, "", false)]
#[case(PRIVATE, "team*", false)]
#[case(PRIVATE, "*:x", false)]
#[case(PRIVATE, "team-*", false)]
#[case(PRIVATE, "team:?", false)]
#[case(PRIVATE, "${id.example.com/tenant:sub}", false)]
#[case(PRIVATE, "team:a*", false)]
#[case(PRIVATE, "team:*", true)]
#[case(PRIVATE, "team/*", true)]
#[case(PRIVATE, "repo:org/app*", false)]
#[case(PRIVATE, "repo:org/*", false)]
#[case(PRIVATE, "project_path:group/*", false)]
#[case(GITHUB, "repo:org/app:ref:refs/heads/main", true)]
#[case(GITHUB, "repo:org/app:*", true)]
#[case(GITHUB, "repo:org/app:ref:refs/heads/release-*", true)]
#[case(GITHUB, "repo:org/app:environment:prod-*", true)]
#[case(GITHUB, "repo:org@12/app@34:*", true)]
#[case(GITHUB, "repo:org/app:pull*", false)]
#[case(GITHUB, "repo:org/app*", false)]
#[case(GITHUB, "repo:org/app-*:ref:refs/heads/main", false)]
#[case(GITHUB, "repo:org/*", false)]
#[case(GITHUB, "repo:org/*:ref:refs/heads/main", false)]
#[case(GITHUB, "repo:*/app:ref:refs/heads/main", false)]
#[case(GITHUB, "repo:*", false)]
#[case(GITHUB, "repo:org:*", false)]
#[case(GITHUB, "repo:/app:*", false)]
#[case(GITHUB, "repo:org/:*", false)]
#[case(GITHUB, "environment:prod", false)]
#[case(GITHUB, "repository_owner:org:*", false)]
#[case("https://token.actions.githubusercontent.com/enterprise", "repo:org/*", false)]
#[case("https://token.actions.githubusercontent.com/enterprise", "repo:org/app:*", true)]
#[case("https://token.actions.octo.ghe.com", "environment:prod", false)]
#[case("https://gitlab.com", "project_path:group/app:*", true)]
#[case("https://gitlab.com", "project_path:group/app:ref_type:tag:ref:v*", true)]
#[case("https://gitlab.com", "project_path:group/*", false)]
#[case("https://gitlab.com", "project_path:group/app*", false)]
#[case("https://gitlab.com", "project_path:*/app:ref_type:branch:ref:main", false)]
#[case("https://gitlab.com", "user:x", false)]
#[case("https://gitlab.com/", "user:x", false)]
#[case("https://app.terraform.io", "organization:o:project:*", true)]
#[case("https://app.terraform.io", "organization:o:*", true)]
#[case("https://app.terraform.io", "organization:*", false)]
#[case("https://app.terraform.io", "organization:o*:project:x", false)]
#[case("https://agent.buildkite.com", "organization:*:pipeline:x", false)]
#[case("https://proidc.upbound.io", "mcp:org/plane:provider:provider-aws", true)]
#[case("https://proidc.upbound.io", "mcp:org/*", false)]
#[case("https://scalr.io", "account:a:environment:e", true)]
#[case("https://scalr.io", "account:a:*", false)]
#[case("https://oidc.vercel.com", "owner:o:project:*", true)]
#[case("https://sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d", "x", false)]
#[case("https://cognito-identity.amazonaws.com", "eu-west-2:0a0a", true)]
#[case("https://cognito-identity.amazonaws.com", "*", false)]
fn subjects_that_reach_too_far_are_refused(
    #[case] issuer: &str,
    #[case] subject: &str,
    #[case] accepted: bool,
) {
    assert_eq!(made(issuer, &["a"], &[subject], &[]).is_ok(), accepted, "{subject}");
}

#[rstest]
#[case(&[], &["x"], "audiences: it is empty, so tokens made for anything else would match; add the \
    audience of your tokens")]
#[case(&["*"], &["x"], "audiences[0]: \"*\" holds the wildcard *; write the exact value")]
#[case(&["a", "https://*"], &["x"], "audiences[1]: \"https://*\" holds the wildcard *; write the \
    exact value")]
#[case(&["a"], &[], "subjects: it is empty, so everybody known to the issuer would match; add a \
    subject")]
#[case(&["a"], &["x", "*"], "subjects[1]: \"*\" matches anything; write more than wildcards")]
#[case(&["a"], &["repo:org/app*"], "subjects[0]: \"repo:org/app*\" does not pin one repository; \
    write repo:OWNER/REPOSITORY:… or \
     repository_owner_id:ID:repository_id:ID:… without * before the last colon")]
#[case(&["a"], &["team-*"], "subjects[0]: \"team-*\" also matches names that begin alike; put : or \
    / before the first *, or write the exact subject")]
fn the_reason_is_told(
    #[case] audiences: &[&str],
    #[case] subjects: &[&str],
    #[case] message: &str,
) {
    assert_eq!(made(PRIVATE, audiences, subjects, &[]).unwrap_err().to_string(), message);
}

#[rstest]
#[case(PRIVATE, "department", &["x"], false)]
#[case(PRIVATE, "email", &["a@example.com"], true)]
#[case(PRIVATE, "email", &["*"], false)]
#[case(PRIVATE, "email", &[], false)]
#[case(PRIVATE, "aud", &["x"], false)]
#[case(PRIVATE, "sub", &["x"], false)]
#[case(GITHUB, "actor", &["x"], true)]
#[case(GITHUB, "event_name", &["push"], false)]
#[case("https://gitlab.com", "namespace_id", &["1"], true)]
#[case("https://gitlab.com", "namespace_path", &["g"], false)]
#[case("https://www.amazon.com", "user_id", &["x"], false)]
#[case("https://www.amazon.com", "email", &["x"], false)]
#[case("https://cognito-identity.amazonaws.com", "amr", &["authenticated"], true)]
fn claims_that_could_never_match_are_refused(
    #[case] issuer: &str,
    #[case] claim: &str,
    #[case] values: &[&str],
    #[case] accepted: bool,
) {
    let subject = if issuer == GITHUB { "repo:o/r:x" } else { "project_path:g/p:x" };
    assert_eq!(made(issuer, &["a"], &[subject], &[(claim, values)]).is_ok(), accepted);
}

#[test]
fn an_issuer_of_another_account_is_refused() {
    let elsewhere =
        made("arn:aws:iam::210987654321:oidc-provider/id.example.com", &["a"], &["x"], &[]);
    let error = elsewhere.unwrap_err();
    assert_eq!((error.check(), error.pointer()), (Check::ISSUER, "/issuer"));
    assert!(error.message().ends_with(" is not in the account of the role"), "{error}");
}

const POOL: &str = "eu-west-2:11111111-2222-3333-4444-555555555555";
const COGNITO_URL: &str = "https://cognito-identity.amazonaws.com";

#[rstest]
#[case::google(
    "https://accounts.google.com",
    "112233445566778899001",
    "112233445566778899001",
    r#"{"accounts.google.com:aud":"112233445566778899001","accounts.google.com:sub":"112233445566778899001"}"#
)]
#[case::amazon(
    "https://www.amazon.com",
    "amzn1.application.x",
    "amzn1.account.y",
    r#"{"www.amazon.com:app_id":"amzn1.application.x","www.amazon.com:user_id":"amzn1.account.y"}"#
)]
#[case::facebook(
    "https://graph.facebook.com",
    "1",
    "2",
    r#"{"graph.facebook.com:app_id":"1","graph.facebook.com:id":"2"}"#
)]
#[case::cognito(
    COGNITO_URL,
    POOL,
    "eu-west-2:0a0a",
    r#"{"cognito-identity.amazonaws.com:aud":"eu-west-2:11111111-2222-3333-4444-555555555555","cognito-identity.amazonaws.com:sub":"eu-west-2:0a0a"}"#
)]
fn a_built_in_provider_is_named_bare_and_held_to_the_tenant(
    #[case] issuer: &str,
    #[case] audience: &str,
    #[case] subject: &str,
    #[case] condition: &str,
) {
    let Compiled { statement, warnings } = compiled(issuer, &[audience], &[subject], &[]).unwrap();
    let host = issuer.trim_start_matches("https://");
    assert_eq!(
        document(&statement),
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"{host}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{condition}}}}}]}}"#
        )
    );
    assert_eq!(warnings, []);
    for origin in [Origin::Grant, Origin::Statement] {
        assert_eq!(limits::check(&statement, &account(), origin), []);
        // Neither the tenant nor the subject may be missing, whoever wrote it.
        for key in condition.split('"').filter(|part| part.starts_with(host)) {
            let mut open = statement.clone();
            open.conditions.get_mut("StringEquals").unwrap().remove(key);
            assert_ne!(limits::check(&open, &account(), origin), [], "{key}");
        }
    }
}

#[rstest]
#[case::ids("repository_owner_id:12:repository_id:34:environment:Production", true)]
#[case::id_alone("repository_id:34", true)]
#[case::id_and_any_job("repository_id:34:*", true)]
#[case::name("repository_owner:org:repository:org/app:ref:refs/heads/main", true)]
#[case::short_name("repository_owner:org:repo:org/app:ref:refs/heads/main", true)]
#[case::behind_a_ref("ref:refs/heads/main:repository_id:34", true)]
#[case::behind_part_of_a_ref("ref:refs/heads/*:repository_id:34", false)]
#[case::no_owner("repository_owner::repository_id:34", false)]
#[case::branches("repository_id:34:ref:refs/heads/release-*", true)]
#[case::environments("repository_id:34:environment:prod-*", true)]
#[case::part_of_an_id("repository_id:34*", false)]
#[case::any_id("repository_owner_id:12:repository_id:*", false)]
#[case::owner_alone("repository_owner_id:12:environment:Production", false)]
#[case::another_claim_first("workflow:x:repository_id:34", false)]
#[case::no_id("repository_id::environment:x", false)]
#[case::no_repository("repository:org:ref:refs/heads/main", false)]
fn a_customised_subject_of_github_pins_a_repository(#[case] subject: &str, #[case] taken: bool) {
    let account = crate::account::Account::new("123456789012", "aws").unwrap();
    let issuer =
        crate::trust::Issuer::parse("https://token.actions.githubusercontent.com", &account)
            .unwrap();
    let found = crate::trust::subject::check(&issuer, subject);
    assert_eq!(found.is_ok(), taken, "{found:?}");
    if let Err(finding) = found {
        assert!(finding.to_string().contains("repository_id:ID"), "{finding}");
    }
}

#[rstest]
#[case::signed_in(Some("authenticated"), true)]
#[case::by_one_provider(Some("accounts.google.com"), true)]
#[case::guests(Some("unauthenticated"), false)]
#[case::anybody(Some("auth*"), false)]
#[case::guests_too(None, false)]
fn an_identity_pool_may_let_in_all_who_signed_in_and_no_guests(
    #[case] amr: Option<&str>,
    #[case] accepted: bool,
) {
    let value = [amr.unwrap_or_default()];
    let claims: &[(&str, &[&str])] = &[("amr", &value)];
    let claims = if amr.is_some() { claims } else { &[] };
    let statement = made(COGNITO_URL, &[POOL], &["eu-west-2:*"], claims).unwrap();
    for origin in [Origin::Grant, Origin::Statement] {
        let found = limits::check(&statement, &account(), origin);
        assert_eq!(found.is_empty(), accepted, "{found:?}");
    }
}

#[rstest]
#[case("sts.amazonaws.com", true)]
#[case("112233445566778899001", false)]
#[case("1-x.apps.googleusercontent.com", false)]
fn what_google_calls_azp_is_told(#[case] audience: &str, #[case] warned: bool) {
    let compiled = compiled("https://accounts.google.com", &[audience], &["1"], &[]).unwrap();
    let said: Vec<String> = compiled.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(!said.is_empty(), warned, "{said:?}");
    assert!(said.iter().all(|said| said.starts_with("audiences[0]: IAM compares it with the azp")));
    assert_eq!(compiled_of_another_issuer(audience), 0);
}

fn compiled_of_another_issuer(audience: &str) -> usize {
    compiled(PRIVATE, &[audience], &["user:x"], &[]).unwrap().warnings.len()
}

#[rstest]
#[case("system:serviceaccount:team-a:provider-aws-*", true)]
#[case("system:serviceaccount:team-a:*", true)]
#[case("system:serviceaccount:team-*", false)]
#[case("system:serviceaccount:team-a:a*b*", false)]
#[case("job:provider-aws-*", false)]
#[case("job:environment:prod-*", false)]
fn generated_service_accounts_are_of_one_namespace(#[case] subject: &str, #[case] taken: bool) {
    let account = crate::account::Account::new("123456789012", "aws").unwrap();
    let issuer = crate::trust::Issuer::parse("https://oidc.example.org", &account).unwrap();
    assert_eq!(crate::trust::subject::check(&issuer, subject).is_ok(), taken);
}
