//! The loudness of a sound in 64 places, as players draw it.

use serde::Serialize;

use super::programs::SAMPLES_PER_SECOND;

const PLACES: usize = 64;
/// A tenth of a second.
const BLOCK_SAMPLES: u32 = SAMPLES_PER_SECOND / 10;
const LOUDEST: u8 = 100;

/// Where the samples are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaveformSource {
    /// The sender's app put them into the message.
    Message,
    /// The file was decoded.
    Decoded,
}

/// The loudness of a sound.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Waveform {
    /// 64 numbers from 0 to 100.
    samples: Vec<u8>,
    source: WaveformSource,
}

impl Waveform {
    pub(super) fn of_message(samples: [u8; PLACES]) -> Self {
        Self {
            samples: samples.map(|sample| sample.min(LOUDEST)).to_vec(),
            source: WaveformSource::Message,
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Measures a sound while it is decoded: 16-bit samples of one channel, little-endian.
#[derive(Default)]
pub(super) struct Loudness {
    /// The mean square of each tenth of a second.
    blocks: Vec<f32>,
    sum: f64,
    count: u32,
    /// The first half of a sample whose second half is in the next piece.
    half: Option<u8>,
}

impl Loudness {
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match self.half.take() {
                None => self.half = Some(*byte),
                Some(low) => self.add_sample(i16::from_le_bytes([low, *byte])),
            }
        }
    }

    fn add_sample(&mut self, sample: i16) {
        self.sum += f64::from(sample) * f64::from(sample);
        self.count += 1;
        if self.count == BLOCK_SAMPLES {
            self.end_block();
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a picture needs no more")]
    fn end_block(&mut self) {
        self.blocks
            .push((self.sum / f64::from(self.count.max(1))) as f32);
        (self.sum, self.count) = (0.0, 0);
    }

    /// None without a sample.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 100"
    )]
    pub fn waveform(mut self) -> Option<Waveform> {
        if self.count > 0 {
            self.end_block();
        }
        if self.blocks.is_empty() {
            return None;
        }
        let count = self.blocks.len();
        let loudness = (0..PLACES).map(|place| {
            let start = place * count / PLACES;
            let end = ((place + 1) * count / PLACES).max(start + 1).min(count);
            let blocks = &self.blocks[start..end];
            let mean = blocks.iter().sum::<f32>()
                / f32::from(u16::try_from(blocks.len()).unwrap_or(u16::MAX));
            mean.sqrt()
        });
        let loudness: Vec<f32> = loudness.collect();
        let most = loudness.iter().copied().fold(0.0, f32::max);
        let scale = if most > 0.0 {
            f32::from(LOUDEST) / most
        } else {
            0.0
        };
        let samples = loudness.iter().map(|it| (it * scale).round() as u8);
        Some(Waveform {
            samples: samples.collect(),
            source: WaveformSource::Decoded,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(samples: impl Iterator<Item = i16>, piece: usize) -> Option<Waveform> {
        let bytes: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
        let mut loudness = Loudness::default();
        bytes.chunks(piece).for_each(|piece| loudness.add(piece));
        loudness.waveform()
    }

    #[test]
    fn the_second_half_is_twice_as_loud_however_the_bytes_come() {
        for length in [64_usize, 8_000, 123_457] {
            let sound = || {
                (0..length).map(move |at| {
                    let amplitude = if at * 2 < length { 5_000 } else { 10_000 };
                    if at % 2 == 0 { amplitude } else { -amplitude }
                })
            };
            let waveform = measured(sound(), 4_096).unwrap();
            assert_eq!(waveform, measured(sound(), 7).unwrap());
            assert_eq!(waveform.samples.len(), 64);
            assert_eq!(waveform.samples[63], 100);
            if length > 800 {
                assert_eq!(waveform.samples[0], 50, "{length}");
            }
        }
    }

    #[test]
    fn silence_is_flat_and_nothing_has_no_waveform() {
        let silence = measured(std::iter::repeat_n(0, 9_000), 999).unwrap();
        assert_eq!(silence.samples, [0; 64]);
        assert_eq!(measured(std::iter::empty(), 1), None);
        let loudest = measured(std::iter::repeat_n(i16::MIN, 9_000), 999).unwrap();
        assert_eq!(loudest.samples, [100; 64]);
        assert_eq!(Waveform::of_message([255; 64]).samples, [100; 64]);
    }
}
