//! Links of the pages: to files, to headings, and from the index to every page.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::page::{Page, ROOT, pages};

/// The index of the documentation.
const INDEX: &str = "docs/README.md";

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

#[test]
fn every_page_of_the_documentation_is_in_its_index_and_the_index_in_the_readme() {
    let pages = pages();
    let linked_from = |path: &str| -> BTreeSet<PathBuf> {
        let page = pages
            .iter()
            .find(|page| page.path == path)
            .unwrap_or_else(|| panic!("there is no {path}"));
        page.links().into_iter().map(|(_, target)| file_of(page, &target)).collect()
    };
    // The reasons have an index of their own, made of the code.
    let index = &linked_from(INDEX) | &linked_from("docs/reference/reasons.md");
    let documentation =
        pages.iter().filter(|page| page.path.starts_with("docs/") && page.path != INDEX);
    let missing: Vec<&str> = documentation
        .map(|page| page.path.as_str())
        .filter(|path| !index.contains(Path::new(path)))
        .collect();
    assert!(missing.is_empty(), "{INDEX} has no link to {}", missing.join(", "));
    assert!(
        linked_from("README.md").contains(Path::new(INDEX)),
        "README.md has no link to {INDEX}"
    );
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
