//! Puts long texts for people back into what was read of a body: a caption without spaces, for example, looks like base64 and
//! was taken out.

use super::bodies::Bodies;
use super::parts::{Part, Pieces, Segment, segment, tokens};
use super::scan::PartKind;
use crate::model::DeliveryId;

/// Longer texts are cut. WhatsApp's own limit for a message is 65,536 characters.
const MOST_BYTES: usize = 64 << 10;
/// The longest escape of JSON, a pair of surrogates, may be cut.
const LONGEST_ESCAPE_BYTES: usize = 12;
/// Stands for what was cut.
const CUT: char = '…';

/// The texts that were taken out of the body of one delivery.
#[derive(Clone, Copy)]
pub struct LongTexts<'a> {
    pub delivery: &'a DeliveryId,
    pub bodies: &'a Bodies,
    pub parts: &'a [Part],
}

impl LongTexts<'_> {
    /// The text with the beginnings of those that were taken out; `None` when it has none. What cannot be read is cut.
    pub async fn restored(&self, text: &str) -> Option<String> {
        let tokens = tokens(self.delivery, text);
        if tokens.is_empty() {
            return None;
        }
        let (mut restored, mut at, mut left) = (String::new(), 0, MOST_BYTES);
        for (start, end, n) in tokens {
            restored.push_str(&text[at..start]);
            at = end;
            let part = self.parts.iter().find(|part| part.n == n);
            let (beginning, is_cut) = match part {
                Some(part) => self.beginning(part, left).await,
                None => (String::new(), true),
            };
            left -= beginning.len().min(left);
            restored.push_str(&beginning);
            if is_cut {
                restored.push(CUT);
            }
        }
        restored.push_str(&text[at..]);
        Some(restored)
    }

    /// The beginning of a part, and whether it goes on.
    async fn beginning(&self, part: &Part, most_bytes: usize) -> (String, bool) {
        let mut pieces = match segment(self.bodies, self.delivery, part) {
            Ok(Segment::Here(text)) => Pieces::Here(text),
            Ok(Segment::File {
                file,
                start,
                length,
            }) => match Pieces::of_file(file, start, length.min(most_bytes as u64)) {
                Ok(pieces) => pieces,
                Err(_) => return (String::new(), true),
            },
            Ok(Segment::Stored { .. }) | Err(_) => return (String::new(), true),
        };
        let mut bytes = Vec::new();
        while bytes.len() < most_bytes {
            match pieces.next().await {
                Ok(Some(piece)) => bytes.extend(piece),
                Ok(None) => break,
                Err(_) => return (String::new(), true),
            }
        }
        bytes.truncate(most_bytes);
        let is_cut = (bytes.len() as u64) < part.length;
        (plain(part.kind, bytes), is_cut)
    }
}

/// A text without the escapes of JSON, which parts have.
fn plain(kind: PartKind, mut bytes: Vec<u8>) -> String {
    if kind == PartKind::Base64 {
        // Only a slash is escaped here, once or several times.
        bytes.retain(|byte| *byte != b'\\');
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    if kind == PartKind::Base64 {
        return text.to_owned();
    }
    let ends = (0..=LONGEST_ESCAPE_BYTES).filter_map(|cut| text.len().checked_sub(cut));
    let ends = ends.filter(|end| text.is_char_boundary(*end));
    let mut unescaped = ends.map(|end| serde_json::from_str(&format!("\"{}\"", &text[..end])));
    let unescaped = unescaped.find_map(Result::ok);
    unescaped.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_also_where_a_text_is_cut() {
        let of = |kind, text: &[u8]| plain(kind, text.to_vec());
        assert_eq!(of(PartKind::Base64, br"a\/b\\/c"), "a/b/c");
        assert_eq!(of(PartKind::Text, br#"a\n\"b\u00e7"#), "a\n\"bç");
        assert_eq!(of(PartKind::Text, br"a\ud83d\ude0"), "a");
        assert_eq!(
            of(PartKind::Text, "aç".as_bytes().split_last().unwrap().1),
            "a"
        );
        assert_eq!(
            of(PartKind::Text, br"\xabcdefghijklmnop"),
            r"\xabcdefghijklmnop"
        );
    }
}
