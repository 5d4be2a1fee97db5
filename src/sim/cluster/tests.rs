//! The fake of the API server is held to what kube-apiserver 1.37.2 did.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use rstest::rstest;
use tokio::time::timeout;

use crate::sim::{FakeCluster, world::World};
use crate::{
    api::{
        PAUSED, RECONCILE_REQUESTED_AT, ResourceKey, RoleStatus, kinds::iam_role::IamRole,
        object::WatchEvent, resource::Resource,
    },
    plan::{failure::ClusterError, say::notice::Notice},
    ports::{Clock, Events, Objects},
};

fn key() -> ResourceKey {
    ResourceKey { namespace: "team".into(), name: "app".into() }
}

fn applied(cluster: &FakeCluster) -> Resource {
    cluster.apply(&key(), r#"{"roleName": "app", "trust": []}"#).unwrap()
}

fn status(role_name: &str) -> RoleStatus {
    RoleStatus { role_name: Some(role_name.into()), ..RoleStatus::default() }
}

/// What the watch has to say now, in short.
async fn said(
    watch: &mut (impl futures::Stream<Item = WatchEvent<IamRole>> + Unpin),
) -> Vec<String> {
    let mut said = Vec::new();
    while let Ok(Some(event)) = timeout(Duration::from_millis(10), watch.next()).await {
        said.push(match event {
            WatchEvent::Restarted => "restarted".to_owned(),
            WatchEvent::Applied(resource) => {
                format!("{} {} gen {}", resource.key, resource.uid, resource.generation)
            }
            WatchEvent::Deleted(key) => format!("{key} deleted"),
            WatchEvent::Synced => "synced".to_owned(),
            WatchEvent::Failed(_) => "failed".to_owned(),
        });
    }
    said
}

#[tokio::test(start_paused = true)]
async fn a_new_resource_has_what_the_api_server_gives_it() {
    let World { cluster, clock, .. } = World::new();
    clock.advance(Duration::from_secs(9)).await;
    let resource = applied(&cluster);
    assert_eq!(
        (resource.uid.as_str(), resource.generation, resource.created),
        ("uid-1", 1, clock.now())
    );
    assert_eq!(
        resource.status,
        RoleStatus { observed_generation: Some(-1), ..RoleStatus::default() }
    );
    assert!(
        !resource.finalizer
            && !resource.deleting
            && resource.pause == crate::api::object::Pause::No
    );
    assert_eq!(cluster.get(&key()).await, Ok(Some(resource)));
}

#[rstest]
#[case::same_meaning(r#"{"trust":[],"roleName":"app"}"#, Ok(1))]
#[case::changed(r#"{"trust":[],"roleName":"app","tags":{}}"#, Ok(2))]
#[case::other_name(r#"{"trust":[],"roleName":"other"}"#, Err("spec.roleName"))]
#[case::name_taken_back(r#"{"trust":[]}"#, Err("spec.roleName"))]
#[case::path_against_status(r#"{"trust":[],"roleName":"app","path":"/b/"}"#, Err("spec.path"))]
#[case::path_as_resolved(r#"{"trust":[],"roleName":"app","path":"/a/"}"#, Ok(2))]
#[case::no_json("nonsense", Err("spec"))]
#[tokio::test(start_paused = true)]
async fn applying_again_moves_the_generation_only_for_a_change(
    #[case] spec: &str,
    #[case] expected: Result<i64, &str>,
) {
    let World { cluster, .. } = World::new();
    let first = applied(&cluster);
    cluster.put_status(&key(), &RoleStatus { path: Some("/a/".into()), ..status("app") });
    let version = cluster.resource_version(&key()).unwrap();
    match (cluster.apply(&key(), spec), expected) {
        (Ok(resource), Ok(generation)) => {
            assert_eq!((resource.uid, resource.generation), (first.uid, generation));
            assert_eq!(cluster.resource_version(&key()).unwrap() > version, generation > 1);
        }
        (Err(ClusterError::Refused(message)), Err(field)) => {
            assert!(message.contains(field), "{message}");
        }
        (answer, expected) => panic!("{answer:?} is not {expected:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_holds_a_deleted_resource() {
    let World { cluster, .. } = World::new();
    let resource = applied(&cluster);
    cluster.add_finalizer(&resource).await.unwrap();
    assert!(cluster.delete(&key()) && cluster.delete(&key()));
    let deleting = cluster.resource(&key()).unwrap();
    assert!(deleting.deleting && deleting.finalizer);
    assert_eq!(deleting.generation, 2, "once");
    cluster.remove_finalizer(&resource).await.unwrap();
    assert_eq!(Objects::<IamRole>::get(&cluster, &key()).await, Ok(None));
    cluster.remove_finalizer(&resource).await.unwrap();
    assert_eq!(cluster.add_finalizer(&resource).await, Err(ClusterError::Gone));
    assert_eq!(cluster.write_status(&resource, &status("app")).await, Err(ClusterError::Gone));
    assert!(!cluster.delete(&key()));
    applied(&cluster);
    assert!(cluster.delete(&key()), "without a finalizer at once");
    assert_eq!(cluster.resource(&key()), None);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_resource_takes_no_new_finalizer() {
    let World { cluster, .. } = World::new();
    let resource = applied(&cluster);
    cluster.add_finalizer(&resource).await.unwrap();
    cluster.delete(&key());
    cluster.add_finalizer(&resource).await.unwrap(); // it is there: nothing changes
    assert!(cluster.vanish(&key()) && !cluster.vanish(&key()));

    let resource = applied(&cluster);
    assert!(cluster.hold(&key(), true) && cluster.delete(&key()));
    assert!(matches!(cluster.add_finalizer(&resource).await, Err(ClusterError::Refused(_))));
    let held = cluster.resource(&key()).unwrap();
    assert!(held.deleting && !held.finalizer);
    assert!(cluster.hold(&key(), false) && cluster.resource(&key()).is_none());
}

#[tokio::test(start_paused = true)]
async fn writes_go_to_exactly_this_object() {
    let World { cluster, .. } = World::new();
    let old = applied(&cluster);
    cluster.delete(&key());
    let new = applied(&cluster);
    cluster.add_finalizer(&new).await.unwrap();
    assert!(matches!(
        cluster.write_status(&old, &status("app")).await,
        Err(ClusterError::Conflict(_))
    ));
    assert!(matches!(cluster.add_finalizer(&old).await, Err(ClusterError::Conflict(_))));
    assert_eq!(cluster.remove_finalizer(&old).await, Ok(()), "the old one is gone: done");
    assert!(cluster.resource(&key()).unwrap().finalizer, "the new one keeps its own");
}

#[tokio::test(start_paused = true)]
async fn status_comes_back_as_json_does_and_each_write_counts() {
    let World { cluster, .. } = World::new();
    let resource = applied(&cluster);
    let mut written = status("app");
    let moment = |nanos| Time(Timestamp::constant(1_767_225_600, nanos));
    written.expires_at = Some(moment(500));
    cluster.write_status(&resource, &written).await.unwrap();
    let version = cluster.resource_version(&key());
    assert_eq!(cluster.resource(&key()).unwrap().status.expires_at, Some(moment(0)));
    cluster.write_status(&resource, &written).await.unwrap();
    assert_eq!(cluster.resource_version(&key()), version, "nothing changed");
    assert_eq!(cluster.counts().write_status, 2, "and yet it was a write");
    assert_eq!(cluster.resource(&key()).unwrap().generation, 1);

    assert!(matches!(
        cluster.write_status(&resource, &status("other")).await,
        Err(ClusterError::Refused(_))
    ));
    let ready = Condition {
        type_: "Ready".into(),
        status: "True".into(),
        reason: "Ok".into(),
        message: String::new(),
        observed_generation: None,
        last_transition_time: moment(0),
    };
    written.conditions = vec![ready.clone(), ready];
    assert!(matches!(
        cluster.write_status(&resource, &written).await,
        Err(ClusterError::Refused(_))
    ));
    assert!(cluster.resource(&key()).unwrap().status.conditions.is_empty());

    cluster.conflicts(1);
    assert!(matches!(
        cluster.write_status(&resource, &status("app")).await,
        Err(ClusterError::Conflict(_))
    ));
    assert_eq!(cluster.write_status(&resource, &status("app")).await, Ok(()));
    cluster.clear_log();
    assert_eq!((cluster.counts().total(), cluster.calls().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn of_the_conditions_only_those_come_and_go_that_the_controller_applies() {
    let World { cluster, .. } = World::new();
    let resource = applied(&cluster);
    let condition = |type_: &str, reason: &str| Condition {
        type_: type_.into(),
        status: "True".into(),
        reason: reason.into(),
        message: String::new(),
        observed_generation: None,
        last_transition_time: Time(Timestamp::UNIX_EPOCH),
    };
    let write = async |types: &[&str], reason: &str| {
        let mut status = status("app");
        status.conditions = types.iter().map(|type_| condition(type_, reason)).collect();
        cluster.write_status(&resource, &status).await.unwrap();
        let stored = cluster.resource(&key()).unwrap().status.conditions;
        stored.into_iter().map(|c| format!("{} {}", c.type_, c.reason)).collect::<Vec<_>>()
    };
    write(&["Ready", "Stalled"], "One").await;
    cluster.put_condition(&key(), &condition("Theirs", "Own"));
    assert_eq!(
        write(&["Ready", "Synced", "Stalled"], "Two").await,
        ["Theirs Own", "Ready Two", "Synced Two", "Stalled Two"]
    );
    assert_eq!(write(&["Ready"], "Three").await, ["Theirs Own", "Ready Three"]);
    let ours = cluster.applied_conditions(&key());
    assert_eq!(ours.iter().map(String::as_str).collect::<Vec<_>>(), ["Ready"]);
    // What is applied is taken over, and goes when it is left out.
    assert_eq!(write(&["Theirs", "Ready"], "Four").await, ["Theirs Four", "Ready Four"]);
    assert_eq!(write(&["Ready"], "Five").await, ["Ready Five"]);
    // A status that names none leaves those of others.
    cluster.put_condition(&key(), &condition("Theirs", "Again"));
    assert_eq!(write(&[], "Six").await, ["Theirs Again"]);
    assert!(cluster.applied_conditions(&key()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_watch_lists_and_then_tells_every_change_once() {
    let World { cluster, .. } = World::new();
    let resource = applied(&cluster);
    let mut watch = Box::pin(cluster.watch());
    assert_eq!(said(&mut watch).await, ["restarted", "team/app uid-1 gen 1", "synced"]);
    applied(&cluster);
    assert!(said(&mut watch).await.is_empty(), "nothing changed");
    cluster.write_status(&resource, &status("app")).await.unwrap();
    cluster.write_status(&resource, &status("app")).await.unwrap();
    assert_eq!(said(&mut watch).await, ["team/app uid-1 gen 1"]);
    cluster.annotate(&key(), RECONCILE_REQUESTED_AT, Some("1"));
    cluster.annotate(&key(), PAUSED, Some("true"));
    assert_eq!(said(&mut watch).await.len(), 2);
    let annotated = cluster.resource(&key()).unwrap();
    assert!(
        annotated.pause == crate::api::object::Pause::Yes
            && annotated.reconcile_requested_at.as_deref() == Some("1")
            && annotated.generation == 1
    );
    cluster.resend(&key());
    cluster.delete(&key());
    assert_eq!(said(&mut watch).await, ["team/app uid-1 gen 1", "team/app deleted"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_watch_fails_and_lists_again() {
    let World { cluster, .. } = World::new();
    applied(&cluster);
    let mut watch = Box::pin(cluster.watch());
    said(&mut watch).await;
    cluster.break_watch();
    assert_eq!(said(&mut watch).await, ["failed", "restarted", "team/app uid-1 gen 1", "synced"]);
    cluster.hold_watch(true);
    cluster.apply(&key(), r#"{"roleName": "app"}"#).unwrap();
    cluster.delete(&key());
    assert!(said(&mut watch).await.is_empty());
    cluster.hold_watch(false);
    assert_eq!(said(&mut watch).await, ["team/app uid-1 gen 2", "team/app deleted"]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_fails_every_call_and_ends_with_a_new_list() {
    let World { cluster, .. } = World::new();
    let resource = applied(&cluster);
    let mut watch = Box::pin(cluster.watch());
    said(&mut watch).await;
    cluster.unavailable(true);
    cluster.apply(&key(), r#"{"roleName": "app"}"#).unwrap();
    let mut late = Box::pin(cluster.watch());
    assert_eq!(said(&mut watch).await, ["failed"]);
    assert_eq!(said(&mut late).await, ["failed"]);
    let notice = Notice { warning: true, reason: "R", action: "A", note: "n".into() };
    let read = Objects::<IamRole>::get(&cluster, &key()).await;
    assert!(matches!(read, Err(ClusterError::Unavailable(_))));
    assert!(matches!(cluster.notify(&resource, &notice).await, Err(ClusterError::Unavailable(_))));
    assert!(cluster.notices().is_empty());
    cluster.unavailable(false);
    for watch in [&mut watch, &mut late] {
        assert_eq!(said(watch).await, ["restarted", "team/app uid-1 gen 2", "synced"]);
    }
    cluster.notify(&resource, &notice).await.unwrap();
    assert_eq!(
        (&cluster.notices()[0].notice, cluster.notices()[0].uid.as_str()),
        (&notice, "uid-1")
    );
    assert_eq!(cluster.counts().notify, 2);
}

#[tokio::test(start_paused = true)]
async fn a_rebuilt_cluster_has_the_same_specs_and_nothing_else() {
    let World { cluster, clock, .. } = World::new();
    let resource = applied(&cluster);
    cluster.add_finalizer(&resource).await.unwrap();
    cluster.write_status(&resource, &status("app")).await.unwrap();
    let going = ResourceKey { namespace: "team".into(), name: "going".into() };
    let held = cluster.apply(&going, "{}").unwrap();
    cluster.add_finalizer(&held).await.unwrap();
    cluster.delete(&going);
    let backup = cluster.backup();
    let mut watch = Box::pin(cluster.watch());
    said(&mut watch).await;
    clock.advance(Duration::from_mins(1)).await;
    cluster.rebuild();
    assert_eq!(said(&mut watch).await, ["failed", "restarted", "team/app uid-3 gen 1", "synced"]);
    let fresh = RoleStatus { observed_generation: Some(-1), ..RoleStatus::default() };
    let expected = Resource {
        uid: "uid-3".into(),
        created: BASE_PLUS_MINUTE,
        finalizer: false,
        version: cluster.resource_version(&key()).unwrap(),
        status: fresh,
        ..resource
    };
    assert!(expected.created <= clock.now());
    let found = cluster.resource(&key()).unwrap();
    assert_eq!(Resource { created: BASE_PLUS_MINUTE, ..found }, expected);
    cluster.restore(&backup);
    assert_eq!(cluster.resources().len(), 2);
    assert_eq!(cluster.resource(&key()).unwrap().uid, "uid-1");
}

const BASE_PLUS_MINUTE: Timestamp = Timestamp::constant(1_767_225_660, 0);

#[tokio::test(start_paused = true)]
async fn a_store_that_was_set_back_tells_its_watches_nothing_until_it_has_caught_up() {
    let World { cluster, .. } = World::new();
    cluster.apply(&key(), r#"{"trust": []}"#).unwrap();
    let backup = cluster.backup();
    for number in 0..3 {
        cluster.apply(&key(), &format!(r#"{{"trust": [], "description": "{number}"}}"#)).unwrap();
    }
    let mut watch = Box::pin(Objects::<IamRole>::watch(&cluster));
    while watch.next().now_or_never().is_some() {}
    let before = Objects::<IamRole>::revision(&cluster).await.unwrap();
    cluster.rewind(&backup);
    assert_eq!(Objects::<IamRole>::revision(&cluster).await.unwrap(), before - 3);
    for number in 10..13 {
        cluster.apply(&key(), &format!(r#"{{"trust": [], "description": "{number}"}}"#)).unwrap();
        assert!(watch.next().now_or_never().is_none(), "{number}");
    }
    let applied = cluster.apply(&key(), r#"{"trust": []}"#).unwrap();
    assert_eq!(applied.version, before + 1);
    assert!(watch.next().now_or_never().is_some());
    let page = Objects::<IamRole>::outlines(&cluster, None).await.unwrap();
    assert_eq!((page.items[0].version, page.revision, page.next), (before + 1, before + 1, None));
}
