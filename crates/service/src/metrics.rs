//! Figures for Prometheus: counters of this process, and gauges that are read when they are asked for. Labels are closed sets;
//! no ids, hosts or phone numbers.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// Upper ends of the buckets of acknowledgements, in seconds.
const ACK_SECONDS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DeliveryLabels {
    gateway: &'static str,
    outcome: &'static str,
}

/// An attempt to download, as it is counted.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct AttemptLabels {
    pub route: &'static str,
    /// The class of the server that was asked, never its name.
    pub host: &'static str,
    /// `stored`, or the code of a reason.
    pub result: &'static str,
    /// `stored`, or what the reason alone means for the media: `retry`, `confirm` or `give_up`.
    pub verdict: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StoredLabels {
    kind: &'static str,
    verified: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct NotificationLabels {
    result: &'static str,
}

/// One label.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StatusLabel {
    status: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct QueueLabels {
    status: &'static str,
    age: &'static str,
}

/// The outcomes of deliveries for which there are alerts. Counted from 0, because an increase is seen only of a series that was
/// there before.
pub const ALERTED_OUTCOMES: [&str; 2] = ["refused", "unavailable"];

/// The counters of this process.
pub struct Metrics {
    deliveries: Family<DeliveryLabels, Counter>,
    acknowledgements: Histogram,
    attempts: Family<AttemptLabels, Counter>,
    received: Counter,
    stored: Family<StoredLabels, Counter>,
    stored_bytes: Counter,
    shared: Counter,
    shared_bytes: Counter,
    notifications: Family<NotificationLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            deliveries: Family::default(),
            acknowledgements: Histogram::new(ACK_SECONDS),
            attempts: Family::default(),
            received: Counter::default(),
            stored: Family::default(),
            stored_bytes: Counter::default(),
            shared: Counter::default(),
            shared_bytes: Counter::default(),
            notifications: Family::default(),
        }
    }
}

/// Values that are read for each request of the metrics.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Media by status.
    pub media: Vec<(String, i64)>,
    /// Bytes of the stored ones.
    pub media_bytes: i64,
    /// Media that wait or are downloading, by status and age.
    pub queue: Vec<((&'static str, &'static str), i64)>,
    pub oldest_waiting_seconds: Option<i64>,
    /// Negative when all have passed.
    pub next_deadline_seconds: Option<i64>,
    pub disk_free_bytes: Option<u64>,
    pub disk_size_bytes: Option<u64>,
    pub downloads_paused: bool,
    pub refused_deliveries: i64,
    pub undelivered_messages: i64,
    pub instances: Vec<(String, i64)>,
    /// Notifications that wait or failed.
    pub outbox: Vec<(String, i64)>,
    pub oldest_notification_seconds: Option<i64>,
    pub last_event: i64,
    pub version: &'static str,
}

impl Metrics {
    /// A delivery that was answered, and how long the answer took.
    pub fn count_delivery(&self, gateway: &'static str, outcome: &'static str, took: Duration) {
        let labels = DeliveryLabels { gateway, outcome };
        self.deliveries.get_or_create(&labels).inc();
        self.acknowledgements.observe(took.as_secs_f64());
    }

    /// Lets the deliveries of a gateway be counted from 0.
    pub fn expect_deliveries(&self, gateway: &'static str) {
        for outcome in ALERTED_OUTCOMES {
            let labels = DeliveryLabels { gateway, outcome };
            drop(self.deliveries.get_or_create(&labels));
        }
    }

    /// An attempt to download, and the bytes that arrived.
    pub fn count_attempt(&self, labels: &AttemptLabels, bytes: u64) {
        self.attempts.get_or_create(labels).inc();
        self.received.inc_by(bytes);
    }

    /// A stored media; `is_shared` when its client had the bytes, so that they take no further space.
    pub fn count_stored(
        &self,
        kind: &'static str,
        verified: &'static str,
        bytes: u64,
        is_shared: bool,
    ) {
        let labels = StoredLabels { kind, verified };
        self.stored.get_or_create(&labels).inc();
        self.stored_bytes.inc_by(bytes);
        if is_shared {
            self.shared.inc();
            self.shared_bytes.inc_by(bytes);
        }
    }

    /// An attempt to send a notification; `result` is `delivered` or the code of a reason.
    pub fn count_notification(&self, result: &'static str) {
        let labels = NotificationLabels { result };
        self.notifications.get_or_create(&labels).inc();
    }

    /// The text format of OpenMetrics.
    pub fn encode(&self, gauges: &Gauges) -> Result<String, std::fmt::Error> {
        let mut registry = Registry::with_prefix("midiateca");
        self.register_counters(&mut registry);
        register_groups(&mut registry, gauges);
        register_gauges(&mut registry, gauges);
        let info = Info::new(vec![("version", gauges.version)]);
        registry.register("build", "This program", info);
        let mut encoded = String::new();
        text::encode(&mut encoded, &registry)?;
        Ok(encoded)
    }

    fn register_counters(&self, all: &mut Registry) {
        all.register(
            "deliveries",
            "Webhooks that were answered",
            self.deliveries.clone(),
        );
        all.register_with_unit(
            "acknowledgement",
            "Time until a webhook was answered",
            Unit::Seconds,
            self.acknowledgements.clone(),
        );
        all.register(
            "download_attempts",
            "Attempts to download a file",
            self.attempts.clone(),
        );
        all.register_with_unit(
            "download_received",
            "Received bytes of files",
            Unit::Bytes,
            self.received.clone(),
        );
        all.register(
            "media_stored",
            "Stored media since the start",
            self.stored.clone(),
        );
        all.register_with_unit(
            "media_stored",
            "Bytes of media stored since the start",
            Unit::Bytes,
            self.stored_bytes.clone(),
        );
        all.register(
            "media_deduplicated",
            "Stored media whose bytes the client already had, since the start",
            self.shared.clone(),
        );
        all.register_with_unit(
            "media_deduplicated",
            "Bytes that were not stored a second time, since the start",
            Unit::Bytes,
            self.shared_bytes.clone(),
        );
        all.register(
            "notification_attempts",
            "Attempts to send an outgoing webhook",
            self.notifications.clone(),
        );
    }
}

