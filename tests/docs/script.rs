//! Runs the commands of a page: in a folder with the repository's files, on a fresh control plane
//! and account, or on the demonstration.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::Duration;

use crate::page::{Block, Command, ROOT, Rule};
use harness::{
    ADMIN, Account, Call, ControlPlane, Folder, KubeControllers, Standin, Supervised, free_ports,
    wait_until,
};

/// Seconds that one command may take.
const DEADLINE: &str = "180";
/// Commands that never end unless the controllers of a whole cluster run.
const NEEDS_KUBE_CONTROLLERS: [&str; 2] = ["delete namespace", "--cascade=foreground"];
/// The account of the documentation.
const ACCOUNT: &str = "123456789012";

/// Where commands run. The fields' order is the order of the ends.
pub struct Stage {
    background: Vec<Supervised>,
    kube_controllers: Option<KubeControllers>,
    parts: Parts,
    environment: BTreeMap<String, String>,
    folder: Folder,
    /// Outputs for `ROLEWRIGHT_UPDATE=1`: page, line of the command, what was printed.
    pub printed: Vec<(String, Command, Vec<String>)>,
}

/// What the commands reach.
enum Parts {
    /// Nothing: they need neither cluster nor account.
    None,
    Cluster {
        plane: Box<ControlPlane>,
        standin: Standin,
    },
    Demo(Supervised),
}

impl Stage {
    /// A folder with the repository's files and `rolewright` on the path.
    pub fn local() -> Stage {
        let folder = Folder::new("docs");
        std::fs::create_dir(folder.join("bin")).unwrap();
        for name in ["charts", "config", "crds", "docs"] {
            symlink(Path::new(ROOT).join(name), folder.join(name)).unwrap();
        }
        symlink(crate::BIN, folder.join("bin/rolewright")).unwrap();
        // Where a page has built it.
        std::fs::create_dir_all(folder.join("target/release")).unwrap();
        symlink(crate::BIN, folder.join("target/release/rolewright")).unwrap();
        let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
        let environment = [
            ("PATH", path),
            ("HOME", folder.path().display().to_string()),
            ("TERM", "dumb".to_owned()),
        ];
        let environment = environment.map(|(key, value)| (key.to_owned(), value)).into();
        let parts = Parts::None;
        Stage {
            background: Vec::new(),
            kube_controllers: None,
            parts,
            environment,
            folder,
            printed: Vec::new(),
        }
    }

