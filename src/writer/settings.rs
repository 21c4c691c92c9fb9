//! How a line is written: the settings, their ranges, and what a line with them will be.

use super::check::LineCheck;
use super::prime::Prime;
use crate::engine::Line;
use crate::error::{Error, Result};
use crate::ink::Adjustment;
use crate::model::{Config, Hand, HandBiases, Kind, Weights, style};
use crate::text::alphabet::{Alphabet, Encoded, LINE_BREAK};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Points that a line may have per character, as a multiple of the corpus' mean. The corpus' 99.9th
/// percentile is twice the mean.
const CAP_FACTOR: f32 = 2.2;
/// Points that every line may have on top, however short.
const CAP_FLOOR: usize = 60;
/// A line's cap grows with the pace of its priming ink, up to this factor: points per character relative to the
/// training ink.
const MAX_PRIME_PACE: f32 = 3.0;
/// Longest line, in characters: some ten times what fits across a sheet. Longer texts have to be wrapped.
const MAX_LINE_CHARACTERS: usize = 1000;
/// Longest writing without text, in points: a quarter of an hour of pen time.
const MAX_POINTS: usize = 50_000;
/// Added to the bias of a line with digits or signs such as % and $.
const CARE: f32 = 0.75;
/// Most repeated attempts at a word.
const MAX_ATTEMPTS: usize = 20;

/// Whether a reader cannot guess a character from those beside it.
fn needs_care(c: char) -> bool {
    c.is_ascii_digit() || "$%@+=*/".contains(c)
}

/// How to write: `Settings::default().with_seed(7).with_bias(1.0)`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// Bias b from 0 to 5: higher is neater. Lines with digits, or with signs such as % and $, have 0.75 more.
    pub bias: f32,
    /// Temperature τ from 0.1 to 4: higher is wilder; 1 is neutral.
    pub temperature: f32,
    /// The same seed, settings and weights give the same writing.
    pub seed: u64,
    /// Index of the line under this seed: each line has its own noise stream.
    pub line: u64,
    /// Hand, as an index into the network's styles; `None` writes without a style vector.
    pub style: Option<usize>,
    /// A second hand, and how far the first is moved towards it, 0 to 1.
    pub blend: Option<(usize, f32)>,
    /// A hand learnt from someone's ink, in the place of `style` and `blend`; a prediction network ignores it.
    pub hand: Option<Arc<Hand>>,
    /// How much of that hand, from 0 to 1.
    pub strength: f32,
    /// Points to write when there is no text, at least 1.
    pub points: usize,
    /// How often a word that fails the check is written again, up to 20; 0 writes unchecked, and delivers points
    /// as soon as they are drawn.
    pub attempts: usize,
    /// Priming ink: the network reads it, with its text, before the line's own, and continues in its hand.
    pub prime: Option<Arc<Prime>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bias: 0.75,
            temperature: 1.0,
            seed: 1,
            line: 0,
            style: None,
            blend: None,
            hand: None,
            strength: 1.0,
            points: 1400,
            attempts: 4,
            prime: None,
        }
    }
}

setters!(Settings {
    with_bias => bias: f32,
    with_temperature => temperature: f32,
    with_seed => seed: u64,
    with_line => line: u64,
    with_style => style: impl Into<Option<usize>>,
    with_style_blend => blend: impl Into<Option<(usize, f32)>>,
    with_learnt_hand => hand: impl Into<Option<Arc<Hand>>>,
    with_strength => strength: f32,
    with_points => points: usize,
    with_attempts => attempts: usize,
    with_prime => prime: impl Into<Option<Arc<Prime>>>,
});

/// Hands by their names.
impl Settings {
    /// In the hand of this name.
    ///
    /// # Errors
    /// As [`Weights::hand`].
    pub fn with_hand(self, weights: &Weights, name: &str) -> Result<Self> {
        Ok(Self { style: Some(weights.hand(name)?), ..self })
    }

    /// Moved towards a second hand by a `share` from 0 to 1.
    ///
    /// # Errors
    /// As [`Weights::hand`].
    pub fn with_blend(self, weights: &Weights, name: &str, share: f32) -> Result<Self> {
        Ok(Self { blend: Some((weights.hand(name)?, share)), ..self })
    }
}

/// What a line will be.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Which network writes.
    pub kind: Kind,
    /// The text as it will be written, and which characters had to be replaced or left out.
    pub text: Encoded,
    /// Most points that the line can have.
    pub cap: usize,
    /// Milliseconds of pen time per point.
    pub sample_ms: f32,
}

/// A line whose text and settings are valid, and everything needed to write it.
#[derive(Debug)]
pub(super) struct PlannedLine {
    pub plan: Plan,
    /// What the engine reads, without the priming ink's points.
    pub line: Line,
    pub check: LineCheck,
}

/// The network that writes this text: blank text is for the prediction network.
pub(super) fn network_for(text: &str) -> Kind {
    if text.trim().is_empty() { Kind::Prediction } else { Kind::Synthesis }
}

