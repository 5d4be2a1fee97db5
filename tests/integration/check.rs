//! `rolewright check` on a running system: all is well, and each miss that can be made.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use harness::{Cluster, ControlPlane, Fault, FaultKind, SECRET, Scope, Standin, free_ports};

const READS: [&str; 9] = [
    "GetRole",
    "ListAttachedRolePolicies",
    "ListRolePolicies",
    "GetRolePolicy",
    "GetPolicy",
    "GetPolicyVersion",
    "ListInstanceProfilesForRole",
    "GetAccountAuthorizationDetails",
    "ListRoles",
];

/// Without these the controller does its work, and warns of less.
const SPARED: [&str; 2] = ["GetOpenIDConnectProvider", "GetSAMLProvider"];

/// Exit code and standard output; standard error stays empty.
fn check(kubeconfig: &Path, endpoint: &str, key: &str, args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(crate::BIN)
        .arg("check")
        .args(args)
        .env_clear()
        .env("KUBECONFIG", kubeconfig)
        .envs([
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ])
        .output()
        .expect("the command runs");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn of(scope: &Scope<'_>, args: &[&str]) -> (Option<i32>, String) {
    let kubeconfig = scope.kubeconfig();
    check(&kubeconfig, &scope.cluster.standin.url(), &scope.account.controller_key, args)
}

fn misses(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("ok    ")).collect()
}

#[test]
fn an_installation_with_everything_is_all_ok_and_nothing_is_written() {
    let scope = Cluster::shared().scope("check");
    scope.bind_in_namespace("rolewright");
    let (code, text) =
        of(&scope, &["--watch-namespace", &scope.namespace, "--account", &scope.account.id]);
    assert_eq!((code, misses(&text)), (Some(0), vec![]), "{text}");
    for part in [
        ":user/controller\nok    clock: ",
        "account: 1000",
        "in partition aws",
        "API server",
        "served",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for action in READS.into_iter().chain(SPARED) {
        assert!(text.contains(&format!("ok    iam:{action}: ")), "{action}: {text}");
    }
    assert!(text.contains("iam:GetRole: allowed"), "{text}");
    assert_eq!(text.matches("RBAC ").count(), 7, "{text}");
    assert!(scope.cluster.standin.writes(&scope.account).is_empty());

    // What options of the controller need besides.
    scope.bind_in_namespace("rolewright-lease");
    scope.bind_in_namespace("rolewright-service-accounts");
    let space = &scope.namespace;
    let (code, text) = of(
        &scope,
        &["--watch-namespace", space, "--lease-namespace", space, "--annotate-service-accounts"],
    );
    assert_eq!(
        (code, misses(&text), text.matches("RBAC ").count()),
        (Some(0), vec![], 14),
        "{text}"
    );

    // Cluster-wide, by the same words of a program.
    scope.bind("rolewright");
    let (code, text) = of(&scope, &["-o", "json"]);
    let printed: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &printed["ok"]), (Some(0), &json!(true)), "{text}");
    let findings = printed["findings"].as_array().expect("findings");
    assert!(
        findings.iter().all(|finding| finding["ok"] == true && finding["remedy"].is_null()),
        "{text}"
    );
    assert!(findings.iter().any(
        |finding| finding["what"] == "RBAC list iamroles.iam.rolewright.dev in all namespaces"
    ));
}

