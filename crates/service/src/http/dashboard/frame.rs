//! What every page has: language, theme, who is signed in, and how values are written.

use askama::filters::{Escaper as _, Html};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt::Display;

use askama::Template;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::assets;
use super::document::Document;
use crate::access::users::User;
use crate::clock::{Millis, Zone, millis_of};
use crate::deliveries::LeftOut;
use crate::http::HttpState;
use crate::http::api::{ApiError, caller};
use crate::i18n::keys::dashboard as words;
use crate::i18n::{Explanation, Language, Reader, TextKey, details, results};
use crate::model::Role;
use crate::ops::health::Verdict;
use crate::telemetry;
use crate::terminal;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The signed-in person.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub role: Role,
    /// None for all clients.
    pub client: Option<i64>,
}

impl From<User> for Person {
    fn from(user: User) -> Self {
        Self {
            name: user.name,
            role: user.role,
            client: user.client,
        }
    }
}

#[derive(Clone)]
pub struct Frame {
    pub lang: Language,
    /// `light`, `dark`, or empty for the system's.
    pub theme: &'static str,
    /// None before signing in.
    pub person: Option<Person>,
    /// With its query.
    pub address: String,
    pub zone: Zone,
    pub now: Millis,
    /// The names of the clients that the person may see, removed ones too.
    pub client_names: BTreeMap<i64, String>,
}

/// The parts of the dashboard, with the paths of their pages.
pub const NAVIGATION: [(&str, TextKey, &str); 12] = [
    ("/", words::OVERVIEW, "home"),
    ("/media", words::MEDIA, "grid"),
    ("/chats", words::CHATS, "chat"),
    ("/failures", words::FAILURES, "alert"),
    ("/deliveries", words::DELIVERIES, "inbox"),
    ("/instances", words::INSTANCES, "phone"),
    ("/endpoints", words::ENDPOINTS, "send"),
    ("/access", words::ACCESS, "users"),
    ("/links", words::LINKS, "link"),
    ("/holds", words::HOLDS, "shield"),
    ("/audit", words::AUDIT, "list"),
    ("/health", words::HEALTH, "pulse"),
];

impl Frame {
    pub fn new(parts: &Parts, state: &HttpState, person: Option<Person>) -> Self {
        let address = parts.uri.path_and_query();
        Self {
            lang: language(&parts.headers),
            theme: theme(&parts.headers),
            person,
            address: address.map_or("/", |address| address.as_str()).to_owned(),
            zone: state.app.config.http.zone(),
            now: state.app.clock.now(),
            client_names: BTreeMap::new(),
        }
    }

    /// For a visitor who is not signed in or whose grant does not matter: the page has the navigation of who is signed in.
    pub async fn of_anyone(parts: &Parts, state: &HttpState) -> Self {
        let found = caller::user_of_session(parts, state).await.ok().flatten();
        Self::new(parts, state, found.map(|(_, user)| user.into()))
    }

