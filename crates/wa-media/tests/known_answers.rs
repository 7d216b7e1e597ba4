//! Keys and files computed by an independent implementation.

#![allow(clippy::too_many_lines)]
#![expect(clippy::unwrap_used, reason = "tests")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wa_media::encrypt::encrypt;
use wa_media::{Decryptor, Expected, KeyKind, MediaKey};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 00 01 … 1f
fn key() -> MediaKey {
    MediaKey::new(std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

#[test]
fn keys_are_expanded_to_the_known_answers() {
    for (kind, iv, cipher, mac) in [
        (
            KeyKind::Image,
            "aa6a127218397cbd2383e4ccf7176a79",
            "008c9aea9b7c5d81",
            "91d09ffec108833c",
        ),
        (
            KeyKind::Video,
            "f1dee5782cc4e2e7b07233b1e25de59b",
            "8564567ee06fa700",
            "259ad46118adcf3c",
        ),
        (
            KeyKind::Audio,
            "13f8935709c20e2e8b0680f81b0dd5fb",
            "a61016c0347747b7",
            "9ec93580944b6656",
        ),
        (
            KeyKind::Document,
            "25e9d370804de0bb33ea5db79453db66",
            "b75c2bed8e162ad6",
            "94a393dafdca1265",
        ),
        (
            KeyKind::StickerPack,
            "a072467b14dfc2656b07a90a93b30166",
            "62bceb3e0caf6287",
            "7e2d2176345ad047",
        ),
        (
            KeyKind::LinkThumbnail,
            "760c15df75946aad364036ed626ebaf8",
            "ae1678eb1ac461a1",
            "fe127195f24f776f",
        ),
        (
            KeyKind::ImageThumbnail,
            "b1e8de730ec58bec0af31e9254fc5631",
            "b40337ecc6afadc2",
            "e844b1609fb852d0",
        ),
        (
            KeyKind::GroupHistory,
            "a1a11bcadd6e04232de1b1f303f28f1f",
            "36298c906389b22e",
            "2f899fdbdc8e23b4",
        ),
    ] {
        let keys = key().expand(kind);
        assert_eq!(
            (
                hex(&keys.iv).as_str(),
                &hex(&keys.cipher_key)[..16],
                &hex(&keys.mac_key)[..16]
            ),
            (iv, cipher, mac),
            "{kind:?}"
        );
    }
    let keys = key().expand(KeyKind::Image);
    let okm = [keys.iv.as_slice(), &keys.cipher_key, &keys.mac_key].concat();
    let whole = "aa6a127218397cbd2383e4ccf7176a79008c9aea9b7c5d81eb56b3f530f87d42dcc92d27b11ad6b5bd66f0560d0d8c4691d09ffec108833c1699574c52657923fb6e3e161d9698bc6b3a05fbc508a515";
    assert_eq!(hex(&okm), whole);
}

#[test]
fn files_are_encrypted_and_decrypted_to_the_known_answers() {
    for (size, length, mac, sha256, enc_sha256) in [
        (
            0,
            26,
            "cb480389e6f95d2b38d9",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "SCPdYEFnS7/252uE0VR/3AX73b39LpfIZO8kWSavqSw=",
        ),
        (
            1,
            26,
            "c07ac72a813939569dbf",
            "CE/tCLl4r019GWp0RqhrWACeY2thHbFiEbZamq3/KcU=",
            "WhP2goOY+mwHqZ33lc7RKflR0+oHX9C6jYnaGLRDWSQ=",
        ),
        (
            15,
            26,
            "d25bed9064e6993c99ed",
            "mLAySddeZC70Hxb8cUhuqFtVH8jJAyS+dz05Z4UveQw=",
            "OmNs3gk20rYP5OYAllUBXeWwlp3/iHXMKKNC8xcirE0=",
        ),
        (
            16,
            42,
            "545999d0a7c417ce5964",
            "nJSSbfuUQz55DywgniYzst0+kisnQaxofhZNSI0f9nw=",
            "YGtq7rZc5WGMzFzSMtWdtomjVRjyjuhHykgbE2ZhSFE=",
        ),
        (
            17,
            42,
            "3d939b35e0b3dca373e7",
            "u8SFvT6YZVZMHR/fXMz5acZDXYbtqSVqz5u6f13Wnrc=",
            "m/jBLUQqfURDD3mroPXOu0Zc/n+GT9ttJo474/u3WCs=",
        ),
        (
            65_535,
            65_546,
            "91b43c1555e0b04f5e5d",
            "/qrPXf6tpI/5k1er0JmN2LNQyLBgOoH1c88+pXeIX5k=",
            "87uZPGVNTozTeqyjfwE1bLEpVES69h7pye+l93/ss0Y=",
        ),
        (
            65_536,
            65_562,
            "87a695c0b98dbe1e0e36",
            "UQsSbh1M7UkQf+SrA+5UyxyOTK9gZOHdKcSNSj50w4s=",
            "yEQQnxKwxRToVLNacKZY30IVmtmC8a1p60H1fHlxzH0=",
        ),
        (
            65_537,
            65_562,
            "494d17018d1944a45341",
            "rYs3DTZQjlXjyc1EZnpuNuNZVdD/n4/lmAW7GMLbXdg=",
            "S1lMOR6jnEF1yNnsT3dTZYb6Mq/UYL1J90oGtv/JRv8=",
        ),
    ] {
        let plain: Vec<u8> = (0_usize..size)
            .map(|at| u8::try_from((7 * at + 3) % 256).unwrap())
            .collect();
        let file = encrypt(&key(), KeyKind::Image, &plain);
        assert_eq!(
            (
                file.body.len(),
                hex(&file.body[file.body.len() - 10..]).as_str()
            ),
            (length, mac),
            "{size}"
        );
        assert_eq!(BASE64_STANDARD.encode(file.sha256), sha256);
        assert_eq!(BASE64_STANDARD.encode(file.enc_sha256), enc_sha256);
        let expected = Expected {
            sha256: Some(file.sha256),
            enc_sha256: Some(file.enc_sha256),
        };
        let mut decryptor = Decryptor::new(&key(), KeyKind::Image, expected);
        let mut back = Vec::new();
        decryptor.update(&file.body, &mut back);
        decryptor.finish(&mut back).unwrap();
        assert_eq!(back, plain);
    }
    assert_eq!(
        hex(&encrypt(&key(), KeyKind::Image, b"").body),
        "d86dbcfed371684274c26215fc53dc72cb480389e6f95d2b38d9"
    );
    let seventeen: Vec<u8> = (0..17).map(|at| 7 * at + 3).collect();
    assert_eq!(
        hex(&encrypt(&key(), KeyKind::Image, &seventeen).body),
        "4bb6f05aa056ce72ede438f26c901ddf02ad28047071cb80ebeae60832383b5f3d939b35e0b3dca373e7"
    );
}
