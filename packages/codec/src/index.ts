export { packCodes, packedSize, unpackCodes } from "./bit-packing.ts";
export type { ChannelQuantizer } from "./channel-quantizer.ts";
export { crc32c } from "./crc32c.ts";
export {
  DecodeError,
  type DecodeErrorCode,
  GridError,
  type GridErrorCode,
  ReadingError,
  type ReadingErrorCode,
} from "./errors.ts";
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
  type Coding,
  defineGrid,
  type Grid,
  maxGridEpoch,
  type Scheme,
  type UniformGridOptions,
  uniformGrid,
} from "./grid.ts";
export {
  intervalCount,
  type Levels,
  levelPoints,
  maxBits,
  maxSamples,
  rangeFault,
  type UniformLevels,
} from "./levels.ts";
export { philox4x32, type StreamKey } from "./philox.ts";
export { createQuantizer, type Quantizer } from "./quantizer.ts";
export { type Channel, type ChannelRole, defineSchema, maxChannels, orderRow, type Schema } from "./schema.ts";
export { createStream, type Stream, streamKey } from "./stream.ts";
export {
  dequantizeVector,
  packVector,
  type QuantizedVector,
  quantizeVector,
  roundVector,
  unpackVector,
} from "./vector.ts";
