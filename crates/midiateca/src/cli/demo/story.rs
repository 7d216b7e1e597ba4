//! The deliveries of the demo, the documented one first.

use std::time::Duration;

use serde_json::json;
use wa_media::MediaKind;
use wa_sim::{Fault, Gateway, SimMedia};

use super::day::{Day, EVOLUTION, FIRST, SECOND, ZAPI};
use crate::cli::words::demo as texts;

pub(super) async fn run(day: &mut Day) -> anyhow::Result<()> {
    let documented = day.world.add(SimMedia::documented()).body;
    day.post(FIRST, texts::DOCUMENTED, &documented).await?;
    let samples = [
        (texts::PHOTO, FIRST, MediaKind::Image),
        (texts::VIDEO, FIRST, MediaKind::Video),
        (texts::DOCUMENT, SECOND, MediaKind::Document),
        (texts::STICKER, SECOND, MediaKind::Sticker),
        (texts::VOICE_NOTE, SECOND, MediaKind::Audio),
    ];
    for (n, (what, instance, kind)) in samples.into_iter().enumerate() {
        let body = day.world.add(sample(n, instance, kind)).body;
        day.post(instance, what, &body).await?;
    }
    let voice_note = sample(9, EVOLUTION, MediaKind::Audio);
    let voice_note = day.world.add_as(Gateway::Evolution, voice_note).body;
    day.post(EVOLUTION, texts::BY_EVOLUTION, &voice_note)
        .await?;
    let photo = SimMedia {
        with_link: true,
        ..sample(10, ZAPI, MediaKind::Image)
    };
    let photo = day.world.add_as(Gateway::Zapi, photo).body;
    day.post(ZAPI, texts::BY_ZAPI, &photo).await?;
    day.post(FIRST, texts::AGAIN, &documented).await?;
    let flaky = SimMedia {
        cdn_fault: Fault::FileStatus(404),
        fault: Fault::FailTimes {
            times: 2,
            fault: Box::new(Fault::ApiErrorObject),
        },
        ..sample(5, FIRST, MediaKind::Image)
    };
    let flaky = day.world.add(flaky).body;
    day.post(FIRST, texts::FLAKY, &flaky).await?;
    let evil = SimMedia {
        cdn_fault: Fault::FileStatus(404),
        fault: Fault::LinkTo("http://169.254.169.254/latest/meta-data/".to_owned()),
        ..sample(6, SECOND, MediaKind::Document)
    };
    let evil = day.world.add(evil).body;
    day.post(SECOND, texts::EVIL, &evil).await?;
    let mut broken = day.world.add(sample(8, SECOND, MediaKind::Image)).body;
    broken["msgContent"]["imageMessage"]["fileSha256"] = json!(vec![7; 32]);
    day.post(SECOND, texts::BROKEN, &broken).await?;
    let text = json!({"event": "webhookReceived", "instanceId": FIRST, "messageId": id(7), "msgContent": {"conversation": "bom dia"}});
    day.post(FIRST, texts::TEXT, &text).await?;
    let connected = json!({"event": "webhookConnected", "instanceId": FIRST, "connected": true});
    day.post(FIRST, texts::CONNECTED, &connected).await
}

/// The demo's gateway keeps every file that it announced, so it stops at some time.
const MOST: usize = 1_000;

/// Media that arrive while a person looks around, one at a time. Ends only by an error.
pub(super) async fn go_on(day: &Day, every: Duration) -> anyhow::Result<()> {
    let count = if every.is_zero() { 0 } else { MOST };
    for n in 0..count {
        tokio::time::sleep(every).await;
        let instance = [FIRST, SECOND][n % 2];
        let media = SimMedia::in_turn(instance, &format!("3EB0D1A5{n:012X}"), n);
        let body = day.world.add(media).body;
        day.send(instance, &body).await?;
    }
    std::future::pending().await
}

fn sample(n: usize, instance: &str, kind: MediaKind) -> SimMedia {
    SimMedia::sample(instance, &id(n), kind)
}

fn id(n: usize) -> String {
    format!("3EB0A1C4D0F7B2E69A1{n}")
}
