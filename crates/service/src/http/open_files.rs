//! The limit of open files and sockets of this process, and how many of them may be connections.

/// Database, locks, log, signals, and other files that are always open.
const STANDING: usize = 64;
/// A download has a socket and a staged file.
const PER_DOWNLOAD: usize = 2;

/// How many of `wanted` connections are possible with `downloads` running. Raises the soft limit of open files as far as
/// needed and allowed.
pub(super) fn connections(wanted: usize, downloads: usize) -> usize {
    let others = STANDING + PER_DOWNLOAD * downloads;
    let Some(limit) = raise(wanted.saturating_add(others)) else {
        return wanted;
    };
    let possible = within(limit, others);
    if possible < wanted {
        tracing::warn!(
            open_files = limit,
            wanted,
            possible,
            "fewer connections than http.max_connections: the limit of open files is too low (LimitNOFILE in systemd, ulimit -n)"
        );
    }
    possible.min(wanted)
}

/// With a low limit, connections get half of it.
fn within(limit: usize, others: usize) -> usize {
    limit.saturating_sub(others).max(limit / 2).max(1)
}

/// The limit in force; `None` when there is none.
#[cfg(unix)]
fn raise(needed: usize) -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let soft = limit.current?;
    let needed = needed as u64;
    if soft >= needed {
        return usize::try_from(soft).ok();
    }
    let current = limit.maximum.map_or(needed, |most| most.min(needed));
    let raised = Rlimit {
        current: Some(current),
        maximum: limit.maximum,
    };
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => current,
        Err(_) => soft,
    };
    usize::try_from(limit).ok()
}

#[cfg(not(unix))]
fn raise(_: usize) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_open_files_for_everything_else() {
        assert_eq!(within(20_000, 192), 19_808);
        assert_eq!(within(1_024, 192), 832);
        assert_eq!(within(96, 192), 48);
        assert_eq!(within(0, 192), 1);
    }
}
