//! How much of a learnt hand the network bears: at full strength some hands make it lose its text.

use super::{Result, Settings, Writer};

/// What is written to see whether a hand can be read: letters of all kinds, in eleven words.
pub(super) const PHRASES: [&str; 2] = ["the quick brown fox jumps", "Very lazy dogs keep 24 boxes"];
/// Strengths that are tried, one after the other.
const STRENGTHS: [f32; 6] = [1.0, 0.85, 0.7, 0.5, 0.3, 0.0];
/// Most times that one of the phrases' eleven words may have to be written again; a word that stays wrong counts double.
const MOST_RETRIES: u64 = 5;
/// The same where nothing of the hand is used. After ink of its own text the network hardly ever fails; after ink of
/// another text it was 44.
const MOST_WITHOUT: u64 = 15;

impl Writer {
    /// The largest strength, up to that of `settings`, at which words written with them, in their learnt hand, seldom
    /// fail the check. `None` if they fail even without the hand: the ink that they go on from seems to be that of another
    /// text. Ends what is being written.
    ///
    /// # Errors
    /// As [`Writer::start`] and [`Writer::next`].
    pub async fn bearable_strength(&mut self, settings: &Settings) -> Result<Option<f32>> {
        let most = settings.strength;
        for strength in std::iter::once(most).chain(STRENGTHS.into_iter().filter(|strength| *strength < most)) {
            let settings = Settings { strength, ..settings.clone() };
            let most_retries = if strength > 0.0 { MOST_RETRIES } else { MOST_WITHOUT };
            let mut retries = 0;
            for (line, phrase) in (0..).zip(PHRASES) {
                self.start(phrase, &Settings { line, ..settings.clone() }).await?;
                while retries + self.retries() <= most_retries && self.next().await?.is_some() {}
                retries += self.retries() + 2 * self.faults().len() as u64;
                if retries > most_retries {
                    break;
                }
            }
            if retries <= most_retries {
                return Ok(Some(strength));
            }
        }
        Ok(None)
    }
}
