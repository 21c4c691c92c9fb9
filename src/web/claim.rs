//! Lines that other `RunningHand`s write, each in a worker of its own: for the page's pool. None of this is in the
//! public types; `www/engine/messages.js` has them.

use super::{RunningHand, Writing, event_loop, name, primed, set, to_js};
use crate::engine::Step;
use crate::error::Error;
use crate::writer::{Finish, LineClaim, Settings, Writer};
use async_lock::MutexGuard;
use js_sys::{Float32Array, Object, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// `LineClaim` of `www/engine/messages.js`.
#[derive(Debug, Serialize)]
struct Claim {
    number: usize,
    line: u64,
    text: String,
}

#[wasm_bindgen]
impl RunningHand {
    /// Whether a pool of workers will claim lines (`Writing.claimLine`), from the next text on. The CPU engine then
    /// writes one line after the other.
    #[wasm_bindgen(setter, js_name = hasPool, skip_typescript)]
    pub fn set_has_pool(&self, has_pool: bool) {
        self.shared.has_pool.set(has_pool);
    }

    /// Writes a claimed line, with the options of its text and the same weights; ends what is being written.
    #[wasm_bindgen(js_name = writeLine, skip_typescript)]
    pub async fn write_line(&self, text: String, line: u32, options: JsValue) -> Result<JsValue, JsError> {
        let (options, prime) = self.document_options(options)?;
        let number = self.shared.supersede();
        let mut writer = self.shared.writer.lock().await;
        let settings = primed(options, prime, &writer, &text)?.settings;
        writer.start(&text, &Settings { line: line.into(), ..settings }).await?;
        let mut steps: Vec<Step> = Vec::new();
        // A cancelled writer returns no more chunks.
        while let Some(chunk) = writer.next().await? {
            steps.extend(chunk.steps);
            event_loop::yield_to_event_loop().await;
        }
        self.shared.note(&writer);
        let finish = writer.finish().filter(|_| self.shared.current.get() == number).unwrap_or(Finish::Cancelled);
        let numbers: &[f32] = bytemuck::cast_slice(&steps);
        let object = Object::new();
        set(&object, "steps", &Float32Array::from(numbers))?;
        set(&object, "finish", &name(finish).into())?;
        Ok(object.into())
    }
}

/// To be called between two calls of `next`.
#[wasm_bindgen]
impl Writing {
    /// Claims the next line that has not been begun, for `RunningHand.writeLine` in another worker; `undefined` if
    /// there is none, or if a GPU writes.
    #[wasm_bindgen(js_name = claimLine, skip_typescript)]
    pub fn claim_line(&self) -> Result<JsValue, JsError> {
        match self.now().map_or(Ok(None), |mut writer| writer.claim_line())? {
            Some(LineClaim { number, line, text }) => to_js(&Claim { number, line, text }),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// Returns a claimed line, written; without `written`, the line is written here. False if the writer is busy, and
    /// the call has to be repeated.
    #[wasm_bindgen(js_name = completeLine, skip_typescript)]
    pub fn complete_line(&self, number: usize, written: JsValue) -> Result<bool, JsError> {
        let written = if written.is_undefined() { None } else { Some(read(&written)?) };
        let Some(mut writer) = self.now() else { return Ok(self.state.shared.current.get() != self.state.number) };
        writer.complete_line(number, written)?;
        Ok(true)
    }

    /// Whether every line that is left is claimed by another worker.
    #[wasm_bindgen(getter, js_name = isWaiting, skip_typescript)]
    pub fn is_waiting(&self) -> bool {
        self.now().is_some_and(|writer| writer.is_waiting())
    }

    /// The writer, if it is free and this text is the one that it writes.
    fn now(&self) -> Option<MutexGuard<'_, Writer>> {
        let state = &self.state;
        state.shared.writer.try_lock().filter(|_| state.shared.current.get() == state.number)
    }
}

/// A `WrittenLine`.
fn read(written: &JsValue) -> Result<(Vec<Step>, Finish), Error> {
    let bad = |problem: &str| Error::Setting { name: "written".into(), problem: problem.into() };
    let part = |name: &str| Reflect::get(written, &name.into()).unwrap_or_default();
    let numbers = part("steps").dyn_into::<Float32Array>().map_err(|_| bad("`steps` has to be a Float32Array"))?;
    let steps =
        bytemuck::try_cast_slice(&numbers.to_vec()).map_err(|_| bad("`steps` has to be 9 numbers each"))?.to_vec();
    let finish = part("finish").as_string().unwrap_or_default();
    let known = [Finish::Stopped, Finish::Length, Finish::Cap];
    let finish = known.into_iter().find(|&known| name(known) == finish);
    Ok((steps, finish.ok_or_else(|| bad("`finish` says that the line is not whole"))?))
}
