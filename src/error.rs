//! The crate's errors. Every message states the cause and the remedy.

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not a safetensors file at all (wrong download, truncated, an HTML page).
    #[error(
        "{file}: not a readable weights file ({cause}). Download it again; it must be a complete .safetensors file."
    )]
    WeightsUnreadable {
        /// Name of the file as the user knows it.
        file: String,
        /// The parser's message.
        cause: String,
    },
    /// A key of the metadata is missing or has an impossible value.
    #[error("{file}: metadata `{key}` {problem}. The file was not written by this version's trainer, or is damaged.")]
    WeightsMetadata {
        /// Name of the file.
        file: String,
        /// Key within the `running-hand` JSON object.
        key: String,
        /// What is wrong with its value.
        problem: String,
    },
    /// A tensor is missing, or its shape or type differs from what the metadata implies.
    #[error(
        "{file}: tensor `{tensor}` {problem}. The file does not fit its own metadata; download or export it again."
    )]
    WeightsTensor {
        /// Name of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// What was expected, and what was found.
        problem: String,
    },
    /// Weights so large that whole numbers of 32 bits cannot hold what is computed with them.
    #[error(
        "{file}: tensor `{tensor}` {problem}, more than the engines' whole numbers hold. Train a network with smaller \
         weights."
    )]
    WeightsTooLarge {
        /// Name of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// Which row, and what it can reach.
        problem: String,
    },
    /// A prediction network where a synthesis network is needed, or the reverse.
    #[error("{file}: holds a {found} network, but a {expected} network is needed here. Load the other file.")]
    WeightsKind {
        /// Name of the file.
        file: String,
        /// The kind in the file's metadata.
        found: String,
        /// The kind that the caller needs.
        expected: String,
    },
    /// The network that this text needs is not loaded.
    #[error("the {kind} network is not loaded, so this cannot be written yet. Load weights/{kind}.safetensors first.")]
    NotLoaded {
        /// The missing network's kind.
        kind: String,
    },
    /// A method was called in an invalid state, for example to collect a chunk that was never submitted.
    #[error("invalid call: {0}. This is a fault in the calling code.")]
    Sequence(String),
    /// No usable GPU.
    #[error("no GPU engine: {0}. The CPU engine writes instead.")]
    GpuUnavailable(String),
    /// The GPU failed or was removed while in use.
    #[error("the GPU was lost: {0}. The CPU engine goes on from the last point.")]
    DeviceLost(String),
    /// A hand cannot be learnt.
    #[error("this hand cannot be learnt: {0}. Write the sentences again, and learn from those.")]
    Learning(String),
    /// A text of which no character can be written.
    #[error(
        "there is nothing to write: the network knows none of the text's characters. It writes Latin letters with their \
         accents, digits and signs; Greek and Cyrillic letters become Latin ones."
    )]
    NothingToWrite,
    /// The paper, its margins or its lines cannot be as they are asked for.
    #[error("{name}: {problem}")]
    Layout {
        /// Name of the setting.
        name: &'static str,
        /// What is wrong, for programs that say it in another language.
        code: &'static str,
        /// The numbers that the problem states, in millimetres, by name.
        values: Vec<(&'static str, f64)>,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// A setting is out of range or of the wrong type.
    #[error("{name}: {problem}")]
    Setting {
        /// Name of the setting.
        name: String,
        /// What is wrong, and which values are allowed.
        problem: String,
    },
}

impl Error {
    /// Whether the GPU caused it, so that the CPU engine can take over.
    pub fn is_gpu_failure(&self) -> bool {
        matches!(self, Error::GpuUnavailable(_) | Error::DeviceLost(_))
    }
}

/// This crate's result type.
pub type Result<T> = std::result::Result<T, Error>;
