//! One timestep, and many of them in one compute pass.

use super::buffers::{Batch, Groups};
use super::network::Network;
use super::pipelines::{TILES, lstm_groups};
use crate::model::Weights;

/// Records `steps` timesteps of a batch. WebGPU runs the dispatches of a pass in order; each sees the writes of those
/// before.
pub fn record(
    encoder: &mut wgpu::CommandEncoder,
    weights: &Weights,
    network: &Network,
    batch: &mut Batch,
    steps: usize,
) {
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    for _ in 0..steps {
        timestep(&mut pass, weights, network, batch, &batch.groups[batch.parity]);
        batch.parity = 1 - batch.parity;
    }
}

/// As `cpu::State::step`: layer 0, the window, the layers above, the point.
fn timestep(pass: &mut wgpu::ComputePass<'_>, weights: &Weights, network: &Network, batch: &Batch, groups: &Groups) {
    let lines = batch.lines as u32;
    let tiles = batch.lines.div_ceil(TILES[batch.tile].lines) as u32;
    for (l, pipeline) in network.lstm_pipelines(batch.tile).iter().enumerate() {
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &groups.lstm[l], &[]);
        pass.dispatch_workgroups(lstm_groups(&weights.config, l) as u32, tiles, 1);

        if let (0, Some(pipeline), Some(group)) = (l, &network.window_pipeline, &groups.window) {
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, group, &[]);
            pass.dispatch_workgroups(lines, 1, 1);
        }
    }
    pass.set_pipeline(&network.mixture_pipeline);
    pass.set_bind_group(0, &groups.mixture, &[]);
    pass.dispatch_workgroups(lines, 1, 1);
}
