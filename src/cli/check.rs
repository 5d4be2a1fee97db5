//! `rolewright check`: tries what an installation needs, one line for each thing.

mod result;
mod unclaimed;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use self::{
    result::{CheckResult, miss, note, ok},
    unclaimed::unclaimed,
};
use crate::{
    api::{kind::KindRow, kinds::KINDS},
    aws::{self, AwsIam, Connected},
    cli::{
        output::{Answer, Format, OutputArgs, Paint, Tone},
        roles::ClusterArgs,
    },
    cluster::{self, LEASE_RIGHTS, Probe, Right, SERVICE_ACCOUNT_RIGHTS},
    metrics::Metrics,
    pace::Rates,
    plan::failure::{ClusterError, IamError, IamErrorClass},
    ports::IamRead,
    settings,
};
use iam::{
    account::{Account, is_account_id},
    role::RoleName,
};

/// What stands below the flags.
pub const HELP: &str = "\
Run it where the controller will run, with the same credentials. It writes \
nothing in AWS or in the cluster. It does not test permissions to write: \
rolewright policy controller prints the policy that contains them.

Each line begins with ok, NOTE or MISS; NOTE and MISS say what to do. A side \
that does not answer at all gets one line.

Exit code: 0 nothing is missing, 1 something is, 2 the input can't be used.";

/// AWS refuses what was signed more than five minutes away from its own time ("Elements of an AWS
/// API request signature").
const SKEW: Duration = Duration::from_mins(5);

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Account that the credentials must belong to [default: any]
    #[arg(long, env = "ROLEWRIGHT_ACCOUNT", value_name = "ID")]
    account: Option<String>,
    /// Namespaces that the controller will watch. Separate with commas or repeat the flag
    /// [default: all]
    #[arg(
        long,
        env = "ROLEWRIGHT_WATCH_NAMESPACE",
        value_name = "NAMESPACE",
        value_delimiter = ','
    )]
    watch_namespace: Vec<String>,
    /// Namespace of the Lease: the controller's own [default: leases are not checked]
    #[arg(long, env = "ROLEWRIGHT_LEASE_NAMESPACE", value_name = "NAMESPACE")]
    lease_namespace: Option<String>,
    /// Check the permissions for annotating service accounts as well
    #[arg(long, env = "ROLEWRIGHT_ANNOTATE_SERVICE_ACCOUNTS", value_name = "true|false",
        num_args = 0..=1, require_equals = true,
          default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    annotate_service_accounts: bool,
    /// Also list roles of this installation that have no resource
    #[arg(long, env = "ROLEWRIGHT_INSTALLATION", value_name = "NAME")]
    installation: Option<String>,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Printed<'a> {
    ok: bool,
    findings: &'a [CheckResult],
}

/// Tries everything.
///
/// # Errors
/// When the answer can't be printed.
pub async fn run(args: &Args, paint: Paint) -> anyhow::Result<Answer> {
    if let Some(account) = args.account.as_ref().filter(|account| !is_account_id(account)) {
        return Ok(Answer::refused(vec![format!(
            "--account {account:?} is not an account id; write its twelve digits"
        )]));
    }
    if let Some(Err(error)) = args.installation.as_deref().map(settings::check_installation) {
        return Ok(Answer::refused(vec![error.to_string()]));
    }
    let (mut findings, iam) = in_aws(args.account.as_deref()).await;
    findings.extend(in_cluster(args).await);
    if let (Some(installation), Some(iam)) = (&args.installation, iam) {
        let way = args.cluster.way();
        findings.extend(unclaimed(&iam, &way, installation, &args.watch_namespace).await);
    }
    let all = findings.iter().all(|finding| finding.ok);
    let code = u8::from(!all);
    Ok(match args.output.format {
        Format::Json => Answer::json(&Printed { ok: all, findings: &findings }, code)?,
        Format::Text => {
            Answer::new(findings.iter().map(|finding| line(finding, paint)).collect(), code)
        }
    })
}

