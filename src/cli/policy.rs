//! `rolewright policy …`: the policy engine by hand.

mod compare;
mod contains;
mod controller;
mod diff;
mod eval;
mod merge;

use std::path::Path;

use clap::Subcommand;

use super::{
    input::{self, Input},
    output::{Answer, Paint},
};
use iam::policy::{Policy, PolicyKind, Strictness};

/// The commands of `rolewright policy`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say whether two documents mean the same, and why
    #[command(after_long_help = compare::HELP)]
    Compare(compare::Args),
    /// Show what changed between two documents, and its effect on access
    #[command(after_long_help = diff::HELP)]
    Diff(diff::Args),
    /// Say whether a document allows anything that another does not
    #[command(after_long_help = contains::HELP)]
    Contains(contains::Args),
    /// Print the IAM policies that the controller itself needs
    #[command(after_long_help = controller::HELP)]
    Controller(controller::Args),
    /// Say whether a request is allowed, and why
    #[command(after_long_help = eval::HELP)]
    Eval(eval::Args),
    /// Merge documents by Sid
    #[command(after_long_help = merge::HELP)]
    Merge(merge::Args),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// An input that can't be read.
    pub fn run(&self, input: &mut Input<'_>, paint: Paint) -> anyhow::Result<Answer> {
        match self {
            Self::Compare(args) => compare::run(args, input, paint),
            Self::Diff(args) => diff::run(args, input, paint),
            Self::Contains(args) => contains::run(args, input, paint),
            Self::Controller(args) => controller::run(args),
            Self::Eval(args) => eval::run(args, input, paint),
            Self::Merge(args) => merge::run(args, input),
        }
    }
}

/// Reads two documents; `Err` holds the answer when one can't be used.
fn pair(
    input: &mut Input<'_>,
    old: &Path,
    new: &Path,
) -> anyhow::Result<Result<(Policy, Policy), Answer>> {
    let mut notes = Vec::new();
    let mut read = |path: &Path| -> anyhow::Result<Option<Policy>> {
        let source = input.read(path, input::DOCUMENT)?;
        match Policy::read(&source.text, PolicyKind::Any, Strictness::Desired) {
            Ok(policy) => Ok(Some(policy)),
            Err(problems) => {
                notes.extend(problems.iter().map(|problem| format!("{}: {problem}", source.name)));
                Ok(None)
            }
        }
    };
    let both = (read(old)?, read(new)?);
    Ok(match both {
        (Some(old), Some(new)) => Ok((old, new)),
        _ => Err(Answer::refused(notes)),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use clap::Args;
    use tempfile::NamedTempFile;

    /// A file with this text.
    pub fn document(text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    /// The arguments that a line stands for.
    pub fn line<A: Args>(words: &[&str], flags: &[&str]) -> A {
        let command = A::augment_args(clap::Command::new("policy"));
        A::from_arg_matches(&command.get_matches_from([&["policy"], words, flags].concat()))
            .unwrap()
    }
}
