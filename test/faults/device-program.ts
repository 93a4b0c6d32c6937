/** A device process: pushes numbered rows into a spool on disk and notes durably which pushes resolved. */
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createDevice } from "@zipml/device";
import { openSpool } from "@zipml/device/spool";
import { mqtt } from "@zipml/protocol/mqtt";
import { createErrorCounts, serveParent, settingsOf } from "./child.ts";
import type { DeviceReport, DeviceSettings } from "./messages.ts";
import { grid, group, rowOf, schema } from "./readings.ts";

const settings = settingsOf<DeviceSettings>();
const errors = createErrorCounts();
const { folder, capacity, policy } = settings;
const spool = await openSpool({
  directory: folder,
  ...(capacity === undefined ? {} : { capacity }),
  ...(policy === undefined ? {} : { policy }),
});
const device = createDevice({
  id: settings.id,
  group,
  schema,
  grid,
  outbox: spool,
  transport: mqtt({
    url: settings.url,
    protocol: settings.protocol,
    keepalive: 2,
    connectTimeout: 2000,
    ackTimeout: 2000,
    backoff: { base: 50, cap: 500 },
  }),
  batch: { rows: settings.rowsPerFrame, milliseconds: 100 },
  delivery: { window: settings.window, resendAfter: settings.resendAfter, sendTimeout: 2000 },
  healthInterval: 1000,
});
const ledger = await open(settings.ledger, "a");
let ledgered = 0;
let stopped = false;

/** Pushes rows `from` to `to` − 1 and notes those that were accepted. */
async function pushBurst(from: number, to: number): Promise<void> {
  const los = Array.from({ length: to - from }, (_, i) => from + i);
  const settled = await Promise.allSettled(los.map((lo) => device.push(rowOf(settings.hi, lo))));
  const lines: string[] = [];
  for (const [i, result] of settled.entries()) {
    const lo = from + i;
    if (result.status === "fulfilled") lines.push(`${settings.hi} ${lo} ${lo}\n`);
    else errors.add(result.reason);
  }
  if (lines.length === 0) return;
  const text = lines.length === to - from ? `${settings.hi} ${from} ${to - 1}\n` : lines.join("");
  await ledger.appendFile(text);
  await ledger.datasync();
  ledgered += lines.length;
}

async function pushAll(): Promise<void> {
  for (let lo = 0; lo < settings.rows && !stopped; lo += settings.burst) {
    await pushBurst(lo, Math.min(settings.rows, lo + settings.burst));
    await sleep(settings.pause);
  }
}

function report(): DeviceReport {
  const { state, accepted, refused, queued, resent, quarantined } = device.status();
  const { rows, frames, frameRows } = spool.dropped();
  return {
    pid: process.pid,
    state,
    accepted,
    ledgered,
    refused,
    rows: queued.rows,
    frames: queued.frames,
    resent,
    dropped: { rows, frames, frameRows },
    damage: spool.damage().length,
    lost: spool.lost(),
    quarantined,
    errors: errors.counts,
  };
}

const watching = (async () => {
  for await (const event of device.events()) if (event.type === "error") errors.add(event.error);
})();
const pushing = pushAll().catch(errors.add);

serveParent({
  report,
  stop: async () => {
    stopped = true;
    await pushing;
    return report();
  },
  close: async () => {
    stopped = true;
    await pushing;
    const left = await device.close({ timeout: 0 });
    await watching;
    await ledger.close();
    return left;
  },
});
process.send?.("ready");
