import Table from "cli-table3";
import type { DemoReport, ModelFigures } from "./run-demo.ts";

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({ head: [...head], style: { head: [], border: [] }, colAligns: ["left", "right", "right"] });
  for (const row of rows) made.push([...row]);
  return made.toString();
}

function bytesTable({ readings, bytes, bytesPerReading }: DemoReport): string {
  const { zipml, total, json, cborFloat32, messagePackFloat32 } = bytesPerReading;
  const row = (name: string, perReading: number, note = ""): string[] => [name, perReading.toFixed(2), note];
  const times = (other: number): string => `${(other / zipml).toFixed(1)} × ours`;
  return table(
    ["payload, same batches", "bytes a reading", ""],
    [
      row("zipml frames", zipml, `${whole(bytes.payload)} bytes`),
      row("JSON", json, times(json)),
      row("CBOR float32", cborFloat32, times(cborFloat32)),
      row("MessagePack float32", messagePackFloat32, times(messagePackFloat32)),
      row("+ births, health, receipts", bytes.control / readings, `${whole(bytes.control)} bytes`),
      row("+ MQTT headers and acks", bytes.mqtt / readings, `${whole(bytes.mqtt)} bytes`),
      row("all on the MQTT connections", total, `${whole(bytes.total)} bytes`),
    ],
  );
}

function modelTable({ bits, models }: DemoReport): string {
  const row = (name: string, { rmse, r2 }: ModelFigures): string[] => [name, rmse.toFixed(3), r2.toFixed(4)];
  return table(
    ["humidity, on rows never sent", "RMSE", "R²"],
    [
      row(`zipml, ${bits} bits, unbiased`, models.zipml),
      row("least squares, float64 readings", models.leastSquares),
      row(`naive rounding, ${bits} bits, biased`, models.naive),
    ],
  );
}

/**
 * The demo's report for people.
 *
 * @returns Lines with line ends.
 */
export function showDemo(report: DemoReport): string {
  const { devices, bits, samples, rows, readings, frames, lost, duplicated, clipped, seconds } = report;
  return [
    `${devices} motes of a real sensor network sent ${whole(readings)} readings (${whole(rows.train)} rows) at ${bits} bits,`,
    `${samples} draws each, over MQTT; the gateway learned humidity from temperature and indoor.`,
    bytesTable(report),
    modelTable(report),
    `frames ${whole(frames)}, lost ${lost}, duplicated ${duplicated}; readings clipped ${clipped}; ${seconds.toFixed(1)} s`,
    "",
  ].join("\n");
}