#[test]
fn each_right_that_is_missing_is_a_line_of_its_own() {
    let scope = Cluster::shared().scope("checkrbac");
    let user = format!("--user={}", scope.controller_user);
    scope
        .kubectl(&[
            "create",
            "role",
            "looks",
            "--verb=get,list,watch",
            "--resource=iamroles.iam.rolewright.dev",
        ])
        .ok();
    scope.kubectl(&["create", "rolebinding", "looks", "--role=looks", &user]).ok();
    let (code, text) = of(&scope, &["--watch-namespace", &scope.namespace]);
    assert_eq!(code, Some(1), "{text}");
    let found = misses(&text);
    let rights = [
        "patch iamroles.iam.rolewright.dev",
        "patch iamroles.status.iam.rolewright.dev",
        "create events.events.k8s.io",
        "patch events.events.k8s.io",
    ];
    assert_eq!(found.len(), rights.len(), "{text}");
    for (line, right) in found.iter().zip(rights) {
        let begin = format!(
            "MISS  RBAC {right} in namespace {}: denied; bind the ClusterRole",
            scope.namespace
        );
        assert!(line.starts_with(&begin) && line.ends_with("RoleBinding there"), "{line}");
    }
    let space = &scope.namespace;
    let (_, text) = of(
        &scope,
        &["--watch-namespace", space, "--lease-namespace", space, "--annotate-service-accounts"],
    );
    for (right, role) in [
        ("update leases.coordination.k8s.io", "rolewright-lease"),
        ("patch serviceaccounts", "rolewright-service-accounts"),
    ] {
        let line = format!(
            "MISS  RBAC {right} in namespace {space}: denied; bind the ClusterRole {role} of \
             config/rbac with a RoleBinding there\n"
        );
        assert!(text.contains(&line), "{line}{text}");
    }
    // A RoleBinding is not enough for all namespaces.
    let (code, text) = of(&scope, &[]);
    assert_eq!((code, misses(&text).len()), (Some(1), 7), "{text}");
}

#[test]
fn each_read_that_aws_denies_is_a_line_of_its_own() {
    let scope = Cluster::shared().scope("checkaws");
    scope.bind("rolewright");
    let (standin, account) = (&scope.cluster.standin, &scope.account);
    for action in READS {
        standin.faults(account, &[Fault::on(action, FaultKind::AccessDenied)]);
        let (code, text) = of(&scope, &[]);
        let found = misses(&text);
        assert_eq!((code, found.len()), (Some(1), 1), "{action}: {text}");
        assert!(found[0].starts_with(&format!("MISS  iam:{action}: AccessDenied: ")), "{text}");
        assert!(found[0].ends_with(&format!(
            "; allow iam:{action} on the resource *, as rolewright policy controller prints it"
        )));
        standin.clear_faults(account);
    }
    for action in SPARED {
        standin.faults(account, &[Fault::on(action, FaultKind::AccessDenied)]);
        let (code, text) = of(&scope, &[]);
        let found = misses(&text);
        assert_eq!((code, found.len()), (Some(0), 1), "{action}: {text}");
        let begin = format!("NOTE  iam:{action}: AccessDenied: ");
        assert!(found[0].starts_with(&begin) && found[0].contains("to be warned of"), "{text}");
        standin.clear_faults(account);
    }
    standin.faults(account, &[Fault::on("ListRoles", FaultKind::ServerError)]);
    let (code, text) = of(&scope, &[]);
    assert!(code == Some(1) && misses(&text)[0].contains("check the network"), "{text}");
    standin.clear_faults(account);
    standin
        .faults(account, &[Fault::on("GetCallerIdentity", FaultKind::AccessDenied).service("sts")]);
    let (code, text) = of(&scope, &[]);
    assert!(code == Some(1) && misses(&text).len() == 1, "{text}");
    assert!(misses(&text)[0].starts_with("MISS  AWS credentials: AccessDenied: "), "{text}");
    assert!(text.contains("ok    clock: ") && !text.contains("iam:GetRole:"), "{text}");
}

#[test]
fn a_clock_that_is_off_and_another_account_are_misses() {
    let scope = Cluster::shared().scope("checkclock");
    scope.bind("rolewright");
    scope.cluster.standin.settings(&scope.account, &json!({"skew_seconds": 600}));
    let (code, text) = of(&scope, &["--account", "210987654321"]);
    let found = misses(&text);
    assert_eq!((code, found.len()), (Some(1), 2), "{text}");
    assert!(
        found[0].starts_with("MISS  clock: ") && found[0].contains("s behind AWS's; set the clock"),
        "{text}"
    );
    assert!(found[1].ends_with("; take credentials of account 210987654321"), "{text}");
}

