//! A bad or missing setting stops the start with a message that names the flag and what to do.

use clap::{CommandFactory, Parser};
use rstest::rstest;

use super::*;
use crate::plan::scope::limits::BoundaryRule;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

const REQUIRED: [&str; 3] = ["rolewright", "--installation=test", "--permissions-boundary=none"];

fn parse(more: &[&str]) -> Args {
    Line::try_parse_from(REQUIRED.iter().chain(more)).unwrap().args
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let args = parse(&[]);
    args.check().unwrap();
    let config = args.config(&Account::new("123456789012", "aws").unwrap()).unwrap();
    let limits = config.sources.default_limits();
    assert_eq!(limits.role_name_prefix, "test-");
    assert_eq!(limits.path_prefix, "/");
    assert_eq!(limits.boundary, BoundaryRule::Free);
    let seconds = Duration::from_secs;
    assert_eq!((config.sweep_interval, config.max_concurrent), (seconds(60), 8));
    assert_eq!(config.max_roles, None);
    let windows = Windows {
        settle: seconds(60),
        confirm: seconds(5),
        absence: seconds(30),
        create: seconds(120),
    };
    assert_eq!(config.windows, windows);
    assert!(
        (args.aws_read_rate - 50.0).abs() < f64::EPSILON
            && (args.aws_write_rate - 20.0).abs() < f64::EPSILON
    );
}