    /// The same with an empty cluster, whose administrator we are, and an account.
    pub fn with_cluster() -> Stage {
        let mut stage = Stage::local();
        let (plane, standin) = (ControlPlane::start(), Standin::start());
        let kubectl = harness::assets().join("kubectl");
        symlink(kubectl, stage.folder.join("bin/kubectl")).unwrap();
        symlink(harness::helm(), stage.folder.join("bin/helm")).unwrap();
        symlink(harness::venv().join("bin/aws"), stage.folder.join("bin/aws")).unwrap();
        let [port] = free_ports();
        let environment = [
            ("KUBECONFIG", plane.kubeconfig(ADMIN).display().to_string()),
            ("AWS_ENDPOINT_URL", standin.url()),
            ("AWS_ACCESS_KEY_ID", format!("AKIAMAIN{ACCOUNT}")),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_OUTPUT", "json".to_owned()),
            ("AWS_PAGER", String::new()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            // several scripts run at the same time
            ("ROLEWRIGHT_LISTEN", format!("127.0.0.1:{port}")),
        ];
        stage.environment.extend(environment.map(|(key, value)| (key.to_owned(), value)));
        stage.parts = Parts::Cluster { plane: Box::new(plane), standin };
        stage
    }

    /// The same where `KEEP=1 make demo` has come to its end and keeps running.
    pub fn with_demo() -> Stage {
        let mut stage = Stage::local();
        let inherited = ["HOME", "XDG_CACHE_HOME", "TMPDIR"]; // where the parts are that it starts
        let inherited =
            inherited.iter().filter_map(|&name| Some((name.to_owned(), std::env::var(name).ok()?)));
        let environment: Vec<_> = inherited.chain([("KEEP".to_owned(), "1".to_owned())]).collect();
        let script = format!("cd '{}'; exec '{}'", stage.folder.path().display(), built("demo"));
        let bash = Path::new("/bin/bash");
        let mut demo =
            Supervised::start(&stage.folder, "demo", bash, ["-c", &script], &environment);
        let file = stage.folder.join("target/demo.sh");
        wait_until("the demonstration is at its end", Duration::from_mins(5), || {
            if let Some(status) = demo.status() {
                panic!("the demonstration ended with {status}\n{}", demo.log());
            }
            if file.exists() { Ok(()) } else { Err(demo.last_words()) }
        });
        stage.parts = Parts::Demo(demo);
        stage
    }

    /// What the demonstration printed.
    pub fn demonstration(&self) -> String {
        match &self.parts {
            Parts::Demo(demo) => demo.log(),
            _ => String::new(),
        }
    }

    /// Ends the demonstration; SIGTERM is as good as Ctrl-C.
    ///
    /// # Panics
    /// When it does not end well, or leaves its file.
    pub fn interrupt(mut self) {
        let Parts::Demo(demo) = &mut self.parts else { return };
        demo.signal("TERM");
        demo.ended_within(Duration::from_secs(30)).expect("the demonstration ends");
        assert!(demo.log().contains("Nothing is left running"), "{}", demo.log());
        assert!(!self.folder.join("target/demo.sh").exists());
    }

    /// What runs in the background ends, as by Ctrl-C in its terminal.
    pub fn stop_the_background(&mut self) {
        for process in &mut self.background {
            process.signal("INT");
            process.ended_within(Duration::from_secs(30)).expect("it ends");
        }
        self.background.clear();
    }

    /// How often an action was sent for a role and succeeded.
    ///
    /// # Panics
    /// Where there is no account.
    pub fn times(&self, action: &str, role: &str) -> usize {
        let Parts::Cluster { standin, .. } = &self.parts else { panic!("there is no account") };
        let (id, controller_key) = (ACCOUNT.to_owned(), String::new());
        let account = Account { id, controller_key, admin_key: String::new() };
        let calls = standin.calls(&account);
        let met = |call: &&Call| {
            call.action == action && call.role.as_deref() == Some(role) && call.status == 200
        };
        calls.iter().filter(met).count()
    }

    /// The cluster is lost, with all that runs in it; there is a new and empty one. The account
    /// stays.
    fn lose_the_cluster(&mut self) {
        self.background.clear();
        let Parts::Cluster { plane, .. } = &mut self.parts else { return };
        **plane = ControlPlane::start();
        let export = format!("export KUBECONFIG='{}'\n", plane.kubeconfig(ADMIN).display());
        let file = self.folder.join(".exported");
        let exported = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(file, exported + &export).unwrap();
    }

    /// Writes a block's file or runs its commands.
    ///
    /// # Panics
    /// When a command fails, does not fail as it should, or prints something else than the page
    /// shows.
    pub fn take(&mut self, block: &Block) {
        if matches!(block.rule, Rule::Cluster { fresh: true, .. }) {
            self.lose_the_cluster();
        }
        match &block.rule {
            Rule::File { name } => {
                self.folder.write(name, &format!("{}\n", block.lines.join("\n")));
            }
            Rule::Skip { .. } | Rule::Input => {}
            Rule::Local { fails } | Rule::Cluster { background: false, fails, .. } => {
                self.run(block, *fails);
            }
            Rule::Cluster { background: true, .. } => {
                for command in block.commands() {
                    let script = format!("{}{}", self.preamble(), command.text);
                    let environment: Vec<(String, String)> =
                        self.environment.clone().into_iter().collect();
                    let name = format!("background-{}", self.background.len());
                    let arguments = ["-c".to_owned(), script];
                    let process = Supervised::start(
                        &self.folder,
                        &name,
                        Path::new("/bin/bash"),
                        arguments,
                        &environment,
                    );
                    self.background.push(process);
                }
            }
        }
    }

    /// Variables that earlier commands exported, and the folder.
    fn preamble(&self) -> String {
        let folder = self.folder.path().display();
        format!("cd '{folder}'; [[ -e .exported ]] && source ./.exported\nset -euo pipefail\n")
    }

    fn run(&mut self, block: &Block, fails: bool) {
        for command in block.commands() {
            let place = format!("{}:{}", block.page, command.line);
            if let (None, Parts::Cluster { plane, .. }) = (&self.kube_controllers, &self.parts)
                && NEEDS_KUBE_CONTROLLERS.iter().any(|part| command.text.contains(part))
            {
                self.kube_controllers = Some(KubeControllers::start(plane));
            }
            let script = format!("{}{}\ndeclare -px > .exported", self.preamble(), command.text);
            let output = Process::new("timeout")
                .args([DEADLINE, "bash", "-c", &format!("exec 2>&1\n{script}")])
                .env_clear()
                .envs(&self.environment)
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                output.status.success() != fails,
                "{place}: `{}` ends with {}\n{text}{}",
                command.text,
                output.status,
                self.logs()
            );
            let printed: Vec<String> = text.trim_end().lines().map(str::to_owned).collect();
            if let Some(shown) = &command.output {
                let same = alike(shown, &printed, !matches!(self.parts, Parts::None));
                if std::env::var_os("ROLEWRIGHT_UPDATE").is_none() {
                    assert!(
                        same,
                        "{place}: `{}` prints\n{text}\nrefresh the pages with `ROLEWRIGHT_UPDATE=1 \
                         cargo test --test docs` and look at the difference",
                        command.text
                    );
                } else if !same {
                    self.printed.push((block.page.clone(), command.clone(), printed));
                }
            }
        }
    }

