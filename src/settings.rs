//! Settings of the controller: what was typed ([`Args`]), then what it means ([`Limits`],
//! [`Config`]).

mod check;

use crate::plan::scope::resolve::Sources;
use std::{net::SocketAddr, time::Duration};

use clap::Args as ClapArgs;

use crate::{
    api::kinds::iam_role::DeletionPolicy,
    plan::{
        decide::{brakes::LONGEST_WAVE, lifetime},
        lease::Timing,
        scope::{
            config::{Config, Windows},
            limits::Limits,
            own::Own,
        },
    },
    telemetry::LogFormat,
};
use iam::{
    account::{Account, AccountId},
    limits as quota, name,
};

/// Default of `--managed-policies`: all of AWS and of the own account but those that give
/// everything away.
pub const MANAGED_POLICIES: [&str; 5] = [
    "arn:{partition}:iam::aws:policy/*",
    "arn:{partition}:iam::{accountId}:policy/*",
    "!*/AdministratorAccess",
    "!*/IAMFullAccess",
    "!*/PowerUserAccess",
];

/// Headings of the flags in `--help` and on the page of settings.
mod heading {
    pub const NAMES: &str = "Names and paths";
    pub const LIMITS: &str = "Limits for resources";
    pub const DEFAULTS: &str = "Defaults for resources";
    pub const SERVICE_ACCOUNTS: &str = "Service accounts";
    pub const TIMING: &str = "Timing";
    pub const LOAD: &str = "Load";
    pub const CLUSTER: &str = "Namespaces and replicas";
    pub const OBSERVABILITY: &str = "Metrics, health and log";
}

/// Who we are and what resources may ask for: the same for the controller and for `render`.
#[derive(Clone, Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct ScopeArgs {
    /// Name of this installation, 1 to 32 of a-z, 0-9 and -. Unique for each running installation,
    /// and never changed: the controller recognises its own roles by it
    #[arg(long, help_heading = heading::NAMES, env = "ROLEWRIGHT_INSTALLATION", value_name = "NAME")]
    pub installation: String,
    /// ARN of the permissions boundary that every role gets, or `none`. {accountId} and {partition}
    /// are replaced
    #[arg(long, help_heading = heading::LIMITS, env = "ROLEWRIGHT_PERMISSIONS_BOUNDARY", value_name = "ARN|none")]
    pub permissions_boundary: String,
    /// Prefix of every role name [default: the installation and a hyphen]
    #[arg(long, help_heading = heading::NAMES, env = "ROLEWRIGHT_ROLE_NAME_PREFIX", value_name = "PREFIX")]
    pub role_name_prefix: Option<String>,
    /// Every role's path begins with this; also the path where a resource names none
    #[arg(long, help_heading = heading::NAMES, env = "ROLEWRIGHT_PATH_PREFIX", value_name = "PATH", default_value = "/")]
    pub path_prefix: String,
    /// Managed policies that may be attached: ARN patterns with *, a leading ! excludes. Separate
    /// with commas or repeat the flag
    #[arg(long, help_heading = heading::LIMITS, env = "ROLEWRIGHT_MANAGED_POLICIES", value_name = "PATTERN", value_delimiter = ',',
          default_values = MANAGED_POLICIES)]
    pub managed_policies: Vec<String>,
    /// Longest lifetime of a role, from the creation of its resource; requires spec.lifetime
    /// [default: no limit]
    #[arg(long, help_heading = heading::LIMITS, env = "ROLEWRIGHT_MAX_LIFETIME", value_name = "DURATION")]
    pub max_lifetime: Option<String>,
    /// Longest spec.maxSessionDuration, 1h to 12h [default: 12h]
    #[arg(long, help_heading = heading::LIMITS, env = "ROLEWRIGHT_MAX_SESSION", value_name = "DURATION")]
    pub max_session: Option<String>,
    /// Other accounts and organizations that roles may trust: account ids and organization ids
    /// (o-…). Separate with commas or repeat the flag [default: only the role's own account]
    #[arg(long, help_heading = heading::LIMITS, env = "ROLEWRIGHT_TRUSTED_ACCOUNTS", value_name = "ID", value_delimiter = ',')]
    pub trusted_accounts: Vec<String>,
    /// Your own accounts and organizations; if set, trust in any other account requires an
    /// externalId [default: never required]
    #[arg(long, help_heading = heading::LIMITS, env = "ROLEWRIGHT_OWN_ACCOUNTS", value_name = "ID", value_delimiter = ',')]
    pub own_accounts: Vec<String>,
    /// Tags for roles whose resource does not set them: KEY=VALUE, at most 6. Separate with commas
    /// or repeat the flag
    #[arg(long, help_heading = heading::DEFAULTS, env = "ROLEWRIGHT_DEFAULT_TAGS", value_name = "KEY=VALUE", value_delimiter = ',')]
    pub default_tags: Vec<String>,
    /// Deletion policy of resources that do not set one
    #[arg(long, help_heading = heading::DEFAULTS, env = "ROLEWRIGHT_DEFAULT_DELETION_POLICY", value_name = "POLICY",
          value_parser = ["Delete", "Retain"], default_value = "Delete")]
    pub default_deletion_policy: String,
    /// OIDC issuers of clusters whose service accounts may assume roles: provider ARNs or https
    /// URLs. Separate with commas or repeat the flag
    #[arg(long, help_heading = heading::SERVICE_ACCOUNTS, env = "ROLEWRIGHT_OIDC_ISSUER", value_name = "ARN|URL", value_delimiter = ',')]
    pub oidc_issuer: Vec<String>,
    /// Allow grants with `annotate: true` to write the role's ARN on their service account
    #[arg(long, help_heading = heading::SERVICE_ACCOUNTS, env = "ROLEWRIGHT_ANNOTATE_SERVICE_ACCOUNTS", value_name = "true|false",
        num_args = 0..=1, require_equals = true,
          default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub annotate_service_accounts: bool,
    /// Obey the annotation rolewright.dev/paused, which also delays the end of a lifetime; if
    /// false, it is ignored
    #[arg(long, help_heading = heading::LIMITS, env = "ROLEWRIGHT_ALLOW_PAUSE", value_name = "true|false", num_args = 0..=1,
        require_equals = true,
          default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub allow_pause: bool,
    /// Allow driftPolicy: Observe, with which a role outlives its lifetime and its resource
    #[arg(long, help_heading = heading::LIMITS, env = "ROLEWRIGHT_ALLOW_OBSERVE", value_name = "true|false", num_args = 0..=1,
        require_equals = true,
          default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub allow_observe: bool,
    /// Allow deletionPolicy: Retain, with which a role outlives its resource, and so its lifetime
    #[arg(long, help_heading = heading::LIMITS, env = "ROLEWRIGHT_ALLOW_RETAIN", value_name = "true|false", num_args = 0..=1,
        require_equals = true,
          default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub allow_retain: bool,
}