#[rstest]
#[case::installation_characters(&["--installation=Test"], "--installation", "choose another")]
#[case::installation_empty(&["--installation="], "--installation", "1 to 32")]
#[case::installation_long(
    &["--installation=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
    "--installation",
    "1 to 32"
)]
#[case::boundary(&["--permissions-boundary=team"], "--permissions-boundary", "policy ARN")]
#[case::boundary_role(
    &["--permissions-boundary=arn:aws:iam::123456789012:role/x"],
    "--permissions-boundary",
    "policy ARN"
)]
#[case::boundary_of_no_account(
    &["--permissions-boundary=arn:nonsense:iam::zzz:policy/x y"],
    "--permissions-boundary",
    "write arn:"
)]
#[case::prefix(&["--role-name-prefix=a/b"], "--role-name-prefix", "use letters")]
#[case::path(&["--path-prefix=team"], "--path-prefix", "write / or")]
#[case::path_of_aws(&["--path-prefix=/aws-service-role/"], "--path-prefix", "choose another")]
#[case::policies(&["--managed-policies=AdministratorAccess"], "--managed-policies", "")]
#[case::boundary_of_a_short_account(
    &["--permissions-boundary=arn:aws:iam::123:policy/x"],
    "--permissions-boundary",
    "write arn:"
)]
#[case::boundary_placeholder(
    &["--permissions-boundary=arn:{partition}:iam::{accountid}:policy/x"],
    "--permissions-boundary",
    "holds {accountid}: write {accountId}"
)]
#[case::boundary_of_a_region(
    &["--permissions-boundary=arn:{partition}:iam::{accountId}:policy/{region}"],
    "--permissions-boundary",
    "there are no others"
)]
#[case::boundary_brace(
    &["--permissions-boundary=arn:{partition:iam::{accountId}:policy/x"],
    "--permissions-boundary",
    "{partition:iam::{accountId}"
)]
#[case::boundary_path(
    &["--permissions-boundary=arn:aws:iam::123456789012:policy/a//b"],
    "--permissions-boundary",
    "write arn:"
)]
#[case::path_upwards(&["--path-prefix=/a/../b/"], "--path-prefix", "no part of dots only")]
#[case::path_placeholder(&["--path-prefix=/{accountId}/"], "--path-prefix", "write / or")]
#[case::policies_placeholder(
    &["--managed-policies=arn:aws:iam::{accountID}:policy/*"],
    "--managed-policies",
    "write {accountId}"
)]
#[case::issuer_placeholder(
    &["--oidc-issuer=arn:aws:iam::{account}:oidc-provider/a.example.org"],
    "--oidc-issuer",
    "holds {account}"
)]
#[case::issuer_of_no_kind(
    &["--oidc-issuer=arn:aws:iam::123456789012:role/x"],
    "--oidc-issuer",
    "oidc-provider"
)]
#[case::namespace_of_no_form(&["--watch-namespace=Team_A"], "--watch-namespace", "a-z, 0-9")]
#[case::lease_namespace_of_no_form(&["--lease-namespace=a.b"], "--lease-namespace", "a-z, 0-9")]
#[case::lifetime(&["--max-lifetime=0"], "--max-lifetime", "leave it out")]
#[case::lifetime_words(&["--max-lifetime=1 day"], "--max-lifetime", "write days")]
#[case::session_short(&["--max-session=59m"], "--max-session", "between 1h and 12h")]
#[case::session_long(&["--max-session=13h"], "--max-session", "between 1h and 12h")]
#[case::issuer(&["--oidc-issuer=http://example.org"], "--oidc-issuer", "")]
#[case::trusted(&["--trusted-accounts=12345"], "--trusted-accounts", "twelve digits")]
#[case::trusted_unit(&["--trusted-accounts=ou-ab12-11111111"], "--trusted-accounts", "write o-")]
#[case::own(&["--own-accounts=*"], "--own-accounts", "twelve digits")]
#[case::tag_of_no_form(&["--default-tags=owner"], "--default-tags", "write KEY=VALUE")]
#[case::tag_of_ours(&["--default-tags=rolewright.dev/x=1"], "--default-tags", "reserved")]
#[case::tag_twice(&["--default-tags=owner=a,Owner=b"], "--default-tags", "twice")]
#[case::tags_too_many(
    &["--default-tags=a=1,b=1,c=1,d=1,e=1,f=1,g=1"],
    "--default-tags",
    "at most 6"
)]
#[case::sweep_interval(&["--sweep-interval=0"], "--sweep-interval", "longer than zero")]
#[case::removal_wave(&["--removal-wave=61s"], "--removal-wave", "at most 60s")]
#[case::settle_window(&["--settle-window=1 day"], "--settle-window", "write days")]
#[case::confirm_delay(&["--confirm-delay=soon"], "--confirm-delay", "write days")]
#[case::absence_delay(&["--absence-delay="], "--absence-delay", "write days")]
#[case::create_window(&["--create-window=2"], "--create-window", "write days")]
#[case::read_rate(&["--aws-read-rate=-1"], "--aws-read-rate", "0 to lift")]
#[case::write_rate(&["--aws-write-rate=NaN"], "--aws-write-rate", "0 to lift")]
#[case::concurrent(&["--max-concurrent-reconciles=0"], "--max-concurrent-reconciles", "at least 1")]
#[case::namespace(&["--watch-namespace="], "--watch-namespace", "leave it out")]
#[case::lease_duration(&["--lease-duration=0"], "--lease-duration", "from 1s to 1h")]
#[case::lease_duration_long(&["--lease-duration=1h0m1s"], "--lease-duration", "from 1s to 1h")]
#[case::renew_deadline(&["--lease-renew-deadline=15s"], "--lease-renew-deadline", "shorter than \
    --lease-duration 15s")]
#[case::retry_period(
    &["--lease-retry-period=6s"],
    "--lease-retry-period",
    "half of --lease-renew-deadline 10s"
)]
#[case::retry_period_zero(&["--lease-retry-period=0"], "--lease-retry-period", "above zero")]
#[case::lease_namespace(&["--lease-namespace="], "--lease-namespace", "name a namespace")]
#[case::lease_name(&["--installation=a-", "--leader-election"], "--installation", "must not end \
    with -")]
fn a_setting_that_cannot_be_used_is_named_with_the_remedy(
    #[case] more: &[&str],
    #[case] flag: &str,
    #[case] remedy: &str,
) {
    let words: Vec<&str> = REQUIRED
        .iter()
        .filter(|required| {
            !more.iter().any(|more| more.split('=').next() == required.split('=').next())
        })
        .chain(more)
        .copied()
        .collect();
    let error = Line::try_parse_from(words).unwrap().args.check().unwrap_err().to_string();
    assert!(error.starts_with(flag), "{error}");
    assert!(error.contains(remedy) && error.len() > flag.len() + 12, "{error}");
}