fn line(CheckResult { ok, what, said, remedy }: &CheckResult, paint: Paint) -> String {
    let word = match (ok, remedy) {
        (true, None) => paint.word("ok", Tone::Good) + "  ",
        (true, Some(_)) => paint.word("NOTE", Tone::Careful),
        (false, _) => paint.word("MISS", Tone::Bad),
    };
    let remedy = remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
    format!("{word}  {what}: {said}{remedy}\n")
}

/// What was tried, and the way into the account where there is one.
async fn in_aws(wanted: Option<&str>) -> (Vec<CheckResult>, Option<AwsIam>) {
    const WHAT: &str = "AWS credentials";
    let caller = aws::caller().await;
    let mut findings = Vec::new();
    findings.extend(caller.date.map(|date| clock(date, Timestamp::now())));
    let remedy = "nothing else was asked of AWS";
    let arn = match caller.arn {
        Ok(arn) => arn,
        Err(words) => {
            findings.insert(0, miss(WHAT, words, remedy));
            return (findings, None);
        }
    };
    findings.insert(0, ok(WHAT, arn));
    match aws::connect(Rates { read: 0.0, write: 0.0 }, &Arc::new(Metrics::new())).await {
        Ok(Connected { iam, account, .. }) => {
            let said = format!("{} in partition {}", account.id, account.partition);
            findings.push(match wanted.filter(|wanted| account.id != **wanted) {
                None => ok("AWS account", said),
                Some(wanted) => {
                    miss("AWS account", said, format!("take credentials of account {wanted}"))
                }
            });
            findings.extend(reads(&iam, &account).await);
            (findings, Some(iam))
        }
        Err(error) => {
            findings.push(miss("AWS account", error.to_string(), remedy));
            (findings, None)
        }
    }
}

fn clock(theirs: Timestamp, ours: Timestamp) -> CheckResult {
    const WHAT: &str = "clock";
    let seconds = ours.duration_since(theirs).as_secs();
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    let said = format!("{} s {side} AWS's", seconds.unsigned_abs());
    if seconds.unsigned_abs() > SKEW.as_secs() {
        return miss(
            WHAT,
            said,
            "set the clock of this machine: AWS refuses what is signed five minutes off",
        );
    }
    ok(WHAT, said)
}

/// Every read that the controller makes, about a role and a policy that nobody has.
async fn reads(iam: &AwsIam, account: &Account) -> Vec<CheckResult> {
    let name = RoleName::from(format!("rolewright-check-{:016x}", fastrand::u64(..)));
    let policy = format!("arn:{}:iam::{}:policy/{name}", account.partition, account.id);
    let absent = |found: bool| {
        if found { Err(format!("knows a role {name}, which nobody made")) } else { Ok("allowed") }
    };
    let unknown = |found: bool| {
        if found { Err(format!("knows a policy {name}, which nobody made")) } else { Ok("allowed") }
    };
    let none = |found: bool| {
        if found {
            Err(format!("knows an identity provider {name}, which nobody made"))
        } else {
            Ok("no such provider, as it must be")
        }
    };
    let provider = |kind, name: &str| {
        format!("arn:{}:iam::{}:{kind}-provider/{name}", account.partition, account.id)
    };
    let (oidc, saml) =
        (provider("oidc", &format!("{name}.example")), provider("saml", name.as_str()));
    [
        ("GetRole", iam.role(&name).await.map(|role| absent(role.is_some()))),
        (
            "ListAttachedRolePolicies",
            iam.attached(&name).await.map(|found| absent(found.is_some())),
        ),
        ("ListRolePolicies", iam.inline_names(&name).await.map(|found| absent(found.is_some()))),
        ("GetRolePolicy", iam.inline(&name, "check").await.map(|found| absent(found.is_some()))),
        ("GetPolicy", iam.default_version(&policy).await.map(|found| unknown(found.is_some()))),
        (
            "GetPolicyVersion",
            iam.policy_version(&policy, "v1").await.map(|found| unknown(found.is_some())),
        ),
        (
            "ListInstanceProfilesForRole",
            iam.instance_profiles(&name).await.map(|found| absent(found.is_some())),
        ),
        (
            "GetOpenIDConnectProvider",
            iam.oidc_provider(&oidc).await.map(|found| none(found.is_some())),
        ),
        ("GetSAMLProvider", iam.saml_provider(&saml).await.map(none)),
        ("GetAccountAuthorizationDetails", iam.details(None).await.map(|_| Ok("answers"))),
        ("ListRoles", iam.summaries(None).await.map(|_| Ok("answers"))),
    ]
    .map(|(action, answer)| read(&format!("iam:{action}"), answer))
    .into()
}

