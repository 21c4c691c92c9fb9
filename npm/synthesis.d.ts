/** The address of the synthesis network's weights, for `RunningHand.load`. */
declare const address: string;
export default address;
