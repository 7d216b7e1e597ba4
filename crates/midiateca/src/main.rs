//! midiateca.
fn main() {}
