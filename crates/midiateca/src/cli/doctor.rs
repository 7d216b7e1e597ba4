//! `doctor`: probes everything that storing media depends on, one line for each result as soon as it is known.

mod line;

use super::Ending;
use super::context::Context;
use super::ids;
use line::Printer;
use midiateca_service::clock::Clock;
use midiateca_service::ops::health::{self, Deps};

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
    let printer = Printer {
        lang: context.lang,
        json: context.json,
        problems_only: options.problems,
    };
    let deps = Deps {
        data: &context.data,
        config: &context.config,
        clock: &Clock::system(),
    };
    let options = health::Options {
        instance: options.instance,
        offline: options.offline,
        accept_clock: options.accept_clock,
    };
    let report = match health::run(deps, &options, &printer).await {
        Ok(report) => report,
        Err(health::Error::Instance { id, source }) => {
            return Err(ids::not_one(&context, ids::INSTANCE, &id, source).into());
        }
    };
    printer.finish(&report);
    Ok(Ending::fine_if(report.problem == 0))
}
