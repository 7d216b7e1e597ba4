//! Through the door: the real router on a free port, a temporary data folder, `wa-sim` as the world.

#![allow(clippy::too_many_lines)]
#![expect(clippy::unwrap_used, reason = "tests")]

mod again;
mod answers;
mod backup;
mod cdn;
mod check;
mod clients;
mod clock;
mod coding;
mod commands;
mod connections;
mod coordination;
mod crash;
mod database;
#[cfg(target_os = "linux")]
mod disks;
mod doctor;
mod documented;
mod door;
mod export;
mod failures;
mod fairness;
mod filters;
mod first_data;
mod forget;
mod hostile;
mod house;
#[cfg(unix)]
mod identity;
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
mod scrub;
mod serve;
mod shim;
mod stage;
mod status;
#[cfg(target_os = "linux")]
mod systemd;
mod takeover;
mod talk;
mod target;
mod trials;
mod webhooks;
