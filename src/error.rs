//! Everything that can go wrong, as messages a person can act on.

/// What went wrong: cause first, then what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not a safetensors file at all (wrong download, truncated, an HTML page).
    #[error(
        "{file}: not a readable weights file ({cause}). Download it again; it must be a complete .safetensors file."
    )]
    WeightsUnreadable {
        /// Name of the file as the user knows it.
        file: String,
        /// What the reader stumbled over.
        cause: String,
    },
    /// The metadata lacks a key or holds an impossible value.
    #[error("{file}: metadata `{key}` {problem}. The file was not written by this version's trainer, or is damaged.")]
    WeightsMetadata {
        /// Name of the file.
        file: String,
        /// Key within the `running-hand` JSON object.
        key: String,
        /// What is the matter with it.
        problem: String,
    },
    /// A tensor is missing or has another shape or type than the metadata promises.
    #[error(
        "{file}: tensor `{tensor}` {problem}. The file does not fit its own metadata; download or export it again."
    )]
    WeightsTensor {
        /// Name of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// A prediction file where a synthesis file is needed, or the other way round.
    #[error("{file}: holds a {found} network, but a {expected} network is needed here. Check which file is where.")]
    WeightsKind {
        /// Name of the file.
        file: String,
        /// Kind in the metadata.
        found: String,
        /// Kind that the caller needs.
        expected: String,
    },
    /// The network needed for this writing has not been loaded.
    #[error("the {kind} network is not loaded, so this cannot be written yet. Load weights/{kind}.safetensors first.")]
    NotLoaded {
        /// Kind that is missing.
        kind: String,
    },
    /// An engine was asked for something out of order (a chunk that was never submitted, say).
    #[error("the engine was used out of order: {0}. This is a fault in the calling code.")]
    Sequence(String),
    /// No GPU can be used here.
    #[error("no GPU engine: {0}. The CPU engine writes instead.")]
    GpuUnavailable(String),
    /// The GPU went away while it was working.
    #[error("the GPU was lost: {0}. The CPU engine goes on from the last point.")]
    DeviceLost(String),
    /// A setting is out of range or of the wrong kind.
    #[error("{name}: {problem}")]
    Setting {
        /// Name of the setting.
        name: String,
        /// What is the matter and what is allowed.
        problem: String,
    },
}

impl Error {
    /// Whether only the GPU is to blame, so that the CPU engine can go on.
    pub fn is_gpu_failure(&self) -> bool {
        matches!(self, Error::GpuUnavailable(_) | Error::DeviceLost(_))
    }
}

/// Shorthand for this crate's results.
pub type Result<T> = std::result::Result<T, Error>;
