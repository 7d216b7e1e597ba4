//! Torture: the real program against the simulated gateway, under a seeded schedule of faults.
//!
//! Each seed makes one world: messages, what the gateway and the CDN do wrong for each of them, and acts against the
//! program and its machine (kills, stops, full disk, locked and vanished database, unmounted storage, clock jumps, cut
//! network, maintenance commands). At the end all faults are lifted, and [`law`] is checked on the database and the files.
//! The schedule of a seed is always the same; how the threads of the machine interleave is not.

#![forbid(unsafe_code)]

mod acts;
mod database;
mod events;
mod gateway;
mod law;
mod machine;
mod plan;
mod power;
mod program;
mod report;
mod run;
mod shim;
mod walk;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use report::Totals;

/// Runs seeds until the time is over, or until one breaks the law.
#[derive(Parser)]
struct Args {
    /// The first seed; the following ones are counted up from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Begin no further seed after so many minutes; without it and without --seeds, after one
    #[arg(long)]
    minutes: Option<f64>,
    /// Run so many seeds, or as many of them as --minutes allows
    #[arg(long)]
    seeds: Option<u64>,
    /// So many seeds at once
    #[arg(long, default_value_t = 1)]
    jobs: u64,
    /// The program
    #[arg(long, default_value = "target/release/midiateca")]
    program: PathBuf,
    /// Where the data folders of broken seeds stay
    #[arg(long, default_value = "torture")]
    keep: PathBuf,
    /// Goes on after a broken seed
    #[arg(long)]
    keep_going: bool,
    /// Try so many power failures in each seed's messages, in place of its acts; 0 means after each step of its first four
    #[arg(long)]
    power_cuts: Option<u32>,
    /// Go through all steps of one small scenario: kill the program before and after each, and fail each with an error
    #[arg(long)]
    walk: bool,
    /// Like --walk, but only so many steps, drawn with --seed
    #[arg(long)]
    walk_steps: Option<usize>,
    /// Print the schedules only
    #[arg(long)]
    plan: bool,
    /// Damage what is stored after each run, or with --power-cuts ignore syncs of folders, or with --walk acknowledge what
    /// is not answered and leave a file without its name, so that the checks must find it: a proof that they can
    #[arg(long)]
    damage: bool,
}

impl Args {
    /// When the last seed begins; `None` when all that were asked for do.
    fn last_begin(&self, now: Instant) -> Option<Instant> {
        let minutes = match (self.minutes, self.seeds) {
            (None, Some(_)) => return None,
            (minutes, _) => minutes.unwrap_or(1.0),
        };
        Some(now + Duration::from_secs_f64(minutes * 60.0))
    }

    /// The seeds that may be run.
    fn all_seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let count = self.seeds.unwrap_or(u64::MAX);
        (self.seed..).take(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

fn is_before(until: Option<Instant>) -> bool {
    until.is_none_or(|until| Instant::now() < until)
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    if args.plan {
        println!("{:#?}", plan::Plan::new(args.seed));
        return ExitCode::SUCCESS;
    }
    match all(args).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("torture cannot run: {error:#}");
            ExitCode::from(3)
        }
    }
}

/// Runs the seeds; returns how many broke the law.
async fn all(args: Args) -> anyhow::Result<u64> {
    let tools = machine::Tools::new(args.program.canonicalize()?)?;
    for skipped in tools.skipped() {
        println!("SKIPPED: {skipped}");
    }
    if args.walk || args.walk_steps.is_some() {
        let options = walk::Options {
            seed: args.seed,
            steps: args.walk_steps,
            jobs: usize::try_from(args.jobs)?,
            damage: args.damage,
        };
        let walked = walk::run(&options, &tools, &args.keep).await?;
        println!("{walked}");
        return Ok(walked.breaches.len() as u64);
    }
    if let Some(cuts) = args.power_cuts {
        return power_cuts(&args, cuts, &tools).await;
    }
    let until = args.last_begin(Instant::now());
    let mut totals = Totals::default();
    let mut running = tokio::task::JoinSet::new();
    let mut seeds = args.all_seeds();
    loop {
        let may_begin = is_before(until) && (totals.broken == 0 || args.keep_going);
        if may_begin
            && (running.len() as u64) < args.jobs
            && let Some(seed) = seeds.next()
        {
            let (tools, keep, damage) = (tools.clone(), args.keep.clone(), args.damage);
            running.spawn(async move { (seed, run::run(seed, &tools, &keep, damage).await) });
            continue;
        }
        let Some(done) = running.join_next().await else {
            break;
        };
        let (seed, outcome) = done?;
        let report = outcome.map_err(|error| error.context(format!("seed {seed}")))?;
        println!("{report}");
        totals.add(&report);
    }
    println!("{totals}");
    Ok(totals.broken)
}

/// Tries power failures; returns how many breaches of the law there were.
async fn power_cuts(args: &Args, cuts: u32, tools: &machine::Tools) -> anyhow::Result<u64> {
    let until = args.last_begin(Instant::now());
    let (mut seeds, mut tried, mut broken) = (0_u64, 0, 0);
    for seed in args.all_seeds() {
        if !is_before(until) || (broken > 0 && !args.keep_going) {
            break;
        }
        let (cuts, messages) = match cuts {
            0 => (power::Cuts::All, plan::FEW),
            _ => (power::Cuts::Random(cuts), usize::MAX),
        };
        let plan = plan::Plan::without_faults(seed, messages);
        let found = power::run(plan, seed, cuts, args.damage, tools, &args.keep).await?;
        for breach in found.breaches.iter().take(20) {
            println!("  BROKEN: {breach}");
        }
        broken += found.breaches.len() as u64;
        tried += found.cuts;
        seeds += 1;
    }
    println!("{tried} power failures in {seeds} seeds; {broken} breaches of the law");
    Ok(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_that_are_asked_for_are_all_run_unless_a_time_is_given_too() {
        let now = Instant::now();
        for (line, minutes, most) in [
            (&["torture"][..], Some(1.0), None),
            (&["torture", "--seeds", "3"], None, Some(3)),
            (&["torture", "--minutes", "60"], Some(60.0), None),
            (
                &["torture", "--seeds", "3", "--minutes", "0.5"],
                Some(0.5),
                Some(3),
            ),
        ] {
            let args = Args::parse_from(line);
            let begin = args
                .last_begin(now)
                .map(|at| (at - now).as_secs_f64() / 60.0);
            assert_eq!(begin, minutes, "{line:?}");
            let seeds = args.all_seeds().take(10).count();
            assert_eq!(seeds, most.unwrap_or(10), "{line:?}");
        }
    }
}
