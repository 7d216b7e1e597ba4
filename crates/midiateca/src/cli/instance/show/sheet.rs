//! One instance as people read it: a label and what there is to say, a line each.

use std::fmt::{Display, Write as _};

use super::super::super::context::Context;
use super::super::super::language::{Language, plain, span, tame};
use super::super::super::refusals;
use super::super::super::words::{Words, instance as words, refusals as refusal_words};
use super::Known;
use super::slots::{Owner, Slots};
use crate::cli::zone::local;
use midiateca_service::model::Route;

struct Sheet {
    lang: Language,
    text: String,
}

impl Sheet {
    fn line(&mut self, label: Words, text: impl Display) {
        let label = self.lang.say(label);
        self.labelled(label, text);
    }

    fn labelled(&mut self, label: &str, text: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{label:<24} {text}");
    }
}

pub(super) fn of(context: &Context, known: &Known) -> String {
    let mut sheet = Sheet {
        lang: context.lang,
        text: String::new(),
    };
    settings(&mut sheet, context, known);
    standing(&mut sheet, known);
    media(&mut sheet, known);
    slots(&mut sheet, known);
    sheet.text
}

fn settings(sheet: &mut Sheet, context: &Context, known: &Known) {
    let (lang, instance) = (sheet.lang, &known.instance);
    let names = |routes: &[Route]| {
        let names: Vec<_> = routes.iter().map(|route| route.as_str()).collect();
        names.join(", ")
    };
    let client = plain(known.client_name.as_deref().unwrap_or("-"));
    sheet.line(words::INSTANCE, plain(instance.id.as_str()));
    sheet.line(words::CLIENT, format_args!("{} {client}", instance.client));
    sheet.line(words::GATEWAY, instance.gateway.as_str());
    sheet.line(words::API_BASE, plain(&instance.api_base));
    match &instance.cdn_base {
        Some(base) => sheet.line(words::CDN_BASE, plain(base)),
        None => sheet.line(words::CDN_BASE, lang.say(words::USUAL_HOSTS)),
    }
    match &instance.routes {
        Some(routes) => sheet.line(words::ROUTES, names(routes)),
        None => {
            let usual = names(&context.config.fetch.routes);
            let usual = lang.fill(words::USUAL_ROUTES, &[("routes", &usual)]);
            sheet.line(words::ROUTES, usual);
        }
    }
    let values: [(&str, &dyn Display); 2] = [("id", &instance.id), ("client", &instance.client)];
    let token = match instance.token_sealed {
        Some(_) => lang.say(words::KEPT).to_owned(),
        None => lang.fill(words::NOT_KEPT, &values),
    };
    sheet.line(words::TOKEN, token);
}

fn standing(sheet: &mut Sheet, known: &Known) {
    let (lang, instance) = (sheet.lang, &known.instance);
    let state = lang.say(match instance.state.as_str() {
        "connected" => words::CONNECTED,
        "disconnected" => words::DISCONNECTED,
        _ => words::STATE_UNKNOWN,
    });
    match instance.state_at {
        Some(at) => {
            let (shown, ago) = (local(at), span((known.now - at).max(0)));
            let values: [(&str, &dyn Display); 3] =
                [("state", &state), ("at", &shown), ("span", &ago)];
            sheet.line(words::STATE, lang.fill(words::SINCE, &values));
        }
        None => sheet.line(words::STATE, state),
    }
    if let Some(connected) = known.slots.connected() {
        let now = match connected {
            true => words::CONNECTED,
            false => words::DISCONNECTED,
        };
        sheet.line(words::STATE_NOW, lang.say(now));
    }
    let problem = instance.problem.as_deref();
    let problem = problem.map_or_else(
        || lang.say(words::NO_PROBLEM),
        |problem| lang.reason(problem),
    );
    sheet.line(words::PROBLEM, problem);
    let ago = known.silence().map(span).unwrap_or_default();
    match instance.last_delivery_at.map(local) {
        Some(at) => {
            let values: [(&str, &dyn Display); 2] = [("at", &at), ("span", &ago)];
            sheet.line(words::LAST_DELIVERY, lang.fill(words::AGO, &values));
        }
        None => sheet.line(words::LAST_DELIVERY, lang.say(words::NEVER)),
    }
    match known.rhythm {
        Some(rhythm) => {
            let (usual, longest) = (span(rhythm.usual), span(rhythm.longest));
            let values: [(&str, &dyn Display); 2] = [("usual", &usual), ("longest", &longest)];
            sheet.line(words::RHYTHM, lang.fill(words::GAPS, &values));
        }
        None => sheet.line(words::RHYTHM, lang.say(words::NO_RHYTHM)),
    }
    let silence = match known.is_silent() {
        Some(true) => lang.fill(words::SILENT, &[("span", &ago)]),
        Some(false) => lang.say(words::NOT_SILENT).to_owned(),
        None => lang.say(words::SILENCE_UNKNOWN).to_owned(),
    };
    sheet.line(words::SILENCE, silence);
    let values: [(&str, &dyn Display); 2] = [
        ("count", &instance.delivery_count),
        ("ignored", &instance.ignored_count),
    ];
    sheet.line(words::DELIVERIES, lang.fill(words::DELIVERED, &values));
    refused(sheet, known);
}

