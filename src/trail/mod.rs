//! A token's life: who brought it in, where it stood, what replaced it, what still reaches it, and
//! what the team says of it.

pub mod inventory;
pub mod life;
pub mod registry;
pub mod state;
pub mod token;