#[test]
fn a_side_that_does_not_answer_is_one_line() {
    let scope = Cluster::shared().scope("checkoff");
    scope.bind("rolewright");
    let [port] = free_ports();
    let closed = format!("http://127.0.0.1:{port}");
    let kubeconfig = scope.kubeconfig();
    let (code, text) = check(&kubeconfig, &closed, &scope.account.controller_key, &[]);
    let found = misses(&text);
    assert_eq!((code, found.len()), (Some(1), 1), "{text}");
    let words = "MISS  AWS credentials: not reachable: Connection refused (os error 111)";
    assert!(found[0].starts_with(words) && !found[0].contains("Error {"), "{text}");
    assert!(text.contains("served"), "the other side is asked all the same: {text}");

    let own = std::fs::read_to_string(&kubeconfig).expect("a kubeconfig");
    let away = kubeconfig.with_extension("away");
    std::fs::write(
        &away,
        own.replace(&scope.cluster.control_plane.url(), &format!("https://127.0.0.1:{port}")),
    )
    .unwrap();
    for kubeconfig in [away.as_path(), Path::new("/no/such/kubeconfig")] {
        let (code, text) =
            check(kubeconfig, &scope.cluster.standin.url(), &scope.account.controller_key, &[]);
        let found = misses(&text);
        assert_eq!((code, found.len()), (Some(1), 1), "{text}");
        assert!(found[0].starts_with("MISS  Kubernetes API server: "), "{text}");
        assert!(
            found[0].ends_with("; nothing else was asked of it")
                && ["set KUBECONFIG", "check the network"].iter().any(|do_| found[0].contains(do_))
                && text.contains("ok    iam:GetRole"),
            "{text}"
        );
    }
}

#[test]
fn a_cluster_without_the_kind_is_told_how_to_get_it() {
    let (plane, standin) = (ControlPlane::start(), Standin::start());
    let account = standin.account(1);
    let kubeconfig = plane.kubeconfig(harness::ADMIN);
    let (code, text) = check(&kubeconfig, &standin.url(), &account.controller_key, &[]);
    let kind = "MISS  kind IAMRole of iam.rolewright.dev/v1alpha1: iamroles and iamroles/status \
        not served; apply the CRD: \
                rolewright crds | kubectl apply --server-side -f -";
    assert_eq!((code, misses(&text)), (Some(1), vec![kind]), "{text}");
}

#[test]
fn a_flag_that_cannot_be_used_ends_with_2() {
    let output = Command::new(crate::BIN)
        .args(["check", "--account", "12"])
        .env_clear()
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("twelve digits"));
}

/// Nothing runs for this: the sentences are made of what is missing.
#[test]
fn credentials_that_are_missing_or_can_t_be_loaded_are_one_sentence_with_the_remedy() {
    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[], "no AWS credentials were found: give the pod IRSA or EKS Pod Identity"),
        (&[("AWS_PROFILE", "no-such-profile")], "no AWS credentials were found: give the pod"),
        (
            &[
                ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/x"),
                ("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/token"),
            ],
            "the AWS credentials can't be loaded: No such file or directory (os error 2): check \
             the profile, the token file",
        ),
    ];
    for (variables, words) in cases {
        let home = tempfile::tempdir().expect("a folder");
        let output = Command::new(crate::BIN)
            .arg("check")
            .env_clear()
            .env("HOME", home.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(variables.iter().copied())
            .output()
            .expect("the command runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = misses(&text);
        assert_eq!(found.len(), 2, "{text}");
        assert!(found[0].starts_with(&format!("MISS  AWS credentials: {words}")), "{text}");
        let kubeconfig = home.path().join(".kube/config");
        let words =
            format!("there is no kubeconfig {}, and this is not a pod", kubeconfig.display());
        assert!(found[1].contains(&words), "{text}");
        assert!(found.iter().all(|line| line.len() < 260), "{text}");
    }
}