/// Whether the controller works without this right.
fn spared(action: &str) -> bool {
    ["iam:GetOpenIDConnectProvider", "iam:GetSAMLProvider"].contains(&action)
}

fn read(action: &str, answer: Result<Result<&str, String>, IamError>) -> CheckResult {
    match answer {
        Ok(Ok(said)) => ok(action, said),
        Ok(Err(said)) => miss(action, said, "check AWS_ENDPOINT_URL: this is not AWS"),
        Err(error) if error.class == IamErrorClass::AccessDenied && spared(action) => note(
            action,
            error.message,
            format!(
                "to be warned of roles that trust an identity provider which is not there, allow \
                 {action} on the resource *, as rolewright policy controller prints it"
            ),
        ),
        Err(error) if error.class == IamErrorClass::AccessDenied => miss(
            action,
            error.message,
            format!("allow {action} on the resource *, as rolewright policy controller prints it"),
        ),
        Err(error) => miss(
            action,
            error.message,
            "check the network and AWS_ENDPOINT_URL, then run this again",
        ),
    }
}

async fn in_cluster(args: &Args) -> Vec<CheckResult> {
    const WHAT: &str = "Kubernetes API server";
    let remedy = "nothing else was asked of it";
    let client = match args.cluster.way().client().await {
        Ok(client) => client,
        Err(error) => return vec![miss(WHAT, words(&error), remedy)],
    };
    let probe = Probe::new(client);
    let served = match probe.served().await {
        Ok(served) => served,
        Err(error) => return vec![miss(WHAT, words(&error), remedy)],
    };
    let mut findings = vec![ok(WHAT, "answers")];
    findings.extend(KINDS.iter().map(|row| kind(row, &served)));
    findings.extend(rights(&probe, "rolewright-cluster", &cluster::cluster_rights(), None).await);
    let always = cluster::rights();
    let watched: Vec<Option<&str>> = match args.watch_namespace.as_slice() {
        [] => vec![None],
        names => names.iter().map(|name| Some(name.as_str())).collect(),
    };
    for space in watched {
        findings.extend(rights(&probe, "rolewright", &always, space).await);
        if args.annotate_service_accounts {
            findings.extend(
                rights(&probe, "rolewright-service-accounts", &SERVICE_ACCOUNT_RIGHTS, space).await,
            );
        }
    }
    if let Some(space) = &args.lease_namespace {
        findings.extend(rights(&probe, "rolewright-lease", &LEASE_RIGHTS, Some(space)).await);
    }
    findings
}

/// Whether we have the rights of one `ClusterRole` of `config/rbac/`, in a namespace or in all.
async fn rights(
    probe: &Probe,
    role: &str,
    rights: &[Right],
    space: Option<&str>,
) -> Vec<CheckResult> {
    let place =
        space.map_or_else(|| "all namespaces".to_owned(), |name| format!("namespace {name}"));
    let binding = if space.is_some() { "RoleBinding there" } else { "ClusterRoleBinding" };
    let mut findings = Vec::new();
    for right in rights {
        let resource = format!("{}.{}", right.resource.replace('/', "."), right.group);
        let what = format!("RBAC {} {} in {place}", right.verb, resource.trim_end_matches('.'));
        findings.push(match probe.allowed(right, space).await {
            Ok(true) => ok(what, "allowed"),
            Ok(false) => miss(
                what,
                "denied",
                format!("bind the ClusterRole {role} of config/rbac with a {binding}"),
            ),
            Err(error) => miss(what, words(&error), "check the network and run this again"),
        });
    }
    findings
}

