use futures_util::FutureExt as _;

use super::turns::MOST_WAITING;
use super::*;
use crate::clock::MINUTE;

/// A work on a file of its own.
fn work(kind: WorkKind, client: i64, file: u8) -> Work {
    let mut sha256 = [0; 32];
    sha256[0] = file;
    Work {
        kind,
        client,
        sha256,
        is_repeat: false,
    }
}

fn schedule() -> (Schedule, Clock) {
    let clock = Clock::fixed(1);
    (Schedule::new(clock.clone()), clock)
}

fn now(entering: impl Future<Output = Option<Place>>) -> Option<Place> {
    entering.now_or_never().flatten()
}

fn begin(schedule: &Schedule, work: Work) -> Place {
    now(schedule.enter(work)).unwrap()
}

fn time_out(schedule: &Schedule, kind: WorkKind, client: i64) {
    begin(schedule, work(kind, client, 200)).end(Ended::TimedOut);
}

/// The clients in the order in which their waiting work begins, when each ends before the next.
fn order(schedule: &Schedule, first: Place, asked: &[Work]) -> Vec<i64> {
    let mut waiting: Vec<_> = asked
        .iter()
        .map(|work| (work.client, schedule.enter(*work).boxed()))
        .collect();
    for (_, one) in &mut waiting {
        assert!(one.now_or_never().is_none());
    }
    let (mut order, mut place) = (Vec::new(), Some(first));
    while let Some(ending) = place.take() {
        ending.end(Ended::InTime);
        let began = waiting
            .iter_mut()
            .enumerate()
            .find_map(|(index, (_, one))| Some((index, one.now_or_never()?)));
        if let Some((index, begins)) = began {
            order.push(waiting.remove(index).0);
            place = begins;
        }
    }
    order
}

#[tokio::test]
async fn no_kind_of_work_waits_for_another() {
    let (schedule, _) = schedule();
    let mut places = Vec::new();
    for kind in WorkKind::ALL {
        for n in 0..kind.places() {
            let file = u8::try_from(places.len()).unwrap();
            let began = now(schedule.enter(work(kind, 1, file)));
            places.push(began.unwrap_or_else(|| panic!("{kind:?} {n}")));
        }
        assert!(!schedule.has_place(kind), "{kind:?}");
        assert!(now(schedule.enter(work(kind, 2, 100))).is_none());
    }
}

#[tokio::test]
async fn clients_take_turns_however_many_files_one_has() {
    let (schedule, _) = schedule();
    let kind = WorkKind::Transcribe;
    let first = begin(&schedule, work(kind, 1, 0));
    let mut asked: Vec<_> = (1..=4).map(|file| work(kind, 1, file)).collect();
    asked.extend([work(kind, 2, 1), work(kind, 3, 1), work(kind, 2, 2)]);
    assert_eq!(order(&schedule, first, &asked), [2, 3, 1, 2, 1, 1, 1]);
}

#[tokio::test]
async fn a_client_that_has_a_place_waits_for_one_that_has_none() {
    let (schedule, _) = schedule();
    let kind = WorkKind::Frame;
    let (kept, ends) = (
        begin(&schedule, work(kind, 1, 0)),
        begin(&schedule, work(kind, 2, 0)),
    );
    // Its last turn was earlier than that of 2.
    let mut of_first = schedule.enter(work(kind, 1, 1)).boxed();
    let mut of_second = schedule.enter(work(kind, 2, 1)).boxed();
    assert!((&mut of_first).now_or_never().is_none() && (&mut of_second).now_or_never().is_none());
    ends.end(Ended::InTime);
    assert!((&mut of_first).now_or_never().is_none());
    assert!(of_second.now_or_never().flatten().is_some());
    drop(kept);
    assert!(of_first.now_or_never().flatten().is_some());
}

#[tokio::test]
async fn repeats_and_files_of_a_client_that_timed_out_leave_a_place_to_others() {
    let (schedule, _) = schedule();
    let kind = WorkKind::Scan;
    time_out(&schedule, kind, 1);
    let repeat = Work {
        is_repeat: true,
        ..work(kind, 2, 9)
    };
    for slow in [work(kind, 1, 1), repeat] {
        let _place = begin(&schedule, slow);
        let other = Work {
            sha256: [7; 32],
            ..slow
        };
        assert!(now(schedule.enter(other)).is_none());
        assert!(
            schedule
                .choose(&[other, repeat, work(kind, 1, 2)])
                .is_none()
        );
        let (index, _) = schedule.choose(&[other, work(kind, 3, 1)]).unwrap();
        assert_eq!(index, 1);
    }
    // It runs alone where there is one place only.
    let only = Work {
        kind: WorkKind::Transcribe,
        ..repeat
    };
    assert!(now(schedule.enter(only)).is_some());
}

