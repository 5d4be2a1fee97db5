//! What both sides have: the form of a role, as it is desired and as AWS has it. It is taken apart
//! here and nowhere else. Diff, fingerprint and settling match on each [`Facet`] of it: a new field
//! does not compile until all of them know it.

use std::collections::BTreeMap;

use iam::{policy::Policy, tag::Tags};

use crate::plan::form::observed::{Attachments, DEFAULT_SESSION, Observed, RoleDetail, RoleRecord};

/// What a form is made of, told by its documents: `Policy` as desired, `&D` to look at one side,
/// `&mut D` to write to it, a pair for two sides beside each other.
pub trait Side {
    /// A text that may be unset.
    type Text;
    /// A duration.
    type Seconds;
    /// ARNs of managed policies.
    type Arns;
    /// Documents by name.
    type Documents;
    /// Tags.
    type Tags;
}

impl Side for Policy {
    type Text = Option<String>;
    type Seconds = i32;
    type Arns = Attachments;
    type Documents = BTreeMap<String, Policy>;
    type Tags = Tags;
}

impl<'a, D> Side for &'a D {
    type Text = Option<&'a str>;
    type Seconds = i32;
    type Arns = &'a Attachments;
    type Documents = &'a BTreeMap<String, D>;
    type Tags = &'a Tags;
}

impl<'a, D> Side for &'a mut D {
    type Text = &'a mut Option<String>;
    type Seconds = &'a mut Option<i32>;
    type Arns = &'a mut Attachments;
    type Documents = &'a mut BTreeMap<String, D>;
    type Tags = &'a mut Tags;
}

impl<A: Side, B: Side> Side for (A, B) {
    type Text = (A::Text, B::Text);
    type Seconds = (A::Seconds, B::Seconds);
    type Arns = (A::Arns, B::Arns);
    type Documents = (A::Documents, B::Documents);
    type Tags = (A::Tags, B::Tags);
}

/// All of a role that is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Form<D: Side> {
    /// Unset and empty are the same; never empty as desired.
    pub description: D::Text,
    /// How long a session lasts at most.
    pub max_session: D::Seconds,
    /// ARN of the permissions boundary.
    pub boundary: D::Text,
    /// The trust policy.
    pub trust: D,
    /// ARNs of the attached managed policies.
    pub attached: D::Arns,
    /// Inline policies by name.
    pub inline: D::Documents,
    /// All tags, the ownership proof among them.
    pub tags: D::Tags,
}

/// A part of a form that is compared by itself.
#[derive(Clone, Copy, Debug)]
pub enum Facet<D: Side> {
    /// The trust policy.
    Trust(D),
    /// The permissions boundary.
    Boundary(D::Text),
    /// Attached managed policies.
    Attached(D::Arns),
    /// Inline policies.
    Inline(D::Documents),
    /// Tags.
    Tags(D::Tags),
    /// What one call of AWS sets.
    Attributes {
        /// The description.
        description: D::Text,
        /// The session duration.
        max_session: D::Seconds,
    },
}

impl<D: Side> Form<D> {
    /// Each part, in the order in which fingerprints are made of them.
    #[must_use]
    pub fn facets(self) -> [Facet<D>; 6] {
        let Self { description, max_session, boundary, trust, attached, inline, tags } = self;
        [
            Facet::Trust(trust),
            Facet::Boundary(boundary),
            Facet::Attached(attached),
            Facet::Inline(inline),
            Facet::Tags(tags),
            Facet::Attributes { description, max_session },
        ]
    }

    /// This form and another one, part by part.
    #[must_use]
    pub fn beside<E: Side>(self, other: Form<E>) -> Form<(D, E)> {
        Form {
            description: (self.description, other.description),
            max_session: (self.max_session, other.max_session),
            boundary: (self.boundary, other.boundary),
            trust: (self.trust, other.trust),
            attached: (self.attached, other.attached),
            inline: (self.inline, other.inline),
            tags: (self.tags, other.tags),
        }
    }
}

impl Form<Policy> {
    /// A look at it.
    #[must_use]
    pub fn borrowed(&self) -> Form<&Policy> {
        Form {
            description: self.description.as_deref(),
            max_session: self.max_session,
            boundary: self.boundary.as_deref(),
            trust: &self.trust,
            attached: &self.attached,
            inline: &self.inline,
            tags: &self.tags,
        }
    }
}

/// Without a copy: a sweep looks at every role of an account so.
fn seen<'a>(
    role: &'a RoleRecord,
    attached: &'a Attachments,
    inline: &'a BTreeMap<String, String>,
) -> Form<&'a String> {
    // What is not compared is named, so that someone decides about a new field.
    let RoleRecord {
        name: _,
        path: _,
        arn: _,
        role_id: _,
        created: _,
        trust,
        description,
        max_session,
        boundary,
        tags,
    } = role;
    Form {
        description: description.as_deref(),
        max_session: max_session.unwrap_or(DEFAULT_SESSION),
        boundary: boundary.as_deref(),
        trust,
        attached,
        inline,
        tags,
    }
}

impl RoleDetail {
    /// The form of the role; description and session duration are not known here.
    #[must_use]
    pub fn form(&self) -> Form<&String> {
        let Self { role, attached, inline, profiles: _ } = self;
        seen(role, attached, inline)
    }
}

impl Observed {
    /// The form of the role.
    #[must_use]
    pub fn form(&self) -> Form<&String> {
        let Self { role, attached, inline, contents: _ } = self;
        seen(role, attached, inline)
    }

    /// The form of the role, to be written to.
    #[must_use]
    pub fn form_mut(&mut self) -> Form<&mut String> {
        let role = &mut self.role;
        Form {
            description: &mut role.description,
            max_session: &mut role.max_session,
            boundary: &mut role.boundary,
            trust: &mut role.trust,
            attached: &mut self.attached,
            inline: &mut self.inline,
            tags: &mut role.tags,
        }
    }
}
