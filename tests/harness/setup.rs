//! Where the control plane's binaries and the stand-in's environment are. The scripts make them when they are missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The folder with `etcd`, `kube-apiserver` and `kubectl`.
pub fn assets() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| run("tests/controlplane/build.sh"));
    &FOUND
}

/// The folder of the stand-in's Python environment.
pub fn venv() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| run("tests/standin/setup.sh"));
    &FOUND
}

/// The binary `helm`.
pub fn helm() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| run("tests/tools/helm.sh"));
    &FOUND
}

pub fn python() -> PathBuf {
    venv().join("bin/python")
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs a script that talks on standard error and names a folder or a binary in the last line of standard output.
fn run(script: &str) -> PathBuf {
    let output = Command::new("bash")
        .arg(repository(script))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("bash is needed for {script}: {error}"));
    assert!(output.status.success(), "{script} failed with {}; its messages are above", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    PathBuf::from(text.lines().last().unwrap_or_else(|| panic!("{script} named nothing")))
}
