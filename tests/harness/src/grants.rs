//! Whether the policy that `rolewright policy controller` prints allows what a controller called:
//! each call that the stand-in has seen is given to the project's evaluator, with what AWS would
//! know of it.

use std::collections::BTreeMap;

use clap::Parser;
use iam::account::Account;
use iam::controller_policy::{Installation, writer};
use iam::policy::Policy;
use iam::policy::evaluate::{Context, Decision, Documents, Request, evaluate};
use rolewright::plan::scope::limits::BoundaryRule;
use rolewright::settings;

use super::controller::ControllerConfig;
use super::http;
use super::standin::Call;

/// The settings that a controller was started with, as the controller reads them.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: settings::Args,
}

pub struct Grants {
    port: u16,
    account: String,
    access_key: String,
    path: String,
    policy: Policy,
}

impl Grants {
    /// `None` when the controller can't start with these settings, so that there is nothing to hold
    /// against a policy.
    pub fn of(config: &ControllerConfig) -> Option<Grants> {
        let port = config.standin.rsplit_once(':')?.1.parse().ok()?;
        let words = std::iter::once("controller").chain(config.args.iter().map(String::as_str));
        let args = Line::try_parse_from(words).ok()?.args;
        let account = Account::new(&config.account.id, "aws").ok()?;
        let limits = args.scope.limits(&account).ok()?;
        let boundary = match &limits.boundary {
            BoundaryRule::Always(arn) => Some(account.expand(arn)),
            BoundaryRule::Free => None,
        };
        let policy = writer(&Installation {
            account: &account,
            path: &limits.path_prefix,
            boundary: boundary.as_deref(),
            name: Some(&limits.installation),
            managed: &limits.managed_policies,
        });
        let access_key = config.account.controller_key.clone();
        Some(Grants {
            port,
            account: account.id.to_string(),
            access_key,
            path: limits.path_prefix,
            policy,
        })
    }

    /// Holds every call so far against the policy; how often each action was allowed.
    ///
    /// # Panics
    /// With the calls that the policy does not allow.
    pub fn verify(&self) -> BTreeMap<String, usize> {
        let mut allowed = BTreeMap::new();
        let mut denied = Vec::new();
        for call in self.calls() {
            for request in self.requests(&call) {
                let documents = Documents {
                    policies: &[("the writer's policy", &self.policy)],
                    ..Documents::default()
                };
                let found = evaluate(&documents, &request).expect("the policy can be evaluated");
                if found.decision == Decision::Allowed {
                    *allowed.entry(request.action.clone()).or_default() += 1;
                } else {
                    denied.push(format!(
                        "{request:?}\n    {}\n    {call:?}",
                        found.because.join("; ")
                    ));
                }
            }
        }
        assert!(
            denied.is_empty(),
            "`rolewright policy controller` does not allow what the controller called:\n{}",
            denied.join("\n")
        );
        allowed
    }

    /// The calls of the controller to IAM. A stand-in that is gone already has none.
    fn calls(&self) -> Vec<Call> {
        let path = format!("/_rolewright/calls/all?account={}", self.account);
        let Ok(answer) = http::request(self.port, "GET", &path, None) else { return Vec::new() };
        let mut calls: Vec<Call> =
            serde_json::from_str(&answer.body).expect("the log of calls has a known shape");
        calls.retain(|call| call.service == "iam" && call.access_key == self.access_key);
        calls
    }

    /// What AWS asks the policy for one call. The keys of the context are those of the service
    /// authorization reference.
    fn requests(&self, call: &Call) -> Vec<Request> {
        let param = |name: &str| call.params.get(name);
        let made = call.action == "CreateRole";
        let resource = match (&call.target, &call.role) {
            (_, Some(role)) if made => {
                let path = param("Path").map_or("/", String::as_str);
                format!("arn:aws:iam::{}:role{path}{role}", self.account)
            }
            (Some(target), _) => target.arn.clone(),
            // A role that is gone meanwhile: IAM knows nothing to compare with, and the answer is
            // an error in any case.
            (None, Some(_)) if call.write => return Vec::new(),
            (None, Some(role)) => format!("arn:aws:iam::{}:role/{role}", self.account),
            (None, None) => "*".to_owned(),
        };
        let mut context = Context::default();
        let target = call.target.as_ref().filter(|_| !made);
        for (key, value) in target.iter().flat_map(|target| &target.tags) {
            context = context.with(&format!("aws:ResourceTag/{key}"), value);
        }
        if let Some(policy) = param("PolicyArn") {
            context = context.with("iam:PolicyARN", policy);
        }
        let tags = members(call, "Tags.member.");
        let keys: Vec<String> = match call.action.as_str() {
            "UntagRole" => {
                members(call, "TagKeys.member.").into_values().map(|(key, _)| key).collect()
            }
            _ => tags.values().map(|(key, _)| key.clone()).collect(),
        };
        for (key, value) in tags.values() {
            context = context.with(&format!("aws:RequestTag/{key}"), value);
        }
        if !keys.is_empty() {
            context = context.with_list("aws:TagKeys", keys);
        }
        let tagging = context.clone();
        // The boundary that is asked for, else the one that the role has.
        let knows = made
            || call.action.contains("RolePolicy")
            || call.action.contains("RolePermissionsBoundary");
        let boundary =
            param("PermissionsBoundary").or(target.and_then(|target| target.boundary.as_ref()));
        if let Some(boundary) = boundary.filter(|_| knows) {
            context = context.with("iam:PermissionsBoundary", boundary);
        }
        let request = |action: &str, context| Request {
            action: format!("iam:{action}"),
            resource: Some(resource.clone()),
            context,
            ..Request::default()
        };
        let mut requests = vec![request(&call.action, context)];
        // CreateRole with tags is authorised as TagRole too. Below `/` the policy leaves that out,
        // and says so.
        if made && !tags.is_empty() && self.path != "/" {
            requests.push(request("TagRole", tagging));
        }
        requests
    }
}

/// `Tags.member.1.Key`, `Tags.member.1.Value`; `TagKeys.member.1`: by number, key and value.
fn members(call: &Call, prefix: &str) -> BTreeMap<String, (String, String)> {
    let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (name, value) in &call.params {
        let Some(rest) = name.strip_prefix(prefix) else { continue };
        let (number, part) = rest.split_once('.').unwrap_or((rest, "Key"));
        let entry = found.entry(number.to_owned()).or_default();
        if part == "Key" { entry.0.clone_from(value) } else { entry.1.clone_from(value) }
    }
    found
}