/// Once STS has told whose the credentials are.
#[rstest]
#[case::boundary_of_another_account(
    "--permissions-boundary=arn:aws:iam::210987654321:policy/b",
    "is in account 210987654321, and roles are made in 123456789012"
)]
#[case::boundary_of_another_partition(
    "--permissions-boundary=arn:aws-cn:iam::123456789012:policy/b",
    "is of the partition aws-cn, and the account of aws"
)]
#[case::policies_of_another_partition(
    "--managed-policies=arn:aws-cn:iam::aws:policy/*",
    "covers no policy of account 123456789012"
)]
#[case::policies_of_another_account(
    "--managed-policies=!arn:aws:iam::210987654321:policy/Admin",
    "covers no policy"
)]
#[case::no_policies("--managed-policies=arn:aws:iam::aws:role/*", "covers no policy")]
#[case::issuer_of_another_account(
    "--oidc-issuer=arn:aws:iam::210987654321:oidc-provider/a.example.org",
    "is in account 210987654321"
)]
#[case::issuer_of_another_partition(
    "--oidc-issuer=arn:aws-us-gov:iam::123456789012:oidc-provider/a.example.org",
    "is of the partition aws-us-gov"
)]
fn what_can_t_be_right_in_the_account_is_refused_as_soon_as_it_is_known(
    #[case] flag: &str,
    #[case] words: &str,
) {
    let name = flag.split('=').next().unwrap();
    let line = REQUIRED.into_iter().filter(|known| !known.starts_with(name)).chain([flag]);
    let args = Line::try_parse_from(line).unwrap().args;
    args.check().unwrap();
    let account = Account::new("123456789012", "aws").unwrap();
    let error = args.config(&account).unwrap_err().to_string();
    assert!(error.starts_with(name) && error.contains(words), "{error}");
}

#[rstest]
#[case("--permissions-boundary=arn:aws:iam::aws:policy/PowerUserAccess")]
#[case("--permissions-boundary=arn:{partition}:iam::{accountId}:policy/a/b")]
#[case("--managed-policies=*,!*/Admin*,arn:*:iam::*:policy/team-*,arn:aws:iam::aws:policy/a")]
#[case("--managed-policies=arn:aws:iam::123456789012:policy/*,arn:aws*:iam::aws:*")]
#[case("--oidc-issuer=arn:aws:iam::123456789012:oidc-provider/a.example.org/id/A")]
#[case("--oidc-issuer=arn:{partition}:iam::{accountId}:oidc-provider/a.example.org/id/A")]
fn what_is_right_in_the_account_is_taken_before_and_after_it_is_known(#[case] flag: &str) {
    let name = flag.split('=').next().unwrap();
    let line = REQUIRED.into_iter().filter(|known| !known.starts_with(name)).chain([flag]);
    let args = Line::try_parse_from(line).unwrap().args;
    args.check().unwrap();
    args.config(&Account::new("123456789012", "aws").unwrap()).unwrap();
}

#[rstest]
#[case(&["rolewright", "--permissions-boundary=none"], "--installation")]
#[case(&["rolewright", "--installation=test"], "--permissions-boundary")]
#[case(
    &["rolewright", "--installation=test", "--permissions-boundary=none", "--listen=here"],
    "--listen"
)]
#[case(
    &["rolewright", "--installation=test", "--permissions-boundary=none", "--log-format=xml"],
    "--log-format"
)]
fn a_missing_or_unreadable_setting_is_named(#[case] words: &[&str], #[case] flag: &str) {
    let error = Line::try_parse_from(words).unwrap_err().to_string();
    assert!(error.contains(flag), "{error}");
}

#[test]
fn defaults_of_the_operator_are_read() {
    let args = parse(&["--default-tags=owner=a b,cost=", "--default-deletion-policy=Retain"]);
    let limits = args.scope.limits(&Account::new("123456789012", "aws").unwrap()).unwrap();
    assert_eq!(iam::tag::shown(&limits.default_tags), "cost=, owner=a b");
    assert_eq!(limits.default_deletion, DeletionPolicy::Retain);
    let both = parse(&["--default-deletion-policy=Retain", "--allow-retain=false"]);
    let error = both.scope.limits(&limits.account).unwrap_err().to_string();
    assert!(error.contains("--allow-retain=false forbids it"), "{error}");
    assert_eq!(limits.trusted, iam::trust::limits::Trusted::default());
    let trusted = |more: &[&str]| {
        let args = parse(more);
        args.scope.limits(&Account::new("123456789012", "aws").unwrap()).unwrap().trusted
    };
    let both = trusted(&["--trusted-accounts=111111111111,o-a1b2c3d4e5"]);
    assert_eq!((both.accounts.len(), both.organizations.len(), both.own), (1, 1, None));
    assert!(trusted(&["--own-accounts=111111111111"]).own.is_some());
    let words = REQUIRED.into_iter().chain(["--default-deletion-policy=Keep"]);
    assert!(Line::try_parse_from(words).unwrap_err().to_string().contains("[possible values"));
}

