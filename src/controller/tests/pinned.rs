//! Who can write a status does not choose with it under which name and path a role is created.

use rstest::rstest;

use super::*;
use crate::api::PAUSED;

fn pin(rig: &Rig, of: &ResourceKey, name: Option<&str>, path: Option<&str>) {
    let status = rig.world.cluster.resource(of).expect("the resource exists").status;
    let pinned =
        RoleStatus { role_name: name.map(str::to_owned), path: path.map(str::to_owned), ..status };
    rig.world.cluster.put_status(of, &pinned);
}

#[rstest]
#[case::name(Some("OrganizationAccountAccess"), None, "status.roleName: OrganizationAccount")]
#[case::name_of_another_namespace(Some("test-b_x"), None, "begins with test-a_")]
#[case::letter_case(Some("TEST-a_x"), None, "status.roleName: TEST-a_x is pinned")]
#[case::path(None, Some("/admin/"), "status.path: /admin/ is pinned")]
#[case::no_path(None, Some("/teams/x"), "status.path: /teams/x is pinned")]
#[case::both(Some("Admin"), Some("/"), "status.path: / is pinned")]
#[tokio::test(start_paused = true)]
async fn no_role_is_created_under_a_name_or_path_that_is_only_pinned(
    #[case] name: Option<&str>,
    #[case] path: Option<&str>,
    #[case] words: &str,
) {
    let mut rig = Rig::without_windows();
    rig.limits.path_prefix = "/teams/".into();
    rig.start();
    rig.world.cluster.apply(&key("x"), &plain("")).unwrap();
    rig.world.cluster.annotate(&key("x"), PAUSED, Some("true"));
    rig.seconds(5).await;
    pin(&rig, &key("x"), name, path);
    rig.clear();
    rig.world.cluster.annotate(&key("x"), PAUSED, None);
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "BeyondLimits", "{message}");
    assert!(message.contains(words), "{message}");
    assert!(message.contains("delete this IAMRole and apply it again"), "{message}");
    assert!(rig.has("x", "Stalled"));
    assert_eq!(rig.writes(), [""; 0]);
    // Said once, also after a restart.
    rig.clear();
    rig.restart().await;
    rig.seconds(600).await;
    assert_eq!((rig.writes(), rig.world.cluster.counts().total()), (Vec::new(), 0));
    // The remedy.
    rig.world.cluster.delete(&key("x"));
    rig.seconds(5).await;
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.world.iam.get(&role("x")).expect("the role").path, "/teams/");
}

#[tokio::test(start_paused = true)]
async fn a_role_outside_of_a_prefix_that_has_changed_is_kept_and_not_made_again() {
    let mut rig = Rig::with(&plain("")).await;
    rig.stop().await;
    rig.limits.role_name_prefix = "new-".into();
    rig.start();
    rig.apply("x", &plain(r#""description":"d""#));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().description.as_deref(), Some("d"));
    rig.world.iam.remove(&role("x"));
    rig.a_sweep().await;
    assert_eq!(rig.ready("x").0, "BeyondLimits");
    assert_eq!((rig.status("x").role_id, rig.status("x").arn), (None, None));
    assert!(rig.world.iam.get(&role("x")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_only_a_status_makes_keeps_nobody_from_a_name() {
    let mut rig = Rig::without_windows();
    rig.start();
    let squatter = ResourceKey { namespace: "b".into(), name: "s".into() };
    rig.world.cluster.apply(&squatter, &plain("")).unwrap();
    rig.world.cluster.annotate(&squatter, PAUSED, Some("true"));
    rig.seconds(5).await;
    pin(&rig, &squatter, Some(&role("x")), None);
    rig.seconds(5).await;
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
}

#[tokio::test(start_paused = true)]
async fn a_long_default_name_is_in_scope_also_where_it_is_pinned() {
    let mut rig = Rig::without_windows();
    rig.limits.role_name_prefix = "a-prefix-of-thirty-two-letters--".into();
    rig.start();
    let long = ResourceKey { namespace: "n".repeat(63), name: "x".into() };
    rig.world.cluster.apply(&long, &plain("")).unwrap();
    rig.seconds(5).await;
    let made = rig.world.cluster.resource(&long).expect("the resource").status.role_name;
    let made = made.expect("a role was made");
    rig.world.iam.remove(&made);
    rig.a_sweep().await;
    rig.a_sweep().await;
    assert!(rig.world.iam.get(&made).is_some(), "it is made again");
}
