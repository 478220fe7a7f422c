//! Hooks in real repositories: git runs them, and a stand-in for keytrail on PATH tells what it was
//! given and passes or blocks.
#![cfg(unix)]

mod chain;
mod everywhere;
mod local;
mod sandbox;
mod scope;
