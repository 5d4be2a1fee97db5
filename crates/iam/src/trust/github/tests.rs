//! Tables for `githubActions`: arguments to documents, tokens to answers.

use proptest::prelude::*;
use rstest::rstest;

use crate::trust::github::*;
use crate::trust::limits::{self, Origin};
use crate::trust::tests::token::{account, document, list, token};

/// The arguments of a grant that a test owns.
#[derive(Clone, Default)]
struct Arguments {
    ids: Option<(&'static str, &'static str)>,
    repositories: Vec<String>,
    refs: Vec<String>,
    environments: Vec<String>,
    pull_requests: bool,
    workflow: Option<&'static str>,
    format: Option<SubjectFormat>,
    claims: BTreeMap<String, Vec<String>>,
}

impl Arguments {
    fn refs(refs: &[&str]) -> Self {
        Self { refs: list(refs), ..Self::default() }
    }

    fn claim(mut self, name: &str, values: &[&str]) -> Self {
        self.claims.insert(name.to_owned(), list(values));
        self
    }

    fn compiled(&self) -> Result<Compiled, Finding> {
        let grant = GithubGrant {
            owner: "org",
            owner_id: self.ids.map(|ids| ids.0),
            repository: self.repositories.is_empty().then_some("app"),
            repository_id: self
                .ids
                .map(|ids| ids.1)
                .filter(|id| self.repositories.is_empty() || *id == "stray"),
            repositories: &self.repositories,
            refs: &self.refs,
            environments: &self.environments,
            pull_requests: self.pull_requests,
            reusable_workflow: self.workflow,
            subject_format: self.format,
            claims: &self.claims,
        };
        statement(&grant, &account())
    }

    fn statement(&self) -> Statement {
        self.compiled().unwrap().statement
    }
}

const PINNED: Option<(&str, &str)> = Some(("12", "34"));
const HEAD: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"#,
    r#""arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},"#,
    r#""Action":"sts:AssumeRoleWithWebIdentity","Condition":"#
);

#[rstest]
#[case::one_branch(
    Arguments::refs(&["refs/heads/main"]),
    r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:sub":"repo:org/app:ref:refs/heads/main"}}"#
)]
#[case::a_pattern_keeps_the_audience_exact(
    Arguments::refs(&["refs/heads/main", "refs/tags/v*"]),
    r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},"StringLike":{"token.actions.githubusercontent.com:sub":["repo:org/app:ref:refs/heads/main","repo:org/app:ref:refs/tags/v*"]}}"#
)]
#[case::environments_and_pull_requests(
    Arguments { environments: list(&["prod", "Production:V1"]), pull_requests: true,
        ..Arguments::default() },
    r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:sub":["repo:org/app:environment:prod","repo:org/app:environment:Production%3AV1","repo:org/app:pull_request"]}}"#
)]
#[case::ids_give_both_forms(
    Arguments { ids: PINNED, ..Arguments::refs(&["refs/heads/main"]) },
    r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:repository_id":"34","token.actions.githubusercontent.com:repository_owner_id":"12","token.actions.githubusercontent.com:sub":["repo:org/app:ref:refs/heads/main","repo:org@12/app@34:ref:refs/heads/main"]}}"#
)]
#[case::ids_stay_beside_the_classic_form(
    Arguments { ids: PINNED, format: Some(SubjectFormat::Classic),
        ..Arguments::refs(&["refs/heads/main"]) },
    r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:repository_id":"34","token.actions.githubusercontent.com:repository_owner_id":"12","token.actions.githubusercontent.com:sub":"repo:org/app:ref:refs/heads/main"}}"#
)]
#[case::immutable_alone(
    Arguments { ids: PINNED, format: Some(SubjectFormat::Immutable), pull_requests: true,
        ..Arguments::default() },
    r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:repository_id":"34","token.actions.githubusercontent.com:repository_owner_id":"12","token.actions.githubusercontent.com:sub":"repo:org@12/app@34:pull_request"}}"#
)]
#[case::workflow_and_claims(
    Arguments {
        workflow: Some("org/shared/.github/workflows/deploy.yml@refs/tags/v*"),
        ..Arguments::refs(&["refs/heads/main"]).claim("actor", &["octocat"])
    },
    r#"{"StringEquals":{"token.actions.githubusercontent.com:actor":"octocat","token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:sub":"repo:org/app:ref:refs/heads/main"},"StringLike":{"token.actions.githubusercontent.com:job_workflow_ref":"org/shared/.github/workflows/deploy.yml@refs/tags/v*"}}"#
)]
fn arguments_become_one_document_within_the_limits(
    #[case] arguments: Arguments,
    #[case] condition: &str,
) {
    let made = arguments.statement();
    assert_eq!(document(&made), format!("{HEAD}{condition}}}]}}"));
    assert_eq!(limits::check(&made, &account(), Origin::Grant), []);
    assert_eq!(limits::check_namespace(&made, "team-a"), []);
}

