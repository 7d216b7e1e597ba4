//! The settings of a bucket. Credentials come from the environment or a file of their own, and are in no setting, so that no
//! output of settings can have them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::{BucketSettings, ConnectError, Credentials};
use crate::config::{BucketUrl, StorageSettings};

const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN: &str = "AWS_SESSION_TOKEN";

impl Credentials {
    /// From the environment, else from a file with the same names: a line `NAME=value` for each.
    pub(in crate::storage) fn configured(file: &Path) -> Result<Self, ConnectError> {
        if let Some(found) = Self::from_lookup(|name| std::env::var(name).ok()) {
            return Ok(found);
        }
        if file.as_os_str().is_empty() {
            return Err(ConnectError::NoCredentials);
        }
        let unreadable = |source| ConnectError::CredentialsFile {
            path: file.to_owned(),
            source,
        };
        let text = fs::read_to_string(file).map_err(|error| unreadable(Some(error)))?;
        Self::of_lines(&text).ok_or_else(|| unreadable(None))
    }

    fn of_lines(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.starts_with('#'));
        let values: HashMap<_, _> = lines.filter_map(|line| line.split_once('=')).collect();
        Self::from_lookup(|name| {
            let value = values.get(name)?.trim();
            Some(value.trim_matches('"').to_owned())
        })
    }

    fn from_lookup(value: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name| value(name).filter(|text| !text.is_empty());
        Some(Self {
            key_id: set(KEY_ID)?,
            secret: set(SECRET)?,
            session_token: set(TOKEN),
        })
    }
}

impl BucketSettings {
    pub(in crate::storage) fn configured(url: BucketUrl, settings: &StorageSettings) -> Self {
        let ca_file = settings.ca_file.clone();
        Self {
            bucket: url.bucket,
            prefix: url.prefix,
            endpoint: Some(settings.endpoint.clone()).filter(|text| !text.is_empty()),
            region: settings.region.clone(),
            path_style: settings.path_style,
            ca_file: Some(ca_file).filter(|path| !path.as_os_str().is_empty()),
            checksum: settings.checksum,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_from_lines_and_shown_nowhere() {
        let text =
            "# a comment\nAWS_ACCESS_KEY_ID=the-id\n AWS_SECRET_ACCESS_KEY = \"the secret\" \n";
        let found = Credentials::of_lines(&text.replace(" = ", "=")).unwrap();
        assert_eq!(
            (found.key_id.as_str(), found.secret.as_str()),
            ("the-id", "the secret")
        );
        assert_eq!(found.session_token, None);
        let shown = format!("{found:?}");
        assert!(!shown.contains("the"), "{shown}");
        assert_eq!(Credentials::of_lines("AWS_ACCESS_KEY_ID=the-id"), None);
        let missing = Credentials::of_lines("AWS_ACCESS_KEY_ID=\nAWS_SECRET_ACCESS_KEY=x");
        assert_eq!(missing, None);
    }
}
