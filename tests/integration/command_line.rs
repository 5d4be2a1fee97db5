//! The command line where others call it: kubectl as a plugin, bash for completions, man for its
//! pages.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::BIN;
use harness::{Folder, assets, repository};

/// What a program said, and its exit code.
struct Said {
    out: String,
    err: String,
    code: Option<i32>,
}

fn said(command: &mut Command) -> Said {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { out: text(&output.stdout), err: text(&output.stderr), code: output.status.code() }
}

/// A folder with the plugin `kubectl rolewright`, made of a binary.
pub fn plugin(binary: &Path) -> Folder {
    let folder = Folder::new("plugin");
    symlink(binary, folder.join("kubectl-rolewright")).unwrap();
    folder
}

/// The real kubectl, with the folder of plugins first on its path and nothing else of ours.
pub fn kubectl(plugins: &Folder) -> Command {
    let mut command = Command::new(assets().join("kubectl"));
    let path = format!("{}:{}", plugins.path().display(), std::env::var("PATH").unwrap());
    command.env_clear().env("PATH", path).env("HOME", plugins.path());
    command
}

#[test]
fn kubectl_finds_the_plugin_and_its_help_says_kubectl_rolewright() {
    let plugins = plugin(Path::new(BIN));
    let list = said(kubectl(&plugins).args(["plugin", "list", "--name-only"]));
    assert!(
        list.out.lines().any(|line| line == "kubectl-rolewright") && list.code == Some(0),
        "{}{}",
        list.out,
        list.err
    );

    let help = said(kubectl(&plugins).args(["rolewright", "policy", "diff", "--help"]));
    assert!(
        help.out.contains("\nUsage: kubectl rolewright policy diff [OPTIONS] <A> <B>\n"),
        "{}",
        help.out
    );
    let misspelt = said(kubectl(&plugins).args(["rolewright", "policy", "dif"]));
    assert!(
        misspelt.err.contains("\nUsage: kubectl rolewright policy <COMMAND>\n"),
        "{}",
        misspelt.err
    );
    assert_eq!((help.code, misspelt.code), (Some(0), Some(2)));
}

#[test]
fn the_plugin_answers_as_the_program_does() {
    let plugins = plugin(Path::new(BIN));
    let sample = repository("config/samples/2-lambda.yaml");
    let words =
        ["render", sample.to_str().unwrap(), "--installation", "prod", "--permissions-boundary"];
    let boundary = "arn:{partition}:iam::{accountId}:policy/rolewright-boundary";
    let by_name = said(Command::new(BIN).env_clear().args(words).arg(boundary));
    let by_kubectl = said(kubectl(&plugins).arg("rolewright").args(words).arg(boundary));
    assert!(
        by_name.out.contains("roleName: prod-team-a_thumbnails") && by_name.code == Some(0),
        "{}",
        by_name.err
    );
    assert_eq!((by_kubectl.out, by_kubectl.code), (by_name.out, by_name.code));

    // Exit codes are for scripts: a difference is 1 here too.
    let [reader, writer] = ["config/iam/reader.json", "config/iam/writer.json"].map(repository);
    let differs =
        said(kubectl(&plugins).args(["rolewright", "policy", "compare"]).args([reader, writer]));
    assert_eq!(
        (differs.code, differs.out.lines().next()),
        (Some(1), Some("Different")),
        "{}",
        differs.err
    );
}

