//! Whether some text can match two patterns.

use std::collections::VecDeque;

use crate::policy::pattern::Token;
use crate::policy::work::Work;

/// `false` is never wrong; a variable is taken to stand for anything. True once the work is over
/// its budget.
pub(super) fn overlaps(ours: &[Token], theirs: &[Token], work: &Work) -> bool {
    let Some((ours, theirs)) = trimmed(ours, theirs) else { return false };
    let (rows, columns) = (ours.len(), theirs.len());
    if ours.first().is_some_and(|first| rows == 1 && is_loose(Some(first)))
        || theirs.first().is_some_and(|first| columns == 1 && is_loose(Some(first)))
    {
        return true;
    }
    if !work.spend((rows + 1).saturating_mul(columns + 1)) {
        return true;
    }
    // From the end: `below[j]` tells whether our tokens from i + 1 and theirs from j have a text in
    // common.
    let mut below: Vec<bool> = Vec::new();
    for i in (0..=rows).rev() {
        let mine = ours.get(i);
        let mut row = vec![false; columns + 1];
        for j in (0..=columns).rev() {
            let theirs = theirs.get(j);
            let right = row.get(j + 1).copied().unwrap_or(false);
            let down = below.get(j).copied().unwrap_or(false);
            let diagonal = below.get(j + 1).copied().unwrap_or(false);
            let common = match (mine, theirs) {
                (None, None) => true,
                _ if is_loose(mine) && down => true,
                _ if is_loose(theirs) && right => true,
                _ if is_loose(mine) && theirs.is_some() && !is_loose(theirs) => right,
                _ if is_loose(theirs) && mine.is_some() && !is_loose(mine) => down,
                (Some(Token::Char(a)), Some(Token::Char(b))) => a == b && diagonal,
                (Some(Token::One | Token::Char(_)), Some(Token::One | Token::Char(_))) => diagonal,
                _ => false,
            };
            if let Some(cell) = row.get_mut(j) {
                *cell = common;
            }
        }
        below = row;
    }
    below.first().copied().unwrap_or(false)
}

/// A text that both match, with a character in the place of each of our `*` where that can be.
/// Neither has variables. `None` where there is none, or to find it costs too much.
pub(super) fn common(ours: &[Token], theirs: &[Token], work: &Work) -> Option<String> {
    let longer = ours.iter().flat_map(|token| match token {
        Token::Any => [Some(Token::One), Some(Token::Any)],
        token => [Some(token.clone()), None],
    });
    let longer: Vec<Token> = longer.flatten().collect();
    shortest_common(&longer, theirs, work).or_else(|| shortest_common(ours, theirs, work))
}

/// What it costs to make a text, however short.
const TEXT: usize = 64;

/// Both are run at once over a text that is made as they go; the first way to their ends is it.
fn shortest_common(ours: &[Token], theirs: &[Token], work: &Work) -> Option<String> {
    let columns = theirs.len() + 1;
    let places = (ours.len() + 1).checked_mul(columns)?;
    if !work.spend(TEXT + places) {
        return None;
    }
    // For each pair of positions the one before it, and the character between them.
    let mut before: Vec<Option<(usize, Option<char>)>> = vec![None; places];
    let mut open = VecDeque::from([0_usize]);
    while let Some(place) = open.pop_front() {
        let (mine, their) = (ours.get(place / columns), theirs.get(place % columns));
        let any = |token: Option<&Token>| token == Some(&Token::Any);
        let letter = match (mine, their) {
            (None, None) => return Some(way(&before, place)),
            (Some(Token::Char(a)), Some(Token::Char(b))) => (a == b).then_some(*a),
            (Some(Token::Char(c)), Some(_)) | (Some(_), Some(Token::Char(c))) => Some(*c),
            (Some(_), Some(_)) => Some('q'),
            _ => None,
        };
        let step = columns * usize::from(!any(mine)) + usize::from(!any(their));
        let next = [
            any(mine).then_some((columns, None)),
            any(their).then_some((1, None)),
            letter.map(|letter| (step, Some(letter))),
        ];
        for (step, letter) in next.into_iter().flatten().filter(|(step, _)| *step > 0) {
            let slot = before.get_mut(place + step).filter(|slot| slot.is_none());
            if let Some(slot) = slot {
                *slot = Some((place, letter));
                open.push_back(place + step);
            }
        }
    }
    None
}

/// The characters on the way to a place.
fn way(before: &[Option<(usize, Option<char>)>], mut place: usize) -> String {
    let mut letters: Vec<char> = Vec::new();
    while let Some(Some((from, letter))) = before.get(place) {
        letters.extend(letter);
        place = *from;
    }
    letters.into_iter().rev().collect()
}

fn is_loose(token: Option<&Token>) -> bool {
    matches!(token, Some(Token::Any | Token::Variable(_)))
}

/// Both without the characters that they begin and end with alike; `None` when those differ.
fn trimmed<'a>(
    mut ours: &'a [Token],
    mut theirs: &'a [Token],
) -> Option<(&'a [Token], &'a [Token])> {
    while let ([Token::Char(mine), rest @ ..], [Token::Char(their), others @ ..]) = (ours, theirs) {
        if mine != their {
            return None;
        }
        (ours, theirs) = (rest, others);
    }
    while let ([rest @ .., Token::Char(mine)], [others @ .., Token::Char(their)]) = (ours, theirs) {
        if mine != their {
            return None;
        }
        (ours, theirs) = (rest, others);
    }
    Some((ours, theirs))
}
