use super::*;

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("midiateca.toml"))
}

#[test]
fn the_commented_file_says_what_the_program_does() {
    assert_eq!(parse(DEFAULT_FILE).unwrap(), Config::default());
    let uncommented: String = DEFAULT_FILE
        .lines()
        .map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n")
        .collect();
    assert_eq!(parse(&uncommented).unwrap(), Config::default());
    let keys = serde_json::to_value(Config::default()).unwrap();
    for section in keys.as_object().unwrap().values() {
        for key in section.as_object().unwrap().keys() {
            assert!(
                uncommented.contains(&format!("\n{key} = ")),
                "{key} is not documented"
            );
        }
    }
}

#[test]
fn both_commented_files_set_the_same_keys_to_the_same_values() {
    let set = |text: &'static str| {
        let lines = text.lines();
        lines.filter(|line| line.starts_with("#: ") || line.starts_with('['))
    };
    let portuguese: Vec<_> = set(DEFAULT_FILE_PORTUGUESE).collect();
    assert_eq!(set(DEFAULT_FILE).collect::<Vec<_>>(), portuguese);
    assert_eq!(parse(DEFAULT_FILE_PORTUGUESE).unwrap(), Config::default());
}

#[test]
fn database_and_files_are_in_the_data_folder_unless_set_otherwise() {
    let data = Path::new("/srv/data");
    let usual = Config::default();
    assert_eq!(
        usual.database_file(data).as_deref(),
        Some(Path::new("/srv/data/midiateca.db"))
    );
    assert_eq!(
        usual.storage_folder(data),
        Path::new("/srv/data/media_storage")
    );
    let configured =
        parse("[database]\nurl = 'sqlite:///a/b.db'\n[storage]\nurl = 'file:///c'\n").unwrap();
    let file = configured.database_file(data);
    assert_eq!(file.as_deref(), Some(Path::new("/a/b.db")));
    let server = parse("[database]\nurl = 'postgres://ana:secret@localhost/midiateca'\n").unwrap();
    assert_eq!(server.database_file(data), None);
    let shown = server.database_place(data).to_string();
    assert_eq!(shown, "postgres://localhost/midiateca");
    assert_eq!(configured.storage_folder(data), Path::new("/c"));
}

#[test]
fn an_unknown_key_is_an_error_that_names_it() {
    let error = parse("[http]\nlistne = 'x'\n").unwrap_err();
    let error = crate::telemetry::chain(&error);
    assert!(error.contains("listne"), "{error}");
}

