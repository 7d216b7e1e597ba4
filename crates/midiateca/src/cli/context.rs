//! The context of every command: the data folder, the settings in force, the language.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::{
    Color, Global, Language, LogFormat, complaint, plain, words::context as words, zone,
};
use midiateca_service::access::Actor;
use midiateca_service::app::{self, Allowed, AllowedStorage, App, may_be_readable};
use midiateca_service::clock::Clock;
use midiateca_service::config::{Config, Settings};
use midiateca_service::disk;

/// In characters.
const LONGEST_USER: usize = 64;

pub(crate) struct Context {
    pub data: PathBuf,
    pub config: Config,
    pub config_file: Option<PathBuf>,
    pub lang: Language,
    /// For the audit log.
    pub actor: Actor,
    pub color: Color,
    /// Whether stderr may have lines for people among the log lines.
    pub talks: bool,
    opened: Mutex<Vec<Arc<App>>>,
}

/// The file that is named, or the usual one where something has its name: what cannot be read is an error, and not the
/// default settings.
pub(crate) fn config_file(global: &Global) -> Result<Option<PathBuf>, app::Error> {
    if let Some(given) = &global.config {
        return Ok(Some(given.clone()));
    }
    let usual = global.data.join("midiateca.toml");
    match disk::unless_missing(usual.symlink_metadata()) {
        Ok(found) => Ok(found.map(|_| usual)),
        Err(source) => {
            let path = global.data.clone();
            Err(app::Error::Folder { path, source })
        }
    }
}

/// The settings in force, environment over file over default, with where each value comes from.
pub(crate) fn settings(global: &Global) -> anyhow::Result<Settings> {
    Ok(Settings::read(
        config_file(global)?.as_deref(),
        variables(),
    )?)
}

/// No setting is a variable that is not UTF-8.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    let all = std::env::vars_os();
    all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The name of who runs the program, as the system's programs set it; before `sudo`, where that was used.
fn system_user() -> Option<String> {
    let names = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"];
    let mut found = names.iter().filter_map(|name| std::env::var(name).ok());
    let name = found.find(|name| !name.is_empty())?;
    Some(plain(&name).chars().take(LONGEST_USER).collect())
}

impl Context {
    pub fn new(global: &Global) -> anyhow::Result<Self> {
        let config = settings(global)?.config;
        zone::set(&config);
        Ok(Self {
            config,
            color: global.color,
            config_file: config_file(global)?,
            data: global.data.clone(),
            lang: global.language(),
            actor: Actor::CommandLine(system_user()),
            talks: !global.quiet && matches!(global.log_format, LogFormat::Human),
            opened: Mutex::default(),
        })
    }

    /// Closes the databases that were opened here, also after an error; not when the reader of stdout is gone, which ends
    /// the process.
    pub async fn close(self) {
        let opened = self.opened.into_inner();
        for app in opened.unwrap_or_else(PoisonError::into_inner) {
            app.db.close().await;
        }
    }

    fn opened(&self, app: Arc<App>) -> Arc<App> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.push(Arc::clone(&app));
        app
    }

    /// Opens the data folder with what the operator allows, and creates it when it does not exist.
    pub async fn open(&self, allowed: Allowed) -> Result<Arc<App>, app::Error> {
        let (config, clock) = (self.config.clone(), Clock::system());
        let app = App::open_allowing(&self.data, config, clock, allowed).await?;
        Ok(self.opened(app))
    }

    /// Like [`Context::open`], for the commands with which an installation begins: a mistyped `--data` is seen.
    pub async fn open_or_create(&self, allowed: Allowed) -> Result<Arc<App>, app::Error> {
        let looked = app::look_for_database(&self.data, &self.config).await;
        let is_new = looked.is_ok_and(|is_new| is_new);
        let app = self.open(allowed).await?;
        if is_new && self.talks {
            complain!(self.lang, words::CREATED, path = self.data.display());
        }
        Ok(app)
    }

    /// Opens a data folder that is in use already: a mistyped `--data` is an error, not an empty database.
    pub async fn open_existing(&self, storage: AllowedStorage) -> Result<Arc<App>, app::Error> {
        self.must_exist().await?;
        self.open(allowing(storage)).await
    }

    /// Like [`Context::open_existing`], for a command that only reads: where nothing can be written, it says so and
    /// reads what is there.
    pub async fn open_to_look(&self, storage: AllowedStorage) -> Result<Arc<App>, app::Error> {
        self.must_exist().await?;
        let error = match self.open(allowing(storage)).await {
            Err(error) if may_be_readable(&error) => error,
            opened => return opened,
        };
        let (config, clock) = (self.config.clone(), Clock::system());
        // The second error says more, unless it is the same.
        let app = App::open_to_read(&self.data, config, clock, storage).await?;
        let why = complaint::why(&error, self.lang);
        complain!(self.lang, words::ONLY_READ, why);
        Ok(self.opened(app))
    }

    pub async fn must_exist(&self) -> Result<(), app::Error> {
        app::must_exist(&self.data, &self.config).await
    }
}

fn allowing(storage: AllowedStorage) -> Allowed {
    Allowed {
        storage,
        ..Allowed::default()
    }
}
