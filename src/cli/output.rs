//! How a command answers: standard output, standard error and exit code in one value, so that a
//! test sees all of it.

use std::{
    ffi::OsStr,
    io::{self, IsTerminal, Write},
};

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::value::RawValue;

use iam::text::node::Node;

/// Form of what a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// The flag `-o`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct OutputArgs {
    /// Output format: text or json
    #[arg(
        short = 'o',
        long = "output",
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub format: Format,
}

/// Everything that a command says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Standard output.
    pub text: String,
    /// Lines for standard error.
    pub notes: Vec<String>,
    /// The exit code.
    pub code: u8,
}

impl Answer {
    /// An answer on standard output alone.
    #[must_use]
    pub fn new(text: String, code: u8) -> Self {
        Self { text, notes: Vec::new(), code }
    }

    /// No answer, because the input is unusable: exit code 2.
    #[must_use]
    pub fn refused(notes: Vec<String>) -> Self {
        Self { text: String::new(), notes, code: 2 }
    }

    /// Indented JSON.
    ///
    /// # Errors
    /// When the value is none that JSON can say.
    pub fn json<T: Serialize>(value: &T, code: u8) -> serde_json::Result<Self> {
        Ok(Self::new(serde_json::to_string_pretty(value)? + "\n", code))
    }

    /// Prints it. The result is the exit code.
    ///
    /// # Errors
    /// When an output can't be written; a reader that went away, such as `head`, is no error.
    pub fn print(&self) -> io::Result<u8> {
        write(io::stdout().lock(), &self.text)?;
        if !self.notes.is_empty() {
            write(io::stderr().lock(), &(self.notes.join("\n") + "\n"))?;
        }
        Ok(self.code)
    }
}

/// Writes all of a text.
///
/// # Errors
/// When that fails, other than because the reader went away.
fn write(mut out: impl Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// What a coloured word means to its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Green.
    Good,
    /// Yellow.
    Careful,
    /// Red.
    Bad,
}

/// Whether words are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    colours: bool,
}

impl Paint {
    /// No colours.
    #[cfg(test)]
    pub const PLAIN: Self = Self { colours: false };

    /// Colours on a terminal that shows them, unless `NO_COLOR` holds something (no-color.org).
    #[must_use]
    pub fn of_process() -> Self {
        let variable = |name| std::env::var_os(name);
        Self::new(
            io::stdout().is_terminal(),
            variable("NO_COLOR").as_deref(),
            variable("TERM").as_deref(),
        )
    }

    fn new(terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> Self {
        let refused = no_color.is_some_and(|value| !value.is_empty())
            || term.is_some_and(|value| value == "dumb");
        Self { colours: terminal && !refused }
    }

    /// The word, coloured if colours are on.
    #[must_use]
    pub fn word(self, word: &str, tone: Tone) -> String {
        if !self.colours {
            return word.to_owned();
        }
        let code = match tone {
            Tone::Good => 32,
            Tone::Careful => 33,
            Tone::Bad => 31,
        };
        format!("\u{1b}[1;{code}m{word}\u{1b}[0m")
    }
}

/// A JSON value that serde prints with its keys in their order and its numbers with their digits.
#[derive(Clone, Copy, Debug)]
pub struct Ordered<'a>(pub &'a Node);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Node::Null => serializer.serialize_unit(),
            Node::Bool(value) => serializer.serialize_bool(*value),
            Node::Number(digits) => {
                let number = RawValue::from_string(digits.clone())
                    .map_err(<S::Error as serde::ser::Error>::custom)?;
                number.serialize(serializer)
            }
            Node::String(text) => serializer.serialize_str(text),
            Node::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Ordered(item))?;
                }
                list.end()
            }
            Node::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, &Ordered(value))?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use iam::{limits, text::json};

    #[test]
    fn keys_keep_their_order_and_numbers_their_digits() {
        let text = r#"{"b":[1.50,12345678901234567890,null,true],"a":{"d":"x","c":{}}}"#;
        let node = json::parse(text, limits::DOCUMENT).unwrap();
        assert_eq!(serde_json::to_string(&Ordered(&node)).unwrap(), text);
    }

    #[test]
    fn words_are_coloured_only_when_colours_are_on() {
        assert_eq!(Paint::PLAIN.word("Allowed", Tone::Good), "Allowed");
        assert_eq!(
            Paint { colours: true }.word("Allowed", Tone::Good),
            "\u{1b}[1;32mAllowed\u{1b}[0m"
        );
    }

    #[rstest]
    #[case(true, None, None, true)]
    #[case(true, Some(""), Some("xterm"), true)]
    #[case(false, None, Some("xterm"), false)]
    #[case(true, Some("1"), Some("xterm"), false)]
    #[case(true, None, Some("dumb"), false)]
    fn colours_are_for_a_terminal_that_wants_them(
        #[case] terminal: bool,
        #[case] no_color: Option<&str>,
        #[case] term: Option<&str>,
        #[case] colours: bool,
    ) {
        assert_eq!(
            Paint::new(terminal, no_color.map(OsStr::new), term.map(OsStr::new)),
            Paint { colours }
        );
    }
}
