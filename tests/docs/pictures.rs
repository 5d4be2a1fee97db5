//! Pictures that are drawn by hand: each stands on a page, and can be read without being seen.

use crate::links::file_of;
use crate::page::{ROOT, pages};

#[test]
fn every_picture_stands_on_a_page_and_says_in_words_what_it_shows() {
    let folder = std::path::Path::new(ROOT).join("docs/pictures");
    let shown: Vec<_> = pages()
        .iter()
        .flat_map(|page| page.links().into_iter().map(|(_, target)| file_of(page, &target)))
        .collect();
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let place = path.strip_prefix(ROOT).unwrap_or(&path);
        assert!(shown.iter().any(|file| path.ends_with(file)), "{place:?} is on no page");
        seen += 1;
        if path.extension().is_none_or(|extension| extension != "svg") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for needed in ["viewBox=", "role=\"img\"", "<title", "<desc"] {
            assert!(text.contains(needed), "{place:?} has no {needed}");
        }
        let hidden = ["<script", "<image", "href=\"http", "@import"];
        assert!(!hidden.iter().any(|part| text.contains(part)), "{place:?} loads something");
    }
    assert!(seen > 0, "there is no picture");
}
