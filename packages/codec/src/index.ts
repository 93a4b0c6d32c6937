export { packCodes, packedSize, unpackCodes } from "./bit-packing.ts";
export type { ChannelQuantizer } from "./channel-quantizer.ts";
export {
  type BodyRows,
  bodyMeans,
  type DecodedBody,
  decodeBody,
  type EncodedBody,
  encodeBody,
  type FrameBody,
} from "./coding/body.ts";
export { type Coding, codings } from "./coding/coding.ts";
export { maxCodedValues } from "./coding/layout.ts";
export { crc32c } from "./crc32c.ts";
export {
  createDeadBand,
  type DeadBand,
  DeadBandError,
  type DeadBandErrorCode,
  type DeadBandFilter,
  type DeadBands,
  deadBandGrid,
} from "./dead-band.ts";
export { type DitherPlace, type DitherSource, ditherPlace, ditherSource } from "./dither.ts";
export {
  DecodeError,
  type DecodeErrorCode,
  GridError,
  type GridErrorCode,
  ReadingError,
  type ReadingErrorCode,
  RefusalError,
} from "./errors.ts";
export {
  type AnswerForm,
  answerBody,
  answerReadings,
  decodeExactAnswer,
  type ExactAnswer,
  encodeExactAnswer,
  isExactAnswer,
  maxAnswerRows,
  type RowPlace,
} from "./exact-answer.ts";
export {
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameLimits,
  frameSize,
  frameVersion,
  rowTimes,
} from "./frame.ts";
export {
  type ChannelGrid,
  defineGrid,
  type Grid,
  gridSeedPattern,
  maxGridEpoch,
  type UniformGridOptions,
  uniformGrid,
} from "./grid.ts";
export { type Lag, lagName, lagOf, maxLags } from "./lag-name.ts";
export {
  intervalCount,
  type Levels,
  levelPoints,
  levelsFault,
  levelsRange,
  maxBits,
  maxSamples,
  type PointLevels,
  rangeFault,
  type UniformLevels,
} from "./levels.ts";
export { philox4x32, type StreamKey } from "./philox.ts";
export { createQuantizer, type Quantizer } from "./quantizer.ts";
export { type Channel, type ChannelRole, defineSchema, maxChannels, orderRow, type Schema } from "./schema.ts";
export { type Scheme, schemes } from "./scheme.ts";
export { createStream, type Stream, streamKey, type WordRun } from "./stream.ts";
export {
  dequantizeVector,
  packVector,
  type QuantizedVector,
  quantizeVector,
  roundVector,
  unpackVector,
} from "./vector.ts";
