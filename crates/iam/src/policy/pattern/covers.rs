//! Whether one pattern matches all that another matches.
//!
//! Ours is run as an automaton over every text of theirs at once. A wildcard of theirs stands for
//! characters that occur nowhere in ours: they are the hardest to match, because a position that
//! takes them takes any character.
//!
//! Behind a `*` that was reached, all that stands before it counts no more: what those positions
//! match, the `*` matches too. So few positions are open at a time, and patterns without `?` take
//! one step for each character of theirs.

use std::collections::HashSet;

use crate::policy::pattern::{Token, takes_in_turn};
use crate::policy::work::Work;

/// Positions in our tokens that may have been reached.
type Positions = u128;

/// Longest pattern of ours that has a bit for each position, and most states of one answer.
const LONGEST: usize = 127;
const STATES: usize = 4_096;

/// `None` when the answer would cost too much.
pub(super) fn covers(ours: &[Token], theirs: &[Token], work: &Work) -> Option<bool> {
    let Some((ours, theirs)) = trimmed(ours, theirs, work) else { return Some(false) };
    if ours == [Token::Any] {
        return Some(true);
    }
    if ours.len() > LONGEST {
        return None;
    }
    let machine = Machine::new(ours);
    let mut open = vec![(0_usize, machine.closed(1))];
    let mut seen: HashSet<(usize, Positions)> = HashSet::new();
    while let Some((mut at, mut reached)) = open.pop() {
        // Texts that are matched whatever follows need no further look.
        while reached & machine.all == 0 {
            if reached == 0 {
                return Some(false);
            }
            if !work.spend(1) {
                return None;
            }
            match theirs.get(at) {
                None if reached & machine.end == 0 => return Some(false),
                None => break,
                Some(Token::Any) => {
                    for hardest in machine.while_any(reached, work) {
                        if seen.insert((at, hardest)) {
                            open.push((at + 1, hardest));
                        }
                    }
                    if seen.len() > STATES {
                        return None;
                    }
                    break;
                }
                Some(token) => {
                    let letter = match token {
                        Token::Char(c) => Letter::Char(*c),
                        Token::Variable(_) => Letter::Variable(token),
                        Token::One | Token::Any => Letter::Other,
                    };
                    reached = machine.step(reached, &letter, work);
                    at += 1;
                }
            }
        }
    }
    Some(true)
}

/// Both without what they begin and end with alike; `None` when ours begins or ends with what
/// theirs does not.
fn trimmed<'a>(
    mut ours: &'a [Token],
    mut theirs: &'a [Token],
    work: &Work,
) -> Option<(&'a [Token], &'a [Token])> {
    let before = ours.len();
    let is_fixed = |token: &Token| matches!(token, Token::Char(_) | Token::Variable(_));
    while let Some((mine, rest)) = ours.split_first().filter(|(mine, _)| is_fixed(mine)) {
        let (their, others) = theirs.split_first()?;
        if mine != their {
            return None;
        }
        (ours, theirs) = (rest, others);
    }
    while let Some((mine, rest)) = ours.split_last().filter(|(mine, _)| is_fixed(mine)) {
        let (their, others) = theirs.split_last()?;
        if mine != their {
            return None;
        }
        (ours, theirs) = (rest, others);
    }
    work.spend(before - ours.len());
    Some((ours, theirs))
}

/// Whether our tokens can take in theirs one after the other: enough to cover them, and cheap for
/// any length.
pub(super) fn aligns(ours: &[Token], theirs: &[Token], work: &Work) -> bool {
    takes_in_turn(ours, theirs, work, |token, their| match (token, their) {
        (Token::One, Token::Char(_) | Token::One) => true,
        (mine, their) => mine == their,
    })
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
    stars: Positions,
    /// The last position, where a `*` stands there: what reaches it is matched.
    all: Positions,
}

impl<'a> Machine<'a> {
    fn new(tokens: &'a [Token]) -> Self {
        let mut stars = 0;
        for (at, token) in tokens.iter().enumerate() {
            if *token == Token::Any {
                stars |= 1 << at;
            }
        }
        let end = 1 << tokens.len();
        Self { tokens, end, stars, all: (end >> 1) & stars }
    }

    /// With what is reached for nothing: a `*` may stand for nothing; and without what counts no
    /// more.
    fn closed(&self, mut reached: Positions) -> Positions {
        loop {
            let more = reached | ((reached & self.stars) << 1);
            if more == reached {
                break;
            }
            reached = more;
        }
        reached & !self.passed(reached)
    }

    /// The positions before the last `*` that was reached.
    fn passed(&self, reached: Positions) -> Positions {
        let stars = reached & self.stars;
        if stars == 0 { 0 } else { (1 << stars.ilog2()) - 1 }
    }

    fn step(&self, reached: Positions, letter: &Letter<'_>, work: &Work) -> Positions {
        let mut next = reached & self.stars;
        let mut left = reached & !self.end & !self.stars;
        work.spend(left.count_ones() as usize);
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            let takes = match (self.tokens.get(at), letter) {
                (Some(Token::One), Letter::Char(_) | Letter::Other) => true,
                (Some(Token::Char(mine)), Letter::Char(theirs)) => mine == theirs,
                (Some(mine @ Token::Variable(_)), Letter::Variable(theirs)) => mine == *theirs,
                _ => false,
            };
            if takes {
                next |= 1 << (at + 1);
            }
        }
        self.closed(next)
    }

    /// What may be reached behind a `*` of theirs, which stands for nothing or for any number of
    /// characters: the hardest cases, which the others follow from.
    fn while_any(&self, reached: Positions, work: &Work) -> Vec<Positions> {
        // Whatever is matched from `hard` is matched from `easy`.
        let follows = |easy: Positions, hard: Positions| hard & !(easy | self.passed(easy)) == 0;
        let mut hardest = vec![reached];
        let mut last = reached;
        loop {
            last = self.step(last, &Letter::Other, work);
            work.spend(hardest.len());
            if hardest.iter().any(|known| follows(last, *known)) {
                return hardest;
            }
            hardest.retain(|known| !follows(*known, last));
            hardest.push(last);
        }
    }
}
