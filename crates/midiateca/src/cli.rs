//! The command line: stdout is data, stderr is talk. Exit codes: 0 fine, 1 it ran and found something
//! wrong, 2 wrong usage or configuration, 3 something it needs is out of reach.

/// stderr is talk: see [`answer::complain`]. Before the modules, so that all of them use it.
macro_rules! eprintln {
    ($($text:tt)*) => { crate::cli::answer::complain(format_args!($($text)*)) };
}

/// `fill!(lang, words::SUM, files = report.files, bytes)`: a text with its variables.
macro_rules! fill {
    ($lang:expr, $key:expr $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $lang.fill($key, values!($($name $(= $value)?),*))
    };
}

/// A text like that of [`fill`], on stderr.
macro_rules! complain {
    ($lang:expr, $key:expr $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        crate::cli::answer::complain($lang.fill($key, values!($($name $(= $value)?),*)))
    };
}

/// Wrong usage with a text like that of [`fill`], whose key is the code.
macro_rules! usage {
    ($lang:expr, $key:expr $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        crate::cli::UsageError::new($lang, $key, values!($($name $(= $value)?),*))
    };
}

/// The variables of a text, for what [`fill`] cannot call.
macro_rules! values {
    ($($name:ident $(= $value:expr)?),* $(,)?) => {
        &[$((stringify!($name), values!(@one $name $(= $value)?))),*]
    };
    (@one $name:ident) => { &$name as &dyn std::fmt::Display };
    (@one $name:ident = $value:expr) => { &$value as &dyn std::fmt::Display };
}

mod answer;
mod audit;
mod backup;
mod bar;
mod check;
mod client;
mod color;
mod complaint;
mod completions;
mod config;
mod context;
mod decrypt;
mod deliveries;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod endpoint;
mod forget;
mod help;
mod hidden;
mod hold;
mod ids;
mod import;
mod instance;
mod items;
mod key;
mod language;
mod man;
mod media;
mod mode;
mod monitor;
mod retry;
mod scrub;
mod serve;
mod sheet;
mod status;
mod sweep;
mod test_webhook;
mod unparsed;
mod usage;
mod user;
mod verify_dossier;
mod words;
mod zone;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};

use answer::{Mode, Out};
use bar::Bar;
use color::Color;
pub(crate) use complaint::UsageError;
use context::Context;
use items::Items;
use language::{Language, plain, result, summary, tame};
use midiateca_service::telemetry;
use words::TextKey;

/// Keeps every photo, voice note, video, document and sticker that arrives on a company's WhatsApp numbers
#[derive(Debug, Parser)]
#[command(
    name = "midiateca",
    version = env!("MIDIATECA_VERSION"),
    propagate_version = true,
    disable_help_flag = true,
    disable_version_flag = true
)]
struct Options {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl From<LogFormat> for telemetry::LogFormat {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Human => Self::Human,
            LogFormat::Json => Self::Json,
        }
    }
}

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The data folder
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "MIDIATECA_DATA",
        default_value = "./data",
        hide_default_value = false
    )]
    data: PathBuf,
    /// The configuration file [default: DIR/midiateca.toml when it is there]
    #[arg(long, global = true, value_name = "FILE", env = "MIDIATECA_CONFIG")]
    config: Option<PathBuf>,
    /// The language of output [default: from LANG]
    #[arg(long, global = true, value_parser = language::parser())]
    lang: Option<Language>,
    /// Answer in JSON on stdout
    #[arg(long, global = true)]
    json: bool,
    /// Colors in text for people
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
    /// Log lines for people or as JSON, on stderr
    #[arg(long, global = true, value_enum, default_value_t)]
    log_format: LogFormat,
    /// More log lines
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// Only log lines that need attention
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Show this help; in short with -h
    #[arg(short, long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
    /// Show the version
    #[arg(short = 'V', long, global = true, action = ArgAction::Version)]
    version: Option<bool>,
}

