//! The scenario that is walked, and one run of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use wa_media::MediaKind;
use wa_sim::{Content, Sim, SimMedia};

use super::step::{self, Failure, Place, Step};
use crate::database::Database;
use crate::law::{self, Facts, Row};
use crate::machine::{Machine, Steps, Tools};
use crate::plan::{INSTANCES, Message, Plan};
use crate::power;
use crate::program::Program;
use crate::run::{self, Setup};
use crate::shim;

/// How long the server may take for one delivery and its media.
const PATIENCE: Duration = Duration::from_secs(60);
/// After this long a media is retried, as an operator would.
const UNTIL_RETRY: Duration = Duration::from_millis(700);
const CAPTION: &str = "agora sim";
const EDITED: &str = "WALK-CDN";

/// When the gateway takes a delivery as acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    Answered,
    /// Already when it is sent, which is wrong.
    Sent,
}

/// Where a run fails, and how.
#[derive(Clone, Debug)]
pub struct Case {
    pub place: Place,
    pub failure: Failure,
    pub acknowledged: Acknowledged,
}

/// One call of a webhook.
struct Delivery {
    hook: usize,
    message: String,
    body: String,
}

/// What the gateway has seen so far.
#[derive(Debug, Default)]
struct Progress {
    /// Deliveries that it is done with.
    sent: usize,
    acknowledged: BTreeMap<String, BTreeSet<String>>,
    is_edited: bool,
    wrong: Vec<String>,
}

/// The messages, the calls, and a data folder with their instances. The simulated gateway goes on.
pub struct Scenario {
    plan: Plan,
    deliveries: Vec<Delivery>,
    hooks: [String; 2],
    template: TempDir,
    library: PathBuf,
    tools: Tools,
    _sim: Sim,
}

impl Scenario {
    pub async fn new(tools: &Tools) -> anyhow::Result<Self> {
        let template = tempfile::Builder::new().prefix("torture-").tempdir()?;
        let library = shim::recorder(template.path())?;
        let plan = plan();
        let sim = Sim::start().await?;
        let machine = Arc::new(Machine::unmounted(tools)?);
        let program = Program::new(Arc::clone(&machine))?;
        Setup::configure(&machine)?;
        let setup = Setup::new(&plan, &program, &sim, |_| {}).await?;
        // The first start makes what the following ones find.
        let supervisor = run::start(&program).await?;
        run::stop(&program, supervisor).await?;
        copy(&machine.data(), template.path())?;
        Ok(Self {
            deliveries: deliveries(&plan, &setup.bodies),
            plan,
            hooks: setup.hooks,
            template,
            library,
            tools: tools.clone(),
            _sim: sim,
        })
    }

    /// Runs it without a failure; returns its steps, and what is wrong.
    pub async fn count(&self) -> anyhow::Result<(Vec<Step>, Vec<String>)> {
        let nowhere = Case {
            place: Place::Number(0),
            failure: Failure::Dropped,
            acknowledged: Acknowledged::Answered,
        };
        let machine = self.machine()?;
        let found = self.one(&nowhere, &machine).await?;
        let steps = steps_of(&machine)?;
        ensure!(!steps.is_empty(), "no step was counted");
        Ok((steps, found))
    }

    /// Runs a case; returns the step where it failed, if that was reached, and every breach of the law.
    pub async fn walk(
        &self,
        case: &Case,
        keep: &Path,
    ) -> anyhow::Result<(Option<Step>, Vec<String>)> {
        let machine = self.machine()?;
        let found = self.one(case, &machine).await;
        let found = found.unwrap_or_else(|error| vec![format!("{error:#}")]);
        let reached = case.place.find(steps_of(&machine)?);
        let (number, label) = match &reached {
            Some(step) => (step.number, step.label.as_str()),
            None => (0, "not reached"),
        };
        let place = format!("step {number} ({label}), {:?}", case.failure);
        if !found.is_empty() {
            machine.keep(&keep.join(format!("walk-{number}-{:?}", case.failure)))?;
        }
        let named = found.iter().map(|breach| format!("{place}: {breach}"));
        Ok((reached, named.collect()))
    }

    /// A machine with a copy of the data folder.
    fn machine(&self) -> anyhow::Result<Arc<Machine>> {
        let machine = Machine::new(&self.tools)?;
        copy(&self.template.path().join("data"), &machine.disk())?;
        Ok(Arc::new(machine))
    }

