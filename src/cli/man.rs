//! `rolewright man`: the manual pages, made of the same definition as the help.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::{Cli, output::Answer};

/// What stands below the flags.
pub const HELP: &str = "\
Each command has its own page: rolewright-policy-diff(1) describes rolewright \
policy diff.

  rolewright man policy diff | man -l -
  rolewright man --to ~/.local/share/man/man1

Exit code: 0 printed or written, 2 no such command or directory.";

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Command whose page to print, such as policy diff [default: rolewright itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write the pages of all commands to this existing directory
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "command")]
    to: Option<PathBuf>,
}

/// Prints a page or writes all of them.
///
/// # Errors
/// When a page can't be written.
pub fn run(args: &Args) -> anyhow::Result<Answer> {
    let cli = cli();
    if let Some(folder) = &args.to {
        write(&cli, folder)?;
        return Ok(Answer::default());
    }
    let found = args.command.iter().try_fold(&cli, |command, name| command.find_subcommand(name));
    let Some(command) = found else {
        let words = args.command.join(" ");
        return Ok(Answer::refused(vec![format!(
            "rolewright {words} is no command: see rolewright --help"
        )]));
    };
    Ok(Answer::new(page(command)?, 0))
}

/// The commands with their full names; without `help`, which has nothing to say.
fn cli() -> Command {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    cli
}

fn write(command: &Command, folder: &Path) -> anyhow::Result<()> {
    let file = folder.join(format!("{}.1", name(command)));
    std::fs::write(&file, page(command)?)
        .with_context(|| format!("{} can't be written", file.display()))?;
    command.get_subcommands().try_for_each(|command| write(command, folder))
}

fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> anyhow::Result<String> {
    let mut page = Vec::new();
    let source = concat!("rolewright ", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone())
        .title(name(command))
        .source(source)
        .manual("rolewright")
        .render(&mut page)?;
    // The generator's heading for what stands below the flags tells a reader nothing.
    Ok(String::from_utf8_lossy(&page).replace("\n.SH EXTRA\n", "\n.SH NOTES\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn printed(words: &[&str]) -> Answer {
        run(&Args { command: words.iter().map(|&word| word.to_owned()).collect(), to: None })
            .unwrap()
    }

    #[test]
    fn a_page_has_a_title_a_name_a_usage_every_flag_and_the_examples() {
        let Answer { text, code, .. } = printed(&["policy", "diff"]);
        for line in [
            ".TH rolewright-policy-diff 1  \"rolewright 0.1.0\" rolewright",
            ".SH NAME",
            "rolewright\\-policy\\-diff \\- Show what changed between two documents, and its \
             effect on access",
            ".SH SYNOPSIS",
            ".SH NOTES",
            "  rolewright policy diff before.json after.yaml",
        ] {
            assert!(text.lines().any(|printed| printed == line), "{line} is missing:\n{text}");
        }
        for flag in
            ["\\fB\\-\\-partition\\fR", "\\fB\\-o\\fR, \\fB\\-\\-output\\fR", "\\fB\\-h\\fR"]
        {
            assert!(text.contains(flag), "{flag} is missing:\n{text}");
        }
        assert_eq!(code, 0);
    }

    #[test]
    fn every_page_that_a_page_names_is_written() {
        let folder = tempfile::tempdir().unwrap();
        run(&Args { command: Vec::new(), to: Some(folder.path().to_owned()) }).unwrap();
        let files: BTreeSet<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut named = BTreeSet::from(["rolewright.1".to_owned()]);
        for file in &files {
            let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
            let lines = text.lines().filter_map(|line| line.strip_suffix("(1)"));
            named.extend(lines.map(|line| format!("{}.1", line.replace('\\', ""))));
        }
        assert_eq!(named, files);
        assert!(files.contains("rolewright-policy-contains.1") && files.len() > 10, "{files:?}");
    }

    #[test]
    fn a_command_that_is_not_there_and_a_folder_that_is_not_there_are_told() {
        let Answer { notes, code, .. } = printed(&["policy", "dif"]);
        assert_eq!(
            (notes, code),
            (vec!["rolewright policy dif is no command: see rolewright --help".to_owned()], 2)
        );
        let error = run(&Args { command: Vec::new(), to: Some("/no/such".into()) }).unwrap_err();
        assert_eq!(error.to_string(), "/no/such/rolewright.1 can't be written");
    }
}