fn refused(sheet: &mut Sheet, known: &Known) {
    let lang = sheet.lang;
    if known.refused.is_empty() {
        sheet.line(refusal_words::LABEL, lang.say(refusal_words::NONE));
    }
    for refused in &known.refused {
        let is_own = refused.refusal.instance.as_ref() == Some(&known.instance.id);
        let text = match is_own {
            true => lang.fill(
                refusal_words::OWN,
                &[
                    ("seen", &refusals::seen(refused, lang)),
                    ("hint", &refusals::hint(refused, lang)),
                ],
            ),
            // Another instance's, which came here.
            false => refusals::sentence(refused, lang),
        };
        sheet.line(refusal_words::LABEL, tame(&text));
    }
}

fn media(sheet: &mut Sheet, known: &Known) {
    let lang = sheet.lang;
    if known.media.is_empty() {
        sheet.line(words::MEDIA, lang.say(words::NO_MEDIA));
    }
    for (n, held) in known.media.iter().enumerate() {
        let label = if n == 0 { lang.say(words::MEDIA) } else { "" };
        let size = match held.size_bytes {
            0 => String::new(),
            size => format!("  {}", lang.bytes(size)),
        };
        let line = format!(
            "{:<9} {:<12} {:>8}{size}",
            lang.name(held.kind.as_str()),
            lang.name(held.status.as_str()),
            held.count
        );
        sheet.labelled(label, line);
    }
    if known.waiting.count == 0 {
        return sheet.line(words::WAITING, lang.say(words::NOTHING_WAITS));
    }
    let or_none = |at: Option<_>| at.map_or_else(|| "-".to_owned(), local);
    let oldest = or_none(known.waiting.oldest);
    let deadline = or_none(known.waiting.deadline);
    let values: [(&str, &dyn Display); 3] = [
        ("count", &known.waiting.count),
        ("oldest", &oldest),
        ("deadline", &deadline),
    ];
    sheet.line(words::WAITING, lang.fill(words::WAITS, &values));
}

fn slots(sheet: &mut Sheet, known: &Known) {
    let lang = sheet.lang;
    let slots = match &known.slots {
        Slots::Read { slots, .. } => slots,
        other => {
            let why = other.why_not(lang).unwrap_or_default();
            return sheet.line(words::SLOTS, why);
        }
    };
    for slot in slots {
        let label = lang.fill(words::SLOT, &[("slot", &slot.name)]);
        let owner = lang.say(slot.owner.words());
        let holds = slot.holds.as_deref().map(plain).unwrap_or_default();
        sheet.labelled(&label, format!("{owner:<9} {holds}").trim_end());
    }
    if slots.iter().any(|slot| slot.owner != Owner::Ours) {
        let configure = lang.fill(words::CONFIGURE, &[("id", &known.instance.id)]);
        sheet.labelled("", configure);
    }
}
