//! Any bytes in any pieces: what is verified has the hash that it says, and the pieces make no difference.
//!
//! The first bytes of the input choose label, pieces and what was promised; the rest is the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};
use wa_media::{Decryptor, Expected, KeyKind, MediaKey};

fuzz_target!(|bytes: &[u8]| {
    let [label, piece, promises, file @ ..] = bytes else {
        return;
    };
    let kind = KeyKind::ALL[usize::from(*label) % KeyKind::ALL.len()];
    let expected = Expected {
        sha256: (promises & 1 == 1).then_some([7; 32]),
        enc_sha256: (promises & 2 == 2).then(|| Sha256::digest(file).into()),
    };
    let decrypt = |piece: usize| {
        let mut decryptor = Decryptor::new(&MediaKey::new([7; 32]), kind, expected.clone());
        if promises & 4 == 4 {
            decryptor = decryptor.with_every_check();
        }
        let mut plaintext = Vec::new();
        file.chunks(piece).for_each(|chunk| decryptor.update(chunk, &mut plaintext));
        let mut last = Vec::new();
        match decryptor.finish(&mut last) {
            Ok(decrypted) => Ok(([plaintext, last].concat(), decrypted)),
            Err(failure) => Err(match failure.recheck() {
                Ok(mut recheck) => {
                    plaintext.chunks(piece).for_each(|chunk| recheck.update(chunk));
                    recheck.finish()
                }
                Err(failure) => failure,
            }),
        }
    };
    let whole = decrypt(usize::MAX);
    let pieces = decrypt(usize::from(*piece) + 1);
    match (whole, pieces) {
        (Ok((one, first)), Ok((two, second))) => {
            assert_eq!(one, two);
            assert_eq!(first.checks, second.checks);
            assert!(first.checks.mac == Some(true) && first.checks.padding == Some(true));
            let hash: [u8; 32] = Sha256::digest(&one).into();
            assert_eq!(first.verified.sha256(), &hash);
            assert_eq!(first.verified.size_bytes(), one.len() as u64);
        }
        (Err(one), Err(two)) => assert_eq!(one, two),
        _ => panic!("the pieces made a difference"),
    }
});
