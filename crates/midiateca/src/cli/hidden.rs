//! Secrets from a file or from stdin. A line that is typed on a terminal is not shown.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal;

use midiateca_service::gateway::wide_text;

use crate::cli::complaint::unreadable;
use crate::cli::{Language, TextKey, words::context as files};

pub(super) fn of_file(lang: Language, path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read(path).and_then(text_of_file);
    text.map_err(|error| unreadable(lang, path, error))
}

/// A text in UTF-8, or in UTF-16 as Windows PowerShell redirects output to a file.
fn text_of_file(bytes: Vec<u8>) -> io::Result<String> {
    let text = wide_text::to_utf8(&bytes).unwrap_or(bytes);
    String::from_utf8(text).map_err(|_| io::ErrorKind::InvalidData.into())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_a_file_in_utf_8_or_utf_16() {
        let text = "\u{feff}segredo ção\r\n";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let of_windows = text_of_file(wide).unwrap();
        let of_others = text_of_file(text.as_bytes().to_vec()).unwrap();
        for read in [of_windows, of_others] {
            assert_eq!(read.trim_matches(['\u{feff}', '\r', '\n']), "segredo ção");
        }
        let latin_1 = text_of_file(b"segredo \xe7\xe3o".to_vec()).unwrap_err();
        assert_eq!(latin_1.kind(), io::ErrorKind::InvalidData);
    }
}
