//! One seed from the first start to the verdict.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use wa_sim::Sim;

use crate::acts;
use crate::database::Database;
use crate::events::{self, Endpoint};
use crate::gateway::{self, Acknowledge, Answers};
use crate::law::{self, Facts, File, Files, Row, Texts};
use crate::machine::{Machine, Tools};
use crate::plan::{IMPORTED, INSTANCES, Message, Plan};
use crate::program::Program;
use crate::report::Report;

/// How long the program may take to store what can be stored, after all faults are lifted.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long it may take to remove a text that is not needed.
const PATIENCE_WITH_TEXTS: Duration = Duration::from_secs(10);

/// Settings that make the waits of a failure short. A small disk needs small watermarks.
const SETTINGS: &str = r#"
[worker]
lease = "2s"
drain = "2s"
[fetch]
connect_timeout = "500ms"
call_timeout = "1s"
idle_timeout = "1s"
retry_wait = "5ms"
# Where links of the simulated gateways lead.
allowed_hosts = ["127.0.0.1"]
[endpoints]
allowed_hosts = ["127.0.0.1"]
[database]
busy_timeout = "500ms"
[storage]
pause_below = "4MiB"
resume_above = "8MiB"
"#;

/// A world that is ready for its first webhook.
pub struct Setup {
    /// The webhooks' bodies, in the order of the plan's messages.
    pub bodies: Vec<Value>,
    /// The paths of the webhooks of the two instances.
    pub hooks: [String; 2],
}

impl Setup {
    /// Writes the settings, before the program runs for the first time.
    pub fn configure(machine: &Machine) -> anyhow::Result<()> {
        Ok(std::fs::write(
            machine.data().join("midiateca.toml"),
            SETTINGS,
        )?)
    }

    /// Adds clients and instances. `report` is called with each that the program reports as added.
    pub async fn new(
        plan: &Plan,
        program: &Program,
        sim: &Sim,
        report: impl Fn(&str),
    ) -> anyhow::Result<Self> {
        let add = |message: &Message| {
            let which = usize::from(message.media.instance == INSTANCES[1]);
            let world = sim.world();
            world
                .add_as(plan.gateways[which], message.media.clone())
                .body
        };
        Ok(Self {
            bodies: plan.messages.iter().map(add).collect(),
            hooks: add_instances(plan, program, sim, report).await?,
        })
    }

    async fn call(
        &self,
        plan: &Arc<Plan>,
        program: &Program,
        acknowledge: Acknowledge,
    ) -> anyhow::Result<Answers> {
        let (bodies, hooks) = (self.bodies.clone(), self.hooks.clone());
        gateway::call(
            Arc::clone(plan),
            bodies,
            program.origin(),
            hooks,
            acknowledge,
        )
        .await
    }
}

/// Runs a seed.
pub async fn run(seed: u64, tools: &Tools, keep: &Path, damage: bool) -> anyhow::Result<Report> {
    let began = Instant::now();
    let plan = Arc::new(Plan::new(seed));
    let machine = Arc::new(Machine::new(tools)?);
    let sim = Sim::start().await?;
    let program = Program::new(Arc::clone(&machine))?;
    Setup::configure(&machine)?;
    let setup = Setup::new(&plan, &program, &sim, |_| {}).await?;
    let endpoint = Endpoint::start().await?;
    let adding = ["endpoint", "add", &endpoint.url, "--json"];
    let (code, _) = program.run(&adding).await?;
    anyhow::ensure!(code == 0, "endpoint add ended with {code}");
    let supervisor = start(&program).await?;
    let (answers, broken) = tokio::join!(
        setup.call(&plan, &program, Arc::new(|_, _| {})),
        acts::perform(
            Arc::clone(&plan),
            Arc::clone(&machine),
            Arc::clone(&program),
            sim.world().clone()
        )
    );
    let (answers, mut breaches) = (answers?, broken?);
    settled(&plan, &program).await?;
    // What a stopped process left in the staging folder, the next one removes.
    sim.world().set_down(true);
    let ended = async {
        restart(&program).await?;
        swept(&machine).await?;
        stop(&program, supervisor).await
    };
    let ended = ended.await.err();
    breaches.extend(ended.map(|error| format!("{error:#}")));
    let rows = rows(&program).await?;
    let (starts, ends) = program.history().await;
    breaches.extend(ends);
    breaches.extend(answers.wrong.clone());
    breaches.extend(nothing(answers.accepted, &rows));
    if damage {
        let stored = rows.iter().find_map(|row| row.path.as_ref());
        std::fs::remove_file(machine.storage().join(stored.context("nothing is stored")?))?;
    }
    breaches.extend(check(&plan, &machine, &answers, &rows)?);
    let Database {
        events,
        notifications,
        ..
    } = Database::at_rest(&machine.data())?;
    let received = endpoint.received();
    breaches.extend(events::breaches(&events, &notifications, &received, &rows));
    if !breaches.is_empty() {
        machine.keep(&keep.join(seed.to_string()))?;
    }
    let stored = rows.iter().filter(|row| row.is_stored()).count();
    Ok(Report {
        seed,
        messages: plan.messages.len(),
        acts: plan.acts.len(),
        starts,
        accepted: answers.accepted,
        turned_away: answers.turned_away,
        stored,
        explained: rows.len() - stored,
        seconds: began.elapsed().as_secs_f64(),
        breaches,
    })
}

