//! The weights file: configuration and tensors, read, checked and widened to `f32`.
//!
//! One safetensors file holds one network. Its metadata has a key `running-hand` with a JSON object
//! ([`Config`]); every size comes from there, none from the code. Tensors, all row-major (H = hidden
//! units of a layer, A = character ids, K = window components, M = mixtures, S = style dimension,
//! N = styles, R = 1 + 6 M, one more with a learned stop):
//!
//! | tensor | shape | order |
//! |---|---|---|
//! | `lstm.{l}.weight` | `[4 H_l, in_l + H_l]` | rows i, f, g, o; columns point (3), window (A), hidden below, own hidden |
//! | `lstm.{l}.bias` | `[4 H_l]` | i, f, g, o |
//! | `lstm.{l}.style` | `[4 H_l, S]` | i, f, g, o; only if S > 0 |
//! | `window.weight`, `window.bias` | `[3 K, H_0]`, `[3 K]` | α, β, κ; synthesis only |
//! | `output.weight`, `output.bias` | `[R, Σ H]`, `[R]` | e, π, μx, μy, σx, σy, ρ, stop |
//! | `style.table` | `[N, S]` | rows in the order of `styles`; only if S > 0 |
//!
//! A file may come from anywhere: nothing of it is trusted before it is checked. Sizes are those of tensors
//! that lie within the file, so that reading takes memory in proportion to the file ([`MOST_METADATA`]),
//! and every limit of the metadata stands in [`Config`]'s validation.
//!
//! Every tensor is `F32` or `F16`, and a matrix may be `I8`. An `I8` matrix `x` comes with `x.scale`,
//! `F32`, one number for each row, by which that row's numbers are multiplied. `quantisation` in the
//! metadata says which of the three the `weight` matrices are.

pub mod style;

use crate::error::{Error, Result};
use crate::ink::Offset;
use half::f16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Longest metadata that is read, in bytes. The shipped files have some thousand; parsed, it takes up to
/// thirty times as much memory, whatever the size of the tensors.
pub const MOST_METADATA: usize = 1 << 20;
/// Most characters of an alphabet, and most styles.
const MOST_NAMES: usize = 4096;
/// Longest name of a style, in characters.
const LONGEST_NAME: usize = 200;
/// Largest and least of lengths and times: far beyond any pen, and far from where `f32` would overflow.
const MOST: f32 = 1e4;
const LEAST: f32 = 1e-4;
/// Most points per character: with the longest line, some two million timesteps.
const MOST_POINTS: f32 = 1e3;

/// Which of the two networks a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Writes on its own (unconditional).
    Prediction,
    /// Writes the text it is given.
    Synthesis,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Prediction => "prediction",
            Kind::Synthesis => "synthesis",
        })
    }
}

/// How a file stores its weight matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantisation {
    /// As they were trained.
    F32,
    /// Half precision.
    F16,
    /// Whole numbers with a scale for each row. The trainer chooses scales whose multiples `f16` holds
    /// exactly; with others the engines' weights differ by what `f16` rounds off.
    Int8,
}

impl Quantisation {
    fn dtype(self) -> Dtype {
        match self {
            Quantisation::F32 => Dtype::F32,
            Quantisation::F16 => Dtype::F16,
            Quantisation::Int8 => Dtype::I8,
        }
    }
}

/// Everything about a network but its numbers. Unknown keys are ignored, missing ones are errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Version of this layout; 1.
    pub format: u32,
    /// Which network.
    pub kind: Kind,
    /// Hidden units per LSTM layer.
    pub hidden: Vec<usize>,
    /// Mixture components M.
    pub mixtures: usize,
    /// Window components K; 0 without text.
    pub window: usize,
    /// Characters of ids 1, 2, …; id 0 is the end mark. Empty without text.
    pub alphabet: String,
    /// Length S of a style vector; 0 without styles.
    pub style_dim: usize,
    /// Names of the rows of `style.table`.
    pub styles: Vec<String>,
    /// Whether the output layer ends with a learned stop.
    pub stop: bool,
    /// Mean of raw offsets (x, y), in corpus units.
    pub offset_mean: [f32; 2],
    /// Standard deviation of raw offsets (x, y), in corpus units.
    pub offset_sd: [f32; 2],
    /// Milliseconds of pen time between two points.
    pub sample_ms: f32,
    /// Order of the gates' rows; "ifgo".
    pub gate_order: String,
    /// How the file stores its weight matrices.
    pub quantisation: Quantisation,
    /// Mean points per character of the training text.
    pub points_per_character: f32,
    /// Points that each character of the alphabet took in training, as a share of that mean; empty if
    /// the file does not say.
    #[serde(default)]
    pub dwell: Vec<f32>,
    /// Free: how it was trained.
    #[serde(default)]
    pub training: serde_json::Value,
    /// Free: what it was trained on and under which terms.
    #[serde(default)]
    pub corpus: String,
}

impl Config {
    /// Number of character ids A, the end mark among them; 0 without text.
    pub fn ids(&self) -> usize {
        if self.window == 0 { 0 } else { self.alphabet.chars().count() + 1 }
    }

    /// Rows R of the output layer.
    pub fn outputs(&self) -> usize {
        1 + 6 * self.mixtures + usize::from(self.stop)
    }

