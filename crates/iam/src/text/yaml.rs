//! A YAML reader with bounds, for documents that people write by hand. It makes the same [`Node`]
//! as [`json`](crate::text::json).
//!
//! It is strict where YAML guesses. A plain `true`, `false` or `null` is what the core schema of
//! YAML 1.2 says; a plain number that is one in JSON too keeps its digits; everything else is text:
//! `yes`, `on`, `2012-10-17`, `0x1f`, and the account id `012345678901`. Equal keys are refused, as
//! are anchors, aliases, merge keys, tags, directives and second documents: in a policy document
//! they hide what it says. Other YAML of this crate (manifests) is read by [`crate::yaml`], as the
//! API server does.

#[cfg(test)]
mod tests;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StrInput, options};

use crate::text::json;
use crate::text::keys::Keys;
use crate::text::node::{Bounds, DEEPEST, Node};
use crate::text::{
    error::{Failure, TextError, TextProblem},
    place::Marks,
};

/// Reads one YAML document that is the whole text.
///
/// # Errors
/// [`TextError`] for the first thing that is not YAML, for what the module comment says is refused,
/// and for text over `bounds`.
pub fn parse(text: &str, bounds: Bounds) -> Result<Node, TextError> {
    let result = if text.len() > bounds.bytes {
        Err(Failure::new(TextProblem::TooLong { found: text.len(), most: bounds.bytes }, 0))
    } else {
        Reader::new(text, bounds, None).document()
    };
    result.map_err(|failure| failure.in_text(text))
}

/// Where the values of a text begin that [`parse`] accepts.
pub(super) fn marks(text: &str) -> Marks {
    let bounds = Bounds { bytes: text.len(), depth: DEEPEST, values: usize::MAX };
    let mut reader = Reader::new(text, bounds, Some(Marks::default()));
    // What comes before a failure is right all the same, and the caller has seen that there is
    // none.
    let _ = reader.document();
    reader.marks.unwrap_or_default()
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    depth: usize,
    /// So far.
    values: usize,
    /// More are too many.
    most: usize,
    end: usize,
    marks: Option<Marks>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, bounds: Bounds, marks: Option<Marks>) -> Self {
        let depth = bounds.depth.min(DEEPEST);
        let options = options! {
            disallow_directives: true,
            emit_unresolved_aliases: true,
            emit_comments: false,
            // One more than allowed, so that it is this reader that says so.
            flow_nesting_limit: depth + 1,
            block_nesting_limit: depth + 1,
        };
        Self {
            events: Parser::new_from_str_with_options(text, options),
            depth,
            values: 0,
            most: bounds.values,
            end: text.len(),
            marks,
        }
    }

    /// The next event and where it begins, in bytes.
    fn next(&mut self) -> Result<(Event<'a>, usize), Failure> {
        match self.events.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.byte_offset().unwrap_or_default())),
            Some(Err(error)) => Err(self.refused(&error)),
            None => Ok((Event::StreamEnd, self.end)),
        }
    }

    fn refused(&self, error: &ScanError) -> Failure {
        let problem = match error.kind() {
            ErrorKind::RecursionLimitExceeded => TextProblem::TooDeep(self.depth),
            ErrorKind::DirectiveDisallowed => TextProblem::Directive,
            ErrorKind::MissingAnchorOrAliasName => TextProblem::Alias,
            ErrorKind::UndeclaredTagHandle => TextProblem::Tag,
            other => TextProblem::Yaml(other.to_string()),
        };
        Failure::new(problem, error.marker().byte_offset().unwrap_or(self.end))
    }

    fn document(&mut self) -> Result<Node, Failure> {
        loop {
            match self.next()? {
                (Event::StreamStart, _) => {}
                (Event::StreamEnd, offset) => return Err(Failure::new(TextProblem::Empty, offset)),
                _ => break, // DocumentStart
            }
        }
        let (event, offset) = self.next()?;
        let node = self.marked(event, offset, offset, 0)?;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(node),
                (Event::DocumentStart(..), offset) => {
                    return Err(Failure::new(TextProblem::Several, offset));
                }
                _ => {} // DocumentEnd
            }
        }
    }

    /// The value that begins with `event` and whose place is `place`.
    fn marked(
        &mut self,
        event: Event<'a>,
        offset: usize,
        place: usize,
        depth: usize,
    ) -> Result<Node, Failure> {
        self.values += 1;
        if self.values > self.most {
            return Err(Failure::new(TextProblem::TooMany(self.most), offset));
        }
        let Some(marks) = &mut self.marks else { return self.value(event, offset, depth) };
        let number = marks.open(place);
        let node = self.value(event, offset, depth)?;
        if let Some(marks) = &mut self.marks {
            marks.close(number);
        }
        Ok(node)
    }

    fn value(&mut self, event: Event<'a>, offset: usize, depth: usize) -> Result<Node, Failure> {
        plain(&event, offset)?;
        match event {
            Event::Scalar(text, style, ..) => Ok(scalar(text.into_owned(), style)),
            Event::SequenceStart(..) | Event::MappingStart(..) if depth >= self.depth => {
                Err(Failure::new(TextProblem::TooDeep(self.depth), offset))
            }
            Event::SequenceStart(..) => self.array(depth + 1),
            Event::MappingStart(..) => self.object(depth + 1),
            _ => Err(Failure::new(TextProblem::Yaml("a value is missing".into()), offset)),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Node, Failure> {
        let mut items = Vec::new();
        loop {
            let (event, offset) =
                self.next().map_err(|failure| failure.inside_item(items.len()))?;
            if event == Event::SequenceEnd {
                return Ok(Node::Array(items));
            }
            let item = self
                .marked(event, offset, offset, depth)
                .map_err(|failure| failure.inside_item(items.len()))?;
            items.push(item);
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node, Failure> {
        let mut members = Vec::new();
        let mut keys = Keys::default();
        loop {
            let (event, start) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Node::Object(members));
            }
            plain(&event, start)?;
            let Event::Scalar(key, style, ..) = event else {
                return Err(Failure::new(TextProblem::Key, start));
            };
            if style == ScalarStyle::Plain && key == "<<" {
                return Err(Failure::new(TextProblem::MergeKey, start));
            }
            let key = key.into_owned();
            if !keys.is_new(&members, &key) {
                return Err(
                    Failure::new(TextProblem::Duplicate(key.clone()), start).inside_key(&key)
                );
            }
            let value = match self
                .next()
                .and_then(|(event, offset)| self.marked(event, offset, start, depth))
            {
                Ok(value) => value,
                Err(failure) => return Err(failure.inside_key(&key)),
            };
            members.push((key, value));
        }
    }
}

/// Refuses what makes a node more than it shows.
fn plain(event: &Event<'_>, offset: usize) -> Result<(), Failure> {
    let problem = if event.tag().is_some() {
        TextProblem::Tag
    } else if event.anchor_id().is_some()
        || event.is_alias()
        || matches!(event, Event::UnresolvedAlias(_))
    {
        TextProblem::Alias
    } else {
        return Ok(());
    };
    Err(Failure::new(problem, offset))
}

fn scalar(text: String, style: ScalarStyle) -> Node {
    if style != ScalarStyle::Plain {
        return Node::String(text);
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Node::Null,
        "true" | "True" | "TRUE" => Node::Bool(true),
        "false" | "False" | "FALSE" => Node::Bool(false),
        _ if json::is_number(&text) => Node::Number(text),
        _ => Node::String(text),
    }
}
