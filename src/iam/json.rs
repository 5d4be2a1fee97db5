//! A JSON reader with bounds that keeps exactly what was written.
//!
//! `serde_json` is not used for policy documents for three reasons: it lets the last of two equal keys win, it turns
//! numbers into floats, and it cannot say where in the document an error is. Here equal keys are refused, numbers keep
//! their digits (rule Q43), and every error has a JSON pointer (RFC 6901), line and column. Time is linear in the text.

mod node;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;

use crate::iam::quote::shown;

/// Recursion stops here even when a caller asks for more: the stack of a thread is what it protects.
const DEEPEST: usize = 128;

/// How much a reader accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest text, in bytes.
    pub bytes: usize,
    /// Most objects and lists inside each other; more than 128 is taken as 128.
    pub depth: usize,
}

/// One JSON value. Objects keep the order of their keys; a number keeps its digits.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written, such as `1.0` or `12345678901234567890`.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// A list.
    Array(Vec<Node>),
    /// An object; no key occurs twice when it comes from [`parse`].
    Object(Vec<(String, Node)>),
}

/// Why a text is not accepted, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}{}: {problem}", at(.pointer))]
pub struct JsonError {
    /// JSON pointer of the value that was being read; empty for the whole text.
    pub pointer: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: JsonProblem,
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(", at {pointer}") }
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonProblem {
    /// More bytes than [`Bounds::bytes`].
    #[error("the text has {found} bytes, and {most} are allowed; shorten it")]
    TooLong {
        /// Bytes of the text.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// More nesting than [`Bounds::depth`].
    #[error("objects and lists are nested more than {0} deep; flatten the document")]
    TooDeep(usize),
    /// The text stops inside a value.
    #[error("the JSON ends too early; close what is open")]
    EndsEarly,
    /// A character that cannot stand here.
    #[error("{found:?} cannot stand here; write {expected}")]
    Unexpected {
        /// The character found.
        found: char,
        /// What may stand here.
        expected: &'static str,
    },
    /// Something follows the value.
    #[error("text follows the end of the document; remove it")]
    Trailing,
    /// A key occurs twice in one object.
    #[error("the key {} stands twice in one object; keep one of them", shown(.0))]
    Duplicate(String),
    /// A `\u` escape of half a surrogate pair.
    #[error("a \\u escape names half of a surrogate pair; write the whole character")]
    LoneSurrogate,
    /// An escape that JSON does not know.
    #[error("a string holds an unknown escape; JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX")]
    Escape,
    /// A raw control character in a string.
    #[error("a string holds a raw control character; write it as an escape")]
    Control,
}

/// Reads one JSON value that fills the whole text.
///
/// # Errors
/// [`JsonError`] for the first thing that is not JSON (RFC 8259), for equal keys in one object, and for text over `bounds`.
pub fn parse(text: &str, bounds: Bounds) -> Result<Node, JsonError> {
    let mut reader = Reader { text, at: 0, depth: bounds.depth.min(DEEPEST) };
    let result = if text.len() > bounds.bytes {
        Err(reader.fail(JsonProblem::TooLong { found: text.len(), most: bounds.bytes }))
    } else {
        reader.document()
    };
    result.map_err(|mut failure| {
        failure.path.reverse();
        let before = text.get(..failure.offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        JsonError {
            pointer: failure.path.concat(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            problem: failure.problem,
        }
    })
}

/// `pointer` with one more step: `~` and `/` in `key` are escaped as RFC 6901 says.
#[must_use]
pub fn child(pointer: &str, key: impl fmt::Display) -> String {
    format!("{pointer}/{}", key.to_string().replace('~', "~0").replace('/', "~1"))
}

struct Failure {
    problem: JsonProblem,
    offset: usize,
    /// Steps of the pointer, innermost first: collected while the error travels out, so success pays nothing.
    path: Vec<String>,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn fail(&self, problem: JsonProblem) -> Failure {
        Failure { problem, offset: self.at, path: Vec::new() }
    }

    fn unexpected(&self, expected: &'static str) -> Failure {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => self.fail(JsonProblem::Unexpected { found, expected }),
            None => self.fail(JsonProblem::EndsEarly),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn document(&mut self) -> Result<Node, Failure> {
        self.skip_space();
        let node = self.value(0)?;
        self.skip_space();
        if self.peek().is_some() { Err(self.fail(JsonProblem::Trailing)) } else { Ok(node) }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Failure> {
        match self.peek() {
            Some(b'{' | b'[') if depth >= self.depth => Err(self.fail(JsonProblem::TooDeep(self.depth))),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string().map(Node::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            _ => Err(self.unexpected("a JSON value")),
        }
    }

    fn word(&mut self, word: &str, node: Node) -> Result<Node, Failure> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            Ok(node)
        } else {
            Err(self.unexpected("a JSON value"))
        }
    }

    fn array(&mut self, depth: usize) -> Result<Node, Failure> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Node::Array(items));
        }
        loop {
            self.skip_space();
            let item = self.value(depth).map_err(|failure| failure.inside(items.len()))?;
            items.push(item);
            self.skip_space();
            if self.take(b']') {
                return Ok(Node::Array(items));
            }
            if !self.take(b',') {
                return Err(self.unexpected("a comma or the end of the list"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node, Failure> {
        self.at += 1;
        let mut members = Vec::new();
        let mut seen = HashSet::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Node::Object(members));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let start = self.at;
            let key = self.string()?;
            if !seen.insert(key.clone()) {
                self.at = start;
                return Err(self.fail(JsonProblem::Duplicate(key.clone())).inside(key));
            }
            self.skip_space();
            if !self.take(b':') {
                return Err(self.unexpected("a colon").inside(key));
            }
            self.skip_space();
            let value = match self.value(depth) {
                Ok(value) => value,
                Err(failure) => return Err(failure.inside(key)),
            };
            members.push((key, value));
            self.skip_space();
            if self.take(b'}') {
                return Ok(Node::Object(members));
            }
            if !self.take(b',') {
                return Err(self.unexpected("a comma or the end of the object"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Failure> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            out.push_str(self.text.get(start..self.at).unwrap_or_default());
            match self.peek() {
                None => return Err(self.fail(JsonProblem::EndsEarly)),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.fail(JsonProblem::Control)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Failure> {
        let start = self.at;
        self.at += 1;
        let plain = match self.peek() {
            None => return Err(self.fail(JsonProblem::EndsEarly)),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(same),
            Some(b'u') => {
                self.at += 1;
                let first = self.hex(start)?;
                let code = if (0xd800..0xdc00).contains(&first) && self.take(b'\\') && self.take(b'u') {
                    let second = self.hex(start)?;
                    // A second half out of its range makes a code that `char` refuses, as does a lone first half.
                    if (0xdc00..0xe000).contains(&second) {
                        0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    } else {
                        first
                    }
                } else {
                    first
                };
                return char::from_u32(code).ok_or(Failure {
                    problem: JsonProblem::LoneSurrogate,
                    offset: start,
                    path: Vec::new(),
                });
            }
            Some(_) => return Err(self.fail(JsonProblem::Escape)),
        };
        self.at += 1;
        Ok(plain)
    }

    fn hex(&mut self, start: usize) -> Result<u32, Failure> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(Failure { problem: JsonProblem::Escape, offset: start, path: Vec::new() });
        };
        self.at += 4;
        Ok(code)
    }

    fn digits(&mut self) -> Result<(), Failure> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected("a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Node, Failure> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Node::Number(self.text.get(start..self.at).unwrap_or_default().to_owned()))
    }
}

impl Failure {
    fn inside(mut self, step: impl fmt::Display) -> Self {
        self.path.push(child("", step));
        self
    }
}
