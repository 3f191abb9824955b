//! The binary `sori`.
fn main() {}
