//! The command line: one file a command. `input.rs` reads what arguments name, `output.rs` is how a
//! command answers.

mod check;
mod completions;
mod controller;
mod crds;
mod input;
mod invocation;
mod man;
mod manifests;
mod output;
mod policy;
pub mod reference;
mod render;

use clap::{FromArgMatches, Parser, Subcommand};

/// AWS IAM roles, kept as written.
#[derive(Debug, Parser)]
#[command(name = "rolewright", version, about, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try what an installation needs of AWS and of the cluster, and say what is missing
    #[command(after_long_help = check::HELP)]
    Check(check::Args),
    /// Print the script by which a shell completes commands and flags
    #[command(after_long_help = completions::HELP)]
    Completions(completions::Args),
    /// Run the controller against a cluster (KUBECONFIG or in-cluster) and an account (the AWS
    /// SDK's default chain)
    Controller(Box<crate::settings::Args>),
    /// Print the custom resource definition, as YAML for kubectl apply
    Crds,
    /// Print a manual page, or write all of them
    #[command(after_long_help = man::HELP)]
    Man(man::Args),
    /// Compare, merge and evaluate policy documents, without a cluster or an account
    #[command(subcommand)]
    Policy(Box<policy::Command>),
    /// Print what the controller would write to AWS for manifests, without a cluster or an account
    #[command(after_long_help = render::HELP)]
    Render(Box<render::Args>),
}

impl Cli {
    /// Reads the arguments of this process. Help, the version and mistakes end it.
    #[must_use]
    pub fn of_process() -> Self {
        let program = std::env::args_os().next().unwrap_or_default();
        let matches = invocation::command(&program).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Runs the command. The result is the exit code: 0 nothing to say, 1 findings, 2 could not do
    /// it.
    ///
    /// # Errors
    /// What kept the command from doing its work.
    pub async fn run(self) -> anyhow::Result<u8> {
        match self.command {
            Command::Check(args) => {
                Ok(check::run(&args, output::Paint::of_process()).await?.print()?)
            }
            Command::Completions(args) => Ok(completions::run(&args).print()?),
            Command::Controller(args) => Box::pin(controller::run(&args)).await.map(|()| 0),
            Command::Crds => Ok(crds::run()?.print()?),
            Command::Man(args) => Ok(man::run(&args)?.print()?),
            Command::Policy(command) => {
                let answer =
                    command.run(&mut input::Input::of_process(), output::Paint::of_process())?;
                Ok(answer.print()?)
            }
            Command::Render(args) => {
                Ok(render::run(&args, &mut input::Input::of_process())?.print()?)
            }
        }
    }
}
