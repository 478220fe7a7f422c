//! Rules as data: the form of the files, their checks, and the packs that they are compiled to.

pub mod text;
