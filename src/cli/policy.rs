//! `rolewright policy …`: the policy engine by hand.

mod controller;
mod eval;
mod merge;

use clap::Subcommand;

use super::{
    input::Input,
    output::{Answer, Paint},
};

/// The commands of `rolewright policy`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the policies of the controller itself: what it needs in AWS, and nothing else
    #[command(after_long_help = controller::HELP)]
    Controller(controller::Args),
    /// Tell whether a request is allowed, and why
    #[command(after_long_help = eval::HELP)]
    Eval(eval::Args),
    /// Make one document of several, by Sid
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
            Self::Controller(args) => controller::run(args),
            Self::Eval(args) => eval::run(args, input, paint),
            Self::Merge(args) => merge::run(args, input),
        }
    }
}
