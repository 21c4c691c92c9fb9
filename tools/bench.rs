//! The native half of `cargo xtask bench`: does what it is told on standard input, one command a line,
//! and answers each with a line of JSON, so that a script can let engines and peers take turns. Or it
//! does the one command among its arguments.
//!
//! | command | answer |
//! |---|---|
//! | `prepare FOLDER` | writes networks, noise and golden points for the peers |
//! | `cpu NETWORK LINES STEPS`, `gpu …` | seconds that the engine takes: of the processor, or by the clock |
//! | `cores NETWORK LINES STEPS` | likewise, of a CPU engine on all cores, by the clock; `cpu` has one thread |
//! | `empty NETWORK LINES STEPS` | likewise, of a GPU engine whose shaders return at once |
//! | `label` | names of CPU and GPU engine |
//! | `read MEGABYTES`, `copy MEGABYTES` | bytes a second: the CPU reads (one thread), the GPU copies (bytes read and written) |
//!
//! NETWORK is a weights file, or `random:LAYERSxUNITS`.

use pollster::block_on;
use running_hand::engine::cpu::CpuEngine;
use running_hand::engine::{Choice, Engine, Line};
use running_hand::model::{Config, Quantisation, Weights};
use running_hand::testing;
use running_hand::text::alphabet::Alphabet;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Sixteen lines of a page; more lines begin again.
const TEXT: &str = include_str!("../bench/text.txt");
/// The shipped network whose sizes random ones share.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/weights/synthesis.safetensors");
const SEED: u64 = 1;
const BIAS: f32 = 0.5;
/// Timesteps of noise that the peers get; they begin again when it is used up.
const NOISE: usize = 400;
/// Timesteps of reference points: later on a random network, which is chaotic, has amplified rounding errors.
const GOLDEN: usize = 32;
/// Timesteps to a chunk.
const CHUNK: usize = 32;

#[derive(Default)]
struct Bench {
    networks: HashMap<String, Arc<Weights>>,
    engines: HashMap<&'static str, Engine>,
    /// The network and number of lines that each engine has open.
    open: HashMap<&'static str, (String, usize)>,
    memory: Vec<f32>,
}

impl Bench {
    fn answer(&mut self, command: &str) -> Result<Value> {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words[..] {
            ["prepare", folder] => self.prepare(Path::new(folder)),
            ["cpu", network, lines, steps] => self.run("cpu", network, lines.parse()?, steps.parse()?),
            ["gpu", network, lines, steps] => self.run("gpu", network, lines.parse()?, steps.parse()?),
            ["cores", network, lines, steps] => self.run("cores", network, lines.parse()?, steps.parse()?),
            ["empty", network, lines, steps] => self.run("empty", network, lines.parse()?, steps.parse()?),
            ["label"] => {
                Ok(json!({ "cpu": self.engine("cpu")?.label(), "gpu": self.engine("gpu").map(|e| e.label()).ok() }))
            }
            ["read", megabytes] => Ok(json!(self.read(megabytes.parse()?))),
            ["copy", megabytes] => gpu::copy(megabytes.parse()?),
            _ => Err(format!("{command:?} is no command").into()),
        }
    }

    fn network(&mut self, name: &str) -> Result<Arc<Weights>> {
        if let Some(weights) = self.networks.get(name) {
            return Ok(weights.clone());
        }
        let bytes = match name.strip_prefix("random:").and_then(|sizes| sizes.split_once('x')) {
            Some((layers, units)) => random(&vec![units.parse()?; layers.parse()?])?,
            None => std::fs::read(name)?,
        };
        let weights = Arc::new(Weights::from_bytes(&bytes, name)?);
        self.networks.insert(name.to_owned(), weights.clone());
        Ok(weights)
    }

    fn engine(&mut self, name: &'static str) -> Result<&mut Engine> {
        if !self.engines.contains_key(name) {
            let engine = match name {
                "cpu" => Engine::Cpu(CpuEngine::on_threads(1)),
                "cores" => Engine::Cpu(CpuEngine::new()),
                "empty" => gpu::empty()?,
                _ => match block_on(Engine::choose(Choice::Gpu)) {
                    (_, Some(notice)) => return Err(notice.into()),
                    (engine, None) => engine,
                },
            };
            self.engines.insert(name, engine);
        }
        self.engines.get_mut(name).ok_or_else(|| "no engine".into())
    }

