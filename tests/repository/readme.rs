//! A newcomer's way: every command of the README, in a copy of the repository.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::BIN;
use crate::render::example;
use crate::sync;
use harness::{ADMIN, Folder, assets};

/// The commands of the blocks in `sh`; `\` at the end of a line continues one.
fn commands(page: &str) -> Vec<String> {
    let blocks =
        page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    blocks
        .flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn every_command_of_the_readme_works_in_a_copy_of_the_repository() {
    let page = std::fs::read_to_string(example("README.md")).unwrap();
    let commands = commands(&page);
    assert!(commands.len() > 6, "{commands:?}");
    let folder = Folder::new("repository");
    assert!(
        Command::new("cp")
            .arg("-r")
            .arg(example("."))
            .arg(folder.join("roles"))
            .status()
            .unwrap()
            .success()
    );
    std::fs::create_dir(folder.join("bin")).unwrap();
    symlink(BIN, folder.join("bin/rolewright")).unwrap();
    symlink(assets().join("kubectl"), folder.join("bin/kubectl")).unwrap();
    let plane = sync::plane();
    for command in commands {
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &command])
            .current_dir(folder.join("roles"))
            .env_clear()
            .env(
                "PATH",
                format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap()),
            )
            .env("HOME", folder.path())
            .env("KUBECONFIG", plane.kubeconfig(ADMIN))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success() && !out.is_empty(), "{command}\n{out}{err}");
        assert!(err.is_empty(), "{command} complains:\n{err}");
        if command.contains("rolewright render") {
            assert!(out.contains("arn:aws:s3:::myorg-exports-111111111111/*"), "{out}");
        }
    }
}

#[test]
fn the_map_in_the_readme_has_every_folder() {
    let page = std::fs::read_to_string(example("README.md")).unwrap();
    let map = page.split("```").nth(1).unwrap();
    for entry in std::fs::read_dir(example(".")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(
            entry.file_type().unwrap().is_file() || map.contains(&format!("\n{name}/")),
            "{name}"
        );
    }
    for line in map.lines().skip(1).filter(|line| line.contains('/') && !line.starts_with(' ')) {
        let path = line.split_whitespace().next().unwrap();
        assert!(example(path).is_dir(), "{path}");
    }
}