fn several(repositories: &[&str], owner_id: Option<&'static str>) -> Arguments {
    Arguments {
        repositories: list(repositories),
        ids: owner_id.map(|id| (id, "")),
        ..Arguments::refs(&["refs/heads/main"])
    }
}

#[rstest]
#[case::names(
    several(&["app", "web"], None),
    r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:sub":["repo:org/app:ref:refs/heads/main","repo:org/web:ref:refs/heads/main"]}}"#
)]
#[case::ids(
    several(&["app@34", "web@56"], Some("12")),
    r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:repository_id":["34","56"],"token.actions.githubusercontent.com:repository_owner_id":"12","token.actions.githubusercontent.com:sub":["repo:org/app:ref:refs/heads/main","repo:org@12/app@34:ref:refs/heads/main","repo:org/web:ref:refs/heads/main","repo:org@12/web@56:ref:refs/heads/main"]}}"#
)]
fn several_repositories_are_one_statement(#[case] arguments: Arguments, #[case] condition: &str) {
    let made = arguments.compiled().unwrap();
    assert_eq!(document(&made.statement), format!("{HEAD}{condition}}}]}}"));
    assert_eq!(limits::check(&made.statement, &account(), Origin::Grant), []);
    let warned = made.warnings.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(warned.is_empty(), arguments.ids.is_some(), "{warned:?}");
    assert!(warned.iter().all(|text| text.ends_with("@ID behind each of repositories")));
}

#[rstest]
#[case::the_first("repo:org/app:ref:refs/heads/main", "34", true)]
#[case::the_second("repo:org/web:ref:refs/heads/main", "56", true)]
#[case::immutable("repo:org@12/web@56:ref:refs/heads/main", "56", true)]
#[case::id_of_another("repo:org@12/web@34:ref:refs/heads/main", "34", false)]
#[case::squatter("repo:org/web:ref:refs/heads/main", "99", false)]
#[case::another("repo:org/api:ref:refs/heads/main", "34", false)]
#[case::longer("repo:org/web2:ref:refs/heads/main", "56", false)]
fn each_of_several_repositories_is_that_one_alone(
    #[case] sub: &str,
    #[case] id: &str,
    #[case] allowed: bool,
) {
    let arguments = several(&["app@34", "web@56"], Some("12"));
    let claims = [("repository_owner_id", "12"), ("repository_id", id)];
    assert_eq!(lets_in(&arguments, sub, &claims), allowed);
}

#[rstest]
#[case::some_ids(
    several(&["app@34", "web"], Some("12")),
    "repositories: some entries have an id and some have none; write NAME@ID for each, or NAME for \
     each"
)]
#[case::no_id(
    several(&["app@"], None),
    "repositories[0]: \"\" is no id; write its digits in quotes"
)]
#[case::with_the_owner(
    several(&["app", "org/web"], None),
    "repositories[1]: \"org/web\" is no repository of GitHub; write one name without owner, of \
     letters, digits and ._-"
)]
#[case::a_pattern(
    several(&["app-*"], None),
    "repositories[0]: \"app-*\" is no repository of GitHub; write one name without owner, of \
     letters, digits and ._-"
)]
#[case::an_id_of_none(
    Arguments { ids: Some(("12", "stray")), ..several(&["app@34"], None) },
    "repositoryId: it says nothing of which of the repositories it is; write NAME@ID in \
     repositories"
)]
#[case::no_owner_id(
    Arguments { format: Some(SubjectFormat::Immutable), ..several(&["app@34"], None) },
    "subjectFormat: Immutable needs ownerId and repositoryId; add both, in repositories as \
     NAME@ID, or write Classic"
)]
#[case::no_repository_id(
    Arguments { format: Some(SubjectFormat::Both), ..several(&["app"], Some("12")) },
    "subjectFormat: Both needs ownerId and repositoryId; add both, in repositories as NAME@ID, or \
     write Classic"
)]
fn a_list_of_repositories_is_exact(#[case] arguments: Arguments, #[case] expected: &str) {
    assert_eq!(arguments.compiled().unwrap_err().to_string(), expected);
}