    /// Seconds for `steps` timesteps of `lines` lines, and the bytes of the weights as `f32`.
    fn run(&mut self, name: &'static str, network: &str, lines: usize, steps: usize) -> Result<Value> {
        let weights = self.network(network)?;
        let wanted = (network.to_owned(), lines);
        let fresh = self.open.get(name) != Some(&wanted);
        self.open.insert(name, wanted);
        let engine = self.engine(name)?;
        let noise = testing::noise(SEED, lines, CHUNK);
        if fresh {
            let lines: Vec<Line> = (0..lines).map(|line| line_of(&weights.config, line)).collect();
            block_on(engine.open(&weights, &lines))?;
            // Caches, pipelines and clock rates settle.
            engine.submit(CHUNK, &noise)?;
            block_on(engine.collect())?;
        }
        let start = if name == "cpu" { processor() } else { clock() };
        let mut waiting = 0;
        for _ in 0..steps.div_ceil(CHUNK) {
            engine.submit(CHUNK, &noise)?;
            waiting += 1;
            if waiting == 2 {
                black_box(block_on(engine.collect())?);
                waiting -= 1;
            }
        }
        black_box(block_on(engine.collect())?);
        Ok(json!({
            "seconds": if name == "cpu" { processor() } else { clock() } - start,
            "steps": steps.div_ceil(CHUNK) * CHUNK,
            "parameters": parameters(&weights),
        }))
    }

    /// Bytes per second that one thread reads from memory.
    fn read(&mut self, megabytes: usize) -> f64 {
        let count = megabytes * 250_000;
        self.memory.resize(count.max(self.memory.len()), 1.0);
        let memory = &self.memory[..count];
        let times = (400 / megabytes).max(2);
        let start = processor();
        for _ in 0..times {
            let mut sums = [0.0f32; 64];
            for chunk in black_box(memory).as_chunks::<64>().0 {
                for (sum, value) in sums.iter_mut().zip(chunk) {
                    *sum += value;
                }
            }
            black_box(sums);
        }
        (times * count * 4) as f64 / (processor() - start)
    }

    /// Writes the inputs of the other implementations: for each network its weights file, its sizes and lines, and for
    /// each line the noise and the reference points of this crate's CPU engine.
    fn prepare(&mut self, folder: &Path) -> Result<Value> {
        std::fs::create_dir_all(folder)?;
        let networks = [("shipped", std::fs::read(SHIPPED)?), ("wide", random(&[400; 3])?)];
        for (name, bytes) in &networks {
            let file = folder.join(name).with_extension("safetensors");
            std::fs::write(&file, bytes)?;
            let weights = Arc::new(Weights::from_bytes(bytes, name)?);
            let config = &weights.config;
            let engine = self.engine("cpu")?;
            let (mut lines, mut golden) = (Vec::new(), Vec::new());
            for index in 0..TEXT.lines().count() {
                let line = line_of(config, index);
                let mut noise = Vec::new();
                running_hand::engine::noise::NoiseStream::new(SEED, index as u64).extend(NOISE, &mut noise);
                block_on(engine.open(&weights, std::slice::from_ref(&line)))?;
                engine.submit(GOLDEN, &noise[..GOLDEN])?;
                let points: Vec<[f32; 3]> = block_on(engine.collect())?.iter().map(|s| [s.dx, s.dy, s.pen]).collect();
                lines.push(json!({ "text": text(index), "ids": line.ids }));
                golden.push(json!({ "noise": noise, "points": points }));
            }
            let described = json!({
                "hidden": config.hidden, "mixtures": config.mixtures, "window": config.window, "ids": config.ids(),
                "stop": config.stop, "offsetMean": config.offset_mean, "offsetSd": config.offset_sd,
                "bias": BIAS, "seed": SEED, "parameters": parameters(&weights), "lines": lines,
            });
            for (extension, value) in [("json", &described), ("golden.json", &json!(golden))] {
                std::fs::write(folder.join(name).with_extension(extension), serde_json::to_string(value)?)?;
            }
        }
        self.open.clear();
        Ok(json!(networks.map(|(name, _)| name)))
    }
}

/// Wall-clock seconds.
fn clock() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// Processor seconds of this thread where the system reports them (Linux), so that other programs matter less.
fn processor() -> f64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = schedstat.and_then(|fields| fields.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(clock, |ns| ns * 1e-9)
}

fn text(line: usize) -> &'static str {
    TEXT.lines().cycle().nth(line).unwrap_or_default()
}

