//! The harness itself: what the other tests stand on.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_sdk_iam::error::ProvideErrorMetadata;
use serde_json::json;

use harness::{
    ADMIN, Cluster, ControlPlane, Fault, FaultKind, Folder, Supervised, eventually, wait_until,
};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
/// Set for the child that is killed.
const VICTIM: &str = "ROLEWRIGHT_TEST_VICTIM";
const SOON: Duration = Duration::from_secs(20);

#[test]
fn the_api_server_is_the_pinned_version() {
    let version = Cluster::shared().control_plane.kubectl(&["version", "-o", "json"]).json();
    assert_eq!(version["serverVersion"]["gitVersion"], "v1.37.2");
    assert_eq!(version["clientVersion"]["gitVersion"], "v1.37.2");
}

#[tokio::test]
async fn kube_verifies_the_certificate_and_acts_as_the_administrator() {
    let version = Cluster::shared()
        .control_plane
        .client(ADMIN)
        .await
        .apiserver_version()
        .await
        .expect("an answer");
    assert_eq!(version.git_version, "v1.37.2");
}

#[test]
fn a_controller_has_no_rights_until_they_are_bound() {
    let scope = Cluster::shared().scope("rights");
    let as_controller = scope.cluster.control_plane.kubectl_as(&scope.controller_user);
    let list = ["get", "configmaps", "-n", &scope.namespace];
    let refused = as_controller.run(&list);
    assert!(
        refused.stderr.contains(&scope.controller_user) && refused.stderr.contains("forbidden"),
        "{}",
        refused.stderr
    );
    scope.bind_in_namespace("cluster-admin");
    wait_until("the binding to work", SOON, || {
        let answer = as_controller.run(&list);
        if answer.status.success() { Ok(()) } else { Err(answer.stderr) }
    });
    let elsewhere = as_controller.run(&["get", "configmaps", "-n", "default"]);
    assert!(!elsewhere.status.success(), "the binding ends at the namespace");
}

#[test]
fn the_audit_log_tells_who_wrote_what() {
    let scope = Cluster::shared().scope("audit");
    scope.bind_in_namespace("cluster-admin");
    let plane = &scope.cluster.control_plane;
    let as_controller = plane.kubectl_as(&scope.controller_user);
    let manifest = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "written",
            "namespace": scope.namespace}})
    .to_string();
    wait_until("the binding to work", SOON, || {
        let answer = as_controller.run_with(&["create", "-f", "-"], &manifest);
        if answer.status.success() { Ok(()) } else { Err(answer.stderr) }
    });
    as_controller.run(&["get", "configmap", "written", "-n", &scope.namespace]).ok();
    let mut writes = plane.audit_writes(&scope.controller_user);
    writes.retain(|write| write.code < 300);
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!(
        (writes[0].verb.as_str(), writes[0].resource.as_str(), writes[0].name.as_str()),
        ("create", "configmaps", "written")
    );
    assert_eq!(writes[0].namespace, scope.namespace);
}

#[test]
fn an_api_server_restarts_with_its_data() {
    let mut plane = ControlPlane::start();
    plane.kubectl(&["create", "namespace", "kept"]).ok();
    plane.restart_apiserver();
    plane.kubectl(&["get", "namespace", "kept"]).ok();
}

#[tokio::test]
async fn tests_do_not_see_each_others_accounts() {
    let cluster = Cluster::shared();
    let (one, other) = (cluster.scope("one"), cluster.scope("other"));
    one.iam()
        .create_role()
        .role_name("only-here")
        .assume_role_policy_document(TRUST)
        .send()
        .await
        .expect("a role");
    assert_eq!(one.iam().list_roles().send().await.expect("roles").roles().len(), 1);
    assert!(other.iam().list_roles().send().await.expect("roles").roles().is_empty());
    let calls = cluster.standin.calls(&one.account);
    assert_eq!(
        calls.iter().map(|call| (call.action.as_str(), call.status)).collect::<Vec<_>>(),
        [("CreateRole", 200), ("ListRoles", 200)]
    );
    assert!(
        cluster.standin.writes(&one.account).is_empty(),
        "the second client's writes are not the controller's"
    );
    cluster.standin.reset_calls(&one.account);
    assert!(cluster.standin.calls(&one.account).is_empty());
}

#[tokio::test]
async fn faults_hit_the_calls_they_name() {
    let cluster = Cluster::shared();
    let scope = cluster.scope("faults");
    let iam = scope.iam();
    iam.create_role()
        .role_name("r")
        .assume_role_policy_document(TRUST)
        .send()
        .await
        .expect("a role");
    let rule = Fault::on("GetRole", FaultKind::Throttle)
        .role("r")
        .only(&scope.account.admin_key)
        .after(1)
        .times(1);
    cluster.standin.faults(&scope.account, &[rule]);
    iam.get_role().role_name("r").send().await.expect("the first call passes");
    let refused = iam.get_role().role_name("r").send().await.expect_err("the second goes wrong");
    assert_eq!(refused.code(), Some("Throttling"));
    iam.get_role().role_name("r").send().await.expect("the third passes");
    assert_eq!(cluster.standin.faults_met(&scope.account), [1]);

    cluster.standin.clear_faults(&scope.account);
    cluster.standin.faults(&scope.account, &[Fault::on_writes(FaultKind::LostAnswer).times(1)]);
    iam.delete_role().role_name("r").send().await.expect_err("the answer is lost");
    let absent =
        iam.get_role().role_name("r").send().await.expect_err("the deletion was carried out");
    assert_eq!(absent.code(), Some("NoSuchEntity"));
}

