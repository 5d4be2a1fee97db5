//! What is wrong with a command line, in our words: what was typed, and what to type.

use clap::{
    Command, Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// The words for a mistake, and below them how the command is used. `None` for what is none, such
/// as help.
pub fn words(error: &Error, program: &Command) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let list = |kind| match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    };
    let argument = text(ContextKind::InvalidArg);
    let value = text(ContextKind::InvalidValue);
    let meant = |kind| {
        let meant = list(kind).first().map(|name| format!("; did you mean {name}?"));
        meant.unwrap_or_default()
    };
    let usage = text(ContextKind::Usage);
    let command = command(&usage).unwrap_or_else(|| program.get_name().to_owned());
    let said = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            format!("{command} has no flag {argument}{}", meant(ContextKind::SuggestedArg))
        }
        ErrorKind::UnknownArgument => format!("{command} takes nothing more, and not {argument:?}"),
        ErrorKind::InvalidSubcommand => format!(
            "{command} has no command {}{}",
            text(ContextKind::InvalidSubcommand),
            meant(ContextKind::SuggestedSubcommand)
        ),
        ErrorKind::MissingSubcommand => format!("{command} needs a command"),
        ErrorKind::MissingRequiredArgument => {
            let missing = list(ContextKind::InvalidArg);
            let (are, them) = if missing.len() == 1 { ("is", "it") } else { ("are", "them") };
            format!("{} {are} missing: add {them}", missing.join(" and "))
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{argument} has no value: write one behind it")
        }
        ErrorKind::InvalidValue => {
            let choices = list(ContextKind::ValidValue);
            let choices = if choices.is_empty() {
                String::new()
            } else {
                format!("; use one of {}", choices.join(", "))
            };
            format!(
                "{argument}: {value:?} is not taken{choices}{}",
                meant(ContextKind::SuggestedValue)
            )
        }
        ErrorKind::ValueValidation => {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            format!("{argument}: {value:?} is not taken: {}", cause.unwrap_or_default())
        }
        ErrorKind::NoEquals => format!("{argument}: write the value behind an equals sign"),
        ErrorKind::ArgumentConflict => {
            let other = text(ContextKind::PriorArg);
            if other == argument {
                format!("{argument} is given twice: once is enough")
            } else {
                format!("{argument} and {other} exclude each other: leave one out")
            }
        }
        _ => {
            let whole = error.to_string();
            whole.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    };
    let usage = usage.trim();
    let below = if usage.is_empty() { String::new() } else { format!("\n\n{usage}") };
    Some(format!("{said}{below}\n\n{command} --help tells more"))
}

/// `Usage: rolewright policy diff [OPTIONS] …` → `rolewright policy diff`.
fn command(usage: &str) -> Option<String> {
    let words = usage.trim().strip_prefix("Usage: ")?.lines().next()?.split_whitespace();
    let named: Vec<&str> = words.take_while(|word| !word.starts_with(['-', '<', '['])).collect();
    (!named.is_empty()).then(|| named.join(" "))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use rstest::rstest;

    use crate::cli::invocation;

    fn said(line: &str) -> Option<String> {
        let program = invocation::command(OsStr::new("rolewright"), false);
        let words = std::iter::once("rolewright").chain(line.split_whitespace());
        let error = program.clone().try_get_matches_from(words).unwrap_err();
        super::words(&error, &program)
    }

    #[rstest]
    #[case::flag(
        "render x --instalation y",
        "rolewright render has no flag --instalation; did you \
        mean --installation?"
    )]
    #[case::no_such_flag("crds --zzz", "rolewright crds has no flag --zzz")]
    #[case::one_word_too_many("crds now", "rolewright crds takes nothing more, and not \"now\"")]
    #[case::command("rendr", "rolewright has no command rendr; did you mean render?")]
    #[case::command_of_policy(
        "policy dif",
        "rolewright policy has no command dif; did you mean \
        diff?"
    )]
    #[case::missing(
        "render x --permissions-boundary none",
        "--installation <NAME> is missing: \
        add it"
    )]
    #[case::two_missing(
        "render x",
        "--installation <NAME> and --permissions-boundary <ARN|none> \
        are missing: add them"
    )]
    #[case::choice(
        "policy compare a b -o xml",
        "--output <FORMAT>: \"xml\" is not taken; use one \
        of text, json"
    )]
    #[case::no_value(
        "render x --installation",
        "--installation <NAME> has no value: write one \
        behind it"
    )]
    #[case::value("controller --listen here", "--listen <ADDRESS>: \"here\" is not taken: ")]
    #[case::conflict(
        "man --to x policy",
        "--to <DIRECTORY> and [COMMAND]... exclude each other: \
        leave one out"
    )]
    #[case::twice("policy compare a b --kind trust --kind trust", "--kind <KIND> is given twice")]
    fn a_mistake_is_said_in_our_words_with_the_remedy(#[case] line: &str, #[case] begins: &str) {
        let said = said(line).unwrap();
        assert!(said.starts_with(begins), "{said}");
        assert!(said.contains("--help tells more") && !said.contains("error:"), "{said}");
    }

    #[rstest]
    #[case("--help")]
    #[case("--version")]
    #[case("")]
    #[case("policy diff --help")]
    fn help_is_no_mistake(#[case] line: &str) {
        assert_eq!(said(line), None);
    }
}