/// Everything that `rolewright controller` can be told.
#[derive(Clone, Debug, ClapArgs)]
pub struct Args {
    /// Who we are and what resources may ask for.
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Time from the end of one sweep to the start of the next
    #[arg(long, help_heading = heading::TIMING, env = "ROLEWRIGHT_SWEEP_INTERVAL", value_name = "DURATION", default_value = "60s")]
    pub sweep_interval: String,
    /// How long the controller trusts its own write over a possibly stale read; 0s disables it
    #[arg(long, help_heading = heading::TIMING, env = "ROLEWRIGHT_SETTLE_WINDOW", value_name = "DURATION", default_value = "60s")]
    pub settle_window: String,
    /// Time between a sweep that sees a difference in something written recently and the read that
    /// confirms it; other drift is confirmed at once
    #[arg(long, help_heading = heading::TIMING, env = "ROLEWRIGHT_CONFIRM_DELAY", value_name = "DURATION", default_value = "5s")]
    pub confirm_delay: String,
    /// Time between the two reads after which an expected role counts as absent, or a role to be
    /// released as not ours
    #[arg(long, help_heading = heading::TIMING, env = "ROLEWRIGHT_ABSENCE_DELAY", value_name = "DURATION", default_value = "30s")]
    pub absence_delay: String,
    /// How long after creating a role "not found" counts as propagation delay
    #[arg(long, help_heading = heading::TIMING, env = "ROLEWRIGHT_CREATE_WINDOW", value_name = "DURATION", default_value = "120s")]
    pub create_window: String,
    /// How long a removal waits for further removals in its namespace, at most a minute in all, so
    /// that mass removals are noticed; 0s disables it
    #[arg(long, help_heading = heading::TIMING, env = "ROLEWRIGHT_REMOVAL_WAVE", value_name = "DURATION", default_value = "10s")]
    pub removal_wave: String,
    /// Most AWS reads per second and account; 0 removes the limit
    #[arg(long, help_heading = heading::LOAD, env = "ROLEWRIGHT_AWS_READ_RATE", value_name = "RATE", default_value_t = 50.0)]
    pub aws_read_rate: f64,
    /// Most AWS writes per second and account; 0 removes the limit
    #[arg(long, help_heading = heading::LOAD, env = "ROLEWRIGHT_AWS_WRITE_RATE", value_name = "RATE", default_value_t = 20.0)]
    pub aws_write_rate: f64,
    /// Number of resources that are reconciled at the same time
    #[arg(long, help_heading = heading::LOAD,
        env = "ROLEWRIGHT_MAX_CONCURRENT_RECONCILES",
        value_name = "N",
        default_value_t = 8
    )]
    pub max_concurrent_reconciles: usize,
    /// Most roles in one namespace; 0 is no limit. Existing roles count first, then older
    /// resources; no role is deleted for it
    #[arg(long, help_heading = heading::LIMITS, env = "ROLEWRIGHT_MAX_ROLES_PER_NAMESPACE", value_name = "N", default_value_t = 0)]
    pub max_roles_per_namespace: usize,
    /// Namespaces to watch. Separate with commas or repeat the flag [default: all]
    #[arg(long, help_heading = heading::CLUSTER,
        env = "ROLEWRIGHT_WATCH_NAMESPACE",
        value_name = "NAMESPACE",
        value_delimiter = ','
    )]
    pub watch_namespace: Vec<String>,
    /// Elect a leader among several replicas, through the Lease rolewright-INSTALLATION
    #[arg(long, help_heading = heading::CLUSTER, env = "ROLEWRIGHT_LEADER_ELECTION", value_name = "true|false", num_args = 0..=1,
        require_equals = true,
          default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub leader_election: bool,
    /// Namespace of the Lease, which also counts removals [default: the pod's namespace]
    #[arg(long, help_heading = heading::CLUSTER, env = "ROLEWRIGHT_LEASE_NAMESPACE", value_name = "NAMESPACE")]
    pub lease_namespace: Option<String>,
    /// A replica takes over after seeing no renewal for this long
    #[arg(long, help_heading = heading::CLUSTER, env = "ROLEWRIGHT_LEASE_DURATION", value_name = "DURATION", default_value = "15s")]
    pub lease_duration: String,
    /// The leader stops writing when its last renewal is this old; shorter than --lease-duration
    #[arg(long, help_heading = heading::CLUSTER,
        env = "ROLEWRIGHT_LEASE_RENEW_DEADLINE",
        value_name = "DURATION",
        default_value = "10s"
    )]
    pub lease_renew_deadline: String,
    /// Time between renewals of the lease; at most half of --lease-renew-deadline
    #[arg(long, help_heading = heading::CLUSTER,
        env = "ROLEWRIGHT_LEASE_RETRY_PERIOD",
        value_name = "DURATION",
        default_value = "2s"
    )]
    pub lease_retry_period: String,
    /// Export metrics for each resource: whether it is ready, and when its lifetime ends
    #[arg(long, help_heading = heading::OBSERVABILITY, env = "ROLEWRIGHT_RESOURCE_METRICS", value_name = "true|false", num_args = 0..=1,
        require_equals = true,
          default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub resource_metrics: bool,
    /// Number of roles that the account may have (IAM quota L-FE177D64), for the metric and the
    /// alert
    #[arg(long, help_heading = heading::OBSERVABILITY, env = "ROLEWRIGHT_ROLE_QUOTA", value_name = "N", default_value_t = 1_000)]
    pub role_quota: u32,
    /// Address of /healthz, /readyz, /metrics and /log-level
    #[arg(long, help_heading = heading::OBSERVABILITY, env = "ROLEWRIGHT_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// Format of the log lines
    #[arg(long, help_heading = heading::OBSERVABILITY, env = "ROLEWRIGHT_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Log level or filter: error, warn, info, debug or trace
    #[arg(long, help_heading = heading::OBSERVABILITY, env = "ROLEWRIGHT_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: String,
}

