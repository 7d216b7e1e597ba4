//! One seed from the first start to the verdict.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use wa_sim::Sim;

use crate::acts;
use crate::gateway::{self, Acknowledge, Answers};
use crate::law::{self, Facts, File, Files, Row};
use crate::machine::{Machine, Tools};
use crate::plan::{INSTANCES, Message, Plan};
use crate::program::Program;

/// How long the program may take to store what can be stored, after all faults are lifted.
const PATIENCE: Duration = Duration::from_secs(120);

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
[database]
busy_timeout = "500ms"
[storage]
pause_below = "4MiB"
resume_above = "8MiB"
"#;

/// What a seed came to.
#[derive(Debug)]
pub struct Report {
    seed: u64,
    messages: usize,
    acts: usize,
    starts: u32,
    accepted: u64,
    turned_away: u64,
    stored: usize,
    explained: usize,
    seconds: f64,
    breaches: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "seed {}: {} messages, {} acts, {} starts, {} answers 200, {} turned away, {} stored, {} explained, {:.1} s",
            self.seed,
            self.messages,
            self.acts,
            self.starts,
            self.accepted,
            self.turned_away,
            self.stored,
            self.explained,
            self.seconds
        )?;
        for breach in &self.breaches {
            write!(out, "\n  BROKEN: {breach}")?;
        }
        Ok(())
    }
}

/// Sums over seeds.
#[derive(Default)]
pub struct Totals {
    seeds: u64,
    messages: usize,
    acts: usize,
    starts: u64,
    accepted: u64,
    turned_away: u64,
    stored: usize,
    explained: usize,
    /// Seeds that broke the law.
    pub broken: u64,
}

impl Totals {
    pub fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.messages += report.messages;
        self.acts += report.acts;
        self.starts += u64::from(report.starts);
        self.accepted += report.accepted;
        self.turned_away += report.turned_away;
        self.stored += report.stored;
        self.explained += report.explained;
        self.broken += u64::from(!report.breaches.is_empty());
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} seeds: {} messages, {} acts, {} starts, {} answers 200, {} turned away, {} stored, {} explained; {} seeds broke the law",
            self.seeds,
            self.messages,
            self.acts,
            self.starts,
            self.accepted,
            self.turned_away,
            self.stored,
            self.explained,
            self.broken
        )
    }
}

/// A world that is ready for its first webhook.
pub struct Setup {
    /// The webhooks' bodies, in the order of the plan's messages.
    bodies: Vec<Value>,
    /// The paths of the webhooks of the two instances.
    hooks: [String; 2],
}

impl Setup {
    pub async fn new(
        plan: &Plan,
        program: &Program,
        machine: &Machine,
        sim: &Sim,
    ) -> anyhow::Result<Self> {
        let add = |message: &Message| sim.world().add(message.media.clone()).body;
        std::fs::write(machine.data().join("midiateca.toml"), SETTINGS)?;
        Ok(Self {
            bodies: plan.messages.iter().map(add).collect(),
            hooks: add_instances(plan, program, sim).await?,
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
    let setup = Setup::new(&plan, &program, &machine, &sim).await?;
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
    let rows = settled(&plan, &program).await?;
    // What a stopped process left in the staging folder, the next one removes.
    sim.world().set_down(true);
    program.end(Signal::TERM, Duration::ZERO).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    wait_until_ready(&program).await?;
    stop(&program, supervisor).await?;
    let (starts, ends) = program.history().await;
    breaches.extend(ends);
    breaches.extend(answers.wrong.clone());
    if damage {
        let stored = rows.iter().find_map(|row| row.path.as_ref());
        std::fs::remove_file(machine.storage().join(stored.context("nothing is stored")?))?;
    }
    breaches.extend(check(&plan, &machine, &answers, &rows)?);
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

type Supervisor = tokio::task::JoinHandle<anyhow::Result<()>>;

async fn start(program: &Arc<Program>) -> anyhow::Result<Supervisor> {
    #[expect(clippy::disallowed_methods, reason = "not the service's task")]
    let supervisor = tokio::spawn(Arc::clone(program).supervise());
    wait_until_ready(program).await?;
    Ok(supervisor)
}

async fn stop(program: &Program, supervisor: Supervisor) -> anyhow::Result<()> {
    program.close();
    program.end(Signal::TERM, Duration::ZERO).await;
    supervisor.await?
}

/// Delivers everything to a server without faults, and stops it; returns the rows.
pub async fn deliver(
    setup: &Setup,
    plan: &Arc<Plan>,
    program: &Arc<Program>,
    acknowledge: Acknowledge,
) -> anyhow::Result<Vec<Row>> {
    let supervisor = start(program).await?;
    setup.call(plan, program, acknowledge).await?;
    let rows = settled(plan, program).await?;
    stop(program, supervisor).await?;
    Ok(rows)
}

/// Starts a server on what there is, waits until it has stored what it knows, and stops it; returns the rows.
pub async fn recover(plan: &Plan, program: &Arc<Program>) -> anyhow::Result<Vec<Row>> {
    let supervisor = start(program).await?;
    let rows = settled(plan, program).await?;
    stop(program, supervisor).await?;
    Ok(rows)
}

/// Adds clients and instances; returns the paths of their webhooks.
async fn add_instances(plan: &Plan, program: &Program, sim: &Sim) -> anyhow::Result<[String; 2]> {
    let mut hooks = [String::new(), String::new()];
    for (n, instance) in INSTANCES.into_iter().enumerate() {
        sim.world().add_instance(instance, "gateway-token");
        let client = (n + 1).to_string();
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
                "--api-base",
                &sim.api_base(),
                "--cdn-base",
                &format!("{},{}", sim.origin(), sim.fallback_origin()),
                "--routes",
                plan.routes[n],
                "--offline",
                "--json",
            ])
            .await?;
        let address = ["address", "webhook"]
            .into_iter()
            .find_map(|field| document[field].as_str())
            .with_context(|| format!("instance add: {code} {document}"))?;
        let path = address.find("/hooks/").context("the webhook's path")?;
        hooks[n] = address[path..].to_owned();
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
            !row.is_stored() && (must || row.reason.is_none() || row.status == "downloading")
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

fn check(
    plan: &Plan,
    machine: &Machine,
    answers: &Answers,
    rows: &[Row],
) -> anyhow::Result<Vec<String>> {
    let files = files(machine)?;
    let mut breaches = law::breaches(&Facts {
        messages: &plan.messages,
        acknowledged: &answers.acknowledged,
        rows,
        files: &files,
    });
    let staging = machine.storage().join(".staging");
    for entry in std::fs::read_dir(staging).into_iter().flatten() {
        breaches.push(format!("{} was left behind", entry?.path().display()));
    }
    Ok(breaches)
}

/// All files of the storage.
pub fn files(machine: &Machine) -> anyhow::Result<Files> {
    let mut files = Files::new();
    if machine.storage().exists() {
        walk(&machine.storage(), Path::new(""), &mut files)?;
    }
    Ok(files)
}

/// Hashes every file that is not the program's own (those begin with a dot).
fn walk(root: &Path, below: &Path, files: &mut Files) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(root.join(below))? {
        let entry = entry?;
        if below.as_os_str().is_empty() && entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path: PathBuf = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            walk(root, &path, files)?;
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
