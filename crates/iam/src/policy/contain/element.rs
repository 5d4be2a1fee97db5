//! What one dimension of a statement names: actions, resources, principals; which of them covers or
//! meets which.

use crate::policy::document::{PrincipalKind, PrincipalSet, Scope};
use crate::policy::pattern::{Marks, Pattern, Syntax, Token, is_action, names};
use crate::policy::work::Work;
use crate::{account::is_account_id, arn::Arn};

use crate::policy::contain::reading::Reading;

/// Something that a list names: a set of actions, resources or principals.
pub(super) trait Element: PartialEq {
    /// Everything that `other` names is named here too. `true` is never wrong.
    fn covers(&self, other: &Self, work: &Work) -> bool;
    /// Something may be named by both. `false` is never wrong.
    fn meets(&self, other: &Self, work: &Work) -> bool;
    /// Names everything there is.
    fn is_all(&self) -> bool;
    /// What everything that it covers begins with.
    fn beginning(&self) -> Option<&str> {
        None
    }
    /// The same whatever the request: no policy variable in it.
    fn is_fixed(&self) -> bool {
        true
    }
}

/// A pattern of texts with its literal beginning and its marks, which tell most pairs apart at
/// once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Glob {
    pub(super) pattern: Pattern,
    /// Of a resource that is an ARN: its six fields. Empty for all else.
    fields: Vec<Pattern>,
    beginning: String,
    literal: bool,
    marks: Marks,
}

impl Glob {
    pub(super) fn new(text: &str, syntax: Syntax) -> Self {
        let pattern = Pattern::new(text, syntax);
        let plain = |token: &Token| if let Token::Char(c) = token { Some(*c) } else { None };
        let beginning: String = pattern.tokens().iter().map_while(plain).collect();
        let literal = pattern.tokens().iter().all(|token| matches!(token, Token::Char(_)));
        let marks = Marks::of(pattern.tokens());
        Self { pattern, fields: Vec::new(), beginning, literal, marks }
    }

    /// A resource.
    pub(super) fn resource(text: &str, syntax: Syntax) -> Self {
        let glob = Self::new(text, syntax);
        let fields = glob.pattern.fields();
        Self { fields: if fields.len() > 1 { fields } else { Vec::new() }, ..glob }
    }

    fn covers_pattern(&self, other: &Self, work: &Work) -> bool {
        match (self.fields.as_slice(), other.fields.as_slice()) {
            ([], _) => self.pattern.covers_within(&other.pattern, work),
            // Texts with fewer fields are no ARN.
            (_, []) => false,
            (mine, theirs) => {
                mine.iter().zip(theirs).all(|(mine, theirs)| mine.covers_within(theirs, work))
            }
        }
    }

    fn overlaps(&self, other: &Self, work: &Work) -> bool {
        match (self.fields.as_slice(), other.fields.as_slice()) {
            ([], _) | (_, []) => self.pattern.overlaps_within(&other.pattern, work),
            (mine, theirs) => {
                mine.iter().zip(theirs).all(|(mine, theirs)| mine.overlaps_within(theirs, work))
            }
        }
    }

    /// A text that both name, with these values of variables.
    pub(super) fn common(
        &self,
        other: &Self,
        variable: impl Fn(&str) -> Option<String>,
        work: &Work,
    ) -> Option<String> {
        let common = |mine: &Pattern, theirs: &Pattern| {
            mine.resolve(&variable)?.common(&theirs.resolve(&variable)?, work)
        };
        match (self.fields.as_slice(), other.fields.as_slice()) {
            ([], _) | (_, []) => common(&self.pattern, &other.pattern),
            (mine, theirs) => {
                let fields = mine.iter().zip(theirs).map(|(mine, theirs)| common(mine, theirs));
                Some(fields.collect::<Option<Vec<String>>>()?.join(":"))
            }
        }
    }

    /// The text, where there is only one.
    pub(super) fn literal(&self) -> Option<&str> {
        self.literal.then_some(self.beginning.as_str())
    }

    /// Whether the text matches, in lower case where it is an action.
    pub(super) fn names(
        &self,
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
        work: &Work,
    ) -> bool {
        if let Some(literal) = self.literal() {
            return literal == text;
        }
        let whole = std::slice::from_ref(&self.pattern);
        let fields = if self.fields.is_empty() { whole } else { &self.fields };
        let known: Option<Vec<Pattern>> =
            fields.iter().map(|field| field.resolve(&variable)).collect();
        known.is_some_and(|fields| names(&fields, text, work))
    }

