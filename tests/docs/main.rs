//! What the documentation says is so: every command in it is run, its links lead somewhere, and its
//! lists are those of the code. `tests/docs/page.rs` tells how a block says where it runs;
//! `ROLEWRIGHT_UPDATE=1` refreshes the outputs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod links;
mod manifests;
mod page;
mod pictures;
mod reasons;
mod recording;
mod script;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use iam::policy::{Policy, PolicyKind, Strictness};

use page::{Block, Command, Page, ROOT, Rule, pages};
use script::{Stage, alike};

/// The controller under test.
const BIN: &str = env!("CARGO_BIN_EXE_rolewright");

/// The scripts on a cluster; each has its test below.
const SCRIPTS: [&str; 23] = [
    "readme",
    "from-quick-start",
    "command-line",
    "tutorial",
    "role-for-pods",
    "role-for-lambda",
    "trust-github-actions",
    "rebuild-a-cluster",
    "migrating",
    "install",
    "aws-permissions",
    "helm-install",
    "helm-upgrade",
    "helm-uninstall",
    "observe-first",
    "pause-and-reconcile",
    "prune-safely",
    "confirm-a-mass-change",
    "run-two-replicas",
    "temporary-roles",
    "monitor",
    "argo-cd",
    "flux",
];

#[test]
fn readme() {
    script("readme");
}

/// The role of the quick start, taken over by the chart: kept, never deleted and made again.
#[test]
fn from_quick_start() {
    const ROLE: &str = "try-team-a_thumbnails";
    let mut stage = Stage::with_cluster();
    on(&mut stage, "readme");
    assert_eq!(stage.times("CreateRole", ROLE), 1);
    stage.stop_the_background();
    on(&mut stage, "from-quick-start");
    assert_eq!((stage.times("CreateRole", ROLE), stage.times("DeleteRole", ROLE)), (1, 0));
    assert_eq!(stage.times("PutRolePermissionsBoundary", ROLE), 1);
}

/// On the demonstration, whose recording is looked at on the way.
#[test]
fn tutorial() {
    let mut stage = Stage::with_demo();
    recording::is_of(&stage.demonstration());
    on(&mut stage, "tutorial");
    stage.interrupt();
}

#[test]
fn role_for_pods() {
    script("role-for-pods");
}

#[test]
fn confirm_a_mass_change() {
    script("confirm-a-mass-change");
}

#[test]
fn role_for_lambda() {
    script("role-for-lambda");
}

#[test]
fn trust_github_actions() {
    script("trust-github-actions");
}

#[test]
fn rebuild_a_cluster() {
    script("rebuild-a-cluster");
}

#[test]
fn migrating() {
    script("migrating");
}

#[test]
fn command_line() {
    script("command-line");
}

#[test]
fn install() {
    script("install");
}

#[test]
fn helm_install() {
    script("helm-install");
}

#[test]
fn helm_upgrade() {
    script("helm-upgrade");
}

#[test]
fn helm_uninstall() {
    script("helm-uninstall");
}

#[test]
fn aws_permissions() {
    script("aws-permissions");
}

#[test]
fn observe_first() {
    script("observe-first");
}

#[test]
fn pause_and_reconcile() {
    script("pause-and-reconcile");
}

#[test]
fn prune_safely() {
    script("prune-safely");
}

#[test]
fn run_two_replicas() {
    script("run-two-replicas");
}

#[test]
fn monitor() {
    script("monitor");
}

#[test]
fn temporary_roles() {
    script("temporary-roles");
}

#[test]
fn argo_cd() {
    script("argo-cd");
}

#[test]
fn flux() {
    script("flux");
}

/// Runs the blocks of one name on a fresh cluster and account.
fn script(name: &str) {
    on(&mut Stage::with_cluster(), name);
}

/// Runs the blocks of one name in the order of their page.
fn on(stage: &mut Stage, name: &str) {
    let pages = pages();
    let of_name =
        |block: &Block| matches!(&block.rule, Rule::Cluster { name: other, .. } if other == name);
    let blocks: Vec<Block> = pages
        .iter()
        .map(|page| page.blocks().unwrap())
        .filter(|blocks| blocks.iter().any(of_name))
        .flatten()
        .filter(|block| of_name(block) || matches!(block.rule, Rule::File { .. }))
        .collect();
    let on: BTreeSet<&str> = blocks.iter().map(|block| block.page.as_str()).collect();
    assert_eq!(on.len(), 1, "the blocks of script {name} stand on one page: {on:?}");
    let last = |block: &&Block| matches!(block.rule, Rule::Cluster { last: true, .. });
    for block in blocks.iter().filter(|block| !last(block)).chain(blocks.iter().filter(last)) {
        stage.take(block);
    }
    refresh(stage);
}

#[test]
fn commands_without_a_cluster_print_what_the_pages_show() {
    let mut commands = 0;
    for page in pages() {
        let mut stage = Stage::local();
        let blocks = page.blocks().unwrap();
        for block in blocks
            .iter()
            .filter(|block| matches!(block.rule, Rule::File { .. } | Rule::Local { .. }))
        {
            stage.take(block);
            commands += usize::from(matches!(block.rule, Rule::Local { .. }));
        }
        refresh(&mut stage);
    }
    assert!(commands > 3, "the pages were not read");
}

