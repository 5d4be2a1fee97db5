//! Links of the pages: to files, to headings, and from the table of contents to every page.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::page::{Page, ROOT, pages};

/// The table of contents, in the form that mdBook reads.
const CONTENTS: &str = "docs/SUMMARY.md";
/// Where readers choose who they are.
const INDEX: &str = "docs/README.md";
/// Pages that begin for one kind of reader each.
const READERS: [&str; 4] =
    ["docs/teams.md", "docs/operators.md", "docs/security.md", "docs/contributors.md"];
/// Folders with a page for each of many things: their lines in the table follow from the files.
const LISTED: [(&str, &str); 2] = [("reasons", ""), ("runbooks", "Rolewright")];

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    let (mut checked, mut broken) = (0, Vec::new());
    for page in &pages {
        for (line, target) in page.links() {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            checked += 1;
            if !leads_somewhere(&pages, page, &target) {
                broken.push(format!("{}:{line}: {target}", page.path));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(checked > 10, "the links were not found");
}

fn leads_somewhere(pages: &[Page], page: &Page, target: &str) -> bool {
    let anchor = target.split_once('#').map_or("", |(_, anchor)| anchor);
    let path = file_of(page, target);
    let linked = pages.iter().find(|other| Path::new(&other.path) == path);
    let anchored = anchor.is_empty()
        || linked.is_some_and(|other| other.anchors().iter().any(|a| a == anchor));
    Path::new(ROOT).join(&path).exists() && anchored
}

/// The file of a link, from the root of the repository.
pub fn file_of(page: &Page, target: &str) -> PathBuf {
    let file = target.split('#').next().unwrap_or_default();
    if file.is_empty() {
        return PathBuf::from(&page.path);
    }
    let mut normal = PathBuf::new();
    for part in Path::new(&page.path).parent().unwrap().join(file).components() {
        if part == Component::ParentDir {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

fn page<'a>(pages: &'a [Page], path: &str) -> &'a Page {
    pages.iter().find(|page| page.path == path).unwrap_or_else(|| panic!("there is no {path}"))
}

/// The files that a page links to, in order.
fn linked_from(page: &Page) -> Vec<PathBuf> {
    page.links().into_iter().map(|(_, target)| file_of(page, &target)).collect()
}

#[test]
fn every_page_of_the_documentation_is_once_in_its_table_of_contents() {
    let pages = pages();
    let contents = linked_from(page(&pages, CONTENTS));
    let listed: BTreeSet<&PathBuf> = contents.iter().collect();
    let missing: Vec<&str> = pages
        .iter()
        .map(|page| page.path.as_str())
        .filter(|path| path.starts_with("docs/") && *path != CONTENTS)
        .filter(|path| !listed.contains(&PathBuf::from(path)))
        .collect();
    assert!(missing.is_empty(), "{CONTENTS} has no link to {}", missing.join(", "));
    assert_eq!(listed.len(), contents.len(), "{CONTENTS} names a page twice");
}

#[test]
fn every_reader_is_led_from_the_readme_to_each_page() {
    let pages = pages();
    let from_readme = linked_from(page(&pages, "README.md"));
    let from_index = linked_from(page(&pages, INDEX));
    for reader in [INDEX].iter().chain(&READERS) {
        assert!(from_readme.contains(&PathBuf::from(reader)), "README.md lacks {reader}");
    }
    for reader in READERS {
        assert!(from_index.contains(&PathBuf::from(reader)), "{INDEX} lacks {reader}");
    }
    // A page is found from the beginning of its reader; reasons have an index made of the code.
    let found: BTreeSet<PathBuf> = READERS
        .iter()
        .chain(&[INDEX, "docs/reference/reasons.md"])
        .flat_map(|path| linked_from(page(&pages, path)))
        .collect();
    let lost: Vec<&str> = pages
        .iter()
        .map(|page| page.path.as_str())
        .filter(|path| path.starts_with("docs/") && *path != INDEX)
        .filter(|path| !found.contains(Path::new(path)))
        .collect();
    assert!(lost.is_empty(), "no page of a reader leads to {}", lost.join(", "));
}

#[test]
fn the_table_of_contents_lists_reasons_and_runbooks_as_they_are() {
    let path = Path::new(ROOT).join(CONTENTS);
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (folder, prefix) in LISTED {
        let mut names: Vec<String> = std::fs::read_dir(Path::new(ROOT).join("docs").join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let line = |name: &String| {
            let title = name.trim_start_matches(prefix).trim_end_matches(".md");
            format!("    - [{title}]({folder}/{name})\n")
        };
        let wanted: String = names.iter().map(line).collect();
        let own = |line: &&str| line.contains(&format!("]({folder}/"));
        let shown: String = text.split_inclusive('\n').filter(own).collect();
        if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() && shown != wanted {
            text = text.replace(&shown, &wanted);
            std::fs::write(&path, &text).unwrap();
        }
        assert!(
            text.contains(&wanted) && (shown == wanted || text.matches(&wanted).count() == 1),
            "{CONTENTS} does not list docs/{folder} as it is: refresh it with \
             `ROLEWRIGHT_UPDATE=1 cargo test --test docs contents`"
        );
    }
}

/// Teams have a cluster in which rolewright runs: what the tests set up for that is hidden.
#[test]
fn no_page_for_teams_shows_how_to_set_up_rolewright() {
    let pages = pages();
    let contents = std::fs::read_to_string(Path::new(ROOT).join(CONTENTS)).unwrap();
    let teams = contents.split("\n# For teams").nth(1).unwrap().split("\n# ").next().unwrap();
    let part = Page { path: CONTENTS.to_owned(), text: teams.to_owned() };
    let (mut seen, mut hidden) = (0, 0);
    for path in linked_from(&part) {
        let page = page(&pages, path.to_str().unwrap());
        for block in page.blocks().unwrap() {
            seen += 1;
            hidden += usize::from(block.hidden);
            let setup = ["-f crds/", "rolewright controller "];
            let shown =
                block.lines.iter().find(|line| setup.iter().any(|part| line.contains(part)));
            assert!(
                block.hidden || shown.is_none(),
                "{}:{}: {shown:?} is no task of a team",
                page.path,
                block.line
            );
        }
    }
    assert!(seen > 40 && hidden > 10, "{seen} blocks, {hidden} hidden: the pages were not read");
}

#[test]
fn what_a_page_links_to_is_found_in_its_text() {
    let text = "# One\n[a](b.md#c) `[no](code)`\n```text\n[no](block)\n```\n<img \
        src=\"d.svg\">\n## One\n### `x` and *y*: 1.2\n";
    let page = Page { path: "docs/x.md".to_owned(), text: text.to_owned() };
    assert_eq!(page.links(), [(2, "b.md#c".to_owned()), (6, "d.svg".to_owned())]);
    assert_eq!(page.anchors(), ["one", "one-1", "x-and-y-12"]);
    assert_eq!(file_of(&page, "../README.md#y"), Path::new("README.md"));
}
