//! What is wrong, or may surprise: one thing, with the field it is about and what to do.
//!
//! Whatever judges what people write speaks in findings: the readers of texts and documents, the
//! compilers of grants, the limits of trust, and outside of this crate the schema of a resource.
//! Each part is kept apart, so that nobody takes a sentence to pieces:
//!
//! ```text
//! spec.trust[0].oidc.subjects[1]: "*" matches anything; write more than wildcards
//!  field                           message               remedy
//! ```

use std::fmt;

use crate::quote::shown;
use crate::text::error::{TextError, TextProblem, at};
use crate::text::place::Place;
use crate::text::pointer::{Pointer, steps};

#[cfg(test)]
mod tests;

/// The name of the check that found something, in lower case with hyphens: for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Check(&'static str);

/// The checks of the policy language; who else judges names its own.
impl Check {
    /// A text is neither JSON nor YAML.
    pub const SYNTAX: Self = Self("syntax");
    /// Equal keys stand in one object, and which of them counts is anybody's guess.
    pub const REPEATED_KEY: Self = Self("repeated-key");
    /// An element, spelling or form of a document that this release does not take; AWS might.
    pub const UNKNOWN: Self = Self("unknown");
    /// No role can hold such a document.
    pub const IMPOSSIBLE: Self = Self("impossible");
    /// Documents can't be merged.
    pub const MERGE: Self = Self("merge");
    /// A text is no request.
    pub const REQUEST: Self = Self("request");
    /// A document or a request can't be evaluated for certain.
    pub const EVALUATION: Self = Self("evaluation");
    /// Braces that are neither a placeholder nor a policy variable.
    pub const PLACEHOLDER: Self = Self("placeholder");
    /// A grant makes no statement.
    pub const GRANT: Self = Self("grant");
    /// A text does not name an OIDC issuer of the account.
    pub const ISSUER: Self = Self("issuer");
    /// A subject of tokens reaches too far.
    pub const SUBJECT: Self = Self("subject");
    /// A trust statement is beyond the built-in class.
    pub const TRUST_LIMIT: Self = Self("trust-limit");
    /// A grant goes by names that can change hands.
    pub const NAMES_ALONE: Self = Self("names-alone");
    /// A document is larger than an account takes at first.
    pub const SIZE: Self = Self("size");
    /// An audience that IAM compares with another claim than its name says.
    pub const AUDIENCE: Self = Self("audience");
    /// A service may be used from another account.
    pub const SOURCE_ACCOUNT: Self = Self("source-account");

    /// A check of that name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How grave a finding is; the later, the graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It is accepted, and may still surprise.
    Warning,
    /// It is refused.
    Error,
}

/// A field of what was read: where it is for programs, and how people spell it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// RFC 6901; empty for the whole.
    pointer: String,
    /// Every step with what stands before it: `.trust[0].name`. `None` in a policy document, where
    /// people read the pointer.
    spelled: Option<String>,
}

impl Field {
    /// All of what was read.
    #[must_use]
    pub fn whole() -> Self {
        Self::of("")
    }

    /// What `pointer` points to: `/spec/trust/0/name` is spelled `spec.trust[0].name`.
    #[must_use]
    pub fn of(pointer: &str) -> Self {
        Self { pointer: pointer.to_owned(), spelled: Some(spelled(pointer)) }
    }

    /// A value of a policy document, which people read as the pointer that it is.
    #[must_use]
    pub fn of_document(at: &Pointer<'_>) -> Self {
        Self { pointer: at.to_string(), spelled: None }
    }

    /// The member `name`.
    #[must_use]
    pub fn name(&self, name: &str) -> Self {
        self.spelled_as(name, &format!(".{name}"))
    }

    /// The member `key`, in quotes because it is any text of a user.
    #[must_use]
    pub fn quoted(&self, key: &str) -> Self {
        self.spelled_as(key, &format!(".{}", shown(key)))
    }

    /// The item `index` of a list, from 0.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        self.spelled_as(&index.to_string(), &format!("[{index}]"))
    }

    /// The member `key`, spelled as `text`, which begins with what parts it from the field before.
    #[must_use]
    pub fn spelled_as(&self, key: &str, text: &str) -> Self {
        Self {
            pointer: format!("{}{}", self.pointer, Pointer::Root.key(key)),
            spelled: self.spelled.as_ref().map(|spelled| format!("{spelled}{text}")),
        }
    }

    /// The same field of something that is itself at `outer`, and then spelled as that is.
    #[must_use]
    pub fn within(&self, outer: &Self) -> Self {
        let own = || self.spelled.clone().unwrap_or_else(|| spelled(&self.pointer));
        Self {
            pointer: format!("{}{}", outer.pointer, self.pointer),
            spelled: outer.spelled.as_ref().map(|spelled| spelled.to_owned() + &own()),
        }
    }

    /// JSON pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}

