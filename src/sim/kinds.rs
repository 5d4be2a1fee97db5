//! Kinds that are nothing but a row: all that is made for every kind works for them too. One is in
//! no namespace, with a status and a finalizer of its own; the other one is only read.

use std::{collections::BTreeMap, time::Duration};

use futures::StreamExt;
use kube::{CustomResource, KubeSchema, Resource as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    api::{
        ClusterKey, ResourceKey, crd,
        kind::{Kind, Rights},
        kinds::iam_role::IamRole,
        object::WatchEvent,
        raw::RawObject,
        reference,
        schema::SpecSchema,
    },
    plan::failure::ClusterError,
    ports::Objects,
    sim::World,
};
use iam::text::node::Node;

/// A light that is seen from afar.
#[derive(CustomResource, KubeSchema, Clone, Debug, Deserialize, Serialize)]
#[kube(
    group = "iam.rolewright.dev",
    version = "v1alpha1",
    kind = "Beacon",
    root = "BeaconObject",
    status = "BeaconStatus",
    shortname = "bcn",
    doc = "A light that is seen from afar."
)]
#[serde(rename_all = "camelCase")]
pub struct BeaconSpec {
    /// What colour it has. Example: `red`.
    #[schemars(length(min = 1, max = 16))]
    pub colour: String,
}

/// What is seen of the light.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BeaconStatus {
    /// Generation that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Whether it is lit.
    #[serde(default)]
    pub lit: bool,
}

/// The kind [`BeaconObject`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon;

impl Kind for Beacon {
    type Typed = BeaconObject;
    type Status = BeaconStatus;
    const ACCESS: Rights =
        Rights { finalizer: Some("iam.rolewright.dev/beacon"), status: true, more: &["create"] };
    const CONDITIONS: &'static [(&'static str, &'static str)] = &[("Lit", "`True` at night.")];
}

/// A mark that others set.
#[derive(CustomResource, KubeSchema, Clone, Debug, Deserialize, Serialize)]
#[kube(
    group = "iam.rolewright.dev",
    version = "v1alpha1",
    kind = "MarkClass",
    root = "MarkClassObject",
    namespaced,
    doc = "A mark that others set."
)]
pub struct MarkClassSpec {
    /// How deep it is.
    #[schemars(length(max = 16))]
    pub depth: Option<String>,
}

/// The kind [`MarkClassObject`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkClass;

impl Kind for MarkClass {
    type Typed = MarkClassObject;
    type Status = ();
    const ACCESS: Rights = Rights::READ;
}

#[must_use]
pub fn key() -> ClusterKey {
    ClusterKey { name: "app".into() }
}

#[test]
fn its_crd_is_finished_as_all_are() {
    let crd = serde_json::to_value(crd::of(&Beacon::row())).unwrap();
    assert_eq!(crd["spec"]["scope"], "Cluster");
    assert_eq!(crd["metadata"]["name"], "beacons.iam.rolewright.dev");
    assert_eq!(crd::file_name(&Beacon::row()), "iam.rolewright.dev_beacons.yaml");
    let parts = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    assert_eq!(parts["spec"]["x-kubernetes-preserve-unknown-fields"], true);
    assert_eq!(parts["spec"]["x-kubernetes-map-type"], "atomic");
    assert_eq!(parts["status"]["default"], json!({"observedGeneration": -1}));
    assert!(crd::yaml(&Beacon::row()).unwrap().contains("name: beacons.iam.rolewright.dev\n"));

    let crd = serde_json::to_value(crd::of(&MarkClass::row())).unwrap();
    assert_eq!(crd["spec"]["scope"], "Namespaced");
    assert!(!crd.to_string().contains("\"default\":"), "no status, no default");
}

