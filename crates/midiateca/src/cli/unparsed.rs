//! Options of a run whose arguments are not parsed yet.

/// The value of an option in arguments that are not parsed yet, or cannot be; empty for a flag at their end.
pub(super) fn unparsed(option: &str) -> Option<String> {
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    value_of(option, arguments)
}

fn value_of(option: &str, arguments: impl Iterator<Item = String>) -> Option<String> {
    let mut arguments = arguments.take_while(|argument| argument != "--");
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix(option) {
            Some("") => return Some(arguments.next().unwrap_or_default()),
            Some(rest) if rest.starts_with('=') => return rest.get(1..).map(str::to_owned),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_in_arguments_that_cannot_be_parsed() {
        for (line, expected) in [
            ("check", None),
            ("--lang pt-BR check", Some("pt-BR")),
            ("media list --nonsense --lang=pt", Some("pt")),
            ("check --lang", Some("")),
            ("check --language=pt-BR", None),
            ("client add -- --lang=pt-BR", None),
        ] {
            let arguments = line.split(' ').map(str::to_owned);
            assert_eq!(value_of("--lang", arguments).as_deref(), expected, "{line}");
        }
    }
}
