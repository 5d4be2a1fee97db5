//! By which name the program was called: its own, or as a plugin of kubectl. Help and usage show
//! what the user has typed.

use std::{ffi::OsStr, path::Path};

use clap::{Command, CommandFactory};

use super::Cli;

/// The file by which kubectl finds the plugin `kubectl rolewright`.
const PLUGIN: &str = "kubectl-rolewright";

/// Wider lines are hard to read.
const WIDEST: usize = 110;

/// The command line of a program that was started as `program`, the first word of its arguments.
/// On a terminal its help is as wide as that; elsewhere, as in a pipe, lines are left as they are.
pub fn command(program: &OsStr, terminal: bool) -> Command {
    let command = if terminal {
        flowing(Cli::command()).max_term_width(WIDEST)
    } else {
        Cli::command().term_width(0)
    };
    if Path::new(program).file_stem() != Some(OsStr::new(PLUGIN)) {
        return command;
    }
    let names: Vec<String> =
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for_plugin(command, &names).bin_name("kubectl rolewright")
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

    #[test]
    fn on_a_terminal_no_line_of_help_is_wider_than_it() {
        let narrow = command(OsStr::new("rolewright"), true).term_width(60);
        let mut left = vec![narrow];
        let mut seen = 0;
        while let Some(mut command) = left.pop() {
            left.extend(command.get_subcommands().map(|inner| inner.clone().term_width(60)));
            let help = command.render_long_help().to_string();
            // Usage is left whole, and one word, such as an ARN, may be longer.
            let wide = |line: &&str| {
                line.chars().count() > 60
                    && !line.starts_with("Usage: ")
                    && line.split_whitespace().count() > 1
            };
            let wide: Vec<&str> = help.lines().filter(wide).collect();
            assert!(wide.is_empty(), "{}: {wide:#?}", command.get_name());
            seen += 1;
        }
        assert!(seen > 15, "{seen} commands");
        assert_eq!(joined("a\nb\n\n  c\n  d\ne\nf"), "a b\n\n  c\n  d\ne f");
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