    /// Columns of a layer's weight: point, window, hidden below, own hidden.
    pub fn columns(&self, layer: usize) -> usize {
        let below = if layer == 0 { 0 } else { self.hidden[layer - 1] };
        3 + self.ids() + below + self.hidden[layer]
    }

    /// Sum of all hidden units: columns of the output layer.
    pub fn hidden_total(&self) -> usize {
        self.hidden.iter().sum()
    }

    /// A point as the network makes it, `(dx, dy, pen)`, in corpus units.
    pub fn offset(&self, point: [f32; 3]) -> Offset {
        Offset {
            dx: point[0] * self.offset_sd[0] + self.offset_mean[0],
            dy: point[1] * self.offset_sd[1] + self.offset_mean[1],
            pen_lift: point[2] > 0.5,
        }
    }

    /// An offset in corpus units as the network takes it: the reverse of [`Config::offset`].
    pub fn normalised(&self, dx: f32, dy: f32) -> [f32; 2] {
        [(dx - self.offset_mean[0]) / self.offset_sd[0], (dy - self.offset_mean[1]) / self.offset_sd[1]]
    }

    /// Checks what the types cannot.
    fn validate(&self, file: &str) -> Result<()> {
        let bad =
            |key: &str, problem: String| Err(Error::WeightsMetadata { file: file.into(), key: key.into(), problem });
        if self.format != 1 {
            return bad("format", format!("is {}, but only 1 can be read", self.format));
        }
        if self.hidden.is_empty() || self.hidden.len() > 16 || self.hidden.iter().any(|&h| h == 0 || h > 8192) {
            let found = excerpt(&format!("{:?}", self.hidden));
            return bad("hidden", format!("is {found}, expected 1 to 16 layers of 1 to 8192 units"));
        }
        if self.mixtures == 0 || self.mixtures > 1024 {
            return bad("mixtures", format!("is {}, expected 1 to 1024", self.mixtures));
        }
        if self.window > 1024 {
            return bad("window", format!("is {}, expected at most 1024", self.window));
        }
        if self.gate_order != "ifgo" {
            return bad("gate_order", format!("is {:?}, expected \"ifgo\"", excerpt(&self.gate_order)));
        }
        if self.style_dim > 8192 || (self.style_dim == 0 && !self.styles.is_empty()) {
            return bad("style_dim", format!("is {}, with {} styles named", self.style_dim, self.styles.len()));
        }
        if self.styles.len() > MOST_NAMES {
            return bad("styles", format!("names {} styles, expected at most {MOST_NAMES}", self.styles.len()));
        }
        if let Some(name) = self.styles.iter().find(|name| name.chars().count() > LONGEST_NAME) {
            return bad("styles", format!("has a name of more than {LONGEST_NAME} characters: {:?}", excerpt(name)));
        }
        match self.kind {
            Kind::Synthesis if self.window == 0 => {
                return bad("window", "is 0, but a synthesis network needs one".into());
            }
            Kind::Synthesis if self.alphabet.is_empty() => return bad("alphabet", "is empty".into()),
            Kind::Prediction if self.window != 0 => return bad("window", "must be 0 for a prediction network".into()),
            _ => {}
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(c) = self.alphabet.chars().find(|&c| !seen.insert(c)) {
            return bad("alphabet", format!("has {c:?} twice"));
        }
        let characters = self.alphabet.chars().count();
        if characters > MOST_NAMES {
            return bad("alphabet", format!("has {characters} characters, expected at most {MOST_NAMES}"));
        }
        if !(self.dwell.is_empty() || self.dwell.len() == characters) {
            return bad("dwell", format!("has {} numbers for {characters} characters", self.dwell.len()));
        }
        if let Some(v) = self.dwell.iter().find(|v| !(LEAST..=MOST).contains(*v)) {
            return bad("dwell", format!("has the number {v}, expected {LEAST} to {MOST}"));
        }
        if let Some(v) = self.offset_mean.iter().find(|v| !(-MOST..=MOST).contains(*v)) {
            return bad("offset_mean", format!("has the number {v}, expected {} to {MOST}", -MOST));
        }
        let numbers = [
            ("offset_sd", self.offset_sd[0], MOST),
            ("offset_sd", self.offset_sd[1], MOST),
            ("sample_ms", self.sample_ms, MOST),
            ("points_per_character", self.points_per_character, MOST_POINTS),
        ];
        if let Some((key, value, most)) = numbers.into_iter().find(|&(_, v, most)| !(LEAST..=most).contains(&v)) {
            return bad(key, format!("is {value}, expected {LEAST} to {most}"));
        }
        Ok(())
    }
}

/// One dense matrix with its bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// `[rows, columns]`, row-major.
    pub weight: Vec<f32>,
    /// `[rows]`.
    pub bias: Vec<f32>,
    /// Number of columns.
    pub columns: usize,
    /// The weights as they are in an `int8` file; `None` of other files.
    pub whole: Option<Whole>,
}

