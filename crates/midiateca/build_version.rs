//! What `--version` says besides the number: the commit and its date, or `SOURCE_DATE_EPOCH`, or `unknown`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Sets `MIDIATECA_VERSION` for the compiler. Asks cargo to look again only when another commit is checked out.
pub fn emit(workspace: &Path) {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let commit = commit(workspace);
    let epoch = std::env::var("SOURCE_DATE_EPOCH");
    let epoch = epoch
        .ok()
        .and_then(|seconds| day(seconds.trim().parse().ok()?));
    let (hash, date) = match commit {
        Some((hash, date)) => (hash, epoch.or(Some(date))),
        None => ("unknown".to_owned(), epoch),
    };
    let suffix = match date {
        Some(date) => format!("{hash} {date}"),
        None => hash,
    };
    let number = std::env::var("CARGO_PKG_VERSION").expect("set by cargo");
    println!("cargo::rustc-env=MIDIATECA_VERSION={number} ({suffix})");
}

/// The short hash and the day (UTC) of the commit, unless the sources are in no repository or in that of another
/// project.
fn commit(workspace: &Path) -> Option<(String, String)> {
    let top = PathBuf::from(git(workspace, &["rev-parse", "--show-toplevel"])?);
    if top.canonicalize().ok()? != workspace.canonicalize().ok()? {
        return None;
    }
    watch(workspace);
    let format = [
        "log",
        "-1",
        "--format=%h %cd",
        "--date=format-local:%Y-%m-%d",
    ];
    let line = git(workspace, &format)?;
    let (hash, date) = line.split_once(' ')?;
    Some((hash.to_owned(), date.to_owned()))
}

/// The files that change with the commit: a path that does not exist would make every build run this again.
fn watch(workspace: &Path) {
    let mut names = vec!["HEAD".to_owned(), "packed-refs".to_owned()];
    names.extend(git(workspace, &["symbolic-ref", "-q", "HEAD"]));
    for name in names {
        let Some(path) = git(workspace, &["rev-parse", "--git-path", &name]) else {
            continue;
        };
        let path = workspace.join(path);
        if path.is_file() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
}

fn git(workspace: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    let git = git.current_dir(workspace).env("TZ", "UTC").args(arguments);
    let output = git.output().ok().filter(|output| output.status.success())?;
    let line = String::from_utf8(output.stdout).ok()?;
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// The day of a point in time, by the algorithm `civil_from_days` of Howard Hinnant.
fn day(seconds: i64) -> Option<String> {
    let days = seconds.div_euclid(86_400).checked_add(719_468)?;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}
