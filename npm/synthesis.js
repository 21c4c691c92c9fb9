// The address of the synthesis network's weights, in a form that bundlers know.
export default new URL("./weights/synthesis.safetensors", import.meta.url).href;