#[test]
fn zero_switches_windows_and_ceilings_off() {
    let args = parse(&[
        "--settle-window=0",
        "--confirm-delay=0s",
        "--absence-delay=0",
        "--create-window=0s",
    ]);
    let windows = args.config(&Account::new("123456789012", "aws").unwrap()).unwrap().windows;
    let zero = Duration::ZERO;
    assert_eq!(windows, Windows { settle: zero, confirm: zero, absence: zero, create: zero });
    parse(&["--aws-read-rate=0", "--aws-write-rate=0"]).check().unwrap();
    let bounded = |text| {
        let args = parse(&[text]);
        args.config(&Account::new("123456789012", "aws").unwrap()).unwrap().max_roles
    };
    assert_eq!(bounded("--max-roles-per-namespace=0"), None);
    assert_eq!(bounded("--max-roles-per-namespace=7"), Some(7));
}

#[test]
fn every_flag_has_a_variable_of_its_name() {
    for argument in Line::command().get_arguments().filter(|argument| argument.get_id() != "help") {
        let flag = argument.get_long().unwrap();
        let variable = format!("ROLEWRIGHT_{}", flag.to_uppercase().replace('-', "_"));
        assert_eq!(
            argument.get_env().and_then(|env| env.to_str()),
            Some(variable.as_str()),
            "--{flag}"
        );
        assert!(argument.get_help().is_some(), "--{flag}");
    }
}

/// A process of its own, because variables are the whole process's: the test starts itself.
#[test]
fn variables_work() {
    const SELF: &str = "settings::tests::variables_work";
    if std::env::var_os("ROLEWRIGHT_INSTALLATION").is_some() {
        let args = Line::try_parse_from(["rolewright", "--sweep-interval=7s"]).unwrap().args;
        assert_eq!(args.scope.installation, "from-env");
        assert_eq!(args.sweep_interval, "7s", "the flag comes before the variable");
        assert_eq!(args.watch_namespace, ["a", "b"]);
        assert_eq!(
            args.config(&Account::new("123456789012", "aws").unwrap()).unwrap().max_concurrent,
            3
        );
        return;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", SELF, "--test-threads=1"])
        .env("ROLEWRIGHT_INSTALLATION", "from-env")
        .env("ROLEWRIGHT_PERMISSIONS_BOUNDARY", "none")
        .env("ROLEWRIGHT_SWEEP_INTERVAL", "1s")
        .env("ROLEWRIGHT_WATCH_NAMESPACE", "a,b")
        .env("ROLEWRIGHT_MAX_CONCURRENT_RECONCILES", "3")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn replicas_meet_in_the_namespace_of_the_pod_or_in_the_one_that_is_named() {
    let election = |more: &[&str], pod: Option<&str>| parse(more).election(pod.map(str::to_owned));
    let own = election(&["--leader-election"], Some("pod")).unwrap().unwrap();
    assert_eq!((own.namespace.as_str(), own.name.as_str()), ("pod", "rolewright-test"));
    let seconds = Duration::from_secs;
    assert_eq!(
        own.timing,
        Timing { duration: seconds(15), renew_deadline: seconds(10), retry_period: seconds(2) }
    );
    let named = election(&["--leader-election=true", "--lease-namespace=named"], Some("pod"))
        .unwrap()
        .unwrap();
    assert_eq!(named.namespace, "named");
    let error = election(&["--leader-election"], None).unwrap_err().to_string();
    assert!(error.starts_with("--lease-namespace") && error.contains("runs in no pod"), "{error}");
    assert_eq!(election(&[], None), Ok(None));
    assert_eq!(election(&["--leader-election=false"], Some("pod")), Ok(None));
}
