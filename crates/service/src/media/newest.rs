//! Lists of media, the newest first: for each filter a statement that follows an index in the order of time, so that a page
//! costs what it shows. A filter that no index fits is asked in parts, one for each value that an index has before the time;
//! the engine merges them.

use super::filter::{Driver, ResolvedFilter};
use super::row::columns;
use super::statement::Statement;
use crate::db::Value;
use crate::model::{Cursor, MediaKind, MediaStatus};

/// More chats than this are sorted instead of merged.
const MOST_PARTS: usize = 64;

/// Conditions, each with its value.
type Part = Vec<(String, Value)>;

/// What a part has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Any,
    /// Some rows, which are sorted: an index of the order would be a detour.
    Small,
}

/// The order of a list by the time of receipt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    NewestFirst,
    OldestFirst,
}

impl Order {
    fn word(self) -> &'static str {
        match self {
            Self::NewestFirst => "desc",
            Self::OldestFirst => "asc",
        }
    }

    /// How what follows a place compares with it.
    fn following(self) -> char {
        match self {
            Self::NewestFirst => '<',
            Self::OldestFirst => '>',
        }
    }
}

/// The statement of a page after `after`.
pub(super) fn statement(
    filter: &ResolvedFilter,
    order: Order,
    after: Option<&Cursor>,
    limit: u32,
) -> Statement {
    let mut statement = Statement::new("");
    match parts(filter) {
        None => {
            let driver = match filter.chats {
                Some(_) => Driver::Any,
                None => Driver::Given,
            };
            let place = Place { order, after };
            select(&mut statement, filter, driver, &[], place, Some(limit));
        }
        Some((parts, size)) => {
            let limit_of_part = (size == Size::Any).then_some(limit);
            if size == Size::Small {
                statement.sql.push_str("select * from (");
            }
            for (n, part) in parts.iter().enumerate() {
                let start = if n == 0 {
                    "select * from ("
                } else {
                    " union all select * from ("
                };
                statement.sql.push_str(start);
                select(
                    &mut statement,
                    filter,
                    Driver::Given,
                    part,
                    Place { order, after },
                    limit_of_part,
                );
                statement.sql.push_str(") as part");
            }
            // The sum is no column, so that the order does not decide on the index.
            let word = order.word();
            let order = match size {
                Size::Any => format!(" order by received_at {word}, id {word} limit $$"),
                Size::Small => {
                    format!(") as found order by received_at + 0 {word}, id {word} limit $$")
                }
            };
            statement.push(&order, limit);
        }
    }
    statement
}

/// Where a page begins.
#[derive(Clone, Copy)]
struct Place<'a> {
    order: Order,
    after: Option<&'a Cursor>,
}

fn select(
    statement: &mut Statement,
    filter: &ResolvedFilter,
    driver: Driver,
    part: &[(String, Value)],
    Place { order, after }: Place<'_>,
    limit: Option<u32>,
) {
    let (word, following) = (order.word(), order.following());
    let start = concat!("select ", columns!(), " from media where true");
    statement.sql.push_str(start);
    for (condition, value) in part {
        statement.sql.push_str(" and ");
        statement.push(condition, value.clone());
    }
    if let Some(after) = after {
        if limit.is_some() {
            // Lets the engine begin at that place of the index.
            let from = format!(" and received_at {following}= $$");
            statement.push(&from, after.at);
        }
        let beyond = format!(" and (received_at + 0, id) {following} ($$, ");
        statement.push(&beyond, after.at);
        statement.push("$$)", after.id.as_str());
    }
    statement.filter_by(filter, driver);
    if let Some(limit) = limit {
        let order = format!(" order by received_at {word}, id {word} limit $$");
        statement.push(&order, limit);
    }
}

