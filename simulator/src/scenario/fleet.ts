import type { Scenario } from "./scenario.ts";

/** How devices are shared out over groups and cells, and which of them are agents. Devices are numbered from 0. */
export interface FleetLayout {
  readonly devices: number;
  readonly groups: number;
  /** Radio cells: gateways. */
  readonly cells: number;
  /** First device of a group; of `groups` the number of devices. */
  firstOfGroup(group: number): number;
  groupOf(device: number): number;
  /** First device of a cell; of `cells` the number of devices. */
  firstOfCell(cell: number): number;
  cellOf(device: number): number;
  /** The devices of a group that run the real device code, ascending, spread evenly over the group; a new array. */
  agentsOf(group: number): readonly number[];
}

/** Item i of `count` that are shared out evenly and in order over `parts`: the part it falls to. */
const partOf = (i: number, count: number, parts: number): number => Math.floor(((i + 1) * parts - 1) / count);

/** First of `count` items that falls to a part. */
const firstOf = (part: number, count: number, parts: number): number => Math.floor((part * count) / parts);

/**
 * Lays a fleet out: groups and cells are runs of neighbouring devices whose sizes differ by 1 at most.
 *
 * @param scenario Only its fleet and gateways count.
 */
export function layOutFleet({ fleet, gateways }: Pick<Scenario, "fleet" | "gateways">): FleetLayout {
  const { devices, groups, agents } = fleet;
  const cells = gateways.count;
  const firstOfGroup = (group: number): number => firstOf(group, devices, groups);
  return {
    devices,
    groups,
    cells,
    firstOfGroup,
    groupOf: (device) => partOf(device, devices, groups),
    firstOfCell: (cell) => firstOf(cell, devices, cells),
    cellOf: (device) => partOf(device, devices, cells),
    agentsOf: (group) => {
      const first = firstOfGroup(group);
      const size = firstOfGroup(group + 1) - first;
      const count = Math.min(agents, size);
      return Array.from({ length: count }, (_, i) => first + firstOf(i, size, count));
    },
  };
}

/** Name of a group on the wire. */
export function groupName(group: number): string {
  return `group-${group}`;
}

/** Name of a device on the wire: eight digits, so that names sort as numbers do. */
export function deviceName(device: number): string {
  return `d${String(device).padStart(8, "0")}`;
}

/** Session of every simulated device: what its counter says at its first start. */
export const simulatedSession = 1;
