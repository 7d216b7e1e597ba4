//! The walk: one small scenario, and at each step that the server makes in it the server is killed just before or just
//! after it, or the step fails with an error of the disk, once. A preloaded library counts the steps; see `record.c`.
//!
//! After a kill the disk must have what was answered with 200. Then the server starts again, the gateway goes on with
//! what was not answered, and the law is checked.

mod scenario;
mod step;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use scenario::{Acknowledged, Case, Scenario};
use step::{Failure, Place, Step};

use crate::machine::Tools;

/// The scenario of a walk.
pub struct Options {
    pub seed: u64,
    /// So many steps at random; all of them without.
    pub steps: Option<usize>,
    pub jobs: usize,
    /// Walk only where something is wrong on purpose.
    pub damage: bool,
}

/// The result of a walk.
#[derive(Default)]
pub struct Walked {
    /// How many steps there were when nothing failed.
    steps: usize,
    /// By label: how many steps there are, and how often each failure happened at one.
    labels: BTreeMap<String, [usize; 5]>,
    /// The scenario ended before the step was reached.
    unreached: usize,
    /// Breaches of the law.
    pub breaches: Vec<String>,
}

impl Walked {
    fn add(&mut self, failure: Failure, reached: Option<&Step>, breaches: Vec<String>) {
        match reached {
            Some(step) => {
                let counts = self.labels.entry(step.label.clone()).or_default();
                counts[1 + failure.column()] += 1;
            }
            None => self.unreached += 1,
        }
        self.breaches.extend(breaches);
    }
}

impl fmt::Display for Walked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = ["before", "after", "EIO", "ENOSPC"];
        write!(out, "{:28} {:>7}", "label", "steps")?;
        columns
            .iter()
            .try_for_each(|name| write!(out, " {name:>7}"))?;
        let mut all = [0; 5];
        for (label, counts) in &self.labels {
            write!(out, "\n{label:28}")?;
            for (sum, count) in all.iter_mut().zip(counts) {
                *sum += count;
                write!(out, " {count:>7}")?;
            }
        }
        write!(out, "\n{:28}", "all")?;
        all.iter()
            .try_for_each(|count| write!(out, " {count:>7}"))?;
        write!(
            out,
            "\n{} steps; {} kills, {} errors, {} not reached; {} breaches of the law",
            self.steps,
            all[1] + all[2],
            all[3] + all[4],
            self.unreached,
            self.breaches.len()
        )
    }
}

/// Walks.
pub async fn run(options: &Options, tools: &Tools, keep: &Path) -> anyhow::Result<Walked> {
    let scenario = Arc::new(Scenario::new(tools).await?);
    let (steps, breaches) = scenario.count().await?;
    let mut walked = Walked {
        steps: steps.len(),
        breaches,
        ..Walked::default()
    };
    for step in &steps {
        walked.labels.entry(step.label.clone()).or_default()[0] += 1;
    }
    let mut cases = if options.damage {
        damaged()
    } else {
        sample(&steps, options.steps, options.seed)
    }
    .into_iter();
    let mut running = tokio::task::JoinSet::new();
    loop {
        if running.len() < options.jobs
            && let Some(case) = cases.next()
        {
            let (scenario, keep) = (Arc::clone(&scenario), keep.to_owned());
            running.spawn(async move {
                let (reached, found) = scenario.walk(&case, &keep).await?;
                anyhow::Ok((case, reached, found))
            });
            continue;
        }
        let Some(done) = running.join_next().await else {
            return Ok(walked);
        };
        let (case, reached, found) = done??;
        for breach in &found {
            println!("  BROKEN: {breach}");
        }
        walked.add(case.failure, reached.as_ref(), found);
    }
}

/// All cases, or so many of them: of each label in turn, so that a rare one is not left out.
fn sample(steps: &[Step], count: Option<usize>, seed: u64) -> Vec<Case> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut by_label: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for step in steps {
        let cases = by_label.entry(&step.label).or_default();
        let failures = Failure::ALL.into_iter();
        let failures = failures.filter(|failure| failure.errno().is_none() || step.is_of_disk());
        cases.extend(failures.map(|failure| Case {
            place: Place::Number(step.number),
            failure,
            acknowledged: Acknowledged::Answered,
        }));
    }
    by_label
        .values_mut()
        .for_each(|cases| random.shuffle(cases));
    let mut all = Vec::new();
    while by_label.values().any(|cases| !cases.is_empty()) {
        all.extend(by_label.values_mut().filter_map(Vec::pop));
    }
    all.truncate(count.unwrap_or(usize::MAX));
    all
}

/// A gateway that takes a delivery as acknowledged before its commit, and a file that does not get its name: a law that
/// finds neither checks nothing.
fn damaged() -> Vec<Case> {
    vec![
        Case {
            place: Place::First(step::DATABASE_WRITE),
            failure: Failure::Before,
            acknowledged: Acknowledged::Sent,
        },
        Case {
            place: Place::First(step::FILE_LINK),
            failure: Failure::Dropped,
            acknowledged: Acknowledged::Answered,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> Vec<Step> {
        let labels = ["S midiateca.db-wal", "W midiateca.db-wal", "A"];
        let trace =
            (1..=40).map(|n| format!("{n} {}\n", labels[if n % 10 < 2 { n % 10 } else { 1 }]));
        let answer = format!("41 {} \n", labels[2]);
        step::read(&(trace.collect::<String>() + &answer)).unwrap()
    }

    #[test]
    fn a_sample_has_every_label_and_all_cases_are_all() {
        let steps = steps();
        let labels = |cases: &[Case]| {
            let label = |case: &Case| case.place.find(steps.clone()).unwrap().label;
            cases
                .iter()
                .map(label)
                .collect::<std::collections::BTreeSet<_>>()
        };
        let few = sample(&steps, Some(3), 1);
        assert_eq!((few.len(), labels(&few).len()), (3, 3));
        let all = sample(&steps, None, 1);
        // An answer is not written to a disk.
        assert_eq!(all.len(), 40 * 4 + 2);
        let text = |seed| format!("{:?}", sample(&steps, Some(20), seed));
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }
}