/// A matrix of whole numbers with a scale for each row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Whole {
    /// By which each row is multiplied, `[rows]`.
    pub scales: Vec<f32>,
    /// How many columns, the first ones, have mostly zeros for factors: they are not in the tiles.
    pub sparse: usize,
    /// Tiles of [`Whole::ROWS`] rows, one after the other; missing rows and columns are zeros.
    tiles: Vec<TileChunk>,
    /// Sums of each row's numbers in the tiles; 0 for rows that are missing.
    totals: Vec<[i32; Whole::PADDED]>,
    /// Chunks of a tile.
    width: usize,
    /// The sparse columns, one after the other, times the rows' scales.
    apart: Vec<f32>,
}

/// [`Whole::LANES`] columns of [`Whole::ROWS`] rows: what is multiplied at a time lies together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(target_arch = "wasm32", repr(C, align(16)))]
#[cfg_attr(not(target_arch = "wasm32"), repr(C, align(64)))]
pub struct TileChunk(pub [[i8; Whole::LANES]; Whole::ROWS]);

/// Some tiles of a matrix, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Tiles<'a> {
    /// All columns of the first tile, then those of the next.
    pub chunks: &'a [TileChunk],
    /// Sums of each row's numbers, `[tiles]`.
    pub totals: &'a [[i32; Whole::PADDED]],
    /// `[rows]`: the last tile may have fewer.
    pub scales: &'a [f32],
}

impl Whole {
    /// Columns that are multiplied at a time: bytes of 128 bits.
    pub const LANES: usize = 16;
    /// Rows that are multiplied at a time: so few that the sums of three products with each, and what is added to
    /// them, have room in WebAssembly's 16 registers of 128 bits, and else in 32 of 512.
    pub const ROWS: usize = if cfg!(target_arch = "wasm32") { 3 } else { 16 };
    /// As many in whole registers of 128 bits.
    pub const PADDED: usize = Self::ROWS.next_multiple_of(4);
    /// Sums of products with numbers of a byte, or of 14 bits in four lanes, cannot overflow 32 bits up to here.
    const MOST_COLUMNS: usize = 8000;

    /// Rows of numbers, as a file has them; `None` if they are too long for whole sums, or all columns are sparse.
    pub fn new(numbers: &[u8], columns: usize, scales: Vec<f32>, sparse: usize) -> Option<Self> {
        if columns > Self::MOST_COLUMNS || sparse >= columns {
            return None;
        }
        let width = (columns - sparse).div_ceil(Self::LANES);
        let count = scales.len().div_ceil(Self::ROWS);
        let (mut tiles, mut totals) = (vec![TileChunk::default(); count * width], vec![[0; Self::PADDED]; count]);
        let mut apart = vec![0.0; sparse * scales.len()];
        for (r, row) in numbers.chunks_exact(columns).enumerate() {
            let tile = &mut tiles[r / Self::ROWS * width..][..width];
            for (chunk, numbers) in tile.iter_mut().zip(row[sparse..].chunks(Self::LANES)) {
                for (lane, number) in chunk.0[r % Self::ROWS].iter_mut().zip(numbers) {
                    *lane = number.cast_signed();
                    totals[r / Self::ROWS][r % Self::ROWS] += i32::from(*lane);
                }
            }
            for (column, number) in row[..sparse].iter().enumerate() {
                apart[column * scales.len() + r] = f32::from(number.cast_signed()) * scales[r];
            }
        }
        Some(Self { scales, sparse, tiles, totals, width, apart })
    }

    /// The sparse columns.
    pub fn apart(&self) -> impl Iterator<Item = &[f32]> {
        self.apart.chunks_exact(self.scales.len().max(1))
    }

    /// The tiles, so many at a time.
    pub fn tiles(&self, at_a_time: usize) -> impl Iterator<Item = Tiles<'_>> {
        let chunks = self.tiles.chunks((at_a_time * self.width).max(1));
        let rest = self.totals.chunks(at_a_time).zip(self.scales.chunks(at_a_time * Self::ROWS));
        chunks.zip(rest).map(|(chunks, (totals, scales))| Tiles { chunks, totals, scales })
    }
}

/// One LSTM layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LstmWeights {
    /// Gates i, f, g, o: `[4 H, columns]` and bias `[4 H]`.
    pub gates: Dense,
    /// `[4 H, S]`; empty without styles.
    pub style: Vec<f32>,
    /// Hidden units H.
    pub hidden: usize,
}

/// A network, ready for an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Sizes, alphabet, units.
    pub config: Config,
    /// From the bottom up.
    pub layers: Vec<LstmWeights>,
    /// `[3 K, H_0]`; `None` without text.
    pub window: Option<Dense>,
    /// `[R, Σ H]`.
    pub output: Dense,
    /// `[N, S]`; empty without styles.
    pub style_table: Vec<f32>,
    /// FNV-1a hash of the file: a seed reproduces its writing only with the same file.
    pub fingerprint: u64,
}

