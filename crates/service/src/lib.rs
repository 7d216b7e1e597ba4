//! The service as a library: it keeps every photo, voice note, video, document and sticker that arrives on a company's
//! WhatsApp numbers. The command line is another crate. Modules that data flows through come first, in that order; what they
//! stand on follows. ARCHITECTURE.md says which module may use which.
#![cfg_attr(test, allow(clippy::too_many_lines))]
#![warn(clippy::print_stdout)]

/// Ids, kinds, statuses and reasons: closed enums with snake_case codes.
pub mod model;

/// The HTTP server: webhooks and health checks.
pub mod http;

/// Each gateway's deliveries, calls and answers; no network.
pub mod gateway;

/// Commits an authenticated body as rows, before it is acknowledged.
pub mod ingest;

/// The raw bodies of webhooks, with their long texts in files, and how often instances send.
pub mod deliveries;

/// The row of a media, and all SQL of its table.
pub mod media;

/// A media as a job: when it changes its state, and when it is tried again.
pub mod queue;

/// The claim loop: fairness, disk space, leases, drain.
pub mod worker;

/// One download, from its candidates to a stored file; which hosts are out.
pub mod download;

/// Other forms of stored files, for people.
pub mod derived;

/// Sends outgoing webhooks.
pub mod notifier;

/// The bounded HTTP client, the address guard, cooldowns, proxies.
pub mod net;

/// Files: staging, publishing, removal, quarantine, and the marker that ties them to the database.
pub mod storage;

/// The log of events, and its age limit.
pub mod events;

/// Clients, instances, their tokens and webhook addresses.
pub mod instances;

/// Who may see and do what: API keys, signed links, the audit log.
pub mod access;

/// The operations of an operator, a module for each, and their shared parts.
pub mod ops;

/// The server: starts the HTTP server, the worker and the periodic tasks.
pub mod server;

/// Opens a data folder, and holds what the server and the command line share.
pub mod app;

/// Whether the machine's clock can be trusted.
pub mod clock_check;

/// Folders, files and names that are as durable as the file system permits.
pub mod disk;

/// The texts for people, in both languages; webhook answers for programs are in `http`.
pub mod i18n;

/// Leases, and the checkpoints of resumable runs.
pub mod coordination;

/// The database: readers, the one writer with its group commits, migrations.
pub mod db;

/// TLS towards servers.
pub mod tls;

/// Settings, from the file and the environment.
pub mod config;

/// Encryption of gateway tokens; hashes of webhook tokens.
pub mod secrets;

/// Time, which tests can move.
pub mod clock;

/// Tasks, and their end at shutdown.
pub mod shutdown;

/// Replaces characters that would control a terminal.
pub mod terminal;

/// Figures for Prometheus.
pub mod metrics;

/// Log lines.
pub mod telemetry;

#[cfg(test)]
mod seeds;
