//! One instance for people: a label and a value in each line.

use std::fmt::{Display, Write as _};

use super::super::super::complaint;
use super::super::super::context::Context;
use super::super::super::language::{Language, plain, tame};
use super::super::super::words::{TextKey, instance as words};
use super::names;
use crate::cli::zone::{local, zone};
use midiateca_service::i18n::refusals;
use midiateca_service::ops::instance::{Holder, InstanceReport, Slot, SlotsRead};

struct Sheet {
    lang: Language,
    text: String,
}

impl Sheet {
    fn line(&mut self, label: TextKey, text: impl Display) {
        self.labelled(self.lang.say(label), text);
    }

    fn filled(&mut self, label: TextKey, text: TextKey, values: &[(&str, &dyn Display)]) {
        let text = self.lang.fill(text, values);
        self.line(label, text);
    }

    fn said(&mut self, label: TextKey, text: TextKey) {
        self.line(label, self.lang.say(text));
    }

    fn labelled(&mut self, label: &str, text: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{label:<24} {text}");
    }
}

pub(super) fn render(context: &Context, report: &InstanceReport) -> String {
    let mut sheet = Sheet {
        lang: context.lang,
        text: String::new(),
    };
    settings(&mut sheet, context, report);
    state(&mut sheet, report);
    deliveries(&mut sheet, report);
    media(&mut sheet, report);
    match &report.slots {
        SlotsRead::Read(read) => slots(&mut sheet, read, &report.status.id),
        SlotsRead::NotAsked => sheet.said(words::SLOTS, words::NOT_ASKED),
        SlotsRead::Failed(error) => {
            let error = complaint::why(error, context.lang);
            sheet.filled(words::SLOTS, words::CANNOT_ASK, &[("error", &error)]);
        }
    }
    sheet.text
}

fn settings(sheet: &mut Sheet, context: &Context, report: &InstanceReport) {
    let instance = &report.status;
    let client = plain(report.client_name.as_deref().unwrap_or("-"));
    sheet.line(words::INSTANCE, plain(&instance.id));
    sheet.line(words::CLIENT, format_args!("{} {client}", instance.client));
    sheet.line(words::GATEWAY, instance.gateway);
    sheet.line(words::API_BASE, plain(&instance.api_base));
    match &instance.cdn_base {
        Some(base) => sheet.line(words::CDN_BASE, plain(base)),
        None => sheet.said(words::CDN_BASE, words::USUAL_HOSTS),
    }
    match &instance.routes {
        Some(routes) => sheet.line(words::ROUTES, names(routes, ", ")),
        None => {
            let usual = names(&context.config.fetch.routes, ", ");
            sheet.filled(words::ROUTES, words::USUAL_ROUTES, &[("routes", &usual)]);
        }
    }
    if instance.has_token {
        sheet.said(words::TOKEN, words::KEPT);
    } else {
        let values: [(&str, &dyn Display); 2] =
            [("id", &instance.id), ("client", &instance.client)];
        sheet.filled(words::TOKEN, words::NOT_KEPT, &values);
    }
}

fn state(sheet: &mut Sheet, report: &InstanceReport) {
    let (lang, instance) = (sheet.lang, &report.status);
    let state = lang.say(match instance.state.as_str() {
        "connected" => words::CONNECTED,
        "disconnected" => words::DISCONNECTED,
        _ => words::STATE_UNKNOWN,
    });
    match report.state_at {
        Some(at) => {
            let (shown, ago) = (local(at), lang.span((report.now - at).max(0)));
            let values: [(&str, &dyn Display); 3] =
                [("state", &state), ("at", &shown), ("span", &ago)];
            sheet.filled(words::STATE, words::SINCE, &values);
        }
        None => sheet.line(words::STATE, state),
    }
    match report.connected_now {
        Some(true) => sheet.said(words::STATE_NOW, words::CONNECTED),
        Some(false) => sheet.said(words::STATE_NOW, words::DISCONNECTED),
        None => {}
    }
    match &instance.problem {
        Some(problem) => sheet.line(words::PROBLEM, lang.reason(problem)),
        None => sheet.said(words::PROBLEM, words::NO_PROBLEM),
    }
}

