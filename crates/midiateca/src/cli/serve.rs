//! `serve`: HTTP server and workers in one process, until a signal stops it.

use std::fmt::Display;
use std::sync::Arc;

use midiateca_service::app::{Allowed, AllowedStorage};
use midiateca_service::config::listen_address;
use midiateca_service::server::{Service, systemd};
use midiateca_service::shutdown;

use crate::cli::{Context, Ending, TextKey, words::serve as words};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Address and port of the HTTP server; may be given several times
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',', value_parser = listen_address)]
    listen: Vec<String>,
    /// Begin a new database where the old one is lost for good; it becomes the one of the storage
    #[arg(long)]
    new_database: bool,
    /// Use the storage although it is not marked as the one of this database, and mark it
    #[arg(long)]
    adopt_storage: bool,
}

/// For the person who started it: log lines are English, and for programs too.
fn say(context: &Context, words: TextKey, values: &[(&str, &dyn Display)]) {
    if context.talks {
        eprintln!("{}", context.lang.fill(words, values));
    }
}

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let listen = if options.listen.is_empty() {
        context.config.http.listen.addresses().to_vec()
    } else {
        options.listen
    };
    // Before the server can be seen to run, so that no early signal is missed.
    let stop = shutdown::stop_signal();
    let allowed = Allowed {
        new_database: options.new_database,
        storage: if options.adopt_storage {
            AllowedStorage::Adopted
        } else {
            AllowedStorage::None
        },
        ..Allowed::default()
    };
    let app = context.open(allowed).await?;
    let service = Service::start(Arc::clone(&app), &listen).await?;
    let (address, data) = (service.address(), context.data.display());
    say(
        context,
        words::STARTED,
        &[("address", &address), ("data", &data)],
    );
    if context.config.http.public_url.is_empty() {
        tracing::warn!(
            "http.public_url is not set: the address at which gateways reach this server is not known"
        );
        say(context, words::NO_PUBLIC_URL, &[]);
    }
    systemd::ready(systemd::Watched {
        app,
        address,
        is_working: Box::new(service.worker_runs()),
    });
    stop.await;
    systemd::stopping();
    tracing::info!("stopping: running downloads may end");
    say(context, words::STOPPING, &[]);
    service.stop().await;
    say(context, words::ENDED, &[]);
    Ok(Ending::Fine)
}