#[tokio::test]
async fn a_withheld_answer_waits_for_its_release() {
    let cluster = Cluster::shared();
    let scope = cluster.scope("withheld");
    cluster.standin.faults(
        &scope.account,
        &[Fault::on("CreateRole", FaultKind::Withhold { seconds: 60 }).times(1)],
    );
    let iam = scope.iam();
    let creation = tokio::spawn(async move {
        iam.create_role().role_name("r").assume_role_policy_document(TRUST).send().await
    });
    let iam = scope.iam();
    eventually("the role to be there", SOON, async || {
        iam.get_role().role_name("r").send().await.map_err(|error| format!("{error:?}"))
    })
    .await;
    assert!(!creation.is_finished());
    cluster.standin.release(&scope.account);
    creation.await.expect("no panic").expect("the answer comes");
}

#[test]
fn the_aws_command_line_sees_the_account() {
    let scope = Cluster::shared().scope("cli");
    let aws = scope.cluster.standin.aws_cli(&scope.account);
    let identity = aws.run(&["sts", "get-caller-identity"]);
    assert_eq!(identity["Arn"], format!("arn:aws:iam::{}:user/admin", scope.account.id));
}

#[test]
fn a_supervised_process_gets_signals_and_reports_its_end() {
    let folder = Folder::new("supervised");
    let script = "trap 'exit 7' TERM; echo started; while :; do sleep 0.02; done";
    let mut process =
        Supervised::start(&folder, "script", Path::new("/bin/sh"), ["-c", script], &[]);
    wait_until("the script to start", SOON, || {
        if process.log().contains("started") { Ok(()) } else { Err(process.log()) }
    });
    process.signal("TERM");
    assert_eq!(process.ended_within(SOON).and_then(|status| status.code()), Some(7));

    let mut process = Supervised::start(&folder, "sleep", Path::new("/bin/sleep"), ["600"], &[]);
    let pid = wait_until("the process id", SOON, || process.pid().ok_or("none yet"));
    assert!(runs(pid));
    process.kill();
    assert!(!runs(pid));
    let path = folder.path().to_owned();
    drop((process, folder));
    assert!(!path.exists(), "the folder goes with its owner");
}

#[test]
fn nothing_outlives_a_killed_test_process() {
    let mut child = Command::new(std::env::current_exe().expect("the own test binary"))
        .args(["--exact", "parts::everything_started", "--nocapture"])
        .env(VICTIM, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the own test binary starts again");
    let output = BufReader::new(child.stdout.take().expect("its output is piped"));
    let line = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.split_once("STARTED ").map(|(_, rest)| rest.to_owned()));
    let started: (Vec<u32>, Vec<String>) =
        serde_json::from_str(&line.expect("the child starts everything"))
            .expect("process ids and folders");
    assert_eq!(
        started.0.len(),
        4,
        "etcd, API server, stand-in and a process in the controller's place"
    );
    let alive: Vec<bool> = started.0.iter().map(|&pid| runs(pid)).collect();
    child.kill().expect("SIGKILL"); // no handler runs, nothing is dropped
    child.wait().expect("the end of the child");
    assert_eq!(alive, [true; 4]);
    wait_until("every process and folder to be gone", SOON, || {
        let processes: Vec<&u32> = started.0.iter().filter(|&&pid| runs(pid)).collect();
        let folders: Vec<&String> =
            started.1.iter().filter(|folder| Path::new(folder).exists()).collect();
        if processes.is_empty() && folders.is_empty() {
            Ok(())
        } else {
            Err(format!("{processes:?} {folders:?}"))
        }
    });
}

#[test]
fn everything_started() {
    // The victim of `nothing_outlives_a_killed_test_process`: it has a part only as its child.
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    let cluster = Cluster::start();
    let folder = Folder::new("victim");
    let process =
        Supervised::start(&folder, "sleep", Path::new("/bin/sh"), ["-c", "sleep 600 & wait"], &[]);
    let mut pids = cluster.control_plane.pids();
    pids.push(cluster.standin.pid());
    pids.push(wait_until("the process id", SOON, || process.pid().ok_or("none yet")));
    let folders = [cluster.control_plane.folder(), cluster.standin.folder(), &folder]
        .map(|folder| folder.path().display().to_string());
    println!("STARTED {}", json!([pids, folders]));
    std::io::stdout().flush().expect("the line is written");
    let _ = std::io::stdin().lines().count(); // until the parent ends
}

/// Whether a process runs; a zombie does not.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
