export type { DeliveryOptions } from "./delivery.ts";
export { createDevice, type Device, type Left } from "./device.ts";
export { DeviceError, type DeviceErrorCode } from "./errors.ts";
export { createMemoryOutbox } from "./memory-outbox.ts";
export type { DeviceOptions } from "./options.ts";
export {
  type AcceptedRow,
  covers,
  type FrameId,
  type Outbox,
  type OutboxUsage,
  type Receipted,
  type SealedFrame,
} from "./outbox.ts";
export type { BatchOptions } from "./sealer.ts";
export type { DeviceEvent, DeviceStatus } from "./status.ts";
