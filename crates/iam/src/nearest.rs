//! The nearest known name to a misspelt one, for the remedy in a message.

/// Names longer than this (in characters) get no suggestion: the distance costs the product of both
/// lengths.
const LONGEST: usize = 64;

/// The known name nearest to `name`, or `None` when nothing is near enough to be worth suggesting.
///
/// Letter case is ignored. Near enough is an edit distance (insert, delete, replace, swap of
/// neighbours) of at most one third of the length of `name`, and at least one. Of two equally near
/// names the earlier one is taken.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = folded(name);
    if wanted.len() > LONGEST {
        return None;
    }
    let most = (wanted.len() / 3).max(1);
    known
        .map(|candidate| (distance(&wanted, &folded(candidate)), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn folded(text: &str) -> Vec<char> {
    text.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect()
}

/// Optimal string alignment distance, by three rows of the table.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut last = None;
    for (row, &a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut cell = row + 1;
        let mut previous = None;
        for (column, &b) in right.iter().enumerate() {
            let at =
                |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX - 1);
            cell = (cell + 1)
                .min(at(&above, column + 1) + 1)
                .min(at(&above, column) + usize::from(a != b));
            if column > 0 && last == Some(b) && previous == Some(a) {
                cell = cell.min(at(&before, column - 1) + 1);
            }
            current.push(cell);
            previous = Some(b);
        }
        before = std::mem::replace(&mut above, current);
        last = Some(a);
    }
    above.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::nearest::nearest;

    #[rstest]
    #[case("Efect", Some("Effect"))]
    #[case("effect", Some("Effect"))]
    #[case("Acton", Some("Action"))]
    #[case("Conditoin", Some("Condition"))]
    #[case("Principle", Some("Principal"))]
    #[case("Whatever", None)]
    #[case("", None)]
    #[case("x", None)]
    fn a_misspelt_name_finds_its_neighbour(#[case] name: &str, #[case] found: Option<&str>) {
        let known = ["Effect", "Action", "Condition", "Principal", "Sid"];
        assert_eq!(nearest(name, known.into_iter()), found);
    }

    #[test]
    fn a_very_long_name_gets_no_suggestion() {
        assert_eq!(nearest(&"E".repeat(100_000), ["Effect"].into_iter()), None);
    }
}