#[test]
fn its_spec_is_checked_against_its_own_schema() {
    let schema = SpecSchema::build(&Beacon::row()).unwrap();
    let spec = |field: &str| Node::Object(vec![(field.into(), Node::String("red".into()))]);
    assert_eq!(schema.problems(&spec("colour")), []);
    let problems: Vec<String> =
        schema.problems(&spec("color")).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(problems.join("\n"), @r"
    spec.color: is not a field here; did you mean colour?
    spec.colour: is missing; add it
    ");
    let stranger = SpecSchema::of::<Beacon>().unwrap_err().to_string();
    assert!(stranger.contains("has no row"), "{stranger}");
    assert!(SpecSchema::of::<IamRole>().is_ok());
}

#[test]
fn its_page_says_what_it_has_and_nothing_else() {
    assert_eq!(reference::file_name(&Beacon::row()), "beacon.md");
    insta::assert_snapshot!("beacon", reference::kind_markdown(&Beacon::row()));
    insta::assert_snapshot!("mark_class", reference::kind_markdown(&MarkClass::row()));
}

#[test]
fn the_rights_follow_from_what_the_controller_does_with_it() {
    let rights = |row: crate::api::kind::KindRow| -> Vec<String> {
        row.rights().iter().map(|(what, verb)| format!("{verb} {what}")).collect()
    };
    assert_eq!(
        rights(Beacon::row()),
        [
            "get beacons",
            "list beacons",
            "watch beacons",
            "patch beacons",
            "create beacons",
            "patch beacons/status"
        ]
    );
    assert_eq!(
        rights(MarkClass::row()),
        ["get markclasses", "list markclasses", "watch markclasses"]
    );
    assert_eq!(
        (Beacon::row().many(), MarkClass::row().many()),
        ("Beacons".into(), "MarkClasses".into())
    );
    assert!(!Beacon::row().namespaced && MarkClass::row().namespaced);
    assert_eq!(Beacon::finalizer(), "iam.rolewright.dev/beacon");
}

#[test]
fn it_is_read_with_its_spec_as_text() {
    let text =
        r#"{"metadata": {"name": "app"}, "spec": {"colour": [1.10]}, "status": {"lit": true}}"#;
    let raw: RawObject<Beacon> = serde_json::from_str(text).unwrap();
    assert_eq!(raw.spec.get(), r#"{"colour": [1.10]}"#);
    assert!(raw.status.unwrap().lit);
    assert_eq!(RawObject::<Beacon>::url_path(&(), None), BeaconObject::url_path(&(), None));
    let raw: RawObject<MarkClass> = serde_json::from_str(text).unwrap();
    assert_eq!(raw.status, None, "what the kind does not have");
}

/// What a watch has to say now.
async fn said<K: Kind>(
    watch: &mut (impl futures::Stream<Item = WatchEvent<K>> + Unpin),
) -> Vec<WatchEvent<K>> {
    let mut said = Vec::new();
    while let Ok(Some(event)) = timeout(Duration::from_millis(10), watch.next()).await {
        said.push(event);
    }
    said
}

#[tokio::test(start_paused = true)]
async fn it_lives_in_the_api_server_beside_a_role_of_the_same_name() {
    let World { cluster, .. } = World::new();
    let role = ResourceKey { namespace: "team".into(), name: "app".into() };
    cluster.apply(&role, r#"{"trust": []}"#).unwrap();
    let mut watch = Box::pin(Objects::<Beacon>::watch(&cluster));
    assert_eq!(said(&mut watch).await, [WatchEvent::Restarted, WatchEvent::Synced], "no role");

    let made = cluster.apply_of::<Beacon>(&key(), r#"{"colour": "red"}"#).unwrap();
    assert_eq!((made.status.observed_generation, made.finalizer), (Some(-1), false));
    assert_eq!(said(&mut watch).await, [WatchEvent::Applied(Box::new(made.clone()))]);
    cluster.add_finalizer(&made).await.unwrap();
    let status = BeaconStatus { observed_generation: Some(1), lit: true };
    cluster.write_status(&made, &status).await.unwrap();
    let seen = Objects::<Beacon>::get(&cluster, &key()).await.unwrap().unwrap();
    assert_eq!((&seen.status, seen.finalizer, seen.generation), (&status, true, 1));
    assert_eq!(said(&mut watch).await.last(), Some(&WatchEvent::Applied(Box::new(seen))));

    cluster.delete_of::<Beacon>(&key());
    assert!(cluster.object::<Beacon>(&key()).unwrap().deleting, "the finalizer holds it");
    cluster.remove_finalizer(&made).await.unwrap();
    assert_eq!(said(&mut watch).await.last(), Some(&WatchEvent::Deleted(key())));
    assert_eq!(cluster.write_status(&made, &status).await, Err(ClusterError::Gone));
    assert_eq!(cluster.resources().len(), 1, "the role is as it was");
    assert_eq!(cluster.resource(&role).unwrap().uid, "uid-1");

    cluster.apply_of::<MarkClass>(&role, "{}").unwrap();
    let read = Objects::<MarkClass>::get(&cluster, &role).await.unwrap().unwrap();
    assert_eq!((read.key, read.spec.as_str()), (role, "{}"));
    let subjects: BTreeMap<_, _> =
        cluster.calls().into_iter().map(|call| (call.action, call.key.name)).collect();
    assert_eq!(subjects.get("write_status").map(String::as_str), Some("app"));
}
