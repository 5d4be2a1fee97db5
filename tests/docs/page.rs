//! Pages of the documentation, as far as a test needs them: code blocks with their rule, and links.
//!
//! A comment right above a block says how it is tested:
//!
//! ```text
//! <!-- test: file name=role.yaml -->
//!     the block is written to a file beside the commands of its page
//! <!-- test: cluster name=tutorial -->
//!     run in order with the others of that name, on a cluster and an account
//! <!-- test: cluster name=tutorial background --> the same, left running to the end
//! <!-- test: cluster name=tutorial fails -->
//!     the same, and each command has to fail
//! <!-- test: cluster name=tutorial last -->
//!     the same, after all others
//! <!-- hidden: cluster name=tutorial
//! COMMAND
//! -->
//!     the same for commands that a reader does not need: each line to the end of the comment
//! <!-- test: cluster name=rebuild fresh -->
//!     the same, on a new cluster: the one before is lost, the account stays
//! <!-- test: input -->
//!     read by another tool, or a part of a file; has to be YAML or JSON where it says so
//! <!-- test: skip reason="CI runs it" -->
//!     not run: only for `make`, and for services, pods and images that no test has
//! ```
//!
//! A block without a comment is for commands that need neither: `rolewright render`, `crds`,
//! `policy`, `completions`, `man`, `--help`. Where they have to fail, the comment is `<!-- test:
//! local fails -->`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

pub struct Page {
    /// From the root of the repository.
    pub path: String,
    pub text: String,
}

/// Commands that need what no test has: the whole suite, services that the stand-in for AWS does
/// not know, pods and images.
const LEFT_OUT: [&str; 7] = [
    "make ",
    "KEEP=1 make demo",
    "aws cloudformation ",
    "aws eks ",
    "aws lambda ",
    "docker ",
    "kubectl -n team-a run ",
];

/// Begins a comment of commands.
const HIDDEN: &str = "<!-- hidden: ";

/// How a block is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    Local { fails: bool },
    File { name: String },
    Input,
    Cluster { name: String, background: bool, fails: bool, last: bool, fresh: bool },
    Skip { reason: String },
}

#[derive(Clone, Debug)]
pub struct Block {
    pub page: String,
    /// Number of the line with the opening fence, from 1.
    pub line: usize,
    pub language: String,
    pub rule: Rule,
    /// In a comment: a reader does not see it.
    pub hidden: bool,
    pub lines: Vec<String>,
}

/// A command of a block and what the page shows of its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Number of its first line in the page, from 1.
    pub line: usize,
    pub text: String,
    /// `None` where the page shows no output: then any will do.
    pub output: Option<Vec<String>>,
}

