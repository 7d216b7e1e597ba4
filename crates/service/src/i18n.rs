//! Every text for people, in English and Brazilian Portuguese: Fluent catalogues in `i18n/en-US` and `i18n/pt-BR`, a file
//! per topic. A catalogue is parsed when its language is first used.

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::clock::{DAY, HOUR, MINUTE, Millis, SECOND};

pub mod details;
pub mod explain;
pub mod needs;
pub mod probes;
pub mod refusals;
pub mod results;

/// The keys of the texts that the service itself shows.
pub(crate) mod keys {
    include!(concat!(env!("OUT_DIR"), "/text_keys.rs"));
}

pub use explain::{Explanation, explain};

include!(concat!(env!("OUT_DIR"), "/catalogues.rs"));

/// The languages of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// `en`
    #[default]
    English,
    /// `pt-BR`
    Portuguese,
}

/// Who reads a text. Hints about requests and commands are of no use on a page, and hints about buttons only there; who calls the
/// API may have no access to the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The command line.
    Program,
    /// A program that calls the API.
    Api,
    /// A person at a page of the dashboard.
    Page,
}

/// The key of a text; the build makes a constant for each text of the English catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextKey {
    id: &'static str,
    /// The variables by which the text chooses a plural form.
    numbers: &'static [&'static str],
}

