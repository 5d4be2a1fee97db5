//! The plan: steps in an order that never widens access by accident.

pub mod applied;
pub mod audit;
pub mod diff;
pub mod differences;
pub mod interim;
pub mod managed;
pub mod narrow;
pub mod order;
pub mod parts;
pub mod principals;
pub mod remove;
pub mod route;
pub mod step;
pub mod turn;
