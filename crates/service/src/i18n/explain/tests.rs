use std::io;
use std::path::PathBuf;

use super::*;
use crate::app::ListenError;
use crate::i18n::Reader;
use crate::ops::clients::ClientError;
use crate::ops::import::multichat;
use crate::ops::{backup, erasure, export, instance, opening, retention, verify};
use crate::{app, db, secrets, storage};

fn portuguese(error: &(dyn Error + 'static)) -> Explanation {
    explain(error, Language::Portuguese)
}

fn why(error: &(dyn Error + 'static), lang: Language) -> String {
    explain(error, lang).message
}

#[test]
fn the_message_has_the_chain_of_causes_and_the_hint_follows() {
    let refused = || io::Error::from(io::ErrorKind::PermissionDenied);
    let error = app::Error::Folder {
        path: PathBuf::from("/srv/midia"),
        source: refused(),
    };
    assert_eq!(
        portuguese(&error),
        Explanation {
            code: "data_folder_unusable".to_owned(),
            message: "não é possível usar a pasta de dados /srv/midia: permissão negada".to_owned(),
            hint: Some(
                "execute o midiateca com o usuário dono da pasta, ou informe outra pasta com --data"
                    .to_owned()
            ),
        }
    );
    let error = retention::Error::Storage(storage::Error::Io(refused()));
    assert_eq!(
        portuguese(&error).message,
        "não foi possível remover um arquivo: não é possível gravar o arquivo: permissão negada"
    );
}

#[test]
fn the_cause_of_a_transparent_error_is_shown_once() {
    let missing = io::Error::from(io::ErrorKind::NotFound);
    let error = app::Error::Secrets(secrets::Error::KeyFile {
        path: PathBuf::from("secret.key"),
        source: missing,
    });
    assert_eq!(
        why(&error, Language::Portuguese),
        "não é possível usar o arquivo de chave secret.key: não existe arquivo ou pasta com este nome"
    );
    let error = retention::Error::Db(db::Error::Panicked);
    assert_eq!(
        why(&error, Language::English),
        "the operation on the database crashed; nothing of it was committed"
    );
}

#[test]
fn errors_of_the_system_keep_their_number_and_unknown_ones_their_words() {
    #[cfg(unix)]
    assert_eq!(
        why(&io::Error::from_raw_os_error(2), Language::Portuguese),
        "não existe arquivo ou pasta com este nome (erro 2 do sistema)"
    );
    let strange = io::Error::other("the printer is on fire");
    let error = app::StartError::Listen(ListenError {
        address: "0.0.0.0:1".to_owned(),
        source: strange,
    });
    assert_eq!(
        why(&error, Language::Portuguese),
        "não é possível escutar em 0.0.0.0:1: the printer is on fire"
    );
    let inside = io::Error::other(storage::Error::Full(io::ErrorKind::StorageFull.into()));
    assert!(
        portuguese(&inside)
            .hint
            .unwrap()
            .contains("midiateca sweep --dry-run")
    );
}

/// Nested like the errors of network libraries.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Layer(
    &'static str,
    #[source] Option<Box<dyn std::error::Error + Send + Sync>>,
);

#[test]
fn repeated_and_intermediate_causes_of_libraries_are_left_out() {
    let twice = Layer(
        "the image is malformed",
        Some(Layer("Error code 11: the image is malformed", None).into()),
    );
    assert_eq!(why(&twice, Language::English), "the image is malformed");
    let explainer = Explainer::new(Language::Portuguese, |_, _| None);
    let refused = Layer(
        "tcp connect error",
        Some(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
    );
    let layers = Layer("client error (Connect)", Some(refused.into()));
    let message = joined(Reader::Program, &explainer.of_the_network(Some(&layers)));
    assert_eq!(message, "conexão recusada");
    let strange = Layer("client error", Some(Layer("no such planet", None).into()));
    let message = joined(Reader::Program, &explainer.of_the_network(Some(&strange)));
    assert_eq!(message, "no such planet");
}

#[test]
fn settings_that_are_not_toml_are_named_by_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.toml");
    std::fs::write(&file, "[http]\nlistne = 'x'\n").unwrap();
    let error = crate::config::Config::read(&file).unwrap_err();
    let message = portuguese(&error).message;
    let place = "não é uma configuração válida: linha 2, coluna 1: `listne` não foi entendido";
    assert!(message.contains(place), "{message}");
    assert!(
        message.contains("http.listne não é uma configuração"),
        "{message}"
    );
    let message = explain(&error, Language::English).message;
    assert!(message.contains("unknown field"), "{message}");
}

#[test]
fn no_text_of_a_parser_is_in_portuguese_errors_of_settings() {
    for text in [
        "[http\n",
        "[http]\nlisten = \n",
        "[htp]\nlisten = 'x'\n",
        "http = 7\n",
        "[http]\nmax_body = 'many'\n",
        "[http]\nmax_connections = 'x'\n",
        "[worker]\nlease = 7\n",
        "[keep]\nkinds = ['photo']\n",
        "[retention]\nrules = [{ older = '3d' }]\n",
    ] {
        let problems = crate::config::problems(text);
        assert!(!problems.is_empty(), "{text}");
        for problem in problems {
            let message = portuguese(&problem).message;
            assert!(message.starts_with("linha "), "{message}");
            let english = why(&problem, Language::English);
            let (_, detail) = english.rsplit_once(" (").unwrap();
            assert!(!message.contains(detail.trim_end_matches(')')), "{message}");
        }
    }
    let variables = [
        ("MIDIATECA__WORKER__LEASE", "soon"),
        ("MIDIATECA__KEEP__OWN", "perhaps"),
    ];
    for (name, text) in variables {
        let variables = std::iter::once((name.to_owned(), text.to_owned()));
        let error = crate::config::Settings::read(None, variables).unwrap_err();
        let message = portuguese(&error).message;
        assert!(
            message.ends_with("não é um valor desta configuração"),
            "{message}"
        );
    }
}

#[test]
fn errors_of_the_database_engine_have_a_sentence_in_both_languages() {
    let failed = |code, text: &str| {
        let error = rusqlite::ffi::Error::new(code);
        db::Error::from(rusqlite::Error::SqliteFailure(error, Some(text.to_owned())))
    };
    for (code, text) in [
        (8, "attempt to write a readonly database"),
        (10, "disk I/O error"),
        (11, "database disk image is malformed"),
        (13, "database or disk is full"),
        (14, "unable to open database file"),
        (5, "database is locked"),
        (6, "database table is locked"),
        // SQLITE_IOERR_WRITE
        (778, "disk I/O error"),
    ] {
        let error = failed(code, text);
        for lang in Language::ALL {
            let said = why(&error, lang);
            assert!(!said.contains(text), "{code}: {said}");
            assert!(!said.contains("rror code"), "{code}: {said}");
        }
    }
    let unknown = failed(1, "no such table: nothing");
    assert!(why(&unknown, Language::Portuguese).contains("no such table"));
}

#[test]
fn an_operation_that_cannot_write_is_known_by_the_error_it_wraps() {
    let full = || {
        let error = rusqlite::ffi::Error::new(13);
        db::Error::from(rusqlite::Error::SqliteFailure(error, None))
    };
    let io = || storage::Error::Io(io::ErrorKind::ReadOnlyFilesystem.into());
    let of_disk: [Box<dyn Error>; 8] = [
        Box::new(ClientError::Db(full())),
        Box::new(verify::Error::Retention(retention::Error::Db(full()))),
        Box::new(erasure::Error::Storage(io())),
        Box::new(multichat::Error::Storage(io())),
        Box::new(export::Error::Db(full())),
        Box::new(backup::Error::Opening(opening::Error::Storage(io()))),
        Box::new(instance::AddError::Db(full())),
        Box::new(app::StartError::App(app::Error::Db(full()))),
    ];
    let is_about_writing = |error: &(dyn Error + 'static)| {
        Explainer::new(Language::English, |_, _| None).is_about_writing(error)
    };
    for error in &of_disk {
        assert!(is_about_writing(&**error), "{error}");
        let message = why(&**error, Language::Portuguese);
        assert!(!message.contains("rror code"), "{message}");
    }
    for error in [
        ClientError::NoClient { client: 1 },
        ClientError::Db(db::Error::Panicked),
    ] {
        assert!(!is_about_writing(&error), "{error}");
    }
}

#[test]
fn a_name_without_an_address_is_known_by_its_type() {
    let unresolved = || net::Unresolved(io::Error::other("failed to lookup address information"));
    let error = app::StartError::Listen(ListenError {
        address: "nowhere.example:1".to_owned(),
        source: unresolved().into(),
    });
    let explanation = explain(&error, Language::English);
    assert_eq!(explanation.code, "listen_failed");
    assert_eq!(
        explanation.message,
        "cannot listen on nowhere.example:1: its name cannot be resolved"
    );
    let explanation = explain(&unresolved(), Language::English);
    assert_eq!(explanation.code, "name_unresolved");
    assert!(explanation.hint.unwrap().contains("/etc/resolv.conf"));
}

#[test]
fn an_error_without_a_text_has_a_code_too() {
    let explanation = explain(&Layer("no such planet", None), Language::Portuguese);
    assert_eq!(explanation.code, UNEXPECTED);
    assert_eq!(explanation.message, "no such planet");
    assert_eq!(explanation.hint, None);
}

/// Each error that the API answers with the text of an operation.
fn of_the_api() -> Vec<Box<dyn Error>> {
    use crate::config::NotATime;
    use crate::net::guard;
    use crate::ops::endpoints::EndpointError;
    use crate::ops::gateway_admin::Error as Gateway;
    use crate::ops::holds::HoldError;
    use crate::ops::instance::AddError;
    use crate::ops::keys::KeyError;
    use crate::ops::users::UserError;
    let text = || "x".to_owned();
    let path = || PathBuf::from("/data/secret.key");
    let mut errors: Vec<Box<dyn Error>> = vec![
        Box::new(NotATime { text: text() }),
        Box::new(KeyError::Name),
        Box::new(KeyError::Duration { text: text() }),
        Box::new(KeyError::Outlives { end: 5 }),
        Box::new(KeyError::NoClient { client: 5 }),
        Box::new(UserError::Name),
        Box::new(UserError::NameOfClient { client: 5 }),
        Box::new(UserError::NameTaken { name: text() }),
        Box::new(UserError::NoClient { client: 5 }),
        Box::new(UserError::Unknown),
        Box::new(UserError::KeyExpires),
        Box::new(UserError::LastAdmin),
        Box::new(UserError::Link),
        Box::new(UserError::NoName),
        Box::new(EndpointError::UnknownType { kind: text() }),
        Box::new(EndpointError::NoClient { client: 5 }),
        Box::new(EndpointError::TooLong),
        Box::new(EndpointError::Address(guard::Error::NotAUrl)),
        Box::new(EndpointError::Address(guard::Error::NotPublic(text()))),
        Box::new(HoldError::SeveralTargets),
        Box::new(HoldError::Target),
        Box::new(HoldError::Reason),
        Box::new(HoldError::NoClient { client: 5 }),
        Box::new(AddError::UnknownGateway { name: text() }),
        Box::new(AddError::UnknownClient { client: 5 }),
        Box::new(AddError::InvalidId),
        Box::new(AddError::LongId),
        Box::new(AddError::OtherClient {
            id: text(),
            client: 5,
        }),
        Box::new(AddError::InvalidAddress { url: text() }),
        Box::new(AddError::InvalidRoutes { list: text() }),
        Box::new(AddError::NoSignature { gateway: "wapi" }),
        Box::new(AddError::EmptySecret),
        Box::new(AddError::EmptyToken),
        Box::new(AddError::TokenOfLines { at: 5 }),
        Box::new(AddError::InvalidToken {
            at: 5,
            code: text(),
        }),
        Box::new(Gateway::NoCall),
        Box::new(Gateway::NoToken),
        Box::new(Gateway::Base),
        Box::new(Gateway::NotJson),
        Box::new(Gateway::Refused(text())),
        Box::new(Gateway::Empty),
        Box::new(Gateway::Other(text())),
        Box::new(Gateway::Sealed(secrets::Error::Sealed)),
    ];
    for status in [401, 404, 500] {
        errors.push(Box::new(Gateway::Status { status, date: None }));
    }
    for contact in [
        erasure::Error::UnknownContact { contact: text() },
        erasure::Error::SeveralPeople {
            id: text(),
            count: 2,
        },
        erasure::Error::SeveralCountries {
            contact: text(),
            known: vec![text()],
        },
    ] {
        errors.push(Box::new(HoldError::Contact(contact)));
    }
    for secret in [
        secrets::Error::KeyFile {
            path: path(),
            source: io::Error::from(io::ErrorKind::PermissionDenied),
        },
        secrets::Error::Missing { path: path() },
        secrets::Error::NotAKey { path: path() },
        secrets::Error::Sealed,
    ] {
        errors.push(Box::new(secret));
    }
    errors
}

/// Who calls the API has its fields, and maybe no command line.
#[test]
fn errors_of_the_api_name_fields_and_requests_in_place_of_commands() {
    for error in of_the_api() {
        for lang in Language::ALL {
            let Explanation {
                code,
                message,
                hint,
            } = explain_for(Reader::Api, &*error, lang);
            assert_ne!(code, UNEXPECTED, "{error:?}");
            let said = format!("{message} {}", hint.unwrap_or_default());
            for command in ["`midiateca", "--", "command line", "linha de comando"] {
                assert!(!said.contains(command), "{error:?}: {said}");
            }
        }
    }
}
