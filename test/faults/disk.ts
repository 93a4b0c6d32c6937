import { setTimeout as sleep } from "node:timers/promises";
import type { Programs } from "./bundle.ts";
import { filesOf, flipBit, frameSegments, mountSmallDisk, sizeOf, tear } from "./disk-tools.ts";
import { type BrokerKind, createFaultFleet, type FaultFleet } from "./fault-fleet.ts";
import type { DeviceReport } from "./messages.ts";
import { countsOf, type Outcome, type Settled, settle, violationsOf } from "./outcome.ts";
import { until } from "./processes.ts";
import { readStore } from "./stored.ts";

/** How a run on a bad disk is made. */
export interface DiskOptions {
  readonly programs: Programs;
  readonly broker: BrokerKind;
  readonly seed: string;
}

/** What a scenario has to say. */
interface Story {
  readonly counts: Record<string, number | string>;
  readonly violations: string[];
  readonly settled?: Settled;
}

const quick = { burst: 8, pause: 5 };

async function tell(
  name: string,
  options: DiskOptions,
  fleet: FaultFleet,
  run: () => Promise<Story>,
): Promise<Outcome> {
  const started = performance.now();
  const { counts, violations, settled } = await run();
  return {
    scenario: `disk: ${name}, ${options.broker}`,
    seconds: (performance.now() - started) / 1000,
    counts: { ...counts, ...(settled === undefined ? {} : countsOf(fleet, settled)) },
    violations,
  };
}

const device = (fleet: FaultFleet): Promise<DeviceReport> => fleet.device(0, "report");

async function collect(fleet: FaultFleet, frames: number): Promise<void> {
  await until(`${frames} frames are kept`, 60_000, async () => (await device(fleet)).frames >= frames);
}

/** A record that was cut short at the end of a segment, at the device and at the gateway. */
export async function runTornTails(options: DiskOptions): Promise<Outcome> {
  await using fleet = await createFaultFleet({ ...options, devices: 1, device: quick });
  return await tell("torn last records", options, fleet, async () => {
    await fleet.start();
    await until("rows are stored", 30_000, async () => (await fleet.gateway("report")).rows > 100);
    await fleet.kill("gateway", 0, async () => {
      const [last = ""] = (await filesOf(`${fleet.directory}/log`, ".log")).slice(-1);
      await tear(last, 48);
    });
    await fleet.kill("device", 0, async () => {
      const spool = fleet.devices[0]?.folder ?? "";
      for (const file of await filesOf(spool, ".seg")) if ((await sizeOf(file)) > 64) await tear(file, 16);
    });
    const { damage } = await device(fleet);
    const gateway = await fleet.gateway("report");
    await sleep(500);
    const settled = await settle(fleet, { seed: options.seed, burst: quick.burst });
    const violations = violationsOf(settled);
    if (damage < 1) violations.push("the device reports no damage");
    if (gateway.damage.stretches !== 1)
      violations.push(`the gateway reports ${gateway.damage.stretches} damages, not 1`);
    return {
      settled,
      violations,
      counts: { "damage reported by device": damage, "by gateway": gateway.damage.stretches },
    };
  });
}

/** A flipped bit among the frames that a device keeps: that one is gone and said to be; all others arrive. */
export async function runFlippedSpool(options: DiskOptions): Promise<Outcome> {
  await using fleet = await createFaultFleet({ ...options, devices: 1, device: quick });
  return await tell("flipped bit in a spool's segment", options, fleet, async () => {
    await fleet.start({ gateway: false });
    await collect(fleet, 40);
    await fleet.kill("device", 0, async () => {
      const [file = ""] = await frameSegments(fleet.devices[0]?.folder ?? "");
      await flipBit(file, Math.floor((await sizeOf(file)) / 2));
    });
    const { damage, lost } = await device(fleet);
    fleet.startGateway();
    const settled = await settle(fleet, { seed: options.seed, burst: quick.burst });
    const { lost: rowsLost } = settled.balance;
    // Whole frames of at most 16 rows; one, unless the bit fell on a record that is none.
    const violations = violationsOf(settled).filter((text) => !text.includes("accepted rows are not stored"));
    if (damage !== 1) violations.push(`the device reports ${damage} damages, not 1`);
    if (rowsLost < 1 || rowsLost > 16) violations.push(`${rowsLost} rows are lost, not those of one frame`);
    return {
      settled,
      violations,
      counts: { "damage reported by device": damage, "loss reported by device": JSON.stringify(lost) },
    };
  });
}

