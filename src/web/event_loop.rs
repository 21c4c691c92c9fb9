//! The clock, and yielding to the event loop.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, Performance};

#[wasm_bindgen]
extern "C" {
    /// The same in a page and in a worker.
    #[wasm_bindgen(thread_local_v2, js_name = performance)]
    static PERFORMANCE: Performance;
}

/// Milliseconds since the page or worker began.
pub fn milliseconds() -> f64 {
    PERFORMANCE.with(Performance::now)
}

/// Ends the current task, so that pending messages, clicks and frames are handled, and continues in a later one.
/// A message to oneself does this at once; a timer would wait for 4 milliseconds.
pub async fn yield_to_event_loop() {
    // Without a channel the text is written all the same, only without yielding.
    let Ok(channel) = MessageChannel::new() else { return };
    let passed = Promise::new(&mut |resolve, _| channel.port1().set_onmessage(Some(&resolve)));
    // Sending cannot fail: the message can be cloned.
    let _ = channel.port2().post_message(&JsValue::NULL);
    // It is never rejected. Both ports are kept until the message has come, since a browser may collect ports without
    // references; then they are closed rather than left to the garbage collector.
    let _ = JsFuture::from(passed).await;
    channel.port1().close();
}