impl TextKey {
    /// For the generated constants.
    pub const fn new(id: &'static str, numbers: &'static [&'static str]) -> Self {
        Self { id, numbers }
    }

    /// The stable code of an error with this text: `errors-disk-full` → `disk_full`.
    pub fn code(self) -> String {
        let general = ["errors-", "cli-", "ids-", "api-", "hooks-"];
        let id = general.iter().find_map(|topic| self.id.strip_prefix(topic));
        id.unwrap_or(self.id).replace('-', "_")
    }
}

type Catalogue = FluentBundle<FluentResource>;

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::English, Self::Portuguese];

    /// `en` or `pt-BR`.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Portuguese => "pt-BR",
        }
    }

    /// The language of a locale such as `pt_BR.UTF-8`, `pt-BR` or `en`.
    pub fn of_locale(name: &str) -> Option<Self> {
        let language = name.split(['_', '-', '.', '@']).next().unwrap_or("");
        match language.to_ascii_lowercase().as_str() {
            "pt" => Some(Self::Portuguese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// A text without variables.
    pub fn say(self, key: TextKey) -> &'static str {
        self.find(key.id).unwrap_or(key.id)
    }

    /// A text with its variables. Strings go in as they are; numbers that choose a plural form go in as numbers.
    pub fn fill(self, key: TextKey, values: &[(&str, &dyn Display)]) -> String {
        self.fill_id(key.id, values, key.numbers)
    }

    /// A text that is found by a code at run time, such as `health-slot-empty`. `numbers` names the values that are numbers.
    pub fn fill_code(
        self,
        topic: &str,
        code: &str,
        values: &[(&str, &dyn Display)],
        numbers: &[&str],
    ) -> String {
        self.fill_code_for(Reader::Program, topic, code, values, numbers)
    }

    /// The same for one of the readers.
    pub fn fill_code_for(
        self,
        reader: Reader,
        topic: &str,
        code: &str,
        values: &[(&str, &dyn Display)],
        numbers: &[&str],
    ) -> String {
        let id = id(topic, code);
        self.of_reader(reader, &id, values, numbers)
            .unwrap_or_else(|| self.fill_id(&id, values, numbers))
    }

    /// What to do about the error that a text describes, for programs and the command line.
    pub fn hint(self, key: TextKey, values: &[(&str, &dyn Display)]) -> Option<String> {
        self.hint_for(Reader::Program, key, values)
    }

    /// The attribute `hint` of a text, or the one that is for this reader alone: `hint-program`, `hint-api` or `hint-page`. What
    /// is for programs is for the API, too.
    pub fn hint_for(
        self,
        reader: Reader,
        key: TextKey,
        values: &[(&str, &dyn Display)],
    ) -> Option<String> {
        let own: &[_] = match reader {
            Reader::Program => &["hint-program", "hint"],
            Reader::Api => &["hint-api", "hint-program", "hint"],
            Reader::Page => &["hint-page", "hint"],
        };
        let attribute = |name: &&str| self.format(key.id, Some(name), values, key.numbers);
        own.iter().find_map(attribute)
    }

    /// A text with its variables. On a page its attribute `page` stands for it, and for the API its attribute `api`, if it has one.
    pub fn fill_for(self, reader: Reader, key: TextKey, values: &[(&str, &dyn Display)]) -> String {
        self.of_reader(reader, key.id, values, key.numbers)
            .unwrap_or_else(|| self.fill(key, values))
    }

    fn of_reader(
        self,
        reader: Reader,
        id: &str,
        values: &[(&str, &dyn Display)],
        numbers: &[&str],
    ) -> Option<String> {
        match reader {
            Reader::Program => None,
            Reader::Api => self.format(id, Some("api"), values, numbers),
            Reader::Page => self.format(id, Some("page"), values, numbers),
        }
    }

    fn fill_id(self, id: &str, values: &[(&str, &dyn Display)], numbers: &[&str]) -> String {
        let text = self.format(id, None, values, numbers);
        debug_assert!(text.is_some(), "{id} is not in the catalogue");
        text.unwrap_or_else(|| id.to_owned())
    }

    /// A text, or an attribute of it; `None` when it is not in the catalogue.
    fn format(
        self,
        id: &str,
        attribute: Option<&str>,
        values: &[(&str, &dyn Display)],
        numbers: &[&str],
    ) -> Option<String> {
        let catalogue = self.catalogue();
        let text = catalogue.get_message(id)?;
        let pattern = match attribute {
            Some(name) => text.get_attribute(name)?.value(),
            None => text.value()?,
        };
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| (*name, value.to_string()))
            .collect();
        let mut arguments = FluentArgs::with_capacity(values.len());
        for (name, value) in &values {
            let value = if numbers.contains(name) {
                FluentValue::try_number(value)
            } else {
                FluentValue::from(value.as_str())
            };
            arguments.set(*name, value);
        }
        let mut errors = Vec::new();
        let text = catalogue.format_pattern(pattern, Some(&arguments), &mut errors);
        debug_assert!(errors.is_empty(), "{id}: {errors:?}");
        Some(text.into_owned())
    }

    /// The name of a kind, a status, an event or a field for people; the code itself where it has none.
    pub fn name(self, code: &str) -> &str {
        self.find(&id("names", code)).unwrap_or(code)
    }

    /// Like [`Language::name`], for a page: it may be longer, and more codes have one.
    pub fn label(self, code: &str) -> &str {
        let label = self.find(&id("labels", code));
        label.unwrap_or_else(|| self.name(code))
    }

    /// The text of a [`Reason`](crate::model::Reason), by its code.
    pub fn reason(self, code: &str) -> &str {
        self.find(&id("reasons", code)).unwrap_or(code)
    }

    /// The same for a reader.
    pub fn reason_for(self, reader: Reader, code: &str) -> String {
        self.of_reader(reader, &id("reasons", code), &[], &[])
            .unwrap_or_else(|| self.reason(code).to_owned())
    }

    /// The text of a [`DeliveryReason`](crate::model::DeliveryReason), by its code.
    pub fn verdict(self, code: &str) -> &str {
        self.find(&id("verdicts", code)).unwrap_or(code)
    }

    /// What the code of a [`Proof`](crate::model::Proof) says, and what it does not.
    pub fn proof(self, code: &str) -> &str {
        self.find(&id("proofs", code)).unwrap_or(code)
    }

    /// A text of the command line's help; only the Portuguese catalogue has them.
    pub fn help(self, id: &str) -> Option<Cow<'static, str>> {
        let catalogue = self.catalogue();
        let pattern = catalogue.get_message(&format!("help-{id}"))?.value()?;
        Some(catalogue.format_pattern(pattern, None, &mut Vec::new()))
    }

    /// A number of bytes: `512 B`, `1.50 MiB`, in Portuguese `1,50 MiB`.
    pub fn bytes(self, count: u64) -> String {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let Some(power) = (count.max(1).ilog2() / 10).checked_sub(1) else {
            return format!("{count} B");
        };
        let unit = UNITS[power as usize];
        let amount = count as f64 / 1024_f64.powi(power as i32 + 1);
        format!("{} {unit}", self.decimal(amount, 2))
    }

    /// A number by thousands: `12,345`, in Portuguese `12.345`.
    pub fn count(self, number: i64) -> String {
        let separator = match self {
            Self::English => ',',
            Self::Portuguese => '.',
        };
        let digits = number.unsigned_abs().to_string();
        let mut text = String::with_capacity(digits.len() + 8);
        if number < 0 {
            text.push('-');
        }
        for (n, digit) in digits.chars().enumerate() {
            if n > 0 && (digits.len() - n).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A span in its largest usual unit.
    pub fn span(self, ms: Millis) -> String {
        match ms {
            ms if ms >= 2 * DAY => format!("{} d", ms / DAY),
            ms if ms >= 2 * HOUR => format!("{} h", ms / HOUR),
            ms if ms >= 2 * MINUTE => format!("{} min", ms / MINUTE),
            ms => format!("{} s", ms / SECOND),
        }
    }

    /// A number with so many decimal places: `1.50`, in Portuguese `1,50`.
    pub fn decimal(self, number: f64, places: usize) -> String {
        let text = format!("{number:.places$}");
        match self {
            Self::English => text,
            Self::Portuguese => text.replace('.', ","),
        }
    }

    /// A text without variables, by its id.
    fn find(self, id: &str) -> Option<&'static str> {
        let catalogue = self.catalogue();
        let pattern = catalogue.get_message(id)?.value()?;
        match catalogue.format_pattern(pattern, None, &mut Vec::new()) {
            Cow::Borrowed(text) => Some(text),
            Cow::Owned(_) => None,
        }
    }

    fn catalogue(self) -> &'static Catalogue {
        static ENGLISH: OnceLock<Catalogue> = OnceLock::new();
        static PORTUGUESE: OnceLock<Catalogue> = OnceLock::new();
        let (loaded, files, locale) = match self {
            Self::English => (&ENGLISH, EN_US, "en-US"),
            // By CLDR zero is singular in pt-BR, and plural in pt-PT; texts without a choice have the plural.
            Self::Portuguese => (&PORTUGUESE, PT_BR, "pt-PT"),
        };
        loaded.get_or_init(|| load(files, locale))
    }
}

/// `names`, `media.stored` → `names-media-stored`
fn id(topic: &str, code: &str) -> String {
    format!("{topic}-{}", code.replace(['.', '_'], "-"))
}

/// A text that does not parse is left out; a test finds it.
fn load(files: &[(&str, &str)], locale: &str) -> Catalogue {
    let locale: LanguageIdentifier = locale.parse().unwrap_or_default();
    let mut catalogue = FluentBundle::new_concurrent(vec![locale]);
    catalogue.set_use_isolating(false);
    for (_, text) in files {
        let resource = FluentResource::try_new((*text).to_owned());
        let resource = resource.unwrap_or_else(|(resource, _)| resource);
        // Ids that stand twice are found by the tests.
        let _ = catalogue.add_resource(resource);
    }
    catalogue
}

#[cfg(test)]
mod tests;