fn lets_in(arguments: &Arguments, sub: &str, more: &[(&str, &str)]) -> bool {
    let claims = [&[("aud", AUDIENCE), ("sub", sub)], more].concat();
    token(&arguments.statement(), ISSUER, &claims)
}

#[rstest]
#[case::itself("repo:org/app:ref:refs/heads/main", true)]
#[case::longer_branch("repo:org/app:ref:refs/heads/main2", false)]
#[case::branch_below("repo:org/app:ref:refs/heads/main/x", false)]
#[case::shorter_branch("repo:org/app:ref:refs/heads/mai", false)]
#[case::branch_in_other_case("repo:org/app:ref:refs/heads/Main", false)]
#[case::tag_for_branch("repo:org/app:ref:refs/tags/main", false)]
#[case::short_ref("repo:org/app:ref:main", false)]
#[case::environment_for_ref("repo:org/app:environment:main", false)]
#[case::environment_that_looks_like_it("repo:org/app:environment:x%3Aref%3Arefs/heads/main", false)]
#[case::pull_request("repo:org/app:pull_request", false)]
#[case::pull_ref("repo:org/app:ref:refs/pull/1/merge", false)]
#[case::fork("repo:evil/app:ref:refs/heads/main", false)]
#[case::sibling("repo:org/app-evil:ref:refs/heads/main", false)]
#[case::longer_owner("repo:org2/app:ref:refs/heads/main", false)]
#[case::owner_before("repo:evil-org/app:ref:refs/heads/main", false)]
#[case::repository_in_other_case("repo:org/App:ref:refs/heads/main", false)]
#[case::owner_in_other_case("repo:Org/app:ref:refs/heads/main", false)]
#[case::something_in_front("x:repo:org/app:ref:refs/heads/main", false)]
#[case::something_behind("repo:org/app:ref:refs/heads/main:x", false)]
#[case::immutable("repo:org@12/app@34:ref:refs/heads/main", false)]
#[case::empty("", false)]
fn a_branch_is_that_branch_alone(#[case] sub: &str, #[case] allowed: bool) {
    assert_eq!(lets_in(&Arguments::refs(&["refs/heads/main"]), sub, &[]), allowed);
}

#[rstest]
#[case::branch("repo:org/app:ref:refs/heads/release-1", true)]
#[case::nothing_for_the_star("repo:org/app:ref:refs/heads/release-", true)]
#[case::slashes("repo:org/app:ref:refs/heads/release-1/x", true)]
#[case::before_the_star("repo:org/app:ref:refs/heads/releas", false)]
#[case::other_branch("repo:org/app:ref:refs/heads/main", false)]
#[case::tag_of_the_name("repo:org/app:ref:refs/tags/release-1", false)]
#[case::tag("repo:org/app:ref:refs/tags/v1.2", true)]
#[case::branch_named_as_the_tag("repo:org/app:ref:refs/heads/v1.2", false)]
#[case::tag_in_other_case("repo:org/app:ref:refs/tags/V1", false)]
#[case::sibling("repo:org/app2:ref:refs/tags/v1", false)]
#[case::fork("repo:evil/app:ref:refs/tags/v1", false)]
#[case::pull_request("repo:org/app:pull_request", false)]
fn patterns_stay_inside_their_kind_of_ref(#[case] sub: &str, #[case] allowed: bool) {
    assert_eq!(
        lets_in(&Arguments::refs(&["refs/heads/release-*", "refs/tags/v*"]), sub, &[]),
        allowed
    );
}

#[rstest]
#[case::environment("repo:org/app:environment:prod", true)]
#[case::longer_name("repo:org/app:environment:prod2", false)]
#[case::other_case("repo:org/app:environment:Prod", false)]
#[case::encoded("repo:org/app:environment:Production%3AV1", true)]
#[case::not_encoded("repo:org/app:environment:Production:V1", false)]
#[case::branch_of_the_name("repo:org/app:ref:refs/heads/prod", false)]
#[case::pull_request("repo:org/app:pull_request", true)]
#[case::pull_request_of_a_sibling("repo:org/apple:pull_request", false)]
#[case::pull_request_and_more("repo:org/app:pull_request:x", false)]
#[case::pull_request_target("repo:org/app:pull_request_target", false)]
#[case::fork("repo:evil/app:pull_request", false)]
fn environments_and_pull_requests_are_exact(#[case] sub: &str, #[case] allowed: bool) {
    let arguments = Arguments {
        environments: list(&["prod", "Production:V1"]),
        pull_requests: true,
        ..Arguments::default()
    };
    assert_eq!(lets_in(&arguments, sub, &[]), allowed);
}

