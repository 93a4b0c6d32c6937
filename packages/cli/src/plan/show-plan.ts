import Table from "cli-table3";
import { digits } from "../train/show-report.ts";
import type { PlanReport } from "./make-plan.ts";

const percent = (share: number): string => `${digits(Number((100 * share).toPrecision(3)))} %`;

/**
 * A plan for people.
 *
 * @param report The plan.
 * @returns Lines with line ends.
 */
export function showPlan(report: PlanReport): string {
  const { predicted, scheme, coding } = report;
  const channels = new Table({ head: ["channel", "role", "bits", "step"], style: { head: [], border: [] } });
  for (const { name, role, bits, step } of report.channels) channels.push([name, role, bits, digits(step)]);
  const tried = new Table({ head: ["scheme", "coding", "bytes a reading"], style: { head: [], border: [] } });
  for (const way of report.candidates) tried.push([way.scheme, way.coding, way.bytesPerReading.toFixed(3)]);
  const lossless = predicted.exactFrames > 0 ? `; ${percent(predicted.exactFrames)} of the frames are lossless` : "";
  return [
    `goal       loss of least squares on ${report.rows.toLocaleString("en-US")} rows at most ${percent(report.excess)} above that on exact rows`,
    `plan       scheme ${scheme}, coding ${coding}`,
    channels.toString(),
    `predicted  ${predicted.bytesPerReading.toFixed(3)} bytes a reading in frames, excess ${percent(predicted.excess)}${lossless}`,
    tried.toString(),
    "",
  ].join("\n");
}
