//! Two clients with two instances each, at three gateways, and the sender of their webhooks.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;
use url::Url;
use wa_sim::{Sim, World};

use crate::cli::{Language, TextKey, words::demo as texts};
use midiateca_service::access::Actor;
use midiateca_service::app::{self, App};
use midiateca_service::db::Key;
use midiateca_service::gateway::Gateway;
use midiateca_service::instances::{self, NewInstance};
use midiateca_service::model::InstanceId;
use midiateca_service::net::CallResponse;
use midiateca_service::ops;
use midiateca_service::ops::instance::Access;
use midiateca_service::ops::test_delivery::sample_delivery;

/// The instance of the gateway's documentation, of client 2.
pub(super) const FIRST: &str = "3B6XIW-ZTS923-GEAY6V";
/// An invented one, of client 3.
pub(super) const SECOND: &str = "QK2MPA-7TTN4C-W0ZE1H";

/// Instances at other gateways.
pub(super) const EVOLUTION: &str = "aurora-recepcao";
pub(super) const ZAPI: &str = "3C9F6B21D4A8E7053C9F6B21D4A8E705";

/// The client and the gateway of each.
const INSTANCES: [(&str, i64, Gateway); 4] = [
    (FIRST, 2, Gateway::Wapi),
    (SECOND, 3, Gateway::Wapi),
    (EVOLUTION, 2, Gateway::Evolution),
    (ZAPI, 3, Gateway::Zapi),
];

/// The file in the demo's folder with the webhook address of the first instance.
const ADDRESS: &str = "webhook-address.txt";

pub(super) struct Day {
    app: Arc<App>,
    pub world: World,
    /// The webhook addresses of the instances.
    hooks: [String; INSTANCES.len()],
    /// How many media were recognised as known.
    pub duplicates: usize,
    lang: Language,
}

impl Day {
    /// Adds clients and instances as an operator would.
    pub async fn begin(app: &Arc<App>, sim: &Sim, lang: Language) -> anyhow::Result<Self> {
        let (now, world, actor) = (app.clock.now(), sim.world(), Actor::CommandLine(None));
        let adding = app.db.write(Key::Everything, async move |tx| {
            instances::add_client(tx, "Clínica Aurora", Some(2), now).await?;
            instances::add_client(tx, "Oficina do Bairro", Some(3), now).await
        });
        adding.await?;
        let mut hooks = std::array::from_fn(|_| String::new());
        for (hook, (id, client, gateway)) in hooks.iter_mut().zip(INSTANCES) {
            world.add_instance(id, "demo-token");
            let new = NewInstance {
                id: InstanceId(id.to_owned()),
                client,
                gateway,
                api_base: Some(sim.api_base_of(simulated(gateway))),
                cdn_base: Some(format!("{},{}", sim.origin(), sim.fallback_origin())),
                routes: None,
                token_sealed: None,
                secret_sealed: None,
                session: None,
                hook_hash: [0; 32],
            };
            let access = Access::check(gateway, Some("demo-token"), None)?;
            let deps = app.instance_deps();
            let added = ops::instance::add(deps, &actor, new, &access).await;
            let (_, token) = added.map_err(app::Error::from)?;
            let token = token.with_context(|| lang.say(texts::ALREADY_THERE))?;
            *hook = format!("/hooks/{}/{token}", gateway.as_str());
        }
        Ok(Self {
            app: Arc::clone(app),
            world: world.clone(),
            hooks,
            duplicates: 0,
            lang,
        })
    }

    /// Enters the webhook addresses at the gateway.
    pub fn open(&mut self, origin: &str) {
        for ((id, _, gateway), hook) in INSTANCES.into_iter().zip(&mut self.hooks) {
            *hook = format!("{origin}{hook}");
            for slot in gateway.slots() {
                self.world.set_slot(id, slot.field, hook);
            }
        }
    }

    /// Posts a delivery to the address of its instance.
    pub async fn send(&self, instance: &str, body: &Value) -> anyhow::Result<CallResponse> {
        let mut hooks = INSTANCES.iter().zip(&self.hooks);
        let hook = hooks.find(|((id, ..), _)| *id == instance);
        let url = Url::parse(hook.map_or("", |(_, hook)| hook))?;
        let answer = self.app.fetch.post(&url, body).await;
        answer.with_context(|| self.lang.say(texts::NO_ANSWER))
    }

    /// Posts a delivery, and shows the answer.
    pub async fn post(
        &mut self,
        instance: &str,
        what: TextKey,
        body: &Value,
    ) -> anyhow::Result<()> {
        let answer = self.send(instance, body).await?;
        let accepted: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let media = accepted["media"].as_array().into_iter().flatten();
        let known = media.filter(|media| media["duplicate"] == true).count();
        self.duplicates += known;
        let key = if known > 0 {
            texts::POSTED_TWICE
        } else {
            texts::POSTED
        };
        let status = self.lang.name(accepted["status"].as_str().unwrap_or(""));
        let what = self.lang.say(what);
        complain!(
            self.lang,
            key,
            what,
            status = answer.status,
            answer = status
        );
        Ok(())
    }

    /// Shows what can be tried while the demo runs.
    pub fn invite(&self, folder: &Path) -> anyhow::Result<()> {
        let (data, address) = (folder.display(), &self.hooks[0]);
        std::fs::write(folder.join(ADDRESS), format!("{address}\n"))
            .with_context(|| fill!(self.lang, texts::CANNOT_USE, path = data))?;
        eprintln!("\n{}", self.lang.say(texts::INVITATION));
        for command in ["check", "doctor", "monitor", "test-webhook --sample"] {
            eprintln!("  midiateca --data {data} {command}");
        }
        let body = sample_delivery(FIRST, "3EB0F5A1B2C3D4E5F607");
        eprintln!("  curl -d '{body}' {address}");
        Ok(())
    }
}

/// The gateway as the simulation names it.
fn simulated(gateway: Gateway) -> wa_sim::Gateway {
    let mut all = wa_sim::Gateway::ALL.into_iter();
    let found = all.find(|it| it.as_str() == gateway.as_str());
    found.unwrap_or(wa_sim::Gateway::Wapi)
}