/// README.md, the other pages at the root, and everything below docs/.
pub fn pages() -> Vec<Page> {
    let mut paths = Vec::new();
    collect(Path::new(ROOT), false, &mut paths);
    collect(&Path::new(ROOT).join("docs"), true, &mut paths);
    paths.sort();
    let read = |path: PathBuf| Page {
        text: std::fs::read_to_string(&path).unwrap(),
        path: path.strip_prefix(ROOT).unwrap().display().to_string(),
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, deep: bool, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && deep {
            collect(&path, deep, paths);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
}

impl Page {
    /// Blocks of commands, and those that are written to files.
    ///
    /// # Errors
    /// What is wrong with the comment above a block, or a block that no rule covers.
    pub fn blocks(&self) -> Result<Vec<Block>, String> {
        let lines: Vec<&str> = self.text.lines().collect();
        let (mut blocks, mut index) = (Vec::new(), 0);
        while index < lines.len() {
            if lines[index].starts_with(HIDDEN) {
                let (block, end) =
                    self.hidden(&lines, index).map_err(|problem| self.at(index, &problem))?;
                blocks.push(block);
                index = end + 1;
                continue;
            }
            let Some(language) = lines[index].strip_prefix("```").map(str::trim) else {
                index += 1;
                continue;
            };
            let end = (index + 1..lines.len())
                .find(|&line| lines[line] == "```")
                .ok_or_else(|| self.at(index, "the block has no end"))?;
            let comment = index
                .checked_sub(1)
                .map(|above| lines[above])
                .filter(|line| line.starts_with("<!-- test:"));
            let place = format!("{}:{}", self.path, index + 1);
            let rule = match comment {
                Some(comment) => {
                    Some(rule(comment).map_err(|problem| format!("{place}: {problem}"))?)
                }
                None if shell(language) => Some(Rule::Local { fails: false }),
                None if language == "text" => None,
                None => {
                    return Err(format!(
                        "{place}: no rule takes this {language}: put a comment above the block"
                    ));
                }
            };
            if let Some(rule) = rule {
                let block = Block {
                    page: self.path.clone(),
                    line: index + 1,
                    language: language.to_owned(),
                    rule,
                    hidden: false,
                    lines: lines[index + 1..end].iter().map(|line| (*line).to_owned()).collect(),
                };
                block.check().map_err(|problem| format!("{place}: {problem}"))?;
                blocks.push(block);
            }
            index = end + 1;
        }
        Ok(blocks)
    }

    fn at(&self, index: usize, problem: &str) -> String {
        format!("{}:{}: {problem}", self.path, index + 1)
    }

    /// The commands of the comment that begins in a line, and the index of its last line.
    fn hidden(&self, lines: &[&str], index: usize) -> Result<(Block, usize), String> {
        let words = lines[index].strip_prefix(HIDDEN).unwrap_or_default();
        let rule = rule(&format!("<!-- test: {words} -->"))?;
        if !matches!(rule, Rule::Cluster { .. }) {
            return Err("only commands on a cluster can be hidden".to_owned());
        }
        let end = (index + 1..lines.len())
            .find(|&line| lines[line] == "-->")
            .ok_or("the comment has no end")?;
        let block = Block {
            page: self.path.clone(),
            line: index + 1,
            language: "sh".to_owned(),
            rule,
            hidden: true,
            lines: lines[index + 1..end].iter().map(|line| (*line).to_owned()).collect(),
        };
        block.check()?;
        Ok((block, end))
    }

    /// Targets of links and images, with the number of their line; not inside code.
    pub fn links(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (number, line) in self.prose() {
            let outside: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
            for (opening, closing) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
                for (at, _) in outside.match_indices(opening) {
                    let target =
                        outside[at + opening.len()..].split(closing).next().unwrap_or_default();
                    found.push((number, target.to_owned()));
                }
            }
        }
        found
    }

    /// Anchors of the headings, as GitHub makes them: the second of a name ends in `-1`.
    pub fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for (_, line) in self.prose().into_iter().filter(|(_, line)| line.starts_with('#')) {
            let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
            let text = line.trim_start_matches('#').trim().to_lowercase();
            let anchor = text.chars().filter(kept).collect::<String>().replace(' ', "-");
            let before = times.entry(anchor.clone()).or_default();
            anchors.push(if *before == 0 { anchor } else { format!("{anchor}-{before}") });
            *before += 1;
        }
        anchors
    }

    /// The lines outside of code blocks and hidden commands, with their numbers.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let mut code = false;
        let mut hidden = false;
        let mut lines = Vec::new();
        for (number, line) in self.text.lines().enumerate() {
            let fence = line.starts_with("```");
            code ^= fence;
            hidden |= line.starts_with(HIDDEN);
            let shown = !hidden;
            hidden &= line != "-->";
            if !code && !fence && shown {
                lines.push((number + 1, line));
            }
        }
        lines
    }
}

/// Whether a block is of commands.
fn shell(language: &str) -> bool {
    ["console", "sh", "bash", "shell"].contains(&language)
}

