//! Lines that another writer writes: on a CPU each has a core to itself.
//!
//! Lines do not depend on one another, so it makes no difference to the ink who writes which.

use super::{Batch, Finish, Writer};
use crate::engine::Step;
use crate::error::{Error, Result};

/// A line for another writer with the same networks: it is what that one writes as a line of its own, with the
/// settings of the lines and this `line` ([`Settings::line`](super::Settings::line)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineClaim {
    /// Which of the lines, counted from 0.
    pub number: usize,
    /// Its index under the seed.
    pub line: u64,
    /// Its text.
    pub text: String,
}

impl Writer {
    /// Says whether others will ask for lines ([`Writer::claim_line`]), from the next ones on. On the CPU engine this writer
    /// then writes one after the other, which costs it little.
    pub fn set_has_pool(&mut self, has_pool: bool) {
        self.has_pool = has_pool;
    }

    /// Hands out the next line that is not begun; `None` if there is none, or if a GPU writes, which takes all lines
    /// at once. It is to come back by [`Writer::complete_line`].
    ///
    /// # Errors
    /// As [`Writer::start`], for what is wrong with this line.
    pub fn claim_line(&mut self) -> Result<Option<LineClaim>> {
        let Some(batch) = self.batch.as_mut().filter(|_| self.engine.is_cpu()) else { return Ok(None) };
        let Some((number, text, settings)) = batch.queue.front().cloned() else { return Ok(None) };
        // What is wrong with it is told here and, since it stays, where it is written.
        let (job, _) = self.plan(number, &text, &settings)?;
        if let Some(batch) = &mut self.batch {
            batch.queue.pop_front();
            batch.claimed.push(job);
        }
        Ok(Some(LineClaim { number, line: settings.line, text }))
    }

    /// Takes a lent line back, with all that was delivered of it and why it ended. Without, it is written here.
    /// Lines that are no longer under way are not missed.
    ///
    /// # Errors
    /// [`Error::Sequence`] for a line that is not claimed.
    pub fn complete_line(&mut self, number: usize, written: Option<(Vec<Step>, Finish)>) -> Result<()> {
        let Some(batch) = &mut self.batch else { return Ok(()) };
        let Some(index) = batch.claimed.iter().position(|job| job.number == number) else {
            return Err(Error::Sequence(format!("line {number} is not claimed")));
        };
        let mut job = batch.claimed.swap_remove(index);
        match written {
            Some((steps, finish)) => {
                job.written(steps, finish);
                batch.returned.push(job);
            }
            None => batch.queue.push_front((number, job.text, job.settings)),
        }
        Ok(())
    }

    /// Whether all there is to do is to wait for a lent line.
    pub fn is_waiting(&self) -> bool {
        self.batch.as_ref().is_some_and(Batch::is_waiting)
    }
}

impl Batch {
    fn is_waiting(&self) -> bool {
        let idle = self.jobs.iter().all(Option::is_none) && self.queue.is_empty() && self.returned.is_empty();
        idle && !self.claimed.is_empty()
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

    fn begun(has_pool: bool) -> Writer {
        let mut writer = writer();
        writer.set_has_pool(has_pool);
        let line =
            |(n, text): (usize, &&str)| (text.to_string(), Settings { line: 7 + n as u64, ..Settings::default() });
        block_on(writer.start_lines(TEXTS.iter().enumerate().map(line).collect())).unwrap();
        writer
    }

    /// Each line's points and why it ended, when `others` had their turn before each chunk.
    fn written(mut writer: Writer, mut others: impl FnMut(&mut Writer)) -> Vec<(Vec<Offset>, Finish)> {
        let mut lines = vec![(Vec::new(), None); TEXTS.len()];
        loop {
            others(&mut writer);
            let Some(fresh) = block_on(writer.next_of_lines()).unwrap() else { break };
            for LineUpdate { line, begun, chunk, finish } in fresh {
                assert!(lines[line].1.is_none(), "it is over");
                assert_eq!(begun.is_some(), lines[line].0.is_empty());
                lines[line] = ([lines[line].0.clone(), chunk.offsets].concat(), finish);
            }
        }
        lines.into_iter().map(|(offsets, finish)| (offsets, finish.unwrap())).collect()
    }

    /// As another writer writes it.
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
    fn lines_are_the_same_whoever_writes_them() {
        let alone = written(begun(false), |_| {});
        assert!(written(begun(true), |_| {}) == alone, "one after the other, and nobody came");
        // All that can be had, given back at once; in the other order at the end; or one of two only.
        assert!(
            written(begun(true), |writer| {
                while let Some(claim) = writer.claim_line().unwrap() {
                    writer.complete_line(claim.number, Some(elsewhere(&claim))).unwrap();
                }
            }) == alone
        );
        let mut claims = Vec::new();
        let last = written(begun(true), |writer| {
            claims.extend(std::iter::from_fn(|| writer.claim_line().unwrap()));
            if writer.is_waiting() {
                let claim = claims.pop().unwrap();
                writer.complete_line(claim.number, Some(elsewhere(&claim))).unwrap();
                assert!(!writer.is_waiting());
            }
        });
        assert!(last == alone && claims.is_empty());
        let mut refused = Vec::new();
        let some = written(begun(true), |writer| {
            let Some(claim) = writer.claim_line().unwrap() else { return };
            let first = !refused.contains(&claim.number);
            refused.push(claim.number);
            writer.complete_line(claim.number, (!first).then(|| elsewhere(&claim))).unwrap();
        });
        assert!(some == alone && refused.len() > TEXTS.len());
    }

    #[test]
    fn what_is_not_lent_cannot_be_given_back_and_what_is_over_is_not_missed() {
        let mut writer = begun(true);
        let claim = writer.claim_line().unwrap().unwrap();
        assert_eq!((claim.number, claim.line, claim.text.as_str()), (1, 8, "ab"));
        assert!(writer.complete_line(2, None).unwrap_err().to_string().contains("not claimed"));
        writer.complete_line(1, None).unwrap();
        assert!(writer.complete_line(1, None).is_err(), "twice");
        assert_eq!(writer.claim_line().unwrap().map(|claim| claim.number), Some(1));
        writer.cancel();
        assert!(writer.claim_line().unwrap().is_none());
        writer.complete_line(1, Some((Vec::new(), Finish::Stopped))).unwrap();
        assert!(block_on(writer.next_of_lines()).unwrap().is_none());
    }

    #[test]
    fn all_lines_begin_at_once_where_nobody_shares() {
        assert_eq!(begun(false).claim_line().unwrap(), None);
    }
}
