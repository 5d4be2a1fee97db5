//! What several tables of grants share.

pub(super) mod token;
