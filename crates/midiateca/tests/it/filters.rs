//! Which media or deliveries a command means: what was mistyped is refused, and nothing that was said is passed over.

use std::path::Path;

use crate::commands::{midiateca, stderr, stdout};
use crate::scrub::{holding, run};
use crate::stage::FIRST;

async fn refused(data: &Path, command: &[&str]) -> String {
    let output = midiateca(data, command).await;
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
    said
}

#[tokio::test]
async fn a_mistyped_client_or_instance_is_no_clean_bill() {
    let (folder, _) = holding(&[500]).await;
    let data = folder.path();
    for command in [
        &["scrub", "--instance", "NOPE"][..],
        &["retry", "--failed", "--instance", "NOPE"],
        &["media", "list", "--instance", "NOPE"],
        &["deliveries", "list", "--instance", "NOPE"],
        &["deliveries", "replay", "--instance", "NOPE"],
    ] {
        assert!(refused(data, command).await.contains("NOPE"), "{command:?}");
    }
    for command in [
        &["retry", "--failed", "--client", "99"][..],
        &["media", "list", "--client", "99"],
    ] {
        assert!(refused(data, command).await.contains("99"), "{command:?}");
    }
    for command in [
        &["scrub", "--instance", FIRST][..],
        &["media", "list", "--client", "2"],
    ] {
        assert_eq!(midiateca(data, command).await.status.code(), Some(0));
    }
}

#[tokio::test]
async fn ids_and_filters_are_not_said_together() {
    let (folder, files) = holding(&[500]).await;
    let (data, id) = (folder.path(), files[0].0.as_str());
    for more in [
        &["--instance", FIRST][..],
        &["--client", "2"],
        &["--kind", "image"],
        &["--since", "1h"],
        &["--reason", "cdn_gone"],
        &["--failed"],
    ] {
        refused(data, &[&["retry", id], more].concat()).await;
    }
    for more in [
        &["--instance", FIRST][..],
        &["--set-aside"],
        // Its former name.
        &["--quarantined"],
        &["--since", "1h"],
    ] {
        refused(data, &[&["deliveries", "replay", "some-id"], more].concat()).await;
    }
}

#[tokio::test]
async fn media_removed_by_retention_are_downloaded_again_only_by_name() {
    let (folder, files) = holding(&[500, 501, 502]).await;
    let data = folder.path();
    let [kept_out, removed, other] = [0, 1, 2].map(|n: usize| files[n].0.as_str());
    run(
        data,
        "update media set status = 'skipped', reason = 'group' where id = $1",
        kept_out,
    )
    .await;
    let sql =
        "update media set status = 'skipped', reason = 'retention', path = null where id = $1";
    run(data, sql, removed).await;
    run(data, sql, other).await;
    let retried = midiateca(data, &["retry", "--skipped"]).await;
    let said = stdout(&retried);
    assert!(
        said.contains(kept_out) && said.lines().count() == 1,
        "{said}"
    );
    let named = midiateca(data, &["retry", removed]).await;
    assert!(stdout(&named).contains("queued"), "{}", stdout(&named));
    let retried = midiateca(data, &["retry", "--skipped", "--reason", "retention"]).await;
    let said = stdout(&retried);
    assert!(said.contains(other) && said.lines().count() == 1, "{said}");
}

#[tokio::test]
async fn waiting_media_are_tried_at_once_on_request() {
    let (folder, files) = holding(&[500, 501]).await;
    let data = folder.path();
    let (waiting, stored) = (files[0].0.as_str(), files[1].0.as_str());
    let sql = "update media set status = 'pending', reason = 'token_unreadable', next_attempt_at = 9000000000000 where id = $1";
    run(data, sql, waiting).await;
    let by_reason = ["retry", "--waiting", "--reason", "token_unreadable"];
    let dry = midiateca(data, &[&by_reason[..], &["--dry-run"]].concat()).await;
    assert!(stdout(&dry).contains("would be queued"), "{}", stdout(&dry));
    let retried = midiateca(data, &by_reason).await;
    let said = stdout(&retried);
    assert!(said.contains(waiting) && !said.contains(stored), "{said}");
    let shown = midiateca(data, &["--json", "media", "show", waiting]).await;
    let shown: serde_json::Value = serde_json::from_str(stdout(&shown).trim()).unwrap();
    assert_eq!(shown["next_attempt_at"], serde_json::Value::Null);
}
