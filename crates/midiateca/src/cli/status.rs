//! `status`: one screen.

use crate::cli::sheet::Sheet;
use crate::cli::zone::{local, or_dash};
use crate::cli::{Context, Ending, Language, answer, plain, words::status as texts};
use midiateca_service::app::AllowedStorage;
use midiateca_service::model::MediaStatus;
use midiateca_service::ops::probe::{ServerState, ServerStatus};
use midiateca_service::ops::status::{self, DiskStatus, InstanceStatus, QueueStatus, StatusReport};

pub(crate) async fn run(context: &Context) -> anyhow::Result<Ending> {
    let app = context.open_to_look(AllowedStorage::Unused).await?;
    let report = status::run(app.status_deps()).await?;
    let (document, screen) = (serde_json::json!(report), screen(&report, context.lang));
    answer::report_with_needs(document, screen, &report.needs_attention, context.lang);
    Ok(Ending::Fine)
}

fn screen(report: &StatusReport, lang: Language) -> Sheet {
    let mut sheet = Sheet::new(lang);
    sheet.line(texts::DATA, report.data.display());
    sheet.line(texts::SERVER, server(report.server, lang));
    sheet.line(texts::DISK, disk(&report.disk, lang));
    sheet.line(texts::DOWNLOADS, downloads(&report.disk, lang));
    sheet.line(texts::QUEUE, queue(&report.queue, lang));
    sheet.line(texts::OLDEST_WAITING, or_dash(report.queue.oldest_waiting));
    sheet.line(texts::NEXT_DEADLINE, or_dash(report.queue.next_deadline));
    for instance in &report.instances {
        sheet.line(texts::LAST_WEBHOOK, last_webhook(instance, lang));
    }
    for instance in report.instances.iter().filter(|it| it.undelivered > 0) {
        let (id, count) = (plain(&instance.id), instance.undelivered);
        sheet.line(
            texts::NEVER_MADE,
            fill!(lang, texts::NEVER_MADE_BY, count, instance = id),
        );
    }
    if report.instances.is_empty() {
        sheet.said(texts::LAST_WEBHOOK, texts::NO_INSTANCE);
    }
    sheet
}

fn server(server: ServerStatus, lang: Language) -> String {
    let words = match (server.state, server.address) {
        (ServerState::Running, Some(address)) => {
            return fill!(lang, texts::RUNNING_ON, address);
        }
        (ServerState::Running, None) => texts::RUNNING,
        (ServerState::Stopped, _) => texts::STOPPED,
        (ServerState::NotAnswering, _) => texts::NOT_ANSWERING,
        (ServerState::NotReady, _) => texts::NOT_READY,
        (ServerState::Unknown, _) => texts::UNKNOWN,
    };
    lang.say(words).to_owned()
}

fn disk(disk: &DiskStatus, lang: Language) -> String {
    let stored = lang.bytes(disk.stored_bytes.unsigned_abs());
    match disk.free_bytes.map(|free| lang.bytes(free)) {
        Some(free) => fill!(lang, texts::FREE, free, stored),
        None => fill!(lang, texts::FREE_UNKNOWN, stored),
    }
}

fn downloads(disk: &DiskStatus, lang: Language) -> String {
    let resume = lang.bytes(disk.resume_above_bytes);
    if disk.downloads_paused {
        fill!(lang, texts::PAUSED, resume)
    } else {
        lang.say(texts::NOT_PAUSED).to_owned()
    }
}

fn queue(queue: &QueueStatus, lang: Language) -> String {
    use MediaStatus::{Downloading, Expired, Failed, Pending};
    let counts = [Pending, Downloading, Failed, Expired].map(|status| queue.count(status));
    fill!(
        lang,
        texts::QUEUED,
        pending = counts[0],
        downloading = counts[1],
        failed = counts[2],
        expired = counts[3]
    )
}

fn last_webhook(instance: &InstanceStatus, lang: Language) -> String {
    let time = instance.last_delivery_at.map(local);
    let time = time.unwrap_or_else(|| lang.say(texts::NEVER).to_owned());
    fill!(
        lang,
        texts::OF_INSTANCE,
        time,
        instance = plain(&instance.id),
        client = instance.client,
        state = lang.name(instance.state.as_str())
    )
}
