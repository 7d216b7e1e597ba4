use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{
    Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey,
};

use super::*;
use crate::model::{DeliveryReason, Reason};

#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    variables: BTreeSet<String>,
    /// The variables by which a plural form is chosen, with the forms there are.
    plurals: BTreeMap<String, BTreeSet<String>>,
}

impl Shape {
    fn read(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            let PatternElement::Placeable { expression } = element else {
                continue;
            };
            match expression {
                Expression::Inline(InlineExpression::VariableReference { id }) => {
                    self.variables.insert(id.name.to_owned());
                }
                Expression::Inline(_) => {}
                Expression::Select { selector, variants } => {
                    let InlineExpression::VariableReference { id } = selector else {
                        panic!("a text chooses by {selector:?}");
                    };
                    self.variables.insert(id.name.to_owned());
                    let forms = self.plurals.entry(id.name.to_owned()).or_default();
                    forms.extend(variants.iter().map(|variant| match variant.key {
                        VariantKey::Identifier { name } => name.to_owned(),
                        VariantKey::NumberLiteral { value } => value.to_owned(),
                    }));
                    variants
                        .iter()
                        .for_each(|variant| self.read(&variant.value));
                }
            }
        }
    }
}

/// Every text of a catalogue by its id.
fn texts(files: &[(&str, &'static str)]) -> BTreeMap<String, (Shape, String)> {
    let mut texts = BTreeMap::new();
    for (topic, text) in files {
        let resource = fluent_syntax::parser::parse(*text);
        let resource = resource.unwrap_or_else(|(_, errors)| panic!("{topic}: {errors:?}"));
        for entry in resource.body {
            let Entry::Message(message) = entry else {
                continue;
            };
            let id = message.id.name.to_owned();
            assert!(id.starts_with(&topic.replace('_', "-")), "{topic}: {id}");
            let mut patterns = vec![(id.clone(), message.value.unwrap())];
            for attribute in message.attributes {
                let name = attribute.id.name;
                let known = [
                    "api",
                    "hint",
                    "hint-api",
                    "hint-page",
                    "hint-program",
                    "page",
                ];
                assert!(known.contains(&name), "{id}.{name}");
                patterns.push((format!("{id}.{name}"), attribute.value));
            }
            for (id, pattern) in patterns {
                let mut shape = Shape::default();
                shape.read(&pattern);
                let words = pattern.elements.iter().map(|element| match element {
                    PatternElement::TextElement { value } => *value,
                    PatternElement::Placeable { .. } => " … ",
                });
                let before = texts.insert(id.clone(), (shape, words.collect()));
                assert!(before.is_none(), "{id} stands twice");
            }
        }
    }
    texts
}

/// Unicode's plural forms, without the one that every choice has.
const PLURALS: [&str; 5] = ["zero", "one", "two", "few", "many"];

#[test]
fn both_catalogues_have_the_same_keys_variables_and_plural_forms() {
    let (english, mut portuguese) = (texts(EN_US), texts(PT_BR));
    // English help is clap's; the binary compares the keys with the arguments.
    portuguese.retain(|id, _| !id.starts_with("help-"));
    let keys = |texts: &BTreeMap<String, _>| texts.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&english), keys(&portuguese));
    for (id, (shape, _)) in &english {
        let other = &portuguese[id].0;
        assert_eq!(shape.variables, other.variables, "{id}");
        // A language may inflect what the other does not, but then in all its forms.
        for (variable, forms) in shape.plurals.iter().chain(&other.plurals) {
            let is_by_number = PLURALS.iter().any(|plural| forms.contains(*plural));
            if is_by_number {
                let expected = BTreeSet::from(["one".to_owned(), "other".to_owned()]);
                assert_eq!(forms, &expected, "{id}: {variable}");
            } else {
                // By a code: both languages have the same ones.
                let both = [shape, other].map(|shape| shape.plurals.get(variable));
                assert_eq!(both[0], both[1], "{id}: {variable}");
            }
        }
    }
    assert!(english.len() > 900, "{}", english.len());
}

/// Words that are the same in both languages.
const SAME: &[&str] = &[
    "API",
    "Endpoint",
    "Endpoints",
    "English",
    "OK",
    "Português",
    "CDN",
    "MAC",
    "MIME",
    "SHA",
    "bytes",
    "chmod",
    "downloads",
    "fetch",
    "gateway",
    "id",
    "link",
    "midiateca",
    "ok",
    "routes",
    "status",
    "token",
    "webhook",
    "webhooks",
];

