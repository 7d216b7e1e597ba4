//! Secrets from a file or from stdin. A line that is typed on a terminal is not shown.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal;

use crate::cli::complaint::unreadable;
use crate::cli::{Language, TextKey, words::context as files};

pub(super) fn of_file(lang: Language, path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).map_err(|error| unreadable(lang, path, error))
}

/// On a terminal it is asked for.
pub(super) fn of_stdin(lang: Language, question: TextKey) -> anyhow::Result<String> {
    let mut stdin = io::stdin();
    let text = if stdin.is_terminal() {
        ask(&format!("{} ", lang.say(question)))
    } else {
        let mut text = String::new();
        stdin.read_to_string(&mut text).map(|_| text)
    };
    text.with_context(|| lang.say(files::CANNOT_READ_STDIN))
}

/// Gives the terminal its echo back, also after an error.
struct Raw;

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
        eprintln!("");
    }
}

/// Asks on stderr. Nothing is echoed from before the question is shown; Ctrl-C and Ctrl-D give it up.
fn ask(question: &str) -> io::Result<String> {
    terminal::enable_raw_mode()?;
    let _raw = Raw;
    write!(io::stderr(), "{question}")?;
    io::stderr().flush()?;
    let mut line = String::new();
    loop {
        match event::read()? {
            Event::Paste(text) => line.push_str(&text),
            Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
                KeyCode::Enter => return Ok(line),
                KeyCode::Backspace => drop(line.pop()),
                KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => line.clear(),
                KeyCode::Char('j' | 'm') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    return Ok(line);
                }
                KeyCode::Char(letter) => line.push(letter),
                _ => {}
            },
            _ => {}
        }
    }
}
