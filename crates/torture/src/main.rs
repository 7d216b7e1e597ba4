//! Torture: the real program against the simulated gateway, under a seeded schedule of faults.
//!
//! Each seed makes one world: messages, what the gateway and the CDN do wrong for each of them, and acts against the
//! program and its machine (kills, stops, full disk, locked and vanished database, unmounted storage, clock jumps, cut
//! network, maintenance commands). At the end all faults are lifted, and [`law`] is checked on the database and the files.
//! The schedule of a seed is always the same; how the threads of the machine interleave is not.

#![forbid(unsafe_code)]

mod acts;
mod gateway;
mod law;
mod machine;
mod plan;
mod power;
mod program;
mod run;
mod shim;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

/// Runs seeds until the time is over, or until one breaks the law.
#[derive(Parser)]
struct Args {
    /// The first seed; the following ones are counted up from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Begin no further seed after so many minutes
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// At most so many seeds
    #[arg(long, default_value_t = u64::MAX)]
    seeds: u64,
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
    /// Try so many power failures in each seed's messages, in place of its acts; 0 means after each step of its first two
    #[arg(long)]
    power_cuts: Option<u32>,
    /// Print the schedules only
    #[arg(long)]
    plan: bool,
    /// Damage what is stored after each run, or with --power-cuts ignore syncs of folders, so that the checks must find
    /// it: a proof that they can
    #[arg(long)]
    damage: bool,
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
    if let Some(cuts) = args.power_cuts {
        return power_cuts(&args, cuts, &tools).await;
    }
    let until = Instant::now() + Duration::from_secs_f64(args.minutes * 60.0);
    let mut totals = run::Totals::default();
    let mut running = tokio::task::JoinSet::new();
    let mut seeds = (args.seed..).take(usize::try_from(args.seeds).unwrap_or(usize::MAX));
    loop {
        let may_begin = Instant::now() < until && (totals.broken == 0 || args.keep_going);
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
    let until = Instant::now() + Duration::from_secs_f64(args.minutes * 60.0);
    let (mut seeds, mut tried, mut broken) = (0_u64, 0, 0);
    while seeds < args.seeds && Instant::now() < until && (broken == 0 || args.keep_going) {
        let seed = args.seed + seeds;
        let (cuts, messages) = match cuts {
            0 => (power::Cuts::All, 2),
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
