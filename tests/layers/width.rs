//! Lines of at most 100 characters. A raw string is data: it may be longer.

use std::path::Path;

use crate::source::sources;

const WIDTH: usize = 100;

/// The lines below `folder` that are too long, as `file:line`.
pub fn long(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources(folder) {
        let mut raw = false;
        for (index, line) in text.lines().enumerate() {
            let data = raw || line.contains("r#\"") || line.contains("r\"");
            // Raw strings of this code base open and close with one `#`.
            for mark in line.match_indices('#').map(|(at, _)| at) {
                let (before, after) = (&line[..mark], &line[mark + 1..]);
                raw = if raw {
                    !before.ends_with('"')
                } else {
                    before.ends_with('r') && after.starts_with('"')
                };
            }
            if !data && line.chars().count() > WIDTH {
                found.push(format!("{}/{path}:{}", folder.display(), index + 1));
            }
        }
    }
    found
}