/// One line, whatever the API server says.
fn words(error: &ClusterError) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn kind(kind: &KindRow, served: &[String]) -> CheckResult {
    let resource = kind.resource();
    let what = format!("kind {} of {}", resource.kind, resource.api_version);
    let status = kind.access.status.then(|| format!("{}/status", resource.plural));
    let missing: Vec<String> =
        [resource.plural].into_iter().chain(status).filter(|name| !served.contains(name)).collect();
    if missing.is_empty() {
        return ok(what, "served");
    }
    let remedy = "apply the CRD: rolewright crds | kubectl apply --server-side -f -";
    miss(what, format!("{} not served", missing.join(" and ")), remedy)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;
    use serde_json::Value;

    use super::*;
    use crate::api::{kind::Kind, kinds::iam_role::IamRole};

    #[rstest]
    #[case::always("rolewright", &cluster::rights())]
    #[case::without_namespaces("rolewright-cluster", &cluster::cluster_rights())]
    #[case::election("rolewright-lease", &LEASE_RIGHTS)]
    #[case::annotations("rolewright-service-accounts", &SERVICE_ACCOUNT_RIGHTS)]
    fn the_rights_that_are_tried_are_those_of_the_cluster_role(
        #[case] name: &str,
        #[case] tried: &[Right],
    ) {
        let files = [
            include_str!("../../config/rbac/rolewright.yaml"),
            include_str!("../../config/rbac/service-accounts.yaml"),
        ];
        let roles: Vec<Value> =
            files.iter().flat_map(|text| crate::yaml::documents(text).unwrap()).collect();
        // A role that is not there gives nothing.
        let role = roles.iter().find(|role| role["metadata"]["name"] == name);
        let rules = role.map(|role| role["rules"].as_array().unwrap());
        let names = |value: &Value| -> Vec<String> {
            value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        let mut granted = BTreeSet::new();
        for rule in rules.into_iter().flatten() {
            for group in names(&rule["apiGroups"]) {
                for resource in names(&rule["resources"]) {
                    let verbs = names(&rule["verbs"]).into_iter();
                    granted.extend(verbs.map(|verb| (group.clone(), resource.clone(), verb)));
                }
            }
        }
        let tried = tried
            .iter()
            .map(|right| (right.group.into(), right.resource.to_string(), right.verb.into()));
        assert_eq!(granted, tried.collect());
    }

    #[rstest]
    #[case(0, true, "0 s ahead of")]
    #[case(300, true, "300 s ahead of")]
    #[case(301, false, "301 s ahead of")]
    #[case(-300, true, "300 s behind")]
    #[case(-301, false, "301 s behind")]
    fn a_clock_more_than_five_minutes_off_is_a_miss(
        #[case] seconds: i64,
        #[case] fine: bool,
        #[case] said: &str,
    ) {
        let theirs: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let found = clock(theirs, theirs + jiff::SignedDuration::from_secs(seconds));
        assert!(found.ok == fine && found.said.starts_with(said), "{found:?}");
    }

    #[test]
    fn a_version_that_serves_no_status_is_a_miss() {
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let role = IamRole::row();
        assert!(kind(&role, &names(&["iamroles", "iamroles/status"])).ok);
        let found = kind(&role, &names(&["iamroles"]));
        assert!(!found.ok && found.said == "iamroles/status not served", "{found:?}");
    }

    #[test]
    fn a_role_that_nobody_made_is_a_miss() {
        let found = read("iam:GetRole", Ok(Err("knows a role x".to_owned())));
        assert_eq!(
            line(&found, Paint::PLAIN),
            "MISS  iam:GetRole: knows a role x; check AWS_ENDPOINT_URL: this is not AWS\n"
        );
    }
}
