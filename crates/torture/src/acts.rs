//! Does to program and machine what a plan says, each act at its time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::Signal;
use tokio::time::Instant;
use wa_sim::World;

use crate::machine::Machine;
use crate::plan::{Act, Plan};
use crate::program::Program;

/// Does all acts, and returns what broke the law on the way.
pub async fn perform(
    plan: Arc<Plan>,
    machine: Arc<Machine>,
    program: Arc<Program>,
    world: World,
) -> anyhow::Result<Vec<String>> {
    let begin = Instant::now();
    let mut acts = tokio::task::JoinSet::new();
    for (at, act) in plan.acts.clone() {
        let (machine, program) = (Arc::clone(&machine), Arc::clone(&program));
        let world = world.clone();
        acts.spawn(async move {
            tokio::time::sleep_until(begin + at).await;
            let done = one(&act, &machine, &program, &world).await;
            done.with_context(|| format!("{act:?} at {at:?}"))
        });
    }
    let mut broken = Vec::new();
    while let Some(done) = acts.join_next().await {
        if let Err(error) = done? {
            broken.push(format!("{error:#}"));
        }
    }
    Ok(broken)
}

async fn one(act: &Act, machine: &Machine, program: &Program, world: &World) -> anyhow::Result<()> {
    match act {
        Act::Kill { pause } => program.end(Signal::KILL, *pause).await,
        Act::Terminate => program.end(Signal::TERM, Duration::ZERO).await,
        Act::Stop(lasting) => program.stop(*lasting).await,
        Act::FillDisk(lasting) => machine.fill_disk(*lasting).await?,
        Act::LockDatabase(lasting) => machine.lock_database(*lasting).await?,
        Act::HideDatabase(lasting) => machine.hide_database(*lasting).await?,
        Act::UnmountStorage(lasting) => machine.unmount_storage(*lasting).await?,
        Act::JumpClock { seconds, lasting } => machine.jump_clock(*seconds, *lasting).await?,
        Act::CutNetwork { cdn_only, lasting } => {
            let cut = |down| {
                if *cdn_only {
                    world.set_cdn_down(down);
                } else {
                    world.set_down(down);
                }
            };
            cut(true);
            tokio::time::sleep(*lasting).await;
            cut(false);
        }
        Act::Command(words) => drop(program.run(words).await?),
    }
    Ok(())
}
