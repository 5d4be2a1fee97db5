//! Reads Rust source as far as the layers need it: without comments, strings and test modules, as a
//! list of paths.

use std::{collections::BTreeSet, path::Path};

/// A source file.
pub struct File {
    /// From the folder that was read, with `/`.
    pub path: String,
    pub lines: usize,
    /// All of it is compiled for tests only.
    pub test: bool,
    /// Every path in the code, `use` trees written out: `std::fs::read`, `crate::iam`.
    pub paths: Vec<String>,
    /// What `use` lines name, trees written out.
    pub uses: Vec<Use>,
    /// Names of the items at any depth of the code.
    pub defines: BTreeSet<String>,
}

/// One path of a `use` line.
pub struct Use {
    /// Its segments as written.
    pub path: Vec<String>,
    /// A re-export.
    pub exported: bool,
}

impl Use {
    /// The last segment.
    pub fn name(&self) -> &str {
        self.path.last().map(String::as_str).unwrap_or_default()
    }
}

/// All files below `folder`, their paths behind `prefix`. One is a test when the file above
/// declares it under `#[cfg(test)]`.
pub fn files(folder: &Path, prefix: &str) -> Vec<File> {
    let mut sources = Vec::new();
    collect(folder, prefix, &mut sources);
    sources.sort();
    let tests: Vec<String> =
        sources.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    let is_test = |path: &str| {
        tests
            .iter()
            .any(|module| path == format!("{module}.rs") || path.starts_with(&format!("{module}/")))
    };
    sources.iter().map(|(path, text)| File::new(path, text, is_test(path))).collect()
}

/// Path and text of all files below `folder`.
pub fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut sources = Vec::new();
    collect(folder, "", &mut sources);
    sources.sort();
    sources
}

fn collect(folder: &Path, prefix: &str, sources: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), sources);
        } else if Path::new(&name).extension().is_some_and(|extension| extension == "rs") {
            sources.push((path, std::fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

impl File {
    pub fn new(path: &str, source: &str, test: bool) -> File {
        let code = without_tests(&code(source));
        File {
            path: path.to_owned(),
            lines: source.lines().count(),
            test,
            paths: paths(&code),
            uses: uses(&code),
            defines: defines(&code),
        }
    }

    /// The path of its module from the root of the crate, which is `crate`.
    pub fn module(&self) -> Vec<String> {
        let parts = self.path.trim_end_matches(".rs").split('/');
        let parts = parts.filter(|part| !["mod", "lib", "main"].contains(part));
        std::iter::once("crate").chain(parts).map(str::to_owned).collect()
    }

    /// A path that is written in this file, from the root of the crate.
    pub fn absolute(&self, path: &[String]) -> Vec<String> {
        let (first, rest) = (path[0].as_str(), &path[1..]);
        let module = self.module();
        match first {
            "crate" => path.to_vec(),
            "super" => {
                let above = 1 + rest.iter().take_while(|part| *part == "super").count();
                let base = module[..module.len().saturating_sub(above)].to_vec();
                [base, path[above..].to_vec()].concat()
            }
            "self" => [module, rest.to_vec()].concat(),
            // A module below this one, or another crate, whose name no module of ours has.
            _ => [module, path.to_vec()].concat(),
        }
    }

    /// The module at the root of the crate that the file belongs to.
    pub fn root(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// The modules at the root of the crate that it names.
    pub fn crate_modules(&self) -> impl Iterator<Item = &str> {
        // How many `super` lead from this file's module to the root of the crate.
        let depth =
            self.path.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").count();
        self.paths.iter().filter_map(move |path| {
            let mut parts = path.split("::");
            match parts.next()? {
                "crate" | "rolewright" => parts.next(),
                "iam" => Some("iam"),
                "super" => {
                    let above = 1 + parts.clone().take_while(|part| *part == "super").count();
                    (above >= depth).then(|| parts.find(|part| *part != "super")).flatten()
                }
                _ => None,
            }
        })
    }
}

/// Modules that a file declares for tests only, as paths without `.rs`.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let stem = path.trim_end_matches(".rs");
    let folder = match stem.rsplit_once('/') {
        Some((folder, "mod")) => format!("{folder}/"),
        None if ["lib", "main"].contains(&stem) => String::new(),
        _ => format!("{stem}/"),
    };
    let code = code(text);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("#[cfg(") {
        let Some((condition, rest)) = code[at..].split_once(']') else { continue };
        let declared = without_pub(rest.trim_start()).strip_prefix("mod ");
        let declared = declared.and_then(|rest| rest.split_once(';')).map(|(name, _)| name);
        if let Some(name) = declared.filter(|name| tests_only(condition) && !name.contains('{')) {
            found.push(format!("{folder}{name}"));
        }
    }
    found
}

/// `pub mod x` and `pub(crate) mod x` without the visibility.
fn without_pub(item: &str) -> &str {
    let Some(rest) = item.strip_prefix("pub") else { return item };
    let rest = match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')').map_or(rest, |(_, rest)| rest),
        None => rest,
    };
    rest.trim_start()
}

/// `#[cfg(test` or `#[cfg(all(test, …`.
fn tests_only(condition: &str) -> bool {
    let inner = condition.trim_start_matches("#[cfg(").trim_start_matches("all(");
    inner.split(|c: char| !c.is_alphanumeric()).next() == Some("test")
}

/// The text with comments blanked and strings emptied.
fn code(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: usize| characters.get(index).copied().unwrap_or('\0');
    let (mut code, mut index) = (String::with_capacity(text.len()), 0);
    while index < characters.len() {
        let before = index.checked_sub(1).map_or(' ', at);
        match at(index) {
            '/' if at(index + 1) == '/' => {
                while index < characters.len() && at(index) != '\n' {
                    index += 1;
                }
            }
            '/' if at(index + 1) == '*' => {
                let mut depth = 1;
                index += 2;
                while index < characters.len() && depth > 0 {
                    match (at(index), at(index + 1)) {
                        ('/', '*') => (depth, index) = (depth + 1, index + 2),
                        ('*', '/') => (depth, index) = (depth - 1, index + 2),
                        _ => index += 1,
                    }
                }
                code.push(' ');
            }
            'r' if !before.is_alphanumeric()
                && before != '_'
                && raw_hashes(&characters, index).is_some() =>
            {
                let hashes = raw_hashes(&characters, index).unwrap_or_default();
                index += hashes + 2;
                while index < characters.len()
                    && !(at(index) == '"' && (1..=hashes).all(|hash| at(index + hash) == '#'))
                {
                    index += 1;
                }
                index += hashes + 1;
                code.push_str("\"\"");
            }
            '"' => {
                index += 1;
                while index < characters.len() && at(index) != '"' {
                    index += if at(index) == '\\' { 2 } else { 1 };
                }
                index += 1;
                code.push_str("\"\"");
            }
            // A character, not a lifetime.
            '\'' if at(index + 1) == '\\' || at(index + 2) == '\'' => {
                index += if at(index + 1) == '\\' { 3 } else { 2 };
                while index < characters.len() && at(index) != '\'' {
                    index += 1;
                }
                index += 1;
                code.push_str("' '");
            }
            other => {
                code.push(other);
                index += 1;
            }
        }
    }
    code
}

fn raw_hashes(characters: &[char], r: usize) -> Option<usize> {
    let hashes = characters[r + 1..].iter().take_while(|c| **c == '#').count();
    (characters.get(r + 1 + hashes) == Some(&'"')).then_some(hashes)
}

/// The code without modules in it that are compiled for tests only.
fn without_tests(code: &str) -> String {
    let mut rest = code;
    let mut kept = String::new();
    while let Some(at) = rest.find("#[cfg(") {
        let (before, behind) = rest.split_at(at);
        kept.push_str(before);
        let end = behind.find(']').map_or(behind.len(), |end| end + 1);
        let (condition, after) = behind.split_at(end);
        let item = after.trim_start();
        let inline = without_pub(item).starts_with("mod ")
            && item.find('{').unwrap_or(usize::MAX) < item.find(';').unwrap_or(usize::MAX);
        rest = if tests_only(condition) && inline { behind_braces(item) } else { after };
    }
    kept + rest
}

fn behind_braces(item: &str) -> &str {
    let mut depth = 0_usize;
    for (at, character) in item.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return &item[at + 1..];
                }
            }
            _ => {}
        }
    }
    ""
}

