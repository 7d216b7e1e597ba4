//! `instance show`: everything that is known of one instance, and what its gateway's webhook slots hold now.

mod sheet;
mod slots;

use serde_json::json;

use super::super::answer;
use super::super::context::Context;
use super::view;
use crate::cli::ids;
use midiateca_service::app::App;
use midiateca_service::clock::{Millis, SECOND, rfc3339};
use midiateca_service::db;
use midiateca_service::deliveries::rhythm::{self, DeliveryRhythm};
use midiateca_service::instances::{self, Instance};
use midiateca_service::media::counts::{self, Backlog, InstanceCount};
use midiateca_service::ops::status::RefusedDeliveries;
use slots::Slots;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Its id, or a unique prefix of it
    id: String,
    /// Ask nothing of the network
    #[arg(long)]
    offline: bool,
}

/// What is known of one instance.
struct Known {
    instance: Instance,
    client_name: Option<String>,
    rhythm: Option<DeliveryRhythm>,
    media: Vec<InstanceCount>,
    waiting: Backlog,
    /// Deliveries of this instance, or at its address, that were refused.
    refused: Vec<RefusedDeliveries>,
    slots: Slots,
    now: Millis,
}

pub(super) async fn run(context: &Context, app: &App, options: &Options) -> anyhow::Result<()> {
    let instance = ids::instance(context, app, &options.id).await?;
    let slots = match options.offline {
        true => Slots::NotAsked,
        false => Slots::read(context.lang, app, &instance).await,
    };
    let known = Known::of(app, instance, slots).await?;
    if context.json {
        answer::line(known.as_json(context));
    } else {
        answer::text(sheet::of(context, &known));
    }
    Ok(())
}

impl Known {
    async fn of(app: &App, instance: Instance, slots: Slots) -> Result<Self, db::Error> {
        let clients = instances::every_client(&app.db).await?;
        let client = clients.into_iter().find(|one| one.id == instance.client);
        let rhythm = match instance.last_delivery_at {
            Some(last) => rhythm::rhythm(&app.db, &instance.id, last).await?,
            None => None,
        };
        let mut refused = instances::refusals(&app.db).await?;
        let id = Some(&instance.id);
        refused.retain(|(refusal, _)| {
            refusal.instance.as_ref() == id || refusal.address_of.as_ref() == id
        });
        Ok(Self {
            refused: refused.iter().map(RefusedDeliveries::new).collect(),
            client_name: client.map(|client| client.name),
            rhythm,
            media: counts::of_instance(&app.db, &instance.id).await?,
            waiting: counts::backlog(&app.db, &instance.id).await?,
            slots,
            now: app.clock.now(),
            instance,
        })
    }

    /// How long nothing came; nothing when nothing ever did.
    fn silence(&self) -> Option<Millis> {
        let last = self.instance.last_delivery_at?;
        Some((self.now - last).max(0))
    }

    /// Whether that is longer than usual; nothing when it cannot be told.
    fn is_silent(&self) -> Option<bool> {
        Some(self.rhythm?.is_broken_by(self.silence()?))
    }

    /// The keys of the list, and more.
    fn as_json(&self, context: &Context) -> serde_json::Value {
        let mut view = view(&self.instance);
        let problem = self.instance.problem.as_deref();
        let media = self.media.iter().map(|media| {
            json!({"kind": media.kind.as_str(), "status": media.status, "count": media.count, "size": media.size_bytes})
        });
        view["client_name"] = json!(self.client_name);
        view["state_at"] = json!(self.instance.state_at.map(rfc3339));
        view["connected_now"] = json!(self.slots.connected());
        view["problem_sentence"] = json!(problem.map(|problem| context.lang.reason(problem)));
        view["last_delivery_seconds_ago"] = json!(self.silence().map(|ms| ms / SECOND));
        view["usual_gap_seconds"] = json!(self.rhythm.map(|rhythm| rhythm.usual / SECOND));
        view["longest_usual_gap_seconds"] =
            json!(self.rhythm.map(|rhythm| rhythm.longest / SECOND));
        view["silent"] = json!(self.is_silent());
        view["media"] = media.collect();
        view["waiting"] = json!({
            "count": self.waiting.count,
            "oldest": self.waiting.oldest.map(rfc3339),
            "next_deadline": self.waiting.deadline.map(rfc3339),
        });
        view["refusals"] = json!(self.refused);
        view["slots"] = self.slots.as_json();
        view["slots_error"] = json!(self.slots.why_not(context.lang));
        view
    }
}
