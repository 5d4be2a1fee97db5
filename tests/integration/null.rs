//! `null` in a spec: every place where a value may be absent, in every way in which a manifest gets
//! to the API server. What a template left empty must not widen access in silence.

use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    core::ApiResource,
};
use rolewright::{
    api::{LAST_APPLIED, crd, kind::KindRow, kinds::KINDS},
    yaml,
};
use serde_json::{Value, json};

use harness::Cluster;
use harness::world::World;
use optional::{Nulled, nulled, whole};

#[path = "../../src/api/tests/optional.rs"]
mod optional;

const WAYS: [&str; 5] = ["create", "replace", "server-side apply", "JSON patch", "kubectl apply"];

struct Target<'a> {
    resource: ApiResource,
    namespace: &'a str,
    objects: Api<DynamicObject>,
}

impl Target<'_> {
    fn manifest(&self, name: &str, spec: &Value) -> Value {
        json!({
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": spec,
        })
    }

    fn object(&self, name: &str, spec: &Value) -> DynamicObject {
        serde_json::from_value(self.manifest(name, spec)).expect("an object")
    }

    /// Sends a spec with a null to the object `there`, or as a new one. Nothing is stored.
    async fn send(&self, way: &str, given: &Nulled) -> Result<DynamicObject, kube::Error> {
        let dry = PostParams { dry_run: true, ..PostParams::default() };
        let patch = PatchParams { dry_run: true, ..PatchParams::default() };
        match way {
            "create" => self.objects.create(&dry, &self.object("new", &given.spec)).await,
            "replace" => {
                let mut object = self.object("there", &given.spec);
                let there = self.objects.get("there").await.expect("the object");
                object.metadata.resource_version = there.metadata.resource_version;
                self.objects.replace("there", &dry, &object).await
            }
            "server-side apply" => {
                let params = PatchParams { dry_run: true, ..PatchParams::apply("test").force() };
                let body = Patch::Apply(self.manifest("there", &given.spec));
                self.objects.patch("there", &params, &body).await
            }
            "JSON patch" => {
                let place = format!("/spec{}", given.pointer);
                let operations = json!([{"op": "add", "path": place, "value": null}]);
                let body: Patch<()> =
                    Patch::Json(serde_json::from_value(operations).expect("a patch"));
                self.objects.patch("there", &patch, &body).await
            }
            // What kubectl sends: the null is its wish to remove the field, and the API server
            // drops it; the record has it.
            _ => {
                let record = self.manifest("there", &given.spec).to_string();
                let annotations = json!({LAST_APPLIED: record});
                let body = Patch::Merge(json!({
                    "metadata": {"annotations": annotations}, "spec": given.spec,
                }));
                self.objects.patch("there", &patch, &body).await
            }
        }
    }
}

fn schema(kind: &KindRow) -> Value {
    let crd = serde_json::to_value(crd::of(kind)).expect("a CRD is JSON");
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

#[tokio::test]
async fn null_is_refused_at_each_optional_field_of_each_kind_in_each_way() {
    let scope = Cluster::shared().scope("null");
    let client = scope.kube().await;
    for kind in &KINDS {
        let resource = kind.resource();
        let target = Target {
            objects: if kind.namespaced {
                Api::namespaced_with(client.clone(), &scope.namespace, &resource)
            } else {
                Api::all_with(client.clone(), &resource)
            },
            resource,
            namespace: &scope.namespace,
        };
        let whole = target.object("there", &whole(&kind.name()));
        target.objects.create(&PostParams::default(), &whole).await.expect("no mistake");
        let mut accepted = Vec::new();
        for given in nulled(&kind.name(), &schema(kind)) {
            for way in WAYS {
                let words = match target.send(way, &given).await {
                    Ok(_) => "accepted".to_owned(),
                    Err(kube::Error::Api(status)) => status.message,
                    Err(error) => error.to_string(),
                };
                // Where something has to be there, the one that is null counts as absent.
                let told = ["null", "exactly one", "at least one", "saml needs"];
                if !told.iter().any(|told| words.contains(told)) {
                    accepted.push(format!("{way}: {}, as {}: {words}", given.place, given.field));
                }
            }
        }
        assert!(accepted.is_empty(), "{}:\n{}", accepted.len(), accepted.join("\n"));
    }
}

fn grant(world: &World, external_id: &Value) -> Value {
    let account = &world.scope.account.id;
    let principals = json!({"accounts": [account], "externalId": external_id});
    json!({"trust": [{"name": "auditors", "principals": principals}]})
}

/// `kubectl apply` itself: what it asks a merge patch to remove can't be told from what was never
/// there, so that its record is looked at.
#[tokio::test]
async fn what_kubectl_apply_drops_is_refused_with_the_name_of_the_field() {
    let world = World::new("null-applied").await;
    let apply = |name: &str, spec: &Value| {
        world.scope.kubectl_with(&["apply", "-f", "-"], &world.manifest(name, spec))
    };
    apply("x", &grant(&world, &json!("7f3c"))).ok();
    world.wait_ready("x");
    for name in ["x", "new"] {
        let refused = apply(name, &grant(&world, &Value::Null));
        assert!(
            refused.stderr.contains(r#"the manifest has "externalId":null in spec"#)
                && refused.stderr.contains("write a value, or remove the line"),
            "{}",
            refused.stderr
        );
    }
    // `null` outside of the spec, and in a text, is none.
    let mut manifest: Value =
        serde_json::from_str(&world.manifest("x", &grant(&world, &json!("7f3c"))))
            .expect("a manifest");
    manifest["metadata"]["creationTimestamp"] = Value::Null;
    manifest["spec"]["description"] = json!(r#"not "externalId":null"#);
    world.scope.kubectl_with(&["apply", "-f", "-"], &manifest.to_string()).ok();
    world.wait_ready("x");
}
