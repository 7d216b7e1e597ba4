//! `instance show` for people.

use super::names;
use crate::cli::sheet::Sheet;
use crate::cli::zone::{local, or_dash, zone};
use crate::cli::{Context, complaint, plain, result, tame, words::instance as words};
use midiateca_service::i18n::{Reader, refusals};
use midiateca_service::instances::Instance;
use midiateca_service::model::{InstanceState, Route};
use midiateca_service::ops::instance::{Holder, InstanceReport, SignatureState, Slot, SlotsRead};

pub(super) fn render(context: &Context, instance: &Instance, report: &InstanceReport) -> Sheet {
    let mut sheet = Sheet::new(context.lang);
    settings(&mut sheet, context, instance, report);
    state(&mut sheet, report);
    deliveries(&mut sheet, report);
    media(&mut sheet, report);
    match &report.slots {
        SlotsRead::Read(read) => slots(&mut sheet, read, &report.status.id),
        SlotsRead::NotAsked => sheet.said(words::SLOTS, words::NOT_ASKED),
        SlotsRead::NoCall => sheet.said(words::SLOTS, words::NO_CALL),
        SlotsRead::Failed(error) => {
            let error = complaint::why(error, context.lang);
            sheet.line(words::SLOTS, fill!(context.lang, words::CANNOT_ASK, error));
        }
    }
    sheet
}

fn settings(sheet: &mut Sheet, context: &Context, known: &Instance, report: &InstanceReport) {
    let (lang, instance) = (sheet.lang, &report.status);
    let (id, client) = (plain(&instance.id), instance.client);
    let name = plain(report.client_name.as_deref().unwrap_or("-"));
    sheet.line(words::INSTANCE, &id);
    sheet.line(words::CLIENT, format_args!("{client} {name}"));
    sheet.line(words::GATEWAY, instance.gateway);
    sheet.line(words::API_BASE, plain(&instance.api_base));
    match &instance.cdn_base {
        Some(base) => sheet.line(words::CDN_BASE, plain(base)),
        None => sheet.said(words::CDN_BASE, words::USUAL_HOSTS),
    }
    let of_settings = &context.config.fetch.routes;
    let routes = names(known.routes_in_use(of_settings), ", ");
    let gateway = instance.gateway;
    let routes = match &known.routes {
        Some(_) => routes,
        None if *of_settings == Route::ALL => {
            fill!(lang, words::GATEWAY_ROUTES, routes, gateway)
        }
        None => fill!(lang, words::USUAL_ROUTES, routes),
    };
    sheet.line(words::ROUTES, routes);
    if instance.has_token {
        sheet.said(words::TOKEN, words::KEPT);
    } else {
        sheet.line(words::TOKEN, fill!(lang, words::NOT_KEPT, id, client));
    }
}

fn state(sheet: &mut Sheet, report: &InstanceReport) {
    let (lang, instance) = (sheet.lang, &report.status);
    let described = |state: InstanceState| {
        let name = lang.name(state.as_str());
        match state {
            InstanceState::Connected => name.to_owned(),
            InstanceState::Disconnected => fill!(lang, words::SCAN_AGAIN, state = name),
            InstanceState::Unknown => fill!(lang, words::NOT_REPORTED, state = name),
        }
    };
    let state = described(instance.state);
    let state = match report.state_at {
        Some(at) => {
            let span = lang.span((report.now - at).max(0));
            fill!(lang, words::SINCE, state, at = local(at), span)
        }
        None => state,
    };
    sheet.line(words::STATE, state);
    if let Some(is_connected) = report.connected_now {
        let state = InstanceState::of(is_connected);
        sheet.line(words::STATE_NOW, described(state));
    }
    let id = plain(&instance.id);
    let client = instance.client;
    match report.signature {
        SignatureState::Verified => sheet.said(words::SIGNATURE, words::SIGNATURE_VERIFIED),
        SignatureState::Expected => sheet.said(words::SIGNATURE, words::SIGNATURE_EXPECTED),
        SignatureState::NotSigned => {
            sheet.line(words::SIGNATURE, fill!(lang, words::NOT_SIGNED, id));
        }
        SignatureState::NotVerified => {
            sheet.line(
                words::SIGNATURE,
                fill!(lang, words::NOT_VERIFIED, id, client),
            );
        }
        SignatureState::None => sheet.said(words::SIGNATURE, words::SIGNATURE_NONE),
    }
    match &instance.problem {
        Some(problem) => sheet.line(words::PROBLEM, lang.reason(problem)),
        None => sheet.said(words::PROBLEM, words::NO_PROBLEM),
    }
}

