//! What happens on the day.

use serde_json::json;
use wa_media::MediaKind;
use wa_sim::{Fault, SimMedia};

use super::day::{Day, FIRST, SECOND};
use crate::cli::words::demo as words;

/// All deliveries of the day, the documented one first.
pub(super) async fn tell(day: &Day) -> anyhow::Result<()> {
    let documented = day.world.add(SimMedia::documented()).body;
    day.post(words::DOCUMENTED, &documented).await?;
    for (what, instance, id, kind) in [
        (
            words::PHOTO,
            FIRST,
            "3EB0A1C4D0F7B2E69A10",
            MediaKind::Image,
        ),
        (
            words::VIDEO,
            FIRST,
            "3EB0A1C4D0F7B2E69A11",
            MediaKind::Video,
        ),
        (
            words::DOCUMENT,
            SECOND,
            "3EB0A1C4D0F7B2E69A12",
            MediaKind::Document,
        ),
        (
            words::STICKER,
            SECOND,
            "3EB0A1C4D0F7B2E69A13",
            MediaKind::Sticker,
        ),
        (
            words::VOICE_NOTE,
            SECOND,
            "3EB0A1C4D0F7B2E69A14",
            MediaKind::Audio,
        ),
    ] {
        let delivery = day.world.add(SimMedia::sample(instance, id, kind));
        day.post(what, &delivery.body).await?;
    }
    day.post(words::AGAIN, &documented).await?;
    let flaky = SimMedia {
        cdn_fault: Fault::FileStatus(404),
        fault: Fault::FailTimes {
            times: 2,
            fault: Box::new(Fault::ApiErrorObject),
        },
        ..SimMedia::sample(FIRST, "3EB0A1C4D0F7B2E69A15", MediaKind::Image)
    };
    day.post(words::FLAKY, &day.world.add(flaky).body).await?;
    let evil = SimMedia {
        cdn_fault: Fault::FileStatus(404),
        fault: Fault::LinkTo("http://169.254.169.254/latest/meta-data/".to_owned()),
        ..SimMedia::sample(SECOND, "3EB0A1C4D0F7B2E69A16", MediaKind::Document)
    };
    day.post(words::EVIL, &day.world.add(evil).body).await?;
    let broken = SimMedia::sample(SECOND, "3EB0A1C4D0F7B2E69A18", MediaKind::Image);
    let mut broken = day.world.add(broken).body;
    broken["msgContent"]["imageMessage"]["fileSha256"] = json!(vec![7; 32]);
    day.post(words::BROKEN, &broken).await?;
    let text = json!({"event": "webhookReceived", "instanceId": FIRST, "messageId": "3EB0A1C4D0F7B2E69A17", "msgContent": {"conversation": "bom dia"}});
    day.post(words::TEXT, &text).await?;
    let connected = json!({"event": "webhookConnected", "instanceId": FIRST, "connected": true});
    day.post(words::CONNECTED, &connected).await
}
