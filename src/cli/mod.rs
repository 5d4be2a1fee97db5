//! The command line: one file a command. `input.rs` reads what arguments name, `output.rs` is how a
//! command answers.

mod check;
mod completions;
mod confirm;
mod controller;
mod crds;
mod input;
mod invocation;
mod man;
mod manifests;
mod mistakes;
mod output;
mod policy;
pub mod reference;
mod render;
mod requests;
mod roles;
mod status;
mod version;

use std::io::{IsTerminal, Write};

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
    /// Check permissions in AWS and Kubernetes and report what is missing
    #[command(after_long_help = check::HELP)]
    Check(check::Args),
    /// Print the completion script of a shell
    #[command(after_long_help = completions::HELP, visible_alias = "completion")]
    Completions(completions::Args),
    /// List mass removals and changes that are held, and confirm them
    #[command(after_long_help = confirm::HELP)]
    Confirm(Box<confirm::Args>),
    /// Run the controller, with the default credentials of the AWS SDK and of kubectl or the pod
    Controller(Box<crate::settings::Args>),
    /// Print the custom resource definitions for kubectl apply
    Crds,
    /// Print a manual page, or write all of them
    #[command(after_long_help = man::HELP)]
    Man(man::Args),
    /// Stop all writes to AWS for resources, until they are resumed
    #[command(after_long_help = requests::PAUSE)]
    Pause(requests::Which),
    /// Compare, merge and evaluate policy documents, offline
    #[command(subcommand)]
    Policy(Box<policy::Command>),
    /// Reconcile resources now
    #[command(after_long_help = requests::RECONCILE)]
    Reconcile(requests::ReconcileArgs),
    /// Print what the controller would write to AWS for manifests, offline
    #[command(after_long_help = render::HELP)]
    Render(Box<render::Args>),
    /// Resume paused resources
    #[command(after_long_help = requests::RESUME)]
    Resume(requests::Which),
    /// Show the status of resources: readiness, role, expiry and plan
    #[command(after_long_help = status::HELP)]
    Status(status::Args),
    /// Show the versions of this program, the API server and the CRDs
    #[command(after_long_help = version::HELP)]
    Version(version::Args),
}

impl Cli {
    /// Reads the arguments of this process. Help, the version and mistakes end it.
    #[must_use]
    pub fn of_process() -> Self {
        let program = std::env::args_os().next().unwrap_or_default();
        let command = invocation::command(&program, std::io::stdout().is_terminal());
        let read =
            command.clone().try_get_matches().and_then(|matches| Self::from_arg_matches(&matches));
        match read {
            Ok(cli) => cli,
            Err(error) => match mistakes::words(&error, &command) {
                None => error.exit(),
                Some(words) => {
                    // Unlike `eprintln!`, no panic where nobody reads.
                    let _ = writeln!(std::io::stderr(), "rolewright: {words}");
                    std::process::exit(2)
                }
            },
        }
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
            Command::Confirm(args) => Ok(confirm::run(&args).await?.print()?),
            Command::Controller(args) => Box::pin(controller::run(&args)).await.map(|()| 0),
            Command::Crds => Ok(crds::run()?.print()?),
            Command::Man(args) => Ok(man::run(&args)?.print()?),
            Command::Policy(command) => {
                let answer =
                    command.run(&mut input::Input::of_process(), output::Paint::of_process())?;
                Ok(answer.print()?)
            }
            Command::Pause(which) => Ok(requests::pause(&which, true).await?.print()?),
            Command::Reconcile(args) => Ok(requests::reconcile(&args).await?.print()?),
            Command::Render(args) => {
                Ok(render::run(&args, &mut input::Input::of_process())?.print()?)
            }
            Command::Resume(which) => Ok(requests::pause(&which, false).await?.print()?),
            Command::Status(args) => {
                Ok(status::run(&args, output::Paint::of_process()).await?.print()?)
            }
            Command::Version(args) => Ok(version::run(&args).await?.print()?),
        }
    }
}
