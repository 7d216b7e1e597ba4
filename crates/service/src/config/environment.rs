//! Settings from the environment: `MIDIATECA__SECTION__KEY` for each of them, and short names for some.

use serde::Deserialize as _;
use toml::{Table, Value};

use super::{Config, PREFIX, Problem, renamed};

/// Short names, and the keys that they set.
const SHORT: [(&str, &str); 6] = [
    ("MIDIATECA_LISTEN", "http.listen"),
    ("MIDIATECA_PUBLIC_URL", "http.public_url"),
    ("MIDIATECA_DATABASE_URL", "database.url"),
    ("MIDIATECA_STORAGE_URL", "storage.url"),
    ("MIDIATECA_SECRET_KEY_FILE", "secrets.key_file"),
    (
        "MIDIATECA_ADMIN_PASSWORD_FILE",
        "secrets.admin_password_file",
    ),
];

/// A variable that sets a key.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub name: String,
    /// `section.key`.
    pub key: String,
    text: String,
}

/// The variables with a value. An empty one sets nothing. A long name overrides the short one.
pub(super) fn variables(all: impl Iterator<Item = (String, String)>) -> Vec<Variable> {
    let set = all.filter(|(_, text)| !text.is_empty());
    let mut found: Vec<_> = set
        .filter_map(|(name, text)| {
            let short = SHORT.iter().find(|(short, _)| *short == name);
            let key = match short {
                Some((_, key)) => (*key).to_owned(),
                None => {
                    let path = name.strip_prefix(PREFIX)?;
                    path.replacen("__", ".", 1).to_ascii_lowercase()
                }
            };
            Some(Variable { name, key, text })
        })
        .collect();
    found.sort_by_key(|variable| (variable.name.starts_with(PREFIX), variable.name.clone()));
    found
}

impl Config {
    pub(super) fn set(&mut self, variable: &Variable) -> Result<(), Problem> {
        let unknown = || {
            let renamed = renamed::variable(&variable.name, &variable.key, &variable.text);
            renamed.unwrap_or_else(|| Problem::UnknownVariable {
                name: variable.name.clone(),
            })
        };
        let invalid = |detail: String| Problem::Variable {
            name: variable.name.clone(),
            text: variable.text.clone(),
            detail,
        };
        let mut all = Table::try_from(&*self).map_err(|error| invalid(error.to_string()))?;
        let (section, key) = variable.key.split_once('.').ok_or_else(unknown)?;
        let value = all
            .get_mut(section)
            .and_then(|section| section.get_mut(key))
            .ok_or_else(unknown)?;
        *value = typed(&variable.text, value).map_err(invalid)?;
        *self = Self::deserialize(all).map_err(|error| invalid(error.message().to_owned()))?;
        Ok(())
    }
}

