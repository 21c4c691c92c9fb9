//! Reading a weights file: every tensor is checked for presence, type, shape and finite values.

use super::config::{self, excerpt};
use super::{Config, Dense, Elements, Kind, LstmWeights, MOST_METADATA, MOST_WEIGHT, Matrix, QuantisedMatrix, Weights};
use crate::error::{Error, Result};
use crate::text::alphabet::Alphabet;
use crate::text::{Replacement, review};
use half::f16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// Name of the metadata entry that holds the configuration.
const METADATA_KEY: &str = "running-hand";

impl Weights {
    /// Reads a weights file. `file` is the name used in messages.
    ///
    /// # Errors
    /// [`Error::WeightsUnreadable`], [`Error::WeightsMetadata`], [`Error::WeightsTensor`] or [`Error::WeightsTooLarge`].
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
        let bad_metadata =
            |problem: String| Error::WeightsMetadata { file: file.into(), key: METADATA_KEY.into(), problem };
        let json = header.metadata().as_ref().and_then(|m| m.get(METADATA_KEY));
        let json = json.ok_or_else(|| bad_metadata("is missing".into()))?;
        if json.len() > MOST_METADATA {
            return Err(bad_metadata(format!("has {} bytes, expected at most {MOST_METADATA}", json.len())));
        }
        let config = config::parse(json, file)?;
        let reader = Reader { tensors: &tensors, config: &config, file };
        let mut layers = Vec::with_capacity(config.hidden.len());
        for (l, &hidden) in config.hidden.iter().enumerate() {
            let stem = format!("lstm.{l}");
            let gates = reader.dense(&stem, 4 * hidden, config.columns(l), config.absent_columns(l))?;
            reader.check_bounds(&stem, &gates, Some([3, config.ids()]))?;
            let style = reader.style(&format!("lstm.{l}.style"), 4 * hidden)?;
            layers.push(LstmWeights { gates, style, hidden });
        }
        let window = match config.window {
            0 => None,
            k => Some(reader.dense("window", 3 * k, config.hidden[0], 0)?),
        };
        let output = reader.dense("output", config.outputs(), config.hidden_total(), config.absent_outputs())?;
        for (stem, dense) in window.iter().map(|dense| ("window", dense)).chain([("output", &output)]) {
            reader.check_bounds(stem, dense, None)?;
        }
        let style_table = reader.style("style.table", config.styles.len())?;
        Ok(Self { layers, window, output, style_table, fingerprint: fnv1a(bytes), config })
    }

    /// Reads the weights file at `path`.
    ///
    /// # Errors
    /// As [`Weights::from_bytes`]; [`Error::WeightsUnreadable`] also for a file that is not there.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self> {
        let file = path.as_ref().display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| Error::WeightsUnreadable { file: file.clone(), cause: error.to_string() })?;
        Self::from_bytes(&bytes, &file)
    }

    /// The network that this version is shipped with. Its terms are those of `weights/README.md`: the data that it was
    /// trained on is for non-commercial research.
    ///
    /// # Errors
    /// As [`Weights::from_bytes`], which it does not run into.
    #[cfg(feature = "weights")]
    pub fn shipped(kind: Kind) -> Result<Self> {
        let bytes: &[u8] = match kind {
            Kind::Synthesis => include_bytes!("../../weights/synthesis.safetensors"),
            Kind::Prediction => include_bytes!("../../weights/prediction.safetensors"),
        };
        Self::from_bytes_of(kind, bytes, &format!("{kind}.safetensors"))
    }

    /// The index of a hand by its name, for [`Settings::style`](crate::writer::Settings).
    ///
    /// # Errors
    /// [`Error::Setting`], which lists the hands that there are.
    pub fn hand(&self, name: &str) -> Result<usize> {
        let names = &self.config.styles;
        let found = names.iter().position(|own| own == name);
        found.ok_or_else(|| Error::Setting {
            name: "hand".into(),
            problem: match names.is_empty() {
                true => format!("there is no hand {name:?}: this network knows none"),
                false => format!("there is no hand {name:?}; there are {}", names.join(", ")),
            },
        })
    }

    /// What of a text this network cannot write as it stands: see [`review`].
    pub fn review(&self, text: &str) -> Vec<Replacement> {
        review(&Alphabet::new(&self.config.alphabet), text)
    }

    /// As [`Weights::from_bytes`], and refuses a network of the other kind.
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
}