/// Reads `<!-- test: KIND key=value key="a value" flag -->`.
fn rule(comment: &str) -> Result<Rule, String> {
    let inner = comment.strip_prefix("<!-- test:").and_then(|rest| rest.strip_suffix("-->"));
    let inner = inner.ok_or("the comment does not end on its line")?.trim();
    let (kind, mut rest) = inner.split_once(' ').unwrap_or((inner, ""));
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let end = rest.find([' ', '=']).unwrap_or(rest.len());
        let (key, behind) = rest.split_at(end);
        let (value, behind) = match behind.strip_prefix('=') {
            None => ("", behind),
            Some(quoted) if quoted.starts_with('"') => {
                quoted[1..].split_once('"').ok_or("the quotation marks are not closed")?
            }
            Some(bare) => bare.split_at(bare.find(' ').unwrap_or(bare.len())),
        };
        values.insert(key, value);
        rest = behind;
    }
    let mut take = |key: &str| values.remove(key).map(str::to_owned);
    let read = match kind {
        "file" => take("name").map(|name| Rule::File { name }),
        "input" => Some(Rule::Input),
        "skip" => {
            take("reason").filter(|reason| !reason.is_empty()).map(|reason| Rule::Skip { reason })
        }
        "local" => Some(Rule::Local { fails: take("fails").is_some() }),
        "cluster" => {
            let [background, fails, last, fresh] =
                ["background", "fails", "last", "fresh"].map(|flag| take(flag).is_some());
            take("name").map(|name| Rule::Cluster { name, background, fails, last, fresh })
        }
        _ => None,
    };
    match read {
        Some(rule) if values.is_empty() => Ok(rule),
        _ => Err(format!("{comment} is no rule: see tests/docs/page.rs")),
    }
}

impl Block {
    /// The commands: in a `console` block the lines behind `$`, else each line; `\` at the end
    /// continues a line.
    pub fn commands(&self) -> Vec<Command> {
        let mut commands: Vec<Command> = Vec::new();
        let console = self.language == "console";
        let mut continues = false;
        for (number, line) in self.lines.iter().enumerate() {
            let begins = if console { line.strip_prefix("$ ") } else { Some(line.as_str()) };
            match (begins, commands.last_mut()) {
                (_, Some(command)) if continues => {
                    command.text.push('\n');
                    command.text.push_str(line);
                }
                (Some(text), _)
                    if console || !(text.trim().is_empty() || text.starts_with('#')) =>
                {
                    commands.push(Command {
                        line: self.line + 1 + number,
                        text: text.to_owned(),
                        output: None,
                    });
                }
                (None, Some(command)) => command.output.get_or_insert_default().push(line.clone()),
                _ => continue,
            }
            continues = commands.last().is_some_and(|command| command.output.is_none())
                && line.ends_with('\\');
        }
        commands
    }

    fn check(&self) -> Result<(), String> {
        let written = matches!(self.rule, Rule::File { .. } | Rule::Input);
        let commands = if written { Vec::new() } else { self.commands() };
        let local = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            matches!(
                words.as_slice(),
                [
                    "rolewright",
                    "completions" | "crds" | "man" | "policy" | "render" | "--help" | "--version",
                    ..
                ]
            ) || matches!(words.as_slice(), ["rolewright", _, "--help"])
        };
        match &self.rule {
            Rule::Input if shell(&self.language) => Err("commands are no input".to_owned()),
            Rule::Input if ["yaml", "json"].contains(&self.language.as_str()) => {
                let read = rolewright::yaml::from_str::<serde_json::Value>(&self.lines.join("\n"));
                read.map(drop).map_err(|problem| problem.to_string())
            }
            Rule::File { .. } | Rule::Input => Ok(()),
            _ if self.language == "console"
                && self.lines.first().is_none_or(|line| !line.starts_with("$ ")) =>
            {
                Err("a console block begins with `$ ` and a command".to_owned())
            }
            _ if commands.is_empty() => Err("the block has no command".to_owned()),
            Rule::Cluster { .. } => Ok(()),
            Rule::Skip { .. }
                if commands
                    .iter()
                    .all(|command| LEFT_OUT.iter().any(|c| command.text.starts_with(c))) =>
            {
                Ok(())
            }
            Rule::Skip { .. } => Err(format!(
                "only {} may be left out",
                LEFT_OUT.map(|c| format!("`{}`", c.trim_end())).join(", ")
            )),
            Rule::Local { .. } => match commands.iter().find(|command| !local(&command.text)) {
                None => Ok(()),
                Some(command) => {
                    Err(format!("no rule runs `{}`: put a comment above the block", command.text))
                }
            },
        }
    }
}
