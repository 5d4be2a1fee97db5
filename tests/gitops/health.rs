//! The recorded states before the tools: each has the verdict that the table says.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::states::STATES;
use crate::verdict::{CUSTOMIZATION, Verdict, hold, verdicts, yaml};
use harness::repository;

const PAGE: &str = "docs/reference/health.md";

/// The recorded object of each state, in the order of the table.
fn recorded() -> Vec<Value> {
    STATES
        .iter()
        .map(|state| yaml(&format!("{CUSTOMIZATION}/testdata/{}.yaml", state.name)))
        .collect()
}

#[test]
fn each_state_has_the_verdict_that_the_table_says() {
    let mut wrong = Vec::new();
    for (state, Verdict { argocd, kstatus, flux, .. }) in STATES.iter().zip(verdicts(&recorded())) {
        for (tool, wanted, found) in [
            ("Argo CD", state.argocd, argocd),
            ("Flux", state.flux, flux),
            ("kstatus", state.kstatus, kstatus),
        ] {
            if found.status != wanted {
                wrong.push(format!("{}: {tool} says {found:?} instead of {wanted}", state.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// As the test of Argo CD's own repository reads it: the verdict with its message, word for word.
#[test]
fn the_test_file_for_argo_cds_repository_holds_each_state_with_its_message() {
    let tests: Vec<Value> = STATES
        .iter()
        .zip(verdicts(&recorded()))
        // Argo CD judges a deletion before any script; its tests call the script.
        .filter(|(_, verdict)| verdict.argocd.message != "Pending deletion")
        .map(|(state, Verdict { argocd, .. })| {
            let health = json!({"status": argocd.status, "message": argocd.message});
            json!({"healthStatus": health, "inputPath": format!("testdata/{}.yaml", state.name)})
        })
        .collect();
    let text = rolewright::yaml::to_string(&json!({"tests": tests})).unwrap();
    hold(&format!("{CUSTOMIZATION}/health_test.yaml"), &text, "health")
        .unwrap_or_else(|problem| panic!("{problem}"));
}

#[test]
fn every_file_of_the_testdata_is_a_state() {
    let folder = repository(&format!("{CUSTOMIZATION}/testdata"));
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let states: BTreeSet<String> =
        STATES.iter().map(|state| format!("{}.yaml", state.name)).collect();
    assert_eq!(files, states);
}

/// What the scripts can't know they must not take for well.
#[test]
fn a_status_that_is_not_ours_is_waited_for() {
    let object = |status: Value| {
        json!({
            "apiVersion": "iam.rolewright.dev/v1alpha1", "kind": "IAMRole",
            "metadata": {"name": "x", "namespace": "a", "generation": 1}, "spec": {},
            "status": status,
        })
    };
    let none = json!({"observedGeneration": 1, "conditions": []});
    let only_synced = json!({"observedGeneration": 1, "conditions": [
        {"type": "Synced", "status": "True", "reason": "Reconciled", "message": "m"},
    ]});
    for verdict in
        verdicts(&[object(json!({"observedGeneration": 1})), object(none), object(only_synced)])
    {
        assert_eq!(verdict.argocd.status, "Progressing", "{verdict:?}");
        assert_eq!(verdict.flux.status, "InProgress", "{verdict:?}");
    }
}

#[test]
fn the_page_of_verdicts_is_that_of_the_table() {
    let mut page = String::from(
        "# Health\n\nMade of `tests/gitops/states.rs` and of what the controller said in each \
         state; edit the former. What a tool that waits \
         makes of an `IAMRole`.\n\n| State | `Ready` | Argo CD | Flux | Helm `--wait` \
         |\n|---|---|---|---|---|\n",
    );
    for (state, object) in STATES.iter().zip(recorded()) {
        let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.iter().find(|condition| condition["type"] == "Ready");
        let ready = ready.map_or("absent".to_owned(), |ready| {
            format!(
                "{}, `{}`",
                ready["status"].as_str().unwrap(),
                ready["reason"].as_str().unwrap()
            )
        });
        let row = [state.when, &ready, state.argocd, state.flux, state.kstatus];
        writeln!(page, "| {} |", row.join(" | ")).unwrap();
    }
    page += "\n- **Argo CD** with `config/gitops/argocd/argocd-cm.yaml`: [how to install \
        it](../how-to/argo-cd.md). A sync wave ends with \
             Healthy, fails with Degraded, and waits for the rest.\n\
             - **Flux** with the `healthCheckExprs` of `config/gitops/flux/roles.yaml`: [how to \
             use them](../how-to/flux.md). Current ends the \
             waiting, Failed ends it with an error.\n\
             - **Helm** 4 with `--wait`, and Flux without `healthCheckExprs`: the generic rules \
             (kstatus). They wait for a role whose lifetime is over \
             until their timeout.\n\
             - **kubectl** with `wait --for=condition=Ready`: ends when `Ready` is `True` for the \
             newest generation. To end early, wait for \
             `Stalled` beside it.\n";
    hold(PAGE, &page, "health").unwrap_or_else(|problem| panic!("{problem}"));
}
