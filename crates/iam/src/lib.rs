//! The language of IAM: ARNs, names, tags, limits, policy documents and trust statements.
//!
//! Pure: text and plain values in, values or problems out. Nothing here knows Kubernetes, the AWS
//! SDK, a clock or I/O.

pub mod account;
pub mod arn;
pub mod controller_policy;
pub mod finding;
pub mod limits;
pub mod managed;
pub mod name;
pub mod nearest;
pub mod placeholder;
pub mod policy;
pub mod quote;
pub mod role;
pub mod tag;
pub mod text;
pub mod trust;
