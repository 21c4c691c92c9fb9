//! Points per second of the CPU engine on one thread, for one line and for batches, alternately:
//!
//!     cargo bench --bench lines -- [weights/synthesis.safetensors]
//!
//! Seconds are the thread's processor time where the system reports it (Linux), so that other programs matter less.
#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use running_hand::engine::cpu::CpuEngine;
use running_hand::engine::{Line, forced_point};
use running_hand::model::Weights;
use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Processor seconds of this thread, or wall-clock seconds.
fn clock() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = schedstat.and_then(|fields| fields.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| START.get_or_init(Instant::now).elapsed().as_secs_f64(), |ns| ns * 1e-9)
}

const LINES: [usize; 5] = [1, 4, 16, 32, 64];
const ROUNDS: usize = 9;
/// Points of one measurement, of all lines together: some systems count processor time in steps of 4 ms, a hundredth of
/// what these take.
const POINTS: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let file = file.unwrap_or_else(|| "weights/synthesis.safetensors".into());
    let weights = Arc::new(Weights::from_bytes(&std::fs::read(&file)?, &file)?);
    let line = Line { ids: (1..40).chain([0]).collect(), temperature: 1.0, ..Line::default() };
    let mut rates = vec![Vec::new(); LINES.len()];
    for _ in 0..ROUNDS {
        for (lines, rates) in LINES.iter().zip(&mut rates) {
            let steps = POINTS / lines;
            let mut engine = CpuEngine::on_threads(1);
            engine.open(&weights, &vec![line.clone(); *lines])?;
            let noise = vec![forced_point([0.1, 0.0, 0.0]); lines * steps];
            let began = clock();
            engine.submit(steps, &noise)?;
            engine.collect()?;
            rates.push((lines * steps) as f64 / (clock() - began));
        }
    }
    println!("lines  points a second: min / median / max   median / median of one line");
    let mut alone = None;
    for (lines, rates) in LINES.iter().zip(&mut rates) {
        rates.sort_unstable_by(f64::total_cmp);
        let median = rates[ROUNDS / 2];
        let ratio = median / *alone.get_or_insert(median);
        println!("{lines:5}  {:10.0} / {median:6.0} / {:6.0}  {ratio:24.2}", rates[0], rates[ROUNDS - 1]);
    }
    Ok(())
}
