export {
  createMemoryBroker,
  type MemoryBroker,
  type MemoryBrokerCounters,
  type MemoryBrokerOptions,
} from "./broker.ts";
export { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";
