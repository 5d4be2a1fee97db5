//! A role's name and path are pinned: by the spec once it has them, by the status once the role has
//! a default one.

use aws_sdk_iam::types::Tag;
use iam::{name, tag};
use serde_json::{Value, json};

use harness::world::{World, lambda};

const REMEDY: &str =
    "can't be changed or removed once set: create a new IAMRole and delete this one";

fn spec(fields: &Value) -> Value {
    let mut spec = json!({"trust": [lambda()]});
    for (field, value) in fields.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    spec
}

fn patch(world: &World, patch: &Value) -> Result<String, String> {
    let answer =
        world.scope.kubectl(&["patch", "iamrole", "x", "--type=merge", "-p", &patch.to_string()]);
    if answer.status.success() { Ok(answer.stdout) } else { Err(answer.stderr) }
}

/// The API server refuses the change, names the field and says this.
fn refused(world: &World, change: &Value, field: &str, remedy: &str) {
    let answer = patch(world, &json!({"spec": change})).expect_err(&change.to_string());
    assert!(
        answer.contains(&format!("{field}: Invalid value")) && answer.contains(remedy),
        "{change}: {answer}"
    );
}

/// Nothing of all that was tried reached the role: it is the only one, under its name, and was not
/// written.
async fn untouched(world: &World, role_id: &str, name: &str) {
    world.wait_sweeps(2);
    let roles = world.scope.iam().list_roles().send().await.expect("the roles").roles;
    let names: Vec<&str> = roles.iter().map(aws_sdk_iam::types::Role::role_name).collect();
    assert_eq!(names, [name]);
    assert_eq!(roles[0].role_id(), role_id);
    assert_eq!(world.writes(), Vec::<String>::new());
    let ready = world.condition("x", "Ready");
    assert_eq!(ready["reason"], "Reconciled", "{ready}");
}

async fn role_id(world: &World, name: &str) -> String {
    world.get_role(name).await.expect("the role").role_id().to_owned()
}

#[tokio::test]
async fn a_name_and_a_path_that_were_given_stay() {
    let world = World::new("pinned").await;
    let (name, path) = (world.role("given"), "/team/");
    world.apply("x", &spec(&json!({"roleName": name, "path": path})));
    world.wait_ready("x");
    let id = role_id(&world, &name).await;
    world.clear();
    for (field, other) in [("roleName", world.role("other")), ("path", "/other/".to_owned())] {
        let remedy = format!("spec.{field} {REMEDY}");
        refused(&world, &json!({field: other}), &format!("spec.{field}"), &remedy);
        let removed =
            patch(&world, &json!({"spec": {field: null}})).expect_err("a name that is removed");
        assert!(removed.contains(&remedy), "{removed}");
    }
    // Applying a manifest without them removes them, too.
    let applied = world.scope.kubectl_with(
        &["apply", "--server-side", "-f", "-"],
        &world.manifest("x", &spec(&json!({}))),
    );
    assert!(
        !applied.status.success() && applied.stderr.contains(&format!("spec.roleName {REMEDY}")),
        "{}",
        applied.stderr
    );
    let resource = world.resource("x").expect("the resource");
    assert_eq!(
        (&resource["spec"]["roleName"], &resource["spec"]["path"]),
        (&json!(name), &json!(path))
    );
    assert_eq!(resource["metadata"]["generation"], 1);
    untouched(&world, &id, &name).await;
}

#[tokio::test]
async fn a_default_name_and_path_pin_too() {
    let world = World::new("default").await;
    world.apply("x", &spec(&json!({})));
    world.wait_ready("x");
    let name = world.role("x");
    let status = world.resource("x").expect("the resource")["status"].clone();
    assert_eq!((&status["roleName"], &status["path"]), (&json!(name), &json!("/")));
    let id = role_id(&world, &name).await;
    world.clear();

    let pinned = |field: &str, value: &str| {
        format!(
            "spec.{field} must be {value}, which this resource already has: an IAM role can't be \
             renamed or moved"
        )
    };
    refused(
        &world,
        &json!({"roleName": world.role("other")}),
        "spec.roleName",
        &pinned("roleName", &name),
    );
    refused(
        &world,
        &json!({"roleName": name.to_uppercase()}),
        "spec.roleName",
        &pinned("roleName", &name),
    );
    refused(&world, &json!({"path": "/other/"}), "spec.path", &pinned("path", "/"));
    untouched(&world, &id, &name).await;

    patch(&world, &json!({"spec": {"roleName": name, "path": "/"}}))
        .expect("what it is already may be written down");
    world.wait_ready("x");
    untouched(&world, &id, &name).await;
    // From now on the spec pins as well.
    refused(&world, &json!({"roleName": world.role("other")}), "spec.roleName", REMEDY);
    untouched(&world, &id, &name).await;
}

/// As an earlier version left them: roles under names of the former form, one resource with its
/// status, one in a cluster that was rebuilt.
#[tokio::test]
async fn over_long_names_of_an_earlier_version_are_kept() {
    let mut world = World::quiet("former").await;
    let (installation, namespace) =
        (world.scope.installation.clone(), world.scope.namespace.clone());
    let long = |name: &str| format!("{name}-{}", "x".repeat(60));
    let former = |name: &str| {
        name::former_role_name(&format!("{installation}-"), &namespace, &long(name))
            .expect("it does not fit")
    };
    let mut ids = Vec::new();
    for resource in ["pinned", "rebuilt"] {
        let key = format!("{namespace}/{}", long(resource));
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let tags = [(tag::INSTALLATION, installation.as_str()), (tag::RESOURCE, key.as_str())];
        let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
        let created = world.scope.iam().create_role();
        let created = created.role_name(former(resource)).assume_role_policy_document(trust);
        let tags = tags.into_iter().collect::<Result<Vec<_>, _>>().expect("tags");
        let role = created.set_tags(Some(tags)).send().await.expect("a role");
        ids.push(role.role().expect("a role").role_id().to_owned());
        world.apply(&long(resource), &spec(&json!({})));
    }
    let account = &world.scope.account.id;
    let status = json!({"status": {
        "observedGeneration": 1, "accountId": account, "roleName": former("pinned"), "path": "/",
        "arn": format!("arn:aws:iam::{account}:role/{}", former("pinned")), "roleId": ids[0],
    }});
    let pinned = long("pinned");
    // Nobody else may.
    let controller = &world.scope.controller_user;
    let kubectl = world.scope.cluster.control_plane.kubectl_as_administrator(controller);
    let patch = ["patch", "iamrole", &pinned, "--subresource=status", "--type=merge", "-p"];
    let status = status.to_string();
    kubectl.run(&[&["-n", &namespace], &patch[..], &[&status]].concat()).ok();
    world.clear();
    world.start();
    for (resource, id) in ["pinned", "rebuilt"].into_iter().zip(&ids) {
        world.wait_ready(&long(resource));
        assert_eq!(role_id(&world, &former(resource)).await, *id);
        let status = world.resource(&long(resource)).expect("the resource")["status"].clone();
        assert_eq!(
            (&status["roleName"], &status["roleId"]),
            (&json!(former(resource)), &json!(id))
        );
    }
    assert!(!world.writes().contains(&"CreateRole".to_owned()), "{:?}", world.writes());
}
