import type { MqttVersion } from "./client-options.ts";
import type { Failure } from "./failure.ts";

/** Decides which version of MQTT the next attempt asks for. */
export interface VersionChoice {
  next(): MqttVersion;
  /** Learns from a failure, and says whether the next attempt may follow at once because it asks for another version. */
  failed(version: MqttVersion, failure: Failure): boolean;
}

/**
 * Starts with what the options ask for; `auto` starts with 5 and changes to 3.1.1 when the broker refuses the version.
 *
 * A broker that hangs up without a word may mean the same, or be out of order: there the two versions take turns, each
 * after its wait, until one has connected.
 */
export function createVersionChoice(protocol: "auto" | "3.1.1" | "5"): VersionChoice {
  let version: MqttVersion = protocol === "3.1.1" ? 4 : 5;
  const failed = (tried: MqttVersion, failure: Failure): boolean => {
    if (protocol !== "auto") return false;
    const other: MqttVersion = tried === 5 ? 4 : 5;
    if (failure.version || (failure.silent && !failure.established)) version = other;
    return failure.version && tried === 5;
  };
  return { next: () => version, failed };
}
