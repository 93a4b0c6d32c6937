export { dot1, dot2, dot4, dot8, dotLattice } from "./dot";
export { encodeRows, roundVector } from "./encode";
export { dotFloats, gradientFloats, hogwildRows } from "./float";
export { gradient1, gradient2, gradient4, gradient8, gradientLattice } from "./gradient";
export { decodeRows, packRows, packWire, unpackRows, unpackWire } from "./pack";
export { fillWords } from "./philox";
export { columnSums, gramRows } from "./sums";
export { dotTable, gradientTable } from "./table";
export { assembleGradient, descend, formResiduals, largest, multiply, sumRounded, widenModel } from "./vector";
