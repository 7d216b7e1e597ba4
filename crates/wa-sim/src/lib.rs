#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod fault;
mod gateway;
mod media;
mod server;
mod webhook;
mod world;

pub use fault::Fault;
pub use gateway::Gateway;
pub use media::{Content, DOCUMENTED_KEY, LinkExpiry, SimMedia, generated_sha256};
pub use server::Sim;
pub use world::{Delivery, Session, World};
