//! A gateway's lists of past messages and of chats.

use serde_json::Value as Json;

use super::{Access, Call, Gateway};
use crate::clock::Millis;

/// Which messages a gateway is asked to list.
#[derive(Clone, Copy, Debug)]
pub struct HistoryRange<'a> {
    /// Sent at or after, where the gateway can filter by time.
    pub since: Millis,
    pub until: Millis,
    /// From 0.
    pub page: u32,
    pub page_size: u32,
    /// Of this chat only, for gateways without a list of all messages.
    pub chat: Option<&'a str>,
}

/// A chat in a gateway's list of chats.
#[derive(Debug, PartialEq, Eq)]
pub struct ListedChat {
    pub id: String,
    /// The time of its last message, if the gateway says it.
    pub last_at: Option<Millis>,
}

impl Gateway {
    /// Whether the gateway can list past messages.
    pub fn has_history(self) -> bool {
        let access = Access {
            instance: "",
            token: "",
            secret: None,
        };
        let range = HistoryRange {
            since: 0,
            until: 0,
            page: 0,
            page_size: 1,
            chat: None,
        };
        self.history_call(access, range).is_some() || self.chats_call(access).is_some()
    }

    /// The call that lists the chats, for gateways without a list of all messages.
    pub fn chats_call(self, access: Access<'_>) -> Option<Call> {
        self.protocol().chats_call(access)
    }

    /// The chats in the answer to that call.
    pub fn read_chats(self, answer: &Json) -> Vec<ListedChat> {
        self.protocol().read_chats(answer)
    }

    /// The call that lists a page of past messages; `None` where there is no such list or page.
    pub fn history_call(self, access: Access<'_>, range: HistoryRange<'_>) -> Option<Call> {
        self.protocol().history_call(access, range)
    }

    /// The messages in the answer to that call, each in the form of a delivery.
    pub fn read_history(self, access: Access<'_>, answer: Json) -> Vec<Json> {
        self.protocol().read_history(access, answer)
    }
}