impl Global {
    pub fn language(&self) -> Language {
        self.lang.unwrap_or_else(language::of_environment)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// HTTP server and workers in one process
    #[command(visible_alias = "servir")]
    Serve(serve::Options),
    /// A whole day in ten seconds, against a simulated gateway on loopback
    #[cfg(feature = "demo")]
    Demo(demo::Options),
    /// One screen: server, disk, queue, last webhook of each instance, next deadline, what needs a person
    Status,
    /// The full report; exit 1 when something needs a person
    #[command(visible_alias = "verificar")]
    Check,
    /// Sends one delivery through the pipeline and reports each step
    #[command(visible_alias = "testar")]
    TestWebhook(test_webhook::Options),
    /// Follows the events: a full screen, or one line an event when piped
    #[command(visible_alias = "monitorar")]
    Monitor(monitor::Options),
    /// The companies that own the numbers
    #[command(subcommand)]
    Client(client::Command),
    /// WhatsApp numbers at a gateway
    #[command(subcommand)]
    Instance(instance::Command),
    /// Endpoints of outgoing webhooks
    #[command(subcommand)]
    Endpoint(endpoint::Command),
    /// Keys of the HTTP API
    #[command(subcommand)]
    Key(key::Command),
    /// People who sign in
    #[command(subcommand)]
    User(user::Command),
    /// Media: what is stored, and why the rest is not
    #[command(subcommand)]
    Media(media::Command),
    /// The stored raw deliveries
    #[command(subcommand)]
    Deliveries(deliveries::Command),
    /// Puts media back in the queue
    #[command(visible_alias = "reprocessar")]
    Retry(retry::Options),
    /// Probes everything that storing media depends on, with a hint for each problem
    #[command(visible_alias = "diagnosticar")]
    Doctor(doctor::Options),
    /// Deletes what the retention rules no longer keep
    #[command(visible_alias = "limpar")]
    Sweep(sweep::Options),
    /// Erases a person from a client's data, and prints the proof
    ///
    /// At the end the database is rewritten: that takes up to twice its size in free space and some seconds per gigabyte, in which webhooks wait for their answer
    #[command(visible_alias = "esquecer")]
    Forget(forget::Options),
    /// Shows who did what, the newest first: over the API, in the dashboard and on the command line
    #[command(visible_alias = "auditoria")]
    Audit(audit::Options),
    /// Legal holds: what retention rules and erasures leave alone
    #[command(subcommand)]
    Hold(hold::Command),
    /// Checks a dossier offline, without a data folder; exit 1 when something in it does not match
    VerifyDossier(verify_dossier::Options),
    /// Decrypts one file from WhatsApp's CDN, without a database
    Decrypt(decrypt::Options),
    /// Imports another system's data
    #[command(subcommand, visible_alias = "importar")]
    Import(import::Command),
    /// Compares stored files with their hashes; exit 1 when one is missing, corrupt, orphaned or unreadable
    #[command(visible_alias = "conferir")]
    Scrub(scrub::Options),
    /// Copies everything into a folder that can take the data folder's place, while the service runs
    Backup(backup::Options),
    /// The settings
    #[command(subcommand)]
    Config(config::Command),
    /// Generates the script with which a shell completes commands and options
    Completions(completions::Options),
    /// The manual pages
    Man(man::Options),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Fine,
    /// Something is wrong that a person should look at.
    FoundWrong,
    /// The settings that were to be checked are wrong.
    WrongUsage,
}

impl Ending {
    pub fn fine_if(is_fine: bool) -> Self {
        if is_fine {
            Self::Fine
        } else {
            Self::FoundWrong
        }
    }
}

pub async fn run() -> ExitCode {
    let lang = language::of_process();
    let options = match usage::read(lang, std::env::args_os()) {
        Ok(options) => options,
        Err(error) => return usage::show(&error, lang),
    };
    let global = &options.global;
    answer::set_mode(Mode {
        is_json: global.json,
        is_colored: global.color.is_on(&std::io::stdout()),
    });
    let busy = matches!(options.command, Command::Serve(_));
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (_, true) => "debug",
        _ if busy => "info",
        _ => "warn",
    };
    if !owns_the_terminal(&options) {
        let has_color = global.color.is_on(&std::io::stderr());
        telemetry::start(global.log_format.into(), level, has_color);
    }
    let global = options.global.clone();
    match dispatch(options).await {
        Ok(Ending::Fine) => ExitCode::SUCCESS,
        Ok(Ending::FoundWrong) => ExitCode::from(1),
        Ok(Ending::WrongUsage) => ExitCode::from(2),
        Err(error) => {
            let hint = hint(&error, &global, lang);
            complaint::show(error.as_ref(), lang, hint);
            let is_usage = error.chain().any(complaint::is_usage);
            ExitCode::from(if is_usage { 2 } else { 3 })
        }
    }
}

