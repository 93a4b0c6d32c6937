import { setTimeout as sleep } from "node:timers/promises";
import type { Channel, DeadBands, Schema, UniformGridOptions } from "@zipml/codec";
import { createStream, defineSchema } from "@zipml/codec";
import {
  createDevice,
  createMemoryOutbox,
  type Device,
  DeviceError,
  type DeviceStatus,
  type Outbox,
} from "@zipml/device";
import { openSpool } from "@zipml/device/spool";
import { columnRanges, readTable, rowMajor } from "@zipml/gateway/data";
import { connectorOf } from "../connector.ts";
import { deadBandsOf } from "../dead-band-option.ts";
import { CliError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { type OptionValues, required } from "../options.ts";
import type { deviceOptions, NamedRanges } from "./options.ts";

type Values = OptionValues<typeof deviceOptions>;

/** A file as a sensor would read it. */
interface Replay {
  readonly schema: Schema;
  readonly deadBand: DeadBands;
  /** Row-major rows × channels. */
  readonly values: Float64Array;
  readonly skipped: number;
}

/** What a replay came to. */
export interface ReplayReport {
  readonly id: string;
  readonly session: number;
  /** Rows that the agent accepted, and readings in them. */
  readonly rows: number;
  readonly readings: number;
  /** Rows of the file that were passed over. */
  readonly skipped: number;
  /** Frames sealed, and their bytes. */
  readonly frames: number;
  readonly frameBytes: number;
  readonly resent: number;
  readonly clipped: number;
  /** Readings told as another value than they had, for the sake of a dead band. */
  readonly held: number;
  /** Bytes on the MQTT connection, both ways, and the payloads in them. */
  readonly mqttBytes: number;
  readonly payloadBytes: number;
  /** Rows dropped by policy, sealed or not. */
  readonly dropped: number;
  /** Rows that went out under the coarser grid, because the outbox was full. */
  readonly thinned: number;
  /** Rows that a gateway asked for exactly and got. */
  readonly refetched: number;
  /** Frames without a receipt at the end. */
  readonly left: number;
}

function checkRanges(ranges: NamedRanges, names: readonly string[]): void {
  const unknown = Object.keys(ranges).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new CliError(
      "option",
      `--ranges: there is no channel ${JSON.stringify(unknown)}${suggestion(unknown, names)}`,
    );
}

async function readReplay(values: Values): Promise<Replay> {
  const file = required("data", values.data);
  const { target, ranges = {} } = values;
  const also = target === undefined ? [] : [target];
  const table = await readTable(file, { columns: values.columns ?? "numeric", also });
  const names = [...table.names.filter((name) => name !== target), ...also];
  checkRanges(ranges, names);
  const deadBand = deadBandsOf(values["dead-band"], names);
  const rows = rowMajor(table, names);
  const found = columnRanges(rows, names.length);
  const channels = names.map(
    (name, c): Channel => ({
      name,
      unit: "",
      range: (Object.hasOwn(ranges, name) ? ranges[name] : undefined) ?? found[c] ?? [0, 0],
      role: name === target ? "target" : "feature",
    }),
  );
  return { schema: defineSchema(channels), deadBand, values: rows, skipped: table.skipped };
}

/** Pushes one row, waiting for room where the outbox is full: a file can wait, unlike a sensor. */
async function pushPatiently(
  device: Device,
  row: Record<string, number>,
  elapsed: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      return await device.push(row, { elapsed });
    } catch (error) {
      if (!(error instanceof DeviceError) || error.code !== "outbox-full" || signal.aborted) throw error;
      await sleep(50, undefined, { signal });
    }
  }
}

async function pushAll(device: Device, replay: Replay, values: Values, signal: AbortSignal): Promise<void> {
  const { channels } = replay.schema;
  const { rate, interval } = values;
  const started = performance.now();
  for (let r = 0; r * channels.length < replay.values.length && !signal.aborted; r++) {
    const row = Object.fromEntries(channels.map(({ name }, c) => [name, replay.values[r * channels.length + c] ?? 0]));
    const due = rate > 0 ? started + (r * 1000) / rate - performance.now() : 0;
    if (due > 1) await sleep(due, undefined, { signal }).catch(() => undefined); // interrupted: the loop ends
    if (!signal.aborted) await pushPatiently(device, row, r * interval, signal);
  }
}

interface Sealed {
  bytes: number;
}

/** Told of what goes wrong meanwhile. */
export interface Watch {
  failed(error: unknown): void;
  /** There is no connection; the agent keeps trying. */
  offline(reason: string): void;
  /** Something was dropped by policy, or is not sent any more. */
  lost(what: string): void;
}