impl Weights {
    /// Reads a weights file. `file` is the name used in messages.
    ///
    /// # Errors
    /// [`Error::WeightsUnreadable`], [`Error::WeightsMetadata`] or [`Error::WeightsTensor`].
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self> {
        let unreadable = |cause: String| Error::WeightsUnreadable { file: file.into(), cause };
        if bytes.is_empty() {
            return Err(unreadable("it is empty".into()));
        }
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| {
            let html = bytes.trim_ascii_start().starts_with(b"<");
            let hint = if html { ", it looks like an HTML page, as servers send for a missing file" } else { "" };
            unreadable(format!("{} bytes, {}{hint}", bytes.len(), describe(&e)))
        })?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| unreadable(describe(&e)))?;
        let json = header.metadata().as_ref().and_then(|m| m.get("running-hand")).ok_or_else(|| {
            Error::WeightsMetadata { file: file.into(), key: "running-hand".into(), problem: "is missing".into() }
        })?;
        if json.len() > MOST_METADATA {
            return Err(Error::WeightsMetadata {
                file: file.into(),
                key: "running-hand".into(),
                problem: format!("has {} bytes, expected at most {MOST_METADATA}", json.len()),
            });
        }
        let config = parse_config(json, file)?;
        let reader = Reader { tensors: &tensors, quantisation: config.quantisation, file };
        let mut layers = Vec::with_capacity(config.hidden.len());
        for (l, &hidden) in config.hidden.iter().enumerate() {
            // The point, and the window: of all characters there are few in view.
            let gates = reader.dense(&format!("lstm.{l}"), 4 * hidden, config.columns(l), 3 + config.ids())?;
            let style = if config.style_dim > 0 {
                reader.tensor(&format!("lstm.{l}.style"), &[4 * hidden, config.style_dim])?
            } else {
                Vec::new()
            };
            layers.push(LstmWeights { gates, style, hidden });
        }
        let window = match config.window {
            0 => None,
            k => Some(reader.dense("window", 3 * k, config.hidden[0], 0)?),
        };
        let output = reader.dense("output", config.outputs(), config.hidden_total(), 0)?;
        let style_table = if config.style_dim > 0 {
            reader.tensor("style.table", &[config.styles.len(), config.style_dim])?
        } else {
            Vec::new()
        };
        Ok(Self { config, layers, window, output, style_table, fingerprint: fnv1a(bytes) })
    }

    /// As [`Weights::from_bytes`], and refuses the other kind of network.
    ///
    /// # Errors
    /// Also [`Error::WeightsKind`].
    pub fn from_bytes_of(kind: Kind, bytes: &[u8], file: &str) -> Result<Self> {
        let weights = Self::from_bytes(bytes, file)?;
        if weights.config.kind == kind {
            return Ok(weights);
        }
        Err(Error::WeightsKind {
            file: file.into(),
            found: weights.config.kind.to_string(),
            expected: kind.to_string(),
        })
    }

    /// The same network with every matrix rounded to what `f16` holds: what the GPU engine computes
    /// with, so that comparisons see the engines differ only by the order of their sums.
    #[must_use]
    pub fn rounded_to_f16(&self) -> Self {
        let round = |dense: &mut Dense| {
            let before = dense.weight.clone();
            dense.weight.iter_mut().for_each(|v| *v = f16::from_f32(*v).to_f32());
            if dense.weight != before {
                dense.whole = None;
            }
        };
        let mut rounded = self.clone();
        rounded.layers.iter_mut().for_each(|layer| round(&mut layer.gates));
        rounded.window.iter_mut().for_each(round);
        round(&mut rounded.output);
        rounded
    }
}

/// Columns that [`Dense::packed_f16`] keeps together: 16 bytes.
pub const OCTET: usize = 8;

impl Dense {
    /// These columns of all rows as `f16`, two to a `u32`, low half first. Each part is padded with zeros
    /// to whole octets, so that it starts on one.
    pub fn packed_f16(&self, parts: &[Range<usize>]) -> Vec<u32> {
        let octets: usize = parts.iter().map(|part| part.len().div_ceil(OCTET)).sum();
        let mut packed = Vec::with_capacity(self.bias.len() * octets * OCTET / 2);
        for row in self.weight.chunks_exact(self.columns) {
            for part in parts {
                for octet in row[part.clone()].chunks(OCTET) {
                    let mut halves = [0; OCTET];
                    for (half, value) in halves.iter_mut().zip(octet) {
                        *half = u32::from(f16::from_f32(*value).to_bits());
                    }
                    packed.extend(halves.as_chunks::<2>().0.iter().map(|[low, high]| low | high << 16));
                }
            }
        }
        packed
    }
}

/// The reader's complaint in words that fit a sentence.
fn describe(error: &safetensors::SafeTensorError) -> String {
    excerpt(&error.to_string()).trim_end_matches('.').to_string()
}

/// As much of a foreign text as fits into a message.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

fn parse_config(json: &str, file: &str) -> Result<Config> {
    let bad = |key: &str, problem: String| Error::WeightsMetadata { file: file.into(), key: key.into(), problem };
    let value: serde_json::Value =
        serde_json::from_str(json).map_err(|e| bad("running-hand", format!("is not JSON ({e})")))?;
    let object = value.as_object().ok_or_else(|| bad("running-hand", "is not a JSON object".into()))?;
    const REQUIRED: [&str; 15] = [
        "format",
        "kind",
        "hidden",
        "mixtures",
        "window",
        "alphabet",
        "style_dim",
        "styles",
        "stop",
        "offset_mean",
        "offset_sd",
        "sample_ms",
        "gate_order",
        "quantisation",
        "points_per_character",
    ];
    if let Some(key) = REQUIRED.iter().find(|k| !object.contains_key(**k)) {
        return Err(bad(key, "is missing".into()));
    }
    // Every key by itself, so that a wrong value is reported with its name.
    for key in REQUIRED {
        let mut probe = serde_json::Map::new();
        probe.insert(key.into(), object[key].clone());
        if let Err(e) = serde_json::from_value::<Probe>(probe.into()) {
            return Err(bad(
                key,
                format!("is {}, which cannot be used ({})", excerpt(&object[key].to_string()), excerpt(&e.to_string())),
            ));
        }
    }
    let config: Config = serde_json::from_value(value)
        .map_err(|e| bad("running-hand", format!("cannot be used ({})", excerpt(&e.to_string()))))?;
    config.validate(file)?;
    Ok(config)
}

