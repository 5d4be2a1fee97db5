//! Two accounts that hold roles of the same names.

use iam::account::Account;

use super::{LAMBDA, Rig, key, plain, role};
use crate::{
    api::RoleStatus,
    plan::failure::IamErrorClass,
    sim::{FakeIam, Fault, Rule},
};

const OTHER: &str = "210987654321";

/// A rig that keeps a second account, and a resource `y` that is pinned to it. Both resources name
/// one role.
async fn two() -> (Rig, FakeIam) {
    let mut rig = Rig::without_windows();
    let account = Account::new(OTHER, "aws").unwrap();
    let other = rig.world.iam.another(OTHER);
    other.add_policy("boundary");
    rig.others.push((account, other.clone()));
    rig.apply("y", &named("a"));
    let pinned = RoleStatus { account_id: Some(OTHER.into()), ..rig.status("y") };
    rig.world.cluster.put_status(&key("y"), &pinned);
    rig.start();
    rig.apply("x", &named("b"));
    rig.seconds(5).await;
    for name in ["x", "y"] {
        assert!(rig.is_ready(name), "{name}: {:?}", rig.status(name));
    }
    rig.clear();
    other.clear_log();
    (rig, other)
}

/// A spec with the one role name, and a description.
fn named(description: &str) -> String {
    plain(&format!(r#""roleName":"{}","description":"{description}""#, role("x")))
}

#[tokio::test(start_paused = true)]
async fn roles_of_one_name_in_two_accounts_are_two_roles() {
    let (rig, other) = two().await;
    let of = |iam: &FakeIam| iam.get(&role("x")).expect("the role").description;
    assert_eq!((of(&rig.world.iam).as_deref(), of(&other).as_deref()), (Some("b"), Some("a")));
    assert_eq!(rig.status("y").arn.unwrap(), format!("arn:aws:iam::{OTHER}:role/{}", role("x")));
    // At rest each is swept on its own, and neither takes the other's role for its own.
    rig.a_sweep().await;
    assert_eq!((rig.writes(), other.writes().len()), (vec![""; 0], 0));
    assert_eq!(rig.world.cluster.counts(), crate::sim::cluster::WriteCounts::default());
}

#[tokio::test(start_paused = true)]
async fn drift_in_one_account_is_corrected_there() {
    let (rig, other) = two().await;
    other.set_description(&role("x"), Some("by hand"));
    rig.a_sweep().await;
    assert_eq!(other.get(&role("x")).unwrap().description.as_deref(), Some("a"));
    assert_eq!(rig.writes(), [""; 0], "the other account is left alone");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_gone_in_one_account_is_not_looked_for_in_the_other() {
    let (rig, other) = two().await;
    other.remove(&role("x"));
    rig.a_sweep().await;
    rig.a_sweep().await;
    assert!(other.get(&role("x")).is_some(), "it is made again");
    assert_eq!(rig.writes(), [""; 0]);
    rig.world.cluster.delete(&key("y"));
    rig.seconds(5).await;
    assert!(other.get(&role("x")).is_none() && rig.world.iam.get(&role("x")).is_some());
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_denied_is_its_own_trouble() {
    let (mut rig, other) = two().await;
    rig.stop().await;
    let denied = Fault::Error(IamErrorClass::AccessDenied);
    other.fault(Rule::new(denied).on("GetAccountAuthorizationDetails").always());
    rig.start();
    rig.a_sweep().await;
    rig.world.iam.set_description(&role("x"), Some("by hand"));
    rig.a_sweep().await;
    assert_eq!(
        rig.world.iam.get(&role("x")).unwrap().description.as_deref(),
        Some("b"),
        "the account that answers is kept"
    );
    let text = rig.metrics.text();
    for line in [
        format!(r#"rolewright_sweeps_total{{account="{OTHER}",result="complete"}}"#),
        r#"rolewright_sweeps_total{account="123456789012",result="complete"}"#.to_owned(),
    ] {
        assert!(text.contains(&line), "{line}: {text}");
    }
    assert!(rig.is_running(), "the process goes on");
}

#[tokio::test(start_paused = true)]
async fn when_no_account_can_be_swept_the_process_ends() {
    let (mut rig, other) = two().await;
    rig.stop().await;
    for iam in [&rig.world.iam, &other] {
        let denied = Fault::Error(IamErrorClass::AccessDenied);
        iam.fault(Rule::new(denied).on("GetAccountAuthorizationDetails").always());
    }
    rig.start();
    rig.seconds(5).await;
    assert!(rig.ended().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_role_trusts_a_role_of_the_other_account_that_has_the_name_of_its_own() {
    let (rig, _) = two().await;
    let arn = format!("arn:aws:iam::{OTHER}:role/{}", role("x"));
    let trust = format!(
        r#"{{"trust":[{LAMBDA},{{"name":"p","principals":{{"arns":["{arn}"]}}}}],"roleName":"{}"}}"#,
        role("x")
    );
    rig.apply("x", &trust);
    rig.seconds(5).await;
    // Principals of other accounts are beyond the limits: nobody is let in by the equal name.
    assert_eq!(rig.ready("x").0, "InvalidSpec");
}
