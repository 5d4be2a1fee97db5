//! The map in `docs/architecture.md`: a line for each folder, with the modules in it.
//!
//! ```text
//! src/election/   candidate leadership — which replica leads
//!                 (continued lines are indented)
//! ```

use std::collections::BTreeSet;

use crate::source::File;

/// What the map names, as paths of files from the root of the repository.
pub fn mapped(page: &str) -> BTreeSet<String> {
    let block = page.split("```").find(|block| block.starts_with("text\nsrc/")).unwrap_or_default();
    let mut entries: Vec<String> = Vec::new();
    for line in block.lines().skip(1) {
        match entries.last_mut() {
            Some(entry) if line.starts_with(' ') => entry.push_str(line),
            _ => entries.push(line.to_owned()),
        }
    }
    let names = |entry: &String| -> Vec<String> {
        let mut words = entry.split('—').next().unwrap_or_default().split_whitespace();
        let folder = words.next().unwrap_or_default().to_owned();
        words.map(|name| format!("{folder}{name}.rs")).collect()
    };
    entries.iter().flat_map(names).collect()
}

/// What there is: all files that are not for tests only. `mod.rs` is its folder.
pub fn present(files: &[File], folder: &str) -> BTreeSet<String> {
    let shown = files.iter().filter(|file| !file.test && !file.path.ends_with("mod.rs"));
    shown.map(|file| format!("{folder}/{}", file.path)).collect()
}
