//! The codes and fields that pages show of results of actions. Each has a label.

use serde_json::{Map, Value};

use super::Language;
use super::keys::dashboard as texts;
use crate::deliveries::LeftOut;

/// The messages of a delivery that are not filed; empty for none.
pub fn left_out(left_out: LeftOut, lang: Language) -> String {
    let counts = [
        (texts::LEFT_OUT_UNREADABLE, left_out.unreadable),
        (texts::LEFT_OUT_OTHER_INSTANCE, left_out.other_instance),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let counted: Vec<_> = counts
        .map(|(text, count)| lang.fill(text, &[("count", &count)]))
        .collect();
    counted.join(", ")
}

/// Fields of the answers that pages show as tables.
pub const FIELDS: [&str; 17] = [
    "address",
    "connected",
    "delivery",
    "duplicate",
    "holds",
    "id",
    "instance",
    "kind",
    "lacks",
    "media",
    "missing",
    "ours",
    "reason",
    "result",
    "slot",
    "slots",
    "state",
];

/// What became of an action, after its topic: a media that is retried or dismissed, a delivery that is read again, a webhook slot.
pub const RESULTS: [&str; 28] = [
    "retry.queued",
    "retry.queued_file_missing",
    "retry.already_stored",
    "retry.downloading",
    "retry.erased",
    "retry.skipped",
    "retry.not_found",
    "dismiss.dismissed",
    "dismiss.skipped",
    "dismiss.not_found",
    "replay.read",
    "replay.no_media",
    "replay.erased",
    "replay.unreadable",
    "replay.instance_removed",
    "replay.body_deleted",
    "replay.not_found",
    "slot.ours",
    "slot.other",
    "slot.empty",
    "slot.off",
    "slot.incomplete",
    "slot.would_be_set",
    "slot.set",
    "slot.not_set",
    "slot.not_read_back",
    "slot.unchanged",
    "slot.unknown",
];

/// The labels of results, by their codes, as JSON for the script of the pages.
pub fn dictionary(lang: Language) -> String {
    let own = FIELDS
        .iter()
        .chain(&RESULTS)
        .chain(&["true", "false", "status"]);
    let kinds = crate::model::MediaKind::ALL.map(|kind| kind.as_str());
    let statuses = crate::model::MediaStatus::ALL.map(crate::model::MediaStatus::as_str);
    let labels = own.copied().chain(kinds).chain(statuses);
    let labels = labels.map(|code| (code.to_owned(), Value::from(lang.label(code))));
    let reasons = crate::model::DeliveryReason::ALL.iter().map(|reason| {
        let code = reason.as_str();
        (format!("reason.{code}"), Value::from(lang.verdict(code)))
    });
    Value::Object(labels.chain(reasons).collect::<Map<_, _>>()).to_string()
}