const CLASSIC: &str = "repo:org/app:ref:refs/heads/main";
const WITH_IDS: &str = "repo:org@12/app@34:ref:refs/heads/main";

#[rstest]
#[case::classic(None, CLASSIC, "12", "34", true)]
#[case::immutable(None, WITH_IDS, "12", "34", true)]
#[case::squatter_of_the_repository(None, CLASSIC, "12", "99", false)]
#[case::squatter_of_the_owner(None, CLASSIC, "99", "34", false)]
#[case::other_ids_in_the_subject(None, "repo:org@99/app@34:ref:refs/heads/main", "12", "34", false)]
#[case::longer_id(None, "repo:org@12/app@345:ref:refs/heads/main", "12", "345", false)]
#[case::renamed_repository(None, "repo:org@12/new@34:ref:refs/heads/main", "12", "34", false)]
#[case::hyphen_for_at(None, "repo:org-12/app-34:ref:refs/heads/main", "12", "34", false)]
#[case::both_is_the_default(Some(SubjectFormat::Both), WITH_IDS, "12", "34", true)]
#[case::classic_only(Some(SubjectFormat::Classic), WITH_IDS, "12", "34", false)]
#[case::classic_squatter(Some(SubjectFormat::Classic), CLASSIC, "12", "99", false)]
#[case::immutable_only(Some(SubjectFormat::Immutable), WITH_IDS, "12", "34", true)]
#[case::immutable_refuses_classic(Some(SubjectFormat::Immutable), CLASSIC, "12", "34", false)]
fn ids_pin_owner_and_repository_in_every_format(
    #[case] format: Option<SubjectFormat>,
    #[case] sub: &str,
    #[case] owner_id: &str,
    #[case] repository_id: &str,
    #[case] allowed: bool,
) {
    let arguments = Arguments { ids: PINNED, format, ..Arguments::refs(&["refs/heads/main"]) };
    let ids = [("repository_owner_id", owner_id), ("repository_id", repository_id)];
    assert_eq!(lets_in(&arguments, sub, &ids), allowed);
    assert!(!lets_in(&arguments, sub, &[]), "a token without ids");
}

#[rstest]
#[case::one_audience("sts.amazonaws.com", true)]
#[case::other_audience("https://github.com/org", false)]
#[case::longer_audience("sts.amazonaws.com.cn", false)]
#[case::other_case("STS.amazonaws.com", false)]
fn the_audience_is_exact(#[case] aud: &str, #[case] allowed: bool) {
    let made = Arguments::refs(&["refs/heads/*"]).statement();
    assert_eq!(token(&made, ISSUER, &[("aud", aud), ("sub", CLASSIC)]), allowed);
    assert!(!token(&made, ISSUER, &[("sub", CLASSIC)]), "no audience");
    assert!(!token(
        &made,
        "token.actions.githubusercontent.com/other",
        &[("aud", aud), ("sub", CLASSIC)]
    ));
}

#[rstest]
#[case::the_workflow("org/shared/.github/workflows/deploy.yml@refs/tags/v1", "octocat", true)]
#[case::other_tag("org/shared/.github/workflows/deploy.yml@refs/tags/w1", "octocat", false)]
#[case::branch_for_tag("org/shared/.github/workflows/deploy.yml@refs/heads/v1", "octocat", false)]
#[case::other_file("org/shared/.github/workflows/deploy2.yml@refs/tags/v1", "octocat", false)]
#[case::other_repository("org/app/.github/workflows/deploy.yml@refs/tags/v1", "octocat", false)]
#[case::other_actor("org/shared/.github/workflows/deploy.yml@refs/tags/v1", "octocat2", false)]
#[case::actor_in_other_case(
    "org/shared/.github/workflows/deploy.yml@refs/tags/v1",
    "Octocat",
    false
)]
#[case::bot("org/shared/.github/workflows/deploy.yml@refs/tags/v1", "bot-7", true)]
fn workflow_and_claims_narrow(#[case] workflow: &str, #[case] actor: &str, #[case] allowed: bool) {
    let arguments = Arguments {
        workflow: Some("org/shared/.github/workflows/deploy.yml@refs/tags/v*"),
        ..Arguments::refs(&["refs/heads/main"]).claim("actor", &["octocat", "bot-*"])
    };
    assert_eq!(
        lets_in(&arguments, CLASSIC, &[("job_workflow_ref", workflow), ("actor", actor)]),
        allowed
    );
    assert!(!lets_in(&arguments, CLASSIC, &[("job_workflow_ref", workflow)]), "no actor");
    assert!(!lets_in(&arguments, CLASSIC, &[("actor", actor)]), "no workflow");
}

