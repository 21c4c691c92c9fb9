//! What the engines get besides the network: noise and settings. They are computed in floating point, with the
//! logarithm and the sines of each machine's own library, and then rounded to whole numbers. These must be the same
//! everywhere: `tests/lines.rs` checks them natively, `tests/web.rs` in WebAssembly.

use running_hand::engine::Line;
use running_hand::engine::fixed::{self, Drawing};
use running_hand::engine::noise::NoiseStream;

/// FNV-1a of 64 bits.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, number: i32) {
        for byte in number.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// 10,000 lines of 600 timesteps: of 100 seeds, 100 lines each.
pub fn noise() {
    let mut hash = Hash::new();
    for line in 0..10_000 {
        let mut stream = NoiseStream::new(line / 100, line % 100);
        for _ in 0..600 {
            fixed::noise(&stream.next()).into_iter().for_each(|number| hash.add(number));
        }
    }
    assert_eq!(format!("{:016x}", hash.0), "cd2b08873b67b5a6");
}

/// Every hundredth of bias from 0 to 5, with every hundredth of temperature from 0.1 to 4.
pub fn settings() {
    let mut hash = Hash::new();
    for (bias, temperature) in (0..=500).flat_map(|bias| (10..=400).map(move |temperature| (bias, temperature))) {
        let [bias, temperature] = [bias, temperature].map(|hundredths| hundredths as f32 / 100.0);
        let Drawing { sharpness, narrowing, coolness } = Drawing::new(&Line { bias, temperature, ..Line::default() });
        for number in [sharpness.m, sharpness.k as i32, narrowing, coolness.m, coolness.k as i32] {
            hash.add(number);
        }
    }
    assert_eq!(format!("{:016x}", hash.0), "32fdf41158b5a577");
}
