//! `audit`: who did what.

use crate::cli::{Context, Ending, Items, Language, plain, words::audit as words, zone};
use midiateca_service::access::audit::{self, Action, AuditEntry, AuditFilter};
use midiateca_service::app::AllowedStorage;
use midiateca_service::config::Since;
use midiateca_service::i18n::details;
use midiateca_service::model::{Scope, cut};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only what this user or key did: the name, the code as `user:ID`, or `command_line`
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this action, such as erasure or dossier_made
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what was done about this client
    #[arg(long, value_name = "N")]
    client: Option<i64>,
    /// Only what was done since then: a day such as 2026-11-24, a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Only what was done until then: a day (all of it), a time, or so long ago
    #[arg(long, value_name = "TIME")]
    until: Option<Since>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Begin after this entry: the `next` of the page before
    #[arg(long, value_name = "N")]
    cursor: Option<i64>,
}

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let lang = context.lang;
    let action = match &options.action {
        Some(name) => match Action::parse(name) {
            Some(action) => Some(action),
            None => {
                let (name, known) = (plain(name), Action::CODES.join(", "));
                return Err(usage!(lang, words::UNKNOWN_ACTION, name, known).into());
            }
        },
        None => None,
    };
    let app = context.open_to_look(AllowedStorage::Unused).await?;
    let now = app.clock.now();
    let filter = AuditFilter {
        actor: options.actor,
        action,
        since: options.since.map(|since| since.at(now, zone::zone())),
        until: options.until.map(|until| until.end(now, zone::zone())),
    };
    let (scope, before) = (
        Scope::of(options.client),
        options.cursor.unwrap_or(i64::MAX),
    );
    let limit = options.limit;
    let mut entries = audit::selected(&app.db, scope, &filter, before, limit + 1).await?;
    let next = cut(&mut entries, limit).map(|last| last.seq.to_string());
    Items::new("items", move |entry| line(lang, entry)).page(&entries, next);
    Ok(Ending::Fine)
}

fn line(lang: Language, entry: &AuditEntry) -> String {
    let kind = entry.actor.split(':').next().unwrap_or("");
    let who = match &entry.actor_name {
        Some(name) => format!("{} ({})", plain(name), lang.label(kind)),
        None if kind == entry.actor => lang.label(kind).to_owned(),
        None => plain(&entry.actor),
    };
    let client = entry
        .client
        .map_or_else(|| "-".to_owned(), |client| format!("cliente_{client}"));
    let about = [&entry.media, &entry.instance];
    let about = about.into_iter().flatten().map(|about| plain(about));
    let mut about: Vec<_> = about.collect();
    let details = details::of_entry(entry, lang, zone::zone()).into_iter();
    about.extend(details.map(|(name, text)| format!("{name}: {text}")));
    let at = zone::local(entry.at);
    let action = lang.label(&entry.action);
    format!("{at}\t{who}\t{action}\t{client}\t{}", about.join("; "))
}
