//! What to do with a system that keeps running: addresses, credentials and commands to look around.

use crate::expected::role_name;
use crate::harness::{ADMIN, SECRET, assets, venv};
use crate::system::System;
use crate::terminal::{heading, line, say};
use crate::walk::SUBJECT;

pub fn print(system: &System) {
    let kubectl = assets().join("kubectl").display().to_string();
    let aws = venv().join("bin/aws").display().to_string();
    let kubeconfig = system.cluster.control_plane.kubeconfig(ADMIN).display().to_string();
    let url = system.cluster.standin.url();
    let role = role_name(SUBJECT);
    let (namespace, name) = SUBJECT.split_once('/').unwrap_or_default();

    heading("Still running: look around");
    say("In another terminal, once:");
    line("");
    for (variable, value) in [
        ("KUBECONFIG", kubeconfig.as_str()),
        ("AWS_ACCESS_KEY_ID", &system.keys.admin_key),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ] {
        line(&format!("export {variable}={value}"));
    }
    line("");
    say("The resources, and one in full with its Events:");
    line("");
    line(&format!("{kubectl} get iamroles -A -o wide"));
    line(&format!("{kubectl} describe iamrole -n {namespace} {name}"));
    line(&format!("{kubectl} explain iamrole.spec.trust"));
    line("");
    say("The role in AWS; change it, and see it come back within some seconds:");
    line("");
    line(&format!("{aws} --endpoint-url {url} iam get-role --role-name {role}"));
    line(&format!("{aws} --endpoint-url {url} iam tag-role --role-name {role} --tags Key=owner,Value=me"));
    line(&format!("{aws} --endpoint-url {url} iam list-role-tags --role-name {role}"));
    line(&format!("{kubectl} get events -n {namespace}"));
    line("");
    say(&format!("The controller's log: {}", system.controller.log_file().display()));
    say("Ctrl-C (or SIGTERM) ends everything.");
}
