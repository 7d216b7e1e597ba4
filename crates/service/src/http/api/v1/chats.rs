//! `/chats`: people and groups with counts by kind.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::Ids;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::page::{Page, PageQuery};
use crate::http::api::query::{Query, number};
use crate::i18n::keys as texts;
use crate::media::chats::{self, Chat, ChatCursor, ChatFilter};
use crate::media::holds::{self, CoveringHold};

#[derive(Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChatQuery {
    /// The number of a client.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<i64>)]
    pub client: Option<i64>,
    /// One of the newest 1,000 media of the chat came to it.
    pub instance: Option<String>,
    /// The beginning of the chat's id or of its person's phone number, a phone number as people write it, or words of a sender's
    /// name.
    pub q: Option<String>,
}

/// Chats, those with the newest media first
#[utoipa::path(get, path = "/chats", tag = "chats", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(ChatQuery, PageQuery),
    responses((status = OK, body = Page<Chat>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(query, page): Query<ChatQuery, PageQuery>,
) -> Result<Json<Page<Chat>>> {
    let limit = page.limit()?;
    let after = page.after(ChatCursor::parse)?;
    let filter = ChatFilter {
        client: query.client,
        instance: query.instance,
        words: query.q,
    };
    let found = chats::chats(
        &state.app.db_for_lists(),
        grant.scope,
        &filter,
        after,
        limit + 1,
    )
    .await?;
    Ok(Json(Page::of(found, limit, |chat| {
        ChatCursor::of(chat).to_string()
    })))
}

/// One chat
#[utoipa::path(get, path = "/chats/{client}/{chat}", tag = "chats", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("client" = i64, Path), ("chat" = String, Path)),
    responses((status = OK, body = ChatDetail), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Ids(client, chat): Ids,
) -> Result<Json<ChatDetail>> {
    let not_found = || ApiError::not_found(texts::api::CHAT_NOT_FOUND);
    let client = client.parse().map_err(|_| not_found())?;
    if !grant.scope.includes(client) {
        return Err(not_found());
    }
    let found = chats::chat(&state.app.db_for_lists(), client, &chat).await?;
    let chat = found.ok_or_else(not_found)?;
    let holds = holds::covering_chat(&state.app.db, client, &chat.chat_id).await?;
    let holds = holds.into_iter().map(|hold| hold.for_role(grant.role));
    Ok(Json(ChatDetail {
        holds: holds.collect(),
        chat,
    }))
}

/// A chat, and the legal holds on it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ChatDetail {
    #[serde(flatten)]
    chat: Chat,
    /// The legal holds that cover all of it.
    holds: Vec<CoveringHold>,
}
