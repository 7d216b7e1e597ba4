//! How long an answer asks its caller to wait (RFC 9110, 10.2.3).

use std::time::Duration;

use hyper::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::clock::millis_of_http_date;

/// Seconds, or a date, which is compared with the sender's own in `Date`. At most a day.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let sent = millis_of_http_date(headers.get(DATE)?.to_str().ok()?)?;
            let wait = millis_of_http_date(value)?.saturating_sub(sent).max(0);
            Duration::from_millis(wait.unsigned_abs())
        }
    };
    Some(wait.min(Duration::from_secs(86_400)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seconds_or_a_date_by_the_senders_own_clock() {
        let of = |wait: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, wait.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        let date = Some("Mon, 21 Sep 2026 14:00:00 GMT");
        assert_eq!(of("120", None), Some(120));
        assert_eq!(of("Mon, 21 Sep 2026 14:02:00 GMT", date), Some(120));
        assert_eq!(of("Mon, 21 Sep 2026 13:00:00 GMT", date), Some(0));
        assert_eq!(of("Wed, 22 Sep 2027 14:00:00 GMT", date), Some(86_400));
        assert_eq!(of("Mon, 21 Sep 2026 14:02:00 GMT", None), None);
        assert_eq!(of("soon", date), None);
    }
}
