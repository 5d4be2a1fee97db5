//! Tests that hold files of the repository to the types.

mod admission;