#[test]
fn limits_of_zero_and_unknown_routes_are_refused() {
    for text in [
        "[worker]\nconcurrency = 0\n",
        "[http]\nlisten = 'foo'\n",
        "[http]\nlisten = []\n",
        "[http]\nlisten = ['127.0.0.1:8000', 'foo']\n",
        "[http]\ntime_zone = 'America/Sao_Polo'\n",
        "[http]\nmax_body = '128 megs'\n",
        "[http]\nmax_body = -1\n",
        "[worker]\nlease = 60000\n",
        "[worker]\nlease = '1month'\n",
        "[http]\nmin_rate = 0\n",
        "[http]\nlisten = ':8000'\n",
        "[http]\nlisten = '0.0.0.0:80000'\n",
        "[http]\npublic_url = 'midia.example.com'\n",
        "[http]\npublic_url = 'https://midia.example.com/?a=b'\n",
        "[fetch]\nroutes = []\n",
        "[fetch]\nroutes = ['cdn', 'cdn']\n",
        "[fetch]\nroutes = ['pigeon']\n",
        "[keep]\nkinds = ['hologram']\n",
        "[database]\nurl = 'postgres://db.example.com/midiateca?sslrootcert=/nowhere'\n",
        "[database]\nurl = 'postgres://localhost/midiateca?sslmode=maybe'\n",
        "[database]\nurl = 'mysql://localhost/midiateca'\n",
        "[storage]\nurl = 's3://B/prefix'\n",
        "[storage]\nurl = 'file://relative'\n",
        "[storage]\npause_below = '2B'\nresume_above = '1B'\n",
        "[retention]\nevery = '0s'\n",
        "[retention]\nrules = [{ client = 2, kind = 'sticker' }]\n",
        "[retention]\nrules = [{ older_than = '0s' }]\n",
        "[retention]\nrules = [{ older_than = '30d', larger_than = 0 }]\n",
        "[retention]\nrules = [{ client = 2, total_over = 0 }]\n",
        "[retention]\nrules = [{ older_than = '30d', colour = 'red' }]\n",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn each_problem_of_a_file_is_found_in_its_place() {
    let text = "[worker]\nconcurrency = 0\nlease_ms = 5\n[http]\nlistne = 'x'\nmax_body = 'many'\n[hats]\nred = true\n[fetch]\nattempts = 'x'\n";
    let found: Vec<_> = problems(text).iter().map(ToString::to_string).collect();
    let expected = [
        "worker.lease_ms is worker.lease now",
        "line 5, column 1, at \"listne\"",
        "line 6, column 12, at \"'many'\"",
        "line 7, column 2, at \"hats\"",
        "line 10, column 12, at \"'x'\"",
        "worker.concurrency must be at least 1",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found} is not {expected}");
    }
}

#[test]
fn the_server_may_listen_on_several_addresses() {
    let one = parse("[http]\nlisten = '127.0.0.1:1'\n").unwrap();
    assert_eq!(one.http.listen.addresses(), ["127.0.0.1:1"]);
    let two = parse("[http]\nlisten = ['127.0.0.1:1', '[::1]:2']\n").unwrap();
    assert_eq!(two.http.listen.addresses(), ["127.0.0.1:1", "[::1]:2"]);
    assert_eq!(two.http.listen.port(), Some("1"));
}

#[test]
fn no_size_and_no_duration_is_a_text_in_numbers() {
    let rules =
        "[[retention.rules]]\nolder_than = '3d'\nlarger_than = '1MiB'\ntotal_over = '1GiB'\n";
    let config = Config::parse(rules, Path::new("rules.toml")).unwrap();
    let numbers = config.in_numbers();
    for (section, values) in numbers.as_object().unwrap() {
        for (key, value) in values.as_object().unwrap() {
            let is_number =
                |text: &str| text.parse::<Size>().is_ok() || text.parse::<Span>().is_ok();
            assert!(
                !value.as_str().is_some_and(is_number),
                "{section}.{key}: {value}"
            );
        }
    }
    let rule = serde_json::json!({"older_than": 259_200_000, "larger_than": 1 << 20, "total_over": 1 << 30});
    assert_eq!(numbers["retention"]["rules"], serde_json::json!([rule]));
}

#[test]
fn settings_that_do_harm_are_problems() {
    for (text, key) in [
        ("[http]\nmax_body = '0B'", "http.max_body"),
        ("[http]\nmax_bodies = '1B'", "http.max_bodies"),
        ("[keep]\nmax_size = '0B'", "keep.max_size"),
        ("[fetch]\nmax_file = '0B'", "fetch.max_file"),
        ("[derived]\nscanner = ['/bin/true']", "derived.scanner"),
        ("[derived]\nscanner = ['{path}']", "derived.scanner"),
        (
            "[derived]\ntranscriber = ['a', '{path}', '{path}']",
            "derived.transcriber",
        ),
        (
            "[fetch]\nallowed_hosts = ['http://x']",
            "fetch.allowed_hosts",
        ),
        ("[fetch]\nallowed_hosts = ['u@x']", "fetch.allowed_hosts"),
        (
            "[endpoints]\nallowed_hosts = ['x/y']",
            "endpoints.allowed_hosts",
        ),
    ] {
        let checked = parse(text).map(|config| config.check());
        let problem = format!("{checked:?}");
        assert!(!problem.contains("Ok(Ok"), "{text} is accepted");
        assert!(problem.contains(key), "{text}: {problem}");
    }
    for text in [
        "[derived]\nscanner = ['scan', '--file={path}']",
        "[fetch]\nallowed_hosts = ['files.intern', 'files.intern:8443', '10.0.0.8', '[fd00::1]:80']",
    ] {
        parse(text).unwrap().check().unwrap();
    }
}

#[test]
fn the_storage_is_a_folder_or_a_bucket() {
    let bucket = |url: &str| {
        let mut config = Config::default();
        config.storage.url = url.to_owned();
        let is_fine = config.problems().is_empty();
        assert_eq!(
            is_fine,
            config.bucket().is_some() || url.starts_with("file:///"),
            "{url}"
        );
        config.bucket().map(|it| (it.bucket, it.prefix))
    };
    let some = |name: &str, prefix: &str| Some((name.to_owned(), prefix.to_owned()));
    assert_eq!(bucket("s3://media"), some("media", ""));
    assert_eq!(bucket("s3://media/"), some("media", ""));
    assert_eq!(
        bucket("s3://my-media.br/a b/c/"),
        some("my-media.br", "a b/c")
    );
    assert_eq!(bucket("file:///srv/x"), None);
    for wrong in [
        "s3://",
        "s3://B",
        "s3://media//x",
        "s3://media/../x",
        "s3://media?x=1",
        "http://media",
        "/srv/x",
    ] {
        assert_eq!(bucket(wrong), None);
    }
    let mut config = Config::default();
    config.storage.url = "s3://B".to_owned();
    for wrong in [
        "s3.local",
        "ftp://x",
        "https://u:p@x",
        "https://x/path",
        "https://x?y",
    ] {
        config.storage.endpoint = wrong.to_owned();
        assert_eq!(
            config.problems(),
            [check::Problem::StorageUrl, check::Problem::Endpoint],
            "{wrong}"
        );
    }
}
