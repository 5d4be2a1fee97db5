//! `rolewright confirm`: what the brakes hold, and the hand of an operator.

mod listing;

use std::{
    io::{self, BufRead, IsTerminal, Write},
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::sleep;

use self::listing::Listing;
use crate::{
    cli::{output::Answer, roles::ClusterArgs},
    cluster::Operator,
    plan::{
        decide::{
            brakes::{
                Counted,
                confirm::{self, Accepted, Confirmation, LONGEST, Verb},
            },
            lifetime,
        },
        failure::ClusterError,
    },
    settings::check_installation,
};

/// What stands below the flags.
pub const HELP: &str = "\
Lists what is held. On a terminal it then asks, first about removals and then \
about changes, and writes what you confirm to the Lease \
rolewright-INSTALLATION: exactly that set, for a limited time. In a script it \
only lists, unless --yes names the number.

  rolewright confirm --installation prod \\
    --lease-namespace rolewright-system
  rolewright confirm --installation prod \\
    --lease-namespace rolewright-system removals -n team-a --yes 37
  rolewright confirm --installation prod \\
    --lease-namespace rolewright-system removals --keep

Requires get and list of iamroles, and get and patch of that Lease.

Exit code: 0 nothing is held, or all is confirmed; 1 something is held and \
not confirmed; 2 it failed.";

/// How long the controller may take to find what was confirmed.
const TAKEN_UP: Duration = Duration::from_mins(1);

/// Arguments of `confirm`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only removals or only changes [default: both, in this order]
    #[arg(value_enum, value_name = "removals|changes")]
    what: Option<What>,
    /// Name of the installation
    #[arg(long, env = "ROLEWRIGHT_INSTALLATION", value_name = "NAME")]
    installation: String,
    /// Namespace of the Lease: the controller's own [default: that of the kubeconfig]
    #[arg(long, env = "ROLEWRIGHT_LEASE_NAMESPACE", value_name = "NAMESPACE")]
    lease_namespace: Option<String>,
    /// Namespaces that the controller watches, as in its own settings. Separate with commas or
    /// repeat the flag [default: all]
    #[arg(
        long,
        env = "ROLEWRIGHT_WATCH_NAMESPACE",
        value_name = "NAMESPACE",
        value_delimiter = ','
    )]
    watch_namespace: Vec<String>,
    /// Only what is held in this namespace [default: all namespaces]
    #[arg(short = 'n', long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Let the resources go, and keep their roles in AWS
    #[arg(long)]
    keep: bool,
    /// How long the confirmation is valid, at most 24h
    #[arg(long = "for", value_name = "DURATION", default_value = "1h")]
    lasts: String,
    /// Confirm without asking, if exactly this number is held
    #[arg(long, value_name = "NUMBER")]
    yes: Option<usize>,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    Removals,
    Changes,
}

/// Lists, asks and writes.
///
/// # Errors
/// When the answer can't be printed or read.
pub async fn run(args: &Args) -> anyhow::Result<Answer> {
    let until = match until(args, Timestamp::now()) {
        Ok(until) => until,
        Err(problem) => return Ok(Answer::refused(vec![problem])),
    };
    let (way, namespace) = (args.cluster.way(), args.lease_namespace.clone());
    let name = format!("rolewright-{}", args.installation);
    let operator = match Operator::connect(&way, namespace, name).await {
        Ok(operator) => operator,
        Err(error) => return Ok(Answer::refused(vec![error.to_string()])),
    };
    match confirm(args, &operator, until).await? {
        Ok(answer) => Ok(answer),
        Err(ClusterError::Gone) => Ok(Answer::refused(vec![format!(
            "there is no Lease {}/{}: check --installation and --lease-namespace",
            operator.lease().namespace,
            operator.lease().name
        )])),
        Err(error) => Ok(Answer::refused(vec![error.to_string()])),
    }
}

/// Until when a confirmation counts, and whether the arguments go together.
fn until(args: &Args, now: Timestamp) -> Result<Timestamp, String> {
    check_installation(&args.installation).map_err(|error| error.to_string())?;
    if args.keep && args.what == Some(What::Changes) {
        return Err("--keep is for removals: leave it out, or write removals".into());
    }
    if args.yes.is_some() && args.what.is_none() {
        return Err("--yes needs to know of what: write removals or changes".into());
    }
    let lasts = lifetime::parse_duration(&args.lasts)
        .map_err(|error| format!("--for {}: {}", args.lasts, error.sentence()))?;
    if lasts.is_zero() || lasts > LONGEST {
        return Err(format!("--for {}: must be between 1s and 24h", args.lasts));
    }
    let until = now.checked_add(lasts).map_err(|error| error.to_string())?;
    Timestamp::from_second(until.as_second()).map_err(|error| error.to_string())
}

