//! Randomness: one seekable stream per line, the same for both engines.

use super::step::Noise;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// 32-bit words of the stream per timestep: always four, so that timestep t starts at word 4 t.
const WORDS: u128 = 4;

/// The noise of one line: ChaCha8 with the seed as key and the line's index as stream.
#[derive(Debug)]
pub struct NoiseStream {
    rng: ChaCha8Rng,
}

impl NoiseStream {
    /// Noise of line `line` under `seed`, from timestep 0.
    pub fn new(seed: u64, line: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(line);
        Self { rng }
    }

    /// Goes to timestep `step`.
    pub fn seek(&mut self, step: u64) {
        self.rng.set_word_pos(u128::from(step) * WORDS);
    }

    /// Noise of the next timestep: two uniforms for component and pen, two normals by Box–Muller.
    #[expect(clippy::should_implement_trait, reason = "the stream never ends, so an Option would be useless")]
    pub fn next(&mut self) -> Noise {
        let [component, pen, a, b] = std::array::from_fn(|_| self.rng.next_u32());
        // 1 − u lies in (0, 1]: its logarithm is finite.
        let radius = (-2.0 * libm::log(f64::from(1.0 - unit(a)))).sqrt();
        let angle = std::f64::consts::TAU * f64::from(unit(b));
        // Of a library that is the same everywhere: the system's may round the last bit otherwise.
        let [cos, sin] = [libm::cos(angle), libm::sin(angle)];
        [unit(component), unit(pen), (radius * cos) as f32, (radius * sin) as f32]
    }

    /// Appends the noise of the next `steps` timesteps.
    pub fn extend(&mut self, steps: usize, noise: &mut Vec<Noise>) {
        noise.extend((0..steps).map(|_| self.next()));
    }
}

/// The top 24 bits as a number in [0, 1): the most that `f32` represents with even spacing.
fn unit(word: u32) -> f32 {
    (word >> 8) as f32 / (1 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(seed: u64, line: u64, steps: usize) -> Vec<Noise> {
        let mut noise = Vec::new();
        NoiseStream::new(seed, line).extend(steps, &mut noise);
        noise
    }

    #[test]
    fn same_seed_same_noise_other_seed_or_line_other_noise() {
        assert_eq!(take(7, 0, 50), take(7, 0, 50));
        assert_ne!(take(7, 0, 50), take(8, 0, 50));
        assert_ne!(take(7, 0, 50), take(7, 1, 50));
    }

    #[test]
    fn a_position_can_be_sought() {
        let all = take(3, 2, 40);
        let mut stream = NoiseStream::new(3, 2);
        stream.seek(17);
        assert_eq!(stream.next(), all[17]);
        assert_eq!(stream.next(), all[18]);
        stream.seek(0);
        assert_eq!(stream.next(), all[0]);
    }

    #[test]
    fn uniforms_and_normals_have_their_moments() {
        let noise = take(1, 0, 40_000);
        let mean = |k: usize| noise.iter().map(|n| f64::from(n[k])).sum::<f64>() / noise.len() as f64;
        let square = |k: usize| noise.iter().map(|n| f64::from(n[k]).powi(2)).sum::<f64>() / noise.len() as f64;
        for k in 0..2 {
            assert!((mean(k) - 0.5).abs() < 0.01 && (square(k) - 1.0 / 3.0).abs() < 0.01);
            assert!(noise.iter().all(|n| (0.0..1.0).contains(&n[k])));
        }
        for k in 2..4 {
            assert!(mean(k).abs() < 0.02 && (square(k) - 1.0).abs() < 0.03);
        }
        let product = noise.iter().map(|n| f64::from(n[2] * n[3])).sum::<f64>() / noise.len() as f64;
        assert!(product.abs() < 0.02, "the two normals are independent: {product}");
    }
}