    async fn one(&self, case: &Case, machine: &Arc<Machine>) -> anyhow::Result<Vec<String>> {
        let mut progress = Progress::default();
        let mut found = self.until_failure(case, machine, &mut progress).await?;
        if case.failure.is_kill() {
            found.extend(self.breaches_at_rest(machine, &progress)?);
        }
        let program = Program::new(Arc::clone(machine))?;
        let (origin, plan) = (program.origin(), &self.plan);
        let rest = async {
            let is_over = || false;
            self.deliver(case, machine, &program, &origin, &mut progress, is_over)
                .await
        };
        let rows = run::recover(plan, machine, &program, rest).await?;
        found.extend(program.history().await.1);
        found.extend(self.breaches_at_end(machine, &progress, &rows)?);
        Ok(found)
    }

    /// The first server, until it is killed or has nothing more to do.
    async fn until_failure(
        &self,
        case: &Case,
        machine: &Arc<Machine>,
        progress: &mut Progress,
    ) -> anyhow::Result<Vec<String>> {
        let program = Program::new(Arc::clone(machine))?;
        let steps = machine.count_steps(&self.library);
        let supervisor = run::start(&program).await?;
        // It is not started again here.
        program.close();
        steps.order(&case.failure.order(case.place))?;
        let (origin, is_over) = (program.origin(), || supervisor.is_over());
        self.deliver(case, machine, &program, &origin, progress, is_over)
            .await?;
        let is_reached = !steps.end();
        if case.failure.is_kill() && is_reached {
            return run::killed(&program, supervisor).await;
        }
        if !supervisor.is_over() {
            run::stop(&program, supervisor).await?;
        }
        Ok(program.history().await.1)
    }

    /// Makes the calls that are not answered yet, each when the media of those before are stored. Ends early when the
    /// server is over.
    async fn deliver(
        &self,
        case: &Case,
        machine: &Machine,
        program: &Program,
        origin: &str,
        progress: &mut Progress,
        is_over: impl Fn() -> bool,
    ) -> anyhow::Result<()> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(8))
            .build()?;
        while let Some(delivery) = self.deliveries.get(progress.sent) {
            let url = format!("{origin}{}", self.hooks[delivery.hook]);
            let began = Instant::now();
            while !progress.call(delivery, &http, &url).await {
                if case.acknowledged == Acknowledged::Sent {
                    progress.acknowledge(delivery, &[]);
                    break;
                }
                ensure!(began.elapsed() < PATIENCE, "no answer with 200");
                tokio::time::sleep(Duration::from_millis(20)).await;
                if is_over() {
                    return Ok(());
                }
            }
            settle(machine, program, &is_over).await?;
            if is_over() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The remains of the killed server.
    fn breaches_at_rest(
        &self,
        machine: &Machine,
        progress: &Progress,
    ) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        let database = power::folder_breaches(&machine.data(), |_| false, &mut found)?;
        for (message, ids) in &progress.acknowledged {
            let has = |id: &String| database.messages.get(id) == Some(message);
            if !database.messages.values().any(|other| other == message) || !ids.iter().all(has) {
                found.push(format!("{message} was answered and is not on the disk"));
            }
        }
        found.extend(progress.lost_caption(&database));
        Ok(found)
    }

    fn breaches_at_end(
        &self,
        machine: &Machine,
        progress: &Progress,
        rows: &[Row],
    ) -> anyhow::Result<Vec<String>> {
        let database = Database::at_rest(&machine.data())?;
        let mut found = law::breaches(&Facts {
            messages: &self.plan.messages,
            acknowledged: &progress.acknowledged,
            rows,
            files: &run::files(&machine.storage())?,
            parts: &database.parts,
            texts: &run::texts(&machine.data())?,
        });
        found.extend(progress.wrong.iter().cloned());
        found.extend(run::left_staged(machine)?);
        found.extend(progress.lost_caption(&database));
        if progress.sent != self.deliveries.len() || !progress.is_edited {
            found.push(format!("{} deliveries were answered", progress.sent));
        }
        Ok(found)
    }
}