/// As people spell it; empty for the whole.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.spelled.as_ref().unwrap_or(&self.pointer);
        f.write_str(text.strip_prefix('.').unwrap_or(text))
    }
}

/// What [`Field::of`] says of the pointer.
impl From<&str> for Field {
    fn from(pointer: &str) -> Self {
        Self::of(pointer)
    }
}

impl From<&Field> for Field {
    fn from(field: &Field) -> Self {
        field.clone()
    }
}

/// `/trust/0/name` → `.trust[0].name`. A pointer does not tell the key `0` from the index: digits
/// are taken for one.
fn spelled(pointer: &str) -> String {
    let mut text = String::new();
    for step in steps(pointer) {
        if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
            text.extend(["[", &step, "]"]);
        } else {
            text.extend([".", &step]);
        }
    }
    text
}

/// One thing that is wrong, or that may surprise.
///
/// Printed as `spec.trust[0].name: message; remedy`; where it stands in a text that was read, as
/// `line 3, column 5, at /Statement/0: message; remedy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding(Box<Parts>); // A box, so that a result with a finding is as small as its value.

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    check: Check,
    severity: Severity,
    field: Field,
    place: Option<Place>,
    message: String,
    joint: &'static str,
    remedy: String,
}

impl Finding {
    /// What is refused.
    #[must_use]
    pub fn error(check: Check, field: impl Into<Field>, message: impl Into<String>) -> Self {
        Self::new(check, Severity::Error, field.into(), message.into())
    }

    /// What is accepted, and may still surprise.
    #[must_use]
    pub fn warning(check: Check, field: impl Into<Field>, message: impl Into<String>) -> Self {
        Self::new(check, Severity::Warning, field.into(), message.into())
    }

    fn new(check: Check, severity: Severity, field: Field, message: String) -> Self {
        let (place, joint, remedy) = (None, "; ", String::new());
        Self(Box::new(Parts { check, severity, field, place, message, joint, remedy }))
    }

    /// With what to do about it.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.0.remedy = remedy.into();
        self
    }

    /// With another text than `; ` between message and remedy, where they make one sentence.
    #[must_use]
    pub fn with_joint(mut self, joint: &'static str) -> Self {
        self.0.joint = joint;
        self
    }

    /// With its place in the text that was read. A text that nobody wrote has no place to name.
    #[must_use]
    pub fn with_place(mut self, place: Option<Place>) -> Self {
        self.0.place = place;
        self
    }

    /// With `subject: ` before the message.
    #[must_use]
    pub fn with_subject(mut self, subject: impl fmt::Display) -> Self {
        self.0.message = format!("{subject}: {}", self.0.message);
        self
    }

    /// The same finding about another field.
    #[must_use]
    pub fn moved(mut self, field: impl Into<Field>) -> Self {
        self.0.field = field.into();
        self
    }

    /// The same finding, when what was read is itself at `outer`.
    #[must_use]
    pub fn within(mut self, outer: &Field) -> Self {
        self.0.field = self.0.field.within(outer);
        self
    }

    /// Which check found it.
    #[must_use]
    pub fn check(&self) -> Check {
        self.0.check
    }

    /// How grave it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.0.severity
    }

    /// The field that it is about.
    #[must_use]
    pub fn field(&self) -> &Field {
        &self.0.field
    }

    /// JSON pointer (RFC 6901) of the field; empty for the whole of what was read.
    #[must_use]
    pub fn pointer(&self) -> &str {
        self.0.field.pointer()
    }

    /// Where it stands in the text, when it was read from one.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.0.place
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it; empty where the message says it all.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.0.remedy
    }

    /// Message and remedy as one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Parts { message, joint, remedy, .. } = &*self.0;
        if remedy.is_empty() { message.clone() } else { format!("{message}{joint}{remedy}") }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field();
        match (self.0.place, &field.spelled) {
            (Some(place), _) => write!(f, "{place}{}: ", at(&field.pointer))?,
            (None, Some(spelled)) if spelled.is_empty() => {}
            (None, None) if field.pointer.is_empty() => f.write_str("the document: ")?,
            _ => write!(f, "{field}: ")?,
        }
        f.write_str(&self.sentence())
    }
}

impl std::error::Error for Finding {}

impl From<TextError> for Finding {
    fn from(TextError { pointer, place, problem }: TextError) -> Self {
        let repeated = matches!(problem, TextProblem::Duplicate(_));
        let check = if repeated { Check::REPEATED_KEY } else { Check::SYNTAX };
        let (message, remedy) = problem.words();
        let field = Field { pointer, spelled: None };
        Self::error(check, field, message).with_remedy(remedy).with_place(Some(place))
    }
}
