//! Records what the program does to its disk.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use wa_sim::Sim;

use super::disk::{Base, History, Unsynced};
use super::log::{self, Record};
use super::steps::{Original, Step};
use crate::database::Database;
use crate::gateway::Answers;
use crate::law::Row;
use crate::machine::{Machine, Tools};
use crate::plan::Plan;
use crate::program::Program;
use crate::run::{self, Setup};
use crate::shim;

/// A run and what the program did in it. The simulated gateway goes on.
pub struct Recording {
    pub plan: Arc<Plan>,
    /// The disk before the first start.
    pub base: Base,
    pub records: Vec<Record>,
    pub original: Original,
    /// The beginnings of the forgotten person's files in base64, as deliveries have them.
    pub inline: Vec<String>,
    machine: Arc<Machine>,
    _sim: Sim,
}

/// The folder of the backup.
pub fn backup(machine: &Machine) -> PathBuf {
    machine.disk().join("backup")
}

impl Recording {
    /// Runs the program from its first start to its last command.
    pub async fn new(plan: Plan, tools: &Tools, scratch: &Path) -> anyhow::Result<Self> {
        let plan = Arc::new(plan);
        let library = shim::recorder(scratch)?;
        let log = Log::new(scratch.join("records"))?;
        let original = Original::new(scratch.join("original"))?;
        let sim = Sim::start().await?;
        let machine = Arc::new(Machine::unmounted(tools)?);
        let program = Program::new(Arc::clone(&machine))?;
        Setup::configure(&machine)?;
        let base = Base::read(&machine.disk())?;
        machine.record(&library, &log.file);
        let setup = Setup::new(&plan, &program, &sim, |what| log.report(what)).await?;
        log.report(log::SET_UP);
        let to = log.clone();
        let acknowledge =
            Arc::new(move |message: &str, media: &str| to.acknowledge(message, media));
        let (answers, rows) = run::deliver(&setup, &plan, &program, acknowledge).await?;
        log.report(log::SERVED);
        let records = log.read()?;
        ensure_complete(&plan, &answers, &records, &rows)?;
        for step in Step::ALL {
            if step == Step::Repair {
                damage(&machine, &log)?;
            }
            step.run(&program, &backup(&machine), &original).await?;
            log.report(step.name());
        }
        let records = log.read()?;
        ensure_reported(&log.reported(), &records)?;
        Ok(Self {
            inline: texts_of_forgotten(&plan, &setup.bodies),
            plan,
            base,
            records,
            original,
            machine,
            _sim: sim,
        })
    }

    /// Fails unless the disk made from all records is the one that the program left: then none is missing.
    pub fn compare(
        &self,
        history: &History<'_>,
        random: &mut fastrand::Rng,
        scratch: &Path,
    ) -> anyhow::Result<()> {
        let again = scratch.join("again");
        history.write(self.records.len(), Unsynced::Kept, random, &again)?;
        let output = Command::new("diff")
            .args(["--recursive", "--brief", "--exclude=*-shm"])
            .args([&self.machine.disk(), &again])
            .output()?;
        ensure!(
            output.status.success(),
            "the records are not complete:\n{}",
            String::from_utf8_lossy(&output.stdout)
        );
        Ok(())
    }
}

/// The log of records, to which the test adds its own.
#[derive(Clone)]
struct Log {
    file: PathBuf,
    reported: Arc<Mutex<Vec<String>>>,
}

impl Log {
    /// An empty one.
    fn new(file: PathBuf) -> anyhow::Result<Self> {
        std::fs::write(&file, "")?;
        let reported = Arc::default();
        Ok(Self { file, reported })
    }

    fn read(&self) -> anyhow::Result<Vec<Record>> {
        log::read(&std::fs::read(&self.file)?)
    }

    /// All that was ever reported.
    fn reported(&self) -> Vec<String> {
        let reported = self.reported.lock();
        reported.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was acknowledged: everything that the answer rests on comes before it.
    fn acknowledge(&self, message: &str, media: &str) {
        self.append_or_lose(&format!("A {message} {media}\n"));
    }

    /// What the program reported as done.
    fn report(&self, what: &str) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        reported.push(what.to_owned());
        self.append_or_lose(&format!("S {what}\n"));
    }

    /// A log that lacks one of these has fewer of them than there must be, which is noticed.
    fn append_or_lose(&self, record: &str) {
        let _ = self.append(record.as_bytes());
    }

    fn append(&self, records: &[u8]) -> anyhow::Result<()> {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new().append(true).open(&self.file)?;
        Ok(file.write_all(records)?)
    }
}

