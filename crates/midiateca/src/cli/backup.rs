//! `backup`: see [`backup`]. What to keep in mind about it goes to stderr.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::{Context, Ending, Items, Language, plain, summary, words::backup as words};
use midiateca_service::clock::Clock;
use midiateca_service::ops::Problem;
use midiateca_service::ops::backup::{self, BackupFinding, Deps, Error, KeyState, Report};
use midiateca_service::shutdown::Shutdown;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder of the backup: a new or empty one, or that of an earlier backup, which is updated
    #[arg(value_name = "TARGET")]
    target: PathBuf,
    /// Copy the key too, which decrypts the gateway tokens
    #[arg(long)]
    with_key: bool,
    /// Delete files from the backup that the database no longer has, such as those of an erased person
    #[arg(long)]
    prune: bool,
    /// Read the files that are already in the backup, and replace corrupt ones
    #[arg(long)]
    verify: bool,
}

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let (lang, config, data) = (context.lang, &context.config, &context.data);
    context.must_exist().await?;
    let has_earlier = backup::is_complete(&options.target);
    let deps = Deps {
        data,
        config,
        config_file: context.config_file.as_deref(),
        clock: &Clock::system(),
    };
    let target = options.target.clone();
    let order = backup::Options {
        target: options.target,
        verify: options.verify,
        prune: options.prune,
        with_key: options.with_key,
    };
    let line = move |finding: &BackupFinding| line(finding, lang);
    let findings = Arc::new(Items::findings(line));
    let cancelled = Shutdown::default().token_with_signals();
    let report = backup::run(deps, order, findings.clone(), cancelled).await;
    let report = report.map_err(|error| explained(error, &target, has_earlier, lang))?;
    findings.finish(&report, &sum(&report, has_earlier, lang));
    remind(&report, &config.key_file(data), lang);
    Ok(Ending::fine_if(report.is_clean()))
}

fn line(finding: &BackupFinding, lang: Language) -> String {
    let problem = lang.say(match (finding.problem, finding.kept) {
        (Problem::Missing, false) => words::MISSING,
        (Problem::Missing, true) => words::MISSING_KEPT,
        (_, false) => words::CORRUPT,
        (_, true) => words::CORRUPT_KEPT,
    });
    let path = plain(&finding.path);
    format!("{problem}\tmedia_storage/{path}\t{}", finding.media)
}

fn explained(error: Error, target: &Path, has_earlier: bool, lang: Language) -> anyhow::Error {
    if !error.is_failure() {
        return error.into();
    }
    let outcome = lang.say(if has_earlier {
        words::NOT_RENEWED
    } else {
        words::NOT_WRITTEN
    });
    match error {
        Error::Io { source, .. } if is_full(&source) => {
            let full = fill!(lang, words::FULL, path = target.display());
            anyhow::Error::new(source).context(full).context(outcome)
        }
        error => anyhow::Error::new(error).context(outcome),
    }
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

fn sum(report: &Report, has_earlier: bool, lang: Language) -> String {
    let key = match (report.stopped, has_earlier) {
        (false, _) => words::SUM,
        (true, true) => words::STOPPED_BEFORE,
        (true, false) => words::STOPPED,
    };
    let sum = summary(lang, key, &report.files);
    if report.stopped {
        return sum;
    }
    format!("{}: {sum}", report.target.display())
}

fn remind(report: &Report, key_file: &Path, lang: Language) {
    if let Some(key) = report.key {
        let text = match key {
            KeyState::Included => words::KEY_HERE,
            KeyState::NotIncluded => words::KEY_ELSEWHERE,
            KeyState::Other => words::KEY_OTHER,
            KeyState::Missing => words::KEY_ABSENT,
        };
        complain!(lang, text, key = key_file.display());
    }
    if let Some(bucket) = &report.bucket {
        let target = report.target.join("media_storage");
        complain!(
            lang,
            words::FILES_IN_BUCKET,
            bucket,
            target = target.display()
        );
    }
    let files = &report.files;
    if files.pruned > 0 {
        complain!(lang, words::PRUNED, count = files.pruned);
    } else if files.surplus > 0 {
        complain!(lang, words::SURPLUS, count = files.surplus);
    }
    let settings = report.manifest.as_ref().and_then(|it| it.settings.as_ref());
    if let Some(name) = settings.filter(|name| *name != "midiateca.toml") {
        complain!(lang, words::SETTINGS_ELSEWHERE, name);
    }
}
