// The address of the prediction network's weights, in a form that bundlers know.
export default new URL("./weights/prediction.safetensors", import.meta.url).href;
