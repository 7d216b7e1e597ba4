//! A label and a value in each line, with the values below each other.

use std::fmt::{self, Display};

use crate::cli::{Language, TextKey, answer};

pub(crate) struct Sheet {
    pub lang: Language,
    lines: Vec<(String, String)>,
}

impl Sheet {
    pub fn new(lang: Language) -> Self {
        let lines = Vec::new();
        Self { lang, lines }
    }

    pub fn line(&mut self, label: TextKey, value: impl Display) {
        self.labelled(self.lang.say(label), value);
    }

    pub fn said(&mut self, label: TextKey, value: TextKey) {
        self.line(label, self.lang.say(value));
    }

    pub fn labelled(&mut self, label: &str, value: impl Display) {
        self.lines.push((label.to_owned(), value.to_string()));
    }
}

/// A label is written once for the lines that share it.
impl Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.lines.iter().map(|(label, _)| label.chars().count());
        let (width, mut before) = (labels.max().unwrap_or(0), "");
        for (label, value) in &self.lines {
            let shown = if label == before { "" } else { label };
            let line = format!("{shown:width$}  {value}");
            writeln!(f, "{}", answer::fitting(&line, &" ".repeat(width + 2)))?;
            before = label;
        }
        Ok(())
    }
}
