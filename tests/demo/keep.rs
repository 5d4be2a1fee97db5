//! What to do with a system that keeps running: a file that sets a shell up for it, and commands to
//! look around.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use anyhow::Context;

use crate::BIN;
use crate::expected::role_name;
use crate::system::System;
use crate::terminal::{heading, line, say};
use crate::walk::SUBJECT;
use harness::{ADMIN, Folder, SECRET, assets, venv};

/// Where the file is, from the folder in which the demonstration runs: `make demo` runs it at the
/// root of the repository.
const FILE: &str = "target/demo.sh";

/// What a shell needs; gone when it is dropped.
pub struct Shell {
    /// `kubectl`, `aws` and `rolewright`.
    _programs: Folder,
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(FILE); // who removed it already has done the work
    }
}

/// Writes the file, and says how to look around.
///
/// # Errors
/// When the file can't be written.
pub fn shell(system: &System) -> anyhow::Result<Shell> {
    let programs = Folder::new("demo-programs");
    for program in [assets().join("kubectl"), venv().join("bin/aws"), PathBuf::from(BIN)] {
        let name = program
            .file_name()
            .and_then(|name| name.to_str())
            .context("a program without a name")?;
        symlink(&program, programs.join(name)).with_context(|| format!("a link to {name}"))?;
    }
    let exports = [
        ("KUBECONFIG", system.cluster.control_plane.kubeconfig(ADMIN).display().to_string()),
        ("AWS_ENDPOINT_URL", system.cluster.standin.url()),
        ("AWS_ACCESS_KEY_ID", system.keys.admin_key.clone()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_OUTPUT", "json".to_owned()),
        ("AWS_PAGER", String::new()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    let exports =
        exports.map(|(variable, value)| format!("export {variable}='{value}'\n")).concat();
    let text = format!(
        "# Written by `KEEP=1 make demo`, which removes it at its end. Nothing here leads to a \
         real account.\n\
         unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL_IAM AWS_ENDPOINT_URL_STS\n\
         {exports}export PATH='{}':\"$PATH\"\n",
        programs.path().display()
    );
    std::fs::create_dir_all("target").context("the folder target")?;
    // Under another name first: who waits for the file finds it whole.
    let unfinished = format!("{FILE}.new");
    std::fs::write(&unfinished, text)
        .and_then(|()| std::fs::rename(&unfinished, FILE))
        .context(FILE)?;
    look_around(system);
    Ok(Shell { _programs: programs })
}

fn look_around(system: &System) {
    let role = role_name(SUBJECT);
    let (namespace, name) = SUBJECT.split_once('/').unwrap_or_default();

    heading("Still running: look around");
    say("In another terminal, in this folder; docs/tutorial.md goes on from here:");
    line("");
    line(&format!("source {FILE}"));
    line("");
    say("The resources, and one in full with its Events:");
    line("");
    line("kubectl get iamroles -A -o wide");
    line(&format!("kubectl describe iamrole -n {namespace} {name}"));
    line("kubectl explain iamrole.spec.trust");
    line("");
    say("The role in AWS; change it, and see it come back within some seconds:");
    line("");
    line(&format!("aws iam get-role --role-name {role}"));
    line(&format!("aws iam tag-role --role-name {role} --tags Key=owner,Value=me"));
    line(&format!("aws iam list-role-tags --role-name {role}"));
    line(&format!("kubectl get events -n {namespace}"));
    line("");
    say(&format!("The controller's log: {}", system.controller.log_file().display()));
    say("Ctrl-C (or SIGTERM) ends everything.");
}
