//! The service as a library: it keeps every photo, voice note, video, document and sticker that arrives on a company's
//! WhatsApp numbers. The command line is another crate. The modules stand in the order in which data flows; the ground comes last.
#![cfg_attr(test, allow(clippy::too_many_lines))]
#![warn(clippy::print_stdout)]

/// Ids, kinds, statuses and reasons: closed enums with snake_case codes.
pub mod model;

/// The HTTP server: webhooks and health checks.
pub mod http;

/// Each gateway's deliveries and calls. Pure.
pub mod gateway;

/// From an authenticated body to committed rows.
pub mod ingest;

/// The raw bodies of webhooks.
pub mod deliveries;

/// The media table: find, list, count.
pub mod media;

/// The media table as a queue.
pub mod queue;

/// The claim loop: fairness, disk space, leases, drain.
pub mod worker;

/// One download, from its candidates to a stored file.
pub mod download;

/// The bounded HTTP client, the address guard, cooldowns, proxies.
pub mod net;

/// Files: staging, publishing, quarantine.
pub mod storage;

/// The append-only log of events.
pub mod events;

/// Clients, instances, sealed tokens and hook tokens.
pub mod instances;

/// The operator's operations, one module each.
pub mod ops;

/// The server: roles and loops.
pub mod server;

/// The handles that the server and the edges share.
pub mod app;

/// Whether the machine's clock can be trusted.
pub mod clock_check;

/// Durable folders, files and names on every file system.
pub mod disk;

/// Every text for people, in both languages.
pub mod i18n;

/// Leases, and the checkpoints of resumable runs.
pub mod coordination;

pub mod db;

pub mod config;

/// Encrypted tokens and hashed ones.
pub mod secrets;

pub mod clock;

/// Shutdown in order.
pub mod shutdown;

/// Characters that are safe in a terminal.
pub mod terminal;

pub mod telemetry;
