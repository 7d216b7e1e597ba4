//! The real HTTP server on a free port, with a temporary data folder and `wa-sim` as the gateway.

#![allow(clippy::too_many_lines)]
#![expect(clippy::unwrap_used, reason = "tests")]

mod addressee;
mod answers;
mod api;
mod audit;
mod backup;
mod backup_folder;
mod cdn;
mod check;
mod clients;
mod clock;
mod coding;
mod commands;
mod connections;
mod coordination;
mod crash;
mod dashboard;
mod database;
#[cfg(target_os = "linux")]
mod disks;
mod doctor;
mod documented;
mod export;
mod failures;
mod fairness;
mod filters;
mod first_data;
mod first_import;
mod forget;
mod gateway_webhooks;
mod gateways;
mod hints;
mod hostile;
mod house;
mod http_server;
#[cfg(unix)]
mod identity;
mod import_faults;
mod inline;
mod instance;
mod interfaces;
mod key;
mod large;
mod load;
mod manual;
#[cfg(unix)]
mod monitor;
mod mounted;
mod multichat;
mod names;
mod newcomer;
#[cfg(unix)]
mod opening;
mod outages;
mod proxy;
#[cfg(unix)]
mod pty;
mod readiness;
mod reading;
mod readonly;
mod refusals;
mod repair;
mod repeats;
mod retention;
mod schema;
mod scrub;
mod second_import;
mod serve;
mod shim;
mod snapshots;
mod stage;
mod status;
mod stderr;
mod storage;
#[cfg(target_os = "linux")]
mod systemd;
mod trials;
mod webhooks;
mod wrong_folder;
