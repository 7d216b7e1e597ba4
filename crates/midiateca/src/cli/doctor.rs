//! `doctor`: looks at everything that keeping media depends on, one line a check, printed as soon as it is known: what was
//! tried, what was seen, and what to do next. It goes on where something is broken, and changes nothing but a mark in the
//! database and small files that it removes again.

mod clock;
mod database;
mod folder;
mod gateways;
mod ground;
mod network;
mod queue;
mod refusals;
mod settings;
mod sheet;
mod storage;

use serde_json::json;

use super::Ending;
use super::answer;
use super::context::Context;
use super::instance::unknown;
use super::words::doctor as words;
use midiateca_service::instances;
use sheet::{Level, Sheet, Show};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Look at this instance only
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Ask nothing of the network
    #[arg(long)]
    offline: bool,
    /// Trust the machine's clock as it is now, although it has jumped
    #[arg(long)]
    accept_clock: bool,
    /// Show only what is not fine
    #[arg(long)]
    problems: bool,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let show = Show {
        json: context.json,
        problems: options.problems,
    };
    let mut sheet = Sheet::new(context.lang, show);
    settings::look(&mut sheet, &context.config);
    let ground = ground::look(&mut sheet, &context).await;
    let clock = midiateca_service::clock::Clock::system();
    if let Some(db) = &ground.db {
        clock::look(&mut sheet, db, &clock, options.accept_clock).await;
        queue::look(&mut sheet, db, clock.now()).await;
        refusals::look(&mut sheet, db, clock.now()).await;
        let mut instances = match instances::instances(db).await {
            Ok(instances) => {
                if instances.is_empty() {
                    let (seen, next) = (words::NO_INSTANCE, words::ADD_INSTANCE);
                    sheet.risk("instances", "", words::LISTED, seen, next, &[]);
                }
                instances
            }
            Err(error) => {
                sheet.unreadable("instances", "", words::LISTED, &error);
                Vec::new()
            }
        };
        if let Some(id) = &options.instance {
            instances.retain(|instance| instance.id.0 == *id);
            if instances.is_empty() {
                return Err(unknown(&context, id).into());
            }
        }
        gateways::look(
            &mut sheet,
            &context,
            &ground,
            &instances,
            &clock,
            options.offline,
        )
        .await;
        if !options.offline {
            network::cdn(&mut sheet, &context.config, &instances).await;
        }
    }
    if !options.offline {
        network::public_address(&mut sheet, &context, &ground).await;
    }
    print_sum(&context, &sheet);
    if let Some(db) = &ground.db {
        db.close().await;
    }
    Ok(match sheet.count(Level::Wrong) {
        0 => Ending::Fine,
        _ => Ending::FoundWrong,
    })
}

fn print_sum(context: &Context, sheet: &Sheet) {
    let count = |level| sheet.count(level);
    let (fine, risk, wrong, skipped) = (
        count(Level::Fine),
        count(Level::Risk),
        count(Level::Wrong),
        count(Level::Skipped),
    );
    if context.json {
        return answer::line(
            json!({"checks": sheet.shown(), "fine": fine, "risk": risk, "wrong": wrong, "skipped": skipped}),
        );
    }
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("fine", &fine),
        ("risk", &risk),
        ("wrong", &wrong),
        ("skipped", &skipped),
    ];
    answer::line(context.lang.fill(words::SUM, &values));
}