/** A flipped bit in a frame of the gateway's log: that frame is gone and said to be, the rest is there. */
export async function runFlippedLog(options: DiskOptions): Promise<Outcome> {
  await using fleet = await createFaultFleet({ ...options, devices: 1, device: quick });
  return await tell("flipped bit in the gateway's log", options, fleet, async () => {
    await fleet.start();
    await until("rows are stored", 30_000, async () => (await fleet.gateway("report")).rows > 300);
    await fleet.drain(60_000);
    const before = await fleet.gateway("report");
    await fleet.stopGateway();
    const { frames } = await readStore(fleet.directory);
    const victim = frames[Math.floor(frames.length / 2)];
    if (victim === undefined) throw new Error("there are frames");
    await flipBit(`${fleet.directory}/log/${victim.segment}`, victim.offset + 8 + 30);
    fleet.startGateway();
    const after = await fleet.gateway("report");
    await fleet.closeDevice(0);
    fleet.startDevice(0, { rows: 64 }); // readings go on
    await until("new rows come", 30_000, async () => (await fleet.gateway("report")).rows >= after.rows + 64);
    const end = await fleet.gateway("report");
    const violations: string[] = [];
    if (after.damage.stretches !== 1) violations.push(`${after.damage.stretches} damages are reported, not 1`);
    if (after.damage.frames !== 1) violations.push(`${after.damage.frames} frames are said to be lost, not 1`);
    if (after.rows !== before.rows - victim.rows.length)
      violations.push(`${after.rows} rows after the start, not ${before.rows} - ${victim.rows.length}`);
    return {
      violations,
      counts: {
        "rows before": before.rows,
        "rows of the spoilt frame": victim.rows.length,
        "rows after": after.rows,
        "damage reported": JSON.stringify(after.damage),
        "rows at the end": end.rows,
        "frames missing at the end": end.missing,
      },
    };
  });
}

const skipped = (): Story => ({
  violations: [],
  counts: { skipped: "this machine does not let us mount a small disk" },
});

/** The device's disk is full: pushes are refused, the process lives, and what was accepted arrives. */
export async function runFullSpool(options: DiskOptions): Promise<Outcome> {
  await using fleet = await createFaultFleet({ ...options, devices: 1, device: quick });
  await using disk = await mountSmallDisk(fleet.devices[0]?.folder ?? "", 256);
  return await tell("device's disk full", options, fleet, async () => {
    if (disk === undefined) return skipped();
    await fleet.start({ gateway: false });
    await collect(fleet, 2);
    await disk.fill(8192);
    const refusals = ({ refused }: DeviceReport): number =>
      Object.values(refused).reduce((sum, count) => sum + count, 0);
    await until("pushes are refused", 60_000, async () => refusals(await device(fleet)) > 20);
    await fleet.kill("device"); // and it starts on the full disk
    await sleep(1000);
    fleet.startGateway();
    await disk.free();
    await until("the device runs", 20_000, async () => {
      const isUp = await fleet.device(0, "report").then(
        () => true,
        () => false,
      );
      if (!isUp) fleet.startDevice(0);
      return isUp;
    });
    await sleep(1000);
    const settled = await settle(fleet, { seed: options.seed, burst: quick.burst });
    return { settled, violations: violationsOf(settled), counts: {} };
  });
}

/** The gateway's disk is full: no receipts, so devices keep everything, and it goes on once there is room. */
export async function runFullLog(options: DiskOptions): Promise<Outcome> {
  await using fleet = await createFaultFleet({ ...options, devices: 1, device: quick, everySeconds: 1 });
  await using disk = await mountSmallDisk(fleet.directory, 8192);
  return await tell("gateway's disk full", options, fleet, async () => {
    if (disk === undefined) return skipped();
    await fleet.start();
    await until("rows are stored", 30_000, async () => (await fleet.gateway("report")).rows > 100);
    await disk.fill();
    await until("the gateway tells", 60_000, async () => (await fleet.gateway("report")).failing !== undefined);
    const full = await fleet.gateway("report");
    await sleep(3000);
    const later = await fleet.gateway("report");
    const kept = (await device(fleet)).frames;
    await fleet.kill("gateway"); // and it starts on the full disk
    await sleep(1500);
    await disk.free();
    await until("the gateway runs", 20_000, async () => {
      const isUp = await fleet.gateway("report").then(
        () => true,
        () => false,
      );
      if (!isUp) fleet.startGateway();
      return isUp;
    });
    const settled = await settle(fleet, { seed: options.seed, burst: quick.burst });
    const violations = violationsOf(settled);
    if (kept < 5) violations.push(`the device kept ${kept} frames while the gateway's disk was full`);
    return {
      settled,
      violations,
      counts: {
        "said to be failing": full.failing ?? "",
        "rows stored while full": later.rows - full.rows,
        "frames kept by device": kept,
      },
    };
  });
}

/** A folder that can only be read: both refuse to start with an error of theirs, and nothing is lost. */
export async function runReadOnly(options: DiskOptions): Promise<Outcome> {
  await using fleet = await createFaultFleet({ ...options, devices: 1, device: quick });
  await using spool = await mountSmallDisk(fleet.devices[0]?.folder ?? "", 4096);
  await using log = await mountSmallDisk(fleet.directory, 8192);
  return await tell("read-only", options, fleet, async () => {
    if (spool === undefined || log === undefined) return skipped();
    await fleet.start();
    await until("rows are stored", 30_000, async () => (await fleet.gateway("report")).rows > 100);
    await fleet.stopGateway();
    await collect(fleet, 5);
    await fleet.closeDevice(0);
    await spool.readOnly(true);
    await log.readOnly(true);
    fleet.startGateway();
    fleet.startDevice(0);
    const refusals = await fleet.refusals();
    await spool.readOnly(false);
    await log.readOnly(false);
    fleet.startGateway();
    fleet.startDevice(0);
    await sleep(1000);
    const settled = await settle(fleet, { seed: options.seed, burst: quick.burst });
    const violations = violationsOf(settled);
    for (const [who, text] of Object.entries(refusals))
      if (!/SpoolError|LogError|GatewayError/.test(text))
        violations.push(`${who} started read-only, or ended with: ${text}`);
    return { settled, violations, counts: refusals };
  });
}
