//! How much of a learnt hand the network bears: at full strength some hands make it lose its text.

use super::{Result, Settings, Writer};
use crate::model::Hand;
use std::sync::Arc;

/// What is written to see whether a hand can be read: letters of all kinds, in eleven words.
pub(super) const PHRASES: [&str; 2] = ["the quick brown fox jumps", "Very lazy dogs keep 24 boxes"];
/// Strengths that are tried, one after the other.
const STRENGTHS: [f32; 6] = [1.0, 0.85, 0.7, 0.5, 0.3, 0.0];
/// Most times that one of the phrases' eleven words may have to be written again; a word that stays wrong counts double.
const MOST_RETRIES: u64 = 5;

impl Writer {
    /// The largest strength, up to `most`, at which words in this hand seldom fail the check. Ends what is being written.
    ///
    /// # Errors
    /// As [`Writer::start`] and [`Writer::next`].
    pub async fn bearable_strength(&mut self, hand: &Arc<Hand>, most: f32) -> Result<f32> {
        for strength in std::iter::once(most).chain(STRENGTHS.into_iter().filter(|strength| *strength < most)) {
            let settings = Settings { hand: Some(Arc::clone(hand)), strength, bias: 0.75, ..Settings::default() };
            let mut retries = 0;
            for (line, phrase) in (0..).zip(PHRASES) {
                self.start(phrase, &Settings { line, ..settings.clone() }).await?;
                while self.next().await?.is_some() {}
                retries += self.retries() + 2 * self.faults().len() as u64;
            }
            if retries <= MOST_RETRIES {
                return Ok(strength);
            }
        }
        Ok(0.0)
    }
}
