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

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AttemptLabels {
    route: &'static str,
    /// `stored`, or the code of a reason.
    result: &'static str,
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

/// The counters of this process.
pub struct Metrics {
    deliveries: Family<DeliveryLabels, Counter>,
    acknowledgements: Histogram,
    attempts: Family<AttemptLabels, Counter>,
    received: Counter,
    stored: Family<StoredLabels, Counter>,
    stored_bytes: Counter,
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
            notifications: Family::default(),
        }
    }
}

/// Values that are read for each request of the metrics.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Media by status.
    pub media: Vec<(String, i64)>,
    pub oldest_waiting_seconds: Option<i64>,
    /// Negative when all have passed.
    pub next_deadline_seconds: Option<i64>,
    pub disk_free_bytes: Option<u64>,
    pub downloads_paused: bool,
    pub refused_deliveries: i64,
    pub undelivered_messages: i64,
    pub instances: Vec<(String, i64)>,
    /// Notifications that wait or failed.
    pub outbox: Vec<(String, i64)>,
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

    /// An attempt to download; `result` is `stored` or the code of a reason.
    pub fn count_attempt(&self, route: &'static str, result: &'static str, bytes: u64) {
        let labels = AttemptLabels { route, result };
        self.attempts.get_or_create(&labels).inc();
        self.received.inc_by(bytes);
    }

    /// `verified` is the code of a verification.
    pub fn count_stored(&self, kind: &'static str, verified: &'static str, bytes: u64) {
        let labels = StoredLabels { kind, verified };
        self.stored.get_or_create(&labels).inc();
        self.stored_bytes.inc_by(bytes);
    }

    /// An attempt to send a notification; `result` is `delivered` or the code of a reason.
    pub fn count_notification(&self, result: &'static str) {
        let labels = NotificationLabels { result };
        self.notifications.get_or_create(&labels).inc();
    }

    /// The text format of OpenMetrics.
    pub fn encode(&self, gauges: &Gauges) -> Result<String, std::fmt::Error> {
        let mut registry = Registry::with_prefix("midiateca");
        let all = &mut registry;
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
            "notification_attempts",
            "Attempts to send an outgoing webhook",
            self.notifications.clone(),
        );
        register_gauges(all, gauges);
        let mut encoded = String::new();
        text::encode(&mut encoded, &registry)?;
        Ok(encoded)
    }
}

fn register_gauges(all: &mut Registry, gauges: &Gauges) {
    by_status(all, "media", "Media by status", &gauges.media);
    by_status(all, "instances", "Instances by state", &gauges.instances);
    by_status(
        all,
        "notifications",
        "Notifications that wait or failed",
        &gauges.outbox,
    );
    let mut one = |name: &str, help: &str, value: Option<i64>| {
        if let Some(value) = value {
            let gauge = Gauge::<i64>::default();
            gauge.set(value);
            all.register(name, help, gauge);
        }
    };
    let free = gauges.disk_free_bytes;
    let free = free.map(|free| i64::try_from(free).unwrap_or(i64::MAX));
    one(
        "oldest_waiting_seconds",
        "Age of the media that waits longest",
        gauges.oldest_waiting_seconds,
    );
    one(
        "next_deadline_seconds",
        "Time until the next link expires",
        gauges.next_deadline_seconds,
    );
    one("disk_free_bytes", "Free space where media are stored", free);
    one(
        "downloads_paused",
        "1 while downloads wait for disk space",
        Some(gauges.downloads_paused.into()),
    );
    one(
        "refused_deliveries",
        "Deliveries refused for their token or signature",
        Some(gauges.refused_deliveries),
    );
    one(
        "undelivered_messages",
        "Messages whose delivery the gateway did not send",
        Some(gauges.undelivered_messages),
    );
    one(
        "last_event",
        "The number of the newest event",
        Some(gauges.last_event),
    );
    let info = Info::new(vec![("version", gauges.version)]);
    all.register("build", "This program", info);
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