/// A law about nothing is not broken.
fn nothing(accepted: u64, rows: &[Row]) -> Option<String> {
    if accepted == 0 {
        Some("no message was accepted".to_owned())
    } else if !rows.iter().any(Row::is_stored) {
        Some("nothing is stored".to_owned())
    } else {
        None
    }
}

/// The task that starts the server again. It ends with its server when it is dropped: whatever fails, none is left behind.
pub struct Supervisor(tokio::task::JoinHandle<anyhow::Result<()>>);

impl Supervisor {
    #[expect(clippy::disallowed_methods, reason = "not the service's task")]
    fn spawn(program: &Arc<Program>) -> Self {
        Self(tokio::spawn(Arc::clone(program).supervise()))
    }

    /// Whether the server has ended and is not started again.
    pub fn is_over(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub async fn start(program: &Arc<Program>) -> anyhow::Result<Supervisor> {
    let supervisor = Supervisor::spawn(program);
    wait_until_ready(program).await?;
    Ok(supervisor)
}

/// Ends the server and waits until the next one is ready.
async fn restart(program: &Program) -> anyhow::Result<()> {
    let (before, _) = program.history().await;
    program.end(Signal::TERM, Duration::ZERO).await;
    let began = Instant::now();
    while program.history().await.0 == before {
        anyhow::ensure!(began.elapsed() < PATIENCE, "the server does not restart");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    wait_until_ready(program).await
}

pub async fn stop(program: &Program, mut supervisor: Supervisor) -> anyhow::Result<()> {
    program.close();
    program.end(Signal::TERM, Duration::ZERO).await;
    let ended = tokio::time::timeout(PATIENCE, &mut supervisor.0).await;
    ended.context("the server does not end")???;
    let status = program.last().await.context("no server ran")?;
    anyhow::ensure!(status.success(), "after SIGTERM the server ended: {status}");
    Ok(())
}

/// Waits for a server that kills itself; returns the ends that it must not have.
pub async fn killed(program: &Program, mut supervisor: Supervisor) -> anyhow::Result<Vec<String>> {
    use std::os::unix::process::ExitStatusExt as _;
    let ended = tokio::time::timeout(PATIENCE, &mut supervisor.0).await;
    ended.context("the server is not killed")???;
    let status = program.last().await.context("no server ran")?;
    if status.signal() == Some(Signal::KILL.as_raw()) {
        return Ok(Vec::new());
    }
    Ok(program.history().await.1)
}

/// Delivers everything to a server without faults, and stops it; returns the answers and the rows.
pub async fn deliver(
    setup: &Setup,
    plan: &Arc<Plan>,
    program: &Arc<Program>,
    acknowledge: Acknowledge,
) -> anyhow::Result<(Answers, Vec<Row>)> {
    let supervisor = start(program).await?;
    let answers = setup.call(plan, program, acknowledge).await?;
    settled(plan, program).await?;
    stop(program, supervisor).await?;
    Ok((answers, rows(program).await?))
}

/// Starts a server on what there is, waits until it has stored what it knows, does `work`, waits again, and stops the
/// server; returns the rows.
pub async fn recover(
    plan: &Plan,
    machine: &Machine,
    program: &Arc<Program>,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Vec<Row>> {
    let supervisor = start(program).await?;
    settled(plan, program).await?;
    work.await?;
    settled(plan, program).await?;
    swept(machine).await?;
    stop(program, supervisor).await?;
    rows(program).await
}

/// Adds clients and instances; returns the paths of their webhooks.
async fn add_instances(
    plan: &Plan,
    program: &Program,
    sim: &Sim,
    report: impl Fn(&str),
) -> anyhow::Result<[String; 2]> {
    let mut hooks = [String::new(), String::new()];
    let instances = INSTANCES.into_iter().chain([IMPORTED]);
    for (n, instance) in instances.enumerate() {
        sim.world().add_instance(instance, "gateway-token");
        let client = (n + 1).to_string();
        let gateway = plan
            .gateways
            .get(n)
            .copied()
            .unwrap_or(wa_sim::Gateway::Wapi);
        let added = program
            .run(&[
                "client",
                "add",
                &format!("Client {client}"),
                "--id",
                &client,
                "--json",
            ])
            .await?;
        anyhow::ensure!(added.0 == 0, "client add: {added:?}");
        report(&format!("client {client}"));
        let token = tempfile::NamedTempFile::new()?;
        std::fs::write(token.path(), "gateway-token")?;
        let (code, document) = program
            .run(&[
                "instance",
                "add",
                instance,
                "--client",
                &client,
                "--token-file",
                token.path().to_str().context("path")?,
                "--gateway",
                gateway.as_str(),
                "--api-base",
                &sim.api_base_of(gateway),
                "--cdn-base",
                &format!("{},{}", sim.origin(), sim.fallback_origin()),
                "--routes",
                plan.routes[n % INSTANCES.len()],
                "--offline",
                "--json",
            ])
            .await?;
        let address = ["address", "webhook"]
            .into_iter()
            .find_map(|field| document[field].as_str())
            .with_context(|| format!("instance add: {code} {document}"))?;
        let path = address.find("/hooks/").context("the webhook's path")?;
        if let Some(hook) = hooks.get_mut(n) {
            address[path..].clone_into(hook);
        }
        report(&format!("instance {instance}"));
    }
    Ok(hooks)
}

async fn wait_until_ready(program: &Program) -> anyhow::Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/readyz", program.origin());
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let answer = http.get(&url).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("the server does not become ready")
}

/// Waits until all that can be stored is stored, as an operator would: by retrying. Returns all rows.
async fn settled(plan: &Plan, program: &Program) -> anyhow::Result<Vec<Row>> {
    let must: BTreeMap<_, _> = plan
        .messages
        .iter()
        .map(|message| (message.media.message_id.as_str(), message.must_be_stored))
        .collect();
    let began = Instant::now();
    loop {
        let rows = rows(program).await?;
        let waits = |row: &&Row| {
            let must = must.get(row.message_id.as_str()).copied().unwrap_or(true);
            let is_over = row.is_stored() || row.is_erased();
            !is_over && (must || row.reason.is_none() || row.status == "downloading")
        };
        if !rows.iter().any(|row| waits(&row)) || began.elapsed() > PATIENCE {
            return Ok(rows);
        }
        // Not needed for what waits for an outage; what was tried in vain too often waits for hours otherwise.
        program
            .run(&["retry", "--failed", "--waiting", "--json"])
            .await?;
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

/// Waits until the server has removed the texts that a killed one left.
async fn swept(machine: &Machine) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let parts = Database::in_use(&machine.data())?.parts;
        let is_swept = law::unneeded_texts(&parts, &texts(&machine.data())?).is_empty();
        if is_swept || began.elapsed() > PATIENCE_WITH_TEXTS {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// All media.
pub async fn rows(program: &Program) -> anyhow::Result<Vec<Row>> {
    let (_, document) = program
        .run(&["media", "list", "--limit", "10000", "--json"])
        .await?;
    let items = match document {
        Value::Object(mut document) => document.remove("items").unwrap_or_default(),
        _ => bail!("media list printed no document"),
    };
    Ok(serde_json::from_value(items)?)
}

/// Checks what a seed left.
fn check(
    plan: &Plan,
    machine: &Machine,
    answers: &Answers,
    rows: &[Row],
) -> anyhow::Result<Vec<String>> {
    let files = files(&machine.storage())?;
    let mut breaches = law::breaches(&Facts {
        messages: &plan.messages,
        acknowledged: &answers.acknowledged,
        rows,
        files: &files,
        parts: &Database::at_rest(&machine.data())?.parts,
        texts: &texts(&machine.data())?,
    });
    breaches.extend(left_staged(machine)?);
    Ok(breaches)
}

/// Files that a stopped server left in the staging folder.
pub fn left_staged(machine: &Machine) -> anyhow::Result<Vec<String>> {
    let staging = machine.storage().join(".staging");
    let entries = std::fs::read_dir(staging).into_iter().flatten();
    entries
        .map(|entry| Ok(format!("{} was left behind", entry?.path().display())))
        .collect()
}

/// All files with long texts of deliveries in a data folder.
pub fn texts(data: &Path) -> anyhow::Result<Texts> {
    let mut texts = Texts::new();
    for entry in std::fs::read_dir(data.join("bodies")).into_iter().flatten() {
        let entry = entry?;
        match std::fs::read(entry.path()) {
            // Removed or renamed since.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            read => drop(texts.insert(entry.file_name().to_string_lossy().into_owned(), read?)),
        }
    }
    Ok(texts)
}

/// All files of a storage.
pub fn files(storage: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    if storage.exists() {
        walk(storage, &mut files)?;
    }
    Ok(files)
}

/// Hashes every file that is not the program's own (those begin with a dot).
fn walk(root: &Path, files: &mut Files) -> anyhow::Result<()> {
    walk_all(root, Path::new(""), files)?;
    files.retain(|path, _| !path.starts_with('.'));
    Ok(())
}

/// Hashes every file.
pub fn walk_all(root: &Path, below: &Path, files: &mut Files) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path: PathBuf = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            walk_all(root, &path, files)?;
            continue;
        }
        let bytes = std::fs::read(entry.path())?;
        let file = File {
            size: bytes.len() as u64,
            sha256: law::hex(&Sha256::digest(&bytes)),
        };
        files.insert(path.to_string_lossy().into_owned(), file);
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
