//! A token's life: who brought it in, where it stood, what replaced it, what still reaches it, and
//! what the team says of it.

pub mod follow;
pub mod inventory;
pub mod life;
pub mod mainline;
pub mod registry;
pub mod request;
pub mod rotation;
pub mod state;
pub mod stays;
pub mod timeline;
pub mod token;
