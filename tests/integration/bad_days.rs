//! The built binary when things around it fail.

use std::time::Duration;

use serde_json::json;

use harness::world::{SOON, World, lambda, whole};
use harness::{Cluster, Controller, Fault, FaultKind, wait_until};

#[tokio::test]
async fn a_kill_with_create_role_applied_and_its_answer_withheld_ends_with_one_role() {
    let mut world = World::new("killcreate").await;
    let (standin, account) = (&world.scope.cluster.standin, world.scope.account.clone());
    standin
        .faults(&account, &[Fault::on("CreateRole", FaultKind::Withhold { seconds: 60 }).times(1)]);
    world.apply("x", &whole());
    wait_until("the role to be made", SOON, || {
        if world.writes() == ["CreateRole"] { Ok(()) } else { Err(format!("{:?}", world.writes())) }
    });
    world.controller().kill();
    standin.clear_faults(&account);
    standin.release(&account);
    world.start();
    world.wait_ready("x");
    let roles = world.scope.iam().list_roles().send().await.expect("roles");
    assert_eq!(roles.roles().len(), 1);
    let writes = world.writes();
    let (first, mut rest) = (&writes[0], writes[1..].to_vec());
    rest.sort(); // side by side
    assert_eq!(first, "CreateRole");
    assert_eq!(rest, ["AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"]);
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_deletion_ends_with_no_role() {
    let mut world = World::new("killdelete").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    world.clear();
    let (standin, account) = (&world.scope.cluster.standin, world.scope.account.clone());
    standin.faults(
        &account,
        &[Fault::on("DetachRolePolicy", FaultKind::Withhold { seconds: 60 }).times(1)],
    );
    world.delete("x");
    wait_until("the deletion to be under way", SOON, || {
        if world.writes().iter().any(|action| action == "DetachRolePolicy") {
            Ok(())
        } else {
            Err(format!("{:?}", world.writes()))
        }
    });
    world.controller().kill();
    standin.clear_faults(&account);
    standin.release(&account);
    assert!(world.resource("x").is_some(), "the finalizer holds the resource");
    world.start();
    world.wait_gone("x");
    assert!(world.get_role(&world.role("x")).await.is_none());
}

#[tokio::test]
async fn sigterm_lets_the_step_in_flight_end_and_begins_no_new_one() {
    let mut world = World::new("sigterm").await;
    let (standin, account) = (&world.scope.cluster.standin, world.scope.account.clone());
    standin.faults(
        &account,
        &[Fault::on("CreateRole", FaultKind::Delay { milliseconds: 3_000 }).times(1)],
    );
    world.apply("x", &whole());
    wait_until("CreateRole to be under way", SOON, || {
        let met = standin.faults_met(&account);
        if met == [1] { Ok(()) } else { Err(format!("{met:?}")) }
    });
    let status = world.controller().terminate();
    assert!(status.success(), "{status}");
    assert_eq!(world.writes(), ["CreateRole"]);
    standin.clear_faults(&account);
    world.start();
    world.wait_ready("x");
}

#[tokio::test]
async fn aws_throttled_failing_unreachable_or_denying_is_said_and_waited_out() {
    let world = World::new("aws").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    let (standin, account) = (&world.scope.cluster.standin, world.scope.account.clone());
    let kinds = [
        (FaultKind::Throttle, "Throttled"),
        (FaultKind::ServerError, "ServerError"),
        (FaultKind::Unreachable, "Unreachable"),
        (FaultKind::AccessDenied, "AccessDenied"),
    ];
    for (number, (kind, reason)) in kinds.into_iter().enumerate() {
        standin.faults(&account, &[Fault::on("*", kind).only(&account.controller_key)]);
        world.clear();
        let mut spec = whole();
        spec["description"] = json!(format!("number {number}"));
        world.apply("x", &spec);
        world.wait_reason("x", reason);
        standin.clear_faults(&account);
        world.wait_ready("x");
        let applied = world.writes();
        assert_eq!(
            applied.iter().filter(|action| **action != "UpdateRole").count(),
            0,
            "{reason}: {applied:?}"
        );
    }
}

#[tokio::test]
async fn aws_that_cannot_be_reached_at_the_start_is_waited_for() {
    let mut world = World::quiet("late").await;
    let (standin, account) = (&world.scope.cluster.standin, world.scope.account.clone());
    standin.faults(
        &account,
        &[Fault::on("GetCallerIdentity", FaultKind::Unreachable)
            .service("sts")
            .only(&account.controller_key)],
    );
    world.apply("x", &whole());
    let mut controller: Controller = world.scope.controller(&World::args());
    wait_until("the controller to say what it waits for", SOON, || {
        let answer =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| controller.get("/readyz")));
        match answer {
            Ok(answer) if answer.status == 503 && answer.body.contains("not reachable") => Ok(()),
            Ok(answer) => Err(format!("{} {}", answer.status, answer.body)),
            Err(_) => Err("no answer".to_owned()),
        }
    });
    standin.clear_faults(&account);
    controller.wait_ready();
    world.controller = Some(controller);
    world.wait_ready("x");
}

