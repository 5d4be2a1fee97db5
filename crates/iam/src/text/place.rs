//! Where the parts of a text stand. Reading does not note it: it is found by reading a second time,
//! when there is a problem.

use std::fmt;

use crate::text::{node::Node, pointer::steps};

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1; only a line feed ends one.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Place {
    pub(super) fn of_offset(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before.get(line..).unwrap_or_default().chars().count() + 1,
        }
    }

    /// The places of several offsets, in one walk over the text.
    pub(super) fn of_offsets(text: &str, offsets: Vec<usize>) -> Vec<Self> {
        let mut order: Vec<_> = offsets.into_iter().enumerate().collect();
        order.sort_unstable_by_key(|(_, offset)| *offset);
        let (mut at, mut place) = (0, Self { line: 1, column: 1 });
        let mut found: Vec<_> = order
            .into_iter()
            .map(|(index, offset)| {
                let here =
                    Self::of_offset(text.get(at..).unwrap_or_default(), offset.saturating_sub(at));
                place = Self {
                    line: place.line + here.line - 1,
                    column: if here.line == 1 {
                        place.column + here.column - 1
                    } else {
                        here.column
                    },
                };
                at = offset.max(at);
                (index, place)
            })
            .collect();
        found.sort_unstable_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, place)| place).collect()
    }
}

/// Where the values of a document begin, parents before their children: a tree without pointers.
#[derive(Debug, Default)]
pub(crate) struct Marks(Vec<Mark>);

#[derive(Debug)]
struct Mark {
    /// In bytes; for a member that of its key. Texts are bounded far below 4 GiB.
    offset: u32,
    /// Marks of this value and all inside it.
    size: u32,
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Marks {
    /// A value begins; its number is needed to end it.
    pub(crate) fn open(&mut self, offset: usize) -> usize {
        self.0.push(Mark { offset: narrow(offset), size: 1 });
        self.0.len() - 1
    }

    pub(crate) fn close(&mut self, number: usize) {
        let size = narrow(self.0.len() - number);
        if let Some(mark) = self.0.get_mut(number) {
            mark.size = size;
        }
    }

    /// Where the value begins to which `pointer` points, or the last one on the way that exists.
    pub(super) fn offset(&self, root: &Node, pointer: &str) -> usize {
        let (mut node, mut number) = (root, 0);
        for step in steps(pointer) {
            let (index, inside) = match node {
                Node::Array(items) => {
                    let Some((index, item)) =
                        step.parse().ok().and_then(|index| Some((index, items.get(index)?)))
                    else {
                        break;
                    };
                    (index, item)
                }
                Node::Object(members) => {
                    let Some((index, (_, value))) =
                        members.iter().enumerate().find(|(_, (key, _))| *key == step)
                    else {
                        break;
                    };
                    (index, value)
                }
                _ => break,
            };
            number = (0..index).fold(number + 1, |number, _| {
                number + self.0.get(number).map_or(1, |mark| mark.size as usize)
            });
            node = inside;
        }
        self.0.get(number).map_or(0, |mark| mark.offset as usize)
    }
}
