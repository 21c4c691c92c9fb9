//! A network's configuration: the JSON object `running-hand` in the metadata of a weights file.

use crate::error::{Error, Result};
use crate::ink::Offset;
use safetensors::Dtype;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Largest metadata that is read, in bytes. The shipped files have a few thousand. Parsed JSON can take thirty
/// times its size in memory, independently of the tensors.
pub const MOST_METADATA: usize = 1 << 20;
/// Most characters of an alphabet, and most styles.
const MOST_NAMES: usize = 4096;
/// Longest name of a style, in characters.
const LONGEST_NAME: usize = 200;
/// Bounds of lengths and times: far beyond those of any pen, and far from where `f32` would overflow.
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
    /// Writes a text.
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
    /// Signed bytes within ±[`crate::model::MOST_WEIGHT`] with a scale for each row, as the engines compute with them.
    Int8,
}

impl Quantisation {
    pub(super) fn dtype(self) -> Dtype {
        match self {
            Quantisation::F32 => Dtype::F32,
            Quantisation::F16 => Dtype::F16,
            Quantisation::Int8 => Dtype::I8,
        }
    }
}

/// Everything about a network except its tensors. Unknown keys are ignored, missing ones are errors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// Version of the file format; 1.
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
    /// Whether all layers receive the point and the output layer all of them (the default); otherwise each receives the
    /// one below only. What the file then lacks is read as zeros, which change no sum.
    pub skips: bool,
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
    pub dwell: Vec<f32>,
    /// Free-form: how it was trained.
    pub training: serde_json::Value,
    /// Free-form: what it was trained on and under which terms.
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

    /// Columns of a layer's weight: point, window, hidden below, own hidden. A file without skip connections has fewer.
    pub fn columns(&self, layer: usize) -> usize {
        let below = if layer == 0 { 0 } else { self.hidden[layer - 1] };
        3 + self.ids() + below + self.hidden[layer]
    }

    /// Sum of all hidden units: columns of the output layer.
    pub fn hidden_total(&self) -> usize {
        self.hidden.iter().sum()
    }

    /// How many first columns of a layer's weight are not in the file, being zeros.
    pub fn absent_columns(&self, layer: usize) -> usize {
        if self.skips || layer == 0 { 0 } else { 3 + self.ids() }
    }

    /// How many first columns of the output layer are not in the file, being zeros.
    pub fn absent_outputs(&self) -> usize {
        if self.skips { 0 } else { self.hidden_total() - self.hidden.last().copied().unwrap_or(0) }
    }

    /// A normalised point `(dx, dy, pen)`, as the network yields it, in corpus units.
    pub fn offset(&self, point: [f32; 3]) -> Offset {
        Offset {
            dx: point[0] * self.offset_sd[0] + self.offset_mean[0],
            dy: point[1] * self.offset_sd[1] + self.offset_mean[1],
            pen_lift: point[2] > 0.5,
        }
    }

    /// An offset in corpus units, normalised for the network: the inverse of [`Config::offset`].
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
            Kind::Synthesis if !self.skips => {
                return bad("skips", "is false, which only a prediction network can be".into());
            }
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

/// The beginning of a text from the file, short enough for an error message.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// Parses and validates the JSON of the metadata key `running-hand`. `file` is the name used in messages.
pub(super) fn parse(json: &str, file: &str) -> Result<Config> {
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
    // Key by key, so that an error names the key.
    let fields = Fields { object, file };
    let config = Config {
        format: fields.get("format")?,
        kind: fields.get("kind")?,
        hidden: fields.get("hidden")?,
        mixtures: fields.get("mixtures")?,
        window: fields.get("window")?,
        alphabet: fields.get("alphabet")?,
        style_dim: fields.get("style_dim")?,
        styles: fields.get("styles")?,
        stop: fields.get("stop")?,
        skips: if object.contains_key("skips") { fields.get("skips")? } else { true },
        offset_mean: fields.get("offset_mean")?,
        offset_sd: fields.get("offset_sd")?,
        sample_ms: fields.get("sample_ms")?,
        gate_order: fields.get("gate_order")?,
        quantisation: fields.get("quantisation")?,
        points_per_character: fields.get("points_per_character")?,
        dwell: fields.get_or_default("dwell")?,
        training: object.get("training").cloned().unwrap_or_default(),
        corpus: fields.get_or_default("corpus")?,
    };
    config.validate(file)?;
    Ok(config)
}

/// The entries of the metadata's object.
struct Fields<'a> {
    object: &'a serde_json::Map<String, serde_json::Value>,
    file: &'a str,
}

impl Fields<'_> {
    fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let value = self.object.get(key).cloned().unwrap_or_default();
        let shown = value.to_string();
        serde_json::from_value(value).map_err(|error| Error::WeightsMetadata {
            file: self.file.into(),
            key: key.into(),
            problem: format!("is {}, which cannot be used ({})", excerpt(&shown), excerpt(&error.to_string())),
        })
    }

    fn get_or_default<T: DeserializeOwned + Default>(&self, key: &str) -> Result<T> {
        if self.object.contains_key(key) { self.get(key) } else { Ok(T::default()) }
    }
}