    /// An action. `None` for a malformed one, which matches nothing: it is neither `*` nor
    /// `SERVICE:NAME`.
    pub(super) fn action(text: &str) -> Option<Self> {
        let stars = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'*');
        let (service, name) = text.split_once(':').unwrap_or((text, ""));
        if stars(text) || (stars(service) && stars(name)) {
            return Some(Self::new("*", Syntax::ACTION));
        }
        is_action(text).then(|| Self::new(text, Syntax::ACTION))
    }
}

impl Element for Glob {
    fn covers(&self, other: &Self, work: &Work) -> bool {
        if !work.spend(1)
            || !self.marks.may_cover(&other.marks)
            || !other.beginning.starts_with(&self.beginning)
        {
            return false;
        }
        match other.literal() {
            Some(text) if self.literal => self.beginning == text,
            // Documents that are compared have most of their patterns in common.
            _ => {
                !self.literal
                    && (self.is_all() || self == other || self.covers_pattern(other, work))
            }
        }
    }

    fn meets(&self, other: &Self, work: &Work) -> bool {
        let begins_alike = self.beginning.starts_with(&other.beginning)
            || other.beginning.starts_with(&self.beginning);
        !work.spend(1)
            || begins_alike
                && match (self.literal(), other.literal()) {
                    (Some(mine), Some(theirs)) => mine == theirs,
                    _ => self.overlaps(other, work),
                }
    }

    fn is_all(&self) -> bool {
        *self.pattern.tokens() == [Token::Any]
    }

    fn beginning(&self) -> Option<&str> {
        Some(&self.beginning)
    }

    fn is_fixed(&self) -> bool {
        !self.pattern.has_variables()
    }
}

/// What it costs to hold two principals against each other: two ARNs are taken apart.
const WHO: usize = 40;

/// One principal of a trust policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Who {
    /// The string `*`: of every kind.
    Everyone,
    /// All of one kind, which is not `AWS`.
    Every(PrincipalKind),
    /// A value under its kind.
    Of(PrincipalKind, String),
}

impl Who {
    pub(super) fn list(set: &PrincipalSet, deny: bool, reading: Reading) -> Vec<Self> {
        let read = |kind: PrincipalKind, value: &String| match kind {
            PrincipalKind::Aws if value == "*" && deny && reading.wide_denies => Self::Everyone,
            PrincipalKind::Aws => Self::Of(kind, value.clone()),
            _ if value == "*" && !reading.literal_stars => Self::Every(kind),
            _ => Self::Of(kind, value.clone()),
        };
        match set {
            PrincipalSet::Everyone => vec![Self::Everyone],
            PrincipalSet::Kinds(kinds) => kinds
                .iter()
                .flat_map(|(kind, values)| values.iter().map(|value| read(*kind, value)))
                .collect(),
        }
    }
}

/// The account that a value stands for as a whole. An account is in one partition, so its id and
/// its root ARN are the same.
fn whole_account(value: &str) -> Option<&str> {
    if is_account_id(value) {
        return Some(value);
    }
    let arn = Arn::split(value)?;
    (arn.service == "iam" && arn.resource == "root" && is_account_id(arn.account))
        .then_some(arn.account)
}

/// Partition, account and name of a role, without its path: what the ARN of its sessions holds.
fn role(value: &str) -> Option<(&str, &str, &str)> {
    let arn = Arn::split(value).filter(|arn| arn.service == "iam")?;
    let name = arn.resource.strip_prefix("role/")?.rsplit('/').next()?;
    Some((arn.partition, arn.account, name))
}

fn session(value: &str) -> Option<(&str, &str, &str)> {
    let arn = Arn::split(value).filter(|arn| arn.service == "sts")?;
    let name = arn.resource.strip_prefix("assumed-role/")?.split('/').next()?;
    Some((arn.partition, arn.account, name))
}

