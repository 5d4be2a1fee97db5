//! Whether one pattern matches all that another matches.
//!
//! Ours is run as an automaton over every text of theirs at once. A wildcard of theirs stands for
//! characters that occur nowhere in ours: they are the hardest to match, because a position that
//! takes them takes any character.

use std::collections::HashSet;

use crate::policy::pattern::Token;

/// Positions in our tokens that may have been reached.
type Positions = u128;

/// Longest pattern of ours that has a bit for each position, and most states of one answer.
const LONGEST: usize = 127;
const STATES: usize = 4_096;

/// `None` when the answer would cost too much.
pub(super) fn covers(ours: &[Token], theirs: &[Token]) -> Option<bool> {
    if ours.len() > LONGEST {
        return None;
    }
    let machine = Machine { tokens: ours, end: 1 << ours.len() };
    let mut open = vec![(0_usize, machine.closed(1))];
    let mut seen: HashSet<(usize, Positions)> = HashSet::new();
    while let Some((mut at, mut reached)) = open.pop() {
        // Texts that are matched whatever follows need no further look.
        loop {
            if reached == 0 {
                return Some(false);
            }
            match theirs.get(at) {
                None if reached & machine.end == 0 => return Some(false),
                None => break,
                Some(Token::Any) => {
                    if !seen.insert((at, reached)) {
                        break;
                    }
                    if seen.len() > STATES {
                        return None;
                    }
                    // One character more of it, or none.
                    open.push((at, machine.step(reached, &Letter::Other)));
                    at += 1;
                }
                Some(token) => {
                    let letter = match token {
                        Token::Char(c) => Letter::Char(*c),
                        Token::Variable(_) => Letter::Variable(token),
                        Token::One | Token::Any => Letter::Other,
                    };
                    reached = machine.step(reached, &letter);
                    at += 1;
                }
            }
        }
    }
    Some(true)
}

enum Letter<'a> {
    Char(char),
    /// A character that no token of ours names.
    Other,
    /// Whatever a variable stands for: matched by the same variable, and by `*`.
    Variable(&'a Token),
}

struct Machine<'a> {
    tokens: &'a [Token],
    end: Positions,
}

impl Machine<'_> {
    /// With what is reached for nothing: a `*` may stand for nothing.
    fn closed(&self, mut reached: Positions) -> Positions {
        for (at, token) in self.tokens.iter().enumerate() {
            if *token == Token::Any && reached & (1 << at) != 0 {
                reached |= 1 << (at + 1);
            }
        }
        reached
    }

    fn step(&self, reached: Positions, letter: &Letter<'_>) -> Positions {
        let mut next = 0;
        let mut left = reached & !self.end;
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            let takes = match (self.tokens.get(at), letter) {
                (Some(Token::Any), _) => {
                    next |= 1 << at;
                    continue;
                }
                (Some(Token::One), Letter::Char(_) | Letter::Other) => true,
                (Some(Token::Char(mine)), Letter::Char(theirs)) => mine == theirs,
                (Some(mine @ Token::Variable(_)), Letter::Variable(theirs)) => mine == *theirs,
                _ => false,
            };
            if takes {
                next |= 1 << (at + 1);
            }
        }
        self.after(next)
    }

    /// As [`Machine::closed`], for few positions.
    fn after(&self, mut reached: Positions) -> Positions {
        let mut left = reached & !self.end;
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            if self.tokens.get(at) == Some(&Token::Any) {
                let next: Positions = 1 << (at + 1);
                if reached & next == 0 {
                    reached |= next;
                    left |= next & !self.end;
                }
            }
        }
        reached
    }
}