fn deliveries(sheet: &mut Sheet, report: &InstanceReport) {
    let (lang, instance) = (sheet.lang, &report.status);
    let span = report.silence.map(|ms| lang.span(ms)).unwrap_or_default();
    match instance.last_delivery_at.map(local) {
        Some(at) => sheet.line(words::LAST_DELIVERY, fill!(lang, words::AGO, at, span)),
        None => sheet.said(words::LAST_DELIVERY, words::NEVER),
    }
    match report.usual_gap.zip(report.longest_gap) {
        Some((usual, longest)) => {
            let (usual, longest) = (lang.span(usual), lang.span(longest));
            sheet.line(words::RHYTHM, fill!(lang, words::GAPS, usual, longest));
        }
        None => sheet.said(words::RHYTHM, words::NO_RHYTHM),
    }
    match report.silent {
        Some(true) => sheet.line(words::SILENCE, fill!(lang, words::SILENT, span)),
        Some(false) => sheet.said(words::SILENCE, words::NOT_SILENT),
        None => sheet.said(words::SILENCE, words::SILENCE_UNKNOWN),
    }
    let (count, ignored) = (instance.deliveries, instance.ignored);
    let counts = fill!(lang, words::DELIVERED, count, ignored);
    sheet.line(words::DELIVERIES, counts);
    if report.refusals.is_empty() {
        sheet.said(words::REFUSED, words::NOT_REFUSED);
    }
    for refused in &report.refusals {
        // Another instance's deliveries may arrive at this one's address.
        let refused_instance = refused.refusal.instance.as_ref();
        let text = if refused_instance.is_some_and(|id| id.as_str() == instance.id) {
            refusals::own(refused, lang, zone())
        } else {
            refusals::sentence(Reader::Program, refused, lang, zone())
        };
        sheet.line(words::REFUSED, tame(&text));
    }
}

fn media(sheet: &mut Sheet, report: &InstanceReport) {
    let lang = sheet.lang;
    if report.media.is_empty() {
        sheet.said(words::MEDIA, words::NO_MEDIA);
    }
    for counted in &report.media {
        let size = match counted.size_bytes {
            0 => String::new(),
            size => format!("  {}", lang.bytes(size)),
        };
        let kind = lang.name(counted.kind.as_str());
        let status = lang.name(counted.status.as_str());
        let count = counted.count;
        let counted = format!("{kind:<9} {status:<12} {count:>8}{size}");
        sheet.line(words::MEDIA, counted);
    }
    let waiting = &report.waiting;
    let (count, oldest) = (waiting.count, or_dash(waiting.oldest));
    let deadline = or_dash(waiting.deadline);
    if count == 0 {
        return sheet.said(words::WAITING, words::NOTHING_WAITS);
    }
    let waiting = fill!(lang, words::WAITS, count, oldest, deadline);
    sheet.line(words::WAITING, waiting);
}

fn slots(sheet: &mut Sheet, slots: &[Slot], id: &str) {
    let lang = sheet.lang;
    for slot in slots {
        let label = fill!(lang, words::SLOT, slot = slot.name);
        let holder = result(lang, "holder", slot.state, &[]);
        let holds = slot.holds.as_deref().map(plain).unwrap_or_default();
        let lacks = match slot.lacks.join(", ") {
            lacks if slot.state == Holder::Incomplete => fill!(lang, words::LACKS, lacks),
            _ => String::new(),
        };
        sheet.labelled(&label, format!("{holder:<14} {holds} {lacks}").trim_end());
    }
    if slots.iter().any(|slot| slot.state != Holder::Ours) {
        sheet.labelled("", fill!(lang, words::CONFIGURE, id));
    }
}
