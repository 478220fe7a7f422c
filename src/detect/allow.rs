pub const MARKER: &str = "keytrail:allow";