/// A setting that can't be used: which, why, and what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("--{flag} {value:?} {remedy}")]
pub struct SettingError {
    flag: &'static str,
    value: String,
    remedy: String,
}

fn wrong(flag: &'static str, value: &str, remedy: impl Into<String>) -> SettingError {
    SettingError { flag, value: value.into(), remedy: remedy.into() }
}

/// Checks the name of an installation.
///
/// # Errors
/// When it is not 1 to 32 of a-z, 0-9 and -.
pub fn check_installation(name: &str) -> Result<(), SettingError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 32 || !name.chars().all(fits) {
        return Err(wrong(
            "installation",
            name,
            "must be 1 to 32 characters of a-z, 0-9 and -: choose another",
        ));
    }
    Ok(())
}

impl ScopeArgs {
    /// Name of the Lease of this installation.
    #[must_use]
    pub fn lease_name(&self) -> String {
        format!("rolewright-{}", self.installation)
    }

    /// Checks everything that needs no account.
    ///
    /// # Errors
    /// The first setting that can't be used.
    pub fn check(&self) -> Result<(), SettingError> {
        // Any account will do: the shape of a setting does not depend on it.
        self.limits(&no_account()).map(drop)
    }

    /// What it means in an account.
    ///
    /// # Errors
    /// The first setting that can't be used.
    pub fn limits(&self, account: &Account) -> Result<Limits, SettingError> {
        let installation = &self.installation;
        check_installation(installation)?;
        let role_name_prefix =
            self.role_name_prefix.clone().unwrap_or_else(|| format!("{installation}-"));
        if !role_name_prefix.is_empty()
            && let Err(error) = name::check_role_name(&role_name_prefix)
        {
            return Err(wrong("role-name-prefix", &role_name_prefix, error.to_string()));
        }
        if let Err(error) = name::check_path(&self.path_prefix) {
            return Err(wrong("path-prefix", &self.path_prefix, error.to_string()));
        }
        if name::is_reserved(&self.path_prefix, &role_name_prefix) {
            return Err(wrong("path-prefix", &self.path_prefix, "belongs to AWS: choose another"));
        }
        let boundary = check::boundary(&self.permissions_boundary, account)?;
        let managed_policies = check::managed_policies(&self.managed_policies, account)?;
        for issuer in &self.oidc_issuer {
            check::issuer(issuer, account)?;
        }
        let trusted = check::trusted(&self.trusted_accounts, &self.own_accounts)?;
        let default_tags = check::tags(&self.default_tags)?;
        let default_deletion = match self.default_deletion_policy.as_str() {
            "Delete" => DeletionPolicy::Delete,
            "Retain" => DeletionPolicy::Retain,
            other => {
                let remedy = "is neither Delete nor Retain";
                return Err(wrong("default-deletion-policy", other, remedy));
            }
        };
        if default_deletion == DeletionPolicy::Retain && !self.allow_retain {
            let remedy = "lets roles stay, and --allow-retain=false forbids it: choose one of them";
            return Err(wrong("default-deletion-policy", "Retain", remedy));
        }
        let max_lifetime = bound("max-lifetime", self.max_lifetime.as_deref())?;
        if max_lifetime.is_some_and(|bound| bound.is_zero()) {
            return Err(wrong(
                "max-lifetime",
                "0",
                "must be longer than zero: leave it out for no bound",
            ));
        }
        let max_session = bound("max-session", self.max_session.as_deref())?;
        if let (Some(bound), Some(text)) = (max_session, &self.max_session)
            && !u32::try_from(bound.as_secs())
                .is_ok_and(|seconds| quota::SESSION_SECONDS.contains(&seconds))
        {
            return Err(wrong("max-session", text, "must be between 1h and 12h, as IAM has it"));
        }
        Ok(Limits {
            installation: installation.clone(),
            role_name_prefix,
            path_prefix: self.path_prefix.clone(),
            boundary,
            managed_policies,
            max_lifetime,
            max_session,
            oidc_issuers: self.oidc_issuer.clone(),
            trusted,
            default_tags,
            default_deletion,
            annotate: self.annotate_service_accounts,
            allow_pause: self.allow_pause,
            allow_observe: self.allow_observe,
            allow_retain: self.allow_retain,
            account: account.clone(),
            own: Own::default(),
        })
    }
}

