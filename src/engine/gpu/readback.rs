//! Points on their way back: two staging buffers, so that one chunk is read while the next is made.

use super::device::Gpu;
use crate::engine::{IN_FLIGHT, Step};
use crate::error::{Error, Result};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Staging buffers and the chunks that wait in them.
#[derive(Debug)]
pub struct Readback {
    staging: [wgpu::Buffer; IN_FLIGHT],
    next: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    buffer: wgpu::Buffer,
    bytes: u64,
    mapped: Mapped,
    submission: wgpu::SubmissionIndex,
}

impl Readback {
    /// Buffers for chunks of up to `bytes`.
    pub fn new(gpu: &Gpu, bytes: u64) -> Self {
        Self { staging: std::array::from_fn(|_| staging(gpu, bytes)), next: 0, waiting: VecDeque::new() }
    }

    /// Larger buffers, for chunks to come; those in flight stay where they are.
    pub fn grow(&mut self, gpu: &Gpu, bytes: u64) {
        self.staging = std::array::from_fn(|_| staging(gpu, bytes));
    }

    /// Whether another chunk may be sent.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= IN_FLIGHT
    }

    /// Submits recorded work whose result are the first `bytes` of `source`.
    pub fn send(&mut self, gpu: &Gpu, mut encoder: wgpu::CommandEncoder, source: &wgpu::Buffer, bytes: u64) {
        let buffer = self.staging[self.next].clone();
        self.next = (self.next + 1) % IN_FLIGHT;
        encoder.copy_buffer_to_buffer(source, 0, &buffer, 0, bytes);
        let submission = gpu.queue.submit([encoder.finish()]);
        let mapped = Mapped::default();
        let told = mapped.clone();
        buffer.slice(..bytes).map_async(wgpu::MapMode::Read, move |result| told.tell(result.is_ok()));
        self.waiting.push_back(Waiting { buffer, bytes, mapped, submission });
    }

    /// The oldest chunk. If this future is dropped early, the chunk can be asked for again.
    ///
    /// # Errors
    /// [`Error::Sequence`] if nothing was sent, [`Error::DeviceLost`].
    pub async fn receive(&mut self, gpu: &Gpu) -> Result<Vec<Step>> {
        let nothing = || Error::Sequence("a chunk was collected that was never submitted".into());
        let waiting = self.waiting.front().ok_or_else(nothing)?;
        wait(gpu, &waiting.submission)?;
        let steps = read(gpu, &waiting.buffer, waiting.bytes, waiting.mapped.clone()).await;
        self.waiting.pop_front();
        let bytes = steps?;
        gpu.check()?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }
}

/// Reads the start of a buffer at once; for tests, which look at the state.
pub async fn peek(gpu: &Gpu, source: &wgpu::Buffer) -> Result<Vec<f32>> {
    let bytes = source.size();
    let buffer = staging(gpu, bytes);
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(source, 0, &buffer, 0, bytes);
    let submission = gpu.queue.submit([encoder.finish()]);
    let mapped = Mapped::default();
    let told = mapped.clone();
    buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| told.tell(result.is_ok()));
    wait(gpu, &submission)?;
    let bytes = read(gpu, &buffer, bytes, mapped).await?;
    Ok(bytemuck::pod_collect_to_vec(&bytes))
}

fn staging(gpu: &Gpu, bytes: u64) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("staging"),
        size: bytes,
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// Natively nothing happens unless somebody waits; in a browser this does nothing, the page's event
/// loop brings the answer.
fn wait(gpu: &Gpu, submission: &wgpu::SubmissionIndex) -> Result<()> {
    let wait = wgpu::PollType::Wait { submission_index: Some(submission.clone()), timeout: None };
    gpu.device.poll(wait).map(drop).map_err(|error| gpu.lost(&error.to_string()))
}

async fn read(gpu: &Gpu, buffer: &wgpu::Buffer, bytes: u64, mapped: Mapped) -> Result<Vec<u8>> {
    let unreadable = || gpu.lost("its results could not be read");
    if !mapped.await {
        return Err(unreadable());
    }
    let view = buffer.slice(..bytes).get_mapped_range().map_err(|_| unreadable())?;
    let copy = view.to_vec();
    drop(view);
    buffer.unmap();
    Ok(copy)
}

/// Becomes true when a buffer is mapped, false when it cannot be.
#[derive(Debug, Clone, Default)]
struct Mapped(Arc<Mutex<(Option<bool>, Option<Waker>)>>);

impl Mapped {
    fn tell(&self, fine: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = Some(fine);
        let waker = state.1.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for Mapped {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.0 {
            Some(fine) => Poll::Ready(fine),
            None => {
                state.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
