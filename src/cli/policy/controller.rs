//! `rolewright policy controller`: the policies of the controller's own role.

use crate::{
    cli::output::{Answer, Ordered},
    settings::{MANAGED_POLICIES, check_installation},
};
use iam::{
    account::Account,
    arn::IamArn,
    controller_policy::{Installation, reader, writer},
    managed::ManagedPolicyRules,
    name,
    text::node::Node,
};

/// What stands below the flags.
pub const HELP: &str = "\
Prints {\"writer\": …, \"reader\": …}; with --part one document alone:

  rolewright policy controller --account 123456789012 \\
    --path-prefix /rolewright/ --installation prod --part writer \\
    --permissions-boundary \\
    'arn:{partition}:iam::{accountId}:policy/rolewright-boundary' > writer.json

The controller needs the writer's policy. The reader's is enough for \
rolewright check, and where every resource only observes. Give the same values \
as to the controller.

Exit code: 0 printed, 2 the input can't be used.";

/// Arguments of `policy controller`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Account of the controller's roles
    #[arg(long, env = "ROLEWRIGHT_ACCOUNT", value_name = "ID")]
    account: String,
    /// Partition of the account
    #[arg(long, env = "ROLEWRIGHT_PARTITION", value_name = "PARTITION", default_value = "aws")]
    partition: String,
    /// Path of all roles; use it for this installation only
    #[arg(long, env = "ROLEWRIGHT_PATH_PREFIX", value_name = "PATH")]
    path_prefix: String,
    /// ARN of the permissions boundary that every role gets, or `none`. {accountId} and {partition}
    /// are replaced
    #[arg(long, env = "ROLEWRIGHT_PERMISSIONS_BOUNDARY", value_name = "ARN|none")]
    permissions_boundary: String,
    /// Name of the installation [default: the policy covers every installation below the path]
    #[arg(long, env = "ROLEWRIGHT_INSTALLATION", value_name = "NAME")]
    installation: Option<String>,
    /// Managed policies that may be attached: ARN patterns with *, a leading ! excludes. Separate
    /// with commas or repeat the flag
    #[arg(long, env = "ROLEWRIGHT_MANAGED_POLICIES", value_name = "PATTERN", value_delimiter = ',',
          default_values = MANAGED_POLICIES)]
    managed_policies: Vec<String>,
    /// Print only this document
    #[arg(long, value_enum, value_name = "PART")]
    part: Option<Half>,
}

/// One of the two policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Half {
    /// Reads and writes
    Writer,
    /// Reads alone
    Reader,
}

/// Prints the policies.
///
/// # Errors
/// When they can't be printed.
pub fn run(args: &Args) -> anyhow::Result<Answer> {
    let (node, notes) = match printed(args) {
        Ok(printed) => printed,
        Err(problem) => return Ok(Answer::refused(vec![problem])),
    };
    Ok(Answer { notes, ..Answer::json(&Ordered(&node), 0)? })
}

/// What is printed, and notes about it.
fn printed(args: &Args) -> Result<(Node, Vec<String>), String> {
    let account =
        Account::new(&args.account, &args.partition).map_err(|error| error.to_string())?;
    name::check_path(&args.path_prefix).map_err(|error| format!("--path-prefix: {error}"))?;
    let boundary = boundary(&args.permissions_boundary, &account)?;
    if let Some(name) = &args.installation {
        check_installation(name).map_err(|error| error.to_string())?;
    }
    let managed = ManagedPolicyRules::new(&args.managed_policies)
        .map_err(|error| format!("--managed-policies: {error}"))?;
    let installation = Installation {
        account: &account,
        path: &args.path_prefix,
        boundary: boundary.as_deref(),
        name: args.installation.as_deref(),
        managed: &managed,
    };
    let (writer, reader) = (writer(&installation).to_node(), reader().to_node());
    Ok(match args.part {
        Some(Half::Reader) => (reader, Vec::new()),
        Some(Half::Writer) => (writer, notes(&installation)),
        None => {
            let both = [("writer", writer), ("reader", reader)]
                .map(|(name, node)| (name.to_owned(), node));
            (Node::Object(both.into()), notes(&installation))
        }
    })
}

fn boundary(text: &str, account: &Account) -> Result<Option<String>, String> {
    if text == "none" {
        return Ok(None);
    }
    let arn = IamArn::parse(&account.expand(text))
        .map_err(|error| format!("--permissions-boundary: {error}"))?;
    if arn.kind == "policy"
        && (arn.is_in(account) || (arn.account == "aws" && arn.partition == account.partition))
    {
        return Ok(Some(arn.to_string()));
    }
    Err(format!(
        "--permissions-boundary: {arn} is no policy that account {} can use; write \
         arn:{{partition}}:iam::{{accountId}}:policy/NAME",
        account.id
    ))
}

