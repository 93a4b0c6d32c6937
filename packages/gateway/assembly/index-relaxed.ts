// The module with relaxed SIMD instructions, for machines that are fast at them.

export { dot1, dot2, dot8, dotLattice } from "./dot";
export { dot4 } from "./dot4";
export { encodeRows, roundVector } from "./encode";
export { dotFloats, gradientFloats, hogwildRows } from "./float";
export { gradient1, gradient2, gradient8, gradientLattice } from "./gradient";
export { decodeRows, packRows, packWire, unpackRows, unpackWire } from "./pack";
export { fillWords } from "./philox";
export { gradient4 } from "./relaxed";
export { columnSums, gramRows } from "./sums";
export { dotTable, gradientTable } from "./table";
export { assembleGradient, descend, formResiduals, largest, multiply, widenModel } from "./vector";