    pub fn say(&self, key: TextKey) -> &'static str {
        self.lang.say(key)
    }

    pub fn fill(&self, key: TextKey, name: &str, value: impl Display) -> String {
        self.lang.fill(key, &[(name, &value)])
    }

    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The pages that this person may open.
    pub fn navigation(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let is_for = |path: &str| match path {
            "/access" | "/holds" | "/audit" => self.may(Role::Admin),
            "/health" => self.may(Role::Operator) && self.is_global(),
            _ => true,
        };
        let visible = NAVIGATION.iter().filter(|(path, _, _)| is_for(path));
        visible
            .map(|(path, key, icon)| (*path, self.say(*key), *icon))
            .collect()
    }

    pub fn is_here(&self, path: &str) -> bool {
        let here = self.address.split('?').next().unwrap_or("");
        here == path || path != "/" && here.starts_with(&format!("{path}/"))
    }

    fn may(&self, role: Role) -> bool {
        let person = self.person.as_ref();
        person.is_some_and(|person| person.role.includes(role))
    }

    pub fn is_global(&self) -> bool {
        let person = self.person.as_ref();
        person.is_some_and(|person| person.client.is_none())
    }

    pub fn is_operator(&self) -> bool {
        self.may(Role::Operator)
    }

    pub fn is_admin(&self) -> bool {
        self.may(Role::Admin)
    }

    pub fn role(&self) -> String {
        let person = self.person.as_ref();
        person.map_or_else(String::new, |person| self.name(person.role.as_str()))
    }

    pub fn client(&self) -> i64 {
        let client = self.person.as_ref().and_then(|person| person.client);
        client.unwrap_or(0)
    }

    /// Its name and its number; without the name for a client that the person may not see.
    pub fn client_name(&self, client: impl Borrow<i64>) -> String {
        let client = *client.borrow();
        match self.client_names.get(&client) {
            Some(name) => format!("{} (cliente_{client})", self.short(name)),
            None => format!("cliente_{client}"),
        }
    }

    /// Whether the page answers a signed link, whose visitor need not be a user.
    pub fn is_link(&self) -> bool {
        self.address.starts_with("/m/")
    }

    /// The types of events, for the script.
    pub fn events(&self) -> String {
        crate::events::KINDS.join(" ")
    }

    pub fn user(&self) -> String {
        let person = self.person.as_ref();
        person.map(|person| person.name.clone()).unwrap_or_default()
    }

    /// The code and the name of the other language.
    pub fn other_language(&self) -> (&'static str, &'static str) {
        match self.lang {
            Language::English => ("pt-BR", self.say(words::IN_PORTUGUESE)),
            Language::Portuguese => ("en", self.say(words::IN_ENGLISH)),
        }
    }

    /// The other language, where there is little space.
    pub fn other_code(&self) -> &'static str {
        match self.lang {
            Language::English => "PT",
            Language::Portuguese => "EN",
        }
    }

    /// The theme after this one.
    pub fn other_theme(&self) -> &'static str {
        match self.theme {
            "" => "dark",
            "dark" => "light",
            _ => "system",
        }
    }

    pub fn verdict_name(&self, verdict: impl Borrow<Verdict>) -> &'static str {
        self.say(match verdict.borrow() {
            Verdict::Ok => words::PROBE_OK,
            Verdict::Warning => words::PROBE_WARNING,
            Verdict::Problem => words::PROBE_PROBLEM,
            Verdict::Skipped => words::PROBE_SKIPPED,
        })
    }

    /// The name of its color.
    pub fn verdict_class(&self, verdict: impl Borrow<Verdict>) -> &'static str {
        match verdict.borrow() {
            Verdict::Ok => "stored",
            Verdict::Warning => "warning",
            Verdict::Problem => "failed",
            Verdict::Skipped => "skipped",
        }
    }

    /// A received text, without invisible characters and characters that turn the direction.
    pub fn plain(&self, text: impl AsRef<str>) -> String {
        terminal::tame(text.as_ref())
    }

    /// The same for a sentence, as HTML: what stands in backquotes is code.
    pub fn marked(&self, text: impl AsRef<str>) -> String {
        marked(&terminal::tame(text.as_ref()))
    }

    /// The same for a text of several lines.
    pub fn plain_lines(&self, text: impl AsRef<str>) -> String {
        let lines: Vec<_> = text.as_ref().lines().map(terminal::tame).collect();
        lines.join("\n")
    }

    /// The beginning of a received text.
    pub fn short(&self, text: impl AsRef<str>) -> String {
        terminal::plain(text.as_ref())
    }

    /// The roles to choose from: the code, the name, whether it is chosen.
    pub fn roles(&self, chosen: impl AsRef<str>) -> Vec<(String, String, bool)> {
        let role = |role: Role| {
            let code = role.as_str();
            (code.to_owned(), self.name(code), code == chosen.as_ref())
        };
        Role::ALL.map(role).to_vec()
    }

    pub fn name(&self, code: impl AsRef<str>) -> String {
        self.lang.label(code.as_ref()).to_owned()
    }

    /// The labels of results, for the script.
    pub fn labels(&self) -> String {
        results::dictionary(self.lang)
    }

    /// Names, with commas.
    pub fn names<'a>(&self, codes: impl AsRef<[&'a str]>) -> String {
        let codes = codes.as_ref().iter();
        let names: Vec<_> = codes.map(|code| self.lang.label(code)).collect();
        names.join(", ")
    }

    /// The further fields of an entry of the audit log, with their labels.
    pub fn details(&self, entry: &Document) -> Vec<(String, String)> {
        let (action, data) = (entry.text("action"), entry.inner("data").0);
        details::details(&action, &data, self.lang, &self.zone)
    }

    /// A filter, as JSON, for people: `kind: image · client: Clínica (cliente_2)`.
    pub fn filter_words(&self, filter: impl AsRef<str>) -> String {
        let filter = Document(serde_json::from_str(filter.as_ref()).unwrap_or_default());
        let parts = filter.pairs().into_iter().map(|(field, value)| {
            let shown = match field.as_str() {
                "kind" | "status" | "verified" | "direction" => self.name(&value),
                "reason" => self.reason(&value),
                "client" => value
                    .parse::<i64>()
                    .map_or(value, |client| self.client_name(client)),
                _ => self.short(&value),
            };
            let name = match field.as_str() {
                "q" => self.say(words::SEARCH).to_owned(),
                "from" => self.say(words::FROM).to_owned(),
                "to" => self.say(words::BEFORE).to_owned(),
                "chat" => self.say(words::CHAT).to_owned(),
                "sender" => self.say(words::SENDER).to_owned(),
                "verified" => self.say(words::PROOF).to_owned(),
                "direction" => self.say(words::DIRECTION).to_owned(),
                _ => self.name(&field),
            };
            format!("{name}: {shown}")
        });
        let parts: Vec<_> = parts.collect();
        if parts.is_empty() {
            return self.say(words::NO_FILTER).to_owned();
        }
        parts.join(" · ")
    }

    pub fn reason(&self, code: impl AsRef<str>) -> String {
        self.lang.reason_for(Reader::Page, code.as_ref())
    }

    /// What a way of verification proves.
    pub fn proof(&self, code: impl AsRef<str>) -> String {
        self.lang.proof(code.as_ref()).to_owned()
    }

    /// Why a notification did not reach its endpoint.
    pub fn sending(&self, code: impl AsRef<str>) -> String {
        self.name(format!("sending_{}", code.as_ref()))
    }

    pub fn verdict(&self, code: impl AsRef<str>) -> String {
        self.lang.verdict(code.as_ref()).to_owned()
    }

    /// The messages of a delivery that are not filed; empty for none.
    pub fn left_out(&self, counts: impl Borrow<Document>) -> String {
        let counts = counts.borrow();
        let left_out = LeftOut {
            unreadable: counts.number("unreadable"),
            other_instance: counts.number("other_instance"),
        };
        results::left_out(left_out, self.lang)
    }

    pub fn decimal(&self, number: impl Borrow<f64>) -> String {
        self.lang.decimal(*number.borrow(), 1)
    }

    pub fn bytes(&self, size: impl Borrow<i64>) -> String {
        self.lang.bytes(u64::try_from(*size.borrow()).unwrap_or(0))
    }

    /// `12,345`, in Portuguese `12.345`.
    pub fn count(&self, number: impl Borrow<i64>) -> String {
        self.lang.count(*number.borrow())
    }

    /// `2026-11-24 09:00:00`, in the zone of the settings; a dash for no time.
    pub fn time(&self, text: impl AsRef<str>) -> String {
        self.at(millis_of(text.as_ref()))
    }

    pub fn at(&self, at: Option<Millis>) -> String {
        let local = at.map(|at| self.zone.local(at));
        local.map_or_else(|| "–".to_owned(), |text| text.chars().take(19).collect())
    }

    pub fn is_ahead(&self, text: impl AsRef<str>) -> bool {
        millis_of(text.as_ref()).is_some_and(|at| at > self.now)
    }

    /// How long it lasts until now: `3 h`.
    pub fn since(&self, text: impl AsRef<str>) -> String {
        let at = millis_of(text.as_ref()).unwrap_or(self.now);
        self.lang.span((self.now - at).max(0))
    }

    /// How long until or since then.
    pub fn distance(&self, text: impl AsRef<str>) -> String {
        let Some(at) = millis_of(text.as_ref()) else {
            return "–".to_owned();
        };
        let span = self.lang.span((at - self.now).abs());
        let key = if at > self.now {
            words::IN_SPAN
        } else {
            words::SPAN_AGO
        };
        self.fill(key, "span", span)
    }

    /// `1:05` for 65 seconds.
    pub fn clock(&self, seconds: impl Borrow<i64>) -> String {
        let seconds = *seconds.borrow();
        format!("{}:{:02}", seconds / 60, seconds % 60)
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    crate::http::session::cookie(headers, name)
}

