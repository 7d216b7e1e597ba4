use super::*;
use serde_json::json;

#[test]
fn the_five_kinds_are_found_in_any_case() {
    let content = json!({
        "imageMessage": {"URL": "u", "fileSHA256": "x"}, "VIDEOMESSAGE": {"a": 1}, "audio_message": {"PTT": true},
        "documentMessage": {"title": "t"}, "stickerMessage": {"a": 1}, "messageContextInfo": {"a": 1}, "conversation": "oi",
    });
    let kinds: Vec<_> = find(&content)
        .media
        .iter()
        .map(|media| media.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            MediaKind::Audio,
            MediaKind::Document,
            MediaKind::Image,
            MediaKind::Sticker,
            MediaKind::Video
        ]
    );
    assert!(find(&content).media[0].voice_note);
}

#[test]
fn a_malformed_key_differs_from_none() {
    let found = find(
        &json!({"imageMessage": {"mediaKey": "AAAA"}, "audioMessage": {"mediaKey": ""}, "videoMessage": {}}),
    );
    let malformed: Vec<_> = found
        .media
        .iter()
        .map(|media| (media.kind, media.media_key_malformed))
        .collect();
    assert_eq!(
        malformed,
        [(MediaKind::Audio, false), (MediaKind::Image, true)]
    );
}

fn leaf(path: &str) -> Value {
    let key = "rwyoaVpbrjfFQ3X1YKt7Y1+pnun0a2536qDKOnT2HuQ=";
    json!({"mediaKey": key, "directPath": path, "mimetype": "image/jpeg"})
}

fn paths(content: &Value) -> Vec<String> {
    find(content)
        .media
        .into_iter()
        .filter_map(|media| media.direct_path)
        .collect()
}

#[test]
fn every_wrapper_is_opened_known_or_not() {
    for wrapper in [
        "deviceSentMessage",
        "ephemeralMessage",
        "viewOnceMessage",
        "viewOnceMessageV2",
        "viewOnceMessageV2Extension",
        "documentWithCaptionMessage",
        "editedMessage",
        "groupMentionedMessage",
        "botInvokeMessage",
        "lottieStickerMessage",
        "eventCoverImage",
        "statusMentionMessage",
        "groupStatusMentionMessage",
        "pollCreationOptionImageMessage",
        "pollCreationMessageV4",
        "associatedChildMessage",
        "statusAddYours",
        "groupStatusMessage",
        "groupStatusMessageV2",
        "limitSharingMessage",
        "botTaskMessage",
        "questionMessage",
        "questionReplyMessage",
        "botForwardedMessage",
        "newsletterAdminProfileMessage",
        "newsletterAdminProfileStatusMessage",
        "botPlatformRegistrationSuccessMessage",
        "spoilerMessage",
        "commentMessage",
        "wrapperOfNextYear",
    ] {
        let found = find(&json!({wrapper: {"message": {"imageMessage": leaf("/a")}}}));
        let is_unknown = wrapper == "wrapperOfNextYear";
        assert_eq!(found.unknown.len(), usize::from(is_unknown), "{wrapper}");
        let media = found.media;
        assert_eq!(media.len(), 1, "{wrapper}");
        assert_eq!(media[0].wrapper, format!("{wrapper}/message"));
        assert_eq!(media[0].view_once, wrapper.starts_with("viewOnce"));
    }
}

#[test]
fn carriers_inside_interactive_messages_are_found() {
    for content in [
        json!({"protocolMessage": {"type": 14, "editedMessage": {"documentWithCaptionMessage": {"message": {"documentMessage": leaf("/a")}}}}}),
        json!({"interactiveMessage": {"header": {"imageMessage": leaf("/a")}}}),
        json!({"interactiveMessage": {"carouselMessage": {"cards": [{"header": {"videoMessage": leaf("/a")}}]}}}),
        json!({"templateMessage": {"hydratedTemplate": {"imageMessage": leaf("/a")}, "hydratedFourRowTemplate": {"imageMessage": leaf("/a")}}}),
        json!({"buttonsMessage": {"documentMessage": leaf("/a")}}),
        json!({"productMessage": {"product": {"productImage": leaf("/a")}}}),
        json!({"requestPaymentMessage": {"noteMessage": {"imageMessage": leaf("/a")}, "background": {"mediaData": leaf("/b")}}}),
        json!({"Message": {"imageMessage": leaf("/a")}, "RawMessage": {"ephemeralMessage": {"message": {"imageMessage": leaf("/a")}}}}),
        json!({"type": "ptt", "mediaKey": leaf("")["mediaKey"], "directPath": "/a"}),
        json!({"holographicMessage": leaf("/a")}),
    ] {
        assert_eq!(paths(&content), ["/a"], "{content}");
    }
    let flat = find(&json!({"type": "ptt", "mediaKey": leaf("")["mediaKey"], "directPath": "/a"}))
        .media
        .remove(0);
    assert_eq!((flat.kind, flat.voice_note), (MediaKind::Audio, true));
}

