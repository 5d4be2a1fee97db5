//! The AWS stand-in (`tests/standin/launch.py`): one server, an account for each test, chosen by
//! the access key.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::aws::AwsCli;
use super::faults::Fault;
use super::process::Folder;
use super::{http, setup};

/// An AWS account. The keys carry its number, so nothing has to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// The access key of the controller: user `controller`.
    pub controller_key: String,
    /// The access key of a second client, who makes drift and looks: user `admin`.
    pub admin_key: String,
}

/// Any secret will do: signatures are not checked.
pub const SECRET: &str = "secret";

/// A call that reached the stand-in.
#[derive(Clone, Debug, Deserialize)]
pub struct Call {
    /// Order over all accounts.
    pub n: u64,
    pub account: String,
    /// `iam`, `sts`.
    pub service: String,
    pub action: String,
    /// Whether it changes something when it succeeds.
    pub write: bool,
    /// HTTP status, 0 when the connection was closed before anything was done.
    pub status: u16,
    pub user_agent: String,
    pub access_key: String,
    /// The parameter `RoleName`, as sent.
    pub role: Option<String>,
    /// All parameters as they are on the wire.
    pub params: BTreeMap<String, String>,
    /// The kind of the fault that it met.
    pub fault: Option<String>,
    /// The role of that name as it was before the call.
    pub target: Option<Target>,
}

/// What AWS knows of a role when it evaluates the conditions of a policy.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    pub arn: String,
    pub boundary: Option<String>,
    pub tags: BTreeMap<String, String>,
}

pub struct Standin {
    port: u16,
    server: Child,
    folder: Folder,
}

impl Standin {
    /// # Panics
    /// When it does not start.
    pub fn start() -> Standin {
        let folder = Folder::new("standin");
        let log = std::fs::File::create(folder.join("standin.log"))
            .expect("a log file in the temporary folder");
        // It ends by itself when our end of its standard input closes.
        let mut server = Command::new(setup::python())
            .arg(setup::repository("tests/standin/launch.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("the stand-in's Python starts");
        let mut line = String::new();
        let said = BufReader::new(server.stdout.take().expect("its standard output is piped"))
            .read_line(&mut line);
        let port = line.strip_prefix("READY ").and_then(|port| port.trim().parse().ok());
        let Some(port) = port else {
            let log = std::fs::read_to_string(folder.join("standin.log")).unwrap_or_default();
            let _ = server.kill();
            panic!("the stand-in does not start ({said:?}, {line:?}):\n{log}");
        };
        Standin { port, server, folder }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The account number `n`; the first use makes it. `Cluster::scope` gives out numbers from 1.
    #[allow(clippy::unused_self, reason = "an account belongs to a stand-in")]
    pub fn account(&self, n: u32) -> Account {
        let id = format!("{:012}", 100_000_000_000_u64 + u64::from(n));
        Account { controller_key: format!("AKIACTRL{id}"), admin_key: format!("AKIAMAIN{id}"), id }
    }

    /// A client of the SDK as the second client of an account. It does not retry.
    pub fn iam_client(&self, account: &Account) -> aws_sdk_iam::Client {
        use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
        // an error means that it is installed
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let config = aws_sdk_iam::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(self.url())
            .credentials_provider(Credentials::new(
                &account.admin_key,
                SECRET,
                None,
                None,
                "harness",
            ))
            .retry_config(RetryConfig::disabled())
            .build();
        aws_sdk_iam::Client::from_conf(config)
    }

    /// The AWS command line as the second client of an account: about 0.7 s a call.
    pub fn aws_cli(&self, account: &Account) -> AwsCli {
        AwsCli::new(self.url(), account.admin_key.clone(), self.folder.path().to_owned())
    }

    /// Every call of an account since the last reset, in the order in which they took effect.
    pub fn calls(&self, account: &Account) -> Vec<Call> {
        serde_json::from_value(self.control("GET", "calls", account, None))
            .expect("the log of calls has a known shape")
    }

    /// The calls of the controller that change something.
    pub fn writes(&self, account: &Account) -> Vec<Call> {
        let mut calls = self.calls(account);
        calls.retain(|call| call.write && call.access_key == account.controller_key);
        calls
    }

    pub fn reset_calls(&self, account: &Account) {
        self.control("POST", "calls/reset", account, None);
    }

    /// Adds rules behind the ones that are there.
    pub fn faults(&self, account: &Account, rules: &[Fault]) {
        let rules: Vec<Value> = rules.iter().map(Fault::to_json).collect();
        self.control("POST", "faults", account, Some(&json!(rules)));
    }

    /// How many calls each rule has met, in the order of the rules.
    pub fn faults_met(&self, account: &Account) -> Vec<u64> {
        let rules = self.control("GET", "faults", account, None);
        rules.as_array().into_iter().flatten().filter_map(|rule| rule["matched"].as_u64()).collect()
    }

    /// Removes all rules and lets withheld answers go.
    pub fn clear_faults(&self, account: &Account) {
        self.control("DELETE", "faults", account, None);
    }

    /// Lets withheld answers go.
    pub fn release(&self, account: &Account) {
        self.control("POST", "release", account, None);
    }

    /// `{"page_cap": 100, "roles_quota": 1000, "skew_seconds": 0}`: the largest page, the quota of
    /// roles, and how far the `Date` header of answers is off.
    pub fn settings(&self, account: &Account, settings: &Value) {
        self.control("POST", "settings", account, Some(settings));
    }

    /// A role that only AWS could make, for example below `/aws-reserved/` or with `aws:` tags:
    /// `{"name": …, "path": …, "description": …, "tags": {…}, "trust": {…}}`. Returns its ARN.
    pub fn role_by_aws(&self, account: &Account, role: &Value) -> String {
        self.control("POST", "roles", account, Some(role))["Arn"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    fn control(
        &self,
        method: &str,
        command: &str,
        account: &Account,
        body: Option<&Value>,
    ) -> Value {
        let path = format!("/_rolewright/{command}?account={}", account.id);
        let answer = http::request(self.port, method, &path, body).unwrap_or_else(|error| {
            panic!("the stand-in does not answer {method} {path}: {error}")
        });
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or_else(|error| {
            panic!("{method} {path} answers no JSON ({error}): {}", answer.body)
        })
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = super::process::ended_within(&mut self.server, Duration::from_secs(5));
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
