//! Power loss: the program's file operations are recorded, and the disks that a power failure could have left after any
//! of them are given to the program again.
//!
//! Each disk must show the order file, folder, row even before the program starts on it: a row that says `stored` has its
//! whole file. After a start on it, everything acknowledged by then is stored, and no file is without a row.

mod disk;
mod log;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use disk::{Base, History, Unsynced};
use log::Record;
use wa_sim::Sim;

use crate::law;
use crate::machine::{Machine, Tools};
use crate::plan::Plan;
use crate::program::Program;
use crate::run::{self, Setup};

/// Which power failures are tried.
#[derive(Clone, Copy, Debug)]
pub enum Cuts {
    /// So many at random.
    Random(u32),
    /// After every record, with everything unsynced there, with none of it, and with a part. What is there in full is also
    /// what a killed process leaves, so this walks all steps between a webhook and its answer, and between claim and
    /// settlement.
    All,
}

impl Cuts {
    fn of(self, records: usize, random: &mut fastrand::Rng) -> Vec<(usize, Unsynced)> {
        const ALL: [Unsynced; 3] = [Unsynced::Lost, Unsynced::Random, Unsynced::Kept];
        match self {
            Self::Random(count) => (0..count)
                .map(|_| (random.usize(1..=records), ALL[random.usize(..3)]))
                .collect(),
            Self::All => (1..=records)
                .flat_map(|cut| ALL.map(|unsynced| (cut, unsynced)))
                .collect(),
        }
    }
}

/// What came of it.
#[derive(Default)]
pub struct Tried {
    pub cuts: u64,
    pub breaches: Vec<String>,
}

/// Records one run of a seed's messages, and tries power failures in it. With `damage`, syncs of folders do not count, as
/// if the program made none.
pub async fn run(
    plan: Plan,
    seed: u64,
    cuts: Cuts,
    damage: bool,
    tools: &Tools,
    keep: &Path,
) -> anyhow::Result<Tried> {
    let plan = Arc::new(plan);
    let scratch = tempfile::tempdir()?;
    let library = compile(scratch.path())?;
    let log_file = scratch.path().join("records");
    std::fs::write(&log_file, "")?;
    let sim = Sim::start().await?;
    let machine = Arc::new(Machine::unmounted(tools)?);
    let program = Program::new(Arc::clone(&machine))?;
    let setup = Setup::new(&plan, &program, &machine, &sim).await?;
    let base = Base::read(&machine.data())?;
    machine.record(&library, &log_file);
    let log = log_file.clone();
    let acknowledge = move |message: &str, media: &str| {
        // A log that cannot be written is shorter, and the folder made from it another one.
        let _ = append(&log, message, media);
    };
    let rows = run::deliver(&setup, &plan, &program, Arc::new(acknowledge)).await?;

    let records = log::read(&std::fs::read(&log_file)?)?;
    let mut history = History::new(&base, &records);
    if damage {
        history.forget_folder_syncs();
    }
    let again = scratch.path().join("again");
    let mut random = fastrand::Rng::with_seed(seed);
    history.write(records.len(), Unsynced::Kept, &mut random, &again)?;
    compare(&machine.data(), &again)?;
    println!(
        "seed {seed}: {} records of {} media; the folder made from them is the same",
        records.len(),
        rows.len()
    );
    drop((program, machine));

    let mut tried = Tried::default();
    for (cut, unsynced) in cuts.of(records.len(), &mut random) {
        let machine = Arc::new(Machine::unmounted(tools)?);
        std::fs::remove_dir_all(machine.data())?;
        history.write(cut, unsynced, &mut random, &machine.data())?;
        let found = one(&plan, &records[..cut], Arc::clone(&machine)).await;
        let found = found.unwrap_or_else(|error| vec![format!("{error:#}")]);
        tried.cuts += 1;
        if !found.is_empty() {
            machine.keep(&keep.join(format!("power-{seed}-{cut}-{unsynced:?}")))?;
            let cut = format!("seed {seed}, after record {cut}, unsynced {unsynced:?}");
            let named = found.into_iter().map(|breach| format!("{cut}: {breach}"));
            tried.breaches.extend(named);
        }
    }
    Ok(tried)
}

/// Starts the program on a disk, and checks it before and after.
async fn one(
    plan: &Plan,
    records: &[Record],
    machine: Arc<Machine>,
) -> anyhow::Result<Vec<String>> {
    let program = Program::new(Arc::clone(&machine))?;
    let mut acknowledged: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for record in records {
        if let Record::Acknowledged { message, media } = record {
            let ids = acknowledged.entry(message.clone()).or_default();
            ids.insert(media.clone());
        }
    }
    let mut breaches = Vec::new();
    let rows = run::rows(&program).await?;
    let files = run::files(&machine)?;
    for row in rows.iter().filter(|row| row.is_stored()) {
        let file = row.path.as_ref().and_then(|path| files.get(path));
        if file.map(|file| &file.sha256) != row.sha256.as_ref() {
            breaches.push(format!("{} is stored before its file is", row.message_id));
        }
    }
    let rows = run::recover(plan, &program).await?;
    breaches.extend(program.history().await.1);
    let files = run::files(&machine)?;
    breaches.extend(law::breaches(&law::Facts {
        messages: &plan.messages,
        acknowledged: &acknowledged,
        rows: &rows,
        files: &files,
    }));
    Ok(breaches)
}

/// Appends to the log what was acknowledged: everything that the answer rests on comes before it.
fn append(log: &Path, message: &str, media: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().append(true).open(log)?;
    Ok(file.write_all(format!("A {message} {media}\n").as_bytes())?)
}

fn compile(folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    let library = folder.join("record.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/record.c"))
        .args(["-ldl", "-lpthread"])
        .status()
        .context("cc")?;
    if !compiled.success() {
        bail!("record.c does not compile");
    }
    Ok(library)
}

/// Fails unless two folders hold the same names and bytes: then nothing was missed by the records.
fn compare(one: &Path, other: &Path) -> anyhow::Result<()> {
    let output = Command::new("diff")
        .args(["--recursive", "--brief", "--exclude=*-shm"])
        .args([one, other])
        .output()?;
    if !output.status.success() {
        bail!(
            "the records are not complete:\n{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    Ok(())
}
