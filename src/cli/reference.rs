//! The page `docs/reference/settings.md`, made of the command line's own definition. A test fails
//! when it is stale.

use std::fmt::Write;

use clap::{Arg, CommandFactory};

use super::Cli;

/// The page of settings: every flag of `rolewright controller`.
#[must_use]
pub fn settings_markdown() -> String {
    let mut page = String::from(
        "# Settings\n\nMade of `src/settings.rs`; edit that. Each setting of `rolewright \
         controller` is a flag and an environment variable; the flag wins. A list is written with \
         commas. A duration is days of 24 hours, hours, minutes and seconds, as `30d`, `1h30m` or \
         `90s`. A setting that can't be used stops the start with a message that says what to do, \
         exit code 2.\n",
    );
    let command = Cli::command();
    let controller = command.find_subcommand("controller");
    let arguments: Vec<&Arg> =
        controller.into_iter().flat_map(clap::Command::get_arguments).collect();
    let mut headings: Vec<&str> = Vec::new();
    for heading in arguments.iter().filter_map(|arg| arg.get_help_heading()) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    for heading in headings {
        let _ = writeln!(
            page,
            "\n## {heading}\n\n| Flag | Variable | Default | Meaning |\n|---|---|---|---|"
        );
        for arg in arguments.iter().filter(|arg| arg.get_help_heading() == Some(heading)) {
            row(&mut page, arg);
        }
    }
    page.push_str(
        "\nThe AWS side takes the variables and files of the AWS SDK's default chain of \
         credentials (`AWS_REGION`, `AWS_PROFILE`, \
         `AWS_ROLE_ARN`, `AWS_ENDPOINT_URL` and so on), the Kubernetes side `KUBECONFIG` or the \
         service account of the pod.\n",
    );
    page
}

/// The row of one flag.
fn row(page: &mut String, arg: &Arg) {
    if let (Some(flag), Some(variable)) = (arg.get_long(), arg.get_env()) {
        let choices: Vec<_> =
            arg.get_possible_values().iter().map(|choice| choice.get_name().to_owned()).collect();
        let names = arg.get_value_names().unwrap_or_default();
        let value = if choices.is_empty() { names.join(" ") } else { choices.join("|") };
        // A switch: its value, if any, stands behind an equals sign.
        let value =
            if arg.is_require_equals_set() { format!("[={value}]") } else { format!(" {value}") };
        let flag = format!("`--{flag}{value}`").replace('|', "\\|");
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
        // A default that depends on another setting stands in the help.
        let (help, computed) = match help.split_once(" [default: ") {
            Some((help, computed)) => {
                (help.to_owned(), Some(computed.trim_end_matches(']').to_owned()))
            }
            None => (help, None),
        };
        let default = computed.unwrap_or_else(|| default(arg));
        let _ =
            writeln!(page, "| {flag} | `{}` | {default} | {help} |", variable.to_string_lossy());
    }
}

fn default(arg: &Arg) -> String {
    let values: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| format!("`{}`", value.to_string_lossy()))
        .collect();
    match (values.is_empty(), arg.is_required_set()) {
        (false, _) => values.join(", "),
        (true, true) => "required".into(),
        (true, false) => "none".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_settings_is_current() {
        let path = format!("{}/docs/reference/settings.md", env!("CARGO_MANIFEST_DIR"));
        let now = settings_markdown();
        if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() {
            std::fs::write(&path, &now).expect("the page can be written");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == now,
            "docs/reference/settings.md is stale: refresh it with `ROLEWRIGHT_UPDATE=1 cargo test \
             --lib cli::`"
        );
    }

    #[test]
    fn each_flag_has_a_row_a_variable_and_a_meaning() {
        let page = settings_markdown();
        let command = Cli::command();
        let controller = command.find_subcommand("controller").expect("the command exists");
        for arg in controller.get_arguments().filter(|arg| arg.get_id() != "help") {
            let flag = arg.get_long().expect("a flag");
            let begins = |line: &&str| {
                [" ", "[="].iter().any(|end| line.starts_with(&format!("| `--{flag}{end}")))
            };
            let row = page.lines().find(begins).unwrap_or_default();
            let variable = format!("`ROLEWRIGHT_{}`", flag.replace('-', "_").to_uppercase());
            assert!(row.contains(&variable), "--{flag}: {row}");
            let cells: Vec<&str> = row.split(" | ").collect();
            assert!(
                cells.len() == 4
                    && cells[2..].iter().all(|cell| cell.trim_end_matches('|').len() > 2),
                "{row}"
            );
        }
    }
}
