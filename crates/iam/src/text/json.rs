//! A JSON reader with bounds that keeps exactly what was written.
//!
//! `serde_json` is not used for policy documents for three reasons: it lets the last of two equal
//! keys win, it turns numbers into floats, and it cannot say where in the document an error is.
//! Here equal keys are refused, numbers keep their digits (rule Q43), and every error has a JSON
//! pointer (RFC 6901), line and column. Time is linear in the text.

#[cfg(test)]
mod tests;

use crate::text::keys::Keys;
use crate::text::node::{Bounds, DEEPEST, Node};
use crate::text::{
    error::{Failure, TextError, TextProblem},
    place::Marks,
};

/// Reads one JSON value that fills the whole text.
///
/// # Errors
/// [`TextError`] for the first thing that is not JSON (RFC 8259), for equal keys in one object, and
/// for text over `bounds`.
pub fn parse(text: &str, bounds: Bounds) -> Result<Node, TextError> {
    let depth = bounds.depth.min(DEEPEST);
    let mut reader = Reader { text, at: 0, depth, values: 0, most: bounds.values, marks: None };
    let result = if text.len() > bounds.bytes {
        Err(reader.fail(TextProblem::TooLong { found: text.len(), most: bounds.bytes }))
    } else {
        reader.document()
    };
    result.map_err(|failure| failure.in_text(text))
}

/// Where the values of a text begin that [`parse`] accepts.
pub(super) fn marks(text: &str) -> Marks {
    let marks = Some(Marks::default());
    let mut reader = Reader { text, at: 0, depth: DEEPEST, values: 0, most: usize::MAX, marks };
    // What comes before a failure is right all the same, and the caller has seen that there is
    // none.
    let _ = reader.document();
    reader.marks.unwrap_or_default()
}

/// Whether the whole text is a number of JSON.
pub(super) fn is_number(text: &str) -> bool {
    let mut reader = Reader { text, at: 0, depth: 0, values: 0, most: 1, marks: None };
    reader.number().is_ok() && reader.peek().is_none()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// So far.
    values: usize,
    /// More are too many.
    most: usize,
    marks: Option<Marks>,
}

impl<'a> Reader<'a> {
    fn fail(&self, problem: TextProblem) -> Failure {
        Failure::new(problem, self.at)
    }

    fn unexpected(&self, expected: &'static str) -> Failure {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => self.fail(TextProblem::Unexpected { found, expected }),
            None => self.fail(TextProblem::EndsEarly),
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
        let node = self.marked(self.at, 0)?;
        self.skip_space();
        if self.peek().is_some() { Err(self.fail(TextProblem::Trailing)) } else { Ok(node) }
    }

    /// A value whose place is `offset`.
    fn marked(&mut self, offset: usize, depth: usize) -> Result<Node, Failure> {
        self.values += 1;
        if self.values > self.most {
            return Err(self.fail(TextProblem::TooMany(self.most)));
        }
        let Some(marks) = &mut self.marks else { return self.value(depth) };
        let number = marks.open(offset);
        let node = self.value(depth)?;
        if let Some(marks) = &mut self.marks {
            marks.close(number);
        }
        Ok(node)
    }

    fn value(&mut self, depth: usize) -> Result<Node, Failure> {
        match self.peek() {
            Some(b'{' | b'[') if depth >= self.depth => {
                Err(self.fail(TextProblem::TooDeep(self.depth)))
            }
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
            let item =
                self.marked(self.at, depth).map_err(|failure| failure.inside_item(items.len()))?;
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
        let mut keys = Keys::default();
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
            if !keys.is_new(&members, &key) {
                return Err(
                    Failure::new(TextProblem::Duplicate(key.clone()), start).inside_key(&key)
                );
            }
            self.skip_space();
            if !self.take(b':') {
                return Err(self.unexpected("a colon").inside_key(&key));
            }
            self.skip_space();
            let value = match self.marked(start, depth) {
                Ok(value) => value,
                Err(failure) => return Err(failure.inside_key(&key)),
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
        // Most strings are one plain run: the first one is as long as it has to be, and nothing
        // grows.
        let mut out = self.plain().to_owned();
        loop {
            match self.peek() {
                None => return Err(self.fail(TextProblem::EndsEarly)),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push(self.escape()?);
                    out.push_str(self.plain());
                }
                Some(_) => return Err(self.fail(TextProblem::Control)),
            }
        }
    }

    /// What stands before the next character that is special in a string.
    fn plain(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest
            .bytes()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn escape(&mut self) -> Result<char, Failure> {
        let start = self.at;
        self.at += 1;
        let plain = match self.peek() {
            None => return Err(self.fail(TextProblem::EndsEarly)),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(same),
            Some(b'u') => {
                self.at += 1;
                let first = self.hex(start)?;
                let code =
                    if (0xd800..0xdc00).contains(&first) && self.take(b'\\') && self.take(b'u') {
                        let second = self.hex(start)?;
                        // A second half out of its range makes a code that `char` refuses, as does
                        // a lone first half.
                        if (0xdc00..0xe000).contains(&second) {
                            0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                        } else {
                            first
                        }
                    } else {
                        first
                    };
                return char::from_u32(code)
                    .ok_or_else(|| Failure::new(TextProblem::LoneSurrogate, start));
            }
            Some(_) => return Err(Failure::new(TextProblem::Escape, start)),
        };
        self.at += 1;
        Ok(plain)
    }

    fn hex(&mut self, start: usize) -> Result<u32, Failure> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(Failure::new(TextProblem::Escape, start));
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
