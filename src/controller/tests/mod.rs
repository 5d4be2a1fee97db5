//! The controller in the simulation: the whole engine on a strict fake of IAM and of the API
//! server, on a virtual clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "tests"
)]

mod accidents;
mod accounts;
mod additive;
mod annotate;
mod bad_days;
mod boundaries;
mod brakes;
mod claims;
mod clock;
mod contested;
mod contested_drift;
mod crash;
mod create;
mod drift;
mod fair;
mod held;
mod held_changes;
mod leader;
mod letting_go;
mod lifetime;
mod literal;
mod metrics;
mod names;
mod notice;
mod null;
mod observe;
mod other_account;
mod other_managers;
mod ownership;
mod peers;
mod pinned;
mod principals;
mod protected;
mod providers;
mod removal;
mod rest;
mod room;
mod side_by_side;
mod slow;
mod steps;
mod sweeps;
mod unclaimed;
mod visible;
mod watching;
mod windows;

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};

use crate::{
    accounts::Accounts,
    api::{ResourceKey, RoleStatus, condition},
    controller::{
        engine::{self, RunError, Signals},
        shared::Health,
    },
    election::{
        leadership::{Leadership, SetBack},
        pulse::Pulse,
    },
    metrics::Metrics,
    plan::{
        say::conditions,
        scope::{
            config::{Config, Windows},
            limits::{BoundaryRule, Limits},
            own::Own,
            resolve::Sources,
        },
    },
    settings::MANAGED_POLICIES,
    sim::{
        iam::FakeIam,
        world::{ACCOUNT, PARTITION, World},
    },
};
use iam::{account::Account, managed::ManagedPolicyRules};

pub const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
pub const AUDIT: &str = "arn:aws:iam::aws:policy/SecurityAudit";
pub const LAMBDA: &str =
    r#"{"name":"lambda","service":{"name":"lambda.amazonaws.com","sourceAccount":"None"}}"#;
pub const READ: &str = r#"{"name":"read","statements":[{"effect":"Allow","actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/*"]}]}"#;

/// A role with two attachments and one inline policy.
pub fn whole() -> String {
    format!(
        r#"{{"description":"d","trust":[{LAMBDA}],"permissions":{{"managedPolicies":["{READ_ONLY}","{AUDIT}"],"inlinePolicies":[{READ}]}},"tags":{{"owner":"a"}}}}"#
    )
}

