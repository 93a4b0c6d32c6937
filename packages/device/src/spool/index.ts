export { SpoolError, type SpoolErrorCode } from "./errors.ts";
export { type SpoolFile, type SpoolFiles, systemFiles } from "./files.ts";
export type { Processes, ProcessId } from "./lock.ts";
export type { Range } from "./ranges.ts";
export type { Lost } from "./recovery.ts";
export type { Damage } from "./segment.ts";
export { openSpool, type Spool, type SpoolUsage } from "./spool.ts";
export type { SpoolOptions } from "./spool-options.ts";
