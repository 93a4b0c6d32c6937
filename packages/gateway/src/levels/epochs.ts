import type { DeviceRecord } from "../ingest/registry.ts";

/** Epochs from here on are left to grids that are named for a full outbox, the highest first. */
const reserved = 0xff00;

function usedBy(device: DeviceRecord): number[] {
  const sessions = [...device.sessions.values(), ...device.retired.values()];
  return sessions.flatMap(({ decoders, refused, passed, noted }) => [
    ...decoders.keys(),
    ...refused,
    ...passed.keys(),
    ...noted,
  ]);
}

/**
 * An epoch that no device has used, above all that they have; where one has used up the highest, the lowest free one above
 * the present.
 *
 * @param present Epoch in force.
 * @param devices All that are known.
 * @param others Epochs that are taken beside theirs.
 * @returns Undefined where none is left.
 */
export function nextEpoch(
  present: number,
  devices: Iterable<DeviceRecord>,
  others: readonly number[],
): number | undefined {
  const used = new Set([present, ...others]);
  for (const device of devices) for (const epoch of usedBy(device)) used.add(epoch);
  let highest = 0;
  for (const epoch of used) if (epoch < reserved) highest = Math.max(highest, epoch);
  if (highest + 1 < reserved) return highest + 1;
  for (let epoch = present + 1; epoch < reserved; epoch++) if (!used.has(epoch)) return epoch;
  return undefined;
}
