//! The settings in force: environment over file over default, and where each value comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Config, Error, accepted, environment, read_text, reading};

/// Where the value of a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    File(PathBuf),
    /// An environment variable of this name.
    Variable(String),
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub config: Config,
    /// By `section.key`; what is not in it has its default.
    sources: BTreeMap<String, Source>,
}

impl Settings {
    /// From a file, if there is one, and the variables of an environment.
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
            for key in reading.keys {
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
