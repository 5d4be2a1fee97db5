//! A kind that is only a row, on a real API server: in no namespace, in a group of its own, with a
//! status and a finalizer. The client of every kind is written once, and here it serves this one.

use std::time::Duration;

use futures::StreamExt;
use kube::{CustomResource, KubeSchema};
use rolewright::{
    api::{
        ClusterKey, crd,
        kind::{Kind, Rights},
        object::{Object, WatchEvent},
    },
    cluster::KubeCluster,
    plan::{failure::ClusterError, say::notice::Notice},
    ports::{Events, Objects},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;

use harness::{ADMIN, Cluster};

/// A light that is seen from afar.
#[derive(CustomResource, KubeSchema, Clone, Debug, Deserialize, Serialize)]
#[kube(
    group = "lights.example.org",
    version = "v1",
    kind = "Beacon",
    root = "BeaconObject",
    status = "BeaconStatus"
)]
struct BeaconSpec {
    /// What colour it has.
    #[schemars(length(max = 16))]
    colour: String,
}

/// What is seen of the light.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
struct BeaconStatus {
    /// Whether it is lit.
    #[serde(default)]
    lit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beacon;

impl Kind for Beacon {
    type Typed = BeaconObject;
    type Status = BeaconStatus;
    const ACCESS: Rights =
        Rights { finalizer: Some("lights.example.org/beacon"), status: true, more: &[] };
}

#[tokio::test]
async fn a_kind_without_namespace_is_watched_read_and_written_as_a_role_is() {
    let plane = &Cluster::shared().control_plane;
    let manifest = crd::yaml(&Beacon::row()).expect("a CRD");
    plane.kubectl_with(&["apply", "--server-side", "-f", "-"], &manifest).ok();
    plane.wait_established(&["crd/beacons.lights.example.org"]);
    let apply = |colour: &str| {
        let beacon = json!({"apiVersion": "lights.example.org/v1", "kind": "Beacon",
            "metadata": {"name": "x"}, "spec": {"colour": colour, "color": 1}});
        let validate = ["apply", "--server-side", "--validate=false", "-f", "-"];
        plane.kubectl_with(&validate, &beacon.to_string()).ok();
    };
    let live = || -> Value { plane.kubectl(&["get", "beacon", "x", "-o", "json"]).json() };

    // Watched namespaces say nothing about a kind that is in none.
    let client = plane.client(ADMIN).await;
    let cluster = KubeCluster::new(client, vec!["default".into(), "kube-system".into()]);
    let mut watch = Box::pin(Objects::<Beacon>::watch(&cluster));
    let mut next = async || {
        let event = timeout(Duration::from_secs(30), watch.next());
        event.await.expect("an event in time").expect("no end")
    };
    assert_eq!(next().await, WatchEvent::Restarted);
    assert_eq!(next().await, WatchEvent::Synced);
    apply("red");
    let WatchEvent::Applied(seen) = next().await else { panic!("the beacon was made") };
    let key = ClusterKey { name: "x".into() };
    assert_eq!((&seen.key, seen.finalizer, seen.status.lit), (&key, false, false));
    assert_eq!(
        serde_json::from_str::<Value>(&seen.spec).unwrap(),
        json!({"colour": "red", "color": 1}),
        "unknown fields are kept"
    );

    cluster.add_finalizer(&seen).await.expect("set");
    cluster.write_status(&seen, &BeaconStatus { lit: true }).await.expect("written");
    let read: Object<Beacon> = cluster.get(&key).await.expect("an answer").expect("the beacon");
    assert!(read.finalizer && read.status.lit);
    assert_eq!(live()["metadata"]["finalizers"], json!(["lights.example.org/beacon"]));
    assert_eq!(live()["status"], json!({"lit": true}));

    let note = "seen".to_owned();
    let notice = Notice { warning: false, reason: "Lit", action: "Look", note };
    cluster.notify(&read, &notice).await.expect("published");
    let events = plane.kubectl(&["-n", "default", "get", "events.v1.events.k8s.io", "-o", "json"]);
    let events = events.json();
    let told = events["items"].as_array().unwrap().iter().find(|event| event["reason"] == "Lit");
    let regarding = &told.expect("the Event")["regarding"];
    assert_eq!(
        (&regarding["kind"], &regarding["apiVersion"], &regarding["uid"], &regarding["namespace"]),
        (&json!("Beacon"), &json!("lights.example.org/v1"), &json!(read.uid), &Value::Null)
    );

    plane.kubectl(&["delete", "beacon", "x", "--wait=false"]).ok();
    cluster.remove_finalizer(&read).await.expect("taken off");
    loop {
        if next().await == WatchEvent::Deleted(key.clone()) {
            break;
        }
    }
    assert_eq!(cluster.remove_finalizer(&read).await, Ok(()), "gone is done");
    apply("green");
    let other = cluster.add_finalizer(&read).await;
    assert!(matches!(other, Err(ClusterError::Conflict(_))), "another one of the name: {other:?}");
    plane.kubectl(&["delete", "crd", "beacons.lights.example.org"]).ok();
}
