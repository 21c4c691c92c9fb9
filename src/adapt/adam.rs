//! Adam [D. Kingma and J. Ba 2015, arXiv 1412.6980, algorithm 1].

/// Decay of the moments, and the number that keeps the step finite.
const FIRST: f32 = 0.9;
const SECOND: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Moments of a gradient.
#[derive(Debug, Clone, Default)]
pub struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

impl Adam {
    /// Moves the parameters by one step of this rate against their gradient, of equal length each time.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], rate: f32) {
        self.first.resize(gradient.len(), 0.0);
        self.second.resize(gradient.len(), 0.0);
        self.steps += 1;
        let unbiased = |decay: f32| 1.0 - libm::powf(decay, self.steps as f32);
        let (first, second) = (unbiased(FIRST), unbiased(SECOND));
        for (n, &g) in gradient.iter().enumerate() {
            self.first[n] = FIRST * self.first[n] + (1.0 - FIRST) * g;
            self.second[n] = SECOND * self.second[n] + (1.0 - SECOND) * g * g;
            parameters[n] -= rate * (self.first[n] / first) / (libm::sqrtf(self.second[n] / second) + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_rate_and_a_parabola_is_descended() {
        let (mut adam, mut at) = (Adam::default(), [3.0, -2.0]);
        adam.step(&mut at, &[100.0, -1e-3], 0.5);
        assert!((at[0] - 2.5).abs() < 1e-4 && (at[1] + 1.5).abs() < 1e-4, "{at:?}");
        for _ in 0..200 {
            let gradient = at.map(|x: f32| 2.0 * (x - 1.0));
            adam.step(&mut at, &gradient, 0.1);
        }
        assert!(at.iter().all(|x| (x - 1.0).abs() < 0.05), "{at:?}");
    }
}
