//! Patterns with `*`, `?` and policy variables: what they match, which covers which, which overlap.
//!
//! From the IAM user guide, "IAM JSON policy elements: Variables and tags": `${key}` and `${key,
//! 'default'}` are variables in documents of version 2012-10-17 only, `${*}`, `${?}` and `${$}` are
//! the characters themselves; key names ignore case. Wildcards in the text that is matched, or in
//! what a variable stands for, are plain characters.

mod begun;
mod covers;
mod marks;
mod overlaps;

use std::borrow::Cow;

use crate::policy::document::Version;
use crate::policy::work::Work;

pub(super) use begun::begun;
pub(super) use marks::Marks;

/// What is special in the text of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${…}` is a variable or an escape.
    pub variables: bool,
    /// ASCII letters match in either case.
    pub fold: bool,
}

impl Syntax {
    /// `Action` and `NotAction`.
    pub const ACTION: Self = Self { wildcards: true, variables: false, fold: true };

    /// `Resource`, `NotResource`, and values of `StringLike` and `ArnLike`, in a document of
    /// `version`.
    #[must_use]
    pub fn like(version: Version) -> Self {
        Self { wildcards: true, variables: version == Version::V2012, fold: false }
    }

    /// Values of `StringEquals` in a document of `version`.
    #[must_use]
    pub fn exact(version: Version) -> Self {
        Self { wildcards: false, ..Self::like(version) }
    }
}

/// Fields of an ARN; only the last may hold a colon.
const ARN_FIELDS: usize = 6;

/// Whether a resource matches the fields of a pattern, as [`Pattern::fields`] makes them.
pub(super) fn names(fields: &[Pattern], resource: &str, work: &Work) -> bool {
    let mut parts = resource.splitn(fields.len(), ':');
    fields.iter().all(|field| parts.next().is_some_and(|part| field.matches_within(part, work)))
}

/// The same for a pattern without variables, without reading it first.
pub(super) fn names_plain(pattern: &str, resource: &str, work: &Work) -> bool {
    if pattern.bytes().filter(|byte| *byte == b':').count() < ARN_FIELDS - 1 {
        return glob(pattern, resource, false, work);
    }
    let mut parts = resource.splitn(ARN_FIELDS, ':');
    let mut fields = pattern.splitn(ARN_FIELDS, ':');
    fields.all(|field| parts.next().is_some_and(|part| glob(field, part, false, work)))
}

/// Whether an action, or a pattern of actions, is `SERVICE:NAME` with both there. What is not, nor
/// `*`, matches nothing.
pub(super) fn is_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
}

/// A policy variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variable {
    /// Condition key, in lower case.
    pub key: String,
    /// What stands there when the request has no such key.
    pub default: Option<String>,
}

/// One piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Token {
    /// This character.
    Char(char),
    /// `?`: any one character.
    One,
    /// `*`: any characters, or none.
    Any,
    /// What a request has under a key.
    Variable(Variable),
}

/// A pattern, read. Runs of wildcards are in one order (`?` before one `*`), so patterns without
/// variables that match the same texts are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    tokens: Vec<Token>,
}

impl Pattern {
    /// Reads a pattern. A `${` without its `}`, or with nothing inside, is plain text.
    #[must_use]
    pub fn new(text: &str, syntax: Syntax) -> Self {
        let mut tokens: Vec<Token> = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if let Some((token, after)) = syntax.variables.then(|| placeholder(rest)).flatten() {
                tokens.push(token);
                rest = after;
                continue;
            }
            tokens.push(match next {
                '*' if syntax.wildcards => Token::Any,
                '?' if syntax.wildcards => Token::One,
                plain if syntax.fold => Token::Char(plain.to_ascii_lowercase()),
                plain => Token::Char(plain),
            });
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
        Self { tokens: tidy(tokens) }
    }

