//! What happens on the day.

use serde_json::json;
use wa_media::MediaKind;
use wa_sim::{Fault, SimMedia};

use super::day::{Day, FIRST, SECOND};

/// All deliveries of the day, the documented one first.
pub(super) async fn tell(day: &Day) -> anyhow::Result<()> {
    let documented = day.world.add(SimMedia::documented()).body;
    day.post(
        "the documented voice note",
        "o áudio documentado",
        &documented,
    )
    .await?;
    for (english, portuguese, instance, id, kind) in [
        (
            "a photo",
            "uma foto",
            FIRST,
            "3EB0A1C4D0F7B2E69A10",
            MediaKind::Image,
        ),
        (
            "a video",
            "um vídeo",
            FIRST,
            "3EB0A1C4D0F7B2E69A11",
            MediaKind::Video,
        ),
        (
            "a document",
            "um documento",
            SECOND,
            "3EB0A1C4D0F7B2E69A12",
            MediaKind::Document,
        ),
        (
            "a sticker",
            "uma figurinha",
            SECOND,
            "3EB0A1C4D0F7B2E69A13",
            MediaKind::Sticker,
        ),
        (
            "a voice note",
            "um áudio",
            SECOND,
            "3EB0A1C4D0F7B2E69A14",
            MediaKind::Audio,
        ),
    ] {
        let delivery = day.world.add(SimMedia::sample(instance, id, kind));
        day.post(english, portuguese, &delivery.body).await?;
    }
    day.post(
        "the documented voice note once more",
        "o áudio documentado outra vez",
        &documented,
    )
    .await?;
    let flaky = SimMedia {
        cdn_fault: Fault::FileStatus(404),
        fault: Fault::FailTimes {
            times: 2,
            fault: Box::new(Fault::ApiErrorObject),
        },
        ..SimMedia::sample(FIRST, "3EB0A1C4D0F7B2E69A15", MediaKind::Image)
    };
    day.post(
        "a photo at which the gateway fails twice",
        "uma foto em que o gateway falha duas vezes",
        &day.world.add(flaky).body,
    )
    .await?;
    let evil = SimMedia {
        cdn_fault: Fault::FileStatus(404),
        fault: Fault::LinkTo("http://169.254.169.254/latest/meta-data/".to_owned()),
        ..SimMedia::sample(SECOND, "3EB0A1C4D0F7B2E69A16", MediaKind::Document)
    };
    day.post(
        "a document whose link points into the network",
        "um documento cujo link aponta para a rede interna",
        &day.world.add(evil).body,
    )
    .await?;
    let text = json!({"event": "webhookReceived", "instanceId": FIRST, "messageId": "3EB0A1C4D0F7B2E69A17", "msgContent": {"conversation": "bom dia"}});
    day.post("a message without media", "uma mensagem sem mídia", &text)
        .await?;
    let connected = json!({"event": "webhookConnected", "instanceId": FIRST, "connected": true});
    day.post(
        "the news that the number is connected",
        "a notícia de que o número está conectado",
        &connected,
    )
    .await
}
