//! Whether some text can match two patterns.

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
