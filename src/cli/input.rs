//! Reading what the arguments of a command name: files, folders, patterns, and standard input as
//! `-`.

mod paths;

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Bytes of a policy document that are read at all. Without its white space it is bounded again,
/// and closer, by [`limits::given`](iam::limits::given).
pub const DOCUMENT: u64 = 16 * 1024 * 1024;
/// Bytes of a file of manifests.
pub const MANIFESTS: u64 = 32 * 1024 * 1024;

/// A text and the name by which messages call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file's path as it was typed, or `standard input`.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// Reads files, and standard input at most once.
pub struct Input<'a> {
    standard: Box<dyn Read + 'a>,
    taken: bool,
}

/// Why a file or standard input could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The system says no.
    #[error("{0} can't be read: {1}")]
    Io(String, io::Error),
    /// More bytes than the bound.
    #[error("{0} is longer than {1} bytes and is not read: shorten or split it")]
    TooLong(String, u64),
    /// Not UTF-8.
    #[error("{0} is not UTF-8 text: save it as UTF-8")]
    Encoding(String),
    /// `-` twice.
    #[error(
        "- stands for standard input, which can be read only once: put the other document into a \
         file"
    )]
    Twice,
    /// A folder without manifests or documents.
    #[error("{0}: the folder has no file that ends in .yaml, .yml or .json")]
    NothingInside(String),
    /// A pattern without a match.
    #[error("{0}: no file has a name of this form")]
    NoMatch(String),
    /// Far more than anybody means.
    #[error("more than {0} files: name a folder further down")]
    TooMany(usize),
    /// Several documents where one is meant.
    #[error("{0} stands for {1} files, and one document is read here: name it")]
    Several(String, usize),
}

impl Input<'static> {
    /// With the standard input of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(io::stdin())
    }
}

impl<'a> Input<'a> {
    /// With something else as standard input.
    pub fn new(standard: impl Read + 'a) -> Self {
        Self { standard: Box::new(standard), taken: false }
    }

    /// The texts of all that `paths` stand for, in order, each with what kept it from being read.
    pub fn read_all(&mut self, paths: &[PathBuf], bytes: u64) -> Vec<Result<Source, InputError>> {
        let mut read = Vec::new();
        for path in paths {
            match paths::expand(path) {
                Ok(files) => read.extend(files.iter().map(|file| self.read_file(file, bytes))),
                Err(error) => read.push(Err(error)),
            }
        }
        read
    }

    /// The files that paths stand for, in order.
    ///
    /// # Errors
    /// [`InputError`] of the first that stands for none.
    pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, InputError> {
        let all: Vec<Vec<PathBuf>> =
            paths.iter().map(|path| paths::expand(path)).collect::<Result<_, _>>()?;
        Ok(all.into_iter().flatten().collect())
    }

    /// The one text that `path` stands for, of at most `bytes`.
    ///
    /// # Errors
    /// [`InputError`]; it names the file.
    pub fn read(&mut self, path: &Path, bytes: u64) -> Result<Source, InputError> {
        match paths::expand(path)?.as_slice() {
            [file] => self.read_file(file, bytes),
            files => Err(InputError::Several(path.display().to_string(), files.len())),
        }
    }

    fn read_file(&mut self, path: &Path, bytes: u64) -> Result<Source, InputError> {
        let (name, read) = if path.as_os_str() == "-" {
            if std::mem::replace(&mut self.taken, true) {
                return Err(InputError::Twice);
            }
            ("standard input".to_owned(), bounded(&mut self.standard, bytes))
        } else {
            (path.display().to_string(), File::open(path).and_then(|file| bounded(file, bytes)))
        };
        let content = match read {
            Ok(content) => content,
            Err(error) => return Err(InputError::Io(name, error)),
        };
        if content.len() as u64 > bytes {
            return Err(InputError::TooLong(name, bytes));
        }
        match String::from_utf8(content) {
            // Editors of Windows begin a file with a byte order mark.
            Ok(text) => Ok(Source {
                text: text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text),
                name,
            }),
            Err(_) => Err(InputError::Encoding(name)),
        }
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("taken", &self.taken).finish_non_exhaustive()
    }
}

/// One byte more than allowed is enough to know that there is too much.
fn bounded(from: impl Read, bytes: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    from.take(bytes.saturating_add(1)).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    #[test]
    fn a_hyphen_is_standard_input_and_only_once() {
        let mut input = Input::new("text".as_bytes());
        let source = input.read(Path::new("-"), 10).unwrap();
        assert_eq!((source.name.as_str(), source.text.as_str()), ("standard input", "text"));
        assert!(matches!(input.read(Path::new("-"), 10), Err(InputError::Twice)));
    }

    #[test]
    fn a_text_of_the_bound_is_read_and_one_byte_more_is_not() {
        let read = |bytes| Input::new(io::empty()).read(file(b"12345").path(), bytes);
        assert_eq!(read(5).unwrap().text, "12345");
        assert!(matches!(read(4), Err(InputError::TooLong(_, 4))));
    }

    #[test]
    fn endless_input_ends_at_the_bound() {
        assert!(matches!(
            Input::new(io::repeat(b' ')).read(Path::new("-"), 100),
            Err(InputError::TooLong(..))
        ));
    }

    #[test]
    fn errors_name_the_file() {
        let error =
            Input::new(io::empty()).read(Path::new("/no/such.json"), 9).unwrap_err().to_string();
        assert!(error.starts_with("/no/such.json can't be read: No such file"), "{error}");
        let file = file(&[0xff]);
        let error = Input::new(io::empty()).read(file.path(), 9).unwrap_err().to_string();
        assert!(
            error.contains(&file.path().display().to_string()) && error.contains("UTF-8"),
            "{error}"
        );
    }

    #[test]
    fn one_document_is_read_of_a_folder_with_one_and_of_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let read = || Input::new(io::empty()).read(folder.path(), 9);
        std::fs::write(folder.path().join("a.json"), "{}").unwrap();
        assert_eq!(read().unwrap().text, "{}");
        std::fs::write(folder.path().join("b.json"), "[]").unwrap();
        assert!(read().unwrap_err().to_string().contains("stands for 2 files"));
        let paths = [folder.path().to_owned(), "no/such".into()];
        let all = Input::new(io::empty()).read_all(&paths, 9);
        assert!(all[0].is_ok() && all[1].is_ok() && all[2].is_err(), "{all:?}");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let source = Input::new(io::empty()).read(file("\u{feff}{}".as_bytes()).path(), 9).unwrap();
        assert_eq!(source.text, "{}");
    }
}