#[rstest]
#[case(&["main"], "refs[0]: \"main\" is a short name; write \"refs/heads/main\"")]
#[case(&["refs/heads/main", "feature/x"], "refs[1]: \"feature/x\" is a short name; write \
    \"refs/heads/feature/x\"")]
#[case(&["heads/main"], "refs[0]: \"heads/main\" is a short name; write \"refs/heads/heads/main\"")]
#[case(
    &["refs/pull/1/merge"],
    "refs[0]: \"refs/pull/1/merge\" is a pull request, whose subject names no ref; write \
     pullRequests: true"
)]
#[case(&["*"], "refs[0]: \"*\" is no branch or tag; write refs/heads/NAME or refs/tags/NAME, with \
    * in NAME only")]
#[case(&["refs/*"], "refs[0]: \"refs/*\" is no branch or tag; write refs/heads/NAME or \
    refs/tags/NAME, with * in NAME only")]
#[case(&["refs/heads*"], "refs[0]: \"refs/heads*\" is no branch or tag; write refs/heads/NAME or \
    refs/tags/NAME, with * in NAME only")]
#[case(&["refs/heads/"], "refs[0]: \"refs/heads/\" is no branch or tag; write refs/heads/NAME or \
    refs/tags/NAME, with * in NAME only")]
#[case(&["refs/heads/a?"], "refs[0]: \"refs/heads/a?\" is no branch or tag; write refs/heads/NAME \
    or refs/tags/NAME, with * in NAME only")]
#[case(&["refs/heads/${x}"], "refs[0]: \"refs/heads/${x}\" is no branch or tag; write \
    refs/heads/NAME or refs/tags/NAME, with * in NAME only")]
#[case(&["refs/heads/a:b"], "refs[0]: \"refs/heads/a:b\" is no branch or tag; write \
    refs/heads/NAME or refs/tags/NAME, with * in NAME only")]
#[case(&[], "the grant names no jobs; add refs, environments or pullRequests")]
fn refs_that_cannot_match_are_refused_with_the_remedy(
    #[case] refs: &[&str],
    #[case] message: &str,
) {
    assert_eq!(Arguments::refs(refs).compiled().unwrap_err().to_string(), message);
}

#[rstest]
#[case("org*", "app")]
#[case("*", "app")]
#[case("org/x", "app")]
#[case("", "app")]
#[case("org", "app*")]
#[case("org", "*")]
#[case("org", "org/app")]
#[case("org", "ap?")]
#[case("org", "${x}")]
#[case("org", "app:ref")]
#[case("org@12", "app")]
#[case("org", "app@34")]
#[case("org", "..")]
fn owner_and_repository_are_exact_names(#[case] owner: &str, #[case] repository: &str) {
    let (refs, claims) = (list(&["refs/heads/main"]), BTreeMap::new());
    let grant = GithubGrant {
        owner,
        owner_id: None,
        repository: Some(repository),
        repository_id: None,
        repositories: &[],
        refs: &refs,
        environments: &[],
        pull_requests: false,
        reusable_workflow: None,
        subject_format: None,
        claims: &claims,
    };
    assert!(statement(&grant, &account()).is_err());
}

#[rstest]
#[case("event_name", &["push"], "claims.\"event_name\": IAM knows no such claim of GitHub, so it \
    could never match; write actor, actor_id, enterprise_id, environment, job_workflow_ref, ref, \
    repository, repository_id, repository_owner_id, workflow")]
#[case("actr", &["x"], "claims.\"actr\": IAM knows no such claim of GitHub, so it could never \
    match; write actor")]
#[case("repository_owner", &["org"], "claims.\"repository_owner\": IAM knows no such claim of \
    GitHub, so it could never match; write repository_owner_id")]
#[case("repository_id", &["34"], "claims.repository_id: another field says this; write \
    repositoryId")]
#[case("environment", &["prod"], "claims.environment: another field says this; write environments")]
#[case("job_workflow_ref", &["x"], "claims.job_workflow_ref: another field says this; write \
    reusableWorkflow")]
#[case("sub", &["repo:org/app:x"], "claims.sub: another field says this; write refs, environments \
    and pullRequests")]
