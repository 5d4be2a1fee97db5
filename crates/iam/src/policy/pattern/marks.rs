//! What tells most pairs of patterns apart at once.

use crate::policy::pattern::Token;

/// Which characters stand in a pattern, and which stand side by side, each as one bit of 64; and
/// how many it takes at least.
///
/// A character of a pattern is matched by itself only where a text has it, and texts of another
/// pattern have it for certain only where that one names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::policy) struct Marks {
    characters: u64,
    pairs: u64,
    least: usize,
}

impl Marks {
    pub(in crate::policy) fn of(tokens: &[Token]) -> Self {
        let mut marks = Self::default();
        let mut before = None;
        for token in tokens {
            let character = if let Token::Char(c) = token { Some(u32::from(*c)) } else { None };
            marks.least += usize::from(*token != Token::Any);
            if let Some(character) = character {
                marks.characters |= 1_u64 << (character % 64);
                if let Some(before) = before {
                    marks.pairs |= 1_u64 << ((character.wrapping_mul(31) ^ before) % 64);
                }
            }
            before = character;
        }
        marks
    }

    /// False when the first pattern certainly does not match all that the other does.
    pub(in crate::policy) const fn may_cover(&self, other: &Self) -> bool {
        self.characters & !other.characters == 0
            && self.pairs & !other.pairs == 0
            && self.least <= other.least
    }
}