/// [`Config`] with every key optional; see [`parse_config`].
#[derive(Deserialize)]
#[expect(dead_code, reason = "only its deserialisation matters")]
struct Probe {
    format: Option<u32>,
    kind: Option<Kind>,
    hidden: Option<Vec<usize>>,
    mixtures: Option<usize>,
    window: Option<usize>,
    alphabet: Option<String>,
    style_dim: Option<usize>,
    styles: Option<Vec<String>>,
    stop: Option<bool>,
    offset_mean: Option<[f32; 2]>,
    offset_sd: Option<[f32; 2]>,
    sample_ms: Option<f32>,
    gate_order: Option<String>,
    quantisation: Option<Quantisation>,
    points_per_character: Option<f32>,
    dwell: Option<Vec<f32>>,
}

struct Reader<'a> {
    tensors: &'a SafeTensors<'a>,
    quantisation: Quantisation,
    file: &'a str,
}

impl Reader<'_> {
    fn dense(&self, stem: &str, rows: usize, columns: usize, sparse: usize) -> Result<Dense> {
        let name = format!("{stem}.weight");
        let view = self.view(&name, &[rows, columns])?;
        if view.dtype() != self.quantisation.dtype() {
            let (found, expected) = (view.dtype(), self.quantisation.dtype());
            return Err(
                self.bad(&name, format!("is of type {found:?}, but the metadata's `quantisation` says {expected:?}"))
            );
        }
        let weight = self.tensor(&name, &[rows, columns])?;
        let whole = match view.dtype() {
            Dtype::I8 => Whole::new(view.data(), columns, self.scales(&name, rows)?, sparse),
            _ => None,
        };
        Ok(Dense { weight, bias: self.tensor(&format!("{stem}.bias"), &[rows])?, columns, whole })
    }

    /// One tensor as `f32`, if it is there, of this shape, of a known type and finite.
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let view = self.view(name, shape)?;
        let data = view.data();
        let values: Vec<f32> = match (view.dtype(), shape) {
            (Dtype::F32, _) => data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            (Dtype::F16, _) => data.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
            (Dtype::I8, &[rows, columns]) => multiples(data, columns, &self.scales(name, rows)?),
            (other, _) => {
                let expected = if shape.len() == 2 { "F32, F16 or I8" } else { "F32 or F16" };
                return Err(self.bad(name, format!("is of type {other:?}, expected {expected}")));
            }
        };
        match values.iter().position(|v| !v.is_finite()) {
            Some(index) => Err(self.bad(name, format!("has a value that is no number at index {index}"))),
            None => Ok(values),
        }
    }

    /// The scale of each row of an `I8` matrix.
    fn scales(&self, matrix: &str, rows: usize) -> Result<Vec<f32>> {
        let name = format!("{matrix}.scale");
        match self.view(&name, &[rows])?.dtype() {
            Dtype::F32 => self.tensor(&name, &[rows]),
            other => Err(self.bad(&name, format!("is of type {other:?}, expected F32"))),
        }
    }

    /// One tensor as it is stored, if it is there and of this shape.
    fn view(&self, name: &str, shape: &[usize]) -> Result<TensorView<'_>> {
        let view =
            self.tensors.tensor(name).map_err(|_| self.bad(name, format!("is missing, expected shape {shape:?}")))?;
        if view.shape() != shape {
            return Err(
                self.bad(name, format!("has shape {}, expected {shape:?}", excerpt(&format!("{:?}", view.shape()))))
            );
        }
        Ok(view)
    }

    fn bad(&self, tensor: &str, problem: String) -> Error {
        Error::WeightsTensor { file: self.file.into(), tensor: tensor.into(), problem }
    }
}

/// Rows of whole numbers, each row times its scale.
fn multiples(whole: &[u8], columns: usize, scales: &[f32]) -> Vec<f32> {
    let rows = whole.chunks_exact(columns).zip(scales);
    rows.flat_map(|(row, scale)| row.iter().map(move |&b| f32::from(b.cast_signed()) * scale)).collect()
}

