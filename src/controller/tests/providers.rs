//! Identity providers that a trust policy names: AWS takes it whether they are there or not, so the
//! resource says when they are not.

use super::*;
use crate::{
    api::RECONCILE_REQUESTED_AT,
    plan::failure::IamErrorClass,
    sim::{Fault, Rule},
};

const CLUSTER: &str = "oidc.example.org/id/1";
const GITHUB: &str = "token.actions.githubusercontent.com";
const OIDC: &str = "GetOpenIDConnectProvider";
const SAML: &str = "GetSAMLProvider";
/// Pods of the cluster.
const PODS: &str = r#"{"trust":[{"name":"pods","serviceAccount":{"name":"pod"}}]}"#;
const JOBS: &str = r#"{"trust":[{"name":"ci","githubActions":{"owner":"o","ownerId":"1",
    "repository":"r","repositoryId":"2","refs":["refs/heads/main"]}}]}"#;
const PEOPLE: &str = r#"{"trust":[{"name":"people","saml":{
    "providerArn":"arn:{partition}:iam::{accountId}:saml-provider/people",
    "attributes":{"sub":["alice@example.org"]}}}]}"#;
/// The same as a statement.
const WRITTEN: &str = r#"{"trust":[{"name":"ci","statement":{"effect":"Allow",
    "principals":{"Federated":["arn:{partition}:iam::{accountId}:oidc-provider/ci.example.org"]},
    "actions":["sts:AssumeRoleWithWebIdentity"],"conditions":{"StringEquals":{
        "ci.example.org:aud":["sts.amazonaws.com"],"ci.example.org:sub":["job"]}}}}]}"#;

fn rig() -> Rig {
    let mut rig = Rig::without_windows();
    rig.start();
    rig
}

fn asked(rig: &Rig, action: &str) -> usize {
    rig.world.iam.calls().iter().filter(|call| call.action == action).count()
}

