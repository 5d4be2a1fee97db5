//! The built controller as a process.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use super::grants::Grants;
use super::process::{Folder, Supervised, free_ports};
use super::standin::{Account, SECRET};
use super::{http, wait::wait_until};

#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// What is started.
    pub program: PathBuf,
    pub kubeconfig: PathBuf,
    pub account: Account,
    /// `Standin::url`.
    pub standin: String,
    /// Added after `controller --listen 127.0.0.1:PORT`.
    pub args: Vec<String>,
    /// Added to the credentials and addresses; nothing else of the test's environment is passed on.
    pub env: Vec<(String, String)>,
}

pub struct Controller {
    process: Supervised,
    port: u16,
    /// Removed with the process.
    _folder: Folder,
    grants: Option<Grants>,
}

const STOP: Duration = Duration::from_secs(30);

impl Controller {
    /// Starts it and does not wait.
    pub fn start(config: &ControllerConfig) -> Controller {
        let folder = Folder::new("controller");
        let [port] = free_ports();
        let mut env: Vec<(String, String)> = [
            ("KUBECONFIG", config.kubeconfig.display().to_string()),
            ("AWS_ENDPOINT_URL", config.standin.clone()),
            ("AWS_ACCESS_KEY_ID", config.account.controller_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("RUST_BACKTRACE", "1".to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        env.extend(config.env.iter().cloned());
        let mut args =
            vec!["controller".to_owned(), "--listen".to_owned(), format!("127.0.0.1:{port}")];
        args.extend(config.args.iter().cloned());
        let process = Supervised::start(&folder, "controller", &config.program, args, &env);
        Controller { process, port, _folder: folder, grants: Grants::of(config) }
    }

    /// Its calls are not held against its policy at the end: there are too many of them.
    pub fn leave_unaudited(&mut self) {
        self.grants = None;
    }

    /// How its calls so far are held against the policy that `rolewright policy controller` prints
    /// for it.
    pub fn grants(&self) -> Option<&Grants> {
        self.grants.as_ref()
    }

    /// Waits until its readiness page answers 200.
    ///
    /// # Panics
    /// When it ends, or is not ready in time; with its log.
    pub fn wait_ready(&mut self) -> &mut Controller {
        wait_until("the controller to be ready", Duration::from_mins(1), || {
            if let Some(status) = self.process.status() {
                panic!("the controller ended with {status}\n{}", self.process.last_words());
            }
            match http::request(self.port, "GET", "/readyz", None) {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => {
                    Err(format!("{} {}\n{}", answer.status, answer.body, self.process.last_words()))
                }
                Err(error) => Err(format!("{error}\n{}", self.process.last_words())),
            }
        });
        self
    }

    /// A page of its HTTP server: `/readyz`, `/metrics`.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn get(&self, path: &str) -> http::Answer {
        http::request(self.port, "GET", path, None).unwrap_or_else(|error| {
            panic!("the controller does not answer {path}: {error}\n{}", self.process.last_words())
        })
    }

    /// Sends text to a page: `/log-level`.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn put(&self, path: &str, text: &str) -> http::Answer {
        http::put(self.port, path, text).unwrap_or_else(|error| {
            panic!("the controller does not answer {path}: {error}\n{}", self.process.last_words())
        })
    }

    /// Asks it to end, as Kubernetes does, and waits.
    ///
    /// # Panics
    /// When it does not end within 30 seconds, the grace period of a pod.
    pub fn terminate(&mut self) -> ExitStatus {
        self.process.signal("TERM");
        self.process.ended_within(STOP).unwrap_or_else(|| {
            panic!("the controller outlives SIGTERM by {STOP:?}\n{}", self.process.last_words())
        })
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) -> ExitStatus {
        self.process.kill()
    }

    /// Holds it still, as a node that hangs would; `resume` lets it go on.
    pub fn pause(&mut self) {
        self.process.signal("STOP");
    }

    pub fn resume(&mut self) {
        self.process.signal("CONT");
    }

    pub fn status(&mut self) -> Option<ExitStatus> {
        self.process.status()
    }

    pub fn log(&self) -> String {
        self.process.log()
    }

    pub fn log_file(&self) -> &Path {
        self.process.log_file()
    }

    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.process.last_words());
        } else if let Some(grants) = &self.grants {
            // Each test proves of its own calls that the printed policy allows them.
            grants.verify();
        }
    }
}
