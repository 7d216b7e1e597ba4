//! One media: the file, everything that is known about it, its attempts and its neighbours in the chat.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::document::{Document, encoded};
use super::frame::{Frame, answer, failed};
use super::gallery::with_query;
use super::media_item::MediaItem;
use super::panel::{Panel, in_time};
use super::visitor::Visitor;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::page::whole;
use crate::http::api::{ApiError, v1};
use crate::i18n::Reader;
use crate::i18n::keys::dashboard as words;
use crate::media::{self, Cursor, Filter, Media, examinations};
use crate::ops::{dismiss, retry};

#[derive(Template)]
#[template(path = "media.html")]
struct MediaPage {
    frame: Frame,
    media: MediaItem,
    attempts: Panel<Vec<Document>>,
    links: Panel<Vec<Document>>,
    /// In the same chat: the next older and the next newer one.
    older: Option<String>,
    newer: Option<String>,
    chat: Option<String>,
    can_retry: bool,
    can_dismiss: bool,
    /// Why the file is not for this visitor, or not yet.
    withheld: Option<String>,
    /// The holds that cover it.
    covering: Panel<Vec<Document>>,
    /// Fields of the table, in the order of the document.
    facts: Vec<(String, String)>,
}

/// Shown elsewhere on the page.
const NOT_FACTS: [&str; 6] = [
    "id",
    "caption",
    "width",
    "height",
    "recoverable",
    "transcript",
];

fn facts(frame: &Frame, media: &Document) -> Vec<(String, String)> {
    // The order of the API's document; fields that it does not know come last.
    let fields = media.0.as_object().into_iter().flatten();
    let mut fields: Vec<_> = fields
        .filter(|(name, value)| {
            let is_only_slot = name.as_str() == "slot" && value.as_i64() == Some(0);
            media.has(name) && !is_only_slot && !NOT_FACTS.contains(&name.as_str())
        })
        .collect();
    let place = |name: &str| Media::FIELDS.iter().position(|known| *known == name);
    fields.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    fields
        .into_iter()
        .map(|(name, value)| {
            let text = media.text(name);
            let text = match name.as_str() {
                _ if name.ends_with("_at") => frame.time(&text),
                "size" => {
                    let size = value.as_i64().unwrap_or(0);
                    format!("{} · {}", frame.count(size), frame.bytes(size))
                }
                "client" => frame.client_name(value.as_i64().unwrap_or(0)),
                "seconds" => frame.clock(value.as_i64().unwrap_or(0)),
                "reason" => frame.reason(&text),
                "proof" => format!("{}: {}", frame.name(&text), frame.proof(&text)),
                "kind" | "status" | "route" | "scan" | "verified" => frame.name(&text),
                _ if value.is_boolean() => frame.name(&text),
                _ => frame.plain(&text),
            };
            (frame.name(name), text)
        })
        .collect()
}

pub async fn page(State(state): State<HttpState>, visitor: Visitor, id: v1::Id) -> Response {
    let frame = visitor.frame.clone();
    match media_page(state, visitor, id.0).await {
        Ok(page) => answer(StatusCode::OK, &page),
        Err(error) => failed(frame, &error),
    }
}

async fn media_page(state: HttpState, visitor: Visitor, id: String) -> Result<MediaPage, ApiError> {
    let (frame, grant) = (visitor.frame, visitor.grant);
    let found = v1::media::visible(&state, &grant, id.clone()).await?;
    let viewer = || Viewer(grant.clone());
    let attempts = async {
        let id = v1::Id(id.clone());
        let Json(page) = v1::media::attempts(State(state.clone()), viewer(), id, whole()).await?;
        Ok(Document::of(&page).list("items"))
    };
    let links = async {
        let Json(page) =
            v1::links::list(State(state.clone()), viewer(), v1::Id(id.clone()), whole()).await?;
        Ok(Document::of(&page).list("items"))
    };
    // A page without its holds would mislead, so that they are a part with an error of its own.
    let covering = async {
        let covering = v1::media::holds_of(&state, &grant, &found).await?;
        Ok(covering.iter().map(Document::of).collect())
    };
    let db = state.app.db_for_lists();
    let transcript = async { Ok(examinations::transcript(&db, &found.id).await?) };
    let (attempts, links, covering, neighbours, transcript) = tokio::join!(
        Panel::wait(&frame, attempts),
        Panel::wait(&frame, links),
        Panel::wait(&frame, covering),
        in_time(neighbours(&state, &grant, &found)),
        in_time(transcript),
    );
    // A page without its neighbours is still of use.
    let (older, newer) = neighbours.unwrap_or_default();
    let chat = found.origin.chat.as_ref();
    let chat = chat.map(|chat| {
        with_query(
            &format!("/chats/{}/{}", found.client, encoded(&chat.0)),
            &json!({}),
        )
    });
    let mut media = Document::of(&found);
    // The file is of use without it.
    media.0["transcript"] = json!(transcript.unwrap_or_default());
    let refused = v1::media::refuse_screened(&state.app, &found, grant.role).err();
    Ok(MediaPage {
        withheld: refused.map(|error| error.explanation(Reader::Page, frame.lang).message),
        attempts,
        links,
        covering,
        older,
        newer,
        chat,
        can_retry: retry::is_offered(&state.app.storage, &found).await,
        can_dismiss: dismiss::is_offered(&found),
        facts: facts(&frame, &media),
        media: MediaItem(media),
        frame,
    })
}

/// The ids of the next older and the next newer media of the same chat.
async fn neighbours(
    state: &HttpState,
    grant: &crate::access::Grant,
    found: &media::Media,
) -> Result<(Option<String>, Option<String>), ApiError> {
    let Some(chat) = found.origin.chat.as_ref() else {
        return Ok((None, None));
    };
    let filter = Filter {
        scope: grant.scope,
        client: Some(found.client),
        chat: Some(chat.0.clone()),
        ..Filter::default()
    };
    let db = &state.app.db_for_lists();
    let older = media::list_after(db, &filter, Some(Cursor::of(found)), 1).await?;
    let newer = media::newer(db, &filter, &Cursor::of(found)).await?;
    let id = |media: &media::Media| media.id.0.clone();
    Ok((older.first().map(id), newer.as_ref().map(id)))
}
