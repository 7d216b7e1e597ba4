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
fn database_and_files_lie_in_the_data_folder_unless_they_are_told_elsewhere() {
    let data = Path::new("/srv/data");
    let usual = Config::default();
    assert_eq!(
        usual.database_file(data),
        Path::new("/srv/data/midiateca.db")
    );
    assert_eq!(
        usual.storage_folder(data),
        Path::new("/srv/data/media_storage")
    );
    let told =
        parse("[database]\nurl = 'sqlite:///a/b.db'\n[storage]\nurl = 'file:///c'\n").unwrap();
    assert_eq!(told.database_file(data), Path::new("/a/b.db"));
    assert_eq!(told.storage_folder(data), Path::new("/c"));
}

#[test]
fn an_unknown_key_is_an_error_that_names_it() {
    let error = parse("[door]\nlistne = 'x'\n").unwrap_err();
    let error = crate::telemetry::chain(&error);
    assert!(error.contains("listne"), "{error}");
}

#[test]
fn limits_of_zero_and_unknown_routes_are_refused() {
    for text in [
        "[worker]\nconcurrency = 0\n",
        "[door]\nlisten = 'foo'\n",
        "[door]\nlisten = ':8000'\n",
        "[door]\nlisten = '0.0.0.0:80000'\n",
        "[door]\npublic_url = 'midia.example.com'\n",
        "[door]\npublic_url = 'https://midia.example.com/?a=b'\n",
        "[fetch]\nroutes = []\n",
        "[fetch]\nroutes = ['cdn', 'cdn']\n",
        "[fetch]\nroutes = ['pigeon']\n",
        "[keep]\nkinds = ['hologram']\n",
        "[database]\nurl = 'postgres://localhost/midiateca'\n",
        "[storage]\nurl = 's3://bucket/prefix'\n",
        "[storage]\nurl = 'file://relative'\n",
        "[storage]\npause_below_bytes = 2\nresume_above_bytes = 1\n",
        "[retention]\nevery_minutes = 0\n",
        "[retention]\nrules = [{ client = 2, kind = 'sticker' }]\n",
        "[retention]\nrules = [{ older_than_days = 0 }]\n",
        "[retention]\nrules = [{ older_than_days = 30, larger_than_bytes = 0 }]\n",
        "[retention]\nrules = [{ client = 2, total_over_bytes = 0 }]\n",
        "[retention]\nrules = [{ older_than_days = 30, colour = 'red' }]\n",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}