/// The parts in which an index has the order of time; none where the index of all media has it.
fn parts(resolved: &ResolvedFilter) -> Option<(Vec<Part>, Size)> {
    let filter = resolved.filter;
    let client = filter.scope.client().or(filter.client);
    let of_chat = |(client, chat): &(i64, String)| {
        vec![
            ("client = $$".to_owned(), (*client).into()),
            ("chat_id = $$".to_owned(), chat.into()),
        ]
    };
    if let Some(chats) = &resolved.chats {
        let is_mergeable = (1..=MOST_PARTS).contains(&chats.len());
        return is_mergeable.then(|| (chats.iter().map(of_chat).collect(), Size::Any));
    }
    // All that are found are looked up by their ids.
    let has_rare_words = filter.words.is_some() && !resolved.has_common_words;
    if resolved.searched.is_some() || has_rare_words {
        return Some((vec![Vec::new()], Size::Small));
    }
    if let Some(senders) = &resolved.senders {
        let chats = &senders.sent_in;
        let has_all = chats.iter().all(|(_, chat)| !chat.is_empty());
        if has_all && (1..=MOST_PARTS).contains(&chats.len()) {
            return Some((chats.iter().map(of_chat).collect(), Size::Any));
        }
    }
    if let Some(message) = &filter.message_id {
        let instances = match &filter.instance {
            Some(instance) => std::slice::from_ref(instance),
            None => &filter.instances,
        };
        return one_in(
            "instance",
            instances.iter().map(Value::from),
            ("message_id = $$", message.into()),
        );
    }
    if let Some(sha256) = &filter.sha256 {
        let clients: Vec<_> = client.map_or_else(|| filter.clients.clone(), |client| vec![client]);
        let condition = "status = 'stored' and sha256 = $$";
        return one_in(
            "client",
            clients.into_iter().map(Value::from),
            (condition, sha256.into()),
        );
    }
    let is_unstored = filter
        .status
        .is_some_and(|status| status != MediaStatus::Stored);
    if is_unstored || filter.status.is_none() && filter.reason.is_some() {
        let unstored = MediaStatus::ALL
            .into_iter()
            .filter(|status| *status != MediaStatus::Stored);
        let wanted = unstored.filter(|status| filter.status.is_none_or(|only| only == *status));
        // The engine takes a partial index only for a condition that is written out.
        let part = |status: MediaStatus| {
            let status = status.as_str();
            let condition =
                format!("status = '{status}' and status <> 'stored' and received_at >= $$");
            vec![(condition, filter.since.unwrap_or(0).into())]
        };
        return Some((wanted.map(part).collect(), Size::Any));
    }
    if let Some(instance) = &filter.instance {
        let part = vec![("instance = $$".to_owned(), instance.into())];
        return Some((vec![part], Size::Any));
    }
    let client = client?;
    let of_kind = |kind: MediaKind| {
        vec![
            ("client = $$".to_owned(), client.into()),
            ("kind = $$".to_owned(), kind.as_str().into()),
        ]
    };
    let kinds = MediaKind::ALL.into_iter();
    let wanted = kinds.filter(|kind| filter.kind.is_none_or(|only| only == *kind));
    Some((wanted.map(of_kind).collect(), Size::Any))
}

