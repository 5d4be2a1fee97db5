//! Which texts begin with which others, without looking at every pair.

/// Calls `visit` for each of `texts` with those of `beginnings` that it begins with.
pub(in crate::policy) fn begun<'a, B, T>(
    mut beginnings: Vec<(&'a str, B)>,
    mut texts: Vec<(&'a str, T)>,
    mut visit: impl FnMut(T, &[(&'a str, B)]),
) {
    beginnings.sort_by_key(|(beginning, _)| *beginning);
    texts.sort_by_key(|(text, _)| *text);
    let mut beginnings = beginnings.into_iter().peekable();
    // In order, what begins alike stands together: so those that the text begins with lie on each
    // other, and one that it does not begin with is done with.
    let mut open: Vec<(&str, B)> = Vec::new();
    let close = |open: &mut Vec<(&str, B)>, text: &str| {
        while open.last().is_some_and(|(beginning, _)| !text.starts_with(beginning)) {
            open.pop();
        }
    };
    for (text, item) in texts {
        while let Some(next) = beginnings.next_if(|(beginning, _)| *beginning <= text) {
            close(&mut open, next.0);
            open.push(next);
        }
        close(&mut open, text);
        visit(item, &open);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_text_meets_all_that_it_begins_with(
            beginnings in prop::collection::vec("[ab]{0,3}", 0..8),
            texts in prop::collection::vec("[ab]{0,4}", 0..8),
        ) {
            let numbered = |list: &[String]| (0..list.len()).collect::<Vec<_>>();
            let zipped =
                |list| numbered(list).into_iter().map(|at| (list[at].as_str(), at)).collect();
            let mut met = vec![Vec::new(); texts.len()];
            begun(zipped(&beginnings), zipped(&texts), |text: usize, open| {
                met[text] = open.iter().map(|(_, at)| *at).collect();
                met[text].sort_unstable();
            });
            for (text, met) in texts.iter().zip(met) {
                let all: Vec<usize> = numbered(&beginnings)
                    .into_iter()
                    .filter(|at| text.starts_with(&beginnings[*at]))
                    .collect();
                prop_assert_eq!(met, all);
            }
        }
    }
}
