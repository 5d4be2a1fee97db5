//! Which replica leads: the algorithm, the loop that carries it out, the handle that everybody
//! asks, and whether the loops of the process turn.

pub mod candidate;
pub mod leadership;
pub mod pulse;
pub mod run;
