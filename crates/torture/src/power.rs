//! Power loss: what the program does to its disk is recorded from its very first start on, and the disks that a power
//! failure could have left after any of it are given to the program again. First a server takes the messages of a seed,
//! then commands back up, repair, import and erase.
//!
//! Each disk must show the order file, folder, row even before the program starts on it: a row that says `stored` has its
//! whole file, and what was reported as done is done. After a start on it, and the interrupted command again, everything
//! acknowledged by then is stored, and no file is without a row.

mod disk;
mod log;
mod recording;
mod state;
mod steps;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use disk::{History, Unsynced};
use log::Record;
use recording::Recording;
use state::State;
pub use state::folder_breaches;
use steps::Step;

use crate::machine::{Machine, Tools};
use crate::plan::Plan;
use crate::program::Program;

/// Which power failures are tried.
#[derive(Clone, Copy, Debug)]
pub enum Cuts {
    /// So many at random.
    Random(u32),
    /// After the server has ended, with nothing unsynced there.
    Damaged,
    /// After every record, with everything unsynced there, with none of it, and with a part. What is there in full is also
    /// what a killed process leaves, so this walks all steps between a webhook and its answer, and between claim and
    /// settlement.
    All,
}

impl Cuts {
    fn of(self, records: &[Record], random: &mut fastrand::Rng) -> Vec<(usize, Unsynced)> {
        const ALL: [Unsynced; 3] = [Unsynced::Lost, Unsynced::Random, Unsynced::Kept];
        match self {
            Self::Random(count) => {
                let phases = phases(records);
                (0..count)
                    .map(|n| {
                        // Every other one while the server runs.
                        let phase = match n % 2 {
                            0 => &phases[1],
                            _ => &phases[random.usize(..phases.len())],
                        };
                        (random.usize(phase.clone()), ALL[random.usize(..3)])
                    })
                    .collect()
            }
            Self::Damaged => vec![(*phases(records)[1].end(), Unsynced::Lost)],
            Self::All => (1..=records.len())
                .flat_map(|cut| ALL.map(|unsynced| (cut, unsynced)))
                .collect(),
        }
    }
}

/// Between which records the first start, the server's run and each command are.
fn phases(records: &[Record]) -> Vec<RangeInclusive<usize>> {
    let steps = Step::ALL.map(Step::name);
    let ends: BTreeSet<_> = steps.into_iter().chain(log::BEFORE_STEPS).collect();
    let is_end = |record: &Record| matches!(record, Record::Reported { what } if ends.contains(what.as_str()));
    let mut begin = 1;
    let found = (1..).zip(records).filter(|(_, record)| is_end(record));
    found
        .map(|(end, _)| {
            let phase = begin..=end;
            begin = end + 1;
            phase
        })
        .collect()
}

/// The result.
#[derive(Default)]
pub struct Tried {
    pub cuts: u64,
    pub breaches: Vec<String>,
}

/// Records one run of a seed's messages, and tries power failures in it. With `damage`, syncs of the storage's folders do
/// not count after the first start, as if the program made none, and the power fails where that must be noticed.
pub async fn run(
    plan: Plan,
    seed: u64,
    cuts: Cuts,
    damage: bool,
    tools: &Tools,
    keep: &Path,
) -> anyhow::Result<Tried> {
    let scratch = tempfile::tempdir()?;
    let recording = Recording::new(plan, tools, scratch.path()).await?;
    let records = &recording.records;
    let mut history = History::new(&recording.base, records);
    let mut random = fastrand::Rng::with_seed(seed);
    recording.compare(&history, &mut random, scratch.path())?;
    println!(
        "seed {seed}: {} records of {} media; the disk made from them is the same",
        records.len(),
        recording.plan.messages.len()
    );
    if damage {
        history.forget_folder_syncs(*phases(records)[0].end(), "media_storage");
    }
    let mut tried = Tried::default();
    let cuts = if damage { Cuts::Damaged } else { cuts };
    for (cut, unsynced) in cuts.of(records, &mut random) {
        let machine = Arc::new(Machine::unmounted(tools)?);
        std::fs::remove_dir_all(machine.disk())?;
        history.write(cut, unsynced, &mut random, &machine.disk())?;
        let found = one(&recording, cut, Arc::clone(&machine)).await;
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
    recording: &Recording,
    cut: usize,
    machine: Arc<Machine>,
) -> anyhow::Result<Vec<String>> {
    let program = Program::new(Arc::clone(&machine))?;
    let mut state = State::of(&recording.records[..cut]);
    let mut breaches = state.breaches_at_rest(recording, &machine)?;
    let after = restart(recording, &mut state, &machine, &program).await;
    breaches.extend(after.unwrap_or_else(|error| vec![format!("{error:#}")]));
    Ok(breaches)
}

/// Starts the program, runs the command again that was interrupted, and checks what is there then.
async fn restart(
    recording: &Recording,
    state: &mut State,
    machine: &Arc<Machine>,
    program: &Arc<Program>,
) -> anyhow::Result<Vec<String>> {
    let interrupted = state.interrupted();
    let work = async {
        match interrupted {
            Some(step) => {
                let backup = recording::backup(machine);
                step.run(program, &backup, &recording.original).await
            }
            None => Ok(()),
        }
    };
    let rows = crate::run::recover(&recording.plan, machine, program, work).await?;
    state
        .done
        .extend(interrupted.map(|step| step.name().to_owned()));
    let mut breaches = program.history().await.1;
    breaches.extend(state.breaches_at_end(recording, machine, rows)?);
    breaches.extend(state.lost_clients(program).await?);
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_in_every_phase() {
        let step = |what: &str| Record::Reported {
            what: what.to_owned(),
        };
        let other = || Record::SyncDone { id: 1 };
        let mut records = Vec::new();
        let names = Step::ALL.map(Step::name);
        for end in log::BEFORE_STEPS.into_iter().chain(names) {
            records.extend([other(), other(), step("client 1"), step(end)]);
        }
        let phases = phases(&records);
        assert_eq!(phases[0], 1..=4);
        assert_eq!(phases.len(), 6);
        let mut random = fastrand::Rng::with_seed(1);
        let cuts = Cuts::Random(40).of(&records, &mut random);
        let damaged = Cuts::Damaged.of(&records, &mut random);
        assert_eq!(damaged, [(*phases[1].end(), Unsynced::Lost)]);
        for phase in &phases {
            assert!(cuts.iter().any(|(cut, _)| phase.contains(cut)), "{phase:?}");
        }
    }
}
