//! Untrusted weights files.

use super::memory::peak_memory;
use pollster::block_on;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::model::{Kind, MOST_WEIGHT, Weights};
use running_hand::writer::{Settings, Writer};

/// Most memory that reading may take: bytes per byte of the file.
pub const PER_BYTE: usize = 64;
/// See [`PER_BYTE`]: bytes on top, for any file.
pub const OVERHEAD: usize = 64 << 10;
/// Chunks that are written with an accepted file: 8 timesteps each.
const CHUNKS: usize = 3;

/// Reads a file, which has to be refused with a message of reasonable length, or else be usable for writing. Returns
/// whether it was accepted.
pub fn read(bytes: &[u8]) -> bool {
    let (read, peak) = peak_memory(|| Weights::from_bytes(bytes, "fuzzed.safetensors"));
    let allowed = OVERHEAD + PER_BYTE * bytes.len();
    assert!(peak <= allowed, "{peak} bytes of memory for a file of {}; {allowed} are allowed", bytes.len());
    match read {
        Err(error) => {
            let message = error.to_string();
            assert!(!message.is_empty() && message.chars().count() < 600, "{message}");
            false
        }
        Ok(weights) => {
            write(weights);
            true
        }
    }
}

fn write(weights: Weights) {
    let config = weights.config.clone();
    for dense in weights.layers.iter().map(|layer| &layer.gates).chain(&weights.window).chain([&weights.output]) {
        let (rows, columns) = (dense.weight.rows(), dense.weight.columns);
        assert_eq!((rows, dense.weight.values.len()), (dense.bias.len(), rows * columns));
        assert!(dense.weight.values.iter().all(|value| (-MOST_WEIGHT..=MOST_WEIGHT).contains(value)));
        assert!(dense.weight.scales.iter().chain(&dense.bias).all(|value| value.is_finite()));
    }
    let text: String = match config.kind {
        Kind::Prediction => String::new(),
        Kind::Synthesis => config.alphabet.chars().take(4).collect(),
    };
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(weights);
    for style in [None, Some(0)] {
        let settings = Settings::default().with_style(style).with_attempts(0);
        let Ok(plan) = block_on(writer.start(&text, &settings)) else {
            // A blank text needs the other network; the style may not exist.
            continue;
        };
        let mut points = 0;
        for _ in 0..CHUNKS {
            let Some(chunk) = block_on(writer.next()).expect("the CPU engine does not fail") else { break };
            points += chunk.offsets.len();
            assert!(chunk.offsets.iter().all(|offset| offset.dx.is_finite() && offset.dy.is_finite()));
        }
        assert!(points <= plan.cap);
    }
}

/// Values that programs often mishandle.
const AWKWARD: [&str; 17] = [
    "0",
    "-1",
    "1",
    "2",
    "1e999",
    "1e38",
    "1e-45",
    "18446744073709551615",
    "18446744073709551616",
    "4294967296",
    "null",
    "\\\"\\\"",
    "[]",
    "{}",
    "true",
    "0.1",
    "9007199254740993",
];

/// Mutates a file so that most of it stays readable: when the header changes, so does its stated length.
pub fn mutate(bytes: &mut Vec<u8>, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut below = move |end: usize| (rng.next_u64() % end.max(1) as u64) as usize;
    for _ in 0..=below(8) / 5 {
        let header = bytes.first_chunk::<8>().map_or(0, |length| u64::from_le_bytes(*length));
        let header = usize::try_from(header).unwrap_or(0).min(bytes.len().saturating_sub(8));
        let inside = 8 + below(header);
        match below(8) {
            // One byte, anywhere or behind the header.
            kind @ 0..=1 if bytes.len() > 8 + header => {
                let start = kind * (8 + header);
                let at = start + below(bytes.len() - start);
                bytes[at] = if below(2) == 0 { bytes[at] ^ 1 << below(8) } else { below(256) as u8 };
            }
            2 if below(3) == 0 => bytes.truncate(below(bytes.len() + 1)),
            3 => bytes.extend((0..below(9)).map(|_| 0)),
            // A number or another part of the header becomes an awkward value.
            4..=6 if header > 0 => {
                let number = |byte: &u8| byte.is_ascii_digit() || b"-.eE".contains(byte);
                let start = (inside..8 + header).find(|&at| number(&bytes[at])).unwrap_or(inside);
                let end = (start..8 + header).find(|&at| !number(&bytes[at])).unwrap_or(8 + header);
                splice(bytes, start, end, AWKWARD[below(AWKWARD.len())].as_bytes());
            }
            // A part of the header is removed or duplicated.
            7 if header > 0 => {
                let end = (inside + below(40)).min(8 + header);
                let piece = bytes[inside..end].to_vec();
                let twice = [&piece[..], &piece].concat();
                splice(bytes, inside, end, if below(2) == 0 { &[] } else { &twice });
            }
            _ => {}
        }
    }
}

/// Replaces a range of the header by `piece`, and corrects the header's length.
fn splice(bytes: &mut Vec<u8>, start: usize, end: usize, piece: &[u8]) {
    let length = u64::from_le_bytes(*bytes.first_chunk().expect("there is a header"));
    bytes.splice(start..end, piece.iter().copied());
    let length = length.wrapping_add(piece.len() as u64).wrapping_sub((end - start) as u64);
    bytes[..8].copy_from_slice(&length.to_le_bytes());
}
