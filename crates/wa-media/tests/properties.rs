//! What must hold of any file, in any pieces.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use wa_media::encrypt::{Encrypted, Encryptor, encrypt, encrypted_bytes};
use wa_media::{
    Cause, Decrypted, Decryptor, DirectPath, Expected, Failure, KeyKind, LabelFinder, MediaKey,
    Verification, find, read,
};

/// Decrypts in pieces of the given sizes, over and over. A failure is the one after the recheck.
fn decrypt(
    body: &[u8],
    sizes: &[usize],
    mut decryptor: Decryptor,
) -> Result<(Vec<u8>, Decrypted), Failure> {
    let mut plaintext = Vec::new();
    let mut rest = body;
    for size in sizes.iter().cycle() {
        let (piece, after) = rest.split_at((*size).clamp(1, rest.len().max(1)).min(rest.len()));
        decryptor.update(piece, &mut plaintext);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let mut last = Vec::new();
    let failure = match decryptor.finish(&mut last) {
        Ok(decrypted) => return Ok(([plaintext, last].concat(), decrypted)),
        Err(failure) => failure,
    };
    let mut recheck = failure.recheck()?;
    for piece in plaintext.chunks(sizes[0]) {
        recheck.update(piece);
    }
    let failure = recheck.finish();
    assert!(failure.clone().recheck().is_err());
    Err(failure)
}

fn expected(encrypted: &Encrypted, plain: bool, enc: bool) -> Expected {
    Expected {
        sha256: plain.then_some(encrypted.sha256),
        enc_sha256: enc.then_some(encrypted.enc_sha256),
    }
}

fn any_kind() -> impl Strategy<Value = KeyKind> {
    proptest::sample::select(KeyKind::ALL)
}

fn pieces() -> impl Strategy<Value = Vec<usize>> {
    let size = prop_oneof![1_usize..40, 60_000_usize..140_000];
    proptest::collection::vec(size, 1..6)
}

fn plain() -> impl Strategy<Value = Vec<u8>> {
    let size = prop_oneof![0_usize..100, 4_000_usize..4_200, 65_500_usize..65_600];
    (size, any::<u64>()).prop_map(|(size, seed)| {
        let byte = |at: usize| seed.rotate_left(u32::try_from(at % 64).unwrap()) as u8;
        (0..size).map(byte).collect()
    })
}

proptest! {
    #[test]
    fn encrypting_and_decrypting_is_the_identity(
        key in any::<[u8; 32]>(), kind in any_kind(), plain in plain(), sizes in pieces(),
        with_plain in any::<bool>(), with_enc in any::<bool>(),
    ) {
        let key = MediaKey::new(key);
        let encrypted = encrypt(&key, kind, &plain);
        prop_assert_eq!(encrypted.body.len() as u64, encrypted_bytes(plain.len() as u64));
        let expected = expected(&encrypted, with_plain, with_enc);
        let (back, decrypted) = decrypt(&encrypted.body, &sizes, Decryptor::of_proven_label(&key, kind, expected)).unwrap();
        prop_assert_eq!(decrypted.verified.sha256(), &encrypted.sha256);
        prop_assert_eq!(decrypted.verified.verification(), if with_plain { Verification::Full } else { Verification::Mac });
        prop_assert_eq!(back, plain);
    }

    #[test]
    fn encrypting_in_pieces_gives_the_same_file(key in any::<[u8; 32]>(), plain in plain(), size in 1_usize..5_000) {
        let key = MediaKey::new(key);
        let mut encryptor = Encryptor::new(&key, KeyKind::Video);
        let mut body = Vec::new();
        plain.chunks(size).for_each(|piece| encryptor.update(piece, &mut body));
        let hashes = encryptor.finish(&mut body);
        let whole = encrypt(&key, KeyKind::Video, &plain);
        prop_assert_eq!(hashes, (whole.sha256, whole.enc_sha256));
        prop_assert_eq!(body, whole.body);
    }

    #[test]
    fn an_altered_or_cut_file_is_never_verified(
        kind in any_kind(), plain in plain(), sizes in pieces(), bit in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
        with_plain in any::<bool>(), with_enc in any::<bool>(),
    ) {
        let key = MediaKey::new([7; 32]);
        let encrypted = encrypt(&key, kind, &plain);
        let expected = expected(&encrypted, with_plain, with_enc);
        let mut flipped = encrypted.body.clone();
        let bit = bit.index(flipped.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(decrypt(&flipped, &sizes, Decryptor::of_proven_label(&key, kind, expected.clone())).is_err());
        let cut = &encrypted.body[..cut.index(encrypted.body.len())];
        prop_assert!(decrypt(cut, &sizes, Decryptor::of_proven_label(&key, kind, expected)).is_err());
    }

    #[test]
    fn a_recheck_finds_what_every_check_finds(
        plain in plain(), declared in any_kind(), real in any_kind(), sizes in pieces(), guesses in any::<bool>(),
        wrong in 0_usize..5, at in any::<prop::sample::Index>(), with_plain in any::<bool>(), with_enc in any::<bool>(),
    ) {
        let key = MediaKey::new([7; 32]);
        let encrypted = encrypt(&key, real, &plain);
        let mut expected = expected(&encrypted, with_plain, with_enc);
        let mut body = encrypted.body;
        match wrong {
            0 => {}
            1 => { let at = at.index(body.len()); body[at] ^= 1; }
            2 => body.truncate(at.index(body.len())),
            3 => body = plain,
            _ => expected.enc_sha256 = Some([0; 32]),
        }
        let new = || if guesses {
            Decryptor::new(&key, declared, expected.clone())
        } else {
            Decryptor::of_proven_label(&key, declared, expected.clone())
        };
        let lazy = decrypt(&body, &sizes, new());
        let all = decrypt(&body, &sizes, new().with_every_check());
        match (lazy, all) {
            (Ok((one, first)), Ok((two, second))) => {
                prop_assert_eq!(one, two);
                prop_assert_eq!(first.verified.verification(), second.verified.verification());
                prop_assert_eq!((first.checks.mac, first.checks.padding, first.checks.sha256), (Some(true), Some(true), second.checks.sha256));
                prop_assert_eq!(first.checks.enc_sha256, second.checks.enc_sha256.filter(|_| !with_plain));
            }
            (Err(one), Err(two)) => prop_assert_eq!(one, two),
            (lazy, all) => prop_assert!(false, "{:?} {:?}", lazy.map(|_| ()), all.map(|_| ())),
        }
    }

    #[test]
    fn a_wrong_label_is_named_and_found(plain in plain(), declared in 0_usize..4, real in 0_usize..4, sizes in pieces()) {
        let labels = [KeyKind::Image, KeyKind::Video, KeyKind::Audio, KeyKind::Document];
        let (declared, real) = (labels[declared], labels[real]);
        prop_assume!(declared != real);
        let key = MediaKey::new([7; 32]);
        let encrypted = encrypt(&key, real, &plain);
        let expected = expected(&encrypted, true, true);
        let first = decrypt(&encrypted.body, &sizes, Decryptor::of_proven_label(&key, declared, expected.clone()));
        prop_assert_eq!(first.unwrap_err().cause, Cause::WrongKey);
        let mut finder = LabelFinder::new(&key);
        encrypted.body.chunks(sizes[0]).for_each(|piece| finder.update(piece));
        let found = finder.finish();
        prop_assert_eq!(found, Some(real));
        let (back, decrypted) = decrypt(&encrypted.body, &sizes, Decryptor::of_proven_label(&key, real, expected)).unwrap();
        prop_assert_eq!((back, decrypted.key_kind), (plain, real));
    }

    #[test]
    fn the_walk_and_the_readers_take_anything(json in any_json()) {
        let found = find(&json);
        prop_assert!(found.media.len() <= 64);
        let _ = (read::bytes32(&json), read::number(&json), read::seconds(&json), read::flag(&json));
        for media in found.media {
            prop_assert!(media.media_key.is_none() || !media.media_key_malformed);
        }
    }

    #[test]
    fn a_path_that_is_taken_never_changes_host_or_itself(path in "[/\\\\.@:a-z0-9?=&%#\u{e9} \t\"'^{}|]{0,24}") {
        let Ok(taken) = DirectPath::parse(&path) else { return Ok(()) };
        let joined = url::Url::parse(&taken.url("https://mmg.whatsapp.net")).unwrap();
        prop_assert_eq!(joined.host_str(), Some("mmg.whatsapp.net"));
        prop_assert_eq!((joined.scheme(), joined.username(), joined.port()), ("https", "", None));
        prop_assert_eq!(&joined[url::Position::BeforePath..], path);
    }
}

/// JSON that often looks like a message.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let name = proptest::sample::select(vec![
        "message",
        "imageMessage",
        "audioMessage",
        "documentWithCaptionMessage",
        "contextInfo",
        "quotedMessage",
        "mediaKey",
        "directPath",
        "fileSha256",
        "fileLength",
        "type",
        "data",
        "low",
        "0",
        "viewOnceMessageV2",
        "base64",
        "unknownThing",
        "\u{0}",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("rwyoaVpbrjfFQ3X1YKt7Y1+pnun0a2536qDKOnT2HuQ=")),
        Just(json!("/v/a.enc?oe=68BB4268")),
        Just(json!({"type": "Buffer", "data": vec![1; 32]})),
    ];
    leaf.prop_recursive(8, 128, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..8).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

