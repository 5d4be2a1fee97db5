//! Default names over 64 characters: their form, and the one that earlier versions gave.

use super::*;
use crate::{api::resource::Resource, sim::RoleState};
use iam::{name, tag};

/// Of a resource whose default name does not fit.
fn long() -> ResourceKey {
    key(&format!("reader-{}", "x".repeat(60)))
}

fn now(key: &ResourceKey) -> String {
    name::default_role_name("test-", &key.namespace, &key.name)
}

fn former(key: &ResourceKey) -> String {
    name::former_role_name("test-", &key.namespace, &key.name).expect("it does not fit")
}

/// A role of the former name as an earlier version left it, for the resource of this key.
fn left_by_an_earlier_version(rig: &Rig, owner: &str) -> RoleState {
    let mut state = RoleState::new(&former(&long()));
    let tags = [(tag::INSTALLATION, "test"), (tag::RESOURCE, owner), (tag::UID, "of-before")];
    state.tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    rig.world.iam.put_role(state);
    rig.world.iam.get(&former(&long())).expect("the role")
}

fn resource(rig: &Rig) -> Resource {
    rig.world.cluster.resource(&long()).expect("the resource exists")
}

fn started() -> Rig {
    let mut rig = Rig::without_windows();
    rig.start();
    rig
}

#[tokio::test(start_paused = true)]
async fn a_long_name_costs_one_more_read_until_it_is_pinned_and_others_none() {
    let mut rig = started();
    rig.apply("x", &plain(""));
    rig.seconds(5).await;
    assert_eq!(rig.calls(), ["GetRole", "CreateRole"]);
    rig.clear();
    rig.world.cluster.apply(&long(), &plain("")).unwrap();
    rig.seconds(5).await;
    assert_eq!(rig.calls(), ["GetRole", "GetRole", "CreateRole"]);
    assert_eq!(resource(&rig).status.role_name, Some(now(&long())));
    rig.clear();
    rig.restart().await;
    rig.world.cluster.apply(&long(), &plain(r#""description":"d""#)).unwrap();
    rig.seconds(5).await;
    let reads = ["GetRole", "ListAttachedRolePolicies", "ListRolePolicies"];
    assert_eq!(rig.calls(), [&reads[..], &["UpdateRole"]].concat());
}

#[tokio::test(start_paused = true)]
async fn a_role_under_its_former_name_is_kept_there_when_it_is_ours() {
    let rig = started();
    let before = left_by_an_earlier_version(&rig, &long().to_string());
    rig.world.cluster.apply(&long(), &plain("")).unwrap();
    rig.seconds(5).await;
    let status = resource(&rig).status;
    assert!(conditions::is_ready(&status, 1), "{status:?}");
    assert_eq!((status.role_name, status.role_id), (Some(former(&long())), Some(before.role_id)));
    assert!(rig.world.iam.get(&now(&long())).is_none(), "no second role");
    // Sweeps know it under that name.
    rig.world.iam.set_description(&former(&long()), Some("by hand"));
    rig.a_sweep().await;
    assert_eq!(rig.world.iam.get(&former(&long())).unwrap().description, None);
    // And it goes with its resource.
    rig.world.cluster.delete(&long());
    rig.seconds(5).await;
    assert_eq!(rig.world.iam.roles(), []);
}

#[tokio::test(start_paused = true)]
async fn a_role_under_the_former_name_that_is_another_resources_is_left() {
    let rig = started();
    let before = left_by_an_earlier_version(&rig, "b/somebody");
    rig.world.cluster.apply(&long(), &plain("")).unwrap();
    rig.seconds(5).await;
    assert_eq!(resource(&rig).status.role_name, Some(now(&long())));
    assert!(conditions::is_ready(&resource(&rig).status, 1));
    assert_eq!(rig.world.iam.get(&former(&long())), Some(before));
}

#[tokio::test(start_paused = true)]
async fn a_role_under_the_former_name_goes_with_a_resource_that_lost_its_status() {
    let mut rig = started();
    left_by_an_earlier_version(&rig, &long().to_string());
    rig.world.cluster.apply(&long(), &plain("")).unwrap();
    rig.seconds(5).await;
    rig.stop().await;
    // As restored from a backup: with the finalizer, without the status.
    rig.world.cluster.put_status(&long(), &RoleStatus::default());
    rig.world.cluster.delete(&long());
    rig.start();
    rig.seconds(5).await;
    assert_eq!(rig.world.iam.roles(), []);
    assert!(rig.world.cluster.resource(&long()).is_none());
}

/// The name of a long one need not begin as others have to, and may be written down.
#[tokio::test(start_paused = true)]
async fn a_default_name_is_in_scope_also_where_it_is_given() {
    let rig = started();
    let key = ResourceKey { namespace: "n".repeat(60), name: "x".into() };
    assert!(!now(&key).starts_with(&format!("test-{}_", key.namespace)));
    rig.world.cluster.apply(&key, &plain("")).unwrap();
    rig.seconds(5).await;
    let spec = plain(&format!(r#""roleName":"{}""#, now(&key)));
    rig.world.cluster.apply(&key, &spec).unwrap();
    rig.seconds(5).await;
    let resource = rig.world.cluster.resource(&key).expect("the resource exists");
    assert!(conditions::is_ready(&resource.status, 2), "{:?}", resource.status);
    assert_eq!(rig.world.iam.roles().len(), 1);
}
