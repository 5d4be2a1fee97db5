//! Tests that hold files of the repository to the types, and the schema of each kind to its rules.

use crate::yaml;

mod admission;
pub(crate) mod optional;
