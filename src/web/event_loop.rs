//! Time: the clock, and letting the browser have its turn.

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

/// Ends the task, so that messages, clicks and frames that wait are handled, and goes on in the next.
/// A message to oneself does this at once; a timer would wait for 4 milliseconds.
pub async fn yield_to_event_loop() {
    // Without turns the text is written all the same.
    let Ok(channel) = MessageChannel::new() else { return };
    let passed = Promise::new(&mut |resolve, _| channel.port1().set_onmessage(Some(&resolve)));
    // Nothing that cannot be cloned is sent.
    let _ = channel.port2().post_message(&JsValue::NULL);
    // It is never rejected. Both ports are held until the message has come, whatever a browser makes of ports that
    // nobody holds, and not left for it to collect.
    let _ = JsFuture::from(passed).await;
    channel.port1().close();
}
