//! The service as a library: it keeps every photo, voice note, video, document and sticker that arrives on a company's
//! WhatsApp numbers. The command line is another crate. The modules stand in the order in which data flows; the ground comes last.
#![warn(clippy::print_stdout)]

/// The nouns: a media, its kind, its status, the reasons why it failed.
pub mod media;

/// The network's side: the webhook door and the health checks.
pub mod http;

/// What each gateway says and how it is asked. Pure.
pub mod gateway;

/// From an authenticated body to committed rows.
pub mod intake;

/// The raw bodies of webhooks, as they came.
pub mod delivery;

/// The media table as a queue.
pub mod queue;

/// The loop that keeps downloads running.
pub mod worker;

/// One media from end to end.
pub mod archive;

/// Bytes from the network under limits, and which addresses may be spoken to.
pub mod fetch;

/// Where a file lives.
pub mod vault;

/// What is held: find, list, count.
pub mod catalog;

/// What is no longer to be kept.
pub mod retention;

/// Whether the machine's clock can be believed.
pub mod clock_check;

/// What another system kept, taken over.
pub mod takeover;

/// A copy of everything, to be taken while the service runs.
pub mod backup;

/// What happened, in order.
pub mod events;

/// Clients and instances: whose numbers these are.
pub mod registry;

/// Door, workers and watchers, from the start to the end.
pub mod server;

/// The handles of all rooms.
pub mod app;

/// Folders, files and names that last, on every file system.
pub mod disk;

/// The database.
pub mod db;

/// The settings.
pub mod config;

/// Sealed tokens and hashed ones.
pub mod secrets;

/// Time.
pub mod clock;

/// The end, in order.
pub mod shutdown;

/// Which characters may reach a terminal.
pub mod terminal;

/// Logs.
pub mod telemetry;
