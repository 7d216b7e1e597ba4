//! Decrypts one file from WhatsApp's CDN: `decrypt_file FILE MEDIA_KEY_BASE64 KIND > OUT`.
//!
//! Nothing is written before everything is proven, so this example holds the plaintext in memory; a program
//! with a disk writes it to a file without a name, and names it after `finish`.

use std::error::Error;
use std::fs::File;
use std::io::{Read as _, Write as _};

use serde_json::Value;
use wa_media::{Cause, Decryptor, Expected, KeyKind, LabelFinder, MediaKey, read};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, key, kind] = arguments.as_slice() else {
        return Err("usage: decrypt_file FILE MEDIA_KEY_BASE64 image|video|audio|document".into());
    };
    let key = read::bytes32(&Value::from(key.as_str())).ok_or("the key is not 32 bytes")?;
    let key = MediaKey::new(key);
    let kind = KeyKind::from_wire_type(kind).ok_or("no such kind")?;

    // What a message promises goes in here; without it the MAC is the only proof.
    let expected = Expected::default();
    let decryptor = Decryptor::new(&key, kind, expected.clone());
    let outcome = decrypt(file, decryptor)?;
    let (plaintext, proof) = match outcome {
        Err(Cause::WrongKey | Cause::Corrupt) => {
            let mut finder = LabelFinder::new(&key);
            in_pieces(file, |piece| finder.update(piece))?;
            let label = finder.finish().ok_or("the key fits under no label")?;
            decrypt(file, Decryptor::of_proven_label(&key, label, expected))??
        }
        other => other?,
    };
    eprintln!("proven: {proof}");
    Ok(std::io::stdout().write_all(&plaintext)?)
}

type Outcome = Result<(Vec<u8>, &'static str), Cause>;

fn decrypt(file: &str, mut decryptor: Decryptor) -> std::io::Result<Outcome> {
    let mut plaintext = Vec::new();
    in_pieces(file, |piece| decryptor.update(piece, &mut plaintext))?;
    Ok(match decryptor.finish(&mut plaintext) {
        Ok(decrypted) => Ok((plaintext, decrypted.verified.verification().as_str())),
        Err(failure) => Err(failure.cause),
    })
}

fn in_pieces(file: &str, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut file = File::open(file)?;
    let mut piece = vec![0; 64 << 10];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            count => take(&piece[..count]),
        }
    }
}
