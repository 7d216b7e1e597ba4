//! `scrub`: whether the stored files are still the ones that were stored, see [`verify`].

use std::sync::Arc;

use crate::cli::{
    Context, Ending, Items, Language, ids, plain, result, summary, words::scrub as words, zone,
};
use midiateca_service::app::AllowedStorage;
use midiateca_service::config::Since;
use midiateca_service::media::Filter;
use midiateca_service::model::MediaId;
use midiateca_service::ops::Problem;
use midiateca_service::ops::verify::{self, OrphanSearch, RepairReport, Report, VerifyFinding};

const MEGABYTE: u64 = 1_000_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only files of this instance
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Only files received since then: a day such as 2026-11-24, a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Continue where the last run was stopped; newer files are left to the next whole run
    #[arg(long, conflicts_with = "since")]
    resume: bool,
    /// The most megabytes to read per second; 0 for no limit
    #[arg(long, value_name = "MB", default_value_t = 0)]
    rate: u64,
    /// Repair what can be repaired: a missing or corrupt file from another copy or by downloading it again; corrupt and
    /// orphaned files are moved to quarantine, nothing is deleted
    #[arg(long)]
    repair: bool,
    /// Repair even if more than half of the files, or all of one folder, are missing
    #[arg(long, requires = "repair")]
    even_if_most_are_missing: bool,
    /// Repair even if more than 20 files, and more than a tenth of all, are orphaned
    #[arg(long, requires = "repair")]
    even_if_many_are_orphaned: bool,
}

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    // Missing files may mean that the whole storage is.
    let allowed = if options.even_if_most_are_missing {
        AllowedStorage::Lost
    } else {
        AllowedStorage::None
    };
    let app = if options.repair {
        context.open_existing(allowed).await?
    } else {
        context.open_to_look(allowed).await?
    };
    let instance = ids::check_instance(context, &app, options.instance.as_deref()).await?;
    let now = app.clock.now();
    let order = verify::Options {
        filter: Filter {
            instance,
            since: options.since.map(|since| since.at(now, zone::zone())),
            ..Filter::default()
        },
        resume: options.resume,
        bytes_per_second: Some(options.rate.saturating_mul(MEGABYTE)),
        repair: options.repair.then_some(verify::RepairOptions {
            even_if_most_are_missing: options.even_if_most_are_missing,
            even_if_many_are_orphaned: options.even_if_many_are_orphaned,
            actor: context.actor.clone(),
        }),
    };
    let lang = context.lang;
    let line = move |finding: &VerifyFinding| line(finding, lang);
    let findings = Arc::new(Items::findings(line));
    let cancelled = app.shutdown.token_with_signals();
    let report = verify::run(app.file_deps(), order, findings.clone(), cancelled).await?;
    findings.finish(&report, &sum(&report, lang));
    hint(&report, options.resume, lang);
    Ok(Ending::fine_if(report.is_clean()))
}

fn line(finding: &VerifyFinding, lang: Language) -> String {
    let id = finding.media.as_ref().map_or("-", MediaId::as_str);
    let line = problem_line(finding.problem, &finding.path, id, lang);
    match finding.repair {
        Some(repaired) => format!("{line}\t{}", result(lang, "repair", repaired, &[])),
        None => line,
    }
}

/// A stored file with a problem. `path` is below the storage root.
pub(super) fn problem_line(problem: Problem, path: &str, id: &str, lang: Language) -> String {
    let problem = result(lang, "problem", problem, &[]);
    format!("{problem}\tmedia_storage/{}\t{id}", plain(path))
}

fn sum(report: &Report, lang: Language) -> String {
    let sum = summary(lang, words::SUM, report);
    match &report.repair {
        Some(repair) => format!("{sum}\n{}", repair_sum(repair, lang)),
        None => sum,
    }
}

fn repair_sum(repair: &RepairReport, lang: Language) -> String {
    let restored = repair.restored + repair.found;
    let quarantine = match repair.quarantined {
        0 => lang.say(words::QUARANTINE).to_owned(),
        _ => format!("media_storage/{}", repair.quarantine),
    };
    fill!(
        lang,
        words::SUM_REPAIRED,
        restored,
        queued = repair.queued,
        unrecoverable = repair.unrecoverable,
        quarantined = repair.quarantined,
        quarantine
    )
}

fn hint(report: &Report, was_to_resume: bool, lang: Language) {
    let failed = report.repair.as_ref().map_or(0, |repair| repair.failed);
    if failed > 0 {
        complain!(lang, words::NOT_REPAIRED, failed);
    }
    let is_repairable = report.repair.is_none() && !report.is_clean() && !report.stopped;
    for (applies, text) in [
        (was_to_resume && !report.resumed, words::NOTHING_TO_RESUME),
        (
            report.orphan_search == OrphanSearch::FilesInUse,
            words::FILES_IN_USE,
        ),
        (is_repairable, words::HOW_TO_REPAIR),
        (report.stopped, words::STOPPED),
    ] {
        if applies {
            complain!(lang, text);
        }
    }
}
