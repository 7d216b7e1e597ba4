//! midiateca.
