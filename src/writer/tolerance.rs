//! How much of a learnt hand the network bears: at full strength some hands make it lose its text.

use super::{Result, Settings, Writer};

/// What is written to see whether a hand can be read: letters of all kinds, in eleven words.
pub(super) const PHRASES: [&str; 2] = ["the quick brown fox jumps", "Very lazy dogs keep 24 boxes"];
/// Strengths that are tried, one after the other.
const STRENGTHS: [f32; 6] = [1.0, 0.85, 0.7, 0.5, 0.3, 0.0];
/// Most times that one of the phrases' eleven words may have to be written again; a word that stays wrong counts double.
const MOST_RETRIES: u64 = 5;

impl Writer {
    /// The largest strength, up to that of `settings`, at which words written with them, in their learnt hand, seldom
    /// fail the check. Ends what is being written.
    ///
    /// # Errors
    /// As [`Writer::start`] and [`Writer::next`].
    pub async fn bearable_strength(&mut self, settings: &Settings) -> Result<f32> {
        let most = settings.strength;
        for strength in std::iter::once(most).chain(STRENGTHS.into_iter().filter(|strength| *strength < most)) {
            let settings = Settings { strength, ..settings.clone() };
            let mut retries = 0;
            for (line, phrase) in (0..).zip(PHRASES) {
                self.start(phrase, &Settings { line, ..settings.clone() }).await?;
                while retries + self.retries() <= MOST_RETRIES && self.next().await?.is_some() {}
                retries += self.retries() + 2 * self.faults().len() as u64;
                if retries > MOST_RETRIES {
                    break;
                }
            }
            if retries <= MOST_RETRIES {
                return Ok(strength);
            }
        }
        Ok(0.0)
    }
}
