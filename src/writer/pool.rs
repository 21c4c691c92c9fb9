//! A pool of workers: lines that other writers, each on a CPU core of its own, write for this one.
//!
//! Lines do not depend on one another, so the ink is the same whichever writer writes them.

use super::batch::Batch;
use super::{Finish, Result, Writer};
use crate::engine::Step;

/// A line for another writer with the same networks. That writer has to start it as a single line with the same
/// settings, but for [`Settings::line`](super::Settings::line).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineClaim {
    /// Which of the lines, counted from 0.
    pub number: usize,
    /// [`Settings::line`](super::Settings::line): its index under the seed.
    pub line: u64,
    /// Its text.
    pub text: String,
}

impl Writer {
    /// Sets whether other workers will claim lines ([`Writer::claim_line`]), from the next start on. On the CPU
    /// engine this writer then writes one line at a time, and leaves the others for them.
    pub fn set_has_pool(&mut self, has_pool: bool) {
        self.has_pool = has_pool;
    }

    /// Claims the next line that has not begun; `None` if there is none, or on a GPU, which writes all lines at once.
    /// The line has to be returned by [`Writer::complete_line`].
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) of this line. It stays in the queue, so that the writing fails with
    /// the same error.
    pub fn claim_line(&mut self) -> Result<Option<LineClaim>> {
        let Some(batch) = self.batch.as_mut().filter(|_| self.engine.is_cpu()) else { return Ok(None) };
        let Some(next) = batch.queue.front() else { return Ok(None) };
        let line = batch.plan(next)?;
        let claim = LineClaim { number: next.number, line: next.settings.line, text: next.text.clone() };
        batch.queue.pop_front();
        batch.claimed.push(line);
        Ok(Some(claim))
    }

    /// Returns a claimed line: with all of its timesteps and the reason why it ended, or `None` if it has to be
    /// written here after all. Has no effect after the writing has ended.
    ///
    /// # Errors
    /// [`Error::Sequence`](crate::Error::Sequence) for a line that is not claimed.
    pub fn complete_line(&mut self, number: usize, written: Option<(Vec<Step>, Finish)>) -> Result<()> {
        self.batch.as_mut().map_or(Ok(()), |batch| batch.return_line(number, written))
    }

    /// Whether every line that is left is claimed by another worker.
    pub fn is_waiting(&self) -> bool {
        self.batch.as_ref().is_some_and(Batch::is_waiting)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::ink::Offset;
    use crate::testing::writer;
    use crate::writer::{LineUpdate, Settings};
    use pollster::block_on;

    const TEXTS: [&str; 5] = ["hello there", "ab", "the cat sat", "o", "good day"];

    fn started(has_pool: bool) -> Writer {
        let mut writer = writer();
        writer.set_has_pool(has_pool);
        let line =
            |(n, text): (usize, &&str)| (text.to_string(), Settings { line: 7 + n as u64, ..Settings::default() });
        block_on(writer.start_lines(TEXTS.iter().enumerate().map(line).collect())).unwrap();
        writer
    }

    /// Each line's points and why it ended; `others` is called before each chunk.
    fn written(mut writer: Writer, mut others: impl FnMut(&mut Writer)) -> Vec<(Vec<Offset>, Finish)> {
        let mut lines = vec![(Vec::new(), None); TEXTS.len()];
        loop {
            others(&mut writer);
            let Some(updates) = block_on(writer.next_updates()).unwrap() else { break };
            for LineUpdate { line, begun, chunk, finish, .. } in updates {
                assert!(lines[line].1.is_none(), "it is over");
                assert_eq!(begun.is_some(), lines[line].0.is_empty());
                lines[line] = ([lines[line].0.clone(), chunk.offsets].concat(), finish);
            }
        }
        lines.into_iter().map(|(offsets, finish)| (offsets, finish.unwrap())).collect()
    }

    /// A claimed line as another writer writes it.
    fn elsewhere(claim: &LineClaim) -> (Vec<Step>, Finish) {
        let mut other = writer();
        block_on(other.start(&claim.text, &Settings { line: claim.line, ..Settings::default() })).unwrap();
        let mut steps = Vec::new();
        while let Some(chunk) = block_on(other.next()).unwrap() {
            steps.extend(chunk.steps);
        }
        (steps, other.finish().unwrap())
    }

    #[test]
    fn lines_do_not_depend_on_which_writer_writes_them() {
        let alone = written(started(false), |_| {});
        assert!(written(started(true), |_| {}) == alone, "one at a time, none claimed");
        // Claim all lines: complete them at once, or in reverse order at the end. Or return every other one unwritten.
        assert!(
            written(started(true), |writer| {
                while let Some(claim) = writer.claim_line().unwrap() {
                    writer.complete_line(claim.number, Some(elsewhere(&claim))).unwrap();
                }
            }) == alone
        );
        let mut claims = Vec::new();
        let last = written(started(true), |writer| {
            claims.extend(std::iter::from_fn(|| writer.claim_line().unwrap()));
            if writer.is_waiting() {
                let claim = claims.pop().unwrap();
                writer.complete_line(claim.number, Some(elsewhere(&claim))).unwrap();
                assert!(!writer.is_waiting());
            }
        });
        assert!(last == alone && claims.is_empty());
        let mut refused = Vec::new();
        let some = written(started(true), |writer| {
            let Some(claim) = writer.claim_line().unwrap() else { return };
            let first = !refused.contains(&claim.number);
            refused.push(claim.number);
            writer.complete_line(claim.number, (!first).then(|| elsewhere(&claim))).unwrap();
        });
        assert!(some == alone && refused.len() > TEXTS.len());
    }

    #[test]
    fn only_claimed_lines_can_be_completed_and_after_the_end_none_matters() {
        let mut writer = started(true);
        let claim = writer.claim_line().unwrap().unwrap();
        assert_eq!((claim.number, claim.line, claim.text.as_str()), (1, 8, "ab"));
        assert!(writer.complete_line(2, None).unwrap_err().to_string().contains("not claimed"));
        writer.complete_line(1, None).unwrap();
        assert!(writer.complete_line(1, None).is_err(), "twice");
        assert_eq!(writer.claim_line().unwrap().map(|claim| claim.number), Some(1));
        writer.cancel();
        assert!(writer.claim_line().unwrap().is_none());
        writer.complete_line(1, Some((Vec::new(), Finish::Stopped))).unwrap();
        assert!(block_on(writer.next_updates()).unwrap().is_none());
    }

    #[test]
    fn without_a_pool_all_lines_begin_at_once() {
        assert_eq!(started(false).claim_line().unwrap(), None);
    }
}
