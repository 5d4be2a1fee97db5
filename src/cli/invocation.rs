//! By which name the program was called: its own, or as a plugin of kubectl. Help and usage show
//! what the user has typed.

use std::{ffi::OsStr, path::Path};

use clap::{Command, CommandFactory};

use super::Cli;

/// The file by which kubectl finds the plugin `kubectl rolewright`.
const PLUGIN: &str = "kubectl-rolewright";

/// Columns of help at most: it fits a terminal of 80 everywhere.
const WIDEST: usize = 79;

/// Usages that do not fit into one line; clap does not break them.
const LONG_USAGES: [(&[&str], &str); 2] = [
    (
        &["render"],
        "[OPTIONS] --installation <NAME>
           --permissions-boundary <ARN|none> <FILE>...",
    ),
    (
        &["policy", "controller"],
        "[OPTIONS] --account <ID>
           --path-prefix <PATH> --permissions-boundary <ARN|none>",
    ),
];

/// The command line of a program that was started as `program`, the first word of its arguments.
/// On a terminal that is narrower its help is as wide as that; elsewhere it has one width, so that
/// it can be compared.
pub fn command(program: &OsStr, terminal: bool) -> Command {
    let command = flowing(Cli::command());
    let command =
        if terminal { command.max_term_width(WIDEST) } else { command.term_width(WIDEST) };
    let plugin = Path::new(program).file_stem() == Some(OsStr::new(PLUGIN));
    let name = if plugin { "kubectl rolewright" } else { "rolewright" };
    let command = LONG_USAGES
        .iter()
        .fold(command, |command, (words, usage)| with_usage(command, name, words, usage));
    if !plugin {
        return command;
    }
    let names: Vec<String> =
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for_plugin(command, &names).bin_name(name)
}

/// The command with another usage of the subcommand that the words lead to.
fn with_usage(command: Command, name: &str, words: &[&str], usage: &str) -> Command {
    match words.split_first() {
        None => command.override_usage(format!("{name} {usage}")),
        Some((&word, rest)) => command.mut_subcommand(word, |inner| {
            with_usage(inner, &format!("{name} {word}"), rest, usage)
        }),
    }
}

/// Paragraphs below the flags as one line each, so that the terminal's width alone breaks them.
fn flowing(command: Command) -> Command {
    let command = match command.get_after_long_help().map(ToString::to_string) {
        None => command,
        Some(help) => command.after_long_help(joined(&help)),
    };
    command.mut_subcommands(flowing)
}

/// Lines that are neither indented nor beside an empty or indented one belong together.
fn joined(text: &str) -> String {
    let prose = |line: &str| !line.is_empty() && !line.starts_with(' ');
    let mut joined = String::new();
    let mut before = "";
    for line in text.lines() {
        if !joined.is_empty() {
            joined.push(if prose(before) && prose(line) { ' ' } else { '\n' });
        }
        joined += line;
        before = line;
    }
    joined
}

