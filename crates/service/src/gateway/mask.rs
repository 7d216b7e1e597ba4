//! Replaces a gateway's token in a body, so that it is not stored.

/// What stands in its place.
const MASK: &[u8] = b"***";

/// A field that has a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenField {
    pub name: &'static str,
    /// Whether it is one at every depth; else only at the top, because other objects have fields of the name.
    pub everywhere: bool,
}

/// The body with the values of these fields replaced; `None` when it has none of them. It may be JSON with defects.
pub(super) fn masked(body: &[u8], fields: &[TokenField]) -> Option<Vec<u8>> {
    if fields.is_empty() {
        return None;
    }
    let (mut out, mut copied) = (Vec::new(), 0);
    let (mut at, mut depth) = (0, 0_usize);
    let mut is_masked = false;
    while let Some(byte) = body.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = end_of_string(body, at)?;
                let name = &body[at + 1..end];
                let is_token = |field: &&TokenField| {
                    field.name.as_bytes().eq_ignore_ascii_case(name)
                        && (field.everywhere || depth == 1)
                };
                at = end;
                if fields.iter().any(|field| is_token(&field))
                    && let Some((start, end)) = value_behind(body, end + 1)
                {
                    out.extend_from_slice(&body[copied..start]);
                    out.extend_from_slice(MASK);
                    (copied, at, is_masked) = (end, end, true);
                }
            }
            _ => {}
        }
        at += 1;
    }
    out.extend_from_slice(&body[copied..]);
    is_masked.then_some(out)
}

/// The closing quote of the string that opens at `at`.
fn end_of_string(body: &[u8], at: usize) -> Option<usize> {
    let mut is_escaped = false;
    for (offset, byte) in body[at + 1..].iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(at + 1 + offset),
            _ => {}
        }
    }
    None
}

/// The inside of a string behind a colon.
fn value_behind(body: &[u8], at: usize) -> Option<(usize, usize)> {
    let blank = |at: usize| {
        let rest = body.get(at..)?;
        Some(at + rest.iter().position(|byte| !byte.is_ascii_whitespace())?)
    };
    let colon = blank(at).filter(|at| body[*at] == b':')?;
    let quote = blank(colon + 1).filter(|at| body[*at] == b'"')?;
    let end = end_of_string(body, quote)?;
    (end > quote + 1).then_some((quote + 1, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[TokenField] = &[
        TokenField {
            name: "apikey",
            everywhere: true,
        },
        TokenField {
            name: "token",
            everywhere: false,
        },
    ];

    #[test]
    fn only_the_values_of_token_fields_are_replaced() {
        for (body, expected) in [
            (r#"{"apikey":"s","a":1}"#, Some(r#"{"apikey":"***","a":1}"#)),
            (
                r#"{"a": 1, "Token" : "s\"x"}"#,
                Some(r#"{"a": 1, "Token" : "***"}"#),
            ),
            (
                r#"[{"body":{"apikey":"s"}}]"#,
                Some(r#"[{"body":{"apikey":"***"}}]"#),
            ),
            (r#"{"message":{"token":"s"}}"#, None),
            (r#"{"apikey":null}"#, None),
            (r#"{"apikey":""}"#, None),
            // A person's words are not changed.
            (r#"{"text":"\"apikey\":\"s\" apikey"}"#, None),
            (r#"{"text":"apikey","b":"s"}"#, None),
            (r#"{"apikey":"cut"#, None),
            ("apikey", None),
        ] {
            let masked = masked(body.as_bytes(), FIELDS);
            let masked = masked.map(|body| String::from_utf8(body).unwrap());
            assert_eq!(masked.as_deref(), expected, "{body}");
        }
    }
}
