//! The flags, as they are typed.

use std::net::SocketAddr;

use clap::Args as ClapArgs;

use crate::telemetry::LogFormat;

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
    #[arg(help_heading = heading::NAMES)]
    #[arg(long, env = "ROLEWRIGHT_INSTALLATION", value_name = "NAME")]
    pub installation: String,
    /// ARN of the permissions boundary that every role gets, or `none`. {accountId} and {partition}
    /// are replaced
    #[arg(help_heading = heading::LIMITS)]
    #[arg(long, env = "ROLEWRIGHT_PERMISSIONS_BOUNDARY", value_name = "ARN|none")]
    pub permissions_boundary: String,
    /// Prefix of every role name [default: the installation and a hyphen]
    #[arg(help_heading = heading::NAMES)]
    #[arg(long, env = "ROLEWRIGHT_ROLE_NAME_PREFIX", value_name = "PREFIX")]
    pub role_name_prefix: Option<String>,
    /// Every role's path begins with this; also the path where a resource names none
    #[arg(help_heading = heading::NAMES)]
    #[arg(long, env = "ROLEWRIGHT_PATH_PREFIX", value_name = "PATH", default_value = "/")]
    pub path_prefix: String,
    /// Managed policies that may be attached: ARN patterns with *, a leading ! excludes. Separate
    /// with commas or repeat the flag
    #[arg(help_heading = heading::LIMITS)]
    #[arg(long, env = "ROLEWRIGHT_MANAGED_POLICIES", value_name = "PATTERN", value_delimiter = ',',
          default_values = MANAGED_POLICIES)]
    pub managed_policies: Vec<String>,
    /// Longest lifetime of a role, from the creation of its resource; requires spec.lifetime
    /// [default: no limit]
    #[arg(help_heading = heading::LIMITS)]
    #[arg(long, env = "ROLEWRIGHT_MAX_LIFETIME", value_name = "DURATION")]
    pub max_lifetime: Option<String>,
    /// Longest spec.maxSessionDuration, 1h to 12h [default: 12h]
    #[arg(help_heading = heading::LIMITS)]
    #[arg(long, env = "ROLEWRIGHT_MAX_SESSION", value_name = "DURATION")]
    pub max_session: Option<String>,
    /// Other accounts and organizations that roles may trust: account ids and organization ids
    /// (o-…). Separate with commas or repeat the flag [default: only the role's own account]
    #[arg(help_heading = heading::LIMITS)]
    #[arg(long, env = "ROLEWRIGHT_TRUSTED_ACCOUNTS", value_name = "ID", value_delimiter = ',')]
    pub trusted_accounts: Vec<String>,
    /// Your own accounts and organizations; if set, trust in any other account requires an
    /// externalId [default: never required]
    #[arg(help_heading = heading::LIMITS)]
    #[arg(long, env = "ROLEWRIGHT_OWN_ACCOUNTS", value_name = "ID", value_delimiter = ',')]
    pub own_accounts: Vec<String>,
    /// Tags for roles whose resource does not set them: KEY=VALUE, at most 6. Separate with commas
    /// or repeat the flag
    #[arg(help_heading = heading::DEFAULTS)]
    #[arg(long, env = "ROLEWRIGHT_DEFAULT_TAGS", value_name = "KEY=VALUE", value_delimiter = ',')]
    pub default_tags: Vec<String>,
    /// Deletion policy of resources that do not set one
    #[arg(help_heading = heading::DEFAULTS)]
    #[arg(long, env = "ROLEWRIGHT_DEFAULT_DELETION_POLICY", value_name = "POLICY",
          value_parser = ["Delete", "Retain"], default_value = "Delete")]
    pub default_deletion_policy: String,
    /// OIDC issuers of clusters whose service accounts may assume roles: provider ARNs or https
    /// URLs. Separate with commas or repeat the flag
    #[arg(help_heading = heading::SERVICE_ACCOUNTS)]
    #[arg(long, env = "ROLEWRIGHT_OIDC_ISSUER", value_name = "ARN|URL", value_delimiter = ',')]
    pub oidc_issuer: Vec<String>,
    /// Allow grants with `annotate: true` to write the role's ARN on their service account
    #[arg(help_heading = heading::SERVICE_ACCOUNTS)]
    #[arg(long, env = "ROLEWRIGHT_ANNOTATE_SERVICE_ACCOUNTS", value_name = "true|false",
        num_args = 0..=1, require_equals = true,
          default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub annotate_service_accounts: bool,
    /// Obey the annotation rolewright.dev/paused, which also delays the end of a lifetime; if
    /// false, it is ignored
    #[arg(help_heading = heading::LIMITS)]
    #[arg(long, env = "ROLEWRIGHT_ALLOW_PAUSE", value_name = "true|false", num_args = 0..=1,
        require_equals = true,
          default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub allow_pause: bool,
    /// Allow driftPolicy: Observe, with which a role outlives its lifetime and its resource
    #[arg(help_heading = heading::LIMITS)]
    #[arg(long, env = "ROLEWRIGHT_ALLOW_OBSERVE", value_name = "true|false", num_args = 0..=1,
        require_equals = true,
          default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub allow_observe: bool,
    /// Allow deletionPolicy: Retain, with which a role outlives its resource, and so its lifetime
    #[arg(help_heading = heading::LIMITS)]
    #[arg(long, env = "ROLEWRIGHT_ALLOW_RETAIN", value_name = "true|false", num_args = 0..=1,
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
    #[arg(help_heading = heading::TIMING)]
    #[arg(long, env = "ROLEWRIGHT_SWEEP_INTERVAL", value_name = "DURATION", default_value = "60s")]
    pub sweep_interval: String,
    /// How long the controller trusts its own write over a possibly stale read; 0s disables it
    #[arg(help_heading = heading::TIMING)]
    #[arg(long, env = "ROLEWRIGHT_SETTLE_WINDOW", value_name = "DURATION", default_value = "60s")]
    pub settle_window: String,
    /// Time between a sweep that sees a difference in something written recently and the read that
    /// confirms it; other drift is confirmed at once
    #[arg(help_heading = heading::TIMING)]
    #[arg(long, env = "ROLEWRIGHT_CONFIRM_DELAY", value_name = "DURATION", default_value = "5s")]
    pub confirm_delay: String,
    /// Time between the two reads after which an expected role counts as absent, or a role to be
    /// released as not ours
    #[arg(help_heading = heading::TIMING)]
    #[arg(long, env = "ROLEWRIGHT_ABSENCE_DELAY", value_name = "DURATION", default_value = "30s")]
    pub absence_delay: String,
    /// How long after creating a role "not found" counts as propagation delay
    #[arg(help_heading = heading::TIMING)]
    #[arg(long, env = "ROLEWRIGHT_CREATE_WINDOW", value_name = "DURATION", default_value = "120s")]
    pub create_window: String,
    /// How long a removal waits for further removals in its namespace, at most a minute in all, so
    /// that mass removals are noticed; 0s disables it
    #[arg(help_heading = heading::TIMING)]
    #[arg(long, env = "ROLEWRIGHT_REMOVAL_WAVE", value_name = "DURATION", default_value = "10s")]
    pub removal_wave: String,
    /// Most AWS reads per second and account; 0 removes the limit
    #[arg(help_heading = heading::LOAD)]
    #[arg(long, env = "ROLEWRIGHT_AWS_READ_RATE", value_name = "RATE", default_value_t = 50.0)]
    pub aws_read_rate: f64,
    /// Most AWS writes per second and account; 0 removes the limit
    #[arg(help_heading = heading::LOAD)]
    #[arg(long, env = "ROLEWRIGHT_AWS_WRITE_RATE", value_name = "RATE", default_value_t = 20.0)]
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
    #[arg(help_heading = heading::LIMITS)]
    #[arg(long, env = "ROLEWRIGHT_MAX_ROLES_PER_NAMESPACE", value_name = "N", default_value_t = 0)]
    pub max_roles_per_namespace: usize,
    /// Namespaces to watch. Separate with commas or repeat the flag [default: all]
    #[arg(long, help_heading = heading::CLUSTER,
        env = "ROLEWRIGHT_WATCH_NAMESPACE",
        value_name = "NAMESPACE",
        value_delimiter = ','
    )]
    pub watch_namespace: Vec<String>,
    /// Elect a leader among several replicas, through the Lease rolewright-INSTALLATION
    #[arg(help_heading = heading::CLUSTER)]
    #[arg(long, env = "ROLEWRIGHT_LEADER_ELECTION", value_name = "true|false", num_args = 0..=1,
        require_equals = true,
          default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub leader_election: bool,
    /// Namespace of the Lease, which also counts removals [default: the pod's namespace]
    #[arg(help_heading = heading::CLUSTER)]
    #[arg(long, env = "ROLEWRIGHT_LEASE_NAMESPACE", value_name = "NAMESPACE")]
    pub lease_namespace: Option<String>,
    /// A replica takes over after seeing no renewal for this long
    #[arg(help_heading = heading::CLUSTER)]
    #[arg(long, env = "ROLEWRIGHT_LEASE_DURATION", value_name = "DURATION", default_value = "15s")]
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
    #[arg(help_heading = heading::OBSERVABILITY)]
    #[arg(long, env = "ROLEWRIGHT_RESOURCE_METRICS", value_name = "true|false", num_args = 0..=1,
        require_equals = true,
          default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub resource_metrics: bool,
    /// Number of roles that the account may have (IAM quota L-FE177D64), for the metric and the
    /// alert
    #[arg(help_heading = heading::OBSERVABILITY)]
    #[arg(long, env = "ROLEWRIGHT_ROLE_QUOTA", value_name = "N", default_value_t = 1_000)]
    pub role_quota: u32,
    /// Address of /healthz, /readyz, /metrics and /log-level
    #[arg(help_heading = heading::OBSERVABILITY)]
    #[arg(long, env = "ROLEWRIGHT_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// Format of the log lines
    #[arg(help_heading = heading::OBSERVABILITY)]
    #[arg(long, env = "ROLEWRIGHT_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Log level or filter: error, warn, info, debug or trace
    #[arg(help_heading = heading::OBSERVABILITY)]
    #[arg(long, env = "ROLEWRIGHT_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: String,
}