/// One part, in which a column has one of these values.
fn one_in(
    column: &str,
    values: impl Iterator<Item = Value>,
    (condition, value): (&str, Value),
) -> Option<(Vec<Part>, Size)> {
    let parts: Vec<Part> = values
        .map(|first| {
            vec![
                (format!("{column} = $$"), first),
                (condition.to_owned(), value.clone()),
            ]
        })
        .collect();
    // The engine limits how many parts a statement may have.
    (1..=400)
        .contains(&parts.len())
        .then_some((parts, Size::Small))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::filter::Filter;
    use super::super::people::People;
    use super::*;
    use crate::db::Db;
    use crate::model::{Reason, Scope};

    async fn plan(
        db: &Db,
        filter: &Filter,
        chats: Option<Vec<(i64, String)>>,
        order: Order,
    ) -> Vec<String> {
        let resolved = ResolvedFilter {
            chats,
            ..ResolvedFilter::plain(filter)
        };
        let after = Cursor::parse("5_a").unwrap();
        let statement = statement(&resolved, order, Some(&after), 50);
        let sql = format!("explain query plan {}", statement.sql);
        let rows = db.rows_of(sql, statement.values).await.unwrap();
        rows.iter().map(|row| row.text("detail").unwrap()).collect()
    }

    /// Each list follows an index in the order of time and sorts at most media of the same millisecond.
    #[tokio::test]
    async fn every_usual_list_follows_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let db = Db::open_sqlite(&path, Duration::from_secs(1))
            .await
            .unwrap();
        let any = Filter::default;
        let text = |text: &str| Some(text.to_owned());
        let chat = Some(vec![(2, "c@lid".to_owned()), (3, "c".to_owned())]);
        for (index, filter, chats) in [
            ("media_by_time", any(), None),
            (
                "media_by_time",
                Filter {
                    since: Some(1),
                    until: Some(9),
                    ..any()
                },
                None,
            ),
            (
                "media_by_time",
                Filter {
                    kind: Some(MediaKind::Audio),
                    ..any()
                },
                None,
            ),
            (
                "media_by_client",
                Filter {
                    client: Some(2),
                    ..any()
                },
                None,
            ),
            (
                "media_by_client",
                Filter {
                    scope: Scope::Client(2),
                    ..any()
                },
                None,
            ),
            (
                "media_by_client",
                Filter {
                    client: Some(2),
                    status: Some(MediaStatus::Stored),
                    ..any()
                },
                None,
            ),
            (
                "media_by_client",
                Filter {
                    client: Some(2),
                    kind: Some(MediaKind::Audio),
                    ..any()
                },
                None,
            ),
            (
                "media_by_instance",
                Filter {
                    instance: text("I"),
                    ..any()
                },
                None,
            ),
            (
                "media_by_instance",
                Filter {
                    instance: text("I"),
                    client: Some(2),
                    ..any()
                },
                None,
            ),
            (
                "media_unstored",
                Filter {
                    status: Some(MediaStatus::Failed),
                    ..any()
                },
                None,
            ),
            (
                "media_unstored",
                Filter {
                    status: Some(MediaStatus::Failed),
                    client: Some(2),
                    ..any()
                },
                None,
            ),
            (
                "media_unstored",
                Filter {
                    reason: Some(Reason::CdnGone),
                    ..any()
                },
                None,
            ),
            (
                "media_by_chat",
                Filter {
                    chat: text("c"),
                    kind: Some(MediaKind::Audio),
                    ..any()
                },
                chat,
            ),
            (
                "sqlite_autoindex_media_2",
                Filter {
                    message_id: text("M"),
                    instances: vec!["A".to_owned(), "B".to_owned()],
                    ..any()
                },
                None,
            ),
            (
                "media_by_content",
                Filter {
                    sha256: Some([0; 32]),
                    clients: vec![1, 2],
                    ..any()
                },
                None,
            ),
        ] {
            for order in [Order::NewestFirst, Order::OldestFirst] {
                let steps = plan(&db, &filter, chats.clone(), order).await;
                let reads: Vec<_> = steps
                    .iter()
                    .filter(|step| step.contains(" media "))
                    .collect();
                assert!(
                    !reads.is_empty() && reads.iter().all(|step| step.contains(index)),
                    "{index}: {steps:?}"
                );
                // A part's page, which is short, may be sorted again to be merged.
                let sorts = steps.windows(2).any(|pair| {
                    pair[1].contains("B-TREE FOR ORDER BY") && !pair[0].contains("SCAN part")
                });
                let is_small = index.contains("autoindex") || index.contains("content");
                assert!(!sorts || is_small, "{index}: {steps:?}");
            }
        }
        db.close().await;
    }

    /// People are looked up first; then their media are found by chat, and the words of a search by id.
    #[tokio::test]
    async fn lists_of_a_person_follow_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let db = Db::open_sqlite(&path, Duration::from_secs(1))
            .await
            .unwrap();
        let people = || People {
            chats: [(2, "c".to_owned())].into(),
            sent_in: [(2, "c".to_owned()), (2, "g".to_owned())].into(),
            sender_ids: ["c".to_owned()].into(),
            sender_lids: ["l@lid".to_owned()].into(),
        };
        let filter = Filter {
            words: Some("5511987654321".to_owned()),
            ..Filter::default()
        };
        let plain = ResolvedFilter::plain(&filter);
        let by_sender = ResolvedFilter {
            senders: Some(people()),
            ..plain
        };
        let by_words = ResolvedFilter {
            searched: Some(people()),
            ..ResolvedFilter::plain(&filter)
        };
        for resolved in [by_sender, by_words] {
            for order in [Order::NewestFirst, Order::OldestFirst] {
                let statement = statement(&resolved, order, None, 50);
                let sql = format!("explain query plan {}", statement.sql);
                let rows = db.rows_of(sql, statement.values).await.unwrap();
                let steps: Vec<_> = rows.iter().map(|row| row.text("detail").unwrap()).collect();
                let mut reads = steps.iter().filter(|step| step.contains(" media "));
                let is_found = |step: &String| {
                    step.contains("media_by_chat") || step.contains("autoindex_media_1 (id=?)")
                };
                assert!(reads.all(is_found), "{steps:?}");
                assert!(steps.iter().any(is_found), "{steps:?}");
            }
        }
        db.close().await;
    }
}