/// Exhaustive where it is small: every bit and every length of a short file.
#[test]
fn every_flipped_bit_and_every_cut_of_a_short_file_is_noticed() {
    let key = MediaKey::new([7; 32]);
    let encrypted = encrypt(&key, KeyKind::Audio, &[5; 100]);
    for expected in [
        expected(&encrypted, false, false),
        expected(&encrypted, true, false),
    ] {
        let new = || Decryptor::new(&key, KeyKind::Audio, expected.clone());
        for bit in 0..encrypted.body.len() * 8 {
            let mut body = encrypted.body.clone();
            body[bit / 8] ^= 1 << (bit % 8);
            assert!(decrypt(&body, &[33], new()).is_err(), "bit {bit}");
        }
        for length in 0..encrypted.body.len() {
            let cut = &encrypted.body[..length];
            assert!(decrypt(cut, &[33], new()).is_err(), "length {length}");
        }
    }
}

#[test]
fn a_document_that_was_encrypted_as_a_photo_needs_no_second_reading() {
    let plain = [b"\xff\xd8\xff\xe0\0\x10JFIF".as_slice(), &[9; 500]].concat();
    let key = MediaKey::new([7; 32]);
    let encrypted = encrypt(&key, KeyKind::Image, &plain);
    let decryptor = Decryptor::new(&key, KeyKind::Document, Expected::default());
    let (back, decrypted) = decrypt(&encrypted.body, &[7], decryptor).unwrap();
    assert_eq!((back, decrypted.key_kind), (plain, KeyKind::Image));
}

#[test]
fn a_file_that_was_never_encrypted_is_named_so() {
    let plain = b"OggS and so on".to_vec();
    let key = MediaKey::new([7; 32]);
    let expected = expected(&encrypt(&key, KeyKind::Audio, &plain), true, false);
    let decryptor = Decryptor::new(&key, KeyKind::Audio, expected);
    let failure = decrypt(&plain, &[5], decryptor).unwrap_err();
    assert_eq!(failure.cause, Cause::NotEncrypted);
    assert_eq!(
        (failure.checks.sha256, failure.checks.mac),
        (Some(true), None)
    );
}
