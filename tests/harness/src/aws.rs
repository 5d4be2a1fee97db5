//! The AWS command line of the stand-in's environment.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::setup;
use super::standin::SECRET;

pub struct AwsCli {
    url: String,
    access_key: String,
    home: PathBuf,
}

impl AwsCli {
    pub fn new(url: String, access_key: String, home: PathBuf) -> AwsCli {
        AwsCli { url, access_key, home }
    }

    /// Runs `aws` and returns what it prints, `Null` when it prints nothing.
    ///
    /// # Panics
    /// When it fails.
    pub fn run(&self, args: &[&str]) -> Value {
        self.try_run(args).unwrap_or_else(|problem| panic!("aws {}: {problem}", args.join(" ")))
    }

    /// # Errors
    /// What `aws` said.
    pub fn try_run(&self, args: &[&str]) -> Result<Value, String> {
        let output = Command::new(setup::venv().join("bin/aws"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            .envs([
                ("AWS_ENDPOINT_URL", self.url.as_str()),
                ("AWS_ACCESS_KEY_ID", &self.access_key),
                ("AWS_SECRET_ACCESS_KEY", SECRET),
                ("AWS_DEFAULT_REGION", "us-east-1"),
                ("AWS_DEFAULT_OUTPUT", "json"),
                ("AWS_PAGER", ""),
                ("AWS_EC2_METADATA_DISABLED", "true"),
            ])
            .args(args)
            .output()
            .expect("aws of the stand-in's environment starts");
        let stdout = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        if stdout.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&stdout).map_err(|error| format!("no JSON ({error}): {stdout}"))
    }
}