#[test]
fn a_reader_that_goes_away_ends_every_command_quietly() {
    let commands: [&[&str]; 9] = [
        &["--help"],
        &["crds"],
        &["completions", "bash"],
        &["man"],
        &["policy", "compare", "config/iam/reader.json", "config/iam/writer.json"],
        &["policy", "controller"],
        &["render", "config/samples/2-lambda.yaml", "--installation", "prod"],
        &["render", "no/such/file"],
        &["check", "--installation", "prod"],
    ];
    for words in commands {
        let mut command = Command::new(BIN);
        command.env_clear().env("AWS_EC2_METADATA_DISABLED", "true");
        command.args(words).current_dir(repository("")).stdin(Stdio::null());
        let whole = said(&mut command);
        // A pipe without a reader, as `head` leaves it: first for one output, then for the other.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), whole.err, "{words:?}");
        assert_eq!(output.status.code(), whole.code, "{words:?}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(Stdio::piped()).stderr(writer).output().unwrap();
        assert_eq!(output.status.code(), whole.code, "{words:?}");
    }
}

/// A line that somebody has typed, up to the cursor, and what may come next.
const LINES: [(&[&str], &[&str], &[&str]); 6] = [
    (&["po"], &["policy"], &["render"]),
    (&["policy", "co"], &["compare", "contains", "controller"], &["diff"]),
    (&["policy", "compare", "--k"], &["--kind"], &["--partition"]),
    (&["policy", "compare", "--kind", ""], &["identity", "trust", "boundary"], &["--kind"]),
    (&["controller", "--log-format", "t"], &["text"], &["json"]),
    (&["completions", ""], &["bash", "zsh", "fish", "kubectl"], &["rolewright"]),
];

/// The candidates are `wanted` at least, and none of `unwanted`.
fn check(typed: &[&str], printed: &str, wanted: &[&str], unwanted: &[&str]) {
    let words: Vec<&str> = printed.split_whitespace().collect();
    for word in wanted {
        assert!(words.contains(word), "{typed:?} offers no {word}: {words:?}");
    }
    for word in unwanted {
        assert!(!words.contains(word), "{typed:?} offers {word}: {words:?}");
    }
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let folder = Folder::new("completions");
    let script = said(Command::new(BIN).env_clear().args(["completions", "bash"])).out;
    let script = folder.write("rolewright.bash", &script);
    // As readline does: the function that `complete` knows for the command, with command, word and
    // the word before.
    let driver = r#"source "$1"; shift
        [[ $(complete -p rolewright) =~ -F\ ([^ ]+) ]] || exit 3
        COMP_WORDS=(rolewright "$@"); COMP_CWORD=$#
        "${BASH_REMATCH[1]}" rolewright "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    for (typed, wanted, unwanted) in LINES {
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-uc", driver, "bash"]).arg(&script).args(typed);
        let found = said(&mut bash);
        assert!(
            found.code == Some(0) && found.err.is_empty(),
            "{typed:?}: {:?} {}",
            found.code,
            found.err
        );
        check(typed, &found.out, wanted, unwanted);
    }
}

#[test]
fn kubectl_completes_the_words_of_the_plugin() {
    use std::os::unix::fs::PermissionsExt;
    let plugins = plugin(Path::new(BIN));
    let script = said(kubectl(&plugins).args(["rolewright", "completions", "kubectl"])).out;
    let script = plugins.write("kubectl_complete-rolewright", &script);
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    for (typed, wanted, unwanted) in LINES {
        let found = said(kubectl(&plugins).args(["__complete", "rolewright"]).args(typed));
        assert_eq!(found.code, Some(0), "{}", found.err);
        check(typed, &found.out, wanted, unwanted);
        // Candidates and nothing else, and behind them that the shell may offer files where there
        // are none.
        assert_eq!(found.out.lines().last(), Some(":0"), "{typed:?}: {}", found.out);
    }
}

/// `man` or `mandoc`, where there is one that reads a file: images of containers have neither, or
/// one that only apologises.
fn reader() -> Option<(&'static str, &'static [&'static str])> {
    let readers: [(&str, &[&str]); 2] = [
        ("man", &["--warnings", "--no-justification", "-l"]),
        ("mandoc", &["-T", "utf8", "-W", "warning,stop"]),
    ];
    let probe = Folder::new("man");
    let page = probe
        .write("probe.1", ".TH probe 1\n.SH NAME\nprobe \\- tells whether pages are rendered\n");
    readers.into_iter().find(|(program, flags)| {
        let output = Command::new(program).args(*flags).arg(&page).stdin(Stdio::null()).output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("tells whether"))
    })
}

#[test]
fn manual_pages_are_rendered_without_a_complaint() {
    let folder = Folder::new("man");
    let written = said(Command::new(BIN).env_clear().args(["man", "--to"]).arg(folder.path()));
    assert!(
        written.code == Some(0) && written.out.is_empty() && written.err.is_empty(),
        "{}",
        written.err
    );
    let pages: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(pages.len() > 10, "{pages:?}");
    let Some((program, flags)) = reader() else {
        eprintln!(
            "neither man nor mandoc is here: only the structure of the pages is tested, in \
             src/cli/man.rs"
        );
        return;
    };
    for page in pages {
        let mut command = Command::new(program);
        command.args(flags).arg(&page).env("MANWIDTH", "100").env("LC_ALL", "C.UTF-8");
        let shown = said(&mut command);
        let page = page.display();
        assert!(
            shown.code == Some(0) && shown.err.is_empty(),
            "{page}: {:?} {}",
            shown.code,
            shown.err
        );
        for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"] {
            assert!(
                shown.out.lines().any(|line| line == heading),
                "{page} has no {heading}:\n{}",
                shown.out
            );
        }
        if page.to_string().ends_with("rolewright-policy-diff.1") {
            let line = "rolewright policy diff before.json after.yaml";
            assert!(
                shown.out.lines().any(|shown| shown.trim() == line),
                "the example is on a line of its own:\n{}",
                shown.out
            );
        }
    }
}
