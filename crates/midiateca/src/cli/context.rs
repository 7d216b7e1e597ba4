//! What every command needs: the data folder, the settings in force, the language.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::color::Color;
use super::complaint;
use super::language::Language;
use super::words::context as words;
use super::{Global, LogFormat, zone};
use midiateca_service::app::{self, Allowed, AllowedStorage, App, may_be_readable};
use midiateca_service::clock::Clock;
use midiateca_service::config::{Config, Settings};

/// Why a command cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A mistyped `--data`, or a new one.
    #[error("no data in {path}")]
    NoData { path: PathBuf },
}

pub(crate) struct Context {
    pub data: PathBuf,
    pub config: Config,
    pub config_file: Option<PathBuf>,
    pub lang: Language,
    pub json: bool,
    pub color: Color,
    /// Whether stderr may have lines for people among the log lines.
    pub talks: bool,
}

/// The file that is read, if any.
pub(crate) fn config_file(global: &Global) -> Option<PathBuf> {
    let usual = global.data.join("midiateca.toml");
    let given = global.config.clone();
    given.or_else(|| usual.is_file().then_some(usual))
}

/// The settings in force, with where each value comes from.
pub(crate) fn settings(global: &Global) -> Result<Settings, midiateca_service::config::Error> {
    // No setting is a variable that is not UTF-8.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Settings::read(config_file(global).as_deref(), variables)
}

/// The settings in force: environment over file over default.
pub(crate) fn config_in_force(global: &Global) -> Result<Config, midiateca_service::config::Error> {
    Ok(settings(global)?.config)
}

impl Context {
    pub fn new(global: &Global) -> Result<Self, midiateca_service::config::Error> {
        let config = config_in_force(global)?;
        zone::set(&config);
        Ok(Self {
            config,
            color: global.color,
            config_file: config_file(global),
            data: global.data.clone(),
            lang: global.language(),
            json: global.json,
            talks: !global.quiet && matches!(global.log_format, LogFormat::Human),
        })
    }

    /// Opens the data folder, and creates it when it does not exist.
    pub async fn open(&self) -> Result<Arc<App>, midiateca_service::app::Error> {
        App::open(&self.data, self.config.clone(), Clock::system()).await
    }

    /// Like [`Context::open`], with what the operator allows.
    pub async fn open_allowing(
        &self,
        allowed: Allowed,
    ) -> Result<Arc<App>, midiateca_service::app::Error> {
        App::open_allowing(&self.data, self.config.clone(), Clock::system(), allowed).await
    }

    /// Opens a data folder that is in use already: a mistyped `--data` is an error, not an empty database.
    pub async fn open_existing(&self) -> anyhow::Result<Arc<App>> {
        self.open_existing_allowing(AllowedStorage::None).await
    }

    /// Like [`Context::open_existing`], with another storage than the right one.
    pub async fn open_existing_allowing(
        &self,
        storage: AllowedStorage,
    ) -> anyhow::Result<Arc<App>> {
        self.must_exist(&self.config.database_file(&self.data))?;
        let allowed = Allowed {
            storage,
            ..Allowed::default()
        };
        Ok(self.open_allowing(allowed).await?)
    }

    /// Like [`Context::open_existing`], for a command that only reads: where nothing can be written, it says so and
    /// reads what is there.
    pub async fn open_to_look(&self, storage: AllowedStorage) -> anyhow::Result<Arc<App>> {
        self.must_exist(&self.config.database_file(&self.data))?;
        let allowed = Allowed {
            storage,
            ..Allowed::default()
        };
        let error = match self.open_allowing(allowed).await {
            Ok(app) => return Ok(app),
            Err(error) if !may_be_readable(&error) => return Err(error.into()),
            Err(error) => error,
        };
        let (config, clock) = (self.config.clone(), Clock::system());
        match App::open_to_read(&self.data, config, clock, storage).await {
            Ok(app) => {
                let why = complaint::why(&error, self.lang);
                eprintln!("{}", self.lang.fill(words::ONLY_READ, &[("why", &why)]));
                Ok(app)
            }
            // The second error says more, unless it is the same.
            Err(unreadable) => Err(unreadable.into()),
        }
    }

    /// Refuses when there is no database.
    pub fn must_exist(&self, database: &Path) -> anyhow::Result<()> {
        let path = self.data.clone();
        let is_absent = app::look_for_database(&self.data, &self.config);
        if is_absent.map_err(app::Error::from)? {
            return Err(Error::NoData { path }.into());
        }
        match std::fs::metadata(database) {
            Ok(found) if found.is_file() => Ok(()),
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(midiateca_service::app::Error::Folder { path, source }.into())
            }
            _ => Err(Error::NoData { path }.into()),
        }
    }
}
