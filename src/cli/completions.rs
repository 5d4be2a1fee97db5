//! `rolewright completions`: scripts by which shells complete commands, flags and values.

use clap::{CommandFactory, ValueEnum};
use clap_complete::{generate, shells};

use super::{Cli, output::Answer};

/// What stands below the flags.
pub const HELP: &str = "\
Save the script where the shell looks for it, or load it in the shell's \
start-up file:

  source <(rolewright completions bash)
  rolewright completions zsh > \"${fpath[1]}/_rolewright\"
  rolewright completions fish \\
    > ~/.config/fish/completions/rolewright.fish

kubectl completes the arguments of a plugin with a second program, which needs \
bash:

  rolewright completions kubectl \\
    > ~/.local/bin/kubectl_complete-rolewright
  chmod +x ~/.local/bin/kubectl_complete-rolewright

Exit code: 0 printed, 2 no such shell.";

/// Behind the functions for bash: what kubectl gives as arguments becomes the line that bash would
/// complete. The last line of the answer leaves files to the shell where there is no candidate
/// (cobra, `ShellCompDirectiveDefault`).
const FOR_KUBECTL: &str = r#"
COMP_WORDS=(rolewright "$@")
COMP_CWORD=$#
_rolewright rolewright "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
echo :0
"#;

/// Who completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    Bash,
    Elvish,
    Fish,
    /// `kubectl rolewright`, in any shell that kubectl completes in
    Kubectl,
    #[value(name = "powershell")]
    PowerShell,
    Zsh,
}

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell, or kubectl for its plugin
    #[arg(value_enum)]
    shell: Target,
}

/// Makes the script.
pub fn run(args: &Args) -> Answer {
    let mut cli = Cli::command();
    let (name, mut script) = ("rolewright", Vec::new());
    match args.shell {
        Target::Bash => generate(shells::Bash, &mut cli, name, &mut script),
        Target::Elvish => generate(shells::Elvish, &mut cli, name, &mut script),
        Target::Fish => generate(shells::Fish, &mut cli, name, &mut script),
        Target::Kubectl => {
            script.extend(b"#!/usr/bin/env bash\n");
            generate(shells::Bash, &mut cli, name, &mut script);
            script.extend(FOR_KUBECTL.bytes());
        }
        Target::PowerShell => generate(shells::PowerShell, &mut cli, name, &mut script),
        Target::Zsh => generate(shells::Zsh, &mut cli, name, &mut script),
    }
    Answer::new(String::from_utf8_lossy(&script).into_owned(), 0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    // Bash and kubectl are run by `tests/integration/command_line.rs`; the others are on few
    // machines.
    #[rstest]
    #[case(Target::Bash, "complete -F _rolewright")]
    #[case(Target::Elvish, "edit:completion:arg-completer[rolewright]")]
    #[case(Target::Fish, "complete -c rolewright")]
    #[case(Target::Kubectl, "echo :0")]
    #[case(Target::PowerShell, "Register-ArgumentCompleter -Native -CommandName 'rolewright'")]
    #[case(Target::Zsh, "#compdef rolewright")]
    fn each_script_is_in_the_words_of_its_shell_and_knows_every_command(
        #[case] shell: Target,
        #[case] words: &str,
    ) {
        let Answer { text, notes, code } = run(&Args { shell });
        assert!(text.contains(words), "{text}");
        for command in Cli::command().get_subcommands() {
            assert!(
                text.contains(command.get_name()),
                "{} is missing:\n{text}",
                command.get_name()
            );
        }
        assert!(notes.is_empty() && code == 0);
    }
}
