//! Where the control plane's binaries and the stand-in's environment are. The scripts make them
//! when they are missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The folder with `etcd`, `kube-apiserver` and `kubectl`.
pub fn assets() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| {
        run_with("tests/controlplane/build.sh", &["etcd", "kube-apiserver", "kubectl"])
    });
    &FOUND
}

/// The binary `kube-apiserver` and arguments for it: what `ROLEWRIGHT_API_SERVER` holds, divided by
/// spaces, or the binary of [`assets`].
pub fn kube_apiserver() -> (PathBuf, Vec<String>) {
    let Ok(command) = std::env::var("ROLEWRIGHT_API_SERVER") else {
        return (assets().join("kube-apiserver"), Vec::new());
    };
    let mut words = command.split_whitespace().map(str::to_owned);
    let binary = words.next().expect("ROLEWRIGHT_API_SERVER names a binary");
    (PathBuf::from(binary), words.collect())
}

/// The binary `kube-controller-manager`. Few tests need it, and the demonstration does not.
pub fn kube_controller_manager() -> PathBuf {
    let name = "kube-controller-manager";
    run_with("tests/controlplane/build.sh", &[name]).join(name)
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

/// The binary `judge`, which tells the health of an object as delivery tools do.
pub fn judge() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| run("tests/tools/judge.sh"));
    &FOUND
}

/// The folder with the CRDs of Argo CD and Flux.
pub fn gitops_crds() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| run("tests/repository/crds.sh"));
    &FOUND
}

/// The binary `promtool`; `None`, with a word, where there is none and none can be built.
pub fn promtool() -> Option<&'static Path> {
    static FOUND: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let found = try_run("tests/tools/promtool.sh", &[]);
        if let Err(problem) = &found {
            eprintln!("left out, what needs promtool: {problem}");
        }
        found.ok()
    });
    FOUND.as_deref()
}

pub fn python() -> PathBuf {
    venv().join("bin/python")
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .canonicalize()
        .expect("the repository")
        .join(path)
}

/// The built controller: cargo puts the programs of a package above the folder of its tests.
///
/// # Panics
/// When the test runs from elsewhere.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("the folder of what cargo has built");
    folder.join("rolewright")
}

/// What the image sets in the environment of the controller.
pub fn image_env() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(repository("Dockerfile")).expect("the Dockerfile");
    let lines = text.lines().filter_map(|line| line.strip_prefix("ENV ")?.split_once('='));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Runs a script that talks on standard error and names a folder or a binary in the last line of
/// standard output.
fn run(script: &str) -> PathBuf {
    run_with(script, &[])
}

fn run_with(script: &str, arguments: &[&str]) -> PathBuf {
    try_run(script, arguments).unwrap_or_else(|problem| panic!("{problem}"))
}

fn try_run(script: &str, arguments: &[&str]) -> Result<PathBuf, String> {
    let output = Command::new("bash")
        .arg(repository(script))
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("bash is needed for {script}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{script} failed with {}; its messages are above", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().last().map(PathBuf::from).ok_or_else(|| format!("{script} named nothing"))
}
