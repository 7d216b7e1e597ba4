//! `doctor`: probes everything that storing media depends on, one line for each result as soon as it is known.

use serde_json::json;

use crate::cli::zone::zone;
use crate::cli::{Context, Ending, Language, answer, ids, summary, tame, words::doctor as texts};
use midiateca_service::clock::Clock;
use midiateca_service::i18n::Reader;
use midiateca_service::i18n::probes::{self, ProbeText};
use midiateca_service::ops::Progress;
use midiateca_service::ops::health::{self, CheckResult, Deps, HealthReport, Verdict};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Look at this instance only
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Ask nothing of the network
    #[arg(long)]
    offline: bool,
    /// Trust the machine's clock as it is now, although it has jumped
    #[arg(long)]
    accept_clock: bool,
    /// Show only what is not fine
    #[arg(long)]
    problems: bool,
}

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let printer = Printer {
        lang: context.lang,
        problems_only: options.problems,
    };
    let deps = Deps {
        data: &context.data,
        config: &context.config,
        clock: &Clock::system(),
    };
    let options = health::Options {
        instance: options.instance,
        offline: options.offline,
        accept_clock: options.accept_clock.then(|| context.actor.clone()),
        quick: false,
    };
    let report = match health::run(deps, &options, &printer).await {
        Ok(report) => report,
        Err(health::Error::Instance { id, source }) => {
            return Err(ids::not_one(context, ids::INSTANCE, &id, source).into());
        }
    };
    printer.finish(&report);
    Ok(Ending::fine_if(report.problem == 0))
}

struct Printer {
    lang: Language,
    problems_only: bool,
}

impl Progress<CheckResult> for Printer {
    fn finding(&self, result: &CheckResult) {
        if !answer::is_json() && self.shows(result) {
            self.print(result);
        }
    }
}

impl Printer {
    fn shows(&self, result: &CheckResult) -> bool {
        !self.problems_only || matches!(result.verdict, Verdict::Warning | Verdict::Problem)
    }

    fn finish(&self, report: &HealthReport) {
        let shown = report.checks.iter().filter(|result| self.shows(result));
        let checks = shown.map(|result| {
            let mut check = json!(result);
            let explanation = probes::explanation(result, self.lang);
            check["error"] = json!(explanation.map(|error| error.code));
            check
        });
        let mut document = json!(report);
        document["checks"] = checks.collect();
        answer::report(document, summary(self.lang, texts::SUMMARY, report));
    }

    fn print(&self, result: &CheckResult) {
        let lang = self.lang;
        let ProbeText {
            probed,
            found,
            hint,
        } = probes::text(Reader::Program, result, lang, zone());
        let hint = hint.map(|hint| format!(" → {}", fill!(lang, texts::HINT, hint)));
        let hint = hint.unwrap_or_default();
        let about = match result.about.as_str() {
            "" => String::new(),
            about => format!("{about}: "),
        };
        let (verdict, style) = match result.verdict {
            Verdict::Ok => (texts::OK, answer::FINE),
            Verdict::Warning => (texts::WARNING, answer::WARNING),
            Verdict::Problem => (texts::PROBLEM, answer::WRONG),
            Verdict::Skipped => (texts::SKIPPED, answer::PLAIN),
        };
        let (verdict, check) = (format!("{:<8}", lang.say(verdict)), result.check.as_str());
        let rest = format!(" {check:<22} {about}{probed}: {found}{hint}");
        // Names, addresses and errors are not trusted.
        let line = answer::fitting(&(verdict.clone() + &tame(&rest)), "         ");
        let rest = line.strip_prefix(&verdict).unwrap_or(&line);
        answer::colored_line(style, &verdict, rest);
    }
}
