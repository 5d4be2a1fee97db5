//! Hostile objects: a document that is nested thousands deep, one that is longer than a megabyte
//! and one that takes too long to compare stop their own resource, and nothing else.

use serde_json::{Value, json};

use harness::wait_until;
use harness::world::{SOON, World, lambda};

/// Resources with a hostile document, and what the condition says of each.
const HOSTILE: [(&str, &str, &str); 3] = [
    (
        "deep",
        "spec.permissions.inlinePolicies[0].document.Statement[0].Condition.a",
        "nested more than 80 deep; flatten the document",
    ),
    ("long", "spec", "and 524288 are allowed; shorten it"),
    (
        "slow",
        "spec.permissions.inlinePolicies[0]",
        "name the service in each action, and write fewer wildcards",
    ),
];

/// Text, as no JSON library with a bound on depth writes it.
fn document(name: &str) -> String {
    if name == "slow" {
        // Of one length, and of two letters: each could cover each other one.
        let letters = |n: usize| format!("{n:010b}").replace('0', "a").replace('1', "b");
        let actions: Vec<String> = (0..500).map(|n| format!("*:*{}*", letters(n))).collect();
        let statement = json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
        return json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    }
    let condition = match name {
        "deep" => format!("{}\"x\"{}", "{\"a\":".repeat(5000), "}".repeat(5000)),
        _ => {
            format!("{{\"StringEquals\":{{\"aws:PrincipalTag/a\":\"{}\"}}}}", "x".repeat(1_200_000))
        }
    };
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{condition}}}]}}"#
    )
}

/// Posts it as bytes: kubectl does not read what `--raw` sends.
fn post(world: &World, name: &str) {
    const MARK: &str = "\"DOCUMENT\"";
    let spec = json!({
        "trust": [lambda()],
        "permissions": {"inlinePolicies": [{"name": "p", "document": "DOCUMENT"}]},
    });
    let manifest = world.manifest(name, &spec).replace(MARK, &document(name));
    let path = format!(
        "/apis/iam.rolewright.dev/v1alpha1/namespaces/{}/iamroles?fieldValidation=Ignore",
        world.scope.namespace
    );
    let answer = world.scope.kubectl_with(&["create", "--raw", &path, "-f", "-"], &manifest);
    assert!(answer.status.success(), "the API server stores {name}: {:.2000}", answer.stderr);
}

/// A part of a resource that holds no spec: the whole could not be read here either.
fn part(world: &World, name: &str, path: &str) -> Value {
    let text =
        world.scope.kubectl(&["get", "iamrole", name, "-o", &format!("jsonpath={{{path}}}")]).ok();
    serde_json::from_str(&text).unwrap_or_default()
}

fn wait_refused(world: &World, name: &str, field: &str, remedy: &str) {
    wait_until(&format!("{name} to be refused"), SOON, || {
        let conditions = part(world, name, ".status.conditions");
        let of = |wanted: &str| {
            conditions.as_array().into_iter().flatten().find(|c| c["type"] == wanted).cloned()
        };
        let (ready, stalled) = (of("Ready").unwrap_or_default(), of("Stalled").unwrap_or_default());
        let message = ready["message"].as_str().unwrap_or_default();
        let named = message.starts_with(field) && message.contains(remedy);
        let refused = ready["status"] == "False"
            && ready["reason"] == "InvalidSpec"
            && stalled["status"] == "True";
        if named && refused { Ok(()) } else { Err(conditions) }
    });
}

/// How many times the controller wrote the status of a resource.
fn status_writes(world: &World, name: &str) -> usize {
    let writes = world.scope.cluster.control_plane.audit_writes(&world.scope.controller_user);
    writes.iter().filter(|write| write.name == name && write.resource == "iamroles").count()
}

#[tokio::test]
async fn a_hostile_document_stops_its_own_resource_only() {
    let mut world = World::quiet("hostile").await;
    world.apply("before", &json!({"trust": [lambda()]}));
    for (name, ..) in HOSTILE {
        post(&world, name);
    }
    // The first list has the hostile ones among the others.
    world.start();
    world.wait_ready("before");
    for (name, field, remedy) in HOSTILE {
        wait_refused(&world, name, field, remedy);
    }
    // The watch goes on.
    world.apply("between", &json!({"trust": [lambda()]}));
    world.wait_ready("between");
    world.apply("before", &json!({"trust": [lambda()], "description": "edited"}));
    world.wait_ready("before");

    let spoken = HOSTILE.map(|(name, ..)| status_writes(&world, name));
    assert_eq!(world.controller().terminate().code(), Some(0));
    world.start();
    world.apply("after", &json!({"trust": [lambda()]}));
    world.wait_ready("after");
    world.apply("between", &json!({"trust": [lambda()], "description": "edited"}));
    world.wait_ready("between");
    world.delete("before");
    world.wait_gone("before");
    for (name, field, remedy) in HOSTILE {
        wait_refused(&world, name, field, remedy);
    }
    assert_eq!(
        HOSTILE.map(|(name, ..)| status_writes(&world, name)),
        spoken,
        "each is refused once, not again and again"
    );

    for role in ["between", "after"] {
        assert!(world.get_role(&world.role(role)).await.is_some(), "{role}");
    }
    for (name, ..) in HOSTILE {
        assert!(part(&world, name, ".metadata.finalizers").is_null(), "nothing holds {name}");
        assert!(world.get_role(&world.role(name)).await.is_none(), "{name} never had a role");
        world.delete(name);
        world.wait_gone(name);
    }
    let calls = world.scope.cluster.standin.calls(&world.scope.account);
    let hostile = |role: &str| HOSTILE.iter().any(|(name, ..)| role == world.role(name));
    let touched: Vec<_> = calls
        .iter()
        .filter(|call| call.access_key == world.scope.account.controller_key)
        .filter(|call| call.role.as_deref().is_some_and(hostile))
        .map(|call| &call.action)
        .collect();
    assert!(touched.is_empty(), "{touched:?}");
}