/// Fails unless every message was acknowledged, is in the log, and is stored: of the others nothing can be lost.
fn ensure_complete(
    plan: &Plan,
    answers: &Answers,
    records: &[Record],
    rows: &[Row],
) -> anyhow::Result<()> {
    let is_acknowledged = |record: &&Record| matches!(record, Record::Acknowledged { .. });
    let recorded = records.iter().filter(is_acknowledged).count() as u64;
    let stored = rows.iter().filter(|row| row.is_stored()).count();
    ensure!(answers.wrong.is_empty(), "wrong: {:?}", answers.wrong);
    ensure!(
        answers.accepted > 0 && answers.accepted == plan.posts.len() as u64,
        "{} of {} deliveries were accepted",
        answers.accepted,
        plan.posts.len()
    );
    ensure!(
        recorded == answers.accepted,
        "{recorded} of {} acknowledgements are in the log",
        answers.accepted
    );
    ensure!(
        stored == plan.messages.len() && answers.acknowledged.len() == stored,
        "{stored} media of {} messages are stored, {} are acknowledged",
        plan.messages.len(),
        answers.acknowledged.len()
    );
    Ok(())
}

/// Fails unless all that was reported is in the log: what is not, no disk must have.
fn ensure_reported(reported: &[String], records: &[Record]) -> anyhow::Result<()> {
    let recorded = records.iter().filter_map(|record| match record {
        Record::Reported { what } => Some(what),
        _ => None,
    });
    ensure!(
        recorded.clone().eq(reported),
        "{reported:?} was reported, but the log has {:?}",
        recorded.collect::<Vec<_>>()
    );
    Ok(())
}

/// How much of a text is searched for: no other file begins like that.
const BEGINNING: usize = 400;

/// Of the files that only the forgotten person sent, those that came inside a delivery.
fn texts_of_forgotten(plan: &Plan, bodies: &[serde_json::Value]) -> Vec<String> {
    let text = |body: &serde_json::Value| {
        let text = body["msgContent"]["base64"].as_str()?;
        Some(text.chars().take(BEGINNING).collect::<String>())
    };
    let sent = |is_forgotten: bool| {
        let messages = plan.messages.iter().zip(bodies);
        messages
            .filter(move |(message, _)| message.is_forgotten() == is_forgotten)
            .filter_map(|(_, body)| text(body))
    };
    sent(true)
        .filter(|theirs| sent(false).all(|other| other != *theirs))
        .collect()
}

/// Deletes a stored file, and replaces another by wrong bytes, both durably; other files have the same bytes.
fn damage(machine: &Machine, log: &Log) -> anyhow::Result<()> {
    let stored = Database::at_rest(&machine.data())?.stored;
    let of_client = |path: &str| path.split('/').next().map(str::to_owned);
    let twins: Vec<_> = stored
        .iter()
        .map(|one| {
            let is_twin = |other: &&crate::database::Stored| {
                other.sha256 == one.sha256 && of_client(&other.path) == of_client(&one.path)
            };
            stored.iter().filter(is_twin).collect::<Vec<_>>()
        })
        .max_by_key(Vec::len)
        .context("nothing is stored")?;
    ensure!(twins.len() > 1, "no two stored files have the same bytes");
    for (n, twin) in twins.iter().skip(1).take(2).enumerate() {
        let file = machine.storage().join(&twin.path);
        let path = file.strip_prefix(machine.disk())?.to_string_lossy();
        let folder = file.parent().context("a folder")?;
        let folder = folder.strip_prefix(machine.disk())?.to_string_lossy();
        std::fs::remove_file(&file)?;
        log.append(format!("X {path}\nU {path}\n").as_bytes())?;
        if n == 1 {
            std::fs::write(&file, WRONG)?;
            let inode = inode(&file)?;
            let size = WRONG.len();
            log.append(format!("C {inode} {path}\nW {inode} 0 {size}\n{WRONG}").as_bytes())?;
            log.append(format!("B 0 {inode}\nE 0\n").as_bytes())?;
        }
        log.append(format!("B 0 /{folder}\nE 0\n").as_bytes())?;
        if n == 1 {
            log.report(log::CORRUPT);
        }
    }
    Ok(())
}

/// The bytes of the damaged file.
pub const WRONG: &str = "not what was stored";

