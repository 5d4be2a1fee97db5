//! A role of an earlier version, for which braces had no meaning in conditions and pasted
//! documents.

use super::{
    brakes::{self, held, named},
    *,
};

/// A Deny outside of the own account.
fn guard(account: &str) -> String {
    let (name, document) = ("guard", guard_document(account));
    plain(&format!(
        r#""permissions":{{"inlinePolicies":[{{"name":"{name}","document":{document}}}]}}"#
    ))
}

fn guard_document(account: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{{"StringNotEquals":{{"aws:ResourceAccount":"{account}"}}}}}}]}}"#
    )
}

/// A role that the earlier version made of the same spec: it is as that was written, and so is the
/// hash in the status.
async fn upgraded() -> Rig {
    let mut rig = Rig::with(&guard("{accountId}")).await;
    rig.stop().await;
    rig.world.iam.put_inline(&role("x"), "guard", &guard_document("{accountId}"));
    let status = RoleStatus { desired_hash: Some("former".into()), ..rig.status("x") };
    rig.world.cluster.put_status(&key("x"), &status);
    rig.clear();
    rig
}

fn inline(rig: &Rig) -> String {
    rig.world.iam.get(&role("x")).unwrap().inline["guard"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_leaves_a_role_with_braces_as_it_is_and_says_what_to_write() {
    let mut rig = upgraded().await;
    // The first pass after the upgrade does not get through to AWS.
    rig.world.iam.fault(
        crate::sim::Rule::new(crate::sim::Fault::Error(
            crate::plan::failure::IamErrorClass::Unreachable,
        ))
        .on("GetRole")
        .times(1),
    );
    rig.start();
    rig.seconds(600).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "InvalidSpec", "{message}");
    let said = "spec.permissions.inlinePolicies[0].document.Statement[0].Condition.\
                StringNotEquals.aws:ResourceAccount: the role has \"{accountId}\" as it is written \
                here, and it stands for \"123456789012\" now: write \"{{accountId}}\" to leave the \
                role as it is, or \"123456789012\" to change it";
    assert!(message.starts_with(said), "{message}");
    rig.restart().await;
    rig.seconds(600).await;
    assert_eq!(rig.writes(), Vec::<&str>::new());
    // What was meant is written plainly.
    rig.apply("x", &guard("123456789012"));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    assert!(inline(&rig).contains("123456789012"));
}

#[tokio::test(start_paused = true)]
async fn with_doubled_braces_the_role_is_as_written_without_a_write() {
    let mut rig = upgraded().await;
    rig.start();
    rig.seconds(5).await;
    rig.apply("x", &guard("{{accountId}}"));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.writes(), Vec::<&str>::new());
}

#[tokio::test(start_paused = true)]
async fn once_it_is_carried_out_the_former_reading_is_drift() {
    let rig = Rig::with(&guard("{accountId}")).await;
    assert!(inline(&rig).contains("123456789012"));
    rig.world.iam.put_inline(&role("x"), "guard", &guard_document("{accountId}"));
    rig.a_sweep().await;
    assert!(inline(&rig).contains("123456789012"));
    assert!(rig.is_ready("x"));
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_with_another_setting_writes_to_none_of_many_roles_with_braces() {
    let mut rig = brakes::with(&[("a", 20)]).await;
    for number in 0..20 {
        rig.world.cluster.apply(&named("a", number), &guard("{accountId}")).unwrap();
    }
    rig.seconds(60).await;
    rig.stop().await;
    for number in 0..20 {
        let resource = rig.world.cluster.resource(&named("a", number)).unwrap();
        let status = RoleStatus { desired_hash: Some("former".into()), ..resource.status };
        rig.world.cluster.put_status(&named("a", number), &status);
        let role = format!("test-a_x{number:03}");
        assert!(rig.world.iam.put_inline(&role, "guard", &guard_document("{accountId}")));
    }
    rig.world.iam.add_policy("other");
    rig.limits.boundary =
        BoundaryRule::Always("arn:{partition}:iam::{accountId}:policy/other".into());
    rig.clear();
    rig.start();
    rig.seconds(120).await;
    rig.restart().await;
    rig.seconds(120).await;
    assert_eq!(rig.writes(), Vec::<&str>::new());
    assert_eq!(held(&rig, "InvalidSpec").len(), 20);
    // Who says what was meant gets all of it; the others wait on.
    rig.world.cluster.apply(&named("a", 0), &guard("{{accountId}}")).unwrap();
    rig.seconds(120).await;
    assert_eq!(rig.writes(), ["PutRolePermissionsBoundary"]);
    assert_eq!(held(&rig, "InvalidSpec").len(), 19);
}