/// A role with nothing but trust, and more fields as JSON members.
pub fn plain(more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!(r#"{{"trust":[{LAMBDA}]{comma}{more}}}"#)
}

pub fn key(name: &str) -> ResourceKey {
    ResourceKey { namespace: "a".into(), name: name.into() }
}

/// Name of the role of `key(name)`.
pub fn role(name: &str) -> String {
    format!("test-a_{name}")
}

/// The engine's task, and how to stop it.
type Running = (JoinHandle<Result<(), RunError>>, watch::Sender<bool>);

/// Settings of the engine but for the limits.
#[derive(Clone, Copy)]
pub struct Settings {
    pub windows: Windows,
    pub removal_wave: Duration,
    pub sweep_interval: Duration,
    pub max_concurrent: usize,
    pub max_roles: Option<usize>,
}

pub struct Rig {
    pub world: World,
    /// Of the account of `world`.
    pub limits: Limits,
    /// More accounts, in which resources are that are pinned to them.
    pub others: Vec<(Account, FakeIam)>,
    pub config: Settings,
    /// Namespaces that are watched; empty for all.
    pub namespaces: Vec<String>,
    pub boundary: String,
    /// Of all controllers, one after the other.
    pub metrics: Arc<Metrics>,
    /// Of the controller that was started last.
    health: Option<watch::Receiver<Health>>,
    /// How the election tells it that the Lease is older than it was.
    pub set_back: SetBack,
    running: Option<Running>,
}

impl Rig {
    /// Windows as by default.
    pub fn new() -> Self {
        let world = World::new();
        let boundary = world.iam.add_policy("boundary");
        let account = Account::new(ACCOUNT, PARTITION).unwrap();
        let limits = Limits {
            installation: "test".into(),
            role_name_prefix: "test-".into(),
            path_prefix: "/".into(),
            boundary: BoundaryRule::Always(
                "arn:{partition}:iam::{accountId}:policy/boundary".into(),
            ),
            managed_policies: ManagedPolicyRules::new(MANAGED_POLICIES).unwrap(),
            annotate: true,
            max_lifetime: None,
            allow_pause: true,
            allow_observe: true,
            allow_retain: true,
            max_session: None,
            oidc_issuers: vec!["https://oidc.example.org/id/1".into()],
            trusted: iam::trust::limits::Trusted::default(),
            default_tags: iam::tag::Tags::new(),
            default_deletion: crate::api::kinds::iam_role::DeletionPolicy::Delete,
            account,
            own: Own::default(),
        };
        let config = Settings {
            windows: Windows {
                settle: Duration::from_mins(1),
                confirm: Duration::from_secs(5),
                absence: Duration::from_secs(30),
                create: Duration::from_mins(2),
            },
            sweep_interval: Duration::from_mins(1),
            // Tests of the wave switch it on.
            removal_wave: Duration::ZERO,
            max_concurrent: 8,
            max_roles: None,
        };
        Self {
            world,
            limits,
            others: Vec::new(),
            config,
            namespaces: Vec::new(),
            boundary,
            metrics: Arc::default(),
            health: None,
            set_back: SetBack::default(),
            running: None,
        }
    }

    /// All windows off.
    pub fn without_windows() -> Self {
        let mut rig = Self::new();
        let zero = Duration::ZERO;
        rig.config.windows = Windows { settle: zero, confirm: zero, absence: zero, create: zero };
        rig
    }

    /// Without windows, started, with one resource that is ready; call logs are empty.
    pub async fn with(spec: &str) -> Self {
        let mut rig = Self::without_windows();
        rig.start();
        rig.apply("x", spec);
        rig.seconds(5).await;
        assert!(rig.is_ready("x"), "{:?}", rig.status("x"));
        rig.clear();
        rig
    }

    pub fn start(&mut self) {
        self.start_on(self.world.clone());
    }

    pub fn start_on(&mut self, world: World) {
        self.start_as(world, Leadership::alone());
    }

    pub fn start_as(&mut self, world: World, leadership: Leadership) {
        let (stop_sender, stop) = watch::channel(false);
        let health = watch::Sender::new(Health::default());
        self.health = Some(health.subscribe());
        let set_back = self.set_back.clone();
        let signals = Signals { stop, health, leadership, set_back, pulse: Pulse::default() };
        let mut sources = Sources::new(self.limits.clone());
        let mut accounts = vec![(self.limits.account.clone(), world.iam)];
        for (account, iam) in &self.others {
            sources = sources.with(Limits { account: account.clone(), ..self.limits.clone() });
            accounts.push((account.clone(), iam.clone()));
        }
        let Settings { windows, removal_wave, sweep_interval, max_concurrent, max_roles } =
            self.config;
        let namespaces = self.namespaces.clone();
        let config = Config {
            sources,
            windows,
            sweep_interval,
            namespaces,
            removal_wave,
            max_concurrent,
            max_roles,
        };
        let (accounts, metrics) = (Accounts::new(accounts), Arc::clone(&self.metrics));
        let engine = engine::run(accounts, world.cluster, world.clock, config, metrics, signals);
        self.running = Some((tokio::spawn(engine), stop_sender));
    }

    /// How the controller that was started last is doing.
    pub fn health(&self) -> Health {
        self.health.as_ref().expect("one was started").borrow().clone()
    }

    /// Ends the controller as SIGTERM does.
    pub async fn stop(&mut self) {
        let (task, stop) = self.running.take().expect("the controller runs");
        stop.send(true).unwrap();
        task.await.unwrap().unwrap();
    }

    /// Ends the controller as SIGKILL does.
    pub async fn kill(&mut self) {
        let (task, _) = self.running.take().expect("the controller runs");
        task.abort();
        let _ = task.await;
    }

    pub async fn restart(&mut self) {
        self.stop().await;
        self.start();
    }

    /// Whether the controller goes on.
    pub fn is_running(&self) -> bool {
        self.running.as_ref().is_some_and(|(task, _)| !task.is_finished())
    }

    /// How the controller ended by itself.
    pub async fn ended(&mut self) -> Result<(), RunError> {
        self.running.take().expect("the controller runs").0.await.unwrap()
    }

    pub fn apply(&self, name: &str, spec: &str) {
        self.world.cluster.apply(&key(name), spec).unwrap();
    }

    /// Lets virtual time pass.
    pub async fn seconds(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// A sweep and what follows from it.
    pub async fn a_sweep(&self) {
        self.seconds(75).await;
    }

    pub fn status(&self, name: &str) -> RoleStatus {
        self.world.cluster.resource(&key(name)).expect("the resource exists").status
    }

    pub fn is_ready(&self, name: &str) -> bool {
        let resource = self.world.cluster.resource(&key(name)).expect("the resource exists");
        conditions::is_ready(&resource.status, resource.generation)
    }

    /// Reason and message of Ready.
    pub fn ready(&self, name: &str) -> (String, String) {
        let status = self.status(name);
        conditions::find(&status.conditions, condition::READY)
            .map(|ready| (ready.reason.clone(), ready.message.clone()))
            .expect("Ready is always present")
    }

    pub fn has(&self, name: &str, type_: &str) -> bool {
        conditions::is_true(&self.status(name).conditions, type_)
    }

    /// Actions called on AWS, sweeps left out.
    pub fn calls(&self) -> Vec<&'static str> {
        let bulk = ["GetAccountAuthorizationDetails", "ListRoles"];
        self.world
            .iam
            .calls()
            .iter()
            .map(|call| call.action)
            .filter(|action| !bulk.contains(action))
            .collect()
    }

    pub fn writes(&self) -> Vec<&'static str> {
        self.world.iam.writes().iter().map(|call| call.action).collect()
    }

    pub fn clear(&self) {
        self.world.iam.clear_log();
        self.world.cluster.clear_log();
    }

    /// Reasons of the Events so far.
    pub fn reasons(&self) -> Vec<&'static str> {
        self.world.cluster.notices().iter().map(|published| published.notice.reason).collect()
    }
}