/// The examples below the flags, with `kubectl` in front of each command.
fn for_plugin(command: Command, names: &[String]) -> Command {
    let command = match command.get_after_long_help().map(ToString::to_string) {
        None => command,
        Some(help) => command.after_long_help(names.iter().fold(help, |help, name| {
            help.replace(&format!("rolewright {name}"), &format!("kubectl rolewright {name}"))
        })),
    };
    command.mut_subcommands(|command| for_plugin(command, names))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn help(program: &str, words: &[&str]) -> String {
        let line = [&[program], words, &["--help"]].concat();
        command(OsStr::new(program), false).try_get_matches_from(line).unwrap_err().to_string()
    }

    #[rstest]
    #[case::by_its_own_name("rolewright", "rolewright")]
    #[case::by_a_path("/opt/bin/rolewright-0.1.0", "rolewright")]
    #[case::as_a_plugin("kubectl-rolewright", "kubectl rolewright")]
    #[case::as_a_plugin_by_a_path("/home/jane/.krew/bin/kubectl-rolewright", "kubectl rolewright")]
    fn usage_and_examples_begin_with_what_was_typed(#[case] program: &str, #[case] typed: &str) {
        let usage = |words: &[&str]| {
            let help = help(program, words);
            help.lines()
                .find_map(|line| line.strip_prefix("Usage: "))
                .unwrap_or_default()
                .to_owned()
        };
        // The first is what clap makes of the path; the file's name is all that is left of it.
        let own = if typed == "rolewright" { program.rsplit('/').next().unwrap() } else { typed };
        assert_eq!(usage(&[]), format!("{own} <COMMAND>"));
        assert_eq!(usage(&["policy", "diff"]), format!("{own} policy diff [OPTIONS] <A> <B>"));
        let text = help(program, &["policy", "diff"]);
        assert!(
            text.contains(&format!("\n  {typed} policy diff before.json after.yaml\n")),
            "{text}"
        );
    }

    /// Every command of the command line, with its help.
    fn helps(command: Command, width: Option<usize>) -> Vec<(Command, String)> {
        let (mut left, mut found) = (vec![command], Vec::new());
        while let Some(command) = left.pop() {
            let mut command = match width {
                Some(width) => command.term_width(width),
                None => command,
            };
            // A command inherits the width of the one above it only when it is parsed.
            left.extend(command.get_subcommands().map(|inner| inner.clone().term_width(WIDEST)));
            let help = command.render_long_help().to_string();
            found.push((command, help));
        }
        assert!(found.len() > 15, "{} commands", found.len());
        found
    }

    #[test]
    fn on_a_narrow_terminal_no_line_of_help_is_wider_than_it() {
        for (command, help) in helps(command(OsStr::new("rolewright"), true), Some(60)) {
            // Usage, examples and tables are left whole, and one word, such as an ARN, may be
            // longer.
            let wide = |line: &&str| {
                line.chars().count() > 60
                    && !line.starts_with("Usage: ")
                    && !line.starts_with("           --")
                    && line.split_whitespace().count() > 1
            };
            let wide: Vec<&str> = help.lines().filter(wide).collect();
            assert!(wide.is_empty(), "{}: {wide:#?}", command.get_name());
        }
        assert_eq!(joined("a\nb\n\n  c\n  d\ne\nf"), "a b\n\n  c\n  d\ne f");
    }

    #[rstest]
    #[case::by_its_own_name("rolewright")]
    #[case::as_a_plugin(PLUGIN)]
    fn every_line_of_help_is_under_80_characters(#[case] program: &str) {
        for (command, _) in helps(command(OsStr::new(program), false), None) {
            let words: Vec<String> = command
                .get_bin_name()
                .unwrap_or_default()
                .split(' ')
                .filter(|word| !["kubectl", "rolewright"].contains(word))
                .map(str::to_owned)
                .collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            for flag in ["-h", "--help"] {
                let line = [&[program], &words[..], &[flag]].concat();
                let help = super::command(OsStr::new(program), false)
                    .try_get_matches_from(line)
                    .unwrap_err()
                    .to_string();
                // One word, such as an ARN, can't be broken.
                let wide =
                    |line: &&str| line.chars().count() >= 80 && line.split_whitespace().count() > 1;
                let wide: Vec<&str> = help.lines().filter(wide).collect();
                assert!(wide.is_empty(), "{words:?}: {wide:#?}");
            }
        }
    }

    #[test]
    fn a_usage_that_is_broken_by_hand_names_what_is_required() {
        for (words, usage) in LONG_USAGES {
            let cli = Cli::command();
            let command = words
                .iter()
                .try_fold(&cli, |command, word| command.find_subcommand(word))
                .expect("the command exists");
            let required = command.get_arguments().filter(|arg| arg.is_required_set());
            let flags: Vec<&str> = required.filter_map(clap::Arg::get_long).collect();
            assert!(!flags.is_empty(), "{words:?}");
            for flag in flags {
                assert!(usage.contains(&format!("--{flag} ")), "{words:?} lacks --{flag}");
            }
        }
    }

    #[test]
    fn every_flag_of_the_controller_stands_under_a_heading() {
        let cli = Cli::command();
        let controller = cli.find_subcommand("controller").expect("the command exists");
        for arg in controller.get_arguments().filter(|arg| arg.get_id() != "help") {
            assert!(arg.get_help_heading().is_some(), "{}", arg.get_id());
        }
    }

    /// One flag has one name, wherever it stands: a variable belongs to one flag.
    #[test]
    fn a_setting_has_one_spelling_in_every_command() {
        for (command, _) in helps(command(OsStr::new("rolewright"), false), None) {
            for arg in command.get_arguments() {
                let (Some(flag), Some(variable)) = (arg.get_long(), arg.get_env()) else {
                    continue;
                };
                let expected = format!("ROLEWRIGHT_{}", flag.replace('-', "_").to_uppercase());
                assert_eq!(variable.to_string_lossy(), expected, "{}", command.get_name());
            }
        }
    }

    #[test]
    fn no_example_of_a_plugin_lacks_kubectl() {
        let command = command(OsStr::new(PLUGIN), false);
        let mut seen = 0;
        let mut left: Vec<&Command> = command.get_subcommands().collect();
        while let Some(command) = left.pop() {
            left.extend(command.get_subcommands());
            let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            seen += help.matches("kubectl rolewright ").count();
            assert_eq!(
                help.matches("rolewright ").count(),
                help.matches("kubectl rolewright ").count(),
                "{help}"
            );
        }
        assert!(seen > 5, "{seen} examples");
    }
}
