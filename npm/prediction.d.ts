/** The address of the prediction network's weights, for `RunningHand.load`. */
declare const address: string;
export default address;
