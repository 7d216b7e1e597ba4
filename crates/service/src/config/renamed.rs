//! Keys of earlier versions and their new names. No release had them. A file that still has one is refused, and the
//! error contains the new line.

use toml::de::DeValue;

use super::{PREFIX, Problem, Size, Span};
use crate::clock::{DAY, MINUTE, Millis};

/// The unit that an old key had in its name.
#[derive(Clone, Copy)]
enum Unit {
    Bytes,
    Milliseconds,
    Minutes,
    Days,
    None,
}

/// Old key, new key, and the unit of the old value. `http` keys are looked up under `door` too.
const RENAMED: &[(&str, &str, Unit)] = &[
    ("http.max_body_bytes", "http.max_body", Unit::Bytes),
    ("http.max_bodies_bytes", "http.max_bodies", Unit::Bytes),
    (
        "http.header_timeout_ms",
        "http.header_timeout",
        Unit::Milliseconds,
    ),
    (
        "http.body_timeout_ms",
        "http.body_timeout",
        Unit::Milliseconds,
    ),
    (
        "http.write_timeout_ms",
        "http.write_timeout",
        Unit::Milliseconds,
    ),
    ("http.min_bytes_per_second", "http.min_rate", Unit::Bytes),
    (
        "http.idle_timeout_ms",
        "http.idle_timeout",
        Unit::Milliseconds,
    ),
    ("keep.max_bytes", "keep.max_size", Unit::Bytes),
    ("worker.lease_ms", "worker.lease", Unit::Milliseconds),
    ("worker.drain_ms", "worker.drain", Unit::Milliseconds),
    (
        "fetch.connect_timeout_ms",
        "fetch.connect_timeout",
        Unit::Milliseconds,
    ),
    (
        "fetch.call_timeout_ms",
        "fetch.call_timeout",
        Unit::Milliseconds,
    ),
    (
        "fetch.idle_timeout_ms",
        "fetch.idle_timeout",
        Unit::Milliseconds,
    ),
    ("fetch.min_bytes_per_second", "fetch.min_rate", Unit::Bytes),
    ("fetch.max_file_bytes", "fetch.max_file", Unit::Bytes),
    ("fetch.tries", "fetch.attempts", Unit::None),
    (
        "fetch.retry_wait_ms",
        "fetch.retry_wait",
        Unit::Milliseconds,
    ),
    (
        "database.busy_timeout_ms",
        "database.busy_timeout",
        Unit::Milliseconds,
    ),
    (
        "storage.pause_below_bytes",
        "storage.pause_below",
        Unit::Bytes,
    ),
    (
        "storage.resume_above_bytes",
        "storage.resume_above",
        Unit::Bytes,
    ),
    ("retention.every_minutes", "retention.every", Unit::Minutes),
    (
        "retention.deliveries_days",
        "retention.deliveries",
        Unit::Days,
    ),
    ("retention.events_days", "retention.events", Unit::Days),
    ("retention.attempts_days", "retention.attempts", Unit::Days),
    (
        "retention.rules.older_than_days",
        "retention.rules.older_than",
        Unit::Days,
    ),
    (
        "retention.rules.larger_than_bytes",
        "retention.rules.larger_than",
        Unit::Bytes,
    ),
    (
        "retention.rules.total_over_bytes",
        "retention.rules.total_over",
        Unit::Bytes,
    ),
];

/// The name of today for a key of an earlier version, and the unit that its name had.
fn current(path: &str) -> Option<(String, Unit)> {
    let (section, key) = path.split_once('.').unwrap_or((path, ""));
    let current = match section {
        "door" => format!("http.{key}"),
        _ => path.to_owned(),
    };
    let found = RENAMED.iter().find(|(old, ..)| *old == current);
    match found {
        Some((_, new, unit)) => Some(((*new).to_owned(), *unit)),
        None => (section == "door").then_some((current, Unit::None)),
    }
}

