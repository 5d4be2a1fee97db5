//! Documents that people write, in JSON or in YAML: one value, and where each part of it stands.
//!
//! YAML is a superset of JSON, so the two are told apart by what works. Text that begins with `{`
//! or `[` is read as JSON; what fails there is read as YAML, because YAML has brackets too. When
//! both fail, the error is that of the format meant: JSON's, unless it already stumbles over the
//! first thing inside the brackets, as a key without quotes.

pub mod error;
pub mod json;
mod keys;
pub mod node;
pub mod place;
pub mod pointer;
#[cfg(test)]
pub(crate) mod tests;
pub mod yaml;

use self::error::{TextError, TextProblem};
use self::node::{Bounds, Node};
use self::place::Place;

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Format {
    Json,
    Yaml,
}

/// A text that was read.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    /// The value of the whole.
    pub node: Node,
    source: &'a str,
    format: Format,
}

impl<'a> Text<'a> {
    /// Reads one JSON value that fills the text.
    ///
    /// # Errors
    /// What [`json::parse`] says.
    pub fn json(text: &'a str, bounds: Bounds) -> Result<Self, TextError> {
        Ok(Self { node: json::parse(text, bounds)?, source: text, format: Format::Json })
    }

    /// Reads one value in JSON or YAML that fills the text.
    ///
    /// # Errors
    /// [`TextError`] for the first thing that can't be read, in the words of the format that was
    /// meant.
    pub fn read(text: &'a str, bounds: Bounds) -> Result<Self, TextError> {
        let yaml =
            || Ok(Self { node: yaml::parse(text, bounds)?, source: text, format: Format::Yaml });
        if !text.trim_start().starts_with(['{', '[']) {
            return yaml();
        }
        let error = match Self::json(text, bounds) {
            Ok(read) => return Ok(read),
            Err(error) => error,
        };
        match error.problem {
            // YAML would end here too; and it would make a space of a line break inside a string,
            // which makes another pattern.
            TextProblem::TooLong { .. }
            | TextProblem::TooDeep(_)
            | TextProblem::TooMany(_)
            | TextProblem::Duplicate(_)
            | TextProblem::EndsEarly
            | TextProblem::Control => Err(error),
            _ => yaml()
                .map_err(|other| if error.is_at_the_first_token(text) { other } else { error }),
        }
    }

    /// Where the values stand to which `pointers` point, in their order: for a member where its key
    /// begins. A pointer that leads nowhere stands where its last step is that leads somewhere.
    #[must_use]
    pub fn places<'p>(&self, pointers: impl IntoIterator<Item = &'p str>) -> Vec<Place> {
        let marks = match self.format {
            Format::Json => json::marks(self.source),
            Format::Yaml => yaml::marks(self.source),
        };
        let offsets =
            pointers.into_iter().map(|pointer| marks.offset(&self.node, pointer)).collect();
        Place::of_offsets(self.source, offsets)
    }
}