#[test]
fn no_text_is_left_in_english() {
    let (english, portuguese) = (texts(EN_US), texts(PT_BR));
    for (id, (_, text)) in &english {
        if *text != portuguese[id].1 {
            continue;
        }
        let outside: Vec<_> = text.split('`').step_by(2).collect();
        let outside = outside.join(" ");
        let words = outside.split(|letter: char| !letter.is_alphabetic());
        for word in words.filter(|word| word.len() > 1) {
            assert!(SAME.contains(&word), "{id} is not translated: {word}");
        }
    }
}

/// Fields of an entry of the audit log.
const AUDIT_FIELDS: [&str; 20] = [
    "change",
    "delivery",
    "deliveries",
    "endpoint",
    "everywhere",
    "expires_at",
    "files",
    "hold",
    "key",
    "keys",
    "link",
    "media",
    "name",
    "result",
    "revoked",
    "role",
    "size",
    "system_user",
    "total",
    "user",
];

#[test]
fn whatever_a_page_shows_by_its_code_has_a_label() {
    use crate::access::audit::Action;
    use crate::access::links::LinkState;
    use crate::events::endpoints::DisabledReason;
    use crate::events::notifications::{AttemptReason, NotificationStatus};
    use crate::media::examinations::ScanVerdict;
    use crate::model::{ChangeKind, DeliveryVerdict, InstanceState, Role, Route, Verification};
    let mut codes: Vec<&str> = Action::ALL.map(Action::as_str).to_vec();
    codes.extend(Role::ALL.map(Role::as_str));
    codes.extend(LinkState::ALL.map(LinkState::as_str));
    codes.extend(DisabledReason::ALL.map(DisabledReason::as_str));
    codes.extend(["private", "group", "channel", "story", "broadcast"]);
    codes.extend(NotificationStatus::ALL.map(NotificationStatus::as_str));
    codes.extend(["received", "sent"]);
    codes.extend(["command_line", "anonymous", "signed_link"]);
    codes.extend(results::FIELDS.iter().chain(&AUDIT_FIELDS));
    codes.extend(results::RESULTS);
    let changes = ChangeKind::CODES.map(|code| format!("change.{code}"));
    codes.extend(changes.iter().map(String::as_str));
    codes.extend(Route::ALL.map(Route::as_str));
    codes.push(Route::Reupload.as_str());
    codes.extend(ScanVerdict::ALL.map(ScanVerdict::as_str));
    codes.extend(DeliveryVerdict::ALL.map(DeliveryVerdict::as_str));
    codes.extend(Verification::ALL.map(Verification::as_str));
    codes.extend(crate::model::Proof::CODES);
    codes.extend(InstanceState::CODES);
    let sending = AttemptReason::ALL.map(|reason| format!("sending_{}", reason.as_str()));
    codes.extend(sending.iter().map(String::as_str));
    let all = texts(EN_US);
    for code in &codes {
        let has = |topic| all.contains_key(id(topic, code).as_str());
        assert!(has("labels") || has("names"), "{code}");
    }
    let ids: BTreeSet<_> = codes.iter().map(|code| id("labels", code)).collect();
    let known = texts(EN_US).into_keys();
    let known: BTreeSet<_> = known.filter(|id| id.starts_with("labels-")).collect();
    assert!(known.is_subset(&ids), "{:?}", known.difference(&ids));
}

/// Results are listed by hand; a new one does not compile here before it is listed.
#[test]
fn every_result_of_an_action_is_listed() {
    use crate::ops::dismiss::Dismissed;
    use crate::ops::instance::{Holder, SlotResult};
    use crate::ops::replay::Replayed;
    use crate::ops::retry::Retried;
    macro_rules! listed {
        ($topic:literal, $type:ident: $($variant:ident)*) => {
            let known = |value: $type| match value { $($type::$variant => (),)* };
            $(
                known($type::$variant);
                let code = serde_json::to_value($type::$variant).unwrap();
                let code = format!("{}.{}", $topic, code.as_str().unwrap());
                assert!(results::RESULTS.contains(&code.as_str()), "{code}");
            )*
        };
    }
    listed!("retry", Retried: Queued QueuedFileMissing AlreadyStored Downloading Erased Skipped NotFound);
    listed!("dismiss", Dismissed: Dismissed Skipped NotFound);
    listed!("replay", Replayed: Read NoMedia Erased Unreadable InstanceRemoved BodyDeleted NotFound);
    listed!("slot", Holder: Ours Other Empty Off Incomplete);
    listed!("slot", SlotResult: WouldBeSet Set NotSet Incomplete NotReadBack Unchanged);
    for lang in Language::ALL {
        let labels: serde_json::Value = serde_json::from_str(&results::dictionary(lang)).unwrap();
        for (code, label) in labels.as_object().unwrap() {
            let label = label.as_str().unwrap();
            assert!(
                !label.contains('_') && !label.contains(code.as_str()) || !code.contains('_'),
                "{code}: {label}"
            );
        }
    }
}

