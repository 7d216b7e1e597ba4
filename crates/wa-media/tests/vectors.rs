//! Files encrypted by an independent implementation, good and bad, in any chunking.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use serde_json::Value;
use wa_media::read::bytes32;
use wa_media::{Cause, Decrypted, Decryptor, Expected, Failure, KeyKind, MediaKey, Verification};

const PIECES: [usize; 9] = [1, 15, 16, 17, 25, 26, 27, 4_096, 1 << 20];

struct Vector {
    name: String,
    message: Value,
    body: Vec<u8>,
}

fn read(list: &str) -> Vec<Vector> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let list: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.join(list)).unwrap()).unwrap();
    assert!(!list.is_empty());
    let vectors = list.into_iter().map(|message| {
        let name = message["file"].as_str().unwrap().to_owned();
        let body = std::fs::read(folder.join(&name)).unwrap();
        Vector {
            name,
            message,
            body,
        }
    });
    vectors.collect()
}

impl Vector {
    fn decryptor(&self) -> Decryptor {
        let key = MediaKey::new(bytes32(&self.message["mediaKey"]).unwrap());
        let kind = KeyKind::from_wire_type(self.message["type"].as_str().unwrap()).unwrap();
        let expected = Expected {
            sha256: bytes32(&self.message["fileSha256"]),
            enc_sha256: bytes32(&self.message["fileEncSha256"]),
        };
        Decryptor::new(&key, kind, expected)
    }

    /// A failure is the one after the recheck.
    fn decrypt(
        &self,
        piece: usize,
        mut decryptor: Decryptor,
    ) -> Result<(Vec<u8>, Decrypted), Failure> {
        let mut plaintext = Vec::new();
        for chunk in self.body.chunks(piece) {
            decryptor.update(chunk, &mut plaintext);
        }
        assert_eq!(decryptor.received_bytes(), self.body.len() as u64);
        let mut last = Vec::new();
        match decryptor.finish(&mut last) {
            Ok(decrypted) => Ok(([plaintext, last].concat(), decrypted)),
            Err(failure) => Err(rechecked(failure, &plaintext, piece)),
        }
    }
}

fn rechecked(failure: Failure, plaintext: &[u8], piece: usize) -> Failure {
    match failure.recheck() {
        Ok(mut recheck) => {
            plaintext
                .chunks(piece)
                .for_each(|piece| recheck.update(piece));
            recheck.finish()
        }
        Err(failure) => failure,
    }
}

#[test]
fn every_good_file_decrypts_to_what_was_promised() {
    for vector in read("vectors.json")
        .into_iter()
        .chain(read("vectors-extra.json"))
    {
        for piece in PIECES {
            let (plaintext, decrypted) = vector.decrypt(piece, vector.decryptor()).unwrap();
            assert_eq!(
                decrypted.verified.verification(),
                Verification::Full,
                "{}",
                vector.name
            );
            let promised = bytes32(&vector.message["fileSha256"]).unwrap();
            let size_bytes = vector.message["fileLength"].as_u64().unwrap();
            assert_eq!(plaintext.len() as u64, size_bytes);
            assert_eq!(decrypted.verified.size_bytes(), size_bytes);
            assert_eq!(decrypted.verified.sha256(), &promised);
            let head = &plaintext[..plaintext.len().min(8_192)];
            assert_eq!(decrypted.verified.head(), head);
            // The plaintext's hash proves more; what was not computed is not claimed.
            assert_eq!(decrypted.checks.enc_sha256, None);
            let all = vector.decryptor().with_every_check();
            let (_, decrypted) = vector.decrypt(piece, all).unwrap();
            assert_eq!(decrypted.checks.enc_sha256, Some(true));
        }
    }
}

#[test]
fn every_bad_file_has_its_cause() {
    for vector in read("negative.json") {
        for piece in PIECES {
            let outcome = vector.decrypt(piece, vector.decryptor());
            let with_all = vector.decrypt(piece, vector.decryptor().with_every_check());
            assert_eq!(
                outcome.as_ref().err(),
                with_all.as_ref().err(),
                "{} in pieces of {piece}",
                vector.name
            );
            let cause = outcome.as_ref().err().map(|failure| failure.cause);
            let checks = match &outcome {
                Ok((_, decrypted)) => decrypted.checks,
                Err(failure) => failure.checks,
            };
            let expected = vector.message["expect"].as_str().unwrap();
            let as_expected = match expected {
                // The hash matches the bytes, so the key must be wrong.
                "bad_mac" => cause == Some(Cause::WrongKey) && checks.mac == Some(false),
                "bad_length_or_mac" => matches!(cause, Some(Cause::BadShape { .. })),
                "too_short" => matches!(cause, Some(Cause::TooShort { .. })),
                "bad_padding" => cause == Some(Cause::BadPadding) && checks.mac == Some(true),
                "bad_sha256" => {
                    cause == Some(Cause::PlainHashMismatch) && checks.padding == Some(true)
                }
                // Only the message's hash of the encrypted file is wrong. The stronger checks pass, and it is compared
                // only where every check is wanted.
                "enc_sha256_not_compared" => {
                    let all = with_all.as_ref().map(|(_, decrypted)| decrypted.checks);
                    cause.is_none()
                        && (checks.enc_sha256, checks.sha256) == (None, Some(true))
                        && all.is_ok_and(|all| all.enc_sha256 == Some(false))
                }
                // A declared length is no evidence against a right hash.
                "bad_length" => outcome.as_ref().is_ok_and(|(plaintext, _)| {
                    plaintext.len() as u64 != vector.message["fileLength"].as_u64().unwrap()
                }),
                _ => false,
            };
            assert!(
                as_expected,
                "{} in pieces of {piece}: {expected}, but {cause:?} {checks:?}",
                vector.name
            );
        }
    }
}
