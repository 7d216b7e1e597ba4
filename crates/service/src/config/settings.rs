//! The settings in force (environment over file over default), and the source of each value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use super::{Config, Error, FileProblem, accepted, environment, read_text, reading};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingSource {
    Default,
    File(PathBuf),
    /// The variable's name.
    Variable(String),
}

/// A setting, its value, and where that comes from.
#[derive(Clone, Debug, Serialize)]
pub struct SettingInForce {
    /// `section.key`.
    pub key: String,
    /// As the file has it.
    #[serde(skip)]
    pub text: Value,
    /// In bytes and milliseconds.
    pub value: Value,
    pub source: &'static str,
    /// The path of the file, or the name of the variable.
    pub origin: Option<String>,
}

/// All problems of a file and the environment. That overrides the file, so it is read only when the file is valid.
pub fn check(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Vec<FileProblem>, Error> {
    let problems = file.map_or(Ok(Vec::new()), reading::problems_of_file)?;
    if !problems.is_empty() {
        return Ok(problems);
    }
    let line = None;
    match Settings::read(file, variables) {
        Err(Error::Impossible(problem)) => Ok(vec![FileProblem { line, problem }]),
        read => read.map(|_| Vec::new()),
    }
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub config: Config,
    /// By `section.key`; keys that are missing here have their defaults.
    sources: BTreeMap<String, SettingSource>,
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
                settings
                    .sources
                    .insert(key, SettingSource::File(path.to_owned()));
            }
        }
        for variable in environment::variables(variables) {
            settings.config.set(&variable)?;
            let source = SettingSource::Variable(variable.name);
            settings.sources.insert(variable.key, source);
        }
        settings.config.check()?;
        Ok(settings)
    }

    /// Each setting in the order of the sections.
    pub fn in_force(&self) -> Vec<SettingInForce> {
        let mut shown = self.config.clone();
        shown.database.url = without_password(&shown.database.url);
        let (texts, numbers) = (json!(shown), shown.in_numbers());
        let mut all = Vec::new();
        for (section, values) in texts.as_object().into_iter().flatten() {
            for (key, text) in values.as_object().into_iter().flatten() {
                let (source, origin) = match self.source(section, key) {
                    SettingSource::Default => ("default", None),
                    SettingSource::File(path) => ("file", Some(path.display().to_string())),
                    SettingSource::Variable(name) => ("environment", Some(name.clone())),
                };
                all.push(SettingInForce {
                    key: format!("{section}.{key}"),
                    text: text.clone(),
                    value: numbers[section][key].clone(),
                    source,
                    origin,
                });
            }
        }
        all
    }

    pub fn source(&self, section: &str, key: &str) -> &SettingSource {
        let source = self.sources.get(&format!("{section}.{key}"));
        source.unwrap_or(&SettingSource::Default)
    }
}

/// A URL as it may be shown.
fn without_password(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else {
        return url.to_owned();
    };
    if parsed.password().is_none() || parsed.set_password(Some("***")).is_err() {
        return url.to_owned();
    }
    parsed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_of_the_database_is_shown() {
        let url = "postgres://ana:s3cret@localhost/midiateca";
        let variable = ("MIDIATECA_DATABASE_URL".to_owned(), url.to_owned());
        let settings = Settings::read(None, [variable].into_iter()).unwrap();
        let all = format!("{:?}", settings.in_force());
        assert!(
            all.contains("postgres://ana:***@localhost/midiateca"),
            "{all}"
        );
        assert!(!all.contains("s3cret"), "{all}");
    }
}
