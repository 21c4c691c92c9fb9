//! The loss of one point and its gradient [G eqs 26–37], and the stop loss, as the trainer has them
//! (`train/network/mixture.py`).

use super::math::softplus;
use libm::{expf, logf};

/// As in training: least log σ̂, and largest |ρ̂|.
const MIN_LOG_SD: f32 = -7.0;
const MOST_RHO: f32 = 6.0;
/// ln 2π and ln 4.
const LOG_TAU: f32 = 1.837_877_1;
const LOG_4: f32 = 1.386_294_4;

/// The clamp of log σ̂ on the grid, `[x, y]`, for offsets of these standard deviations: offsets of the corpus are
/// whole numbers, and a Gaussian narrower than this gains nothing.
pub fn grid_floor(offset_sd: [f32; 2]) -> [f32; 2] {
    offset_sd.map(|sd| (-logf(sd) - 0.5 * LOG_TAU).max(MIN_LOG_SD))
}

/// Losses of a point, in nats.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Loss {
    /// Of offset and pen lift, on the grid.
    pub point: f64,
    /// Of "this is the line's last point"; 0 if the network has no stop.
    pub stop: f64,
}

impl std::ops::AddAssign for Loss {
    fn add_assign(&mut self, other: Self) {
        self.point += other.point;
        self.stop += other.stop;
    }
}

/// The loss of one point. Replaces the network's outputs by the gradient of the sum of both parts.
///
/// * `outputs`: `[R]`, ê | π̂ (M) | μ̂x (M) | μ̂y (M) | σ̂x (M) | σ̂y (M) | ρ̂ (M) | stop (if `stop`);
/// * `target`: the point `(dx, dy, pen)`, normalised;
/// * `is_last`: whether it is the line's last;
/// * `floor`: see [`grid_floor`];
/// * `terms`: scratch, `[M]`.
pub fn loss(
    outputs: &mut [f32],
    stop: bool,
    target: [f32; 3],
    is_last: bool,
    floor: [f32; 2],
    terms: &mut [f32],
) -> Loss {
    let m = terms.len();
    let sigmoid = |x: f32| 1.0 / (1.0 + expf(-x));
    let mut loss = Loss::default();
    // e = σ(−ê) is the probability of a lift.
    let pen = outputs[0];
    let lift = target[2];
    loss.point += f64::from(lift * softplus(pen) + (1.0 - lift) * softplus(-pen));
    outputs[0] = sigmoid(pen) - (1.0 - lift);
    if stop {
        let stop = &mut outputs[6 * m + 1];
        let last = f32::from(u8::from(is_last));
        loss.stop = f64::from(last * softplus(-*stop) + (1.0 - last) * softplus(*stop));
        *stop = sigmoid(*stop) - last;
    }
    let rows = &mut outputs[1..=6 * m];
    let (pi, rest) = rows.split_at_mut(m);
    let most = pi.iter().copied().fold(f32::MIN, f32::max);
    let log_sum = most + logf(pi.iter().map(|pi| expf(pi - most)).sum());
    // Component by component: log of weight times density; its gradients take the outputs' places.
    for j in 0..m {
        let (log_sx, log_sy) = (rest[2 * m + j].max(floor[0]), rest[3 * m + j].max(floor[1]));
        let (narrow_x, narrow_y) = (expf(-log_sx), expf(-log_sy));
        let (zx, zy) = ((target[0] - rest[j]) * narrow_x, (target[1] - rest[m + j]) * narrow_y);
        let raw = rest[4 * m + j].clamp(-MOST_RHO, MOST_RHO);
        // 1 − ρ² = 4 e / (1 + e)², without cancellation
        let e = expf(-2.0 * raw.abs());
        let rho = ((1.0 - e) / (1.0 + e)).copysign(raw);
        let inverse = (1.0 + e) * (1.0 + e) / (4.0 * e);
        let log_rest = LOG_4 - 2.0 * raw.abs() - 2.0 * libm::log1pf(e);
        let z = zx * zx + zy * zy - 2.0 * rho * zx * zy;
        terms[j] = pi[j] - log_sum - 0.5 * z * inverse - log_sx - log_sy - LOG_TAU - 0.5 * log_rest;
        let (along_x, along_y) = (inverse * (zx - rho * zy), inverse * (zy - rho * zx));
        let free = |value: f32, floor: f32, gradient: f32| if value > floor { gradient } else { 0.0 };
        rest[2 * m + j] = free(rest[2 * m + j], floor[0], zx * along_x - 1.0);
        rest[3 * m + j] = free(rest[3 * m + j], floor[1], zy * along_y - 1.0);
        rest[j] = narrow_x * along_x;
        rest[m + j] = narrow_y * along_y;
        rest[4 * m + j] = free(MOST_RHO, rest[4 * m + j].abs(), zx * zy + rho * (1.0 - inverse * z));
    }
    let most = terms.iter().copied().fold(f32::MIN, f32::max);
    let log_density = most + logf(terms.iter().map(|term| expf(term - most)).sum());
    loss.point -= f64::from(log_density);
    for j in 0..m {
        // Responsibility γ [G eq 27].
        let share = expf(terms[j] - log_density);
        pi[j] = expf(pi[j] - log_sum) - share;
        for block in 0..5 {
            rest[block * m + j] *= -share;
        }
    }
    loss
}