#[tokio::test]
async fn an_api_server_that_restarts_is_waited_for_and_nothing_is_removed() {
    // Its own control plane: the others go on meanwhile.
    let mut cluster = Cluster::start();
    let scope = cluster.scope("restart");
    scope.bind_in_namespace("rolewright");
    let (config, account, namespace) = (
        scope.config(&["--permissions-boundary", "none", "--sweep-interval", "1s"]),
        scope.account.clone(),
        scope.namespace.clone(),
    );
    let mut controller = Controller::start(&config);
    controller.wait_ready();
    let apply = |cluster: &Cluster, name: &str| {
        let manifest = json!({
            "apiVersion": "iam.rolewright.dev/v1alpha1", "kind": "IAMRole",
            "metadata": {"name": name, "namespace": namespace}, "spec": {"trust": [lambda()]},
        });
        cluster.control_plane.kubectl_with(&["apply", "-f", "-"], &manifest.to_string()).ok();
    };
    let wait = |cluster: &Cluster, name: &str| {
        let resource = format!("iamrole/{name}");
        let args = ["-n", &namespace, "wait", "--for=condition=Ready", "--timeout=90s", &resource];
        cluster.control_plane.kubectl(&args).ok();
    };
    apply(&cluster, "before");
    wait(&cluster, "before");
    cluster.control_plane.stop_apiserver();
    std::thread::sleep(Duration::from_secs(3));
    cluster.control_plane.start_apiserver();
    apply(&cluster, "after");
    wait(&cluster, "after");
    let writes: Vec<String> =
        cluster.standin.writes(&account).into_iter().map(|call| call.action).collect();
    assert_eq!(writes, ["CreateRole", "CreateRole"], "{}", controller.log());
}

#[tokio::test]
async fn windows_of_two_seconds_hold_back_what_they_should() {
    let mut world = World::quiet("windows").await;
    let boundary = "arn:{partition}:iam::{accountId}:policy/boundary";
    let mut args = vec!["--permissions-boundary", boundary, "--sweep-interval", "1s"];
    for flag in ["--settle-window", "--confirm-delay", "--absence-delay", "--create-window"] {
        args.extend([flag, "2s"]);
    }
    let mut controller = world.scope.controller(&args);
    controller.wait_ready();
    world.controller = Some(controller);
    world.apply("x", &whole());
    world.wait_ready("x");
    let role = world.role("x");
    // Past the settle window drift is corrected, after a confirming read.
    world.wait_sweeps(3);
    world.clear();
    world
        .scope
        .iam()
        .update_role()
        .role_name(&role)
        .description("other")
        .send()
        .await
        .expect("changed");
    wait_until("the correction", SOON, || {
        if world.calls() == ["GetRole", "UpdateRole"] {
            Ok(())
        } else {
            Err(format!("{:?}", world.calls()))
        }
    });
    // A role that is gone is looked for twice.
    world.clear();
    let iam = world.scope.iam();
    for arn in [harness::world::READ_ONLY, harness::world::AUDIT] {
        iam.detach_role_policy().role_name(&role).policy_arn(arn).send().await.expect("detached");
    }
    iam.delete_role_policy().role_name(&role).policy_name("read").send().await.expect("deleted");
    iam.delete_role().role_name(&role).send().await.expect("deleted");
    wait_until("the role to be made again", SOON, || {
        if world.writes().iter().any(|action| action == "CreateRole") {
            Ok(())
        } else {
            Err(format!("{:?}", world.calls()))
        }
    });
    let calls = world.calls();
    let create = calls.iter().position(|action| action == "CreateRole").expect("made again");
    assert!(
        calls[..create].iter().filter(|action| **action == "GetRole").count() >= 2,
        "{calls:?}"
    );
    world.wait_ready("x");
}

#[test]
fn a_missing_or_wrong_setting_stops_the_start_with_the_remedy() {
    let run = |args: &[&str]| {
        let output = std::process::Command::new(crate::BIN)
            .arg("controller")
            .args(args)
            .env_clear()
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(run(&["--permissions-boundary", "none"]).contains("--installation"));
    assert!(run(&["--installation", "x"]).contains("--permissions-boundary"));
    let said = run(&["--installation", "Not Allowed", "--permissions-boundary", "none"]);
    assert!(said.contains("--installation") && said.contains("choose another"), "{said}");
    let said = run(&["--installation", "x", "--permissions-boundary", "nonsense"]);
    assert!(said.contains("arn:{partition}"), "{said}");
    let said =
        run(&["--installation", "x", "--permissions-boundary", "none", "--sweep-interval", "soon"]);
    assert!(said.contains("--sweep-interval") && said.contains("1h30m"), "{said}");
}
