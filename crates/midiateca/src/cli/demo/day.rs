//! The day's stage: two clients, their numbers, and somebody who posts webhooks.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use serde_json::Value;
use url::Url;
use wa_sim::{Sim, World};

use crate::cli::language::Language;
use crate::cli::sample;
use crate::cli::words::{Words, demo as words};
use midiateca_service::app::App;
use midiateca_service::db::Key;
use midiateca_service::gateway::Gateway;
use midiateca_service::instances::{self, NewInstance};
use midiateca_service::model::InstanceId;

/// The documented number, of client 2.
pub(super) const FIRST: &str = "3B6XIW-ZTS923-GEAY6V";
/// An invented one, of client 3.
pub(super) const SECOND: &str = "QK2MPA-7TTN4C-W0ZE1H";

/// The file in the demo's folder that holds the first number's webhook address.
const ADDRESS: &str = "webhook-address.txt";

pub(super) struct Day {
    app: Arc<App>,
    pub world: World,
    address: SocketAddr,
    hooks: [String; 2],
    duplicates: AtomicU32,
    lang: Language,
}

/// The tokens of the two webhook addresses.
pub(super) struct Stage([String; 2]);

/// Sets up clients and instances as an operator would.
pub(super) async fn set(app: &App, sim: &Sim, lang: Language) -> anyhow::Result<Stage> {
    let now = app.clock.now();
    app.db
        .write(Key::Everything, async move |tx| {
            instances::add_client(tx, "Clínica Aurora", Some(2), now).await?;
            instances::add_client(tx, "Oficina do Bairro", Some(3), now).await
        })
        .await?;
    let mut hooks = [String::new(), String::new()];
    for (hook, (id, client)) in hooks.iter_mut().zip([(FIRST, 2), (SECOND, 3)]) {
        sim.world().add_instance(id, "demo-token");
        let new = NewInstance {
            id: InstanceId(id.to_owned()),
            client,
            gateway: Gateway::Wapi,
            api_base: Some(sim.api_base()),
            cdn_base: Some(format!("{},{}", sim.origin(), sim.fallback_origin())),
            routes: None,
            token_sealed: None,
            hook_hash: [0; 32],
        };
        let (_, fresh) = app.add_instance(new, Some("demo-token")).await?;
        *hook = fresh.with_context(|| lang.say(words::ALREADY_THERE))?;
    }
    Ok(Stage(hooks))
}

impl Day {
    /// The door is open.
    pub fn begin(
        app: &Arc<App>,
        sim: &Sim,
        stage: Stage,
        address: SocketAddr,
        lang: Language,
    ) -> Self {
        let day = Self {
            app: Arc::clone(app),
            world: sim.world().clone(),
            address,
            hooks: stage.0,
            duplicates: AtomicU32::new(0),
            lang,
        };
        // As the operator pasted it into the panel.
        for (n, id) in [FIRST, SECOND].into_iter().enumerate() {
            for slot in Gateway::Wapi.slots() {
                day.world.set_slot(id, slot.field, &day.hook_address(n));
            }
        }
        day
    }

    /// Posts one body to the door of the instance it names, and tells what was answered.
    pub async fn post(&self, what: Words, body: &Value) -> anyhow::Result<()> {
        let second = body["instanceId"] == SECOND;
        let url = self.hook_address(usize::from(second));
        let answer = self
            .app
            .fetch
            .call(Url::parse(&url)?, "", body)
            .await
            .with_context(|| self.lang.say(words::NO_ANSWER))?;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let media = told["media"].as_array().map_or(&[][..], Vec::as_slice);
        let repeated = media
            .iter()
            .filter(|media| media["duplicate"] == true)
            .count();
        self.duplicates.fetch_add(
            u32::try_from(repeated).unwrap_or(u32::MAX),
            Ordering::Relaxed,
        );
        let told_so = match repeated {
            0 => words::POSTED,
            _ => words::POSTED_TWICE,
        };
        let values: [(&str, &dyn Display); 3] = [
            ("what", &self.lang.say(what)),
            ("status", &answer.status),
            (
                "answer",
                &self.lang.name(told["status"].as_str().unwrap_or("")),
            ),
        ];
        eprintln!("{}", self.lang.fill(told_so, &values));
        Ok(())
    }

    /// How many media were recognised as known.
    pub fn duplicates(&self) -> u32 {
        self.duplicates.load(Ordering::Relaxed)
    }

    /// Says what a visitor can try while the stage stands.
    pub fn invite(&self, folder: &Path) -> anyhow::Result<()> {
        let data = folder.display();
        let address = self.hook_address(0);
        std::fs::write(folder.join(ADDRESS), format!("{address}\n"))
            .with_context(|| self.lang.say(words::CANNOT_USE))?;
        eprintln!("\n{}", self.lang.say(words::INVITATION));
        eprintln!(
            "  midiateca --data {data} check\n  midiateca --data {data} doctor\n  midiateca --data {data} monitor"
        );
        let body = sample::delivery(FIRST, "3EB0F5A1B2C3D4E5F607");
        eprintln!("  midiateca --data {data} test-webhook --sample\n  curl -d '{body}' {address}");
        Ok(())
    }

    fn hook_address(&self, n: usize) -> String {
        format!("http://{}/hooks/wapi/{}", self.address, self.hooks[n])
    }
}
