//! Settings of the controller: what was typed ([`Args`]), then what it means ([`Limits`],
//! [`Config`]).

mod check;
mod flags;

use std::time::Duration;

use crate::api::kinds::iam_role::DeletionPolicy;
use crate::plan::{
    decide::{brakes::LONGEST_WAVE, lifetime},
    lease::Timing,
    scope::{
        config::{Config, Windows},
        limits::Limits,
        own::Own,
        resolve::Sources,
    },
};
use iam::{
    account::{Account, AccountId},
    limits as quota, name,
};

pub use flags::{Args, MANAGED_POLICIES, ScopeArgs};

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