/// The replacement for a variable with the key of an earlier version.
pub(super) fn variable(name: &str, path: &str, text: &str) -> Option<Problem> {
    let (new, unit) = current(path)?;
    let name_of = |key: &str| format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase());
    let value = unit.written(text).unwrap_or_else(|| text.to_owned());
    Some(Problem::Renamed {
        line: format!("{}={value}", name_of(&new)),
        old: name.to_owned(),
        new: name_of(&new),
    })
}

/// The replacement for `path`, a key of an earlier version.
pub(super) fn problem(path: &str, value: &DeValue<'_>, written: &str) -> Option<Problem> {
    let (new, unit) = current(path)?;
    let name = new.rsplit('.').next().unwrap_or(&new);
    let value = rewritten(value, unit).unwrap_or_else(|| written.trim().to_owned());
    Some(Problem::Renamed {
        line: format!("{name} = {value}"),
        old: path.to_owned(),
        new,
    })
}

fn rewritten(value: &DeValue<'_>, unit: Unit) -> Option<String> {
    let DeValue::Integer(number) = value else {
        return None;
    };
    let text = unit.written(number.as_str())?;
    Some(format!("{text:?}"))
}

impl Unit {
    /// A number of this unit as it is written today.
    fn written(self, number: &str) -> Option<String> {
        let number = number.replace('_', "").parse::<Millis>().ok()?;
        let span = |length: Millis| Span::from_ms(number.saturating_mul(length)).to_string();
        match self {
            Self::Bytes => Some(Size::from_bytes(number.unsigned_abs()).to_string()),
            Self::Milliseconds => Some(span(1)),
            Self::Minutes => Some(span(MINUTE)),
            Self::Days => Some(span(DAY)),
            Self::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FileProblem;
    use crate::config::{Config, problems};

    #[test]
    fn every_old_key_is_refused_with_its_new_name() {
        for (old, new, _) in RENAMED {
            let (table, key) = old.rsplit_once('.').unwrap();
            let table = match table {
                "retention.rules" => "[[retention.rules]]".to_owned(),
                table => format!("[{table}]"),
            };
            let found = problems(&format!("{table}\n{key} = 7\n"));
            let is_named = |found: &FileProblem| matches!(&found.problem, Problem::Renamed { old: found, new: named, .. } if found == old && named == new);
            assert!(found.iter().any(is_named), "{old}: {found:?}");
        }
    }

    #[test]
    fn every_new_name_is_a_key_of_today() {
        let today = toml::Table::try_from(Config::default()).unwrap();
        for (_, new, _) in RENAMED {
            let parts: Vec<_> = new.split('.').collect();
            match parts[..] {
                [section, key] => assert!(today[section].get(key).is_some(), "{new}"),
                [.., key] => {
                    let rule = format!("[[retention.rules]]\n{key} = \"7\"\n");
                    let unknown =
                        |problem: &FileProblem| problem.to_string().contains("unknown field");
                    assert!(!problems(&rule).iter().any(unknown), "{new}");
                }
                [] => unreachable!("a key has a name"),
            }
        }
    }

    #[test]
    fn the_hint_says_the_value_in_its_new_form() {
        for (text, expected) in [
            (
                "[door]\nmax_body_bytes = 134_217_728\n",
                "max_body = \"128MiB\"",
            ),
            ("[door]\nlisten = 'x:1'\n", "listen = 'x:1'"),
            ("[worker]\nlease_ms = 60000\n", "lease = \"1m\""),
            (
                "[retention]\ndeliveries_days = 30\n",
                "deliveries = \"30d\"",
            ),
            ("[retention]\nevery_minutes = 10\n", "every = \"10m\""),
            ("[fetch]\ntries = 3\n", "attempts = 3"),
        ] {
            match &problems(text)[..] {
                [
                    FileProblem {
                        line: Some(_),
                        problem: Problem::Renamed { line, .. },
                    },
                ] => assert_eq!(line, expected),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