/// 64-bit FNV-1a.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::testing;
    use serde_json::{Value, json};

    const FILE: &str = "weights/synthesis.safetensors";

    fn config() -> Config {
        testing::config(Kind::Synthesis, &[6, 5], 2)
    }

    fn read(bytes: &[u8]) -> Result<Weights> {
        Weights::from_bytes(bytes, FILE)
    }

    /// The message for a file whose metadata was edited.
    fn metadata_message(edit: impl FnOnce(&mut Value)) -> String {
        let mut json = serde_json::to_value(config()).unwrap();
        edit(&mut json);
        let error = read(&testing::file(&json.to_string(), &testing::tensors(&config(), 1))).unwrap_err();
        assert!(matches!(error, Error::WeightsMetadata { .. }), "{error:?}");
        error.to_string()
    }

    /// The message for a file whose tensors were edited.
    fn tensor_message(edit: impl FnOnce(&mut Vec<(String, Vec<usize>, Vec<f32>)>)) -> String {
        let mut tensors = testing::tensors(&config(), 1);
        edit(&mut tensors);
        let error = read(&testing::file(&serde_json::to_string(&config()).unwrap(), &tensors)).unwrap_err();
        assert!(matches!(error, Error::WeightsTensor { .. }), "{error:?}");
        error.to_string()
    }

    fn says(message: &str, parts: &[&str]) {
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in: {message}");
        }
    }

    #[test]
    fn every_tensor_lands_where_it_belongs() {
        let tensors = testing::tensors(&config(), 1);
        let weights = read(&testing::weights_file(&config(), 1)).unwrap();
        let find = |name: &str| &tensors.iter().find(|(n, ..)| n == name).unwrap().2;
        assert_eq!(weights.config, config());
        assert_eq!(
            (weights.layers.len(), weights.layers[1].hidden, weights.layers[1].gates.columns),
            (2, 5, 3 + 28 + 6 + 5)
        );
        assert_eq!(&weights.layers[0].gates.weight, find("lstm.0.weight"));
        assert_eq!(&weights.layers[1].gates.bias, find("lstm.1.bias"));
        assert_eq!(&weights.layers[1].style, find("lstm.1.style"));
        assert_eq!(&weights.window.as_ref().unwrap().weight, find("window.weight"));
        assert_eq!(&weights.output.bias, find("output.bias"));
        assert_eq!(&weights.style_table, find("style.table"));
    }

    #[test]
    fn a_prediction_network_has_no_window_and_any_number_of_mixtures() {
        for mixtures in [1, 2, 20] {
            let config = testing::config(Kind::Prediction, &[7], mixtures);
            let weights = read(&testing::weights_file(&config, 1)).unwrap();
            assert!(weights.window.is_none() && weights.style_table.is_empty());
            assert_eq!(weights.output.bias.len(), 1 + 6 * mixtures);
        }
    }

    #[test]
    fn half_precision_is_read_and_fingerprints_tell_files_apart() {
        let config = config();
        let tensors = testing::tensors(&config, 1);
        let json = serde_json::to_string(&config).unwrap();
        let half_json = serde_json::to_string(&Config { quantisation: Quantisation::F16, ..config }).unwrap();
        let half = read(&testing::file_f16(&half_json, &tensors)).unwrap();
        let full = read(&testing::file(&json, &tensors)).unwrap();
        assert_eq!(half.layers[0].gates.weight, full.rounded_to_f16().layers[0].gates.weight);
        assert_ne!(half.fingerprint, full.fingerprint);
        assert_eq!(full.fingerprint, read(&testing::file(&json, &tensors)).unwrap().fingerprint);
    }

    /// A file with `I8` matrices, its tensors as stored, to be edited.
    fn int8_file(edit: impl FnOnce(&mut Vec<testing::Stored>)) -> Vec<u8> {
        let mut stored = testing::int8(&testing::tensors(&config(), 1));
        edit(&mut stored);
        let config = Config { quantisation: Quantisation::Int8, ..config() };
        testing::file_of(&serde_json::to_string(&config).unwrap(), &stored)
    }

    #[test]
    fn whole_numbers_are_multiplied_by_the_scales_of_their_rows() {
        let tensors = testing::tensors(&config(), 1);
        let weights = read(&int8_file(|_| ())).unwrap();
        assert_eq!(weights.config.quantisation, Quantisation::Int8);
        let found = [
            ("lstm.0.weight", &weights.layers[0].gates.weight),
            ("lstm.1.weight", &weights.layers[1].gates.weight),
            ("lstm.1.style", &weights.layers[1].style),
            ("window.weight", &weights.window.as_ref().unwrap().weight),
            ("output.weight", &weights.output.weight),
        ];
        for (name, found) in found {
            let (_, shape, values) = tensors.iter().find(|(n, ..)| n == name).unwrap();
            assert_eq!(found.len(), values.len());
            for (found, row) in found.chunks(shape[1]).zip(values.chunks(shape[1])) {
                let step = row.iter().fold(0.0f32, |m, v| m.max(v.abs())) / 127.0;
                assert!(found.iter().zip(row).all(|(a, b)| (a - b).abs() <= 0.501 * step), "{name}");
            }
        }
        let exact = read(&int8_file(|stored| {
            let matrix = stored.iter_mut().find(|t| t.name == "window.weight").unwrap();
            matrix.bytes[5..8].copy_from_slice(&[0, 127, 0x81]);
            let scale = stored.iter_mut().find(|t| t.name == "window.weight.scale").unwrap();
            scale.bytes[..4].copy_from_slice(&0.25f32.to_le_bytes());
            scale.bytes[4..8].copy_from_slice(&0.5f32.to_le_bytes());
        }));
        // Six columns: the second row begins at index 6.
        assert_eq!(exact.unwrap().window.unwrap().weight[5..8], [0.0, 63.5, -63.5]);
    }

    #[test]
    fn scales_that_are_missing_or_cannot_be_used_are_named() {
        let message = |edit: &dyn Fn(&mut Vec<testing::Stored>)| {
            let error = read(&int8_file(edit)).unwrap_err();
            assert!(matches!(error, Error::WeightsTensor { .. }), "{error:?}");
            error.to_string()
        };
        for (name, rows) in [("lstm.0.weight.scale", 24), ("window.weight.scale", 12), ("lstm.1.style.scale", 20)] {
            let scale = |edit: &dyn Fn(&mut testing::Stored)| {
                message(&|stored| edit(stored.iter_mut().find(|t| t.name == name).unwrap()))
            };
            let missing = message(&|stored| stored.retain(|t| t.name != name));
            says(&missing, &[FILE, &format!("`{name}` is missing, expected shape [{rows}]")]);
            let misshapen = scale(&|t| t.shape = vec![rows, 1]);
            says(&misshapen, &[FILE, &format!("`{name}` has shape [{rows}, 1], expected [{rows}]")]);
            let infinite = scale(&|t| t.bytes[4..8].copy_from_slice(&f32::INFINITY.to_le_bytes()));
            says(&infinite, &[FILE, &format!("`{name}` has a value that is no number at index 1")]);
            let half = scale(&|t| (t.dtype, t.bytes) = (Dtype::F16, vec![0; 2 * rows]));
            says(&half, &[FILE, &format!("`{name}` is of type F16, expected F32")]);
        }
        // The scale is finite, its multiples are not.
        let huge = message(&|stored| {
            let scale = stored.iter_mut().find(|t| t.name == "output.weight.scale").unwrap();
            scale.bytes[..4].copy_from_slice(&f32::MAX.to_le_bytes());
        });
        says(&huge, &["`output.weight` has a value that is no number at index"]);
        let bias = message(&|stored| {
            let bias = stored.iter_mut().find(|t| t.name == "output.bias").unwrap();
            (bias.dtype, bias.bytes) = (Dtype::I8, vec![1; bias.shape[0]]);
        });
        says(&bias, &["`output.bias` is of type I8, expected F32 or F16"]);
    }

    #[test]
    fn matrices_of_another_type_than_the_metadata_says_are_named() {
        let tensors = testing::tensors(&config(), 1);
        let json = |quantisation| serde_json::to_string(&Config { quantisation, ..config() }).unwrap();
        for (said, dtype) in [(Quantisation::F16, "F16"), (Quantisation::Int8, "I8")] {
            let error = read(&testing::file(&json(said), &tensors)).unwrap_err().to_string();
            says(&error, &[FILE, "`lstm.0.weight` is of type F32", &format!("`quantisation` says {dtype}")]);
        }
        let error = read(&testing::file_f16(&json(Quantisation::Int8), &tensors)).unwrap_err().to_string();
        says(&error, &["`lstm.0.weight` is of type F16", "`quantisation` says I8"]);
    }

    #[test]
    fn what_is_no_weights_file_is_told_with_its_name() {
        let whole = testing::weights_file(&config(), 1);
        let page = b"<!doctype html><title>404</title>";
        let noise = [0xff; 300];
        for bytes in [&[][..], &whole[..5], &whole[..whole.len() / 2], &whole[..whole.len() - 1], page, &noise] {
            let error = read(bytes).unwrap_err();
            assert!(matches!(error, Error::WeightsUnreadable { .. }), "{error:?}");
            says(&error.to_string(), &[FILE, "not a readable weights file", "Download it again"]);
        }
        says(&read(page).unwrap_err().to_string(), &["HTML page"]);
        says(&read(&[]).unwrap_err().to_string(), &["empty"]);
    }

    #[test]
    fn every_required_key_is_named_when_missing_and_unknown_ones_are_ignored() {
        let keys = serde_json::to_value(config()).unwrap();
        for key in keys.as_object().unwrap().keys().filter(|k| !["dwell", "training", "corpus"].contains(&k.as_str())) {
            let message = metadata_message(|json| drop(json.as_object_mut().unwrap().remove(key)));
            says(&message, &[FILE, &format!("`{key}` is missing")]);
        }
        let mut json = serde_json::to_value(config()).unwrap();
        json["painted"] = json!("blue");
        json.as_object_mut().unwrap().remove("training");
        assert!(read(&testing::file(&json.to_string(), &testing::tensors(&config(), 1))).is_ok());
    }

    #[test]
    fn impossible_metadata_is_named() {
        says(&metadata_message(|json| json["format"] = json!(2)), &[FILE, "`format`", "only 1"]);
        says(&metadata_message(|json| json["hidden"] = json!("many")), &["`hidden`", "many"]);
        says(&metadata_message(|json| json["hidden"] = json!([])), &["`hidden`", "1 to 16 layers"]);
        says(&metadata_message(|json| json["hidden"] = json!([-3])), &["`hidden`"]);
        says(&metadata_message(|json| json["mixtures"] = json!(0)), &["`mixtures`", "0"]);
        says(&metadata_message(|json| json["kind"] = json!("poetry")), &["`kind`", "poetry", "prediction"]);
        says(&metadata_message(|json| json["window"] = json!(0)), &["`window`", "synthesis"]);
        says(&metadata_message(|json| json["alphabet"] = json!("aba")), &["`alphabet`", "'a' twice"]);
        says(&metadata_message(|json| json["gate_order"] = json!("ifog")), &["`gate_order`", "ifgo"]);
        says(&metadata_message(|json| json["offset_sd"] = json!([1.0, 0.0])), &["`offset_sd`"]);
        says(&metadata_message(|json| json["quantisation"] = json!("int4")), &["`quantisation`", "int4", "`int8`"]);
        says(&metadata_message(|json| json["sample_ms"] = json!(0)), &["`sample_ms`", "is 0, expected 0.0001"]);
        says(&metadata_message(|json| json["dwell"] = json!([1.0])), &["`dwell`", "1 numbers for 27 characters"]);
        says(
            &metadata_message(|json| json["dwell"] = json!(vec![0.0; 27])),
            &["`dwell`", "the number 0, expected 0.0001"],
        );
        says(&metadata_message(|json| json["style_dim"] = json!(0)), &["`style_dim`", "2 styles"]);
        says(&metadata_message(|json| json["offset_sd"] = json!([1e30, 1.0])), &["`offset_sd`", "to 10000"]);
        says(&metadata_message(|json| json["offset_mean"] = json!([0.0, -1e5])), &["`offset_mean`", "-10000 to"]);
        says(&metadata_message(|json| json["points_per_character"] = json!(3e38)), &["`points_per_character`"]);
        let names: Vec<String> = (0..5000).map(|n| n.to_string()).collect();
        says(&metadata_message(|json| json["styles"] = json!(names)), &["`styles`", "5000 styles", "at most 4096"]);
        says(&metadata_message(|json| json["styles"] = json!(["x".repeat(300)])), &["`styles`", "200 characters"]);
        let alphabet: String = ('\u{4e00}'..).take(5000).collect();
        says(&metadata_message(|json| json["alphabet"] = json!(alphabet)), &["`alphabet`", "5000", "at most 4096"]);
        let long = metadata_message(|json| json["gate_order"] = json!("ifgo".repeat(100_000)));
        assert!(long.chars().count() < 500, "a message is no place for {} characters", long.chars().count());
        let long = metadata_message(|json| json["hidden"] = json!("many".repeat(100_000)));
        assert!(long.chars().count() < 500, "a message is no place for {} characters", long.chars().count());
        says(&metadata_message(|json| json["corpus"] = json!("x".repeat(MOST_METADATA))), &["`running-hand`", "bytes"]);
        says(&metadata_message(|json| *json = json!([1])), &["`running-hand`", "not a JSON object"]);
        let error = read(&testing::file("{", &[])).unwrap_err().to_string();
        says(&error, &[FILE, "`running-hand` is not JSON"]);
        let error = read(&safetensors::serialize(Vec::<(String, TensorView<'_>)>::new(), None).unwrap());
        says(&error.unwrap_err().to_string(), &[FILE, "`running-hand` is missing"]);
    }

    #[test]
    fn a_tensor_that_is_missing_or_misshapen_is_named_with_what_was_expected() {
        let names: Vec<String> = testing::tensors(&config(), 1).into_iter().map(|(name, ..)| name).collect();
        for name in &names {
            let message = tensor_message(|tensors| tensors.retain(|(n, ..)| n != name));
            says(&message, &[FILE, &format!("`{name}` is missing, expected shape [")]);
            let message = tensor_message(|tensors| {
                let (_, shape, values) = tensors.iter_mut().find(|(n, ..)| n == name).unwrap();
                shape[0] += 1;
                values.resize(shape.iter().product(), 0.0);
            });
            says(&message, &[FILE, &format!("`{name}` has shape ["), "expected ["]);
        }
        let message = tensor_message(|tensors| tensors[0].2[7] = f32::NAN);
        says(&message, &["`lstm.0.weight`", "no number at index 7"]);
    }

    #[test]
    fn the_other_kind_of_network_is_refused() {
        let bytes = testing::weights_file(&config(), 1);
        let error = Weights::from_bytes_of(Kind::Prediction, &bytes, FILE).unwrap_err();
        assert!(matches!(error, Error::WeightsKind { .. }));
        says(&error.to_string(), &[FILE, "a synthesis network", "a prediction network is needed"]);
        assert!(Weights::from_bytes_of(Kind::Synthesis, &bytes, FILE).is_ok());
    }

    #[test]
    fn rows_are_packed_two_to_a_word_and_their_parts_start_on_whole_octets() {
        let weight: Vec<f32> = (0..22).map(|k| k as f32 - 3.0).collect();
        let dense = Dense { weight: weight.clone(), bias: vec![0.0; 2], columns: 11, whole: None };
        let halves: Vec<f32> = dense
            .packed_f16(&[0..0, 0..2, 2..11])
            .iter()
            .flat_map(|word| [word & 0xffff, word >> 16])
            .map(|bits| f16::from_bits(bits as u16).to_f32())
            .collect();
        let row = |row: &[f32]| [&row[..2], &[0.0; 6], &row[2..], &[0.0; 7]].concat();
        assert_eq!(halves, [row(&weight[..11]), row(&weight[11..])].concat());
    }
}