#[cfg(unix)]
fn inode(file: &Path) -> anyhow::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(file.metadata()?.ino())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn an_answer_that_does_not_wait_for_a_sync_is_recorded_before_its_end() {
        let scratch = tempfile::tempdir().unwrap();
        let library = shim::recorder(scratch.path()).unwrap();
        let (root, log) = (scratch.path().join("root"), scratch.path().join("log"));
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        let base = Base::read(&root).unwrap();
        let recorded = |command: &str| {
            let mut shell = Command::new("sh");
            shell
                .args(["-c", command])
                .current_dir(&root)
                .env("LD_PRELOAD", &library)
                .env("RECORD_ROOT", &root)
                .env("RECORD_FILE", &log)
                .env("RECORD_SYNC_MS", "1000");
            shell
        };
        let written = recorded("printf x >> file").status().unwrap();
        assert!(written.success());
        let mut sync = recorded("exec sync file").spawn().unwrap();
        let began = Instant::now();
        let has_begun = || {
            let is_sync = |record: &Record| matches!(record, Record::SyncBegan { .. });
            let records = log::read(&std::fs::read(&log).unwrap());
            records.is_ok_and(|records| records.iter().any(is_sync))
        };
        while !has_begun() {
            assert!(began.elapsed() < Duration::from_secs(30), "no sync");
            std::thread::sleep(Duration::from_millis(5));
        }
        let of_test = Log {
            file: log.clone(),
            reported: Arc::default(),
        };
        of_test.acknowledge("MESSAGE", "media");
        assert!(sync.wait().unwrap().success());

        let records = log::read(&std::fs::read(&log).unwrap()).unwrap();
        let answered = records
            .iter()
            .position(|record| matches!(record, Record::Acknowledged { .. }))
            .unwrap();
        let history = History::new(&base, &records);
        for (cut, text) in [(answered + 1, ""), (records.len(), "x")] {
            let disk = scratch.path().join(format!("disk-{cut}"));
            let mut random = fastrand::Rng::with_seed(1);
            history
                .write(cut, Unsynced::Lost, &mut random, &disk)
                .unwrap();
            let found = std::fs::read_to_string(disk.join("file")).unwrap();
            assert_eq!(found, text, "after record {cut} of {records:?}");
        }
    }

    #[test]
    fn a_lost_report_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(folder.path().join("records")).unwrap();
        log.report("client 1");
        log.report(log::SET_UP);
        let records = log.read().unwrap();
        ensure_reported(&log.reported(), &records).unwrap();
        for kept in [&records[..1], &records[1..], &[]] {
            let lost = ensure_reported(&log.reported(), kept).unwrap_err();
            assert!(lost.to_string().contains("was reported"), "{lost}");
        }
        // A log that cannot be written loses reports.
        std::fs::remove_file(&log.file).unwrap();
        log.report(log::SERVED);
        assert!(ensure_reported(&log.reported(), &records).is_err());
    }

    #[test]
    fn texts_that_only_the_forgotten_person_sent_are_searched_for() {
        let plan = Plan::without_faults(1, 4);
        let body = |text: &str| serde_json::json!({"msgContent": {"base64": text}});
        let texts = ["a", "b", "a", "c"].map(body);
        let messages = plan.messages.iter().zip(["a", "b", "a", "c"]);
        let expected: Vec<_> = messages
            .filter(|(message, text)| message.is_forgotten() && *text != "a")
            .map(|(_, text)| text.to_owned())
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(texts_of_forgotten(&plan, &texts), expected);
    }

    #[test]
    fn a_recording_in_which_something_is_not_there_is_refused() {
        let plan = Plan::without_faults(1, 2);
        let row = |n: usize, status: &str| -> Row {
            let media = &plan.messages[n].media;
            serde_json::from_value(serde_json::json!({
                "id": n.to_string(), "instance": media.instance, "message_id": media.message_id, "slot": 0, "status": status,
            }))
            .unwrap()
        };
        let ids = |n: usize| {
            (
                plan.messages[n].media.message_id.clone(),
                [n.to_string()].into(),
            )
        };
        let answers = || Answers {
            acknowledged: [ids(0), ids(1)].into(),
            accepted: plan.posts.len() as u64,
            ..Answers::default()
        };
        let acknowledged = |count: usize| {
            let record = |_| Record::Acknowledged {
                message: String::new(),
                media: String::new(),
            };
            (0..count).map(record).collect::<Vec<_>>()
        };
        let (all, both) = (
            acknowledged(plan.posts.len()),
            [row(0, "stored"), row(1, "stored")],
        );
        ensure_complete(&plan, &answers(), &all, &both).unwrap();
        let refused = |answers: &Answers, records: &[Record], rows: &[Row]| {
            ensure_complete(&plan, answers, records, rows)
                .unwrap_err()
                .to_string()
        };
        let mut wrong = answers();
        wrong.wrong.push("MESSAGE: 404".to_owned());
        assert!(refused(&wrong, &all, &both).contains("404"));
        let none = Answers::default();
        assert!(refused(&none, &[], &both).contains("were accepted"));
        assert!(refused(&answers(), &all[1..], &both).contains("in the log"));
        assert!(refused(&answers(), &all, &both[1..]).contains("are stored"));
        let failed = [row(0, "stored"), row(1, "failed")];
        assert!(refused(&answers(), &all, &failed).contains("are stored"));
        let mut lacks = answers();
        lacks.acknowledged.pop_first();
        assert!(refused(&lacks, &all, &both).contains("are acknowledged"));
    }
}