/// The hint for an error that may come from a place that cannot be written: where the command should write, else the first of
/// data folder, database and storage.
fn hint(error: &anyhow::Error, global: &Global, lang: Language) -> Option<String> {
    if !complaint::is_about_writing(error.as_ref(), lang) {
        return None;
    }
    if let Some(failure) = error.chain().find_map(complaint::at_destination) {
        return complaint::write_hint(&failure, lang);
    }
    let config = context::settings(global).ok()?.config;
    complaint::disk_hint(&global.data, &config, lang)
}

pub fn cannot_start(error: std::io::Error) -> ExitCode {
    let lang = language::of_process();
    complaint::show(&complaint::Failure::NoThreads(error), lang, None);
    ExitCode::from(3)
}

/// Whether log lines would appear in the full screen.
fn owns_the_terminal(options: &Options) -> bool {
    use std::io::IsTerminal as _;
    let takes_it = |monitor: &monitor::Options| monitor.takes_the_screen(options.global.json);
    matches!(&options.command, Command::Monitor(monitor) if takes_it(monitor))
        && std::io::stderr().is_terminal()
}

async fn dispatch(options: Options) -> anyhow::Result<Ending> {
    let lang = options.global.language();
    match options.command {
        Command::Config(command) => config::run(&command, &options.global),
        Command::Decrypt(options) => decrypt::run(&options, lang),
        Command::VerifyDossier(options) => verify_dossier::run(&options, lang),
        Command::Completions(options) => Ok(completions::run(&options, lang)),
        Command::Man(options) => man::run(&options, lang),
        command => {
            let context = Context::new(&options.global)?;
            let ending = with_data(&context, command).await;
            context.close().await;
            ending
        }
    }
}

async fn with_data(context: &Context, command: Command) -> anyhow::Result<Ending> {
    match command {
        Command::Serve(options) => serve::run(context, options).await,
        #[cfg(feature = "demo")]
        Command::Demo(options) => demo::run(context, options).await,
        Command::Status => status::run(context).await,
        Command::Check => check::run(context).await,
        Command::TestWebhook(options) => test_webhook::run(context, options).await,
        Command::Monitor(options) => monitor::run(context, options).await,
        Command::Endpoint(command) => endpoint::run(context, command).await,
        Command::Key(command) => key::run(context, command).await,
        Command::User(command) => user::run(context, command).await,
        Command::Client(command) => client::run(context, command).await,
        Command::Instance(command) => instance::run(context, command).await,
        Command::Media(command) => media::run(context, command).await,
        Command::Deliveries(command) => deliveries::run(context, command).await,
        Command::Import(command) => import::run(context, command).await,
        Command::Scrub(options) => scrub::run(context, options).await,
        Command::Retry(options) => retry::run(context, options).await,
        Command::Doctor(options) => doctor::run(context, options).await,
        Command::Sweep(options) => sweep::run(context, options).await,
        Command::Forget(options) => forget::run(context, options).await,
        Command::Audit(options) => audit::run(context, options).await,
        Command::Hold(command) => hold::run(context, command).await,
        Command::Backup(options) => backup::run(context, options).await,
        Command::Config(_)
        | Command::Decrypt(_)
        | Command::VerifyDossier(_)
        | Command::Completions(_)
        | Command::Man(_) => Ok(Ending::Fine),
    }
}
