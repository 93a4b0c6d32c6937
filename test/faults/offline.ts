import { writeFile } from "node:fs/promises";
import { createDevice } from "@zipml/device";
import { openSpool } from "@zipml/device/spool";
import { mqtt } from "@zipml/protocol/mqtt";
import { systemFiles } from "../../packages/device/src/spool/files.ts";
import type { Programs } from "./bundle.ts";
import { type BrokerKind, createFaultFleet } from "./fault-fleet.ts";
import { countsOf, type Outcome, settle, violationsOf } from "./outcome.ts";
import { until } from "./processes.ts";
import { grid, group, rowOf, rowsPerRun, schema } from "./readings.ts";

/** How a run of absence is made. */
export interface OfflineOptions {
  readonly programs: Programs;
  readonly broker: BrokerKind;
  readonly seed: string;
}

/** Two devices push so many readings while the gateway is away; then it comes. */
export async function runGatewayAway(options: OfflineOptions & { readonly readings: number }): Promise<Outcome> {
  const { readings, ...made } = options;
  const started = performance.now();
  const rows = Math.ceil(readings / schema.channels.length / 2);
  const device = { burst: 250, pause: 0, rows, rowsPerFrame: 64 };
  await using fleet = await createFaultFleet({ ...made, devices: 2, device, segmentBytes: 1_048_576 });
  await fleet.start({ gateway: false });
  const reports = () => Promise.all([fleet.device(0, "report"), fleet.device(1, "report")]);
  await until("all readings are accepted", 300_000, async () =>
    (await reports()).every(({ ledgered }) => ledgered === rows),
  );
  const kept = (await reports()).reduce((sum, report) => sum + report.frames, 0);
  const away = (performance.now() - started) / 1000;
  fleet.startGateway();
  const settled = await settle(fleet, { seed: options.seed, burst: 250, timeout: 300_000 });
  const violations = violationsOf(settled);
  const accepted = settled.balance.accepted * schema.channels.length;
  if (accepted < readings) violations.push(`${accepted} readings were accepted, not ${readings}`);
  return {
    scenario: `gateway away for ${readings} readings, ${options.broker}`,
    seconds: (performance.now() - started) / 1000,
    counts: {
      "readings accepted": accepted,
      "frames kept": kept,
      "seconds away": away.toFixed(1),
      ...countsOf(fleet, settled),
    },
    violations,
  };
}

/** The machine's files, but nothing waits for the disk: the frames are not what is tested while they are made. */
function hastyFiles(): ReturnType<typeof systemFiles> {
  const files = systemFiles();
  return {
    ...files,
    open: async (path, flags, mode) => {
      const file = await files.open(path, flags, mode);
      return {
        read: file.read.bind(file),
        write: file.write.bind(file),
        stat: file.stat.bind(file),
        sync: async () => undefined,
        truncate: file.truncate.bind(file),
        close: file.close.bind(file),
      };
    },
  };
}

async function fillSpool(folder: string, ledger: string, id: string, frames: number): Promise<void> {
  const outbox = await openSpool({ directory: folder, files: hastyFiles() });
  const nowhere = mqtt({ url: "mqtt://127.0.0.1:9", backoff: { base: 60_000, cap: 60_000 } });
  const batch = { rows: 1 };
  await using device = createDevice({ id, group, schema, grid, outbox, transport: nowhere, batch, healthInterval: 0 });
  const lines: string[] = [];
  for (let row = 0; row < frames; row++) {
    const [hi, lo] = [Math.floor(row / rowsPerRun), row % rowsPerRun];
    await device.push(rowOf(hi, lo));
    lines.push(`${hi} ${lo} ${lo}\n`);
  }
  await until("every row is a frame", 300_000, () => outbox.usage().frames === frames);
  await device.close({ timeout: 0 });
  await writeFile(ledger, lines.join(""));
}

/** Tiny frames, made without any connection and then delivered in order. */
export async function runOfflineFrames(options: OfflineOptions & { readonly frames: number }): Promise<Outcome> {
  const { frames, ...made } = options;
  const started = performance.now();
  await using fleet = await createFaultFleet({
    ...made,
    devices: 1,
    device: { rows: 0, window: 64 },
    segmentBytes: 1_048_576,
  });
  const [slot] = fleet.devices;
  if (slot === undefined) throw new Error("there is a device");
  await fillSpool(slot.folder, slot.ledger, slot.id, frames);
  const filled = performance.now();
  await fleet.start();
  await until("all frames are delivered", 900_000, async () => (await fleet.device(0, "report")).frames === 0);
  const delivered = performance.now();
  const settled = await settle(fleet, { seed: options.seed });
  const violations = violationsOf(settled);
  const order = settled.store.frames.map(({ rows }) => rows[0] ?? 0);
  const inversions = order.filter((row, i) => i > 0 && row < (order[i - 1] ?? 0)).length;
  if (inversions > 0) violations.push(`${inversions} frames came before one that was made earlier`);
  if (order.length !== frames) violations.push(`${order.length} frames are stored, not ${frames}`);
  return {
    scenario: `${frames} frames offline, ${options.broker}`,
    seconds: (performance.now() - started) / 1000,
    counts: {
      "seconds to make them": ((filled - started) / 1000).toFixed(1),
      "frames delivered a second": Math.round(frames / ((delivered - filled) / 1000)),
      inversions,
      ...countsOf(fleet, settled),
    },
    violations,
  };
}