fn told(rig: &Rig) -> Vec<(bool, &'static str)> {
    let notices = rig.world.cluster.notices().into_iter().map(|published| published.notice);
    notices
        .filter(|notice| ["ProviderUnusable", "Reconciled"].contains(&notice.reason))
        .map(|notice| (notice.warning, notice.reason))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_not_there_is_told_until_it_is_and_the_role_is_made_all_the_same() {
    let rig = rig();
    for (name, spec, says, make) in [
        ("pods", PODS, "no OIDC provider", Some(CLUSTER)),
        ("jobs", JOBS, "no OIDC provider", Some(GITHUB)),
        ("people", PEOPLE, "no SAML provider", None),
        ("written", WRITTEN, "no OIDC provider", Some("ci.example.org")),
    ] {
        rig.clear();
        rig.apply(name, spec);
        rig.seconds(5).await;
        assert!(rig.is_ready(name) && rig.world.iam.get(&role(name)).is_some(), "{name}");
        let (reason, message) = rig.ready(name);
        assert_eq!(reason, "ProviderUnusable", "{name}: {message}");
        assert!(message.contains(says) && message.contains("is as written"), "{message}");
        assert_eq!(told(&rig), [(true, "ProviderUnusable")], "{name}");
        rig.seconds(600).await;
        assert_eq!(told(&rig).len(), 1, "{name}: told once");
        match make {
            Some(provider) => rig.world.iam.add_oidc_provider(provider, &["sts.amazonaws.com"]),
            None => rig.world.iam.add_saml_provider("people"),
        }
        rig.clear();
        rig.seconds(720).await;
        assert_eq!(rig.ready(name).0, "Reconciled", "{name}");
        assert_eq!(told(&rig), [(false, "Reconciled")], "{name}");
        assert_eq!(rig.writes(), [""; 0], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_list_the_audience_is_told_until_it_does() {
    let rig = rig();
    rig.world.iam.add_oidc_provider(GITHUB, &["other"]);
    rig.apply("x", JOBS);
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "ProviderUnusable");
    assert!(message.contains("(audience) sts.amazonaws.com, so AWS refuses"), "{message}");
    // What is wrong becomes something else, and is told as it is.
    rig.world.iam.remove_oidc_provider(GITHUB);
    rig.seconds(720).await;
    assert!(rig.ready("x").1.contains("no OIDC provider"), "{:?}", rig.ready("x"));
    rig.world.iam.add_oidc_provider(GITHUB, &["other", "sts.amazonaws.com"]);
    rig.seconds(720).await;
    assert_eq!(rig.ready("x").0, "Reconciled");
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_asked_for_once_and_not_in_every_pass() {
    let mut rig = Rig::new();
    rig.world.iam.add_oidc_provider(CLUSTER, &["sts.amazonaws.com"]);
    rig.start();
    for number in 0..10 {
        rig.apply(&format!("r{number}"), PODS);
    }
    rig.seconds(300).await;
    assert!((0..10).all(|number| rig.ready(&format!("r{number}")).0 == "Reconciled"));
    assert_eq!(asked(&rig, OIDC), 1);
    // Passes of all kinds go by what is known.
    for number in 0..10 {
        rig.world.iam.set_description(&role(&format!("r{number}")), Some("other"));
    }
    rig.seconds(1_200).await;
    assert_eq!(asked(&rig, OIDC), 1);
    // At rest it is once an hour.
    rig.clear();
    rig.seconds(3 * 3_600).await;
    assert!((2..=4).contains(&asked(&rig, OIDC)), "{}", asked(&rig, OIDC));
    assert_eq!(rig.world.cluster.counts().total(), 0);
    // One that is deleted is noticed with that, by all who count on it.
    rig.world.iam.remove_oidc_provider(CLUSTER);
    rig.seconds(3_900).await;
    assert!((0..10).all(|number| rig.ready(&format!("r{number}")).0 == "ProviderUnusable"));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_stays_missing_is_asked_for_ever_more_seldom_whoever_waits_for_it() {
    let rig = rig();
    for number in 0..10 {
        rig.apply(&format!("r{number}"), PODS);
    }
    rig.seconds(30).await;
    rig.clear();
    rig.seconds(3_600).await;
    assert!((6..=9).contains(&asked(&rig, OIDC)), "{}", asked(&rig, OIDC));
    assert_eq!(rig.calls().len(), asked(&rig, OIDC), "no resource is looked at for it");
    assert_eq!(rig.world.cluster.counts().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_with_many_providers_that_are_not_there_holds_no_sweep_up() {
    let mut rig = rig();
    rig.apply("own", &whole());
    for number in 0..40 {
        let grants = (0..5).map(|n| {
            format!(
                r#"{{"name":"g{n}","oidc":{{"issuer":"https://n{number}-{n}.example.org",
                    "audiences":["a"],"subjects":["app:x:y"]}}}}"#
            )
        });
        let grants: Vec<String> = grants.collect();
        rig.apply(&format!("r{number}"), &format!(r#"{{"trust":[{}]}}"#, grants.join(",")));
    }
    rig.seconds(30).await;
    assert_eq!(rig.ready("r7").0, "ProviderUnusable");
    // A pass asks on behalf of its namespace.
    let calls = rig.world.iam.calls();
    let theirs = calls.iter().filter(|call| call.action == OIDC);
    assert!(theirs.clone().count() >= 200);
    let sweeps = theirs.filter(|call| call.tenant == crate::ports::Tenant::Sweeps).count();
    assert!(sweeps <= 20, "{sweeps}");
    // A sweep asks for a few, before and after a restart.
    for _ in 0..2 {
        rig.clear();
        rig.seconds(1_200).await;
        let calls = rig.world.iam.calls();
        let begins = calls.iter().filter(|call| call.action == "ListRoles").count();
        assert!((18..=21).contains(&begins), "a sweep a minute: {begins}");
        let each = calls.split(|call| call.action == "ListRoles");
        let most = each.map(|sweep| sweep.iter().filter(|call| call.action == OIDC).count()).max();
        assert!(most.is_some_and(|most| (1..=20).contains(&most)), "{most:?}");
        rig.clear();
        rig.world.iam.set_description(&role("own"), Some("other"));
        rig.a_sweep().await;
        assert_eq!(rig.writes(), ["UpdateRole"], "drift is corrected in its time");
        rig.restart().await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_asked_of_a_provider_none_is_read() {
    let rig = rig();
    rig.apply("x", &whole());
    rig.seconds(300).await;
    assert_eq!((asked(&rig, OIDC), asked(&rig, SAML)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_and_a_change_are_answered_at_once() {
    let rig = rig();
    rig.apply("x", PODS);
    rig.seconds(10).await;
    assert_eq!(rig.ready("x").0, "ProviderUnusable");
    rig.world.iam.add_oidc_provider(CLUSTER, &["sts.amazonaws.com"]);
    rig.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("now"));
    rig.seconds(2).await;
    assert_eq!(rig.ready("x").0, "Reconciled");
}

#[tokio::test(start_paused = true)]
async fn a_denied_or_failed_read_says_nothing_wrong_and_holds_nothing_up() {
    let rig = rig();
    rig.world.iam.deny(OIDC);
    rig.world.iam.deny(SAML);
    rig.apply("x", PODS);
    rig.apply("y", PEOPLE);
    rig.seconds(5).await;
    assert_eq!((rig.ready("x").0, rig.ready("y").0), ("Reconciled".into(), "Reconciled".into()));
    rig.seconds(1_800).await;
    assert_eq!((asked(&rig, OIDC), asked(&rig, SAML)), (1, 1), "a denial lasts");
    // Once somebody may read it, what is wrong is told.
    rig.world.iam.allow(OIDC);
    rig.seconds(3_600).await;
    assert_eq!(
        (rig.ready("x").0, rig.ready("y").0),
        ("ProviderUnusable".into(), "Reconciled".into())
    );

    // What was known stays so while AWS can't be asked.
    rig.clear();
    let failure = Fault::Error(IamErrorClass::ServerError);
    rig.world.iam.fault(Rule::new(failure).on(OIDC).always());
    rig.world.iam.set_description(&role("x"), Some("other"));
    rig.seconds(600).await;
    assert_eq!((rig.writes(), rig.ready("x").0), (vec!["UpdateRole"], "ProviderUnusable".into()));
    assert_eq!(told(&rig), []);
}

#[tokio::test(start_paused = true)]
async fn a_restart_neither_tells_it_again_nor_forgets_to_take_it_back() {
    let mut rig = rig();
    rig.apply("x", PODS);
    rig.seconds(5).await;
    rig.clear();
    rig.restart().await;
    rig.seconds(300).await;
    assert_eq!(rig.world.cluster.counts().total(), 0);
    assert_eq!((told(&rig), rig.ready("x").0), (vec![], "ProviderUnusable".into()));
    rig.stop().await;
    rig.world.iam.add_oidc_provider(CLUSTER, &["sts.amazonaws.com"]);
    rig.start();
    rig.seconds(5).await;
    assert_eq!(rig.ready("x").0, "Reconciled");
    rig.clear();
    rig.restart().await;
    rig.seconds(300).await;
    assert_eq!((asked(&rig, OIDC), rig.world.cluster.counts().total()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn each_account_is_asked_for_its_own() {
    let mut rig = Rig::without_windows();
    let other = Account::new("210987654321", PARTITION).unwrap();
    rig.others.push((other, rig.world.iam.another("210987654321")));
    rig.world.iam.add_oidc_provider(CLUSTER, &["sts.amazonaws.com"]);
    rig.start();
    rig.apply("x", PODS);
    rig.seconds(200).await;
    assert_eq!(rig.ready("x").0, "Reconciled");
    let theirs = rig.others[0].1.calls();
    assert!(theirs.iter().all(|call| call.action != OIDC), "{theirs:?}");
}