    fn logs(&self) -> String {
        self.background.iter().map(Supervised::last_words).collect()
    }
}

/// The executable of a test target that `cargo test` does not build by itself.
fn built(target: &str) -> String {
    let output = Process::new(env!("CARGO"))
        .args(["test", "--locked", "--no-run", "--message-format=json", "--test", target])
        .current_dir(ROOT)
        .output()
        .unwrap();
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut executables = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == target).then_some(())?;
        message["executable"].as_str().map(str::to_owned)
    });
    let problem = String::from_utf8_lossy(&output.stderr);
    executables.next_back().unwrap_or_else(|| panic!("{target} was not built\n{problem}"))
}

/// Whether the output is what the page shows. White space counts as one space; `…` alone stands for
/// any lines, at the end of a line for the rest of it. On a cluster ages, times and unique ids
/// differ from run to run.
pub fn alike(shown: &[String], printed: &[String], cluster: bool) -> bool {
    match (shown.split_first(), printed.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first.trim() == "…" => {
            (0..=printed.len()).any(|left_out| alike(rest, &printed[left_out..], cluster))
        }
        (Some((one, shown)), Some((other, printed))) => {
            line_alike(one, other, cluster) && alike(shown, printed, cluster)
        }
        _ => false,
    }
}

fn line_alike(shown: &str, printed: &str, cluster: bool) -> bool {
    let mut printed = printed.split_whitespace();
    for word in shown.split_whitespace() {
        if word == "…" {
            return true;
        }
        let Some(other) = printed.next() else { return false };
        if word != other && !(cluster && kind(word).is_some() && kind(word) == kind(other)) {
            return false;
        }
    }
    printed.next().is_none()
}

/// What a word is that differs from run to run.
fn kind(word: &str) -> Option<&'static str> {
    let word = word.trim_matches(|c: char| ['"', ',', '\''].contains(&c));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if word
        .split_inclusive(['s', 'm', 'h', 'd'])
        .all(|part| part.ends_with(['s', 'm', 'h', 'd']) && digits(&part[..part.len() - 1]))
        && !word.is_empty()
    {
        Some("age")
    } else if word.len() >= 20 && word.as_bytes()[10] == b'T' && digits(&word[..4]) {
        Some("time")
    } else if word.starts_with("AROA") {
        Some("id")
    } else {
        None
    }
}
