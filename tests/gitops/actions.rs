//! The actions of Argo CD: what they offer and patch on recorded objects, and what a running
//! controller makes of the patches.

use serde_json::{Value, json};

use crate::verdict::{CUSTOMIZATION, Verdict, hold, verdicts, yaml};
use harness::wait_until;
use harness::world::{SOON, World, lambda};

const REQUEST: &str = "rolewright.dev/reconcile-requested-at";
/// What stands for the time in Argo CD's own tests.
const SOME_TIME: &str = "0001-01-01T00:00:00Z";

/// Which action is tried on which recorded state.
const TRIED: [(&str, &str); 4] =
    [("pause", "healthy"), ("reconcile", "healthy"), ("pause", "deleting"), ("resume", "paused")];

fn recorded(state: &str) -> Value {
    yaml(&format!("{CUSTOMIZATION}/testdata/{state}.yaml"))
}

/// Applies a merge patch.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key], value);
        }
    }
}

fn judged(object: &Value) -> Verdict {
    verdicts(std::slice::from_ref(object)).remove(0)
}

/// Names of the actions that can be run, in their order.
fn open(verdict: &Verdict) -> Vec<&str> {
    verdict
        .actions
        .iter()
        .filter(|(_, action)| !action.disabled)
        .map(|(name, _)| name.as_str())
        .collect()
}

#[test]
fn a_paused_resource_offers_to_resume_and_any_other_to_pause_and_reconcile() {
    assert_eq!(open(&judged(&recorded("healthy"))), ["pause", "reconcile"]);
    assert_eq!(open(&judged(&recorded("not-seen"))), ["pause", "reconcile"]);
    assert_eq!(open(&judged(&recorded("paused"))), ["resume"]);
}

#[test]
fn the_test_file_for_argo_cds_repository_holds_what_each_action_does() {
    let mut problems = Vec::new();
    let discovery = ["healthy", "paused"].map(|state| {
        let offered: Vec<Value> = judged(&recorded(state))
            .actions
            .iter()
            .map(|(name, action)| json!({"name": name, "disabled": action.disabled}))
            .collect();
        json!({"inputPath": format!("../testdata/{state}.yaml"), "result": offered})
    });
    let tests = TRIED.map(|(action, state)| {
        let mut object = recorded(state);
        let mut patch = judged(&object).actions.remove(action).expect("it is offered").patch;
        let touched: Vec<&String> = patch.as_object().unwrap().keys().collect();
        assert_eq!(touched, ["metadata"], "{action} patches more than annotations: {patch}");
        let touched: Vec<&String> = patch["metadata"].as_object().unwrap().keys().collect();
        assert_eq!(touched, ["annotations"], "{patch}");
        if let Some(time) = patch["metadata"]["annotations"].get_mut(REQUEST) {
            assert_eq!(time.as_str().map(str::len), Some(SOME_TIME.len()), "{time}");
            *time = json!(SOME_TIME);
        }
        merge(&mut object, &patch);
        let output = format!("testdata/{state}-{action}.yaml");
        let text = rolewright::yaml::to_string(&object).unwrap();
        problems.extend(hold(&format!("{CUSTOMIZATION}/actions/{output}"), &text, "actions").err());
        json!({"action": action, "inputPath": format!("../testdata/{state}.yaml"),
            "expectedOutputPath": output})
    });
    let text =
        rolewright::yaml::to_string(&json!({"discoveryTests": discovery, "actionTests": tests}))
            .unwrap();
    problems
        .extend(hold(&format!("{CUSTOMIZATION}/actions/action_test.yaml"), &text, "actions").err());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Runs an action on the live object, as Argo CD does.
fn run(world: &World, name: &str, action: &str) {
    let verdict = judged(&world.resource(name).expect("the resource"));
    assert!(open(&verdict).contains(&action), "{action} is not offered: {verdict:?}");
    let patch = verdict.actions[action].patch.to_string();
    world.scope.kubectl(&["patch", "iamrole", name, "--type=merge", "-p", &patch]).ok();
}

#[tokio::test]
async fn the_controller_does_what_the_actions_ask_for() {
    let world = World::new("actions").await;
    world.apply("x", &json!({"trust": [lambda()]}));
    world.wait_ready("x");
    run(&world, "x", "pause");
    world.wait_reason("x", "Paused");
    assert_eq!(judged(&world.resource("x").unwrap()).argocd.status, "Suspended");
    run(&world, "x", "resume");
    world.wait_ready("x");
    run(&world, "x", "reconcile");
    wait_until("the request to be served", SOON, || {
        let resource = world.resource("x").unwrap();
        let (asked, served) = (
            &resource["metadata"]["annotations"][REQUEST],
            &resource["status"]["lastHandledReconcileAt"],
        );
        if asked.is_string() && asked == served { Ok(()) } else { Err(resource) }
    });
}