/// The paths of the `use` lines.
fn uses(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    let mut tokens = Tokens { code }.peekable();
    let mut before = String::new();
    while let Some(token) = tokens.next() {
        if token == "use"
            && let Some(first) = tokens.next()
        {
            let exported = before == "pub" || before == ")";
            let mut written = Vec::new();
            tree(first, &mut tokens, &mut written);
            let path = |path: &String| path.split("::").map(str::to_owned).collect();
            found.extend(written.iter().map(|written| Use { path: path(written), exported }));
        }
        before = token;
    }
    for used in &mut found {
        // `a::{self, b}` names `a`.
        if used.path.len() > 1 && used.name() == "self" {
            used.path.pop();
        }
    }
    found
}

/// The names behind `fn`, `struct` and their kin.
fn defines(code: &str) -> BTreeSet<String> {
    const KINDS: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "const", "static", "union"];
    let mut tokens = Tokens { code }.peekable();
    let mut found = BTreeSet::new();
    while let Some(token) = tokens.next() {
        if KINDS.contains(&token.as_str())
            && let Some(name) = tokens.peek()
        {
            found.insert(name.clone());
        }
    }
    found
}

/// Every path of the code; `use a::{b, c::d};` gives `a::b` and `a::c::d`.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut tokens = Tokens { code }.peekable();
    while let Some(token) = tokens.next() {
        if token.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_') {
            tree(token, &mut tokens, &mut found);
        }
    }
    found
}

/// What follows the path `begin`: more segments, or a tree in braces.
fn tree(begin: String, tokens: &mut std::iter::Peekable<Tokens<'_>>, found: &mut Vec<String>) {
    let mut path = begin;
    while tokens.peek().is_some_and(|token| token == "::") {
        tokens.next();
        match tokens.peek().map(String::as_str) {
            Some("{") => {
                tokens.next();
                while let Some(token) = tokens.next() {
                    match token.as_str() {
                        "}" => return,
                        "," => {}
                        "as" => drop(tokens.next()),
                        _ => tree(format!("{path}::{token}"), tokens, found),
                    }
                }
                return;
            }
            Some(token) if token.chars().all(|c| c.is_alphanumeric() || c == '_') => {
                path = format!("{path}::{token}");
                tokens.next();
            }
            _ => break,
        }
    }
    found.push(path);
}

/// Words, `::`, and single characters.
struct Tokens<'a> {
    code: &'a str,
}

impl Iterator for Tokens<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.code = self.code.trim_start();
        let first = self.code.chars().next()?;
        let length = if first.is_alphanumeric() || first == '_' {
            self.code.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.code.len())
        } else if self.code.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, rest) = self.code.split_at(length);
        self.code = rest;
        Some(token.to_owned())
    }
}
