//! Reference lines: the shipped networks write them equal bit for bit on every machine and engine. Here natively, all
//! lines of a network in one batch; in browsers and in Node `tests/page/lines.test.js` writes them one by one.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "tests")]

mod inputs;

use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::model::Weights;
use running_hand::writer::{Settings, Writer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// `tests/fixtures/lines.json`: what is written, and what it has to be. To add a line, add it there without the last two
/// keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReferenceLine {
    /// Blank text is for the prediction network.
    text: String,
    /// Its index under the seed.
    line: u64,
    /// Of `WriteOptions`, the module's.
    options: Options,
    /// How many points it has.
    #[serde(default)]
    points: usize,
    /// Of its steps, nine little-endian `f32` each.
    #[serde(default)]
    sha256: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    bias: f32,
    temperature: f32,
    seed: u64,
    attempts: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blend: Option<Blend>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Blend {
    style: usize,
    share: f32,
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn reference_lines() -> Vec<ReferenceLine> {
    serde_json::from_slice(&std::fs::read(path("tests/fixtures/lines.json")).unwrap()).unwrap()
}

impl ReferenceLine {
    fn settings(&self) -> Settings {
        let Options { bias, temperature, seed, attempts, style, ref blend, points } = self.options;
        Settings::default()
            .with_bias(bias)
            .with_temperature(temperature)
            .with_seed(seed)
            .with_line(self.line)
            .with_style(style)
            .with_style_blend(blend.as_ref().map(|blend| (blend.style, blend.share)))
            .with_points(points.unwrap_or(Settings::default().points))
            .with_attempts(attempts)
    }
}

/// The same lines, written.
fn written(lines: Vec<ReferenceLine>) -> Vec<ReferenceLine> {
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    for name in ["synthesis.safetensors", "prediction.safetensors"] {
        writer.set_weights(Weights::from_bytes(&std::fs::read(path("weights").join(name)).unwrap(), name).unwrap());
    }
    let (blank, text): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.text.trim().is_empty());
    [text, blank].into_iter().flat_map(|lines| write(&mut writer, lines)).collect()
}

/// Lines of one network.
fn write(writer: &mut Writer, mut lines: Vec<ReferenceLine>) -> Vec<ReferenceLine> {
    let mut hashes = vec![Sha256::new(); lines.len()];
    lines.iter_mut().for_each(|line| line.points = 0);
    pollster::block_on(async {
        writer.start_lines(lines.iter().map(|line| (line.text.clone(), line.settings())).collect()).await.unwrap();
        while let Some(updates) = writer.next_updates().await.unwrap() {
            for update in updates {
                let steps = update.chunk.steps;
                lines[update.line].points += steps.len();
                for number in bytemuck::cast_slice::<_, f32>(&steps) {
                    hashes[update.line].update(number.to_le_bytes());
                }
            }
        }
    });
    for (line, hash) in lines.iter_mut().zip(hashes) {
        line.sha256 = hash.finalize().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
    }
    lines
}

/// `cargo test --test lines -- --ignored` writes them anew when the weights have changed, or the list.
#[test]
#[ignore = "writes into tests/fixtures/"]
fn reference_lines_are_generated() {
    let lines: Vec<_> = written(reference_lines()).iter().map(|line| serde_json::to_string(line).unwrap()).collect();
    std::fs::write(path("tests/fixtures/lines.json"), format!("[\n  {}\n]\n", lines.join(",\n  "))).unwrap();
}

#[test]
fn reference_lines_are_equal_bit_for_bit() {
    let lines = reference_lines();
    assert!(lines.len() >= 20 && lines.iter().map(|line| line.points).sum::<usize>() > 10_000);
    for (written, expected) in written(lines.clone()).into_iter().zip(lines) {
        assert_eq!(
            written, expected,
            "If the weights or the arithmetic were meant to change, write the reference lines anew: \
             `cargo test --test lines -- --ignored`"
        );
    }
}

#[test]
fn noise_is_the_same_whole_numbers_everywhere() {
    inputs::noise();
}

#[test]
fn settings_are_the_same_whole_numbers_everywhere() {
    inputs::settings();
}