/// The command line's texts of results; a new one does not compile here before it has a text.
#[test]
fn every_result_has_a_text_and_no_text_is_unused() {
    use crate::ingest::Replaced;
    use crate::ops::dismiss::Dismissed;
    use crate::ops::dossier::verify::DossierFault;
    use crate::ops::erasure::{Basis, Why};
    use crate::ops::instance::{Holder, SlotResult};
    use crate::ops::replay::Replayed;
    use crate::ops::retry::Retried;
    use crate::ops::verify::Repaired;
    use crate::ops::{Problem, test_delivery::Step};
    let mut codes: Vec<String> = [
        "retry.would_be_queued",
        "dismiss.would_be_dismissed",
        "replay.would_be_read",
    ]
    .map(str::to_owned)
    .into();
    macro_rules! texts {
        ($of:literal, $type:ident: $($variant:ident)*) => {
            let check = |it: &$type| match it { $($type::$variant => ()),* };
            for one in [$($type::$variant),*] {
                check(&one);
                let code = serde_json::to_value(one).unwrap();
                codes.push(format!("{}.{}", $of, code.as_str().unwrap()));
            }
        };
    }
    texts!("retry", Retried: Queued QueuedFileMissing AlreadyStored Downloading Erased Skipped NotFound);
    texts!("dismiss", Dismissed: Dismissed Skipped NotFound);
    texts!("replay", Replayed: Read NoMedia Erased Unreadable InstanceRemoved BodyDeleted NotFound);
    texts!("problem", Problem: Missing Corrupt Orphaned Unreadable);
    texts!("repair", Repaired: Restored Queued Unrecoverable Found Quarantined Skipped Failed);
    texts!("dossier", DossierFault: Altered Missing Added Unreadable UnsafeName NotSigned OtherKey Malformed Hidden);
    texts!("holder", Holder: Ours Other Empty Off Incomplete);
    texts!("slot", SlotResult: WouldBeSet Set NotSet Incomplete NotReadBack Unchanged);
    texts!("basis", Basis: Given Paired Unfinished);
    texts!("left", Why: Linked Shared Orphaned Failed);
    // What is intact is not mentioned.
    texts!("replaced", Replaced: Intact Missing Corrupt Removed Erased);
    codes.retain(|code| code != "replaced.intact");
    let _steps = |step: &Step| match step {
        Step::Received { .. } | Step::Committed { .. } | Step::Detected { .. } => (),
        Step::Ignored { .. } | Step::SetAside { .. } | Step::Refused { .. } => (),
        Step::RouteTried { .. } | Step::Link { .. } | Step::Bytes { .. } => (),
        Step::Verified { .. } | Step::Path { .. } => (),
        Step::Row { .. } | Step::NotStored { .. } => (),
    };
    let steps = "received committed detected ignored set_aside refused route_tried link bytes verified path row not_stored";
    codes.extend(steps.split(' ').map(|code| format!("step.{code}")));
    let ids: BTreeSet<_> = codes.iter().map(|code| id("results", code)).collect();
    for folder in [EN_US, PT_BR] {
        let known = texts(folder).into_keys();
        let known: BTreeSet<_> = known.filter(|it| it.starts_with("results-")).collect();
        assert_eq!(known, ids);
    }
}

/// The fields of the steps of a test delivery that are not fields of a media.
const STEP_FIELDS: [&str; 12] = [
    "bytes",
    "column",
    "count",
    "delivery",
    "duplicate",
    "duration_ms",
    "host",
    "how",
    "http_status",
    "line",
    "media",
    "n",
];

/// The same word in both languages.
const SAME_NAME: [&str; 5] = ["bytes", "gateway", "id", "sha256", "status"];

