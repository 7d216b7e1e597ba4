#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod fault;
mod media;
mod server;
mod world;

pub use fault::Fault;
pub use media::{Content, DOCUMENTED_KEY, LinkExpiry, SimMedia, generated_sha256};
pub use server::Sim;
pub use world::{Delivery, Session, World};
