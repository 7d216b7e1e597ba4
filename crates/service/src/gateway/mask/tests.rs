use super::*;
use serde_json::json;

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

/// The masked body, after a check that it can be made as it came again.
fn mask(body: &[u8]) -> Option<String> {
    let masked = masked(body, FIELDS)?;
    assert_eq!(
        unmasked(&masked.body, &masked.taken).as_deref(),
        Some(body),
        "{}",
        String::from_utf8_lossy(body)
    );
    let body = String::from_utf8_lossy(&masked.body).into_owned();
    // A body that is masked stays as it is.
    assert!(super::masked(body.as_bytes(), FIELDS).is_none(), "{body}");
    Some(body)
}

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
        (r#"{"api_key":"s"}"#, Some(r#"{"api_key":"***"}"#)),
        (r#"{"tok\u0065n":"s"}"#, Some(r#"{"tok\u0065n":"***"}"#)),
        (r#"{"token":["s","t"]}"#, Some(r#"{"token":["***","***"]}"#)),
        (r#"{"token":123,"a":-1}"#, Some(r#"{"token":"***","a":-1}"#)),
        (r#"{"message":{"token":"s"}}"#, None),
        (
            r#"{"EventType":"m","message":{"content":{"token":"s"}}}"#,
            None,
        ),
        (r#"{"data":{"orderMessage":{"token":"s"}}}"#, None),
        (r#"{"apikey":null}"#, None),
        (r#"{"apikey":""}"#, None),
        // A person's words are not changed.
        (r#"{"text":"\"apikey\":\"s\" apikey"}"#, None),
        (r#"{"body":"\"apikey\":\"s\" apikey"}"#, None),
        (r#"{"conversation":"{\"apikey\":\"s\"}"}"#, None),
        (r#"{"text":"apikey","b":"s"}"#, None),
        // A file is not changed.
        (
            r#"{"body":"eyJhcGlrZXkiOiJzIn0=","mimetype":"application/json"}"#,
            None,
        ),
        (r#"{"message":{"base64":"eyJhcGlrZXkiOiJzIn0="}}"#, None),
        ("apikey", None),
        ("", None),
        ("{", None),
    ] {
        assert_eq!(mask(body.as_bytes()).as_deref(), expected, "{body}");
    }
}

#[test]
fn a_token_is_replaced_in_every_envelope() {
    let one = json!({"EventType": "messages", "a": {"b": ["x"]}, "token": "s-e-c"});
    let text = one.to_string();
    let base64 = STANDARD.encode(&text);
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    for body in [
        json!([{"headers": {}, "params": {}, "body": one}]).to_string(),
        json!({"a": {"b": {"c": [one]}}}).to_string(),
        json!({"message": one}).to_string(),
        json!({"body": text}).to_string(),
        json!({"body": json!(text).to_string()}).to_string(),
        json!({"body": json!({"raw": json!({"data": text}).to_string()}).to_string()}).to_string(),
        json!([text]).to_string(),
        json!(text).to_string(),
        json!({"body": base64, "isBase64Encoded": true}).to_string(),
        json!({"message": {"data": base64, "messageId": "1"}, "subscription": "s"}).to_string(),
        json!({"data": format!("data:application/json;base64,{base64}")}).to_string(),
        json!({"body": format!("payload={encoded}")}).to_string(),
        format!("payload={encoded}&source=x"),
        format!(
            "source=x&data={}",
            base64.replace('=', "%3D").replace('+', "%2B")
        ),
        format!("\u{feff} {text}"),
    ] {
        let masked = mask(body.as_bytes()).unwrap_or_else(|| panic!("{body}"));
        assert!(!masked.contains("s-e-c"), "{masked}");
        assert!(!masked.contains(&base64[base64.len() - 12..]), "{masked}");
    }
}

#[test]
fn a_body_that_is_cut_off_keeps_no_token() {
    let whole = json!({"message": {"a": "b", "instanceName": "x", "token": "s-e-c-r-e-t"}, "apikey": "s-e-c-r-e-t"});
    for body in [
        whole.to_string(),
        json!({"body": whole.to_string()}).to_string(),
        json!({"body": json!({"data": whole.to_string()}).to_string()}).to_string(),
        format!(
            "a=b&token=s-e-c-r-e-t&jsonData={}",
            url::form_urlencoded::byte_serialize(whole.to_string().as_bytes()).collect::<String>()
        ),
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"jsonData\"\r\n\r\n{whole}\r\n--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\ns-e-c-r-e-t\r\n--x--\r\n"
        ),
    ] {
        for end in 0..=body.len() {
            let cut = &body.as_bytes()[..end];
            let masked = mask(cut).unwrap_or_else(|| String::from_utf8_lossy(cut).into_owned());
            assert!(!masked.contains("s-e-c"), "{masked}");
        }
    }
}

#[test]
fn a_form_and_a_multipart_body_keep_their_form() {
    for (body, expected) in [
        (
            "jsonData=%7B%22a%22%3A1%7D&token=s%20x&b=1",
            Some("jsonData=%7B%22a%22%3A1%7D&token=***&b=1"),
        ),
        ("token=s", Some("token=***")),
        ("to%6ben=s&b", Some("to%6ben=***&b")),
        ("token=&b=1", None),
        ("Body=token%3Ds", None),
        (
            "--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\ns\r\n--x--",
            Some("--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n***\r\n--x--"),
        ),
        (
            "--x\nContent-Disposition: form-data; name=token\n\ns\n--x\nContent-Disposition: form-data; name=\"file\"; filename=\"token\"\n\n{\"token\":\"s\"}\n--x--",
            Some(
                "--x\nContent-Disposition: form-data; name=token\n\n***\n--x\nContent-Disposition: form-data; name=\"file\"; filename=\"token\"\n\n{\"token\":\"s\"}\n--x--",
            ),
        ),
    ] {
        assert_eq!(mask(body.as_bytes()).as_deref(), expected, "{body}");
    }
}

#[test]
fn the_secret_headers_of_a_wrapped_request_are_replaced() {
    let body = json!([{"headers": {"authorization": "Bearer s-e-c", "Z-Api-Token": "s-e-c", "x-api-key": "s-e-c",
        "content-type": "application/json", "host": "a.example"},
        "multiValueHeaders": {"apikey": ["s-e-c"]}, "body": {"event": "x"}}]);
    let masked = mask(body.to_string().as_bytes()).unwrap();
    assert!(
        !masked.contains("s-e-c") && masked.contains("a.example"),
        "{masked}"
    );
}

#[test]
fn a_token_in_a_rest_is_replaced_in_any_pieces() {
    let one = json!({"EventType": "m", "message": {"token": "s-e-c"}, "a": "b", "Token": "s-e-c", "apikey": "s-e-c"});
    let text = format!(
        "xy\",{}, {}",
        one,
        json!({"body": json!({"raw": one.to_string()}).to_string()})
    );
    for (text, count) in [
        (text.as_str(), 6),
        ("\"token\" : \"s-e-c", 1),
        ("\"token\": \"\", \"tokens\": \"x\", \"tok", 0),
    ] {
        for piece in [1, 2, 3, 7, 64, 10_000] {
            let mut filter = TokenFilter::new(FIELDS);
            let mut out = Vec::new();
            for piece in text.as_bytes().chunks(piece) {
                out.extend(filter.update(piece));
            }
            let (rest, taken) = filter.finish();
            out.extend(rest);
            let masked = String::from_utf8(out.clone()).unwrap();
            assert_eq!(taken.len(), count, "{masked}");
            assert!(!masked.contains("s-e-c"), "{masked}");
            let mut whole = Unmasking::new(&taken);
            let again: Vec<u8> = out
                .chunks(piece)
                .flat_map(|piece| whole.update(piece))
                .collect();
            assert_eq!(String::from_utf8(again).unwrap(), text);
        }
    }
}