#[test]
fn media_that_a_message_quotes_are_not_its_own() {
    let content = json!({
        "extendedTextMessage": {"contextInfo": {"quotedMessage": {"imageMessage": leaf("/quoted")}}},
        "imageMessage": {"mediaKey": leaf("")["mediaKey"], "directPath": "/own", "contextInfo": {"quotedMessage": {"imageMessage": leaf("/quoted")}}},
        "messageContextInfo": {"botMetadata": leaf("/bot")},
        "protocolMessage": {"historySyncNotification": leaf("/history")},
    });
    assert_eq!(paths(&content), ["/own"]);
    for name in [
        "quotedMsg",
        "replyTo",
        "reply_to",
        "replyMessage",
        "repliedMessage",
        "inReply",
        "statusQuotedMessage",
    ] {
        for quote in [leaf("/a"), json!({"message": {"imageMessage": leaf("/a")}})] {
            let content = json!({"extendedTextMessage": {"text": "oi", name: quote}});
            assert!(find(&content).media.is_empty(), "{content}");
        }
    }
}

#[test]
fn a_key_without_bytes_is_no_key() {
    for key in [
        json!({}),
        json!([]),
        json!(""),
        json!({"type": "Buffer", "data": []}),
    ] {
        let content = json!({"protocolMessage": {"editedMessage": {"imageMessage": {"caption": "novo", "mediaKey": key}}}});
        let found = find(&content);
        assert!(found.media[0].is_caption_edit(), "{content}");
    }
    let content = json!({"imageMessage": {"mediaKey": "AAAA"}});
    assert!(find(&content).media[0].media_key_malformed);
}

#[test]
fn depth_width_and_number_are_limited() {
    let mut deep = json!({"imageMessage": leaf("/a")});
    for _ in 0..16 {
        deep = json!({"ephemeralMessage": {"message": deep}});
    }
    assert_eq!(paths(&deep), ["/a"]);
    let deeper = json!({"a": {"message": {"b": {"message": deep}}}});
    let found = find(&deeper);
    assert!(found.media.is_empty() && found.cut_short);
    let key = |n: u8| json!(vec![n; 32]);
    let many: Vec<_> = (0..100)
        .map(|n| json!({"imageMessage": {"mediaKey": key(n), "directPath": "/a"}}))
        .collect();
    let found = find(&json!({"cards": many}));
    assert!(found.media.len() == MOST_MEDIA && found.cut_short);
    let wide: Vec<_> = (0..5_000).map(|n| json!({"n": n})).collect();
    assert!(find(&json!({"cards": wide})).cut_short);
}

#[test]
fn a_message_that_is_stuck_onto_a_file_is_found_too() {
    let mut video = leaf("/outer");
    video["interactiveAnnotations"] = json!([
        {"embeddedContent": {"embeddedMessage": {"message": {"imageMessage": {"mediaKey": vec![1; 32], "directPath": "/stuck"}}}}},
        {"embeddedContent": {"embeddedMusic": {"mediaKey": vec![2; 32], "directPath": "/music"}}},
    ]);
    video["processedVideos"] = json!([{"mediaKey": vec![3; 32], "directPath": "/variant"}]);
    video["contextInfo"] = json!({"quotedMessage": {"imageMessage": leaf("/quoted")}});
    assert_eq!(paths(&json!({"videoMessage": video})), ["/outer", "/stuck"]);
}

