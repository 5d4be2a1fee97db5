//! The image without a container engine: its binary, in a root with only what the final stage
//! holds, as user 65532, with nothing to write to, does the main job. In `make test` the binary is
//! linked statically from the objects of the other tests; `make image` takes the one that the
//! Dockerfile builds, and looks at its size.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use harness::{Cluster, Controller, Folder, repository};
use serde_json::{Value, json};

/// Enters the root and becomes the binary in it.
const BIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/image/enter.sh");
/// Of our part of the image.
const LARGEST: u64 = 25_000_000;

/// The last line of what a command prints.
fn last_line(command: &mut Command) -> String {
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().expect("the command starts");
    assert!(output.status.success(), "{command:?} failed; its messages are above");
    String::from_utf8(output.stdout).unwrap().trim_end().lines().last().unwrap().to_owned()
}

fn script(path: &str) -> Command {
    let mut command = Command::new("bash");
    command.arg(repository(path));
    command
}

fn is_release() -> bool {
    std::env::var_os("ROLEWRIGHT_IMAGE").is_some_and(|kind| kind == "release")
}

fn binary() -> &'static Path {
    static BUILT: LazyLock<PathBuf> =
        LazyLock::new(|| if is_release() { released() } else { linked() });
    &BUILT
}

/// The binary as the Dockerfile builds it.
fn released() -> PathBuf {
    let auditable = PathBuf::from(last_line(&mut script("tests/tools/cargo-auditable.sh")));
    let path =
        format!("{}:{}", auditable.parent().unwrap().display(), std::env::var("PATH").unwrap());
    repository(&last_line(script("tests/image/build.sh").env("PATH", path)))
}

/// One of the tests' own objects: only the last crate is compiled, and linked as the Dockerfile
/// links it.
fn linked() -> PathBuf {
    let mut cargo = Command::new("cargo");
    cargo.args(["rustc", "--quiet", "--locked", "--test", "static", "--message-format=json"]);
    cargo
        .args(["--", "-C", "target-feature=+crt-static", "-C", "strip=debuginfo"])
        .current_dir(repository(""));
    let output =
        cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().expect("cargo starts");
    assert!(output.status.success(), "{cargo:?} failed; its messages are above");
    let text = String::from_utf8(output.stdout).unwrap();
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ours = messages.filter(|message| message["target"]["name"] == "static");
    let made = ours.find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)));
    made.unwrap_or_else(|| panic!("{cargo:?} made no binary"))
}

