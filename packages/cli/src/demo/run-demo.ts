import { createGateway, type TrainedModel } from "@zipml/gateway";
import { encodeRows, taskOf } from "@zipml/gateway/data";
import { evaluate, type LinearModel, leastSquares, train } from "@zipml/gateway/train";
import type { ReplayReport } from "../device/replay.ts";
import { type FormatBytes, formatBytes } from "../wire-comparison.ts";
import { runDevice } from "./fleet.ts";
import { keepLedger } from "./ledger.ts";
import { type MoteData, prepareMotes } from "./motes.ts";

/** Test figures of a model, on exact rows that were never sent. */
export interface ModelFigures {
  readonly rmse: number;
  readonly r2: number;
}

/** What the demo found. */
export interface DemoReport {
  readonly devices: number;
  readonly bits: number;
  readonly samples: number;
  readonly rows: { readonly train: number; readonly test: number };
  readonly readings: number;
  /** Frames sealed, stored, lost and stored twice. */
  readonly frames: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly clipped: number;
  /** Bytes on the MQTT connections of all devices, both ways. */
  readonly bytes: {
    /** Frames of readings. */
    readonly payload: number;
    /** Payloads of other messages: births, health, receipts, … */
    readonly control: number;
    /** Headers, topics, acknowledgements. */
    readonly mqtt: number;
    readonly total: number;
  };
  /** Payload bytes a reading; `total` counts everything on the MQTT connections. */
  readonly bytesPerReading: FormatBytes & { readonly zipml: number; readonly total: number };
  readonly models: {
    readonly zipml: ModelFigures;
    readonly leastSquares: ModelFigures;
    readonly naive: ModelFigures;
  };
  /** What training warned of. */
  readonly warnings: readonly string[];
  readonly seconds: number;
}

/** How the demo runs. */
export interface DemoSettings {
  readonly bits: number;
  readonly samples: number;
  readonly targetBits: number;
  readonly seed: string;
}

/** Told of how far it is. */
export type DemoWatch = (stage: string, done: number, of: number) => void;

const rowsPerFrame = 256;
const interval = 5000; // the motes read every five seconds
const group = "motes";

function deviceArguments(
  data: MoteData,
  settings: DemoSettings,
  url: string,
  mote: MoteData["motes"][number],
): string[] {
  const { names } = data.train;
  const ranges = names.map((name, c) => `${name}:${data.ranges[c]?.join(":")}`);
  return [
    ...["--url", url, "--group", group, "--id", mote.id, "--data", mote.file],
    ...["--target", names.at(-1) ?? "", "--columns", names.slice(0, -1).join(","), "--ranges", ranges.join(",")],
    ...["--bits", `${settings.bits}`, "--samples", `${settings.samples}`, "--target-bits", `${settings.targetBits}`],
    ...["--seed", settings.seed, "--rate", "0", "--interval", `${interval}`, "--rows-per-frame", `${rowsPerFrame}`],
  ];
}

async function runFleet(
  data: MoteData,
  settings: DemoSettings,
  watch: DemoWatch,
  signal: AbortSignal,
): Promise<{ reports: ReplayReport[]; trained: TrainedModel; lost: number; duplicated: number }> {
  await using gateway = await createGateway({
    group,
    broker: { port: 0 },
    training: { seed: settings.seed, everyRows: 0 },
  });
  await gateway.ready();
  const total = data.motes.reduce((sum, { rows }) => sum + rows, 0);
  const ledger = keepLedger(gateway, () => watch("rows stored", ledger.rows, total));
  const url = gateway.broker?.url ?? "";
  watch("rows stored", 0, total);
  const reports = await Promise.all(
    data.motes.map((mote) => runDevice(deviceArguments(data, settings, url, mote), signal)),
  );
  watch("training", 0, 1);
  const trained = await gateway.train();
  watch("training", 1, 1);
  await gateway.close();
  await ledger.done;
  return { reports, trained, lost: ledger.lost(reports), duplicated: ledger.duplicated };
}

async function trainNaive(data: MoteData, { bits, targetBits, seed }: DemoSettings): Promise<LinearModel> {
  const { source } = encodeRows(data.train, { bits, samples: 1, targetBits, seed });
  const { model } = await train({ source, task: taskOf(data.train.names), estimator: "naive", seed });
  return model;
}

function bytesOf(reports: readonly ReplayReport[]): DemoReport["bytes"] {
  const sum = (pick: (report: ReplayReport) => number): number =>
    reports.reduce((all, report) => all + pick(report), 0);
  const payload = sum(({ frameBytes }) => frameBytes);
  const total = sum(({ mqttBytes }) => mqttBytes);
  const allPayloads = sum(({ payloadBytes }) => payloadBytes);
  return { payload, control: allPayloads - payload, mqtt: total - allPayloads, total };
}

function perReading(data: MoteData, bytes: DemoReport["bytes"], readings: number): DemoReport["bytesPerReading"] {
  const formats = data.motes.map(({ values }) => formatBytes(data.train.names, values, rowsPerFrame, interval));
  const each = (pick: (format: FormatBytes) => number): number =>
    formats.reduce((sum, format) => sum + pick(format), 0) / readings;
  return {
    zipml: bytes.payload / readings,
    json: each(({ json }) => json),
    cborFloat32: each(({ cborFloat32 }) => cborFloat32),
    messagePackFloat32: each(({ messagePackFloat32 }) => messagePackFloat32),
    total: bytes.total / readings,
  };
}

/**
 * Runs the demo: four motes as four processes, a gateway with an embedded broker in this one.
 *
 * @param settings Widths and seed.
 * @param watch Told of how far it is.
 * @param signal Ends it.
 */
export async function runDemo(settings: DemoSettings, watch: DemoWatch, signal: AbortSignal): Promise<DemoReport> {
  const started = performance.now();
  await using data = await prepareMotes();
  const { reports, trained, lost, duplicated } = await runFleet(data, settings, watch, signal);
  const { names, values } = data.train;
  const task = taskOf(names);
  const figures = (model: LinearModel): ModelFigures => {
    const { rmse, r2 } = evaluate(model, task, data.test.values, names.length);
    return { rmse, r2 };
  };
  const readings = reports.reduce((sum, report) => sum + report.readings, 0);
  const bytes = bytesOf(reports);
  return {
    devices: reports.length,
    bits: settings.bits,
    samples: settings.samples,
    rows: { train: values.length / names.length, test: data.test.values.length / names.length },
    readings,
    frames: reports.reduce((sum, report) => sum + report.frames, 0),
    lost,
    duplicated,
    clipped: reports.reduce((sum, report) => sum + report.clipped, 0),
    bytes,
    bytesPerReading: perReading(data, bytes, readings),
    models: {
      zipml: figures(trained.model),
      leastSquares: figures(leastSquares(values, names.length, task)),
      naive: figures(await trainNaive(data, settings)),
    },
    warnings: trained.warnings,
    seconds: (performance.now() - started) / 1000,
  };
}
