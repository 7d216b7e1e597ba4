//! Checks that settings make sense.

use url::Url;

use super::{Config, Misread, Rule, Size, Span, is_web_address, listen_address, path_of};
use crate::clock::Zone;
use crate::db::{self, Address, AddressError};

/// A problem of one setting or of several together. Its fields are the data of the problem, without sentences.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[serde(untagged)]
pub enum Problem {
    /// Not TOML, or an unknown key or value.
    #[error(transparent)]
    Misread(#[from] Misread),
    /// A key of an earlier version.
    #[error("{old} is {new} now; write `{line}`")]
    Renamed {
        old: String,
        new: String,
        /// The text to write in the file or the environment.
        #[serde(rename = "write")]
        line: String,
    },
    /// A variable that is not a setting.
    #[error("the environment variable {name} names no setting")]
    UnknownVariable { name: String },
    /// A variable whose value does not fit its setting.
    #[error("the environment variable {name} is not understood: {detail}")]
    Variable {
        name: String,
        text: String,
        /// The parser's message, in English.
        #[serde(skip)]
        detail: String,
    },
    /// With less than this nothing would happen.
    #[error("{key} must be at least {least}")]
    TooSmall { key: &'static str, least: String },
    /// No route, or a repeated one.
    #[error("fetch.routes must name each route at most once, and at least one")]
    Routes,
    /// A program that does not get the file would always say the same.
    #[error("{key} must have the argument {{path}} once")]
    ProgramWithoutPath { key: &'static str },
    /// Not the name of a host.
    #[error(
        "{key} has {text:?}, which is not a host such as files.example.com or files.example.com:8443"
    )]
    Host { key: &'static str, text: String },
    /// Downloads would resume before they pause.
    #[error("storage.resume_above must not be less than storage.pause_below")]
    Watermarks,
    /// A rule that would delete everything at once.
    #[error("each of retention.rules must say older_than, larger_than or total_over")]
    RuleWithoutLimit,
    /// Not an address with a port.
    #[error("{text} is not an address with a port; write it like 0.0.0.0:8000")]
    Listen { text: String },
    /// Not an address that a gateway could call.
    #[error("http.public_url must be a plain web address such as https://midia.example.com")]
    PublicUrl { text: String },
    /// Not a time zone of the IANA database.
    #[error("http.time_zone {name:?} is not a time zone such as America/Sao_Paulo")]
    TimeZone { name: String },
    /// Neither a folder nor a bucket.
    #[error("storage.url must look like file:///path or s3://bucket/prefix")]
    StorageUrl,
    /// Without its text, which may have a password.
    #[error("storage.endpoint must look like https://host:port")]
    Endpoint,
    /// Not the URL of a PostgreSQL database that can be used.
    #[error("database.url: {error}")]
    DatabaseServer { error: AddressError },
    /// An unknown kind of database.
    #[error("{key} must look like {scheme}:///path; this version supports nothing else")]
    Url {
        key: &'static str,
        scheme: &'static str,
    },
}

/// A problem of a settings file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{problem}")]
pub struct FileProblem {
    /// Of the key, from 1. `None` for what is not in the file, and for a [`Misread`], which has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(flatten)]
    pub problem: Problem,
}

impl Problem {
    /// The keys that it is about, the one to change first.
    pub(super) fn keys(&self) -> &[&'static str] {
        match self {
            Self::Misread(_)
            | Self::Renamed { .. }
            | Self::UnknownVariable { .. }
            | Self::Variable { .. } => &[],
            Self::TooSmall { key, .. }
            | Self::ProgramWithoutPath { key }
            | Self::Host { key, .. }
            | Self::Url { key, .. } => std::slice::from_ref(key),
            Self::StorageUrl => &["storage.url"],
            Self::Endpoint => &["storage.endpoint"],
            Self::DatabaseServer { .. } => &["database.url"],
            Self::Routes => &["fetch.routes"],
            Self::Watermarks => &["storage.resume_above", "storage.pause_below"],
            Self::RuleWithoutLimit => &["retention.rules"],
            Self::Listen { .. } => &["http.listen"],
            Self::PublicUrl { .. } => &["http.public_url"],
            Self::TimeZone { .. } => &["http.time_zone"],
        }
    }
}

impl Config {
    pub fn check(&self) -> Result<(), Problem> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// All problems of these settings.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.too_small();
        problems.extend(self.of_http());
        let routes = &self.fetch.routes;
        let twice = (1..routes.len()).any(|at| routes[..at].contains(&routes[at]));
        if routes.is_empty() || twice {
            problems.push(Problem::Routes);
        }
        for (key, command) in [
            ("derived.transcriber", &self.derived.transcriber),
            ("derived.scanner", &self.derived.scanner),
        ] {
            let paths = command.iter().skip(1).filter(|it| it.contains("{path}"));
            if !command.is_empty() && paths.count() != 1 {
                problems.push(Problem::ProgramWithoutPath { key });
            }
        }
        for (key, hosts) in [
            ("fetch.allowed_hosts", &self.fetch.allowed_hosts),
            ("endpoints.allowed_hosts", &self.endpoints.allowed_hosts),
        ] {
            let wrong = hosts.iter().filter(|host| !is_host(host));
            problems.extend(wrong.map(|text| Problem::Host {
                key,
                text: text.clone(),
            }));
        }
        if self.storage.resume_above < self.storage.pause_below {
            problems.push(Problem::Watermarks);
        }
        problems.extend(self.retention.rules.iter().filter_map(of_rule));
        let (key, scheme, url) = ("database.url", "sqlite", &self.database.url);
        if db::is_postgres(url) {
            let wrong = url.parse::<Address>().err();
            problems.extend(wrong.map(|error| Problem::DatabaseServer { error }));
        } else if !url.is_empty() && path_of(url, scheme).is_none() {
            problems.push(Problem::Url { key, scheme });
        }
        problems.extend(self.of_storage());
        problems
    }

    fn of_storage(&self) -> Vec<Problem> {
        let storage = &self.storage;
        let is_url = storage.url.is_empty()
            || path_of(&storage.url, "file").is_some()
            || self.bucket().is_some();
        let is_endpoint = |text: &str| {
            let url = Url::parse(text).ok();
            url.is_some_and(|url| {
                let is_plain =
                    url.path() == "/" && url.query().is_none() && url.username().is_empty();
                matches!(url.scheme(), "http" | "https") && is_plain && url.host().is_some()
            })
        };
        let endpoint = &storage.endpoint;
        let problems = [
            (!is_url).then_some(Problem::StorageUrl),
            (!endpoint.is_empty() && !is_endpoint(endpoint)).then_some(Problem::Endpoint),
        ];
        problems.into_iter().flatten().collect()
    }

    fn too_small(&self) -> Vec<Problem> {
        let (http, worker) = (&self.http, &self.worker);
        let counts = [
            ("http.max_connections", http.max_connections as u64),
            (
                "http.max_connections_per_address",
                http.max_connections_per_address as u64,
            ),
            ("http.api_rate", http.api_rate.into()),
            ("worker.concurrency", worker.concurrency as u64),
            ("worker.per_client", worker.per_client as u64),
            ("worker.per_host", worker.per_host as u64),
            ("fetch.attempts", self.fetch.attempts.into()),
        ];
        let counts = counts.into_iter().filter(|(_, count)| *count == 0);
        let counts = counts.map(|(key, _)| too_small(key, "1"));
        let spans = [
            ("worker.lease", worker.lease, Span::seconds(1)),
            ("retention.every", self.retention.every, Span::seconds(1)),
        ];
        let spans = spans.into_iter().filter(|(_, span, least)| span < least);
        let spans = spans.map(|(key, _, least)| too_small(key, &least.to_string()));
        let sizes = [
            ("http.max_body", http.max_body, "1KiB"),
            ("http.max_bodies", http.max_bodies, "1KiB"),
            ("http.min_rate", http.min_rate, "1B"),
            ("fetch.max_file", self.fetch.max_file, "1B"),
            ("keep.max_size", self.keep.max_size, "1B"),
        ];
        let is_small =
            |size: Size, least: &str| least.parse().is_ok_and(|least: Size| size < least);
        let sizes = sizes
            .into_iter()
            .filter(|(_, size, least)| is_small(*size, least));
        let sizes = sizes.map(|(key, _, least)| too_small(key, least));
        counts.chain(spans).chain(sizes).collect()
    }

    fn of_http(&self) -> Vec<Problem> {
        let listen = self.http.listen.addresses();
        let addresses = listen.iter().map(|text| listen_address(text));
        let mut problems: Vec<_> = addresses.filter_map(Result::err).collect();
        if listen.is_empty() {
            let text = String::new();
            problems.push(Problem::Listen { text });
        }
        let text = &self.http.public_url;
        if !text.is_empty() && !is_web_address(text) {
            let text = text.clone();
            problems.push(Problem::PublicUrl { text });
        }
        let name = &self.http.time_zone;
        if !name.is_empty() && Zone::named(name).is_none() {
            let name = name.clone();
            problems.push(Problem::TimeZone { name });
        }
        problems
    }
}

/// Whether it is a name or an address, with or without a port.
fn is_host(text: &str) -> bool {
    let address = url::Url::parse(&format!("https://{text}/"));
    let is_plain = |url: url::Url| {
        url.path() == "/"
            && url.username().is_empty()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    !text.contains('/') && address.is_ok_and(is_plain)
}

fn too_small(key: &'static str, least: &str) -> Problem {
    let least = least.to_owned();
    Problem::TooSmall { key, least }
}

fn of_rule(rule: &Rule) -> Option<Problem> {
    let limits = [
        (
            "retention.rules.older_than",
            rule.older_than.map(Span::is_zero),
        ),
        (
            "retention.rules.larger_than",
            rule.larger_than.map(Size::is_zero),
        ),
        (
            "retention.rules.total_over",
            rule.total_over.map(Size::is_zero),
        ),
    ];
    if limits.iter().all(|(_, limit)| limit.is_none()) {
        return Some(Problem::RuleWithoutLimit);
    }
    // A limit of zero would match every file.
    let zero = limits.iter().find(|(_, limit)| *limit == Some(true));
    zero.map(|(key, _)| too_small(key, "1"))
}