/// Where we are not root, the user of the image needs a user namespace; some systems forbid them.
fn can_enter() -> bool {
    let root = last_line(Command::new("id").arg("-u")) == "0";
    let allowed = || {
        Command::new("unshare")
            .args(["--user", "true"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    root || allowed()
}

fn dockerfile() -> String {
    std::fs::read_to_string(repository("Dockerfile")).unwrap()
}

fn final_stage() -> String {
    let text = dockerfile();
    text[text.rfind("\nFROM ").unwrap() + 1..].to_owned()
}

#[test]
fn our_part_of_the_image_is_one_binary_on_a_base_without_a_shell() {
    let stage = final_stage();
    assert!(stage.starts_with("FROM gcr.io/distroless/static-debian12:nonroot\n"), "{stage}");
    let copies: Vec<&str> =
        stage.lines().filter(|line| line.starts_with("COPY") || line.starts_with("ADD")).collect();
    assert_eq!(copies, ["COPY --from=build --chmod=0555 /out/rolewright /rolewright"]);
    assert!(stage.contains("\nENV MALLOC_ARENA_MAX=1\n") && harness::image_env().len() == 3);
    assert!(!stage.contains("\nRUN ") && stage.contains("\nUSER 65532:65532\n"));
    assert!(stage.contains(&format!("\nARG VERSION={}\n", env!("CARGO_PKG_VERSION"))));
    assert!(stage.contains(&format!("licenses=\"{}\"", env!("CARGO_PKG_LICENSE"))));
}

#[test]
fn the_released_binary_is_small_and_lists_its_dependencies() {
    if !is_release() {
        eprintln!("left out: `make image` builds for release");
        return;
    }
    let content = std::fs::read(binary()).unwrap();
    println!("the binary has {} bytes", content.len());
    assert!((content.len() as u64) < LARGEST, "{} bytes", content.len());
    assert!(
        content.windows(7).any(|window| window == b".dep-v0"),
        "no list of dependencies (cargo-auditable)"
    );
}

/// The first build step sees only these files; cargo must take the manifest without the tests that
/// it names.
#[test]
fn the_layer_of_dependencies_needs_no_source() {
    let text = dockerfile();
    let folder = Folder::new("image-layer");
    let mut packages = Vec::new();
    let copies = text.lines().take_while(|line| !line.starts_with("RUN mkdir"));
    for line in copies.filter(|line| line.starts_with("COPY ") && line.contains("Cargo.toml")) {
        for name in line.split_whitespace().filter(|word| word.contains("Cargo")) {
            let target = folder.join(name);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(repository(name), target).unwrap();
            packages.extend(name.strip_suffix("Cargo.toml"));
        }
    }
    assert_eq!(packages, ["", "crates/iam/", "tests/harness/"]);
    for package in packages {
        std::fs::create_dir(folder.join(&format!("{package}src"))).unwrap();
        folder.write(&format!("{package}src/lib.rs"), "");
        assert!(text.contains(&format!("{package}src/lib.rs")), "the layer makes it, empty");
    }
    folder.write("src/main.rs", "fn main() {}");
    let cargo = [
        "build",
        "--locked",
        "--offline",
        "--bin",
        "rolewright",
        "--unit-graph",
        "-Zunstable-options",
    ];
    let output = Command::new("cargo")
        .args(cargo)
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What distroless/static holds besides, as far as it matters to a static binary.
fn root() -> Folder {
    let folder = Folder::new("image-root");
    for name in ["etc/ssl/certs", "tmp"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    folder.write("etc/passwd", "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n");
    let _ = std::fs::copy(
        "/etc/ssl/certs/ca-certificates.crt",
        folder.join("etc/ssl/certs/ca-certificates.crt"),
    );
    std::fs::copy(binary(), folder.join("rolewright")).unwrap();
    folder
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn the_static_binary_does_the_main_job_in_an_empty_read_only_root_as_user_65532() {
    if !can_enter() {
        eprintln!("left out: this system gives user namespaces to root only");
        return;
    }
    let (cluster, root) = (Cluster::start(), root());
    let scope = cluster.scope("image");
    scope.bind_in_namespace("rolewright");
    let mut config = scope.config(&["--permissions-boundary", "none", "--sweep-interval", "1s"]);
    std::fs::copy(&config.kubeconfig, root.join("kubeconfig")).unwrap();
    for (name, mode) in [("kubeconfig", 0o444), ("rolewright", 0o555)] {
        set_mode(&root.join(name), mode);
    }
    for name in ["etc/ssl/certs", "etc/ssl", "etc", "tmp", ""] {
        set_mode(&root.join(name), 0o555);
    }
    config.env.extend(harness::image_env());
    config.env.push(("IMAGE_ROOT".to_owned(), root.path().display().to_string()));
    config.env.push(("KUBECONFIG".to_owned(), "/kubeconfig".to_owned()));
    config.program = BIN.into();
    let mut controller = Controller::start(&config);
    controller.wait_ready();
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", controller.pid().unwrap())).unwrap();
    let uid = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
    // Where we are not root, the number 65532 shows only inside of the user namespace.
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let rootless = !own.contains("\nUid:\t0\t");
    assert!(
        uid == "Uid:\t65532\t65532\t65532\t65532" || (rootless && !uid.contains("\t0\t")),
        "{uid}"
    );
    let inside = std::fs::read_link(format!("/proc/{}/root", controller.pid().unwrap())).unwrap();
    assert_eq!(inside, root.path().canonicalize().unwrap());

    let resource = json!({
        "apiVersion": "iam.rolewright.dev/v1alpha1",
        "kind": "IAMRole",
        "metadata": {"name": "x", "namespace": scope.namespace},
        "spec": {"trust": [{"name": "lambda", "service": {"name": "lambda.amazonaws.com"}}],
        "description": "as written"},
    });
    scope.kubectl_with(&["apply", "--server-side", "-f", "-"], &resource.to_string()).ok();
    scope.kubectl(&["wait", "--for=condition=Ready", "--timeout=60s", "iamrole/x"]).ok();
    let live: Value = scope.kubectl(&["get", "iamrole", "x", "-o", "json"]).json();
    let name = live["status"]["roleName"].as_str().unwrap().to_owned();
    let description = async || {
        let role = scope.iam().get_role().role_name(&name).send().await.ok()?;
        role.role.and_then(|role| role.description)
    };
    assert_eq!(description().await.as_deref(), Some("as written"));
    scope.iam().update_role().role_name(&name).description("drift").send().await.unwrap();
    harness::eventually("the drift to be corrected", Duration::from_mins(1), async || {
        match description().await {
            Some(text) if text == "as written" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    scope.kubectl(&["delete", "iamrole", "x", "--timeout=60s"]).ok();
    assert_eq!(description().await, None);
    assert!(controller.terminate().success());
    // So that it can be removed.
    for name in ["", "etc", "etc/ssl", "etc/ssl/certs", "tmp"] {
        set_mode(&root.join(name), 0o755);
    }
}
