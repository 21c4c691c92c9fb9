//! Downloading with progress.

use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, ReadableStreamReadResult, Response};

#[wasm_bindgen]
extern "C" {
    /// The same in a page and in a worker.
    #[wasm_bindgen(js_name = fetch)]
    fn global_fetch(url: &str) -> Promise;
}

/// A file's bytes, or a sentence that says what went wrong and what to do.
pub async fn bytes(url: &str, progress: Option<&Function>) -> Result<Vec<u8>, String> {
    let retry = "Check the connection and load the page again.";
    let response: Response = JsFuture::from(global_fetch(url))
        .await
        .map_err(|error| format!("{url} cannot be downloaded ({}). {retry}", reason(&error)))?
        .unchecked_into();
    if !response.ok() {
        return Err(format!(
            "{url} cannot be downloaded: the server answered {} {}. The file must lie where the page asks for it.",
            response.status(),
            response.status_text()
        ));
    }
    let header = |name: &str| response.headers().get(name).ok().flatten();
    // Of a compressed answer this would be the compressed length.
    let total = match header("content-encoding") {
        None => header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0),
        Some(_) => 0,
    };
    let mut bytes = Vec::with_capacity(total.min(LARGEST_RESERVED));
    let body = response.body().ok_or_else(|| format!("{url} has no content. {retry}"))?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    loop {
        let piece: ReadableStreamReadResult = JsFuture::from(reader.read())
            .await
            .map_err(|error| format!("{url} broke off after {} bytes ({}). {retry}", bytes.len(), reason(&error)))?
            .unchecked_into();
        if piece.get_done() == Some(true) {
            break;
        }
        let piece: Uint8Array = piece.get_value().unchecked_into();
        let start = bytes.len();
        bytes.resize(start + piece.length() as usize, 0);
        piece.copy_to(&mut bytes[start..]);
        if let Some(progress) = progress {
            // If the callback throws, the download continues.
            let _ = progress.call2(&JsValue::NULL, &(bytes.len() as f64).into(), &(total as f64).into());
        }
    }
    if bytes.len() < total {
        return Err(format!("{url} is incomplete: {} of {total} bytes came. {retry}", bytes.len()));
    }
    Ok(bytes)
}

/// Most bytes that are reserved because a header announces them.
const LARGEST_RESERVED: usize = 64 << 20;

fn reason(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| "no reason given".into(), |error| String::from(error.message()))
}