    /// The pieces.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether a variable is in it.
    #[must_use]
    pub fn has_variables(&self) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Variable(_)))
    }

    /// The pieces between the first `most - 1` places of `separator`.
    #[must_use]
    pub fn split(&self, separator: char, most: usize) -> Vec<Self> {
        let parts = self.tokens.splitn(most, |token| *token == Token::Char(separator));
        parts.map(|tokens| Self { tokens: tokens.to_vec() }).collect()
    }

    /// The six fields of an ARN, or the whole where there are fewer: AWS compares ARNs field by
    /// field, so that a wildcard stays in its own.
    #[must_use]
    pub(super) fn fields(&self) -> Vec<Self> {
        let fields = self.split(':', ARN_FIELDS);
        if fields.len() == ARN_FIELDS { fields } else { vec![self.clone()] }
    }

    /// The text without wildcards and variables, if there are none.
    #[must_use]
    pub fn literal(&self) -> Option<String> {
        self.tokens
            .iter()
            .map(|token| if let Token::Char(c) = token { Some(*c) } else { None })
            .collect()
    }

    /// With each variable replaced by what `value` says of it, as plain characters; `None` when one
    /// has neither a value nor a default: such a pattern matches nothing.
    #[must_use]
    pub fn resolve(&self, value: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let mut tokens = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            if let Token::Variable(variable) = token {
                let text = value(&variable.key).or_else(|| variable.default.clone())?;
                tokens.extend(text.chars().map(Token::Char));
            } else {
                tokens.push(token.clone());
            }
        }
        Some(Self { tokens })
    }

    /// Whether `text` matches. A variable that was not resolved matches nothing. With `fold` in the
    /// syntax, give `text` in lower case.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.matches_within(text, &Work::unbounded())
    }

    /// The same; false once the work is over its budget.
    pub(super) fn matches_within(&self, text: &str, work: &Work) -> bool {
        let text: Vec<char> = text.chars().collect();
        takes_in_turn(&self.tokens, &text, work, |token, found| match token {
            Token::One => true,
            Token::Char(wanted) => wanted == found,
            Token::Any | Token::Variable(_) => false,
        })
    }

    /// Whether everything that `other` can match, whatever its variables stand for, matches here
    /// too. `true` is never wrong; without variables `false` is never wrong either, for patterns of
    /// up to 127 pieces between what both begin and end with.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.covers_within(other, &Work::unbounded())
    }

    /// The same; false once the work is over its budget.
    pub(super) fn covers_within(&self, other: &Self, work: &Work) -> bool {
        covers::covers(&self.tokens, &other.tokens, work)
            .unwrap_or_else(|| covers::aligns(&self.tokens, &other.tokens, work))
    }

    /// Whether some text can match both. `false` is never wrong; a variable is taken to stand for
    /// anything.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.overlaps_within(other, &Work::unbounded())
    }

    /// The same; true once the work is over its budget.
    pub(super) fn overlaps_within(&self, other: &Self, work: &Work) -> bool {
        overlaps::overlaps(&self.tokens, &other.tokens, work)
    }

    /// A text that matches both, neither of which has variables, where one is found at little cost.
    pub(super) fn common(&self, other: &Self, work: &Work) -> Option<String> {
        overlaps::common(&self.tokens, &other.tokens, work)
    }

    /// A text that matches: wildcards stand for as little as possible, variables for `x`.
    #[must_use]
    pub fn example(&self) -> String {
        let shortest = |token: &Token| match token {
            Token::Char(c) => Some(*c),
            Token::One | Token::Variable(_) => Some('x'),
            Token::Any => None,
        };
        self.tokens.iter().filter_map(shortest).collect()
    }

    /// One spelling for all patterns that are equal.
    #[must_use]
    pub fn spelled(&self, syntax: Syntax) -> String {
        let mut text = String::with_capacity(self.tokens.len());
        for token in &self.tokens {
            match token {
                Token::Any => text.push('*'),
                Token::One => text.push('?'),
                Token::Char(c @ ('*' | '?')) if syntax.wildcards => {
                    text.extend(['$', '{', *c, '}']);
                }
                Token::Char('$') if syntax.variables => text.push_str("${$}"),
                Token::Char(c) => text.push(*c),
                Token::Variable(Variable { key, default }) => {
                    text.extend(["${", key]);
                    if let Some(default) = default {
                        text.extend([", '", default, "'"]);
                    }
                    text.push('}');
                }
            }
        }
        text
    }
}

