//! The kinds: one folder or file each.

pub mod iam_role;
