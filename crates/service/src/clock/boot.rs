//! The system's two clocks: the wall clock, which users can set, and the time since boot, which they cannot and which
//! includes suspended time.

use super::Reading;

#[expect(clippy::disallowed_methods, reason = "this is where time enters")]
pub(super) fn read() -> Reading {
    Reading {
        wall: jiff::Timestamp::now().as_millisecond(),
        uptime: uptime(),
        boot: boot_id(),
    }
}

/// Milliseconds since boot, suspended time included.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn uptime() -> super::Millis {
    // On macOS the monotonic clock includes suspended time; on Linux only the boot clock does.
    #[cfg(target_vendor = "apple")]
    const UPTIME: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    #[cfg(not(target_vendor = "apple"))]
    const UPTIME: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    let at = rustix::time::clock_gettime(UPTIME);
    at.tv_sec * 1_000 + at.tv_nsec / 1_000_000
}

/// Milliseconds since the first call: Windows' counter includes suspended time.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn uptime() -> super::Millis {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    i64::try_from(BEGAN.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// Identifies the boot. None where the system has no such id: the time since boot of another process is unusable
/// then.
fn boot_id() -> Option<String> {
    #[cfg(target_os = "linux")]
    {
        use std::sync::LazyLock;
        static BOOT: LazyLock<Option<String>> = LazyLock::new(|| {
            let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
            Some(id.trim().to_owned())
        });
        BOOT.clone()
    }
    #[cfg(not(target_os = "linux"))]
    None
}
