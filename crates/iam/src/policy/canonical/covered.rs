//! Leaving out actions that another one covers, with all else equal (Q17).

use std::cell::OnceCell;

use crate::policy::pattern::{Marks, Pattern, Syntax, begun, is_action};
use crate::policy::work::Work;

use crate::policy::canonical::{Caseless, Listed};

/// The actions of a document, made ready to be held against one another.
pub(super) struct Actions<'a> {
    shapes: Vec<Shape<'a>>,
    has_wide: bool,
}

/// One action.
struct Shape<'a> {
    /// `None` for a `NotAction`, which nothing covers.
    text: Option<&'a str>,
    /// What stands before the first wildcard; all of it without one. In lower case.
    beginning: String,
    /// What it covers; `None` for an action without a wildcard, and for one that matches nothing.
    wide: Option<Wide>,
    pattern: OnceCell<(Pattern, Marks)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wide {
    /// A single `*` ends the action: all that begins alike.
    Beginning,
    Pattern,
}

impl<'a> Shape<'a> {
    fn new(action: &'a Listed<Caseless<'_>>) -> Self {
        let text = match action {
            Listed::One(text) => Some(text.0.as_ref()),
            Listed::Except(_) => None,
        };
        let whole = text.unwrap_or_default();
        let first = whole.find(['*', '?']);
        let (before, rest) =
            whole.split_at_checked(first.unwrap_or(whole.len())).unwrap_or_default();
        let wide = if rest == "*" { Wide::Beginning } else { Wide::Pattern };
        let is_wide = first.is_some() && (whole == "*" || is_action(whole));
        Self {
            text,
            beginning: before.to_ascii_lowercase(),
            wide: is_wide.then_some(wide),
            pattern: OnceCell::new(),
        }
    }

    fn pattern(&self, work: &Work) -> &(Pattern, Marks) {
        self.pattern.get_or_init(|| {
            let text = self.text.unwrap_or_default();
            work.spend(text.len());
            let pattern = Pattern::new(text, Syntax::ACTION);
            let marks = Marks::of(pattern.tokens());
            (pattern, marks)
        })
    }

    /// Whether this one matches all that `other` does, which begins as this one does.
    fn covers(&self, other: &Self, work: &Work) -> bool {
        work.spend(1)
            && match self.wide {
                None => false,
                Some(Wide::Beginning) => true,
                Some(Wide::Pattern) => {
                    let (wide, marks) = self.pattern(work);
                    let (narrow, others) = other.pattern(work);
                    marks.may_cover(others) && wide.covers_within(narrow, work)
                }
            }
    }
}

impl<'a> Actions<'a> {
    pub(super) fn new(actions: &'a [Listed<Caseless<'_>>]) -> Self {
        let shapes: Vec<Shape<'_>> = actions.iter().map(Shape::new).collect();
        let has_wide = shapes.iter().any(|shape| shape.wide.is_some());
        Self { shapes, has_wide }
    }

    /// Those of a list, which is sorted, that no other of it covers.
    pub(super) fn uncovered(&self, mut list: Vec<u32>, work: &Work) -> Vec<u32> {
        if !self.has_wide {
            return list;
        }
        let shapes: Vec<(u32, &Shape<'_>)> = list
            .iter()
            .filter_map(|action| Some((*action, self.shapes.get(usize::try_from(*action).ok()?)?)))
            .collect();
        // What ends in a single `*` first: it answers at once. The order stays among those that
        // begin alike.
        let wide = |kind| {
            let wide = shapes.iter().filter(move |(_, shape)| shape.wide == Some(kind));
            wide.map(|item| (item.1.beginning.as_str(), *item))
        };
        let wide = wide(Wide::Beginning).chain(wide(Wide::Pattern)).collect();
        let narrow = shapes.iter().filter(|(_, shape)| shape.text.is_some());
        let narrow = narrow.map(|item| (item.1.beginning.as_str(), *item)).collect();
        let mut covered: Vec<u32> = Vec::new();
        begun(wide, narrow, |(action, shape): (u32, &Shape<'_>), open| {
            let covers = |(_, (other, wide)): &(&str, (u32, &Shape<'_>))| {
                *other != action && wide.covers(shape, work)
            };
            if !work.is_over() && open.iter().any(covers) {
                covered.push(action);
            }
        });
        covered.sort_unstable();
        list.retain(|action| covered.binary_search(action).is_err());
        list
    }
}
