//! The manifest for krew, made of an archive with the binary under test.
//!
//! The rules are those of krew's own validation (`internal/index/validation` and
//! `cmd/validate-krew-manifest` of kubernetes-sigs/krew) and of its guide to naming and writing
//! plugins.

use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::BIN;
use crate::command_line::{kubectl, plugin};
use harness::{Folder, repository};

fn script(name: &str, args: &[&Path]) -> Result<String, String> {
    let output = Command::new(repository("config/krew").join(name))
        .args(args)
        .output()
        .expect("the script starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn is(pattern: &str, value: &Value) -> bool {
    value.as_str().is_some_and(|text| Regex::new(pattern).unwrap().is_match(text))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

/// What krew would refuse, or its reviewers; `file` is the name of the manifest without its
/// extension.
fn problems(file: &str, manifest: &Value) -> Vec<String> {
    let (name, spec) = (&manifest["metadata"]["name"], &manifest["spec"]);
    let text = |field: &str| spec[field].as_str().unwrap_or_default();
    let platforms = spec["platforms"].as_array().cloned().unwrap_or_default();
    let mut rules = vec![
        (
            manifest["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2",
            "apiVersion".to_owned(),
        ),
        (manifest["kind"] == "Plugin", "kind".to_owned()),
        (
            keys(manifest) == ["apiVersion", "kind", "metadata", "spec"],
            format!("fields {:?}", keys(manifest)),
        ),
        (
            name == file && is("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", name),
            "the name is kebab-case and the file's".to_owned(),
        ),
        (!is("kube", name), "the name does not say kube".to_owned()),
        (
            is("^.{1,50}$", &spec["shortDescription"]),
            "shortDescription is one line of at most 50 characters".to_owned(),
        ),
        (
            is(r"^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$", &spec["version"]),
            "version is semantic, with v".to_owned(),
        ),
        (spec["homepage"].is_null() || is("^https://", &spec["homepage"]), "homepage".to_owned()),
        (!platforms.is_empty(), "there is a platform".to_owned()),
    ];
    let known = ["caveats", "description", "homepage", "platforms", "shortDescription", "version"];
    rules.extend(
        keys(spec).into_iter().map(|key| (known.contains(&key), format!("spec.{key} is known"))),
    );
    for field in ["description", "caveats"] {
        rules.push((
            text(field).lines().all(|line| line.len() <= 80),
            format!("lines of {field} are short"),
        ));
    }
    let mut selected = Vec::new();
    for platform in &platforms {
        let known = ["bin", "files", "selector", "sha256", "uri"];
        rules.extend(
            keys(platform)
                .into_iter()
                .map(|key| (known.contains(&key), format!("platform.{key} is known"))),
        );
        let labels = &platform["selector"]["matchLabels"];
        let pair = (labels["os"].clone(), labels["arch"].clone());
        rules.push((
            keys(&platform["selector"]) == ["matchLabels"],
            "the selector is of labels".to_owned(),
        ));
        rules.push((keys(labels) == ["arch", "os"], format!("labels {:?}", keys(labels))));
        rules.push((!selected.contains(&pair), format!("{labels} is selected once")));
        selected.push(pair);
        rules.push((
            is(r"^https://\S+\.(tar\.gz|zip)$", &platform["uri"]),
            "uri is of an archive".to_owned(),
        ));
        rules.push((is("^[a-f0-9]{64}$", &platform["sha256"]), "sha256".to_owned()));
        rules
            .push((is(r"^[^./]", &platform["bin"]), "bin is a path inside the archive".to_owned()));
        let files = platform["files"].as_array();
        rules.push((
            files.is_none_or(|files| !files.is_empty()),
            "files is left out or not empty".to_owned(),
        ));
    }
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, rule)| rule).collect()
}

fn read(text: &str) -> Value {
    rolewright::yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn the_manifest_of_a_built_archive_keeps_krews_rules_and_its_binary_is_the_plugin() {
    let folder = Folder::new("krew");
    let archive =
        script("archive.sh", &[Path::new(BIN), Path::new("linux-amd64"), folder.path()]).unwrap();
    let address = Path::new("https://downloads.example.org/rolewright/");
    let manifest = read(&script("manifest.sh", &[address, Path::new(&archive)]).unwrap());
    assert_eq!(problems("rolewright", &manifest), [""; 0]);

    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    let platform = &manifest["spec"]["platforms"][0];
    let uri =
        format!("https://downloads.example.org/rolewright/rolewright-{version}-linux-amd64.tar.gz");
    assert_eq!((&manifest["spec"]["version"], &platform["uri"]), (&version.into(), &uri.into()));
    let wanted = platform["sha256"].as_str().unwrap();
    let pairs =
        (0..wanted.len()).step_by(2).map(|at| u8::from_str_radix(&wanted[at..at + 2], 16).unwrap());
    assert!(
        pairs.eq(Sha256::digest(std::fs::read(&archive).unwrap())),
        "{wanted} is not of the archive"
    );

    // What krew does: unpack everything, and link `bin` as kubectl-NAME.
    let store = Folder::new("krew-store");
    assert!(
        Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(store.path())
            .status()
            .unwrap()
            .success()
    );
    assert!(store.join("LICENSE").exists(), "krew's index asks for the licence inside");
    let plugins = plugin(&store.join(platform["bin"].as_str().unwrap()));
    let output = kubectl(&plugins).args(["rolewright", "--version"]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        concat!("rolewright ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn the_tree_holds_no_checksum_and_no_address_and_what_it_lacks_is_all_that_is_wrong_with_it() {
    let manifest =
        read(&std::fs::read_to_string(repository("config/krew/rolewright.yaml")).unwrap());
    assert_eq!(
        problems("rolewright", &manifest),
        ["version is semantic, with v", "there is a platform"]
    );
}

#[test]
fn archives_of_several_processors_make_one_manifest_and_the_same_binary_the_same_archive() {
    let folder = Folder::new("krew");
    let binary = folder.write("binary", "#!/bin/sh\n");
    let made = ["linux-amd64", "linux-arm64"].map(|platform| {
        let archive = script("archive.sh", &[&binary, Path::new(platform), folder.path()]).unwrap();
        let first = std::fs::read(&archive).unwrap();
        let again =
            script("archive.sh", &[&binary, Path::new(platform), &folder.join("again")]).unwrap();
        assert!(first == std::fs::read(again).unwrap(), "{platform}");
        archive
    });
    let address = Path::new("https://example.org");
    let manifest =
        script("manifest.sh", &[address, Path::new(&made[0]), Path::new(&made[1])]).unwrap();
    assert_eq!(problems("rolewright", &read(&manifest)), [""; 0]);
    assert_eq!(manifest.matches("arch: ").count(), 2, "{manifest}");
}

#[test]
fn a_manifest_is_not_made_of_what_is_no_archive() {
    let folder = Folder::new("krew");
    let [old, other] =
        ["rolewright-v0.0.9-linux-amd64.tar.gz", "rolewright-v0.1.0-linux-arm64.tar.gz"]
            .map(|name| folder.write(name, "x"));
    let stray = folder.write("rolewright.tar.gz", "x");
    let address = Path::new("https://example.org");
    for (args, problem) in [
        (vec![address], "at least one archive"),
        (vec![Path::new("http://example.org"), &old], "no https address"),
        (vec![address, Path::new("/no/such.tar.gz")], "is not there"),
        (vec![address, &stray], "is no name of archive.sh"),
        (vec![address, &old, &other], "is of another version than v0.0.9"),
    ] {
        let said = script("manifest.sh", &args).unwrap_err();
        assert!(said.contains(problem), "{args:?}: {said}");
    }
}