#[test]
fn unknown_ways_are_named_and_known_ones_are_not() {
    let known = json!({"ephemeralMessage": {"message": {"interactiveMessage": {"header": {"imageMessage": leaf("/a")}}}}});
    assert_eq!(find(&known).unknown, Vec::<String>::new());
    let found = find(&json!({
        "wrapperOfNextYear": {"message": {"imageMessage": leaf("/a")}},
        "holographicMessage": {"mediaKey": vec![1; 32], "directPath": "/b"},
        "unknownButEmpty": {"message": {"conversation": "oi"}},
    }));
    assert_eq!(found.unknown, ["holographicMessage", "wrapperOfNextYear"]);
    assert_eq!(found.media.len(), 2);
    let long = "x".repeat(1 << 20);
    let found = find(&json!({long: {"message": {"imageMessage": leaf("/a")}}}));
    assert!(found.unknown[0].len() <= 64 && found.media[0].wrapper.len() <= 80);
}

#[test]
fn media_of_channels_need_no_key_and_are_merged_too() {
    let open = json!({"directPath": "/m1/v/a", "fileSha256": vec![1; 32], "staticUrl": ""});
    let found = find(
        &json!({"Message": {"imageMessage": open.clone()}, "RawMessage": {"imageMessage": open}}),
    );
    assert_eq!(found.media.len(), 1);
    assert_eq!(found.media[0].static_url, None);
    assert!(found.media[0].media_key.is_none() && !found.media[0].media_key_malformed);
}

#[test]
fn the_path_is_taken_from_whatsapps_own_link_only() {
    let of = |url: &str| {
        let content = json!({"imageMessage": {"mediaKey": vec![1; 32], "url": url}});
        find(&content).media.remove(0).direct_path
    };
    assert_eq!(
        of("https://mmg.whatsapp.net/v/a?oe=1").as_deref(),
        Some("/v/a?oe=1")
    );
    assert_eq!(
        of("https://media-gru1-1.cdn.whatsapp.net/v/a").as_deref(),
        Some("/v/a")
    );
    for foreign in [
        "https://evil.example/v/a",
        "https://whatsapp.net.evil.example/v/a",
        "https://notwhatsapp.net/v/a",
        "https://a@mmg.whatsapp.net/v",
        "http://mmg.whatsapp.net/v",
        "x",
    ] {
        assert_eq!(of(foreign), None, "{foreign}");
    }
}

#[test]
fn bytes_next_to_the_only_carrier_belong_to_it() {
    let found = find(
        &json!({"message": {"imageMessage": leaf("/a"), "base64": "data:image/jpeg;base64,/9j_"}}),
    );
    let inline = found.media[0].inline.clone().unwrap();
    assert_eq!(inline.decode(), Some(vec![0xff, 0xd8, 0xff]));
    assert_eq!(format!("{inline:?}"), "Inline(27 characters)");
    let two =
        find(&json!({"imageMessage": leaf("/a"), "videoMessage": leaf("/b"), "base64": "/9j/"}));
    assert!(
        two.media.iter().all(|media| media.inline.is_none()),
        "whose bytes are they?"
    );
}

#[test]
fn edits_say_so() {
    let found = find(&json!({"protocolMessage": {"editedMessage": {"imageMessage": leaf("/a")}}}));
    assert!(found.media[0].edited);
}

#[test]
fn view_once_media_are_recognised_in_any_spelling() {
    for content in [
        json!({"view_once_message_v2": {"message": {"image_message": leaf("/a")}}}),
        json!({"ViewOnceMessage": {"Message": {"ImageMessage": leaf("/a")}}}),
        json!({"type": "image", "isViewOnce": true, "mediaKey": leaf("")["mediaKey"], "directPath": "/a"}),
    ] {
        assert!(find(&content).media[0].view_once, "{content}");
    }
}

