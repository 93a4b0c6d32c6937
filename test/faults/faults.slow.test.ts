import { appendFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePrograms, type Programs } from "./bundle.ts";
import { runFlippedLog, runFlippedSpool, runTornTails } from "./disk.ts";
import { createFaultFleet } from "./fault-fleet.ts";
import { runKills } from "./kills.ts";
import { balance } from "./ledger.ts";
import { runNetwork } from "./network.ts";
import { settle, violationsOf } from "./outcome.ts";
import { until } from "./processes.ts";
import type { LoggedFrame } from "./stored.ts";

const patience = 120_000;

let programs: Programs;
beforeAll(async () => {
  programs = await bundlePrograms();
});
afterAll(() => programs[Symbol.asyncDispose]());

describe("faults", () => {
  it.each(["aedes", "embedded"] as const)(
    "kill -9 of device, gateway and broker loses nothing and trains on nothing twice: %s",
    async (broker) => {
      const { counts, violations } = await runKills({
        programs,
        broker,
        seed: "ci",
        instants: 8,
        spread: 1200,
        devices: 2,
      });
      expect(violations).toEqual([]);
      expect(counts).toMatchObject({ instants: 8, lost: 0, duplicated: 0, unexpected: 0 });
    },
    patience,
  );

  it(
    "a bad network loses nothing",
    async () => {
      const { violations } = await runNetwork({ programs, broker: "aedes", seed: "ci", instants: 4 });
      expect(violations).toEqual([]);
    },
    patience,
  );

  it.each([
    ["torn last records", runTornTails],
    ["a flipped bit in a spool", runFlippedSpool],
    ["a flipped bit in the log", runFlippedLog],
  ] as const)(
    "what a disk has spoilt is told, and the rest is taken: %s",
    async (_, run) => {
      const { violations } = await run({ programs, broker: "aedes", seed: "ci" });
      expect(violations).toEqual([]);
    },
    patience,
  );
});

describe("what the suite must find out", () => {
  it(
    "rows that were noted as accepted and that nobody has",
    async () => {
      await using fleet = await createFaultFleet({ programs, broker: "aedes", seed: "ci", devices: 1 });
      await fleet.start();
      await until("rows are stored", 30_000, async () => (await fleet.gateway("report")).rows > 50);
      await fleet.closeDevice(0);
      await appendFile(fleet.devices[0]?.ledger ?? "", "0 30000 30004\n");
      fleet.startDevice(0, { rows: 0 });
      const settled = await settle(fleet, { seed: "ci" });
      expect(settled.balance.lost).toBe(5);
      expect(violationsOf(settled)).toEqual([expect.stringMatching(/^5 accepted rows are not stored/)]);
    },
    patience,
  );

  it(
    "a process that ends by itself",
    async () => {
      await using fleet = await createFaultFleet({ programs, broker: "aedes", seed: "ci", devices: 1 });
      await fleet.start();
      process.kill((await fleet.device(0, "report")).pid, "SIGTERM");
      await until("the end is noticed", 10_000, () => fleet.inspect().length > 0);
      expect(fleet.inspect()).toEqual([expect.stringMatching(/^d0 ended by itself: SIGTERM/)]);
    },
    patience,
  );
});

describe("the ledger", () => {
  const frame = (device: string, sequence: number, rows: readonly number[]): LoggedFrame => ({
    device,
    session: 0,
    sequence,
    rows,
    payload: new Uint8Array(),
    segment: "",
    offset: 0,
  });
  const accepted = new Map([
    ["a", new Set([0, 1, 2, 3])],
    ["b", new Set([0, 1])],
  ]);
  const whole = [frame("a", 0, [0, 1]), frame("a", 1, [2, 3]), frame("b", 0, [0, 1])];

  it("balances where each accepted row is stored once", () => {
    expect(balance(accepted, whole, 2)).toMatchObject({
      accepted: 6,
      stored: 6,
      lost: 0,
      duplicated: 0,
      unexpected: 0,
    });
  });

  it("counts what is lost, twice there, not confirmed, and not to be explained", () => {
    expect(balance(accepted, whole.slice(1), 2)).toMatchObject({ lost: 2 });
    expect(balance(accepted, [...whole, frame("a", 2, [3])], 2)).toMatchObject({ duplicated: 1, lost: 0 });
    expect(balance(accepted, [...whole, frame("a", 2, [4, 5])], 2)).toMatchObject({ unconfirmed: 2, unexpected: 0 });
    expect(balance(accepted, [...whole, frame("a", 2, [4, 5, 6])], 2)).toMatchObject({ unexpected: 1 });
    expect(balance(accepted, [...whole, frame("c", 0, [9])], 2)).toMatchObject({ unexpected: 1 });
  });
});
