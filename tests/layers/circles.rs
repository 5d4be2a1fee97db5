//! Circles of files: who `use`s an item depends on the file that defines it. `mod` lines and
//! re-exports are no dependencies, and neither is what only tests use.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::File;

/// Each file with the files that define what it uses.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// Groups of files that depend on each other in a circle, each sorted by path.
pub fn circles(files: &[File]) -> Vec<Vec<String>> {
    let edges = edges(files);
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        edges.keys().map(|file| (file, reached(file, &edges))).collect();
    let mut found: Vec<Vec<String>> = Vec::new();
    for (file, others) in &reach {
        let known = found.iter().any(|circle| circle.contains(file));
        if known || !others.contains(*file) {
            continue;
        }
        let circle = others.iter().filter(|other| reach[**other].contains(*file));
        found.push(circle.map(|other| (*other).clone()).collect());
    }
    found
}

/// Every file that can be reached from one, itself only by a circle.
fn reached<'a>(file: &str, edges: &'a Edges) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&String> = edges[file].iter().collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(&edges[next]);
        }
    }
    found
}

fn edges(files: &[File]) -> Edges {
    let modules: Modules<'_> = files.iter().map(|file| (file.module(), file)).collect();
    let uses = |file: &File| {
        let defined = file.uses.iter().filter(|used| !used.exported).filter_map(|used| {
            let place = definition(&modules, &file.absolute(&used.path), 0)?;
            (!place.test && place.path != file.path).then(|| place.path.clone())
        });
        (file.path.clone(), defined.collect())
    };
    files.iter().filter(|file| !file.test).map(uses).collect()
}

/// Files by the path of their module from the root of the crate.
type Modules<'a> = BTreeMap<Vec<String>, &'a File>;

/// The file that defines what a path from the root of the crate names.
fn definition<'a>(modules: &Modules<'a>, path: &[String], depth: u8) -> Option<&'a File> {
    let length = (1..=path.len()).rev().find(|length| modules.contains_key(&path[..*length]))?;
    let file = modules[&path[..length]];
    let Some(item) = path.get(length) else { return Some(file) };
    if file.defines.contains(item) || depth > 8 {
        return Some(file);
    }
    let exported = file.uses.iter().find(|used| used.exported && used.name() == item);
    match exported {
        Some(exported) => definition(modules, &file.absolute(&exported.path), depth + 1),
        None => Some(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File::new(path, text, path.contains("tests")))
            .collect();
        circles(&files)
    }

    #[test]
    fn two_files_that_use_each_other_are_a_circle() {
        let both = ["plan/a.rs", "plan/b.rs"];
        assert_eq!(
            found(&[
                ("plan/mod.rs", "pub mod a; pub mod b;"),
                ("plan/a.rs", "use crate::plan::b::B; pub struct A;"),
                ("plan/b.rs", "use super::a; pub struct B;"),
                ("plan/c.rs", "use super::{a::A, b::B};"),
            ]),
            [both]
        );
    }

    #[test]
    fn a_re_export_is_followed_to_the_definition() {
        let files = |item: &'static str| {
            [
                ("api/mod.rs", "pub use raw::Raw; mod raw; pub struct Key;"),
                ("api/raw.rs", item),
                ("api/own.rs", "use crate::api::Raw; pub struct Own;"),
            ]
        };
        assert_eq!(found(&files("use super::Key; pub struct Raw;")), Vec::<Vec<String>>::new());
        let circle = ["api/own.rs", "api/raw.rs"];
        assert_eq!(found(&files("use super::own::Own; pub struct Raw;")), [circle]);
    }

    #[test]
    fn what_tests_use_is_no_dependency() {
        assert!(
            found(&[
                ("plan/a.rs", "pub struct A; #[cfg(test)] mod tests { use super::super::b::B; }"),
                ("plan/b.rs", "use super::a::A; pub struct B;"),
                ("plan/tests/laws.rs", "use crate::plan::a::A; pub struct Law;"),
            ])
            .is_empty()
        );
    }
}