#[test]
fn flat_shapes_quote_too() {
    let quoted =
        json!({"type": "image", "mediaKey": leaf("")["mediaKey"], "directPath": "/quoted"});
    for name in [
        "quotedMsg",
        "quoted_message",
        "quotedMsgObj",
        "QuotedStanza",
    ] {
        let content = json!({"type": "chat", "body": "oi", name: quoted});
        assert_eq!(paths(&content), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn flat_and_unknown_files_are_found_by_any_of_their_links() {
    let key = || leaf("")["mediaKey"].clone();
    for content in [
        json!({"type": "image", "mediaKey": key(), "url": "https://mmg.whatsapp.net/a"}),
        json!({"type": "image", "mediaKey": key(), "clientUrl": "https://mmg.whatsapp.net/a"}),
        json!({"hologramMessage": {"directPath": "/a", "fileSha256": vec![1; 32], "mimetype": "image/jpeg"}}),
        json!({"cards": [[{"header": {"imageMessage": leaf("/a")}}]]}),
        json!({"imageMessage": {"mediaKey": key(), "directPath": "a", "url": "https://mmg.whatsapp.net/a"}}),
    ] {
        assert_eq!(paths(&content), ["/a"], "{content}");
    }
}

#[test]
fn an_edit_names_its_message_however_deep_it_lies() {
    let edit = json!({"protocolMessage": {"key": {"id": "FIRST"}, "editedMessage": {"ephemeralMessage": {"message": {"imageMessage": leaf("/a")}}}}});
    for content in [
        edit.clone(),
        json!({"editedMessage": {"message": edit}}),
        json!({"deviceSentMessage": {"message": {"editedMessage": {"message": edit}}}}),
    ] {
        let media = find(&content).media.remove(0);
        assert_eq!(
            (media.edited, media.edits.as_deref()),
            (true, Some("FIRST"))
        );
    }
}

#[test]
fn the_view_once_mark_ends_where_a_message_shows_a_file_as_part_of_itself() {
    let header = || json!({"header": {"imageMessage": leaf("/a")}});
    let shells = [
        json!({"interactiveMessage": header()}),
        json!({"interactive_message": {"header": {"image_message": leaf("/a")}}}),
        json!({"InteractiveMessage": {"Header": {"ImageMessage": leaf("/a")}}}),
        json!({"interactiveMessage": {"carouselMessage": {"cards": [header()]}}}),
        json!({"carouselMessage": {"cards": [header()]}}),
        json!({"interactiveMessage": {"header": {"productMessage": {"product": {"productImage": leaf("/a")}}}}}),
        json!({"templateMessage": {"hydratedTemplate": {"imageMessage": leaf("/a")}}}),
        json!({"templateMessage": {"hydratedFourRowTemplate": {"documentMessage": leaf("/a")}}}),
        json!({"templateMessage": {"fourRowTemplate": {"videoMessage": leaf("/a")}}}),
        json!({"templateMessage": {"interactiveMessageTemplate": header()}}),
        json!({"highlyStructuredMessage": {"hydratedHsm": {"hydratedTemplate": {"imageMessage": leaf("/a")}}}}),
        json!({"buttonsMessage": {"documentMessage": leaf("/a")}}),
        json!({"listMessage": {"productListInfo": {"imageMessage": leaf("/a")}}}),
        json!({"productMessage": {"product": {"productImage": leaf("/a")}}}),
        json!({"productMessage": {"catalog": {"catalogImage": leaf("/a")}}}),
        json!({"orderMessage": {"imageMessage": leaf("/a")}}),
        json!({"pollCreationMessageV3": {"options": [{"imageMessage": leaf("/a")}]}}),
        json!({"pollCreationOptionImageMessage": {"message": {"imageMessage": leaf("/a")}}}),
        json!({"cardOfNextYear": header()}),
        json!({"ephemeralMessage": {"message": {"buttonsMessage": {"imageMessage": leaf("/a")}}}}),
    ];
    let wrap = |wrapper: &str, content: &Value| json!({wrapper: {"message": content}});
    for shell in &shells {
        for wrapper in [
            "viewOnceMessage",
            "viewOnceMessageV2",
            "viewOnceMessageV2Extension",
            "view_once_message",
        ] {
            let content = wrap("ephemeralMessage", &wrap(wrapper, shell));
            let media = find(&content).media;
            assert_eq!(media.len(), 1, "{content}");
            assert!(!media[0].view_once, "{content}");
        }
    }
}

#[test]
fn view_once_media_are_recognised_in_every_wrapper_and_by_their_own_field() {
    let photo = json!({"imageMessage": leaf("/a")});
    let wrap = |wrapper: &str, content: &Value| json!({wrapper: {"message": content}});
    for wrapper in [
        "ephemeralMessage",
        "deviceSentMessage",
        "editedMessage",
        "documentWithCaptionMessage",
        "associatedChildMessage",
        "groupStatusMessageV2",
        "wrapperOfNextYear",
    ] {
        for content in [
            wrap(wrapper, &wrap("viewOnceMessageV2", &photo)),
            wrap("viewOnceMessage", &wrap(wrapper, &photo)),
        ] {
            assert!(find(&content).media[0].view_once, "{content}");
        }
    }
    for content in [
        json!({"viewOnceMessage": photo}),
        json!({"viewOnceMessage": {"message": {"holographicMessage": leaf("/a")}}}),
        json!({"IsViewOnce": true, "Message": photo}),
    ] {
        assert!(find(&content).media[0].view_once, "{content}");
    }
    for own in [json!(true), json!("true"), json!(1)] {
        let mut marked = leaf("/a");
        marked["viewOnce"] = own;
        for content in [
            json!({"imageMessage": marked}),
            json!({"viewOnceMessage": {"message": {"interactiveMessage": {"header": {"imageMessage": marked}}}}}),
            json!({"interactiveMessage": {"carouselMessage": {"cards": [{"header": {"imageMessage": marked}}]}}}),
        ] {
            assert!(find(&content).media[0].view_once, "{content}");
        }
    }
    let unmarked = json!({"viewOnce": false, "isViewOnce": 0, "imageMessage": leaf("/a")});
    assert!(!find(&unmarked).media[0].view_once);
}

#[test]
fn an_edit_names_its_message_under_any_spelling() {
    let new = json!({"imageMessage": {"caption": "novo"}});
    for key in [
        json!({"id": "FIRST"}),
        json!({"ID": "FIRST"}),
        json!({"stanzaId": "FIRST"}),
        json!({"_serialized": "false_5500900000001@c.us_FIRST"}),
        json!({"id": {"_serialized": "false_1203@g.us_FIRST_5500900000001@c.us"}}),
    ] {
        for kind in [json!(14), json!("MESSAGE_EDIT")] {
            let edit = json!({"protocolMessage": {"key": key, "type": kind, "editedMessage": new, "timestampMs": "1790000000123"}});
            for content in [
                edit.clone(),
                json!({"associatedChildMessage": {"message": edit}}),
                json!({"edited_message": {"message": edit}}),
            ] {
                let media = find(&content).media.remove(0);
                assert_eq!(media.edits.as_deref(), Some("FIRST"), "{content}");
                assert_eq!(media.edited_at_ms, Some(1_790_000_000_123));
                assert!(media.edited && !media.has_file() && !media.caption_removed);
            }
        }
    }
}

#[test]
fn an_edit_may_take_the_caption_away() {
    let whole = leaf("/a");
    for (image, removed) in [
        (json!({"caption": ""}), true),
        (json!({"caption": null}), true),
        (json!({}), true),
        (whole.clone(), true),
        (json!({"mimetype": "image/jpeg"}), false),
        (json!({"caption": "novo"}), false),
    ] {
        let content = json!({"protocolMessage": {"key": {"id": "FIRST"}, "editedMessage": {"imageMessage": image}}});
        assert_eq!(
            find(&content).media[0].caption_removed,
            removed,
            "{content}"
        );
    }
    assert!(!find(&json!({"imageMessage": whole})).media[0].caption_removed);
}

#[test]
fn sealed_contents_and_revokes_are_noticed() {
    let sealed = json!({"secretEncryptedMessage": {"targetMessageKey": {"id": "FIRST"}, "encPayload": "AAAA"}});
    for content in [
        sealed.clone(),
        json!({"ephemeralMessage": {"message": sealed}}),
    ] {
        let found = find(&content);
        assert!(
            found.sealed && found.revokes.is_none() && found.media.is_empty(),
            "{content}"
        );
    }
    let key = json!({"id": "FIRST"});
    for (protocol, revokes) in [
        (json!({"key": key, "type": 0}), Some("FIRST")),
        (json!({"key": key, "type": "REVOKE"}), Some("FIRST")),
        (json!({"key": {"ID": "FIRST"}, "type": "0"}), Some("FIRST")),
        (
            json!({"key": "false_5548900000101@c.us_FIRST", "type": 0}),
            Some("FIRST"),
        ),
        (json!({"key": key}), Some("FIRST")),
        (json!({"key": {"remoteJid": "x"}, "type": 0}), Some("")),
        (json!({"key": {"id": {"a": 1}}, "type": 0}), Some("")),
        (
            json!({"key": key, "type": 3, "ephemeralExpiration": 0}),
            None,
        ),
        (
            json!({"key": key, "editedMessage": {"conversation": "oi"}}),
            None,
        ),
        (json!({"type": 0}), None),
    ] {
        let content = json!({"protocolMessage": protocol});
        assert_eq!(find(&content).revokes.as_deref(), revokes, "{content}");
    }
}
