//! Every setting of the controller can be reached by a value, and what the chart renders is what
//! the controller reads.

use std::collections::BTreeSet;

use clap::CommandFactory;
use serde_json::{Value, json};

use crate::helm::{objects, one, with};
use crate::values;

/// Flags that have a value of their own outside of `settings`.
const ELSEWHERE: [&str; 8] = [
    "installation",
    "lease-duration",
    "lease-namespace",
    "lease-renew-deadline",
    "lease-retry-period",
    "leader-election",
    "listen",
    "permissions-boundary",
];
const WATCH: &str = "watch-namespace";

fn flags() -> BTreeSet<String> {
    let command = rolewright::cli::Cli::command();
    let controller = command.find_subcommand("controller").unwrap();
    controller
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .map(str::to_owned)
        .collect()
}

fn kebab(name: &str) -> String {
    name.chars()
        .flat_map(|c| if c.is_uppercase() { vec!['-', c.to_ascii_lowercase()] } else { vec![c] })
        .collect()
}

#[test]
fn each_flag_of_the_controller_has_a_value() {
    let defaults = values::defaults();
    let settings = defaults["settings"].as_object().unwrap().keys().map(|name| kebab(name));
    let reached: BTreeSet<String> =
        settings.chain(ELSEWHERE.map(str::to_owned)).chain([WATCH.to_owned()]).collect();
    let flags: BTreeSet<String> = flags().into_iter().filter(|flag| flag != "help").collect();
    assert_eq!(
        reached, flags,
        "give the flag a value in values.yaml and values.schema.json, or take the value away"
    );
}

#[test]
fn the_comments_of_the_settings_tell_the_defaults_of_the_controller() {
    let command = rolewright::cli::Cli::command();
    let controller = command.find_subcommand("controller").unwrap();
    let defaults = values::defaults();
    let mut told = 0;
    for row in values::documented() {
        // A value that is not null is the chart's own default.
        let Some(name) =
            row.path.strip_prefix("settings.").filter(|name| defaults["settings"][name].is_null())
        else {
            continue;
        };
        let flag = kebab(name);
        let argument =
            controller.get_arguments().find(|argument| argument.get_long() == Some(&flag)).unwrap();
        if let [default] = argument.get_default_values() {
            let words = format!("Default: {}.", default.to_str().unwrap());
            assert!(row.comment.replace('`', "").contains(&words), "{}: {words}", row.path);
            told += 1;
        }
    }
    assert!(told > 8, "{told}");
}

pub fn arguments(values: &Value) -> Vec<String> {
    let objects = objects(values);
    let list = &one(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"];
    serde_json::from_value(list.clone()).unwrap()
}

/// What the binary says to the arguments: it checks them before it looks for a cluster or an
/// account.
#[test]
fn the_controller_reads_the_arguments_as_they_are_meant() {
    use clap::Parser;
    let values = with(&json!({
        "watchNamespaces": ["team-a", "team-b"],
        "settings": {
            "roleNamePrefix": "x-", "pathPrefix": "/x/",
            "managedPolicies": ["arn:{partition}:iam::aws:policy/*", "!*/Admin"],
            "maxLifetime": "720h", "maxSession": "4h", "oidcIssuer": ["https://a.example.org",
            "https://b.example.org"],
            "sweepInterval": "90s", "settleWindow": "0", "awsReadRate": 2.5,
            "maxConcurrentReconciles": 12, "maxRolesPerNamespace": 40, "logLevel": "debug",
            "trustedAccounts": ["111111111111", "o-a1b2c3d4e5"], "ownAccounts": ["111111111111"],
            "defaultTags": {"owner": "a b", "cost": ""}, "defaultDeletionPolicy": "Retain",
        },
        "leaderElection": {"leaseDuration": "30s", "renewDeadline": "20s", "retryPeriod": "5s"},
        "extraArgs": ["--create-window=1s"],
    }));
    let words = [vec!["rolewright".to_owned()], arguments(&values)].concat();
    let cli =
        rolewright::cli::Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{error}"));
    let said = format!("{cli:?}");
    for part in [
        r#"installation: "prod""#,
        r#"permissions_boundary: "arn:{partition}:iam::{accountId}:policy/rolewright-boundary""#,
        r#"role_name_prefix: Some("x-")"#,
        r#"path_prefix: "/x/""#,
        r#"managed_policies: ["arn:{partition}:iam::aws:policy/*", "!*/Admin"]"#,
        r#"max_lifetime: Some("720h")"#,
        r#"oidc_issuer: ["https://a.example.org", "https://b.example.org"]"#,
        r#"sweep_interval: "90s""#,
        "aws_read_rate: 2.5",
        r#"trusted_accounts: ["111111111111", "o-a1b2c3d4e5"]"#,
        r#"own_accounts: ["111111111111"]"#,
        r#"default_tags: ["cost=", "owner=a b"]"#,
        r#"default_deletion_policy: "Retain""#,
        "max_concurrent_reconciles: 12",
        "max_roles_per_namespace: 40",
        r#"watch_namespace: ["team-a", "team-b"]"#,
        "listen: 0.0.0.0:8080",
        "log_format: Json",
        r#"create_window: "1s""#,
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