/// `ROLEWRIGHT_UPDATE=1`: writes what was printed into the page where it shows something else.
fn refresh(stage: &mut Stage) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    for (page, command, printed) in stage.printed.drain(..) {
        let path = Path::new(ROOT).join(&page);
        let mut lines: Vec<String> =
            std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        let shown = command.output.clone().unwrap_or_default();
        let wanted: Vec<String> = command
            .text
            .lines()
            .enumerate()
            .map(|(n, line)| if n == 0 { format!("$ {line}") } else { line.to_owned() })
            .collect();
        // Lines may have moved since: the command and its output are looked for.
        let old: Vec<String> = wanted.iter().chain(&shown).cloned().collect();
        let at = lines
            .windows(old.len())
            .position(|window| *window == old[..])
            .expect("the block is still there");
        lines.splice(at + wanted.len()..at + old.len(), printed);
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
}

#[test]
fn every_block_of_commands_has_a_rule_and_every_script_a_test() {
    let mut names = BTreeSet::new();
    for page in pages() {
        let blocks = page.blocks().unwrap_or_else(|problem| panic!("{problem}"));
        for block in blocks {
            if let Rule::Cluster { name, .. } = block.rule {
                names.insert(name);
            }
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut scripts = SCRIPTS;
    scripts.sort_unstable();
    assert_eq!(names, scripts);
}

/// What the adapter calls, by its source.
fn called() -> BTreeSet<String> {
    let code: String = ["read.rs", "write.rs"]
        .map(|file| std::fs::read_to_string(Path::new(ROOT).join("src/aws").join(file)).unwrap())
        .concat();
    // Without white space: a call may stand in several lines.
    let code: String = code.split_whitespace().collect();
    let called: BTreeSet<String> = code
        .match_indices("call!(self,\"")
        .map(|(at, found)| code[at + found.len()..].split('"').next().unwrap().to_owned())
        .collect();
    assert!(called.len() > 15 && called.contains("CreateRole"), "{called:?}");
    called
}

/// What a printed policy of the controller allows.
fn allowed(part: &str, boundary: &str) -> BTreeSet<String> {
    let output = std::process::Command::new(BIN)
        .args([
            "policy",
            "controller",
            "--account",
            "123456789012",
            "--path-prefix",
            "/rolewright/",
            "--installation",
            "prod",
        ])
        .args(["--permissions-boundary", boundary, "--part", part])
        .env_clear()
        .output()
        .unwrap();
    let policy: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    statements
        .filter(|statement| statement["Effect"] == "Allow")
        .flat_map(|statement| match &statement["Action"] {
            serde_json::Value::Array(actions) => actions.clone(),
            single => vec![single.clone()],
        })
        .map(|action| action.as_str().unwrap().trim_start_matches("iam:").to_owned())
        .collect()
}

/// The table of actions in the how-to is what the adapter calls; the printed policies allow these
/// and no others.
#[test]
fn the_policies_of_the_controller_list_what_the_code_calls() {
    let called = called();
    let page = pages()
        .into_iter()
        .find(|page| page.path == "docs/how-to/install-without-helm.md")
        .unwrap();
    let rows = page.text.lines().filter(|line| line.starts_with("| `iam:"));
    let listed: BTreeSet<String> = rows
        .map(|row| row.split('`').nth(1).unwrap().trim_start_matches("iam:").to_owned())
        .collect();
    assert_eq!(listed, called);

    assert_eq!(allowed("writer", "none"), called);
    let fixed = allowed("writer", "arn:aws:iam::123456789012:policy/rolewright-boundary");
    let left_out: Vec<&String> = called.difference(&fixed).collect();
    // Called only with `--permissions-boundary none`.
    assert_eq!(left_out, ["DeleteRolePermissionsBoundary"]);
    assert!(fixed.is_subset(&called), "{fixed:?}");
    let reads =
        called.into_iter().filter(|action| action.starts_with("Get") || action.starts_with("List"));
    assert_eq!(allowed("reader", "none"), reads.collect());
}

/// What no test can deploy is at least well formed, and its trust policies are those of the plain
/// commands.
#[test]
fn the_templates_of_the_guides_hold_the_trust_policies_of_their_commands() {
    let pages = pages();
    let file = |path: &str, wanted: &str| -> serde_json::Value {
        let page = pages.iter().find(|page| page.path == path).unwrap();
        let blocks = page.blocks().unwrap();
        let of_name = |block: &&Block| matches!(&block.rule, Rule::File { name } if name == wanted);
        rolewright::yaml::from_str(&blocks.iter().find(of_name).unwrap().lines.join("\n")).unwrap()
    };
    let read = |document: &serde_json::Value, kind: PolicyKind| {
        Policy::read(&document.to_string(), kind, Strictness::Desired).unwrap().statements
    };
    let (permissions, install) = ("docs/how-to/aws-permissions.md", "docs/how-to/install.md");
    for (page, template, trust) in [
        (permissions, "irsa.yaml", "irsa-trust.json"),
        (permissions, "pod-identity.yaml", "pod-identity-trust.json"),
        (install, "rolewright.yaml", "irsa-trust.json"),
    ] {
        let stack = file(page, template);
        let inside = &stack["Resources"]["Controller"]["Properties"]["AssumeRolePolicyDocument"];
        let (inside, alone) =
            (read(inside, PolicyKind::Trust), read(&file(page, trust), PolicyKind::Trust));
        assert_eq!(inside, alone, "{page}: {template}");
    }
    let inside =
        &file(install, "rolewright.yaml")["Resources"]["Boundary"]["Properties"]["PolicyDocument"];
    let alone = file(install, "boundary.json");
    assert_eq!(read(inside, PolicyKind::Boundary), read(&alone, PolicyKind::Boundary));
    assert_eq!(file(permissions, "user.yaml")["Resources"]["Developer"]["Type"], "AWS::IAM::User");
}

#[test]
fn the_manifest_of_the_readme_is_short() {
    let page = pages().into_iter().find(|page| page.path == "README.md").unwrap();
    let blocks = page.blocks().unwrap();
    let manifest = blocks.iter().find(|block| matches!(block.rule, Rule::File { .. })).unwrap();
    assert!(manifest.lines.len() <= 30, "{} lines", manifest.lines.len());
}

fn page_of(text: &str) -> Page {
    Page { path: "x.md".to_owned(), text: text.to_owned() }
}

#[test]
fn a_block_that_no_rule_runs_is_found() {
    for (text, problem) in [
        ("```sh\nkubectl get pods\n```\n", "no rule runs"),
        ("```console\n$ rolewright controller --installation x\n```\n", "no rule runs"),
        ("```console\nrolewright crds\n```\n", "begins with"),
        ("```sh\n# nothing\n```\n", "no command"),
        ("<!-- test: skip reason=\"later\" -->\n```sh\nkubectl get pods\n```\n", "only `make`"),
        ("<!-- test: skip -->\n```sh\nmake test\n```\n", "is no rule"),
        ("<!-- test: input -->\n```sh\nkubectl get pods\n```\n", "no input"),
        ("```yaml\nkind: IAMRole\n```\n", "no rule takes"),
        ("<!-- test: cluster nam=x -->\n```sh\nls\n```\n", "is no rule"),
        ("```sh\nmake test\n", "no end"),
        ("<!-- hidden: cluster name=x\nls\n", "no end"),
        ("<!-- hidden: local\nls\n-->\n", "only commands on a cluster"),
        ("<!-- hidden: cluster name=x\n-->\n", "no command"),
    ] {
        let found = page_of(text).blocks().unwrap_err();
        assert!(found.contains(problem), "{text}{found}");
    }
}

#[test]
fn commands_and_outputs_are_told_apart() {
    let text =
        "<!-- test: cluster name=a fails -->\n```console\n$ one \\\n    two\nshown\n$ three\n```\n";
    let blocks = page_of(text).blocks().unwrap();
    assert_eq!(
        blocks[0].rule,
        Rule::Cluster {
            name: "a".into(),
            background: false,
            fails: true,
            last: false,
            fresh: false
        }
    );
    let first =
        Command { line: 3, text: "one \\\n    two".into(), output: Some(vec!["shown".into()]) };
    let second = Command { line: 6, text: "three".into(), output: None };
    assert_eq!(blocks[0].commands(), [first, second]);
}

#[test]
fn commands_in_a_comment_are_run_and_are_no_part_of_the_text() {
    let page = page_of("# A\n<!-- hidden: cluster name=a background\none \\\n  two\n-->\n[b](c)\n");
    let block = page.blocks().unwrap().remove(0);
    let name = "a".into();
    let rule = Rule::Cluster { name, background: true, fails: false, last: false, fresh: false };
    assert_eq!((&block.rule, block.hidden), (&rule, true));
    let command = Command { line: 3, text: "one \\\n  two".into(), output: None };
    assert_eq!(block.commands(), [command]);
    let prose: Vec<&str> = page.prose().into_iter().map(|(_, line)| line).collect();
    assert_eq!(prose, ["# A", "[b](c)"]);
}

#[test]
fn only_what_differs_from_run_to_run_may_differ() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let same = |shown: &str, printed: &str| alike(&lines(shown), &lines(printed), true);
    assert!(same("NAME  AGE\nx  5s", "NAME   AGE\nx   2m3s"));
    assert!(same("x 2027-01-01T00:00:00Z AROAA", "x 2026-02-03T04:05:06Z AROAB"));
    assert!(same("a\n…\nz", "a\nb\nc\nz") && same("a …", "a b c"));
    assert!(
        !same("x True", "x False") && !same("x", "x y") && !same("x y", "x") && !same("a\nb", "a")
    );
    assert!(!same("5s", "AROAX") && !same("names", "games"));
    assert!(!alike(&lines("x 5s"), &lines("x 6s"), false));
}
