//! Processes that left the process group of their run, as daemons do: they are found by the run's mark in their environment, or
//! by their working folder. One that gave up both is not found; only `bwrap` ends that one too.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::MARKER;

/// One that is found may have started another one in the meantime.
const ROUNDS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(2);

/// Kills them all. Blocking.
pub(super) fn kill(marker: &str, folder: &Path) {
    let sign = format!("{MARKER}={marker}");
    let is_of_run = |process: &Path| is_of_run(process, sign.as_bytes(), folder);
    for _ in 0..ROUNDS {
        let mut is_any_left = false;
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let id = process.file_name();
            let id = id.to_str().and_then(|id| id.parse().ok());
            let Some(id) = id.and_then(Pid::from_raw) else {
                continue;
            };
            if !is_of_run(&process.path()) {
                continue;
            }
            // Looked at again, because the number may be another process's now; from here on it is not.
            if let Ok(handle) = pidfd_open(id, PidfdFlags::empty())
                && is_of_run(&process.path())
            {
                is_any_left = true;
                let _ = pidfd_send_signal(handle, Signal::KILL);
            }
        }
        if !is_any_left {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    tracing::warn!("a process that a program left behind cannot be killed");
}

fn is_of_run(process: &Path, sign: &[u8], folder: &Path) -> bool {
    let has_sign = |environment: Vec<u8>| {
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| variable == sign)
    };
    fs::read(process.join("environ")).is_ok_and(has_sign)
        || fs::read_link(process.join("cwd")).is_ok_and(|cwd| {
            // The kernel marks a removed one with more text.
            cwd.as_os_str()
                .as_encoded_bytes()
                .starts_with(folder.as_os_str().as_encoded_bytes())
        })
}