/// Whether `text` matches a pattern that has wildcards and no variables; with `fold` ASCII letters
/// match in either case. The same as [`Pattern::matches`], without reading the pattern first;
/// false once the work is over its budget.
#[must_use]
pub fn glob(pattern: &str, text: &str, fold: bool, work: &Work) -> bool {
    let (mut wanted, mut found) = (pattern.chars(), text.chars());
    let mut star: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        if !work.spend(1) {
            return false;
        }
        let (before, rest) = (wanted.clone(), found.clone());
        match (wanted.next(), found.next()) {
            (Some('*'), _) => {
                found = rest.clone();
                star = Some((wanted.clone(), rest));
            }
            (None, None) => return true,
            (Some('?'), Some(_)) => {}
            (Some(a), Some(b)) if a == b || (fold && a.eq_ignore_ascii_case(&b)) => {}
            (_, None) => return before.as_str().chars().all(|c| c == '*'),
            _ => {
                let Some((after, from)) = &mut star else { return false };
                from.next();
                (wanted, found) = (after.clone(), from.clone());
            }
        }
    }
}

/// `text` for [`Pattern::matches`] of this syntax.
#[must_use]
pub fn folded(text: &str, syntax: Syntax) -> Cow<'_, str> {
    if syntax.fold { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

/// Whether the tokens take in all items, each in its turn, and `*` any run of them: linear but for
/// what a `*` has to try again. False once the work is over its budget.
fn takes_in_turn<T>(
    tokens: &[Token],
    items: &[T],
    work: &Work,
    takes: impl Fn(&Token, &T) -> bool,
) -> bool {
    let (mut at, mut position) = (0, 0);
    // The last `*`, and where what follows it was tried.
    let mut star: Option<(usize, usize)> = None;
    while let Some(item) = items.get(position) {
        if !work.spend(1) {
            return false;
        }
        match tokens.get(at) {
            Some(Token::Any) => {
                star = Some((at, position));
                at += 1;
            }
            Some(token) if takes(token, item) => (at, position) = (at + 1, position + 1),
            _ => {
                let Some((after, from)) = star else { return false };
                (at, position) = (after + 1, from + 1);
                star = Some((after, from + 1));
            }
        }
    }
    tokens.iter().skip(at).all(|token| *token == Token::Any)
}

/// A variable or an escape at the start of `text`, and what follows it.
fn placeholder(text: &str) -> Option<(Token, &str)> {
    let (inside, after) = text.strip_prefix("${")?.split_once('}')?;
    let token = match inside {
        "*" => Token::Char('*'),
        "?" => Token::Char('?'),
        "$" => Token::Char('$'),
        _ => {
            let (key, default) = match inside.split_once(',') {
                Some((key, default)) => {
                    (key, Some(default.trim().strip_prefix('\'')?.strip_suffix('\'')?.to_owned()))
                }
                None => (inside, None),
            };
            let key = key.trim().to_lowercase();
            // With white space around it `*` is neither the escape nor the name of a key.
            if matches!(key.as_str(), "" | "*" | "?" | "$") {
                return None;
            }
            Token::Variable(Variable { key, default })
        }
    };
    Some((token, after))
}

/// Puts runs of wildcards in one order: `*?*` and `?*` match the same texts.
fn tidy(tokens: Vec<Token>) -> Vec<Token> {
    let mut tidied = Vec::with_capacity(tokens.len());
    let mut any = false;
    for token in tokens {
        match token {
            Token::Any => any = true,
            Token::One => tidied.push(Token::One),
            other => {
                if std::mem::take(&mut any) {
                    tidied.push(Token::Any);
                }
                tidied.push(other);
            }
        }
    }
    if any {
        tidied.push(Token::Any);
    }
    tidied
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn like(text: &str) -> Pattern {
        Pattern::new(text, Syntax::like(Version::V2012))
    }

    #[rstest]
    #[case("a*c", "abbc", true)]
    #[case("a*c", "abbd", false)]
    #[case("*", "", true)]
    #[case("?", "", false)]
    #[case("?", "é", true)]
    #[case("*a?*", "xay", true)]
    #[case("*a?*", "xa", false)]
    #[case("${*}", "*", true)]
    #[case("${*}", "x", false)]
    #[case("${$}{x}", "${x}", true)]
    #[case("${ ? }", "${ x }", true)]
    #[case("${ ? }", "?", false)]
    #[case("${x", "${x", true)]
    #[case("${}", "${}", true)]
    #[case("${aws:username}", "x", false)]
    fn texts_match_patterns(#[case] pattern: &str, #[case] text: &str, #[case] matches: bool) {
        assert_eq!(like(pattern).matches(text), matches);
    }

    #[rstest]
    #[case("*", "a*", true)]
    #[case("a*", "*", false)]
    #[case("?*", "*?", true)]
    #[case("*?", "??", true)]
    #[case("a?", "ab", true)]
    #[case("ab", "a?", false)]
    #[case("a*b*c", "axb*c", true)]
    #[case("?*", "*a", true)]
    #[case("?*?", "*ab*", true)]
    #[case("?*?", "*a*", false)]
    #[case("*?a", "*ba", true)]
    #[case("*a*", "*?a", true)]
    #[case("?*b", "*ab", true)]
    #[case("?*b", "*b", false)]
    #[case("*", "${aws:username}", true)]
    #[case("${AWS:username}/*", "${aws:UserName}/a", true)]
    #[case("${aws:username}", "${aws:userid}", false)]
    #[case("?", "${aws:username}", false)]
    #[case("${aws:username}", "x", false)]
    fn patterns_cover_patterns(#[case] wide: &str, #[case] narrow: &str, #[case] covers: bool) {
        assert_eq!(like(wide).covers(&like(narrow)), covers);
    }

    #[test]
    fn defaults_stand_in_for_absent_keys() {
        let pattern = like("b/${aws:PrincipalTag/team, 'none'}/*");
        let has = |value: Option<&str>| pattern.resolve(|_| value.map(str::to_owned)).unwrap();
        assert!(has(None).matches("b/none/x"));
        assert!(has(Some("a*")).matches("b/a*/x"));
        assert!(!has(Some("a*")).matches("b/ab/x"));
        assert_eq!(like("${aws:username}").resolve(|_| None), None);
    }

    proptest! {
        #[test]
        fn covering_and_overlapping_agree_with_matching(
            wide_text in "[ab*?]{0,6}", narrow in "[ab*?]{0,6}",
                texts in prop::collection::vec("[abc]{0,7}", 40)
        ) {
            let (wide, narrow) = (like(&wide_text), like(&narrow));
            for text in texts.iter().chain([&narrow.example()]) {
                let work = Work::unbounded();
                prop_assert_eq!(glob(&wide_text, text, false, &work), wide.matches(text));
                if wide.covers(&narrow) {
                    prop_assert!(!narrow.matches(text) || wide.matches(text), "{text}");
                }
                let aligns = covers::aligns(&wide.tokens, &narrow.tokens, &work);
                prop_assert!(!aligns || wide.covers(&narrow));
                let marks = [&wide, &narrow].map(|pattern| Marks::of(&pattern.tokens));
                prop_assert!(marks[0].may_cover(&marks[1]) || !wide.covers(&narrow));
                if wide.matches(text) && narrow.matches(text) {
                    prop_assert!(wide.overlaps(&narrow), "{text}");
                }
            }
        }

        #[test]
        fn what_is_not_covered_has_a_text_of_its_own(wide in "[ab*?]{0,4}",
            narrow in "[ab*?]{0,4}") {
            // Every text of up to six letters, of which c stands in no pattern: more than these
            // patterns tell apart.
            let (wide, narrow) = (like(&wide), like(&narrow));
            let mut texts = vec![String::new()];
            for _ in 0..6 {
                texts = texts.iter().flat_map(|text| ["", "a", "b",
                    "c"].map(|next| format!("{text}{next}"))).collect();
                texts.sort_unstable();
                texts.dedup();
            }
            let all = texts.iter().all(|text| !narrow.matches(text) || wide.matches(text));
            prop_assert_eq!(wide.covers(&narrow), all);
        }

        #[test]
        fn patterns_that_cover_each_other_are_spelled_alike(a in "[ab*?]{0,5}",
            b in "[ab*?]{0,5}") {
            let syntax = Syntax::like(Version::V2012);
            let (a, b) = (like(&a), like(&b));
            prop_assert_eq!(a.covers(&b) && b.covers(&a), a.spelled(syntax) == b.spelled(syntax));
            prop_assert_eq!(Pattern::new(&a.spelled(syntax), syntax), a);
        }
    }
}