/// Of the values under `AWS`.
fn aws_covers(wide: &str, narrow: &str) -> bool {
    if wide == "*" || wide == narrow {
        return true;
    }
    if let Some(account) = whole_account(wide) {
        let theirs = Arn::split(narrow).filter(|arn| matches!(arn.service, "iam" | "sts"));
        let same_partition = Arn::split(wide)
            .is_none_or(|wide| theirs.as_ref().is_some_and(|arn| arn.partition == wide.partition));
        return whole_account(narrow) == Some(account)
            || theirs.is_some_and(|arn| arn.account == account && same_partition);
    }
    role(wide).is_some() && role(wide) == session(narrow)
}

impl Element for Who {
    fn covers(&self, other: &Self, work: &Work) -> bool {
        work.spend(WHO)
            && match (self, other) {
                (Self::Everyone, _) => true,
                (Self::Every(mine), Self::Of(theirs, _)) => mine == theirs,
                (Self::Of(PrincipalKind::Aws, mine), Self::Of(PrincipalKind::Aws, theirs)) => {
                    aws_covers(mine, theirs)
                }
                (mine, theirs) => mine == theirs,
            }
    }

    fn meets(&self, other: &Self, work: &Work) -> bool {
        let same_sessions = match (self, other) {
            (Self::Of(PrincipalKind::Aws, mine), Self::Of(PrincipalKind::Aws, theirs)) => {
                role(mine).is_some() && role(mine) == role(theirs)
            }
            _ => false,
        };
        !work.spend(WHO) || same_sessions || self.covers(other, work) || other.covers(self, work)
    }

    fn is_all(&self) -> bool {
        *self == Self::Everyone
    }
}

/// One limit of a region in one dimension.
#[derive(Debug)]
pub(super) enum Limit<'a, T> {
    /// What this names.
    One(&'a T),
    /// What none of these names; the flag tells that it stands in a Deny.
    Except(&'a [T], bool),
}

// Derived, they would ask the same of `T`.
impl<T> Clone for Limit<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Limit<'_, T> {}

impl<T: Element> Limit<'_, T> {
    /// Nothing that `element` names is in this part. `true` is never wrong.
    pub(super) fn excludes(&self, element: &T, work: &Work) -> bool {
        match self {
            Self::One(one) => !one.meets(element, work),
            // An exception with a variable that has no value lets nothing through an Allow and
            // everything into a Deny.
            Self::Except(list, _) if !list.iter().all(Element::is_fixed) => false,
            Self::Except(list, _) => list.iter().any(|out| out.covers(element, work)),
        }
    }

    pub(super) fn apart(&self, other: &Self, work: &Work) -> bool {
        match (self, other) {
            (Self::One(one), part) | (part, Self::One(one)) => part.excludes(one, work),
            (Self::Except(list, _), Self::Except(..)) => list.iter().any(Element::is_all),
        }
    }
}

/// Whether nothing can be in all of these parts. `true` is never wrong.
pub(super) fn none_left<T: Element>(parts: &[Limit<'_, T>], work: &Work) -> bool {
    let alone = |part: &Limit<'_, T>| {
        matches!(part, Limit::Except(list,
        _) if list.iter().any(Element::is_all))
    };
    parts.iter().any(alone)
        || parts
            .iter()
            .enumerate()
            .any(|(index, part)| parts.iter().skip(index + 1).any(|other| part.apart(other, work)))
}

/// Whether `scope`, in a Deny or not, names everything that is in all of `parts`. `true` is never
/// wrong.
pub(super) fn covers<T: Element>(
    scope: &Scope<Vec<T>>,
    deny: bool,
    parts: &[Limit<'_, T>],
    work: &Work,
) -> bool {
    match scope {
        Scope::Only(list) => list.iter().any(|element| {
            element.is_all()
                || parts.iter().any(|part| {
                    matches!(part,
                Limit::One(one) if element.covers(one, work))
                })
        }),
        Scope::Except(list) if list.iter().all(Element::is_fixed) => {
            list.iter().all(|out| parts.iter().any(|part| part.excludes(out, work)))
        }
        Scope::Except(list) => parts.iter().any(|part| {
            matches!(part, Limit::Except(theirs,
                denies) if *denies == deny && *theirs == list.as_slice())
        }),
    }
}

/// The parts into which a scope falls: one for each element of a list, or the exception as a whole.
pub(super) fn parts<T>(scope: &Scope<Vec<T>>, deny: bool) -> Vec<Limit<'_, T>> {
    match scope {
        Scope::Only(list) => list.iter().map(Limit::One).collect(),
        Scope::Except(list) => vec![Limit::Except(list, deny)],
    }
}
