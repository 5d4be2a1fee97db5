//! kubectl, of the version of the API server.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

use super::setup;

#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// # Panics
    /// When the command failed.
    pub fn ok(self) -> String {
        assert!(self.status.success(), "kubectl failed: {}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// Standard output as JSON, for `-o json`.
    ///
    /// # Panics
    /// When the command failed or wrote something else.
    pub fn json(self) -> Value {
        let text = self.ok();
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("kubectl wrote no JSON ({error}): {text}"))
    }
}

pub struct Kubectl {
    pub kubeconfig: PathBuf,
    pub home: PathBuf,
}

impl Kubectl {
    pub fn run(&self, args: &[&str]) -> Output {
        self.run_with(args, "")
    }

    /// `stdin` is what `-f -` reads.
    pub fn run_with(&self, args: &[&str], stdin: &str) -> Output {
        let mut child =
            command(&self.kubeconfig, &self.home).args(args).spawn().expect("kubectl starts");
        let mut input = child.stdin.take().expect("kubectl's standard input is piped");
        let stdin = stdin.to_owned();
        let writer = std::thread::spawn(move || {
            // kubectl may end before it has read everything
            let _ = input.write_all(stdin.as_bytes());
        });
        let output = child.wait_with_output().expect("kubectl's output");
        let _ = writer.join();
        Output {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

fn command(kubeconfig: &Path, home: &Path) -> Command {
    let mut command = Command::new(setup::assets().join("kubectl"));
    command
        .env_clear()
        .env("HOME", home)
        .env("KUBECONFIG", kubeconfig)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
