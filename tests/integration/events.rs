//! Events in the API server: what happens again is counted on the Event that is there.

use serde_json::{Value, json};

use harness::wait_until;
use harness::world::{AUDIT, SOON, World, lambda};

/// Name and count of each Event about corrected drift.
fn corrections(world: &World) -> Vec<(String, u64)> {
    let reason = "--field-selector=reason=DriftCorrected";
    let list =
        world.scope.kubectl(&["get", "events.v1.events.k8s.io", reason, "-o", "json"]).json();
    let count = |event: &Value| event["series"]["count"].as_u64().unwrap_or(1);
    let events = list["items"].as_array().cloned().unwrap_or_default();
    events
        .iter()
        .map(|event| {
            (event["metadata"]["name"].as_str().unwrap_or_default().to_owned(), count(event))
        })
        .collect()
}

async fn describe(world: &World) {
    world
        .scope
        .iam()
        .update_role()
        .role_name(world.role("x"))
        .description("by hand")
        .send()
        .await
        .expect("changed");
}

fn wait_for(world: &World, what: &str, counts: &[u64]) -> Vec<(String, u64)> {
    wait_until(what, SOON, || {
        let mut found = corrections(world);
        found.sort_by_key(|(_, count)| *count);
        if found.iter().map(|(_, count)| *count).eq(counts.iter().copied()) {
            Ok(found)
        } else {
            Err(format!("{found:?}"))
        }
    })
}

#[tokio::test]
async fn what_happens_again_is_counted_and_told_anew_when_its_event_was_removed() {
    let world = World::new("events").await;
    world.apply("x", &json!({"trust": [lambda()], "description": "d"}));
    world.wait_ready("x");
    for round in 1..=3 {
        describe(&world).await;
        wait_for(&world, "one Event that counts", &[round]);
    }
    // What is another text is another Event.
    world
        .scope
        .iam()
        .attach_role_policy()
        .role_name(world.role("x"))
        .policy_arn(AUDIT)
        .send()
        .await
        .expect("attached");
    let [(other, _), (counted, _)] = &wait_for(&world, "a second Event", &[1, 3])[..] else {
        unreachable!()
    };
    world.scope.kubectl(&["delete", "event", counted]).ok();
    describe(&world).await;
    let now = wait_for(&world, "a new Event instead of the one that was removed", &[1, 1]);
    assert!(
        now.iter().any(|(name, _)| name == other) && now.iter().all(|(name, _)| name != counted),
        "{now:?}"
    );
}