#[test]
fn whatever_is_shown_by_its_name_has_one_in_words_that_fits_its_column() {
    use crate::media::Media;
    use crate::model::{DeliveryVerdict, InstanceState, MediaKind, MediaStatus};
    const COLUMN: usize = 16;
    let mut codes: Vec<&str> = crate::events::KINDS.to_vec();
    codes.extend(MediaKind::ALL.map(|kind| kind.as_str()));
    codes.extend(MediaStatus::ALL.map(|status| status.as_str()));
    codes.extend(InstanceState::CODES);
    codes.extend(DeliveryVerdict::CODES);
    codes.extend(["default", "ignored", "endpoint.test"]);
    codes.extend(crate::model::Verification::ALL.map(|it| it.as_str()));
    codes.extend(crate::model::Proof::CODES);
    codes.extend(["true", "false"]);
    let fields = Media::FIELDS.iter().chain(&STEP_FIELDS);
    let fields: Vec<_> = fields
        .chain(&["names_instance", "obtained"])
        .copied()
        .collect();
    codes.extend(&fields);
    let ids: BTreeSet<_> = codes.iter().map(|code| id("names", code)).collect();
    let known = texts(EN_US).into_keys();
    let known: BTreeSet<_> = known.filter(|id| id.starts_with("names-")).collect();
    assert_eq!(ids, known);
    for code in codes {
        let names = Language::ALL.map(|language| language.name(code));
        for name in names {
            assert!(!name.contains(['_', '.']), "{code}: {name}");
            let is_long = fields.contains(&code) && name.chars().count() > COLUMN;
            assert!(!is_long, "{code}: {name} is wider than its column");
        }
        let is_same = names[0] == names[1];
        assert_eq!(is_same, SAME_NAME.contains(&code), "{code}: {names:?}");
    }
}

#[test]
fn every_reason_has_a_text_and_every_text_a_reason() {
    let codes: BTreeSet<_> = Reason::ALL
        .iter()
        .map(|reason| id("reasons", reason.as_str()))
        .collect();
    let known: BTreeSet<_> = texts(EN_US)
        .into_keys()
        .filter(|id| id.starts_with("reasons-") && !id.contains('.'))
        .collect();
    assert_eq!(codes, known);
    for reason in Reason::ALL {
        let code = reason.as_str();
        assert_ne!(Language::English.reason(code), code);
        assert_ne!(
            Language::English.reason(code),
            Language::Portuguese.reason(code)
        );
    }
}

#[test]
fn every_way_of_verification_is_explained() {
    let codes: BTreeSet<_> = crate::model::Proof::CODES
        .iter()
        .map(|code| id("proofs", code))
        .collect();
    let known = texts(EN_US).into_keys();
    let known: BTreeSet<_> = known.filter(|id| id.starts_with("proofs-")).collect();
    assert_eq!(codes, known);
}

#[test]
fn every_reason_of_a_delivery_has_a_text_and_every_text_a_reason() {
    let codes: BTreeSet<_> = DeliveryReason::ALL
        .iter()
        .map(|reason| id("verdicts", reason.as_str()))
        .collect();
    let texts = texts(EN_US).into_keys();
    let known: BTreeSet<_> = texts.filter(|id| id.starts_with("verdicts-")).collect();
    assert_eq!(codes, known);
}

#[test]
fn every_code_of_a_probe_has_a_text_and_every_text_a_code() {
    use crate::ops::health::{Check, Code, Hint};
    use crate::ops::probe::WriteCause;
    let checks = Check::ALL.iter().map(|check| check.as_str());
    let hints = Hint::ALL.iter().map(|hint| hint.as_str());
    let codes = Code::ALL.iter().map(|code| id("health", code.as_str()));
    let codes: BTreeSet<_> = codes
        .chain(checks.map(|code| id("health-check", code)))
        .chain(hints.map(|code| id("health-hint", code)))
        .chain(WriteCause::ALL.map(|cause| id("causes", cause.as_str())))
        .collect();
    let known: BTreeSet<_> = texts(EN_US)
        .into_keys()
        .filter(|id| id.starts_with("health-") || id.starts_with("causes-"))
        // What a page says in its place.
        .filter(|id| !id.ends_with(".page"))
        .collect();
    assert_eq!(codes, known);
}

#[test]
fn every_cause_of_a_failed_write_has_a_hint_of_its_own() {
    use crate::ops::probe::WriteCause;
    for language in Language::ALL {
        let hints = WriteCause::ALL.map(|cause| {
            let path: [(&str, &dyn Display); 1] = [("path", &"/data")];
            language.fill_code("causes", cause.as_str(), &path, &[])
        });
        let distinct: BTreeSet<_> = hints.iter().collect();
        assert_eq!(distinct.len(), WriteCause::ALL.len(), "{hints:?}");
    }
}