/// Where a fence is missing.
fn notes(installation: &Installation<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if installation.path == "/" {
        notes.push(
            "note: with --path-prefix / there is no permission to tag inside CreateRole, or any \
             untagged role could be taken; AWS then refuses to create roles with tags: choose a \
             path for this installation alone"
                .to_owned(),
        );
    }
    if installation.boundary.is_none() {
        notes.push(
            "note: with --permissions-boundary none whoever may create an IAMRole can give it any \
             permission: limit who may, or set a boundary"
                .to_owned(),
        );
    }
    if installation.name.is_none() {
        notes.push(
            "note: without --installation the policy holds for roles of every installation below \
             the path"
                .to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rstest::rstest;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    const EXAMPLE: [&str; 8] = [
        "--account",
        "123456789012",
        "--path-prefix",
        "/rolewright/",
        "--permissions-boundary",
        "arn:{partition}:iam::{accountId}:policy/rolewright-boundary",
        "--installation",
        "prod",
    ];

    fn answer(flags: &[&str]) -> Answer {
        run(&Line::parse_from([&["controller"], flags].concat()).args).unwrap()
    }

    /// The example with one flag changed.
    fn changed(flag: &str, value: &str) -> Answer {
        let mut flags = EXAMPLE;
        let at = flags.iter().position(|other| *other == flag).unwrap();
        flags[at + 1] = value;
        answer(&flags)
    }

    #[rstest]
    #[case("writer")]
    #[case("reader")]
    fn the_files_of_the_example_are_current(#[case] part: &str) {
        let path = format!("{}/config/iam/{part}.json", env!("CARGO_MANIFEST_DIR"));
        let now = answer(&[&EXAMPLE[..], &["--part", part]].concat());
        assert_eq!((now.code, now.notes.as_slice()), (0, &[][..]));
        if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() {
            std::fs::write(&path, &now.text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == now.text,
            "config/iam/{part}.json is stale: refresh it with `ROLEWRIGHT_UPDATE=1 cargo test \
             --lib cli::policy::controller`"
        );
    }

    #[test]
    fn both_documents_are_one_object_and_a_part_is_bare() {
        let both: serde_json::Value = serde_json::from_str(&answer(&EXAMPLE).text).unwrap();
        let members: Vec<_> = both.as_object().unwrap().keys().collect();
        assert_eq!(members.len(), 2, "{members:?}");
        for part in ["writer", "reader"] {
            let bare: serde_json::Value =
                serde_json::from_str(&answer(&[&EXAMPLE[..], &["--part", part]].concat()).text)
                    .unwrap();
            assert_eq!(both[part], bare);
        }
    }

    #[test]
    fn another_partition_is_in_every_arn() {
        let text = answer(&[&EXAMPLE[..], &["--partition", "aws-cn"]].concat()).text;
        assert!(
            text.contains("arn:aws-cn:iam::123456789012:role/rolewright/*")
                && !text.contains("arn:aws:"),
            "{text}"
        );
    }

    #[rstest]
    #[case("--account", "12", "not an account id")]
    #[case("--path-prefix", "rolewright", "--path-prefix: ")]
    #[case("--path-prefix", "/aws-service-role/", "--path-prefix: ")]
    #[case("--permissions-boundary", "rolewright-boundary", "--permissions-boundary: ")]
    #[case("--permissions-boundary", "arn:aws:iam::123456789012:role/x", "is no policy")]
    #[case("--permissions-boundary", "arn:aws:iam::210987654321:policy/x", "is no policy")]
    #[case("--permissions-boundary", "arn:aws-cn:iam::aws:policy/x", "is no policy")]
    #[case(
        "--permissions-boundary",
        "arn:aws:iam::123456789012:policy/*",
        "--permissions-boundary: "
    )]
    #[case("--installation", "Prod", "--installation")]
    fn a_value_that_makes_no_policy_is_refused(
        #[case] flag: &str,
        #[case] value: &str,
        #[case] problem: &str,
    ) {
        let found = changed(flag, value);
        assert_eq!((found.code, found.text.as_str()), (2, ""));
        assert!(found.notes[0].contains(problem), "{found:?}");
    }

    #[test]
    fn a_pattern_that_covers_nothing_is_refused() {
        let found = answer(&[&EXAMPLE[..], &["--managed-policies", "ReadOnlyAccess"]].concat());
        assert!(found.code == 2 && found.notes[0].contains("--managed-policies: "), "{found:?}");
    }

    #[rstest]
    #[case("--path-prefix", "/", "choose a path")]
    #[case("--permissions-boundary", "none", "set a boundary")]
    fn a_fence_that_is_missing_is_told(
        #[case] flag: &str,
        #[case] value: &str,
        #[case] note: &str,
    ) {
        let found = changed(flag, value);
        assert_eq!((found.code, found.notes.len()), (0, 1));
        assert!(found.notes[0].contains(note), "{found:?}");
    }

    #[test]
    fn a_policy_for_every_installation_is_told_and_the_readers_needs_no_word() {
        assert!(answer(&EXAMPLE[..6]).notes[0].contains("every installation"));
        let reader = answer(&[
            "--account",
            "123456789012",
            "--path-prefix",
            "/",
            "--permissions-boundary",
            "none",
            "--part",
            "reader",
        ]);
        assert_eq!(reader.notes, Vec::<String>::new());
    }
}
