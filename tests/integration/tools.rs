//! The scripts of `tests/tools`: each builds its tool once, whoever asks, and a build that failed
//! counts for nothing. The compilers are replaced by scripts, so nothing is built here.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use harness::{Folder, repository};

/// What the scripts call besides the compilers. A promtool of this machine is not among it.
const PROGRAMS: [&str; 15] = [
    "bash",
    "cat",
    "chmod",
    "cut",
    "dirname",
    "flock",
    "head",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "sed",
    "sha256sum",
    "sleep",
    "tail",
];
/// Writes its call into a log and the binary to where the flag before it says.
const COMPILER: &str = r#"#!/usr/bin/env bash
set -eu
echo "$*" >>"$CALLS"
name=${*: -1}; name=${name##*/}
while [[ $1 != -o && $1 != --root ]]; do shift; done
output=$2
echo "downloading" >&2
[[ $1 == -o ]] || { mkdir -p "$2/bin"; output=$2/bin/$name; }
sleep 0.1 # so that a second caller comes in between
printf '#!/bin/sh\necho %s\n' "$name" >"$output"
[[ -z "${BROKEN:-}" ]] || exit 7
chmod +x "$output"
"#;

struct Machine {
    folder: Folder,
}

impl Machine {
    fn new() -> Machine {
        let folder = Folder::new("tools");
        std::fs::create_dir(folder.join("bin")).unwrap();
        for name in PROGRAMS {
            let places = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(name));
            let place = places
                .iter()
                .find(|place| place.exists())
                .unwrap_or_else(|| panic!("{name} is not at hand"));
            symlink(place, folder.join("bin").join(name)).unwrap();
        }
        symlink("/usr/bin/env", folder.join("bin/env")).unwrap();
        for compiler in ["go", "cargo"] {
            let path = folder.write(&format!("bin/{compiler}"), COMPILER);
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Machine { folder }
    }

    fn run(&self, script: &Path, env: &[(&str, &str)]) -> Output {
        self.run_with(script, &[], env)
    }

    fn run_with(&self, script: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Output {
        let mut command = Command::new("/bin/bash");
        command.arg(script).args(arguments).env_clear();
        command.env("PATH", self.folder.join("bin")).env("HOME", self.folder.path());
        command.env("TMPDIR", self.folder.path()).env("CALLS", self.folder.join("calls"));
        command.envs(env.iter().copied()).output().unwrap()
    }

    /// Calls of the compilers so far.
    fn calls(&self) -> usize {
        std::fs::read_to_string(self.folder.join("calls")).unwrap_or_default().lines().count()
    }
}

/// Those that build one tool.
fn scripts() -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(repository("tests/tools")).unwrap().map(|entry| entry.unwrap().path());
    let builds = |path: &PathBuf| {
        std::fs::read_to_string(path).is_ok_and(|text| text.contains("/build-once.sh\"\n"))
    };
    entries.filter(builds).collect()
}

#[test]
fn each_tool_is_built_once_whoever_asks_and_a_failed_build_counts_for_nothing() {
    let scripts = scripts();
    assert!(scripts.len() > 3, "{scripts:?}");
    for script in scripts {
        let machine = Machine::new();
        let broken = machine.run(&script, &[("BROKEN", "1")]);
        assert!(!broken.status.success() && broken.stdout.is_empty(), "{script:?}: {broken:?}");
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(|| machine.run(&script, &[]));
            (machine.run(&script, &[]), other.join().unwrap())
        });
        let again = machine.run(&script, &[]);
        for output in [&one, &other, &again] {
            assert!(
                output.status.success() && output.stdout == one.stdout,
                "{script:?}: {output:?}"
            );
        }
        assert_eq!(machine.calls(), 2, "{script:?}: one that failed, and one for all");
        assert!(again.stderr.is_empty(), "{script:?}: {again:?}");
        let binary = String::from_utf8(one.stdout).unwrap();
        let said = Command::new(binary.lines().last().unwrap()).output().unwrap();
        let program = match script.file_stem().unwrap().to_str().unwrap() {
            "oldest" => "kube-apiserver",
            name => name,
        };
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), program);
    }
}

#[test]
fn parts_are_announced_by_number_and_only_a_failed_one_shows_what_its_compiler_printed() {
    let machine = Machine::new();
    let script = repository("tests/tools/parts.sh");
    let parts = |env: &[(&str, &str)]| {
        let output = machine.run_with(&script, &["demo", "6", "etcd", "kube-apiserver"], env);
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (built, words) = parts(&[("BROKEN", "1")]);
    assert!(!built && words.contains("downloading\ndemo: 1 of 6: etcd failed after "), "{words}");
    let log = words.trim_end().rsplit(' ').next().unwrap();
    assert_eq!(std::fs::read_to_string(log).unwrap(), "downloading\n");
    let (built, words) = parts(&[]);
    let lines: Vec<&str> = words.lines().map(|line| line.split(" (").next().unwrap()).collect();
    assert!(built && lines == ["demo: 1 of 6: etcd", "demo: 2 of 6: kube-apiserver"], "{words}");
    assert_eq!(parts(&[]), (true, String::new()));
    assert_eq!(machine.calls(), 3, "one that failed, and one for each part that is named");
}

#[test]
fn a_promtool_that_is_there_is_taken() {
    let machine = Machine::new();
    let script = repository("tests/tools/promtool.sh");
    let own = machine.folder.join("bin/go");
    let own = own.to_str().unwrap();
    assert_eq!(machine.run(&script, &[("PROMTOOL", own)]).stdout, format!("{own}\n").into_bytes());
    let wrong = machine.run(&script, &[("PROMTOOL", "/no/such/file")]);
    assert!(
        !wrong.status.success()
            && String::from_utf8_lossy(&wrong.stderr).contains("unset it or correct it")
    );
    symlink(own, machine.folder.join("bin/promtool")).unwrap();
    let found = machine.run(&script, &[]);
    assert!(String::from_utf8_lossy(&found.stdout).ends_with("/bin/promtool\n"), "{found:?}");
    assert_eq!(machine.calls(), 0);
}
