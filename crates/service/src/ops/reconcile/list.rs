//! The pages of a gateway's lists: one list of all messages, or one for each chat where there is none.

use std::collections::VecDeque;

use serde_json::Value as Json;

use super::{Error, Options, Position};
use crate::clock::Millis;
use crate::gateway::HistoryRange;
use crate::ops::gateway_admin::{self, GatewayAdmin};
use crate::shutdown::CancellationToken;

/// Pages without a message after which a list has no more.
const MOST_EMPTY: u32 = 3;
/// Messages of one page.
const PAGE: u32 = 20;

/// Reads page after page, bounded in calls.
pub(super) struct Lists<'a> {
    admin: &'a GatewayAdmin<'a>,
    options: &'a Options,
    until: Millis,
    /// The lists that are left: of all chats (`None`), or of one.
    left: VecDeque<Option<String>>,
    /// The number of lists before the current one.
    done: u32,
    page: u32,
    empty: u32,
    /// Of the page before. A gateway that ignores the page would answer the same for ever.
    first: Option<Json>,
    /// The messages of the current page, and how many of them were sent before the range.
    seen: (usize, usize),
    calls: u32,
    /// Cancelled, or more than one run reads.
    pub is_cut_short: bool,
}

impl<'a> Lists<'a> {
    pub fn new(admin: &'a GatewayAdmin<'a>, options: &'a Options, until: Millis) -> Self {
        Self {
            admin,
            options,
            until,
            left: VecDeque::from([None]),
            done: 0,
            page: options.first_page(0),
            empty: 0,
            first: None,
            seen: (0, 0),
            calls: 0,
            is_cut_short: false,
        }
    }

    /// Where the next run continues, if this one was cut short.
    pub fn position(&self) -> Option<Position> {
        let (list, page) = (self.done, self.page);
        self.is_cut_short.then_some(Position { list, page })
    }

    /// Notes the time of a message of the current page.
    pub fn note(&mut self, sent_at: Option<Millis>) {
        let is_before = sent_at.is_some_and(|at| at < self.options.since);
        self.seen.0 += 1;
        self.seen.1 += usize::from(is_before);
    }

    /// The messages of the next page, each in the form of a delivery.
    pub async fn next(
        &mut self,
        cancelled: &CancellationToken,
    ) -> Result<Option<Vec<Json>>, Error> {
        let gateway = self.options.instance.gateway;
        // Lists begin with the newest message.
        if self.seen.0 > 0 && self.seen.0 == self.seen.1 {
            self.end_list();
        }
        while let Some(chat) = self.left.front().cloned() {
            // Read by an earlier run.
            if chat.is_some() && self.options.skips(self.done) {
                self.end_list();
                continue;
            }
            if cancelled.is_cancelled() || self.calls >= self.options.most_calls {
                self.is_cut_short = true;
                return Ok(None);
            }
            let range = HistoryRange {
                since: self.options.since,
                until: self.until,
                page: self.page,
                page_size: PAGE,
                chat: chat.as_deref(),
            };
            let Some(call) = gateway.history_call(self.admin.access(), range) else {
                if chat.is_none() && self.page == 0 {
                    self.find_chats(None).await?;
                }
                self.end_list();
                continue;
            };
            self.calls += 1;
            let answer = match self.admin.call(&call).await {
                Ok(answer) => answer.body,
                // An engine without a list of all messages has one of each chat.
                Err(error) if chat.is_none() && self.page == 0 => {
                    self.find_chats(Some(error)).await?;
                    self.end_list();
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let page = gateway.read_history(self.admin.access(), answer);
            self.page += 1;
            self.empty = if page.is_empty() { self.empty + 1 } else { 0 };
            let is_again = self.first.is_some() && self.first.as_ref() == page.first();
            if self.empty == MOST_EMPTY || is_again {
                self.end_list();
                continue;
            }
            self.first = page.first().cloned();
            self.seen = (0, 0);
            return Ok(Some(page));
        }
        Ok(None)
    }

    fn end_list(&mut self) {
        self.left.pop_front();
        self.done += 1;
        self.page = self.options.first_page(self.done);
        (self.empty, self.first, self.seen) = (0, None, (0, 0));
    }

    /// Adds the chats with messages in the range. `refused` is why there is no list of all messages.
    async fn find_chats(&mut self, refused: Option<gateway_admin::Error>) -> Result<(), Error> {
        let gateway = self.options.instance.gateway;
        let is_unknown = refused.as_ref().is_none_or(|error| match error {
            gateway_admin::Error::Status { status, .. } => {
                !matches!(status, 401 | 403 | 429 | 502..=504)
            }
            _ => false,
        });
        let call = gateway.chats_call(self.admin.access());
        let Some(call) = call.filter(|_| is_unknown) else {
            return Err(match refused {
                Some(error) => error.into(),
                None => Error::NoHistory(gateway.as_str()),
            });
        };
        self.calls += 1;
        let answer = self.admin.call(&call).await?.body;
        let mut chats = gateway.read_chats(&answer);
        // In the same order in the next run.
        chats.sort_by(|a, b| a.id.cmp(&b.id));
        let in_range = |at: Option<Millis>| at.is_none_or(|at| at >= self.options.since);
        let chats = chats.into_iter().filter(|chat| in_range(chat.last_at));
        self.left.extend(chats.map(|chat| Some(chat.id)));
        Ok(())
    }
}