impl Progress {
    /// Whether the call is answered with 200.
    async fn call(&mut self, delivery: &Delivery, http: &reqwest::Client, url: &str) -> bool {
        let Ok(answer) = http.post(url).body(delivery.body.clone()).send().await else {
            return false;
        };
        let status = answer.status().as_u16();
        let Ok(body) = answer.bytes().await else {
            return false;
        };
        if status == 503 {
            return false;
        }
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        let Some(id) = document["media"][0]["id"]
            .as_str()
            .filter(|_| status == 200)
        else {
            self.wrong.push(format!("{}: {status}", delivery.message));
            self.sent += 1;
            return true;
        };
        self.acknowledge(delivery, &[id]);
        true
    }

    fn acknowledge(&mut self, delivery: &Delivery, ids: &[&str]) {
        self.sent += 1;
        self.is_edited |= delivery.body.contains(CAPTION);
        let known = self
            .acknowledged
            .entry(delivery.message.clone())
            .or_default();
        known.extend(ids.iter().map(|id| (*id).to_owned()));
    }

    fn lost_caption(&self, database: &Database) -> Option<String> {
        let caption = database.captions.get(EDITED).map(String::as_str);
        let is_lost = self.is_edited && caption != Some(CAPTION);
        is_lost.then(|| format!("{EDITED} has the caption {caption:?}"))
    }
}

/// Waits until nothing waits in the database.
async fn settle(
    machine: &Machine,
    program: &Program,
    is_over: &impl Fn() -> bool,
) -> anyhow::Result<()> {
    let (began, mut tried) = (Instant::now(), Instant::now());
    while !is_over() && began.elapsed() < PATIENCE {
        let is_settled = Database::in_use(&machine.data())
            .is_ok_and(|database| database.stored.len() == database.messages.len());
        if is_settled {
            break;
        }
        if tried.elapsed() > UNTIL_RETRY {
            let words = ["retry", "--failed", "--waiting", "--json"];
            program.run(&words).await?;
            tried = Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

fn plan() -> Plan {
    let message = |instance: usize, id: &str, kind| SimMedia::sample(INSTANCES[instance], id, kind);
    let generated = |seed, size_bytes| Content::Generated { seed, size_bytes };
    let media = [
        message(0, EDITED, MediaKind::Image),
        message(1, "WALK-LINK", MediaKind::Document),
        SimMedia {
            content: generated(1, (1 << 20) + 70_000),
            ..message(0, "WALK-LARGE", MediaKind::Video)
        },
        SimMedia {
            content: generated(2, 40_000),
            with_bytes: true,
            ..message(0, "WALK-BYTES", MediaKind::Audio)
        },
    ];
    let messages = media.map(|media| Message {
        media,
        must_be_stored: true,
        media_count: 1,
    });
    Plan {
        gateways: [wa_sim::Gateway::Wapi; 2],
        routes: ["inline,cdn,gateway", "gateway"],
        messages: messages.into(),
        posts: Vec::new(),
        acts: Vec::new(),
    }
}

/// Each message, the first one again, and an edit of its caption.
fn deliveries(plan: &Plan, bodies: &[Value]) -> Vec<Delivery> {
    let delivery = |message: &Message, body: &Value| Delivery {
        hook: usize::from(message.media.instance == INSTANCES[1]),
        message: message.media.message_id.clone(),
        body: body.to_string(),
    };
    let mut deliveries: Vec<_> = plan
        .messages
        .iter()
        .zip(bodies)
        .map(|(message, body)| delivery(message, body))
        .collect();
    let (first, mut edit) = (&plan.messages[0], bodies[0].clone());
    deliveries.push(delivery(first, &bodies[0]));
    let mut leaf = edit["msgContent"]["imageMessage"].take();
    leaf["caption"] = json!(CAPTION);
    edit["messageId"] = json!("WALK-EDIT");
    edit["msgContent"] = json!({
        "protocolMessage": {"key": {"id": EDITED}, "editedMessage": {"imageMessage": leaf}},
    });
    deliveries.push(delivery(first, &edit));
    deliveries
}

fn steps_of(machine: &Machine) -> anyhow::Result<Vec<Step>> {
    let trace = std::fs::read_to_string(Steps::trace_of(machine));
    step::read(&trace.context("the steps")?)
}

fn copy(folder: &Path, into: &Path) -> anyhow::Result<()> {
    let status = Command::new("cp").arg("-a").args([folder, into]).status()?;
    ensure!(status.success(), "cannot copy {}", folder.display());
    Ok(())
}