/// As chosen, else as the browser prefers.
pub fn language(headers: &HeaderMap) -> Language {
    let chosen = cookie(headers, "lang").and_then(Language::of_locale);
    chosen.unwrap_or_else(|| crate::http::api::language_of(headers))
}

fn theme(headers: &HeaderMap) -> &'static str {
    match cookie(headers, "theme") {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "",
    }
}

/// A sentence as HTML, with what stands in backquotes as code.
fn marked(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let pieces: Vec<_> = text.split('`').collect();
    for (n, piece) in pieces.iter().enumerate() {
        let is_code = n % 2 == 1 && n + 1 < pieces.len();
        html.push_str(match (is_code, n % 2) {
            (true, _) => "<code>",
            (false, 1) => "`",
            _ => "",
        });
        // A string takes all that is written to it.
        let _ = Html.write_escaped_str(&mut html, piece);
        if is_code {
            html.push_str("</code>");
        }
    }
    html
}

/// A rendered page with the headers that protect it.
pub fn answer(status: StatusCode, page: &impl Template) -> Response {
    let text = match page.render() {
        Ok(text) => text,
        Err(error) => {
            let error = telemetry::chain(&error);
            tracing::error!(error, "a page of the dashboard cannot be made");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// A page that cannot be shown, and why.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    error: Explanation,
}

pub fn failed(frame: Frame, error: &ApiError) -> Response {
    let page = ErrorPage {
        error: error.explanation(Reader::Page, frame.lang),
        frame,
    };
    let mut response = answer(error.status(), &page);
    if let Some((name, value)) = error.extra_header()
        && let Ok(value) = HeaderValue::from_str(value)
    {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn code_in_a_sentence_is_marked_and_nothing_else_is_html() {
        for (text, expected) in [
            (
                "run `a b`, then `c`",
                "run <code>a b</code>, then <code>c</code>",
            ),
            ("<b>`&'\"`", "&#60;b&#62;<code>&#38;&#39;&#34;</code>"),
            ("one ` only", "one ` only"),
            ("`a` and ` one", "<code>a</code> and ` one"),
            ("", ""),
        ] {
            assert_eq!(marked(text), expected);
        }
    }
}
