//! Deliveries at the address of another gateway than theirs.

use midiateca_service::gateway::Gateway;
use midiateca_service::ops::replay::Replayed;
use serde_json::json;

use super::{Stage, cases};

fn is_of_meta(gateway: Gateway) -> bool {
    matches!(gateway, Gateway::Meta | Gateway::Dialog360)
}

/// Every case at the address of every gateway but its own. Meta's partners look like Meta.
#[tokio::test]
async fn a_delivery_at_the_address_of_another_gateway_is_set_aside() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let cases = cases();
    let mut hooks = Vec::new();
    for gateway in Gateway::ALL {
        hooks.push((gateway, stage.add(gateway.as_str(), gateway, None).await));
    }
    stage.test.wait_for_directory().await;
    for case in &cases {
        for (gateway, hook) in &hooks {
            if *gateway == case.gateway || is_of_meta(*gateway) && is_of_meta(case.gateway) {
                continue;
            }
            let path = format!("/hooks/{}/{hook}", gateway.as_str());
            let (status, answer) = stage.post(&path, case).await;
            let given = (status, &answer["status"], &answer["reason"]);
            let wanted = (200, &json!("set_aside"), &json!("other_gateway"));
            assert_eq!(
                given,
                wanted,
                "{} at {}: {answer}",
                case.name,
                gateway.as_str()
            );
            let shape = answer["gateway"].as_str().and_then(Gateway::parse).unwrap();
            let is_right = shape == case.gateway || is_of_meta(shape) && is_of_meta(case.gateway);
            assert!(is_right, "{} at {}: {answer}", case.name, gateway.as_str());
        }
    }
}

/// Nothing is lost: with the right gateway, every delivery that was set aside is read.
#[tokio::test]
async fn every_delivery_that_was_set_aside_is_read_at_the_right_gateway() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    for gateway in Gateway::ALL {
        let cases: Vec<_> = cases()
            .into_iter()
            .filter(|case| case.gateway == gateway && case.expected["family"] == "media")
            .collect();
        let wrong = match gateway {
            Gateway::Wapi => continue,
            Gateway::Evolution => Gateway::Waha,
            _ => Gateway::Evolution,
        };
        let id = gateway.as_str();
        let hook = stage.instance(id, wrong, None).await;
        for case in &cases {
            let path = format!("/hooks/{}/{hook}", wrong.as_str());
            let (_, answer) = stage.post(&path, case).await;
            assert_eq!(answer["status"], "set_aside", "{} {answer}", case.name);
        }
        // As long as the gateway is the wrong one, they stay what they are.
        let replayed = stage.replay(id).await;
        assert!(
            replayed.iter().all(|one| *one == Replayed::Unreadable),
            "{id}"
        );
        stage.instance(id, gateway, None).await;
        let replayed = stage.replay(id).await;
        let completes = |case: &&super::Case| case.expected["also"]["completes"].is_string();
        let late = cases.iter().filter(completes).count();
        let read = replayed.iter().filter(|one| **one == Replayed::Read);
        assert_eq!(read.count(), cases.len() - late, "{id}: {replayed:?}");
    }
}
