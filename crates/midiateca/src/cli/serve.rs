//! `serve`: HTTP server and workers in one process, until a signal stops it.

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::sync::Arc;

use midiateca_service::app::{Allowed, AllowedStorage, App};
use midiateca_service::config::listen_address;
use midiateca_service::model::Scope;
use midiateca_service::ops::users;
use midiateca_service::server::{Service, systemd};
use midiateca_service::shutdown;

use crate::cli::complaint::unreadable;
use crate::cli::user::without_line_end;
use crate::cli::{Context, Ending, TextKey, answer, words::serve as words};

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

/// The password of a file is set before the server accepts connections.
async fn set_admin_password(context: &Context, app: &App) -> anyhow::Result<()> {
    let path = &context.config.secrets.admin_password_file;
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| unreadable(context.lang, path, error))?;
    let password = without_line_end(text);
    match users::set_admin_password(app.user_deps(), &password).await {
        // The administrator of one client can add a user of this name, and must not keep the server from starting.
        Err(users::UserError::AdminIsOther) => tracing::error!(
            "the user admin does not administer all clients: the password in secrets.admin_password_file is not set"
        ),
        set => set?,
    }
    Ok(())
}

/// While no user administers all clients: a link for the first administrator, on a terminal only, because a log is read by many.
async fn greet(context: &Context, app: &App, address: SocketAddr) -> anyhow::Result<()> {
    let known = midiateca_service::access::users::list(&app.db, Scope::All).await?;
    if users::is_administered(&known) {
        return Ok(());
    }
    if answer::is_json() || !std::io::stdout().is_terminal() {
        tracing::info!("no user can sign in yet: run midiateca user setup-link");
        return Ok(());
    }
    let token = users::make_setup_link(app.user_deps(), &context.actor, None).await?;
    say(context, words::FIRST_ADMIN, &[]);
    answer::line(app.setup_address_at(address, &token));
    Ok(())
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
    let app = context.open_or_create(allowed).await?;
    set_admin_password(context, &app).await?;
    let service = Service::start(Arc::clone(&app), &listen).await?;
    let (address, data) = (service.address(), context.data.display());
    say(
        context,
        words::STARTED,
        &[("address", &address), ("data", &data)],
    );
    greet(context, &app, address).await?;
    if context.config.http.public_url.is_empty() {
        if context.talks && std::io::stderr().is_terminal() {
            say(context, words::NO_PUBLIC_URL, &[]);
        } else {
            tracing::warn!(
                "http.public_url is not set: the address at which gateways reach this server is not known"
            );
        }
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