/// Parses a value; `current` gives the type. Lists are comma-separated, or written as in the file.
fn typed(text: &str, current: &Value) -> Result<Value, String> {
    let is_list = matches!(current, Value::Array(_));
    match current {
        Value::Array(_) if !text.trim_start().starts_with('[') => {
            let parts = text.split(',').map(str::trim);
            let parts = parts.filter(|part| !part.is_empty());
            Ok(parts.map(Value::from).collect::<Vec<_>>().into())
        }
        Value::Boolean(_) | Value::Integer(_) | Value::Float(_) | Value::Array(_) => {
            let parsed = toml::from_str::<Table>(&format!("value = {}", text.trim()));
            let value = parsed.ok().and_then(|mut table| table.remove("value"));
            value
                .filter(|value| value.is_array() == is_list)
                .ok_or_else(|| format!("{text:?} is no {}", current.type_str()))
        }
        _ => Ok(Value::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{SettingSource, Settings};

    fn with(variables: &[(&str, &str)]) -> Result<Settings, crate::config::Error> {
        let variables = variables
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Settings::read(None, variables)
    }

    #[test]
    fn every_setting_has_a_variable() {
        let defaults = Table::try_from(Config::default()).unwrap();
        for (section, values) in &defaults {
            for (key, value) in values.as_table().unwrap() {
                let name = format!("{PREFIX}{section}__{key}").to_ascii_uppercase();
                let text = match value {
                    Value::String(text) if text.is_empty() => continue,
                    Value::String(text) => text.clone(),
                    other => serde_json::to_string(other).unwrap(),
                };
                let settings = with(&[(&name, &text)]).unwrap();
                assert_eq!(settings.config, Config::default(), "{name}={text}");
                let source = settings.source(section, key);
                assert_eq!(source, &SettingSource::Variable(name.clone()), "{name}");
            }
        }
    }

    #[test]
    fn values_are_read_by_the_type_of_the_setting() {
        let settings = with(&[
            ("MIDIATECA__HTTP__MAX_BODY", "1MiB"),
            ("MIDIATECA__HTTP__LISTEN", "127.0.0.1:1, [::1]:2"),
            ("MIDIATECA__KEEP__GROUPS", "false"),
            ("MIDIATECA__KEEP__KINDS", "image,audio"),
            ("MIDIATECA__WORKER__CONCURRENCY", "7"),
            ("MIDIATECA__WORKER__LEASE", "90s"),
            (
                "MIDIATECA__RETENTION__RULES",
                "[{ kind = 'sticker', older_than = '30d' }]",
            ),
        ]);
        let config = settings.unwrap().config;
        assert_eq!(config.http.max_body.bytes(), 1 << 20);
        assert_eq!(config.http.listen.addresses(), ["127.0.0.1:1", "[::1]:2"]);
        assert!(!config.keep.groups);
        assert_eq!(config.keep.kinds.len(), 2);
        assert_eq!(config.worker.concurrency, 7);
        assert_eq!(config.worker.lease.ms(), 90_000);
        assert_eq!(config.retention.rules.len(), 1);
    }

    #[test]
    fn a_variable_that_sets_nothing_known_or_no_value_of_its_kind_is_refused() {
        for (name, text) in [
            ("MIDIATECA__HTTP__LISTNE", "x"),
            ("MIDIATECA__HTTP", "x"),
            ("MIDIATECA__DOOR__LISTEN", "127.0.0.1:1"),
            ("MIDIATECA__HTTP__MAX_BODY", "many"),
            ("MIDIATECA__KEEP__GROUPS", "perhaps"),
            ("MIDIATECA__WORKER__CONCURRENCY", "7s"),
            ("MIDIATECA__WORKER__CONCURRENCY", "0"),
            ("MIDIATECA_LISTEN", "foo"),
        ] {
            assert!(with(&[(name, text)]).is_err(), "{name}={text}");
        }
        assert!(with(&[("MIDIATECA__HTTP__MAX_BODY", "")]).is_ok());
        assert!(with(&[("MIDIATECA_DATA", "/srv")]).is_ok());
    }

    #[test]
    fn a_variable_with_an_old_key_is_refused_with_its_new_name() {
        for (name, text, expected) in [
            (
                "MIDIATECA__DOOR__LISTEN",
                "0.0.0.0:1",
                "MIDIATECA__HTTP__LISTEN=0.0.0.0:1",
            ),
            (
                "MIDIATECA__HTTP__MAX_BODY_BYTES",
                "1048576",
                "MIDIATECA__HTTP__MAX_BODY=1MiB",
            ),
            (
                "MIDIATECA__FETCH__CONNECT_TIMEOUT_MS",
                "5000",
                "MIDIATECA__FETCH__CONNECT_TIMEOUT=5s",
            ),
        ] {
            let error = with(&[(name, text)]).unwrap_err();
            assert!(format!("{error:?}").contains(expected), "{error:?}");
        }
    }

    #[test]
    fn the_long_name_of_a_variable_wins_over_the_short_one() {
        let settings = with(&[
            ("MIDIATECA__HTTP__PUBLIC_URL", "https://long.example"),
            ("MIDIATECA_PUBLIC_URL", "https://short.example"),
        ])
        .unwrap();
        assert_eq!(settings.config.http.public_url, "https://long.example");
    }
}
