//! midiateca keeps every photo, voice note, video, document and sticker that arrives on a company's
//! WhatsApp numbers. The modules stand in the order in which data flows.

/// The handles of all rooms.
pub mod app;
/// One media from end to end.
pub mod archive;
/// What is held: find, list, count.
pub mod catalog;
/// The command line.
pub mod cli;
/// Time.
pub mod clock;
/// The settings.
pub mod config;
/// The database.
pub mod db;
/// What happened, in order.
pub mod events;
/// Bytes from the network under limits, and which addresses may be spoken to.
pub mod fetch;
/// What each gateway says and how it is asked. Pure.
pub mod gateway;
/// The network's side: the webhook door and the health checks.
pub mod http;
/// From an authenticated body to committed rows.
pub mod intake;
/// The nouns: a media, its kind, its status, the reasons why it failed.
pub mod media;
/// The media table as a queue.
pub mod queue;
/// Clients and instances: whose numbers these are.
pub mod registry;
/// Sealed tokens and hashed ones.
pub mod secrets;
/// The end, in order.
pub mod shutdown;
/// Logs.
pub mod telemetry;
/// Where a file lives.
pub mod vault;
/// The loop that keeps downloads running.
pub mod worker;
