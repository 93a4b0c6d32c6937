export { type CapturedIo, captureIo, type Io, type Output } from "./io.ts";
export { run } from "./run.ts";