impl Settings {
    /// Plans a line of `text`, written by the network of these weights.
    ///
    /// # Errors
    /// [`Error::Setting`], which names the setting and its range.
    pub(super) fn plan(&self, weights: &Weights, text: &str) -> Result<PlannedLine> {
        let config = &weights.config;
        let kind = config.kind;
        self.validate(weights)?;
        let (text, mut cap) = match kind {
            Kind::Prediction => (Encoded::default(), self.points),
            Kind::Synthesis => {
                let text = Alphabet::new(&config.alphabet).encode(text);
                let characters = text.ids.len() - 1;
                if characters > MAX_LINE_CHARACTERS {
                    return Err(Error::Setting {
                        name: "text".into(),
                        problem: format!(
                            "{characters} characters are too many for one line, which can have {MAX_LINE_CHARACTERS}. \
                             Break the text into lines."
                        ),
                    });
                }
                let expected = config.points_per_character * characters as f32;
                (text, CAP_FLOOR + (CAP_FACTOR * expected) as usize)
            }
        };
        let (mut ids, mut check) = (text.ids.clone(), LineCheck::default());
        if kind == Kind::Synthesis {
            // The network reads the priming ink's text, then the line's.
            let prime = self.prime.as_deref();
            // In a learnt hand fewer words have to be rewritten behind a blank (docs/decisions/0034).
            let in_hand = self.hand_of(kind).is_some() && self.strength > 0.0;
            let alphabet = Alphabet::new(&config.alphabet);
            let between = if in_hand || alphabet.id(LINE_BREAK).is_none() { ' ' } else { LINE_BREAK };
            let before = prime.map_or(String::new(), |prime| prime.text_before(between));
            let joined = format!("{before}{}", text.written);
            let points = prime.map_or(0, |prime| prime.offsets.len());
            check = LineCheck::with_prime(config, &joined, before.chars().count(), points);
            if in_hand || prime.is_some() {
                check.trust_digits();
            }
            ids.splice(..0, before.chars().filter_map(|c| alphabet.id(c)));
            cap = (cap as f32 * check.prime_pace().clamp(1.0, MAX_PRIME_PACE)) as usize;
        }
        let (style, hand) = match self.learnt(config) {
            Some((style, biases)) => (style, Some(Arc::new(biases))),
            None => (self.style_vector(weights)?, None),
        };
        // Numbers are read digit by digit: people take more care with them, too.
        let care = if text.written.chars().any(needs_care) { CARE } else { 0.0 };
        let line = Line { ids, style, hand, bias: self.bias + care, temperature: self.temperature, prefix: Vec::new() };
        Ok(PlannedLine { plan: Plan { kind, text, cap, sample_ms: config.sample_ms }, line, check })
    }

    /// The learnt hand, if a network of this kind uses it.
    fn hand_of(&self, kind: Kind) -> Option<&Hand> {
        self.hand.as_deref().filter(|_| kind == Kind::Synthesis)
    }

    /// Style vector and biases of the learnt hand, if a network of this configuration, which it fits, uses it.
    pub(super) fn learnt(&self, config: &Config) -> Option<(Vec<f32>, HandBiases)> {
        self.hand_of(config.kind).map(|hand| hand.at_strength(config, self.strength))
    }

    /// What the ink is adjusted by, of a network that the learnt hand fits.
    pub(crate) fn adjustment(&self, config: &Config) -> Adjustment {
        self.hand_of(config.kind).map_or_else(Adjustment::default, |hand| hand.adjustment(config))
    }

    /// Checks every number that this network uses, the learnt hand, and the priming ink's kind.
    fn validate(&self, weights: &Weights) -> Result<()> {
        let kind = weights.config.kind;
        check_range("bias", self.bias, 0.0..=5.0)?;
        check_range("temperature", self.temperature, 0.1..=4.0)?;
        check_range("attempts", self.attempts, 0..=MAX_ATTEMPTS)?;
        match (kind, self.blend) {
            (Kind::Prediction, _) => check_range("points", self.points, 1..=MAX_POINTS)?,
            (Kind::Synthesis, Some((_, share))) => check_range("blend", share, 0.0..=1.0)?,
            (Kind::Synthesis, None) => {}
        }
        if let Some(hand) = self.hand_of(kind) {
            check_range("strength", self.strength, 0.0..=1.0)?;
            if hand.weights != weights.fingerprint || !hand.fits(&weights.config) {
                return Err(Error::Setting {
                    name: "hand".into(),
                    problem: "it was learnt with other weights. Learn it again from its ink.".into(),
                });
            }
        }
        match &self.prime {
            Some(prime) if prime.kind != kind => Err(Error::Setting {
                name: "prime".into(),
                problem: format!(
                    "this ink was prepared for the {} network, but the {kind} network writes. Prepare it again for that.",
                    prime.kind
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Style vector `[S]` of the hand, or of the blend of two hands; empty for a prediction network.
    fn style_vector(&self, weights: &Weights) -> Result<Vec<f32>> {
        if weights.config.kind == Kind::Prediction {
            return Ok(Vec::new());
        }
        let first = style::vector(weights, self.style)?;
        match self.blend {
            None => Ok(first),
            Some((other, share)) => Ok(style::between(&first, &style::vector(weights, Some(other))?, share)),
        }
    }
}

/// NaN is in no range.
fn check_range<T: PartialOrd + Display>(name: &str, value: T, range: RangeInclusive<T>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let problem = format!("{value} is outside {} to {}", range.start(), range.end());
    Err(Error::Setting { name: name.into(), problem })
}