/// The safetensors error as part of a sentence.
fn describe(error: &safetensors::SafeTensorError) -> String {
    excerpt(&error.to_string()).trim_end_matches('.').to_string()
}

struct Reader<'a> {
    tensors: &'a SafeTensors<'a>,
    config: &'a Config,
    file: &'a str,
}

impl Reader<'_> {
    /// `{stem}.weight`, of the type that the metadata names, and `{stem}.bias`. Of the `columns` the first `absent` ones
    /// are not in the file, being zeros.
    fn dense(&self, stem: &str, rows: usize, columns: usize, absent: usize) -> Result<Dense> {
        let name = format!("{stem}.weight");
        let columns = columns - absent;
        let (found, expected) = (self.view(&name, &[rows, columns])?.dtype(), self.config.quantisation.dtype());
        if found != expected {
            return Err(
                self.bad(&name, format!("is of type {found:?}, but the metadata's `quantisation` says {expected:?}"))
            );
        }
        let matrix = self.matrix(&name, rows, columns)?;
        let weight = match matrix.elements {
            Elements::Int8 { values, scales } => {
                let most = MOST_WEIGHT.unsigned_abs();
                if let Some(index) = values.iter().position(|value| value.unsigned_abs() > most) {
                    let found = values[index];
                    return Err(
                        self.bad(&name, format!("has the integer {found} at index {index}, expected -63 to 63"))
                    );
                }
                if let Some(row) = scales.iter().position(|scale| *scale < 0.0) {
                    let found = scales[row];
                    return Err(
                        self.bad(&format!("{name}.scale"), format!("is {found} for row {row}, expected 0 or more"))
                    );
                }
                QuantisedMatrix { columns, values, scales }
            }
            _ => QuantisedMatrix::of(&matrix),
        };
        let weight = weight.behind_zeros(absent);
        Ok(Dense { weight, bias: self.vector(&format!("{stem}.bias"), rows)? })
    }

    /// Refuses layers whose sums could leave 32 bits ("Bounds" in docs/weights-format.md). `inputs` are the numbers of
    /// point and window columns of an LSTM layer; window and output layer read hidden states only.
    fn check_bounds(&self, stem: &str, dense: &Dense, inputs: Option<[usize; 2]>) -> Result<()> {
        let Dense { weight, bias } = dense;
        let refuse = |row: usize, problem: String| {
            let tensor = format!("{stem}.weight");
            Err(Error::WeightsTooLarge {
                file: self.file.into(),
                tensor,
                problem: format!("has a row {row} {problem}"),
            })
        };
        let sum = |columns: &[i8]| columns.iter().map(|value| i64::from(value.unsigned_abs())).sum::<i64>();
        // What a factor is: the scale, for outputs from Q7 to Q16.
        let unit = if inputs.is_some() { 1.0 } else { 512.0 };
        for (row, (scale, bias)) in weight.scales.iter().zip(bias).enumerate() {
            let (values, scale) = (weight.row(row), f64::from(*scale));
            if scale * unit >= f64::from(1 << 13) {
                return refuse(row, format!("whose scale is {scale:e}"));
            }
            if let Some([point, window]) = inputs {
                let most = (sum(&values[..point]) << 17)
                    + (sum(&values[point..point + window]) << 15)
                    + 8 * 127 * sum(&values[point + window..]);
                if most >= 1 << 31 {
                    return refuse(row, format!("whose sum can reach {most}"));
                }
                if most as f64 * scale >= f64::from(1 << 30) {
                    return refuse(row, format!("whose gate can reach {:e}", most as f64 * scale / 1024.0));
                }
            } else {
                let most = f64::from(bias.abs()) + sum(values) as f64 * 127.0 / 128.0 * scale;
                if most >= f64::from(1 << 13) {
                    return refuse(row, format!("whose output can reach {most:e}"));
                }
            }
        }
        Ok(())
    }

    /// A matrix whose columns are a style vector's components; `None` without styles.
    fn style(&self, name: &str, rows: usize) -> Result<Option<Matrix>> {
        match self.config.style_dim {
            0 => Ok(None),
            columns => self.matrix(name, rows, columns).map(Some),
        }
    }

    /// A matrix as it is stored. All elements are finite.
    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        let view = self.view(name, &[rows, columns])?;
        let elements = match view.dtype() {
            Dtype::F32 => Elements::F32(f32s(view.data())),
            Dtype::F16 => Elements::F16(f16s(view.data())),
            Dtype::I8 => {
                Elements::Int8 { values: bytemuck::cast_slice(view.data()).to_vec(), scales: self.scales(name, rows)? }
            }
            other => return Err(self.bad(name, format!("is of type {other:?}, expected F32, F16 or I8"))),
        };
        let finite = |at: Option<usize>| at.map_or(Ok(()), |index| Err(self.not_finite(name, index)));
        match &elements {
            Elements::F32(values) => finite(values.iter().position(|v| !v.is_finite()))?,
            Elements::F16(values) => finite(values.iter().position(|v| !v.is_finite()))?,
            // Scales are finite; their products with the bytes can overflow.
            Elements::Int8 { values, scales } => {
                let mut all =
                    values.chunks_exact(columns).zip(scales).flat_map(|(row, s)| row.iter().map(move |v| (v, s)));
                finite(all.position(|(value, scale)| !(f32::from(*value) * scale).is_finite()))?;
            }
        }
        Ok(Matrix { columns, elements })
    }

    /// A vector, as `f32`. All elements are finite.
    fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>> {
        let view = self.view(name, &[length])?;
        let values = match view.dtype() {
            Dtype::F32 => f32s(view.data()),
            Dtype::F16 => f16s(view.data()).into_iter().map(f16::to_f32).collect(),
            other => return Err(self.bad(name, format!("is of type {other:?}, expected F32 or F16"))),
        };
        match values.iter().position(|v| !v.is_finite()) {
            Some(index) => Err(self.not_finite(name, index)),
            None => Ok(values),
        }
    }

    /// The scale of each row of an `I8` matrix.
    fn scales(&self, matrix: &str, rows: usize) -> Result<Vec<f32>> {
        let name = format!("{matrix}.scale");
        match self.view(&name, &[rows])?.dtype() {
            Dtype::F32 => self.vector(&name, rows),
            other => Err(self.bad(&name, format!("is of type {other:?}, expected F32"))),
        }
    }

    /// A tensor of this name and shape.
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

    fn not_finite(&self, tensor: &str, index: usize) -> Error {
        self.bad(tensor, format!("has a value that is not finite at index {index}"))
    }

    fn bad(&self, tensor: &str, problem: String) -> Error {
        Error::WeightsTensor { file: self.file.into(), tensor: tensor.into(), problem }
    }
}

