//! Ink as people give it, made of generated ink: positions 20 ms apart become what a pen, a finger or a mouse records.

use running_hand::capture::Sample;

/// How somebody's ink is recorded.
#[derive(Clone, Copy)]
pub struct Recording {
    /// What it is.
    pub name: &'static str,
    /// Samples a second, and by how much of their distance in time they come early or late.
    rate: f64,
    jitter: f64,
    /// Pixels per corpus unit, and whether positions are whole pixels.
    scale: f64,
    whole: bool,
    /// How many times as slowly as the corpus' writers.
    slowness: f64,
    /// Share of the old position in each sample, as drivers of mice smooth it.
    smoothing: f64,
    /// Milliseconds that the pen rests in the middle of every third stroke.
    pause: f64,
}

/// A pen on a digitiser.
pub const PEN: Recording = Recording {
    name: "pen",
    rate: 240.0,
    jitter: 0.1,
    scale: 0.25,
    whole: false,
    slowness: 1.0,
    smoothing: 0.0,
    pause: 0.0,
};

/// How people's ink comes in: the ink that a hand is learnt from is seldom that of a digitiser.
pub const RECORDINGS: [Recording; 6] = [
    PEN,
    Recording { name: "finger on a phone", rate: 120.0, jitter: 0.3, scale: 0.09, whole: true, ..PEN },
    Recording { name: "mouse", rate: 60.0, jitter: 0.2, scale: 0.2, whole: true, slowness: 2.5, smoothing: 0.4, ..PEN },
    Recording { name: "large and slow", scale: 0.8, slowness: 4.0, jitter: 0.3, ..PEN },
    Recording { name: "with pauses", rate: 120.0, pause: 900.0, ..PEN },
    Recording { name: "old screen", rate: 60.0, jitter: 0.4, scale: 0.12, whole: true, ..PEN },
];

impl Recording {
    /// Strokes of positions 20 ms apart, in corpus units, as they are recorded.
    pub fn of(self, strokes: &[Vec<[f32; 2]>]) -> Vec<Vec<Sample>> {
        // Fixed numbers that look random, −1 to 1.
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1u32 << 23) - 1.0
        };
        let mut start = 0.0;
        let record = |(number, stroke): (usize, &Vec<[f32; 2]>)| {
            let last = (stroke.len() - 1) as f64;
            let duration = last * 20.0 * self.slowness;
            let rest = if number % 3 == 0 { self.pause } else { 0.0 };
            let count = ((duration + rest) * self.rate / 1000.0).ceil() as usize;
            let (mut samples, mut before): (Vec<Sample>, Option<[f64; 2]>) = (Vec::new(), None);
            for k in 0..=count {
                let ms = (k as f64 + self.jitter * noise()).max(0.0) * 1000.0 / self.rate;
                // It rests in the middle.
                let moved = if ms < duration / 2.0 { ms } else { (ms - rest).max(duration / 2.0) };
                let at = (moved / (20.0 * self.slowness)).min(last);
                let (from, share) = (at.floor(), at.fract());
                let [here, next] = [from, (from + 1.0).min(last)].map(|index| stroke[index as usize].map(f64::from));
                let place = |axis: usize| (here[axis] * (1.0 - share) + next[axis] * share) * self.scale + 200.0;
                let old = before.unwrap_or([place(0), place(1)]);
                let new = [0, 1].map(|axis| self.smoothing * old[axis] + (1.0 - self.smoothing) * place(axis));
                before = Some(new);
                let [x, y] = new.map(|value| if self.whole { value.round() } else { value });
                samples.push(Sample { x, y, ms: start + ms });
            }
            start += duration + rest + 300.0 * self.slowness;
            samples
        };
        strokes.iter().enumerate().map(record).collect()
    }
}
