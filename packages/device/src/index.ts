export type { DeliveryOptions } from "./delivery.ts";
export { createDevice, type Device, type Left } from "./device.ts";
export { DeviceError, type DeviceErrorCode } from "./errors.ts";
export type { HistogramOptions } from "./histograms.ts";
export { createMemoryOutbox, type MemoryOutboxOptions } from "./memory-outbox.ts";
export type { DeviceOptions } from "./options.ts";
export {
  type AcceptedRow,
  covers,
  type Dropped,
  type FrameId,
  type FullPolicy,
  type KeptSession,
  type Outbox,
  type OutboxUsage,
  type Receipted,
  type SealedFrame,
  type SessionNote,
  type SessionRanges,
} from "./outbox.ts";
export type { Offence, QuarantineCounts } from "./quarantine.ts";
export type { DeliveryOrder } from "./reader.ts";
export type { BatchOptions } from "./sealer.ts";
export type { DeviceEvent, DeviceStatus } from "./status.ts";
export type { ThinnedCounts } from "./thinning.ts";
