//! The settings in force (environment over file over default), and the source of each value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Config, Error, accepted, environment, read_text, reading};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    File(PathBuf),
    /// The variable's name.
    Variable(String),
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub config: Config,
    /// By `section.key`; keys that are missing here have their defaults.
    sources: BTreeMap<String, Source>,
}

impl Settings {
    /// Reads an optional file and the environment.
    pub fn read(
        file: Option<&Path>,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let mut settings = Self {
            config: Config::default(),
            sources: BTreeMap::new(),
        };
        if let Some(path) = file {
            let reading = accepted(reading::read(&read_text(path)?), path)?;
            settings.config = reading.config;
            for (key, _) in reading.keys {
                settings.sources.insert(key, Source::File(path.to_owned()));
            }
        }
        for variable in environment::variables(variables) {
            settings.config.set(&variable)?;
            let source = Source::Variable(variable.name);
            settings.sources.insert(variable.key, source);
        }
        settings.config.check()?;
        Ok(settings)
    }

    pub fn source(&self, section: &str, key: &str) -> &Source {
        let source = self.sources.get(&format!("{section}.{key}"));
        source.unwrap_or(&Source::Default)
    }
}