impl Args {
    /// Checks everything that needs no account, so that a mistake stops the start at once.
    ///
    /// # Errors
    /// The first setting that can't be used.
    pub fn check(&self) -> Result<(), SettingError> {
        self.lease()?;
        self.config(&no_account()).map(drop)
    }

    /// Settings of the engine in an account.
    ///
    /// # Errors
    /// The first setting that can't be used.
    pub fn config(&self, account: &Account) -> Result<Config, SettingError> {
        for (flag, rate) in
            [("aws-read-rate", self.aws_read_rate), ("aws-write-rate", self.aws_write_rate)]
        {
            if !(rate.is_finite() && rate >= 0.0) {
                return Err(wrong(
                    flag,
                    &rate.to_string(),
                    "must be a number of calls per second, or 0 to lift the ceiling",
                ));
            }
        }
        if self.max_concurrent_reconciles == 0 {
            return Err(wrong("max-concurrent-reconciles", "0", "must be at least 1"));
        }
        for namespace in &self.watch_namespace {
            check::namespace("watch-namespace", namespace, "leave it out to watch all")?;
        }
        let sweep_interval = duration("sweep-interval", &self.sweep_interval)?;
        if sweep_interval.is_zero() {
            return Err(wrong("sweep-interval", &self.sweep_interval, "must be longer than zero"));
        }
        let removal_wave = duration("removal-wave", &self.removal_wave)?;
        if removal_wave > LONGEST_WAVE {
            return Err(wrong("removal-wave", &self.removal_wave, "must be at most 60s"));
        }
        Ok(Config {
            sources: Sources::new(self.scope.limits(account)?),
            windows: Windows {
                settle: duration("settle-window", &self.settle_window)?,
                confirm: duration("confirm-delay", &self.confirm_delay)?,
                absence: duration("absence-delay", &self.absence_delay)?,
                create: duration("create-window", &self.create_window)?,
            },
            sweep_interval,
            namespaces: self.watch_namespace.clone(),
            removal_wave,
            max_concurrent: self.max_concurrent_reconciles,
            max_roles: Some(self.max_roles_per_namespace).filter(|most| *most > 0),
        })
    }
}

