//! Settings that are legal, and may not be meant.

use super::super::panel;
use super::super::words::doctor as words;
use super::sheet::Sheet;
use midiateca_service::config::{Config, Rule, Size, Span};
use midiateca_service::model::Route;

/// Videos and documents of everyday are larger.
const SMALL_FILE: Size = Size::mib(16);
/// Who notices that a file is gone notices it later.
const HASTY: Span = Span::days(7);

fn is_hasty(rule: &Rule) -> bool {
    rule.older_than.is_some_and(|span| span < HASTY)
}

/// Settings that are legal, and may not be meant.
pub(super) fn look(sheet: &mut Sheet, config: &Config) {
    sheet.fine(
        "program",
        "",
        words::VERSION,
        words::VERSION_IS,
        &[("version", &env!("CARGO_PKG_VERSION"))],
    );
    let public_url = &config.http.public_url;
    let clear = public_url.starts_with("http://") && !panel::is_loopback(public_url);
    let risks = [
        (
            public_url.is_empty(),
            "http.public_url",
            words::NO_PUBLIC_URL,
            words::SET_PUBLIC_URL,
        ),
        (
            clear,
            "http.public_url",
            words::CLEAR_TEXT,
            words::USE_HTTPS,
        ),
        (
            config.keep.view_once,
            "keep.view_once",
            words::VIEW_ONCE,
            words::MEANT,
        ),
        (
            !config.keep.own,
            "keep.own",
            words::OWN_NOT_KEPT,
            words::MEANT,
        ),
        (
            !config.keep.groups,
            "keep.groups",
            words::GROUPS_NOT_KEPT,
            words::MEANT,
        ),
        (
            config.keep.kinds.len() < 5,
            "keep.kinds",
            words::KINDS_NOT_KEPT,
            words::MEANT,
        ),
        (
            !config.fetch.routes.contains(&Route::Cdn),
            "fetch.routes",
            words::WITHOUT_CDN,
            words::ADD_CDN,
        ),
        (
            !config.fetch.routes.contains(&Route::Gateway),
            "fetch.routes",
            words::WITHOUT_GATEWAY,
            words::ADD_GATEWAY,
        ),
        (
            !config.fetch.allowed_hosts.is_empty(),
            "fetch.allowed_hosts",
            words::HOSTS_ALLOWED,
            words::MEANT,
        ),
        (
            config.storage.pause_below.is_zero(),
            "storage.pause_below",
            words::NO_WATERMARK,
            words::SET_WATERMARK,
        ),
        (
            config.keep.max_size < SMALL_FILE,
            "keep.max_size",
            words::ONLY_SMALL,
            words::MEANT,
        ),
        (
            config.retention.rules.iter().any(is_hasty),
            "retention.rules",
            words::GOES_SOON,
            words::MEANT,
        ),
        (
            config.retention.deliveries.is_zero(),
            "retention.deliveries",
            words::GROWS_FOR_EVER,
            words::SET_DAYS,
        ),
        (
            config.retention.events.is_zero(),
            "retention.events",
            words::GROWS_FOR_EVER,
            words::SET_DAYS,
        ),
    ];
    let mut fine = true;
    for (_, key, seen, next) in risks.iter().filter(|(applies, ..)| *applies) {
        fine = false;
        sheet.risk(
            "settings",
            key,
            words::READ_SETTINGS,
            *seen,
            *next,
            &[("key", key)],
        );
    }
    if fine {
        sheet.fine(
            "settings",
            "",
            words::READ_SETTINGS,
            words::SETTINGS_FINE,
            &[],
        );
    }
}
