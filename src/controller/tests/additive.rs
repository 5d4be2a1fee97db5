use super::*;
use crate::api::kinds::iam_role::Applied;

const ADDITIVE: &str = r#""management":{"managedPolicies":"Additive","inlinePolicies":"Additive"}"#;

fn with_policy() -> String {
    plain(&format!(
        r#""permissions":{{"managedPolicies":["{AUDIT}"],"inlinePolicies":[{READ}]}},{ADDITIVE}"#
    ))
}

#[tokio::test(start_paused = true)]
async fn what_we_wrote_and_no_longer_want_goes_and_what_others_added_stays() {
    let rig = Rig::with(&with_policy()).await;
    rig.world.iam.attach(&role("x"), READ_ONLY);
    rig.world.iam.put_inline(
        &role("x"),
        "theirs",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#,
    );
    rig.world.iam.tag(&role("x"), "theirs", "1");
    rig.a_sweep().await;
    assert_eq!(rig.calls(), [""; 0]);
    rig.apply("x", &plain(ADDITIVE));
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["DeleteRolePolicy", "DetachRolePolicy"]);
    let left = rig.world.iam.get(&role("x")).unwrap();
    assert!(
        left.attached.contains(READ_ONLY)
            && left.inline.contains_key("theirs")
            && left.tags.contains_key("theirs")
    );
    assert_eq!(rig.status("x").applied.unwrap().managed_policies, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn names_are_saved_before_the_write_so_that_a_crash_in_between_leaves_nothing_behind() {
    let mut rig = Rig::with(&plain(ADDITIVE)).await;
    rig.apply("x", &with_policy());
    // Finalizer and first status are there: the next writes are the status with the names, then the
    // calls.
    rig.world
        .iam
        .fault(crate::sim::Rule::new(crate::sim::Fault::Stop { after: true }).on("PutRolePolicy"));
    rig.world.crash.crashed().await;
    rig.kill().await;
    rig.world.iam.clear_faults();
    rig.world.restart();
    rig.apply("x", &plain(ADDITIVE));
    rig.start();
    rig.seconds(10).await;
    let left = rig.world.iam.get(&role("x")).unwrap();
    assert!(left.attached.is_empty() && left.inline.is_empty(), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_record_fails_towards_leaving_and_is_reported() {
    let mut rig = Rig::with(&with_policy()).await;
    rig.stop().await;
    rig.world.cluster.rebuild();
    rig.clear();
    rig.apply("x", &plain(ADDITIVE));
    rig.start();
    rig.seconds(10).await;
    assert_eq!(
        rig.status("x").applied.unwrap(),
        Applied { tags: rig.status("x").applied.unwrap().tags, ..Applied::default() }
    );
    let left = rig.world.iam.get(&role("x")).unwrap();
    assert!(left.attached.contains(AUDIT) && left.inline.contains_key("read"));
    let notes: Vec<_> =
        rig.world.cluster.notices().into_iter().map(|published| published.notice.note).collect();
    assert!(
        notes.iter().any(|note| note.contains("which stays") && note.contains(AUDIT)),
        "{notes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn drift_of_our_own_items_is_corrected_also_where_others_may_add() {
    let rig = Rig::with(&with_policy()).await;
    rig.world.iam.detach(&role("x"), AUDIT);
    rig.world.iam.attach(&role("x"), READ_ONLY);
    rig.a_sweep().await;
    assert_eq!(rig.writes(), ["AttachRolePolicy"]);
}