#[case("actor", &[], "claims.actor: it has no values, so nothing could match; add one")]
#[case("actor", &["x", "*"], "claims.actor[1]: \"*\" matches anything; write more than wildcards")]
#[case("actor_id", &["octocat"], "claims.actor_id[0]: \"octocat\" is no id; write its digits in \
    quotes")]
#[case("ref", &["main"], "claims.ref[0]: \"main\" is no whole ref; write refs/heads/NAME or \
    refs/tags/NAME")]
#[case("workflow", &["a?"], "claims.workflow[0]: \"a?\" holds ?, which IAM takes for any \
    character; write the exact character, or * for any text")]
#[case("workflow", &["${aws:userid}"], "claims.workflow[0]: \"${aws:userid}\" holds $, which \
    begins a variable; write it without")]
fn claims_that_could_never_match_are_refused(
    #[case] name: &str,
    #[case] values: &[&str],
    #[case] message: &str,
) {
    let arguments = Arguments::refs(&["refs/heads/main"]).claim(name, values);
    assert_eq!(arguments.compiled().unwrap_err().to_string(), message);
}

#[rstest]
#[case("org/shared/.github/workflows/a.yml@refs/heads/main", true)]
#[case("org/shared/.github/workflows/a.yaml@refs/heads/*", true)]
#[case("org/shared/.github/workflows/a.yml@0123456789abcdef0123456789abcdef01234567", true)]
#[case("org/shared/.github/workflows/a.yml@main", false)]
#[case("org/shared/.github/workflows/a.yml@*", false)]
#[case("org/shared/.github/workflows/a.yml", false)]
#[case("org/shared/.github/workflows/*@refs/heads/main", false)]
#[case("org/shared/.github/workflows/*.yml@refs/heads/main", false)]
#[case("org/*/.github/workflows/a.yml@refs/heads/main", false)]
#[case("org/shared/workflows/a.yml@refs/heads/main", false)]
#[case("org/shared/.github/workflows/x/a.yml@refs/heads/main", false)]
#[case("", false)]
fn a_workflow_is_one_file_at_a_ref(#[case] workflow: &'static str, #[case] accepted: bool) {
    let arguments = Arguments { workflow: Some(workflow), ..Arguments::refs(&["refs/heads/main"]) };
    assert_eq!(arguments.compiled().is_ok(), accepted);
}

#[test]
fn names_without_ids_are_warned_of_and_forms_with_ids_need_both() {
    let warned = |ids| {
        !Arguments { ids, ..Arguments::refs(&["refs/heads/main"]) }
            .compiled()
            .unwrap()
            .warnings
            .is_empty()
    };
    assert!(warned(None));
    assert!(!warned(PINNED));
    for format in [SubjectFormat::Immutable, SubjectFormat::Both] {
        let arguments = Arguments { format: Some(format), ..Arguments::refs(&["refs/heads/main"]) };
        let error = arguments.compiled().unwrap_err();
        assert_eq!(error.pointer(), "/subjectFormat");
        assert!(error.message().ends_with(" needs ownerId and repositoryId"), "{error}");
    }
    let letters = Arguments { ids: Some(("org", "34")), ..Arguments::refs(&["refs/heads/main"]) };
    assert_eq!(
        letters.compiled().unwrap_err().to_string(),
        "ownerId: \"org\" is no id; write its digits in quotes"
    );
}

proptest! {
    #[test]
    fn whatever_is_accepted_names_this_repository_alone(
        refs in prop::collection::vec("(refs/heads/|refs/tags/|refs/)?[a-c*?:$@{}./ -]{0,6}", 0..3),
        environments in prop::collection::vec("[a-c*?:$@{}./ -]{0,6}", 0..3),
        owner in "(org|Org|org2|evil)", repository in "(app|app2|App|a)", tail in "[a-c:/.*-]{0,8}",
    ) {
        let arguments = Arguments { refs, environments, ..Arguments::default() };
        if let Ok(compiled) = arguments.compiled() {
            prop_assert_eq!(limits::check(&compiled.statement, &account(), Origin::Grant), []);
            document(&compiled.statement);
            let sub = format!("repo:{owner}/{repository}:ref:refs/heads/{tail}");
            let lets_in = token(&compiled.statement, ISSUER, &[("aud", AUDIENCE), ("sub", &sub)]);
            prop_assert!(!lets_in || (owner == "org" && repository == "app"), "{}", sub);
        }
    }
}