fn register_groups(all: &mut Registry, gauges: &Gauges) {
    by_status(all, "media", "Media by status", &gauges.media);
    let queue = Family::<QueueLabels, Gauge>::default();
    for ((status, age), count) in &gauges.queue {
        queue
            .get_or_create(&QueueLabels { status, age })
            .set(*count);
    }
    all.register(
        "queue",
        "Media that wait or are downloading, by the time since they were received",
        queue,
    );
    by_status(all, "instances", "Instances by state", &gauges.instances);
    by_status(
        all,
        "notifications",
        "Notifications that wait or failed",
        &gauges.outbox,
    );
}

fn register_gauges(all: &mut Registry, gauges: &Gauges) {
    let bytes = |bytes: Option<u64>| bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    let all_gauges = [
        (
            "media_bytes",
            "Bytes of the stored media; equal files count for each media",
            Some(gauges.media_bytes),
        ),
        (
            "oldest_waiting_seconds",
            "Age of the media that waits longest",
            gauges.oldest_waiting_seconds,
        ),
        (
            "next_deadline_seconds",
            "Time until the next deadline of a media that waits; negative when all have passed",
            gauges.next_deadline_seconds,
        ),
        (
            "disk_free_bytes",
            "Free space where media are stored",
            bytes(gauges.disk_free_bytes),
        ),
        (
            "disk_size_bytes",
            "Size of the disk where media are stored",
            bytes(gauges.disk_size_bytes),
        ),
        (
            "downloads_paused",
            "1 while downloads wait for disk space",
            Some(gauges.downloads_paused.into()),
        ),
        (
            "refused_deliveries",
            "Deliveries refused for their token or signature, as `check` counts them",
            Some(gauges.refused_deliveries),
        ),
        (
            "undelivered_messages",
            "Messages whose delivery the gateway did not send",
            Some(gauges.undelivered_messages),
        ),
        (
            "oldest_notification_seconds",
            "Age of the outgoing webhook that waits longest at an enabled endpoint",
            gauges.oldest_notification_seconds,
        ),
        (
            "last_event",
            "The number of the newest event",
            Some(gauges.last_event),
        ),
    ];
    for (name, help, value) in all_gauges {
        if let Some(value) = value {
            let gauge = Gauge::<i64>::default();
            gauge.set(value);
            all.register(name, help, gauge);
        }
    }
}

fn by_status(registry: &mut Registry, name: &str, help: &str, counts: &[(String, i64)]) {
    let family = Family::<StatusLabel, Gauge>::default();
    for (status, count) in counts {
        let labels = StatusLabel {
            status: status.clone(),
        };
        family.get_or_create(&labels).set(*count);
    }
    registry.register(name, help, family);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every figure, with invented values.
    fn example() -> String {
        let metrics = Metrics::default();
        metrics.expect_deliveries("wapi");
        for (outcome, ms) in [("accepted", 3), ("ignored", 1), ("refused", 2)] {
            metrics.count_delivery("wapi", outcome, Duration::from_millis(ms));
        }
        for (host, result, verdict, bytes) in [
            ("cdn", "cdn_gone", "confirm", 0),
            ("gateway", "stored", "stored", 2_268),
        ] {
            let labels = AttemptLabels {
                route: host,
                host,
                result,
                verdict,
            };
            metrics.count_attempt(&labels, bytes);
        }
        metrics.count_stored("image", "unproven", 2_268, true);
        metrics.count_notification("delivered");
        let counts = |counts: &[(&str, i64)]| {
            let counts = counts.iter();
            counts.map(|(name, n)| ((*name).to_owned(), *n)).collect()
        };
        let gauges = Gauges {
            media: counts(&[("pending", 1), ("stored", 1)]),
            media_bytes: 2_268,
            queue: vec![(("ready", "under_1m"), 0), (("waiting", "under_10m"), 1)],
            oldest_waiting_seconds: Some(60),
            next_deadline_seconds: Some(1_209_540),
            disk_free_bytes: Some(63_352_258_560),
            disk_size_bytes: Some(107_374_182_400),
            downloads_paused: false,
            refused_deliveries: 1,
            undelivered_messages: 0,
            instances: counts(&[("unknown", 2)]),
            outbox: counts(&[("pending", 1), ("failed", 0)]),
            oldest_notification_seconds: Some(5),
            last_event: 1,
            version: "0.1.0",
        };
        let text = metrics.encode(&gauges).unwrap();
        // The members of a family have no order.
        let mut lines: Vec<Vec<&str>> = Vec::new();
        for line in text.lines() {
            match lines.last_mut() {
                Some(family) if !line.starts_with("# HELP") && line != "# EOF" => family.push(line),
                _ => lines.push(vec![line]),
            }
        }
        for family in &mut lines {
            if !family.iter().any(|line| line.contains("_bucket")) {
                family.sort_by_key(|line| {
                    (
                        !line.starts_with('#'),
                        line.starts_with("# UNIT"),
                        line.starts_with("# TYPE"),
                        *line,
                    )
                });
            }
        }
        lines.concat().join("\n") + "\n"
    }

    #[test]
    fn the_example_is_what_the_program_writes() {
        let file = include_str!("../../../packaging/prometheus/metrics.example");
        assert_eq!(
            file,
            example(),
            "the text for packaging/prometheus/metrics.example is the second"
        );
    }
}
