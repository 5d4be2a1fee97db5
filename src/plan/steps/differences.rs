//! What differs between a role as it is and as it is to be, not in order yet, and the writes of its
//! permissions.

use crate::plan::steps::{
    managed::Attached,
    parts::Room,
    step::{Call, Why},
};
use iam::{
    limits::INLINE_TOTAL,
    policy::{Policy, contain::Change},
};

/// What differs, not in order yet.
#[derive(Debug)]
pub struct Differences<'a> {
    /// The boundary that is and the one that is to be.
    pub boundary: Option<(Option<&'a str>, Option<&'a str>)>,
    /// The trust that is, `None` when it can't be read, and the one that is to be.
    pub trust: Option<(Option<Policy>, &'a Policy)>,
    /// Inline policies.
    pub inline: Vec<Inline<'a>>,
    /// What is known of another boundary in the place of one.
    pub replaced: Change,
    /// Policies that are to be attached.
    pub attach: Vec<Attached<'a>>,
    /// Policies that are to be detached.
    pub detach: Vec<Attached<'a>>,
    /// Inline policies that stay as they are.
    pub stay: Vec<Inline<'a>>,
    /// The role has attached policies that stay.
    pub attached_stay: bool,
    /// What all these leave of AWS's quotas.
    pub room: Room,
    /// `UpdateRole`, and whether it makes sessions shorter.
    pub attributes: Option<(Call, bool)>,
    /// `UntagRole` and `TagRole`, in order, and whether a document of the role asks for such a tag.
    pub tags: Vec<(Call, Why, bool)>,
    /// There is no room for new tags before others have gone.
    pub tags_are_full: bool,
}

impl<'a> Differences<'a> {
    /// None, on a role that has nothing yet.
    #[must_use]
    pub fn none() -> Self {
        Self {
            boundary: None,
            replaced: Change::Unknown,
            trust: None,
            inline: Vec::new(),
            attach: Vec::new(),
            detach: Vec::new(),
            stay: Vec::new(),
            attached_stay: false,
            room: Room { inline: INLINE_TOTAL, attached: usize::MAX },
            attributes: None,
            tags: Vec::new(),
            tags_are_full: false,
        }
    }

    /// The boundary that takes the place of another one.
    #[must_use]
    pub fn other_boundary(&self) -> Option<&'a str> {
        match self.boundary {
            Some((Some(_), Some(arn))) => Some(arn),
            _ => None,
        }
    }

    /// The same where nobody knows whether that allows more or less.
    #[must_use]
    pub fn unknown_boundary(&self) -> Option<&'a str> {
        self.other_boundary().filter(|_| self.replaced == Change::Unknown)
    }

    /// Whether policies come, go or change. Attachments are looked at first.
    #[must_use]
    pub fn changes_permissions(&self) -> bool {
        !(self.inline.is_empty() && self.attach.is_empty() && self.detach.is_empty())
    }
}

/// One inline policy that differs.
#[derive(Debug)]
pub struct Inline<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is now.
    pub old: ObservedDocument,
    /// The characters of it that count.
    pub size: usize,
    /// What it is to be; `None` when it is to go.
    pub new: Option<&'a Policy>,
}

/// An observed document.
#[derive(Debug)]
pub enum ObservedDocument {
    /// There is none.
    Absent,
    /// There is one that can't be read.
    Unreadable,
    /// There is this one.
    Read(Policy),
}

/// A write of the permissions.
#[derive(Debug)]
pub struct Permission {
    /// What is sent.
    pub call: Call,
    /// For what reason.
    pub why: Why,
    /// Those among the permissions that it needs.
    pub needs: Vec<usize>,
    /// It only takes away, whatever else there is.
    pub narrower: bool,
    /// Without it the role may allow more than in the end.
    pub lowers: bool,
    /// Those of one number may be in flight at the same time; it is the place of the first.
    pub group: Option<usize>,
}

/// `PutRolePolicy`.
#[must_use]
pub fn put(name: &str, policy: &Policy) -> Call {
    Call::PutInline { name: name.to_owned(), document: policy.to_json() }
}

/// `DeleteRolePolicy`.
#[must_use]
pub fn delete(name: &str) -> Call {
    Call::DeleteInline { name: name.to_owned() }
}
