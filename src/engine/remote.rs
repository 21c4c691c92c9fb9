//! A GPU engine in another module: what it does, and lines as numbers, which is how they get there.

use super::step::{Line, Noise, Step};
use crate::error::Result;
use crate::model::{HandBiases, Weights};
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

/// What comes when the other module has answered.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// A GPU engine that has passed the self-test. Its methods are those of [`Engine`](super::Engine), with the same errors;
/// any other failure is [`Error::DeviceLost`](crate::error::Error::DeviceLost).
#[expect(missing_docs, reason = "see `Engine`")]
pub trait RemoteEngine: Debug {
    fn label(&self) -> String;

    /// Whether a single line of this network can be opened without making pipelines first.
    fn holds(&self, weights: &Arc<Weights>) -> bool;

    /// With room for lines of up to `longest` ids in [`RemoteEngine::assign_slot`].
    fn open<'a>(&'a mut self, weights: &'a Arc<Weights>, lines: &'a [Line], longest: usize) -> Later<'a, ()>;

    fn assign_slot(&mut self, slot: usize, line: &Line) -> Result<()>;

    /// A GPU does not stop.
    fn release_slot(&mut self, _slot: usize) -> Result<()> {
        Ok(())
    }

    /// None are kept.
    fn checkpoint(&mut self, _slot: usize, _count: usize) {}

    /// To the line's beginning, whatever `count` is.
    fn rewind(&mut self, slot: usize, _count: usize) -> Result<usize> {
        self.restart(slot).map(|()| 0)
    }

    /// Takes a line back to its beginning, effective with the next chunk submitted.
    fn restart(&mut self, slot: usize) -> Result<()>;

    fn submit(&mut self, steps: usize, noise: &[Noise]) -> Result<()>;

    fn collect(&mut self) -> Later<'_, Vec<Step>>;
}

/// Lines as words of 32 bits, one after the other: the numbers of ids, of style, of points of the prefix, of gates' lists
/// and of output; the length of each of those lists; bias and temperature; then all of these, in this order. A hand that
/// adds nothing is none.
pub fn packed(lines: &[Line]) -> Vec<u32> {
    let mut words = Vec::new();
    for Line { ids, style, hand, bias, temperature, prefix } in lines {
        let (gates, output) = hand.as_ref().map_or((&[][..], &[][..]), |hand| (&hand.gates[..], &hand.output[..]));
        words.extend([ids.len(), style.len(), prefix.len(), gates.len(), output.len()].map(|count| count as u32));
        words.extend(gates.iter().map(|gates| gates.len() as u32));
        words.extend([bias.to_bits(), temperature.to_bits()]);
        words.extend(ids);
        let floats = gates.iter().map(Vec::as_slice).chain([output]);
        for floats in [style, prefix.as_flattened()].into_iter().chain(floats) {
            words.extend(floats.iter().map(|value| value.to_bits()));
        }
    }
    words
}

/// The lines that [`packed`] has packed; `None` for words that it cannot have made.
pub fn unpacked(mut words: &[u32]) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    while !words.is_empty() {
        lines.push(unpacked_line(&mut words)?);
    }
    Some(lines)
}

fn unpacked_line(words: &mut &[u32]) -> Option<Line> {
    let mut take = |count: usize| words.split_off(..count);
    let &[ids, style, prefix, gates, output] = take(5)? else { return None };
    let lengths = take(gates as usize)?;
    let &[bias, temperature] = take(2)? else { return None };
    let ids = take(ids as usize)?.to_vec();
    let mut floats = |count: u32| Some(take(count as usize)?.iter().map(|&bits| f32::from_bits(bits)).collect());
    let style = floats(style)?;
    let prefix: Vec<f32> = floats(prefix.checked_mul(3)?)?;
    let gates = lengths.iter().map(|&length| floats(length)).collect::<Option<Vec<_>>>()?;
    let hand = HandBiases { gates, output: floats(output)? };
    Some(Line {
        ids,
        style,
        hand: (hand != HandBiases::default()).then(|| Arc::new(hand)),
        bias: f32::from_bits(bias),
        temperature: f32::from_bits(temperature),
        prefix: prefix.as_chunks().0.to_vec(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn lines_are_unpacked_as_they_were() {
        let hand = HandBiases { gates: vec![vec![0.5, -1.0], Vec::new(), vec![f32::MIN]], output: vec![2.0] };
        let lines = [
            Line { ids: vec![3, 1, 0], style: vec![1.0], bias: 0.75, temperature: 1.25, ..Line::default() },
            Line { hand: Some(Arc::new(hand)), prefix: vec![[0.5, -0.25, 1.0]; 3], ..Line::default() },
            Line::default(),
        ];
        for count in 0..=lines.len() {
            assert_eq!(unpacked(&packed(&lines[..count])).unwrap(), lines[..count]);
        }
        let words = packed(&lines);
        let ends = [1, 2, 3].map(|count| packed(&lines[..count]).len());
        for end in 1..words.len() {
            assert_eq!(unpacked(&words[..end]).is_some(), ends.contains(&end), "cut off after {end} words");
        }
        assert_eq!(unpacked(&[u32::MAX; 64]), None);
    }
}
