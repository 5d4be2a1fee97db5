//! Processes and folders that end with the test process, however it ends.
//!
//! Each process runs below `supervise.py`, which holds the other end of a pipe of ours: when the
//! test process ends, the pipe closes and the process group is killed. (The kernel's own signal for
//! this, `PR_SET_PDEATHSIG`, follows the *thread* that started a process; a test's thread ends long
//! before the last test.)

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::setup;

/// A temporary folder, removed when it is dropped and when the test process dies. `KEEP_FOLDERS=1`
/// keeps it.
pub struct Folder {
    path: PathBuf,
    janitor: Option<Child>,
}

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = tempfile::Builder::new()
            .prefix(&format!("rolewright-{name}-"))
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let janitor = if std::env::var_os("KEEP_FOLDERS").is_some_and(|keep| keep == "1") {
            eprintln!("KEEP_FOLDERS=1 keeps {}", path.display());
            None
        } else {
            let mut command = supervisor();
            command.arg("--remove").arg(&path).stdout(Stdio::null()).stderr(Stdio::null());
            Some(command.spawn().expect("the janitor of the temporary folder starts"))
        };
        Folder { path, janitor }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.join(name);
        std::fs::write(&path, content)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(mut janitor) = self.janitor.take() {
            drop(janitor.stdin.take());
            let _ = janitor.wait();
        }
    }
}

fn supervisor() -> Command {
    let mut command = Command::new(setup::python());
    command
        .args(["-I", "-S"])
        .arg(setup::repository("tests/harness/supervise.py"))
        .stdin(Stdio::piped());
    command.process_group(0); // Ctrl-C ends the test process; the pipe then ends this one
    command
}

/// A running program with a log file. Dropping it kills its whole process group.
pub struct Supervised {
    name: String,
    child: Child,
    orders: Option<ChildStdin>,
    pid_file: PathBuf,
    log: PathBuf,
}

impl Supervised {
    /// Starts `program` with exactly the environment `env`, plus `PATH` and a `HOME` inside
    /// `folder`. Standard output and standard error go to `<folder>/<name>.log`, after what an
    /// earlier process of that name wrote.
    pub fn start<A: AsRef<OsStr>>(
        folder: &Folder,
        name: &str,
        program: &Path,
        args: impl IntoIterator<Item = A>,
        env: &[(String, String)],
    ) -> Supervised {
        let log = folder.join(&format!("{name}.log"));
        let pid_file = folder.join(&format!("{name}.pid"));
        let _ = std::fs::remove_file(&pid_file);
        let output = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log file in the temporary folder");
        let mut command = supervisor();
        command.arg("--pid-file").arg(&pid_file).arg("--").arg(program).args(args);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path());
        command.envs(env.iter().map(|(key, value)| (key, value)));
        command.stdout(output.try_clone().expect("a second handle of the log file")).stderr(output);
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let orders = child.stdin.take();
        Supervised { name: name.to_owned(), child, orders, pid_file, log }
    }

    /// Sends a signal to the process group: `TERM`, `KILL`, `STOP` or `CONT`.
    pub fn signal(&mut self, name: &str) {
        if let Some(orders) = &mut self.orders {
            // An error means that the process has ended already, which `status` tells.
            let _ = writeln!(orders, "{name}").and_then(|()| orders.flush());
        }
    }

    /// How it ended, `None` while it runs.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the state of an own child process")
    }

    /// Waits for its end.
    pub fn ended_within(&mut self, deadline: Duration) -> Option<ExitStatus> {
        ended_within(&mut self.child, deadline)
    }

    /// Ends it at once, as a crash would, and waits until it is gone.
    pub fn kill(&mut self) -> ExitStatus {
        self.signal("KILL");
        self.ended_within(Duration::from_secs(10))
            .unwrap_or_else(|| panic!("{} outlives SIGKILL", self.name))
    }

    /// The process id of the program itself; `None` until it has started.
    pub fn pid(&self) -> Option<u32> {
        std::fs::read_to_string(&self.pid_file).ok()?.parse().ok()
    }

    pub fn log_file(&self) -> &Path {
        &self.log
    }

    pub fn log(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The end of its log, for messages.
    pub fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        format!(
            "--- end of the log of {}\n{}\n---",
            self.name,
            lines[lines.len().saturating_sub(60)..].join("\n")
        )
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.orders.take());
        if self.ended_within(Duration::from_secs(10)).is_none() {
            let _ = self.child.kill(); // the kernel then kills the program
            let _ = self.child.wait();
        }
    }
}

/// Waits for the end of a child process.
pub fn ended_within(child: &mut Child, deadline: Duration) -> Option<ExitStatus> {
    let begin = Instant::now();
    loop {
        let status = child.try_wait().expect("the state of an own child process");
        if status.is_some() || begin.elapsed() > deadline {
            return status;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Free ports. Another process may take one before it is used; who starts a server tries again
/// then.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a free port"));
    held.map(|listener| listener.local_addr().expect("the address of a bound socket").port())
}
