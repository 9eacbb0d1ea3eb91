/** Which name and address reach which group. */
export { edgePort, type Pools, placeOf, poolsFrom, type SlotBook, slotOf } from './addresses.ts';
export { createEdge, type Edge } from './edge.ts';
export { fqdnOf, type LabelBook, type LabelRequest, labelTaken } from './labels.ts';
export { probe } from './probe.ts';