#[tokio::test]
async fn a_file_is_worked_on_once_at_a_time() {
    let (schedule, _) = schedule();
    let file = |kind| work(kind, 1, 1);
    let (scan, frame, transcribe) = (WorkKind::Scan, WorkKind::Frame, WorkKind::Transcribe);
    // Two media of a client may have the same bytes.
    let (_, scanning) = schedule.choose(&[file(scan)]).unwrap();
    assert!(schedule.choose(&[file(scan)]).is_none());
    let mut preview = schedule.enter(file(frame)).boxed();
    assert!((&mut preview).now_or_never().is_none());
    // Others have the same bytes, and other files are free.
    let others = [work(frame, 2, 1), work(frame, 1, 2)].map(|other| now(schedule.enter(other)));
    assert!(others.iter().all(Option::is_some));
    drop(others);
    // A transcript does not keep its sound from being played.
    let _transcribing = begin(&schedule, file(transcribe));
    assert!(schedule.choose(&[file(transcribe)]).is_none());
    scanning.end(Ended::InTime);
    let preview = preview.now_or_never().flatten().unwrap();
    assert!(schedule.choose(&[file(scan)]).is_none());
    drop(preview);
    assert!(schedule.choose(&[file(scan)]).is_some());
}

#[tokio::test]
async fn a_paused_program_refuses_at_once_and_tries_one_file_later() {
    let (schedule, clock) = schedule();
    let kind = WorkKind::Frame;
    let pauses = schedule.pauses();
    for client in [1, 2] {
        time_out(&schedule, kind, client);
    }
    let last = begin(&schedule, work(kind, 1, 1));
    let _other = begin(&schedule, work(kind, 3, 1));
    let mut waiting = schedule.enter(work(kind, 3, 2)).boxed();
    assert!((&mut waiting).now_or_never().is_none());
    assert!(pauses.borrow().is_empty());
    last.end(Ended::TimedOut);
    assert!(matches!(waiting.now_or_never(), Some(None)));
    assert!(matches!(
        schedule.enter(work(kind, 4, 1)).now_or_never(),
        Some(None)
    ));
    assert!(!schedule.has_place(kind) && schedule.has_place(WorkKind::Sound));
    let pause = pauses.borrow().clone();
    assert_eq!((pause[0].client, pause[0].until), (None, 1 + MINUTE));
    drop(_other);
    clock.advance(MINUTE);
    let trial = begin(&schedule, work(kind, 4, 1));
    let mut second = schedule.enter(work(kind, 5, 1)).boxed();
    assert!((&mut second).now_or_never().is_none());
    assert_eq!(*pauses.borrow(), pause);
    trial.end(Ended::InTime);
    assert!(pauses.borrow().is_empty());
    assert!(second.now_or_never().flatten().is_some());
}

#[tokio::test]
async fn hostile_files_of_a_client_pause_its_own_work_only() {
    let (schedule, _) = schedule();
    let kind = WorkKind::Scan;
    for _ in 0..3 {
        time_out(&schedule, kind, 1);
    }
    assert!(schedule.is_paused(kind, 1) && !schedule.is_paused(kind, 2));
    let works = [work(kind, 1, 1), work(kind, 2, 1)];
    let (index, _place) = schedule.choose(&works).unwrap();
    assert_eq!(index, 1);
    assert!(schedule.choose(&works).is_none());
}

#[tokio::test]
async fn a_bounded_number_waits_and_a_client_with_fewer_goes_first() {
    let (schedule, _) = schedule();
    let kind = WorkKind::Transcribe;
    let place = begin(&schedule, work(kind, 1, 0));
    let mut waiting: Vec<_> = (0..MOST_WAITING)
        .map(|_| schedule.enter(work(kind, 1, 1)).boxed())
        .collect();
    for one in &mut waiting {
        assert!(one.now_or_never().is_none());
    }
    let full = schedule.enter(work(kind, 1, 1)).now_or_never();
    assert!(matches!(full, Some(None)));
    let mut other = schedule.enter(work(kind, 2, 1)).boxed();
    assert!((&mut other).now_or_never().is_none());
    let newest = waiting.pop().unwrap().now_or_never();
    assert!(matches!(newest, Some(None)));
    assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()));
    drop(place);
    assert!(other.now_or_never().flatten().is_some());
}

#[tokio::test]
async fn who_leaves_or_waits_for_too_long_takes_no_place() {
    let (schedule, clock) = schedule();
    let kind = WorkKind::Transcribe;
    let place = begin(&schedule, work(kind, 1, 0));
    let mut left = schedule.enter(work(kind, 2, 0)).boxed();
    assert!((&mut left).now_or_never().is_none());
    drop(left);
    drop(place);
    assert!(schedule.has_place(kind));
    let place = begin(&schedule, work(kind, 1, 0));
    let mut patient = schedule.enter(work(kind, 2, 0)).boxed();
    assert!((&mut patient).now_or_never().is_none());
    clock.advance(i64::try_from(PATIENCE.as_millis()).unwrap());
    assert!(patient.await.is_none());
    drop(place);
    assert!(schedule.has_place(kind));
}
