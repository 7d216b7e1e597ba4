//! Which media are meant, as several commands let it be said.

use super::super::UsageError;
use super::super::context::Context;
use super::super::language::plain;
use super::super::since::Since;
use super::super::words::media as words;
use crate::catalog::Filter;
use crate::clock::Millis;
use crate::media::MediaKind;

#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Only those of this client
    #[arg(long, value_name = "N")]
    pub client: Option<i64>,
    /// Only those of this instance
    #[arg(long, value_name = "ID")]
    pub instance: Option<String>,
    /// Only this kind: image, video, audio, document, sticker
    #[arg(long)]
    kind: Option<String>,
    /// Only those of this chat
    #[arg(long, value_name = "ID")]
    chat: Option<String>,
    /// Only those received since then: a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Only those received before then: a time, or so long ago
    #[arg(long, value_name = "TIME")]
    until: Option<Since>,
}

impl Which {
    /// Seen from `now`.
    pub fn filter(&self, context: &Context, now: Millis) -> Result<Filter, UsageError> {
        let unknown = self
            .kind
            .as_deref()
            .filter(|name| MediaKind::parse(name).is_none());
        if let Some(name) = unknown {
            let name = plain(name);
            let refusal = context.lang.fill(words::NO_KIND, &[("name", &name)]);
            return Err(UsageError(refusal));
        }
        Ok(Filter {
            client: self.client,
            instance: self.instance.clone(),
            kind: self.kind.clone(),
            chat: self.chat.clone(),
            since: self.since.map(|since| since.at(now)),
            until: self.until.map(|until| until.at(now)),
            ..Filter::default()
        })
    }
}