#[test]
fn values_are_put_in_as_they_are() {
    const SENTENCE: TextKey = TextKey::new("refusals-sentence", &[]);
    let values: [(&str, &dyn Display); 3] = [("about", &"{$seen}"), ("seen", &"007"), ("hint", &3)];
    for language in Language::ALL {
        assert_eq!(language.fill(SENTENCE, &values), "{$seen}: 007; 3");
    }
}

#[test]
fn a_number_chooses_its_plural_form_and_portuguese_has_a_decimal_comma() {
    use crate::i18n::keys::errors::ANSWER_TOO_LARGE;
    let [english, portuguese] = Language::ALL;
    for (limit, one, other) in [(1, "1 byte", "1 byte"), (2, "2 bytes", "2 bytes")] {
        let values: [(&str, &dyn Display); 1] = [("limit", &limit)];
        assert_eq!(
            english.fill(ANSWER_TOO_LARGE, &values),
            format!("larger than {one}")
        );
        assert_eq!(
            portuguese.fill(ANSWER_TOO_LARGE, &values),
            format!("maior que {other}")
        );
    }
    assert_eq!(english.bytes(1_610_612_736), "1.50 GiB");
    assert_eq!(portuguese.bytes(1_610_612_736), "1,50 GiB");
    assert_eq!(portuguese.bytes(1023), "1023 B");
}

#[test]
fn a_locale_names_its_language() {
    for (name, expected) in [
        ("pt_BR.UTF-8", Some(Language::Portuguese)),
        ("pt", Some(Language::Portuguese)),
        ("EN-us", Some(Language::English)),
        ("ptolemy", None),
        ("de", None),
    ] {
        assert_eq!(Language::of_locale(name), expected, "{name}");
    }
    for language in Language::ALL {
        assert_eq!(Language::of_locale(language.code()), Some(language));
    }
}

/// A person at a page has neither the addresses of the API nor a command line in reach.
#[test]
fn pages_are_not_referred_to_the_api_and_its_keys() {
    for files in [EN_US, PT_BR] {
        let texts = texts(files);
        for (id, (_, text)) in &texts {
            let is_for_pages =
                id.starts_with("api-") && id.contains(".hint") && !id.ends_with(".hint-program")
                    || id.ends_with(".hint-page")
                    || id.ends_with(".page");
            let parts = [
                "/api/",
                "/docs",
                "key create",
                "Retry-After",
                "JSON",
                "midiateca instance",
            ];
            let found = parts
                .into_iter()
                .find(|part| is_for_pages && text.contains(part));
            assert_eq!(found, None, "{id}: {text}");
        }
    }
}

/// Who calls the API may have no access to the command line.
#[test]
fn the_api_speaks_of_its_own_requests_and_fields() {
    for files in [EN_US, PT_BR] {
        for (id, (_, text)) in &texts(files) {
            let is_of_api = id.starts_with("api-") && !id.ends_with("page")
                || id.ends_with(".api")
                || id.ends_with(".hint-api");
            // The hint of all readers, where programs have one of their own; and who has no key yet must make the first one.
            let except = ["api-file-missing.hint", "api-missing-key.hint-program"];
            let is_for_others = except.contains(&id.as_str());
            let found = ["`midiateca", " --"]
                .into_iter()
                .find(|part| text.contains(part));
            let is_wrong = is_of_api && !is_for_others && found.is_some();
            assert!(!is_wrong, "{id}: {text}");
        }
    }
}

#[test]
fn each_reader_gets_the_hint_that_is_of_use_there() {
    use super::keys::api;
    let hint = |reader, key| Language::English.hint_for(reader, key, &[]);
    let (page, program) = (Reader::Page, Reader::Program);
    assert_eq!(hint(page, api::MEDIA_NOT_FOUND), None);
    assert!(
        hint(program, api::MEDIA_NOT_FOUND)
            .unwrap()
            .contains("/api/")
    );
    assert!(hint(page, api::BUSY).unwrap().contains("try again"));
    assert_eq!(
        hint(page, api::LINK_NOT_FOUND),
        hint(program, api::LINK_NOT_FOUND)
    );
    let role: [(&str, &dyn Display); 1] = [("role", &"admin")];
    let said = |reader| Language::English.fill_for(reader, api::ROLE_TOO_LOW, &role);
    assert!(
        said(page).starts_with("Your role") && said(program).starts_with("this needs the role")
    );
}
