//! What the paths of a command stand for: files, folders, and patterns that no shell has expanded.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::InputError;

/// How names of files end that hold manifests or documents.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// More files than this are a mistake, such as `/` for a folder.
const MOST_FILES: usize = 10_000;

/// The files that a path stands for, in order. `-` and what is not there stay as they are, so that
/// reading says what is wrong.
///
/// A folder stands for the files in it and below it whose names end in `.yaml`, `.yml` or `.json`;
/// names that begin with a dot are passed over. `*` and `?` stand for characters within a name, and
/// `**` for folders; a path that exists is itself.
///
/// # Errors
/// A folder that can't be read, and a folder or pattern that stands for no file or too many.
pub fn expand(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let text = path.to_string_lossy();
    if text == "-" {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    if path.is_dir() {
        walk(path, &mut files)?;
        if files.is_empty() {
            return Err(InputError::NothingInside(text.into_owned()));
        }
    } else if path.exists() || !is_pattern(&text) {
        files.push(path.to_owned());
    } else {
        let parts: Vec<Component<'_>> = path.components().collect();
        matching(PathBuf::new(), &parts, &mut files)?;
        if files.is_empty() {
            return Err(InputError::NoMatch(text.into_owned()));
        }
    }
    files.dedup();
    Ok(files)
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Names and whether they are folders, in order. A link is followed to a file and not to a folder:
/// it may lead back.
fn entries(folder: &Path) -> Result<Vec<(String, bool)>, InputError> {
    let read = || -> io::Result<Vec<(String, bool)>> {
        let mut found = Vec::new();
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push((name, entry.file_type()?.is_dir()));
        }
        found.sort();
        Ok(found)
    };
    read().map_err(|error| InputError::Io(folder.display().to_string(), error))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), InputError> {
    for (name, is_folder) in entries(folder)? {
        let path = folder.join(&name);
        if name.starts_with('.') {
        } else if is_folder {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|end| ENDINGS.iter().any(|known| end == *known))
            && path.is_file()
        {
            push(path, files)?;
        }
    }
    Ok(())
}

fn push(path: PathBuf, files: &mut Vec<PathBuf>) -> Result<(), InputError> {
    if files.len() == MOST_FILES {
        return Err(InputError::TooMany(MOST_FILES));
    }
    files.push(path);
    Ok(())
}

/// Everything below `base` that the rest of a pattern matches.
fn matching(
    base: PathBuf,
    rest: &[Component<'_>],
    files: &mut Vec<PathBuf>,
) -> Result<(), InputError> {
    let Some((part, rest)) = rest.split_first() else {
        return if base.is_dir() {
            walk(&base, files)
        } else if base.is_file() {
            push(base, files)
        } else {
            Ok(())
        };
    };
    let pattern = part.as_os_str().to_string_lossy();
    if !matches!(part, Component::Normal(_)) || !is_pattern(&pattern) {
        return matching(base.join(part), rest, files);
    }
    if !base.as_os_str().is_empty() && !base.is_dir() {
        return Ok(());
    }
    if pattern == "**" {
        matching(base.clone(), rest, files)?;
        for (name, is_folder) in entries(&base)? {
            if is_folder && !name.starts_with('.') {
                let again: Vec<Component<'_>> =
                    std::iter::once(*part).chain(rest.iter().copied()).collect();
                matching(base.join(name), &again, files)?;
            }
        }
        return Ok(());
    }
    for (name, _) in entries(&base)? {
        // Like a shell: a name that begins with a dot has to be asked for.
        if (pattern.starts_with('.') || !name.starts_with('.')) && fits(&pattern, &name) {
            matching(base.join(name), rest, files)?;
        }
    }
    Ok(())
}

/// Whether a name has the form of a pattern with `*` and `?`.
fn fits(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // Which beginnings of the name what was read of the pattern can stand for.
    let mut ends = vec![false; name.len() + 1];
    if let Some(first) = ends.first_mut() {
        *first = true;
    }
    for sign in pattern.chars() {
        let mut next = vec![false; ends.len()];
        let mut open = false;
        for (at, slot) in next.iter_mut().enumerate() {
            let before = at.checked_sub(1);
            let ended = |at: usize| ends.get(at).copied().unwrap_or(false);
            *slot = if sign == '*' {
                open |= ended(at);
                open
            } else {
                before.is_some_and(|at| {
                    ended(at) && (sign == '?' || name.get(at).is_some_and(|c| *c == sign))
                })
            };
        }
        ends = next;
    }
    ends.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    fn found(folder: &Path, pattern: &str) -> Vec<String> {
        let files = expand(&folder.join(pattern)).unwrap();
        let own = |path: &PathBuf| path.strip_prefix(folder).unwrap().display().to_string();
        files.iter().map(own).collect()
    }

    const FILES: [&str; 8] = [
        "a.yaml",
        "b.yml",
        "c.json",
        "notes.md",
        ".hidden/a.yaml",
        ".d.yaml",
        "team/b/role.yaml",
        "team/a.yaml",
    ];

    #[rstest]
    #[case::folder("", &["a.yaml", "b.yml", "c.json", "team/a.yaml", "team/b/role.yaml"])]
    #[case::file("notes.md", &["notes.md"])]
    #[case::names("*.y*ml", &["a.yaml", "b.yml"])]
    #[case::one_character("?.json", &["c.json"])]
    #[case::folders("*/*.yaml", &["team/a.yaml"])]
    #[case::any_depth("**/*.yaml", &["a.yaml", "team/a.yaml", "team/b/role.yaml"])]
    #[case::a_folder_that_matches("te*", &["team/a.yaml", "team/b/role.yaml"])]
    #[case::asked_for(".d*", &[".d.yaml"])]
    #[case::not_there("x.yaml", &["x.yaml"])]
    fn a_path_stands_for_these_files(#[case] pattern: &str, #[case] files: &[&str]) {
        assert_eq!(found(folder(&FILES).path(), pattern), files);
    }

    #[test]
    fn a_name_with_a_star_that_exists_is_itself() {
        let folder = folder(&["a*.yaml", "ab.yaml"]);
        assert_eq!(found(folder.path(), "a*.yaml"), ["a*.yaml"]);
    }

    #[test]
    fn standard_input_is_no_file() {
        assert_eq!(expand(Path::new("-")).unwrap(), [PathBuf::from("-")]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_to_files_and_never_around() {
        let folder = folder(&["a.yaml", "other.txt"]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a.yaml"), folder.path().join("b.yaml"))
            .unwrap();
        assert_eq!(found(folder.path(), ""), ["a.yaml", "b.yaml"]);
        assert_eq!(found(folder.path(), "**/*.yaml"), ["a.yaml", "b.yaml"]);
    }

    #[test]
    fn what_stands_for_nothing_is_said() {
        let folder = folder(&["notes.md"]);
        let said = |pattern: &str| expand(&folder.path().join(pattern)).unwrap_err().to_string();
        assert!(said("").ends_with("has no file that ends in .yaml, .yml or .json"));
        assert!(said("*.yaml").ends_with("*.yaml: no file has a name of this form"));
    }
}
