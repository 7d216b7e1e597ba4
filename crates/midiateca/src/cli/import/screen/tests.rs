use super::*;
use midiateca_service::model::Reason;
use midiateca_service::ops::import::multichat::{LeftOut, Lost};

#[test]
fn each_outcome_has_a_text_in_both_languages() {
    let (file, by) = ("audios/a.mp3".to_owned(), "core_mediafile 1".to_owned());
    let (instance, refusal) = ("A-B".to_owned(), Reason::HashMismatch);
    let lost = [
        Lost::KeysMissing,
        Lost::FileMissing,
        Lost::FileElsewhere,
        Lost::FileWrong {
            file: file.clone(),
            refusal,
        },
    ];
    let left_out = [
        LeftOut::UnknownKind,
        LeftOut::NoMessage,
        LeftOut::NotJson,
        LeftOut::OtherInstance,
        LeftOut::UnknownInstance { instance },
        LeftOut::UnknownPlace,
        LeftOut::NotMedia { refusal },
        LeftOut::Unreadable,
        LeftOut::NotAFile,
        LeftOut::Changed { file: file.clone() },
        LeftOut::Taken { by },
    ];
    let reason = Reason::HashMismatch;
    let mut outcomes = vec![
        Outcome::Queued { wrong_file: None },
        Outcome::Queued {
            wrong_file: Some(file),
        },
        Outcome::Expired,
        Outcome::Known,
        Outcome::Gone,
        Outcome::Skipped { reason },
    ];
    outcomes.extend(lost.map(Outcome::Lost));
    outcomes.extend(left_out.map(Outcome::LeftOut));
    for (orphaned, named_by) in [(false, None), (true, None), (false, Some("x".to_owned()))] {
        outcomes.push(Outcome::Stored {
            from: "a.mp3".to_owned(),
            path: "cliente_2/a.ogg".to_owned(),
            verified: "full",
            size: 1,
            orphaned,
            named_by,
        });
    }
    for lang in Language::ALL {
        let text = |outcome: &Outcome| {
            let source = "core_mediafile 17".to_owned();
            let outcome = outcome.clone();
            let item = json!(ImportFinding::Media {
                source,
                outcome: outcome.clone()
            });
            media(lang, &outcome, &item)
        };
        let mut texts: Vec<_> = outcomes.iter().map(text).collect();
        assert!(
            texts
                .iter()
                .all(|text| text.starts_with("core_mediafile 17\t")),
            "{texts:?}"
        );
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), outcomes.len(), "{texts:?}");
    }
}