fn line_of(config: &Config, line: usize) -> Line {
    let ids = Alphabet::new(&config.alphabet).encode(text(line)).ids;
    Line { ids, bias: BIAS, temperature: 1.0, ..Line::default() }
}

/// Parameters of the network that a timestep reads.
fn parameters(weights: &Weights) -> usize {
    let layers = weights.layers.iter().map(|layer| &layer.gates);
    let matrices = layers.chain(&weights.window).chain([&weights.output]);
    matrices.map(|dense| dense.weight.values.len() + dense.bias.len()).sum()
}

/// A weights file of a random network, like the shipped one except for its layers: int8 matrices that `f16` represents
/// exactly.
fn random(hidden: &[usize]) -> Result<Vec<u8>> {
    let shipped = Weights::from_bytes(&std::fs::read(SHIPPED)?, SHIPPED)?.config;
    let config = Config { hidden: hidden.to_vec(), quantisation: Quantisation::Int8, styles: Vec::new(), ..shipped };
    let mut stored = testing::int8(&testing::tensors(&config, SEED));
    for tensor in stored.iter_mut().filter(|tensor| tensor.name.ends_with(".scale")) {
        for scale in tensor.bytes.as_chunks_mut::<4>().0 {
            // Four significant bits of a scale times seven of a number fit the eleven of `f16`.
            *scale = (f32::from_le_bytes(*scale).to_bits().next_multiple_of(1 << 20)).to_le_bytes();
        }
    }
    Ok(testing::file_of(&serde_json::to_string(&config)?, &stored))
}

#[cfg(feature = "gpu")]
mod gpu {
    use super::{Engine, Result, Value, block_on, json};
    use running_hand::engine::gpu::GpuEngine;
    use std::time::Instant;

    /// The adapter that the GPU engine chooses.
    fn open() -> Result<(wgpu::Device, wgpu::Queue)> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter = block_on(instance.request_adapter(&options))?;
        Ok(block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?)
    }

    /// Seconds from submission to completion, of the second run.
    fn timed(device: &wgpu::Device, queue: &wgpu::Queue, record: impl Fn(&mut wgpu::CommandEncoder)) -> Result<f64> {
        let mut seconds = 0.0;
        for _ in 0..2 {
            let start = Instant::now();
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            record(&mut encoder);
            let submission = queue.submit([encoder.finish()]);
            device.poll(wgpu::PollType::Wait { submission_index: Some(submission), timeout: None })?;
            seconds = start.elapsed().as_secs_f64();
        }
        Ok(seconds)
    }

    /// The GPU engine with shaders that return at once: the cost of the dispatches alone, with the same buffers and
    /// dependencies.
    pub fn empty() -> Result<Engine> {
        let engine = GpuEngine::with_shaders(true, |_, source| {
            let (before, body) = source.split_once("fn main(").unwrap_or((source, ""));
            let body = body.replacen("{\n", "{\n    if batch.steps > 0u {\n        return;\n    }\n", 1);
            [before, "fn main(", &body].concat().into()
        });
        Ok(Engine::Gpu(Box::new(block_on(engine)?)))
    }

    /// Bytes per second, read plus written, of copies between buffers.
    pub fn copy(megabytes: u64) -> Result<Value> {
        const TIMES: u64 = 4;
        let (device, queue) = open()?;
        let buffer = |usage| {
            let size = megabytes << 20;
            device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
        };
        let [from, to] = [wgpu::BufferUsages::COPY_SRC, wgpu::BufferUsages::COPY_DST].map(buffer);
        let seconds = timed(&device, &queue, |encoder| {
            for _ in 0..TIMES {
                encoder.copy_buffer_to_buffer(&from, 0, &to, 0, from.size());
            }
        })?;
        Ok(json!((2 * TIMES * from.size()) as f64 / seconds))
    }
}

#[cfg(not(feature = "gpu"))]
mod gpu {
    use super::{Engine, Result, Value};

    pub fn empty() -> Result<Engine> {
        Err("this build has no GPU engine".into())
    }

    pub fn copy(_: u64) -> Result<Value> {
        Err("this build has no GPU engine".into())
    }
}

fn main() -> Result<()> {
    let mut bench = Bench::default();
    let mut out = std::io::stdout().lock();
    let command = std::env::args().skip(1).collect::<Vec<_>>();
    if !command.is_empty() {
        writeln!(out, "{}", bench.answer(&command.join(" "))?)?;
        return Ok(());
    }
    for command in std::io::stdin().lock().lines() {
        let answer = bench.answer(&command?).unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
