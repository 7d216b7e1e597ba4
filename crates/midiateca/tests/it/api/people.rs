//! People are found by their number as people write it, and by every id that belongs to it.

use midiateca_service::model::{MediaId, Role, Scope};
use serde_json::Value;
use wa_sim::SimMedia;

use super::Caller;
use crate::dashboard::signed_in;
use crate::stage::{OTHER, TestApp, sample};

const NUMBER: &str = "5511987654321";
const LID: &str = "100000087654399@lid";

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    let mut ids: Vec<_> = items
        .map(|item| item["message_id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

/// A text as a value of an address.
fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Media of one person in the chat with the number, in the chat with the LID, and in a group; of another person; and of the
/// same person at another client.
async fn media_of_a_person(test: &TestApp) {
    let by_number = SimMedia {
        chat_id: Some(NUMBER.to_owned()),
        sender_id: Some(NUMBER.to_owned()),
        sender_lid: Some(LID.to_owned()),
        ..sample("NUMBER")
    };
    let by_lid = SimMedia {
        chat_id: Some(LID.to_owned()),
        sender_id: Some(LID.to_owned()),
        sender_lid: None,
        ..sample("LID")
    };
    let in_group = SimMedia {
        chat_id: Some("120363000000000001@g.us".to_owned()),
        sender_id: Some(LID.to_owned()),
        sender_lid: None,
        is_group: true,
        ..sample("GROUP")
    };
    let of_other = SimMedia {
        chat_id: Some("5521976543210".to_owned()),
        sender_id: Some("5521976543210".to_owned()),
        sender_lid: None,
        caption: Some("o telefone: 98765-4321".to_owned()),
        ..sample("OTHER")
    };
    for media in [by_number, by_lid, in_group, of_other] {
        let (media, _) = test.store(media).await;
        assert_eq!(media.status, "stored");
    }
    let foreign = SimMedia {
        instance: OTHER.to_owned(),
        chat_id: Some("551187654321".to_owned()),
        sender_id: Some("551187654321".to_owned()),
        sender_lid: None,
        ..sample("FOREIGN")
    };
    let delivery = test.sim.world().add(foreign);
    let url = format!("{}/hooks/wapi/{}", test.origin(), test.other_hook);
    let (_, answer) = test.post_to(&url, delivery.body.to_string()).await;
    let id = answer["media"][0]["id"].as_str().unwrap().to_owned();
    test.settled(&MediaId(id)).await;
}

#[tokio::test]
async fn media_and_chats_are_found_by_a_number_as_people_type_it() {
    let test = TestApp::start().await;
    media_of_a_person(&test).await;
    let own = Caller::new(&test, Role::Viewer, Scope::Client(2)).await;
    let foreign = Caller::new(&test, Role::Viewer, Scope::Client(3)).await;
    for typed in [
        "+55 11 98765-4321",
        "0055 11 98765-4321",
        "(11) 98765-4321",
        "011 98765-4321",
        "11 8765-4321",
        "98765-4321",
        "87654321",
        NUMBER,
        "551187654321",
        "5511987654321@s.whatsapp.net",
        "551187654321@c.us",
        LID,
        "100000087654399",
    ] {
        let value = escaped(typed);
        let found = async |caller: &Caller<'_>, query: &str| {
            ids(&caller.get(&format!("/media?{query}={value}")).await)
        };
        assert_eq!(found(&own, "chat").await, ["LID", "NUMBER"], "{typed}");
        let sent = found(&own, "sender").await;
        assert_eq!(sent, ["GROUP", "LID", "NUMBER"], "{typed}");
        let mut searched = found(&own, "q").await;
        // The words of a caption are found as before.
        searched.retain(|id| id != "OTHER");
        assert_eq!(searched, ["GROUP", "LID", "NUMBER"], "{typed}");
        let chats = own.get(&format!("/chats?q={value}")).await;
        assert_eq!(chats["items"].as_array().unwrap().len(), 2, "{typed}");
        // Another client's media of the same person are its own, and its pairs of ids too.
        let is_lid = typed.starts_with("100000");
        let expected: &[&str] = if is_lid { &[] } else { &["FOREIGN"] };
        for query in ["chat", "sender", "q"] {
            assert_eq!(found(&foreign, query).await, expected, "{typed} {query}");
        }
    }
    for typed in ["+55 21 98765-4321", "21 98765-4321", "+1 11 98765-4321"] {
        let value = escaped(typed);
        for query in ["chat", "sender"] {
            let list = own.get(&format!("/media?{query}={value}")).await;
            assert_eq!(ids(&list), [""; 0], "{typed} {query}");
        }
    }
    let browser = signed_in(&test, Role::Viewer, Scope::Client(2)).await;
    let value = escaped("(11) 98765-4321");
    for (path, row, count) in [
        (format!("/media?q={value}"), "class=\"tile\"", 3),
        (format!("/media?chat={value}"), "class=\"tile\"", 2),
        (format!("/media?sender={value}"), "class=\"tile\"", 3),
        (format!("/chats?q={value}"), "href=\"/chats/2/", 2),
    ] {
        let page = browser.page(&path).await;
        let found = page.matches(row).count();
        assert!(
            found == count || path.contains("?q=") && found == count + 1,
            "{path}: {page}"
        );
    }
    test.end().await;
}
