//! Accidents that could take every role, by count: none goes that was not asked for one by one.

use super::{
    brakes::{held, named, with},
    *,
};
use crate::sim::World;

#[tokio::test(start_paused = true)]
async fn an_empty_list_and_a_short_one_remove_nothing() {
    for left in [0, 7] {
        let rig = with(&[("a", 20)]).await;
        let whole = rig.world.cluster.backup();
        for number in left..20 {
            rig.world.cluster.vanish(&named("a", number));
        }
        rig.world.cluster.break_watch();
        rig.seconds(900).await;
        assert_eq!((rig.writes(), rig.world.iam.roles().len()), (vec![], 20));
        // When the list is whole again, each has its role.
        rig.world.cluster.restore(&whole);
        rig.seconds(120).await;
        assert_eq!((rig.writes(), rig.world.iam.roles().len()), (vec![], 20));
    }
}

#[tokio::test(start_paused = true)]
async fn another_prefix_and_another_path_move_and_remove_nothing() {
    let mut rig = with(&[("a", 20)]).await;
    rig.stop().await;
    rig.limits.role_name_prefix = "other-".into();
    rig.limits.path_prefix = "/other/".into();
    rig.start();
    rig.seconds(300).await;
    assert_eq!((rig.writes(), rig.world.iam.roles().len()), (vec![], 20));
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_may_not_delete_strips_no_role() {
    let rig = with(&[("a", 20)]).await;
    for number in 0..20 {
        rig.world.iam.attach(&format!("test-a_x{number:03}"), READ_ONLY);
    }
    rig.world.iam.deny("DeleteRole");
    for number in 0..10 {
        assert!(rig.world.cluster.delete(&named("a", number)));
    }
    rig.seconds(900).await;
    let attached = |role: &crate::sim::RoleState| role.attached.len();
    assert_eq!(rig.world.iam.roles().len(), 20);
    assert!(rig.world.iam.roles().iter().take(10).all(|role| attached(role) == 1));
    assert_eq!(held(&rig, "DeletionBlocked").len(), 10);
}

#[tokio::test(start_paused = true)]
async fn the_old_cluster_of_two_is_taken_down_without_its_roles() {
    let mut rig = with(&[("a", 20)]).await;
    // A second cluster with the same resources and the same installation takes the roles up.
    let world = World::new();
    let second = World { iam: rig.world.iam.client(world.crash.clone()), ..world };
    let mut other = Rig::without_windows();
    other.limits.clone_from(&rig.limits);
    other.world = second;
    // Its objects have uids of their own.
    for number in 0..40 {
        other.world.cluster.apply(&named("z", number), &plain("")).unwrap();
        other.world.cluster.vanish(&named("z", number));
    }
    for number in 0..20 {
        other.world.cluster.apply(&named("a", number), &plain("")).unwrap();
    }
    other.start();
    other.seconds(120).await;
    rig.clear();
    for number in 0..20 {
        assert!(rig.world.cluster.delete(&named("a", number)));
    }
    rig.seconds(300).await;
    assert_eq!(rig.world.iam.roles().len(), 20);
    assert!(!rig.writes().contains(&"DeleteRole"));
    assert_eq!(rig.world.cluster.resources().len(), 0, "what has another's uid is let go");
    rig.stop().await;
    other.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stopping_for_good_removes_nothing() {
    let mut rig = with(&[("a", 20)]).await;
    rig.stop().await;
    rig.world.cluster.delete_lease();
    rig.seconds(3_600).await;
    assert_eq!((rig.writes(), rig.world.iam.roles().len()), (vec![], 20));
}