fn deliveries(sheet: &mut Sheet, report: &InstanceReport) {
    let (lang, instance) = (sheet.lang, &report.status);
    let ago = report.silence.map(|ms| lang.span(ms)).unwrap_or_default();
    match instance.last_delivery_at.map(local) {
        Some(at) => {
            let values: [(&str, &dyn Display); 2] = [("at", &at), ("span", &ago)];
            sheet.filled(words::LAST_DELIVERY, words::AGO, &values);
        }
        None => sheet.said(words::LAST_DELIVERY, words::NEVER),
    }
    match report.usual_gap.zip(report.longest_gap) {
        Some((usual, longest)) => {
            let (usual, longest) = (lang.span(usual), lang.span(longest));
            let values: [(&str, &dyn Display); 2] = [("usual", &usual), ("longest", &longest)];
            sheet.filled(words::RHYTHM, words::GAPS, &values);
        }
        None => sheet.said(words::RHYTHM, words::NO_RHYTHM),
    }
    match report.silent {
        Some(true) => sheet.filled(words::SILENCE, words::SILENT, &[("span", &ago)]),
        Some(false) => sheet.said(words::SILENCE, words::NOT_SILENT),
        None => sheet.said(words::SILENCE, words::SILENCE_UNKNOWN),
    }
    let values: [(&str, &dyn Display); 2] = [
        ("count", &instance.deliveries),
        ("ignored", &instance.ignored),
    ];
    sheet.filled(words::DELIVERIES, words::DELIVERED, &values);
    if report.refusals.is_empty() {
        sheet.said(words::REFUSED, words::NOT_REFUSED);
    }
    for refused in &report.refusals {
        // Another instance's deliveries may arrive at this one's address.
        let refused_instance = refused.refusal.instance.as_ref();
        let text = if refused_instance.is_some_and(|id| id.as_str() == instance.id) {
            refusals::own(refused, lang, zone())
        } else {
            refusals::sentence(refused, lang, zone())
        };
        sheet.line(words::REFUSED, tame(&text));
    }
}

fn media(sheet: &mut Sheet, report: &InstanceReport) {
    let lang = sheet.lang;
    if report.media.is_empty() {
        sheet.said(words::MEDIA, words::NO_MEDIA);
    }
    for (n, counted) in report.media.iter().enumerate() {
        let label = if n == 0 { lang.say(words::MEDIA) } else { "" };
        let size = match counted.size_bytes {
            0 => String::new(),
            size => format!("  {}", lang.bytes(size)),
        };
        let kind = lang.name(counted.kind.as_str());
        let status = lang.name(counted.status.as_str());
        sheet.labelled(
            label,
            format_args!("{kind:<9} {status:<12} {:>8}{size}", counted.count),
        );
    }
    let waiting = &report.waiting;
    if waiting.count == 0 {
        return sheet.said(words::WAITING, words::NOTHING_WAITS);
    }
    let or_none = |at: Option<_>| at.map_or_else(|| "-".to_owned(), local);
    let (oldest, deadline) = (or_none(waiting.oldest), or_none(waiting.deadline));
    let values: [(&str, &dyn Display); 3] = [
        ("count", &waiting.count),
        ("oldest", &oldest),
        ("deadline", &deadline),
    ];
    sheet.filled(words::WAITING, words::WAITS, &values);
}

fn slots(sheet: &mut Sheet, slots: &[Slot], id: &str) {
    let lang = sheet.lang;
    for slot in slots {
        let label = lang.fill(words::SLOT, &[("slot", &slot.name)]);
        let holder = lang.say(match slot.state {
            Holder::Ours => words::OURS,
            Holder::Other => words::OTHER,
            Holder::Empty => words::EMPTY,
            Holder::Off => words::OFF,
        });
        let holds = slot.holds.as_deref().map(plain).unwrap_or_default();
        sheet.labelled(&label, format!("{holder:<9} {holds}").trim_end());
    }
    if slots.iter().any(|slot| slot.state != Holder::Ours) {
        sheet.labelled("", lang.fill(words::CONFIGURE, &[("id", &id)]));
    }
}