/** Where rows are kept until the gateway has them. */
function openOutbox({ spool, capacity, policy }: Values): Promise<Outbox> {
  const bound = capacity === undefined ? { policy } : { policy, capacity };
  return spool === undefined ? Promise.resolve(createMemoryOutbox(bound)) : openSpool({ directory: spool, ...bound });
}

async function watchDevice(device: Device, sealed: Sealed, tell: Watch): Promise<void> {
  let said = "";
  for await (const event of device.events()) {
    if (event.type === "sealed") sealed.bytes += event.bytes;
    else if (event.type === "error") tell.failed(event.error);
    else if (event.type === "dropped")
      tell.lost(`${event.rows} rows dropped, ${event.frames} frames with them: it is full`);
    else if (event.type === "quarantined")
      tell.lost(
        `frame ${event.sequence} of session ${event.session} is not sent ${event.offence === "refused" ? "again" : "for now"}: ${event.reason}`,
      );
    else if (event.type === "online") said = "";
    else if (event.type === "offline" && event.reason !== said) {
      said = event.reason; // one line for any number of attempts that fail alike
      tell.offline(event.reason);
    }
  }
}

function reportOf(device: Device, status: DeviceStatus, replay: Replay, frameBytes: number): ReplayReport {
  const { accepted, sequence, resent, clipped, held, dropped, thinned, refetch, queued, traffic } = status;
  return {
    id: device.id,
    session: device.session,
    rows: accepted,
    readings: accepted * replay.schema.channels.length,
    skipped: replay.skipped,
    frames: sequence,
    frameBytes,
    resent,
    clipped: Object.values(clipped).reduce((sum, count) => sum + count, 0),
    held: Object.values(held).reduce((sum, count) => sum + count, 0),
    mqttBytes: traffic.sent.bytes + traffic.received.bytes,
    payloadBytes: traffic.sent.payload + traffic.received.payload,
    dropped: dropped.rows + dropped.frameRows,
    thinned: thinned.rows,
    refetched: refetch.answered,
    left: queued.frames,
  };
}

function gridOf({ scheme, coding, bits, samples, "target-bits": targetBits }: Values): UniformGridOptions {
  if (scheme === "dither" && samples !== undefined && samples !== 1)
    throw new CliError("option", `--scheme dither sends one symbol a value: --samples 1, not ${samples}`);
  return { scheme, coding, bits, targetBits, ...(samples === undefined ? {} : { samples }) };
}

async function startDevice(id: string, { schema, deadBand }: Replay, values: Values): Promise<Device> {
  const grid = gridOf(values);
  const transport = await connectorOf(values);
  const outbox = await openOutbox(values);
  try {
    return createDevice({
      id,
      group: values.group,
      schema,
      deadBand,
      transport,
      outbox,
      keepExact: values["keep-exact"],
      refetchBytes: values["refetch-bytes"],
      levels: { everySeconds: values["levels-every"] },
      delivery: { order: values.order },
      interval: values.interval,
      grid,
      batch: { rows: values["rows-per-frame"], milliseconds: values.seconds * 1000, bytes: 45_000 },
      ...(values.prefix === undefined ? {} : { prefix: values.prefix }),
      ...(values.seed === undefined
        ? {}
        : { random: createStream(`device/${values.seed}/${values.group}/${id}`).word }),
    });
  } catch (error) {
    await outbox.close();
    throw error;
  }
}

/** Sends what waits, and stays: a gateway that trains on it may ask for rows. */
async function sealAndLinger(device: Device, seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await device.flush({ signal });
    await sleep(1000 * seconds, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error; // interrupted: it ends sooner
  }
}

/**
 * Replays a CSV file through a device agent.
 *
 * @param values The command's options.
 * @param tell Told of what goes wrong meanwhile.
 * @param signal Ends the replay early; what was accepted is still delivered.
 * @returns What it came to; `left` is above 0 where receipts did not come in time.
 */
export async function replayFile(values: Values, tell: Watch, signal: AbortSignal): Promise<ReplayReport> {
  const id = required("id", values.id);
  const replay = await readReplay(values);
  const device = await startDevice(id, replay, values);
  const sealed: Sealed = { bytes: 0 };
  const watching = watchDevice(device, sealed, tell);
  try {
    await pushAll(device, replay, values, signal);
    if (values.linger > 0) await sealAndLinger(device, values.linger, signal);
  } finally {
    await device.close({ timeout: values.timeout * 1000 });
    await watching;
  }
  return reportOf(device, device.status(), replay, sealed.bytes);
}
