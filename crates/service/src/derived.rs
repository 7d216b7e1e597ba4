//! What is made from a stored file for people: other forms of the same sound.

pub mod opus_mp4;