/// What a setting is checked against before the account is known.
fn no_account() -> Account {
    Account { id: AccountId::NONE, partition: "aws".into() }
}

fn bound(flag: &'static str, text: Option<&str>) -> Result<Option<Duration>, SettingError> {
    text.map(|text| duration(flag, text)).transpose()
}

impl Args {
    /// The lease that replicas agree through; `None` without leader election. `pod` is the
    /// namespace of the pod, if any.
    ///
    /// # Errors
    /// There is no namespace for it.
    pub fn election(&self, pod: Option<String>) -> Result<Option<ElectionSettings>, SettingError> {
        let timing = self.lease()?;
        if !self.leader_election {
            return Ok(None);
        }
        let Some(namespace) = self.lease_namespace.clone().or(pod) else {
            let remedy =
                "is not set, and this process runs in no pod: name the namespace of the Lease";
            return Err(wrong("lease-namespace", "", remedy));
        };
        Ok(Some(ElectionSettings { namespace, name: self.scope.lease_name(), timing }))
    }

    fn lease(&self) -> Result<Timing, SettingError> {
        let (long, deadline, retry) =
            (&self.lease_duration, &self.lease_renew_deadline, &self.lease_retry_period);
        let timing = Timing {
            duration: duration("lease-duration", long)?,
            renew_deadline: duration("lease-renew-deadline", deadline)?,
            retry_period: duration("lease-retry-period", retry)?,
        };
        if timing.duration.is_zero() || timing.duration > Duration::from_hours(1) {
            return Err(wrong("lease-duration", long, "must be from 1s to 1h"));
        }
        if timing.renew_deadline >= timing.duration {
            let remedy = format!(
                "must be shorter than --lease-duration {long}, or two replicas could write at once"
            );
            return Err(wrong("lease-renew-deadline", deadline, remedy));
        }
        if timing.retry_period.is_zero() || timing.retry_period * 2 > timing.renew_deadline {
            let remedy = format!(
                "must be above zero and at most half of --lease-renew-deadline {deadline}, or one \
                 lost answer ends a reign"
            );
            return Err(wrong("lease-retry-period", retry, remedy));
        }
        if let Some(namespace) = &self.lease_namespace {
            check::namespace("lease-namespace", namespace, "leave it out inside a pod")?;
        }
        if self.leader_election && self.scope.installation.ends_with('-') {
            let remedy =
                "must not end with - when leader election is on: it ends the name of the Lease";
            return Err(wrong("installation", &self.scope.installation, remedy));
        }
        Ok(timing)
    }
}

/// Where replicas meet, and at what pace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElectionSettings {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its times.
    pub timing: Timing,
}

fn duration(flag: &'static str, text: &str) -> Result<Duration, SettingError> {
    // A bare 0 is what people type for "off".
    let text = if text == "0" { "0s" } else { text };
    let parsed =
        lifetime::parse_duration(text).map_err(|error| wrong(flag, text, error.sentence()))?;
    parsed.try_into().map_err(|_| wrong(flag, text, "must not be negative"))
}

#[cfg(test)]
mod tests;
