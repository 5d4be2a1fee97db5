//! Which role a resource stands for, and the limits that hold for it.

pub mod config;
pub mod identity;
pub mod limits;
pub mod own;
pub mod problems;
pub mod resolve;