/// Little-endian numbers; a file need not align them.
fn f32s(data: &[u8]) -> Vec<f32> {
    data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn f16s(data: &[u8]) -> Vec<f16> {
    data.as_chunks::<2>().0.iter().map(|bytes| f16::from_le_bytes(*bytes)).collect()
}

/// 64-bit FNV-1a.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::model::{Config, Elements, Quantisation};
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
        assert!(matches!(error, Error::WeightsTensor { .. } | Error::WeightsTooLarge { .. }), "{error:?}");
        error.to_string()
    }

    /// Compares with values that were quantised: within half a scale.
    fn close(found: &QuantisedMatrix, values: &[f32]) {
        for ((found, scale), row) in
            found.values.chunks(found.columns).zip(&found.scales).zip(values.chunks(found.columns))
        {
            assert!(found.iter().zip(row).all(|(w, v)| (f32::from(*w) * scale - v).abs() <= 0.501 * scale));
        }
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
            (weights.layers.len(), weights.layers[1].hidden, weights.layers[1].gates.weight.columns),
            (2, 5, 3 + 29 + 6 + 5)
        );
        close(&weights.layers[0].gates.weight, find("lstm.0.weight"));
        assert_eq!(&weights.layers[1].gates.bias, find("lstm.1.bias"));
        assert_eq!(&testing::elements(weights.layers[1].style.as_ref().unwrap()), find("lstm.1.style"));
        close(&weights.window.as_ref().unwrap().weight, find("window.weight"));
        assert_eq!(&weights.output.bias, find("output.bias"));
        assert_eq!(&testing::elements(weights.style_table.as_ref().unwrap()), find("style.table"));
    }

    #[test]
    fn a_prediction_network_has_no_window_and_any_number_of_mixtures() {
        for mixtures in [1, 2, 20] {
            let config = testing::config(Kind::Prediction, &[7], mixtures);
            let weights = read(&testing::weights_file(&config, 1)).unwrap();
            assert!(weights.window.is_none() && weights.style_table.is_none());
            assert_eq!(weights.output.bias.len(), 1 + 6 * mixtures);
        }
    }

    #[test]
    fn without_skip_connections_zeros_stand_for_what_the_file_lacks() {
        let config = Config { skips: false, ..testing::config(Kind::Prediction, &[6, 5], 2) };
        let tensors = testing::tensors(&config, 1);
        let json = serde_json::to_string(&config).unwrap();
        let weights = read(&testing::file(&json, &tensors)).unwrap();
        for (name, found, absent) in [
            ("lstm.0.weight", &weights.layers[0].gates.weight, 0),
            ("lstm.1.weight", &weights.layers[1].gates.weight, 3),
            ("output.weight", &weights.output.weight, 6),
        ] {
            let (_, shape, values) = tensors.iter().find(|(other, ..)| other == name).unwrap();
            assert_eq!(found.columns, absent + shape[1], "{name}");
            let (zeros, own): (Vec<_>, Vec<_>) = (0..shape[0]).map(|row| found.row(row).split_at(absent)).unzip();
            assert!(zeros.concat().iter().all(|value| *value == 0), "{name}");
            let own = QuantisedMatrix { columns: shape[1], values: own.concat(), scales: found.scales.clone() };
            close(&own, values);
        }
        // With them the same tensors do not fit; and a network with a text has them.
        let with_skips = serde_json::to_string(&Config { skips: true, ..config }).unwrap();
        let message = read(&testing::file(&with_skips, &tensors)).unwrap_err().to_string();
        says(&message, &["lstm.1.weight", "[20, 11]", "[20, 14]"]);
        says(&metadata_message(|json| json["skips"] = false.into()), &["skips", "prediction network"]);
        says(&metadata_message(|json| json["skips"] = "no".into()), &["skips", "cannot be used"]);
    }

    #[test]
    fn half_precision_is_read_and_fingerprints_tell_files_apart() {
        let config = config();
        let tensors = testing::tensors(&config, 1);
        let json = serde_json::to_string(&config).unwrap();
        let half_json = serde_json::to_string(&Config { quantisation: Quantisation::F16, ..config }).unwrap();
        let half = read(&testing::file_f16(&half_json, &tensors)).unwrap();
        let full = read(&testing::file(&json, &tensors)).unwrap();
        // Rounding to f16 first may move a value across the middle between two whole numbers.
        for (found, full) in half.output.weight.values.iter().zip(&full.output.weight.values) {
            assert!((found - full).abs() <= 1);
        }
        let style = |weights: &Weights| testing::elements(weights.layers[1].style.as_ref().unwrap());
        let rounded: Vec<f32> = style(&full).into_iter().map(|value| f16::from_f32(value).to_f32()).collect();
        assert_eq!(style(&half), rounded);
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
    fn int8_matrices_are_multiplied_by_the_scales_of_their_rows() {
        let tensors = testing::tensors(&config(), 1);
        let weights = read(&int8_file(|_| ())).unwrap();
        assert_eq!(weights.config.quantisation, Quantisation::Int8);
        let found = [
            ("lstm.0.weight", &weights.layers[0].gates.weight),
            ("lstm.1.weight", &weights.layers[1].gates.weight),
            ("window.weight", &weights.window.as_ref().unwrap().weight),
            ("output.weight", &weights.output.weight),
        ];
        for (name, found) in found {
            let (_, shape, values) = tensors.iter().find(|(n, ..)| n == name).unwrap();
            assert_eq!((found.values.len(), found.rows(), found.columns), (values.len(), shape[0], shape[1]));
            close(found, values);
        }
        let style = weights.layers[1].style.as_ref().unwrap();
        assert!(matches!(style.elements, Elements::Int8 { .. }), "as it is in the file");
        let exact = read(&int8_file(|stored| {
            let matrix = stored.iter_mut().find(|t| t.name == "window.weight").unwrap();
            matrix.bytes[5..8].copy_from_slice(&[0, 63, 0xc1]);
            let scale = stored.iter_mut().find(|t| t.name == "window.weight.scale").unwrap();
            scale.bytes[..4].copy_from_slice(&0.25f32.to_le_bytes());
            scale.bytes[4..8].copy_from_slice(&0.5f32.to_le_bytes());
        }));
        // Six columns: the second row begins at index 6.
        let weight = exact.unwrap().window.unwrap().weight;
        assert_eq!((&weight.values[5..8], &weight.scales[..2]), (&[0, 63, -63][..], &[0.25, 0.5][..]));
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
            says(&infinite, &[FILE, &format!("`{name}` has a value that is not finite at index 1")]);
            let half = scale(&|t| (t.dtype, t.bytes) = (Dtype::F16, vec![0; 2 * rows]));
            says(&half, &[FILE, &format!("`{name}` is of type F16, expected F32")]);
        }
        // The scale is finite, its multiples are not.
        let huge = message(&|stored| {
            let scale = stored.iter_mut().find(|t| t.name == "output.weight.scale").unwrap();
            scale.bytes[..4].copy_from_slice(&f32::MAX.to_le_bytes());
        });
        says(&huge, &["`output.weight` has a value that is not finite at index"]);
        let bias = message(&|stored| {
            let bias = stored.iter_mut().find(|t| t.name == "output.bias").unwrap();
            (bias.dtype, bias.bytes) = (Dtype::I8, vec![1; bias.shape[0]]);
        });
        says(&bias, &["`output.bias` is of type I8, expected F32 or F16"]);
    }

    #[test]
    fn whole_numbers_and_scales_beyond_their_range_are_named() {
        let message = |name: &str, at: usize, bytes: &[u8]| {
            let edited = int8_file(|stored| {
                let tensor = stored.iter_mut().find(|t| t.name == name).unwrap();
                tensor.bytes[at..at + bytes.len()].copy_from_slice(bytes);
            });
            read(&edited).unwrap_err().to_string()
        };
        says(
            &message("lstm.1.weight", 7, &[64]),
            &[FILE, "`lstm.1.weight` has the integer 64 at index 7", "-63 to 63"],
        );
        says(&message("window.weight", 0, &[0x80]), &["`window.weight` has the integer -128 at index 0"]);
        let huge = message("output.weight.scale", 4, &16.0f32.to_le_bytes());
        says(&huge, &[FILE, "`output.weight` has a row 1 whose scale is 1.6e1"]);
        let negative = message("output.weight.scale", 4, &(-0.5f32).to_le_bytes());
        says(&negative, &[FILE, "`output.weight.scale` is -0.5 for row 1, expected 0 or more"]);
    }

    #[test]
    fn rows_whose_sums_could_overflow_are_refused_with_the_tensors_name() {
        let message = |name: &str, fill: f32| {
            let message = tensor_message(|tensors| {
                tensors.iter_mut().find(|(n, ..)| n == name).unwrap().2.fill(fill);
            });
            says(&message, &[FILE, "more than the engines' whole numbers hold", "smaller weights"]);
            message
        };
        says(&message("lstm.0.weight", 1e4), &["`lstm.0.weight` has a row 0 whose gate can reach"]);
        says(&message("window.weight", 2e3), &["`window.weight` has a row 0 whose scale is"]);
        says(&message("window.bias", 8200.0), &["`window.weight` has a row 0 whose output can reach"]);
        says(&message("output.bias", -8192.0), &["`output.weight` has a row 0 whose output can reach"]);
        // So many characters that their columns alone pass 2³¹.
        let config = Config { alphabet: (0..1300).map(|k| char::from_u32(0x4e00 + k).unwrap()).collect(), ..config() };
        let mut tensors = testing::tensors(&config, 1);
        tensors[0].2.fill(1e-3);
        let error = read(&testing::file(&serde_json::to_string(&config).unwrap(), &tensors)).unwrap_err();
        says(&error.to_string(), &["`lstm.0.weight` has a row 0 whose sum can reach 2495767840"]);
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
        let optional = ["dwell", "training", "corpus", "skips"];
        for key in keys.as_object().unwrap().keys().filter(|k| !optional.contains(&k.as_str())) {
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
        says(&metadata_message(|json| json["dwell"] = json!([1.0])), &["`dwell`", "1 numbers for 28 characters"]);
        says(
            &metadata_message(|json| json["dwell"] = json!(vec![0.0; 28])),
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
        says(&message, &["`lstm.0.weight`", "not finite at index 7"]);
    }

    #[test]
    fn the_other_kind_of_network_is_refused() {
        let bytes = testing::weights_file(&config(), 1);
        let error = Weights::from_bytes_of(Kind::Prediction, &bytes, FILE).unwrap_err();
        assert!(matches!(error, Error::WeightsKind { .. }));
        says(&error.to_string(), &[FILE, "a synthesis network", "a prediction network is needed"]);
        assert!(Weights::from_bytes_of(Kind::Synthesis, &bytes, FILE).is_ok());
    }
}
