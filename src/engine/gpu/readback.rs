//! Reading points back: two staging buffers, so that one chunk is read while the next is computed.

use super::device::Gpu;
use crate::engine::step::{IN_FLIGHT, Step, nothing_submitted};
use crate::error::Result;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Staging buffers and the chunks in flight.
#[derive(Debug)]
pub struct Readback {
    staging: [wgpu::Buffer; IN_FLIGHT],
    next: usize,
    in_flight: VecDeque<InFlight>,
}

#[derive(Debug)]
struct InFlight {
    buffer: wgpu::Buffer,
    bytes: u64,
    mapped: Mapped,
    submission: wgpu::SubmissionIndex,
}

impl Readback {
    /// Buffers for chunks of up to `bytes`.
    pub fn new(gpu: &Gpu, bytes: u64) -> Self {
        Self { staging: std::array::from_fn(|_| staging(gpu, bytes)), next: 0, in_flight: VecDeque::new() }
    }

    /// Larger buffers for later chunks; those in flight keep theirs.
    pub fn grow(&mut self, gpu: &Gpu, bytes: u64) {
        self.staging = std::array::from_fn(|_| staging(gpu, bytes));
    }

    /// Chunks in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Submits recorded work whose result is the first `bytes` bytes of `source`.
    pub fn send(&mut self, gpu: &Gpu, mut encoder: wgpu::CommandEncoder, source: &wgpu::Buffer, bytes: u64) {
        let buffer = self.staging[self.next].clone();
        self.next = (self.next + 1) % IN_FLIGHT;
        encoder.copy_buffer_to_buffer(source, 0, &buffer, 0, bytes);
        let submission = gpu.queue.submit([encoder.finish()]);
        let mapped = Mapped::default();
        let result_of = mapped.clone();
        buffer.slice(..bytes).map_async(wgpu::MapMode::Read, move |result| result_of.set(result.is_ok()));
        self.in_flight.push_back(InFlight { buffer, bytes, mapped, submission });
    }

    /// The oldest chunk. If this future is dropped before it is ready, the chunk can be received again.
    ///
    /// # Errors
    /// [`crate::Error::Sequence`] if nothing was sent, [`crate::Error::DeviceLost`].
    pub async fn receive(&mut self, gpu: &Gpu) -> Result<Vec<Step>> {
        let oldest = self.in_flight.front().ok_or_else(nothing_submitted)?;
        wait(gpu, &oldest.submission)?;
        let bytes = read(gpu, &oldest.buffer, oldest.bytes, oldest.mapped.clone()).await;
        self.in_flight.pop_front();
        let bytes = bytes?;
        gpu.check()?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }
}

/// Reads a whole buffer. For tests, which compare states.
pub async fn peek<T: bytemuck::Pod>(gpu: &Gpu, source: &wgpu::Buffer) -> Result<Vec<T>> {
    let bytes = source.size();
    let buffer = staging(gpu, bytes);
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(source, 0, &buffer, 0, bytes);
    let submission = gpu.queue.submit([encoder.finish()]);
    let mapped = Mapped::default();
    let result_of = mapped.clone();
    buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| result_of.set(result.is_ok()));
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

/// Natively callbacks run only while the device is polled; in a browser this does nothing, and the event loop runs them.
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

/// A future of whether a buffer could be mapped.
#[derive(Debug, Clone, Default)]
struct Mapped(Arc<Mutex<(Option<bool>, Option<Waker>)>>);

impl Mapped {
    fn set(&self, mapped: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = Some(mapped);
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
            Some(mapped) => Poll::Ready(mapped),
            None => {
                state.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