async fn confirm(
    args: &Args,
    operator: &Operator,
    until: Timestamp,
) -> io::Result<Result<Answer, ClusterError>> {
    let verbs = match (args.what, args.keep) {
        (Some(What::Changes), _) => vec![Verb::Changes],
        (Some(What::Removals), false) => vec![Verb::Removals],
        (_, true) => vec![Verb::Keep],
        (None, false) => vec![Verb::Removals, Verb::Changes],
    };
    let mut all = Answer::default();
    for verb in verbs {
        let listing = match look(args, operator, verb.counted()).await {
            Ok(listing) => listing,
            Err(error) => return Ok(Err(error)),
        };
        print(&listing.text(verb))?;
        if listing.is_empty() {
            continue;
        }
        let agreed = match args.yes {
            Some(number) if number == listing.number() => true,
            Some(number) => {
                let held = listing.number();
                all.notes.push(format!("{held} are held, not {number}: nothing is confirmed"));
                false
            }
            None => ask(&listing, verb)?,
        };
        if !agreed {
            all.code = all.code.max(1);
            continue;
        }
        let confirmation = listing.confirmation(verb, until);
        match write(operator, &confirmation).await {
            Ok(note) => {
                all.code = all.code.max(note.code);
                all.notes.extend(note.notes);
            }
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(all))
}

async fn look(args: &Args, operator: &Operator, counted: Counted) -> Result<Listing, ClusterError> {
    let (_, confirmed) = operator.confirmations().await?;
    let accepted: Vec<Accepted> = confirmed.lines().filter_map(|line| line.parse().ok()).collect();
    let spaces: Vec<Option<&str>> = match (&args.namespace, args.watch_namespace.as_slice()) {
        (Some(one), _) => vec![Some(one)],
        (None, []) => vec![None],
        (None, names) => names.iter().map(|name| Some(name.as_str())).collect(),
    };
    let mut resources = Vec::new();
    for space in spaces {
        resources.extend(operator.resources(space).await?);
    }
    Ok(Listing::of(resources, counted, &accepted, Timestamp::now()))
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Asks a person, who has to type the number.
fn ask(listing: &Listing, verb: Verb) -> io::Result<bool> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Ok(false);
    }
    let number = listing.number();
    let what = match verb {
        Verb::Removals => "remove these roles from AWS",
        Verb::Changes => "change these roles",
        Verb::Keep => "let these resources go and keep their roles",
    };
    print(&format!("\nTo {what}, type their number, {number}: "))?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(agrees(&line, number))
}

/// Whoever answers has read how many they are.
fn agrees(line: &str, number: usize) -> bool {
    line.trim() == number.to_string()
}

/// Writes a confirmation beside those that still count, and waits until the controller has found
/// it.
async fn write(operator: &Operator, confirmation: &Confirmation) -> Result<Answer, ClusterError> {
    let (there, _) = operator.confirmations().await?;
    operator.confirm(&beside(&there, confirmation, Timestamp::now())).await?;
    let begin = tokio::time::Instant::now();
    while begin.elapsed() < TAKEN_UP {
        let (_, confirmed) = operator.confirmations().await?;
        let known = confirmed.lines().filter_map(|line| line.parse::<Accepted>().ok());
        if known.into_iter().any(|accepted| accepted.confirmation == *confirmation) {
            let note = format!("confirmed: {confirmation}");
            return Ok(Answer { notes: vec![note], ..Answer::default() });
        }
        sleep(Duration::from_secs(1)).await;
    }
    let note = format!(
        "written, and the controller has not taken it up: {confirmation}. It does not run, or what \
         is held has changed: run this again"
    );
    Ok(Answer { notes: vec![note], code: 1, ..Answer::default() })
}

/// The annotation with one more confirmation; what is over or can't be read goes.
fn beside(there: &str, confirmation: &Confirmation, now: Timestamp) -> String {
    let known = confirm::read(there).into_iter().flatten();
    let mut all: Vec<Confirmation> = known.filter(|known| now < known.until).collect();
    all.push(confirmation.clone());
    all.sort();
    all.dedup();
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
