import { type Block, plot, renderPage, type Section } from "@zipml/report";
import type { FleetResult } from "../agents/simulate-fleet.ts";
import {
  barFigure,
  costs,
  deliveryFigure,
  digits,
  latencyFigure,
  layerFigure,
  learningFigure,
  lossFigure,
  type Shown,
} from "./figures.ts";
import { finalLoss, fullLoss, pointsOf, type ReportPoint } from "./points.ts";

/** Most points that figures with a place for each can show. */
const mostPlaces = 24;

async function blocksOf({ figure, head, rows }: Shown): Promise<Block[]> {
  return [
    { kind: "figure", svg: await plot(figure), alt: `${figure.title}. The numbers are in the table below.` },
    { kind: "table", head, rows, caption: `${figure.title}, in numbers` },
  ];
}

async function sectionOf(heading: string, shown: readonly (Shown | undefined)[]): Promise<Section | undefined> {
  const there = shown.filter((one) => one !== undefined);
  if (there.length === 0) return undefined;
  return { heading, blocks: (await Promise.all(there.map(blocksOf))).flat() };
}

function overview(points: readonly ReportPoint[]): Section {
  const head = [
    "point",
    "delivered, %",
    "bytes a reading",
    "air time, s a day",
    "energy, J a day",
    "battery, years",
    "test loss over full precision, %",
  ];
  const rows = points.map(({ label, result }) => [
    label,
    digits(100 * result.deliveryShare),
    digits(result.bytes.wirePerReceivedReading),
    digits(result.airtime.secondsPerDeviceDay),
    digits(result.energy.joulesPerDeviceDay),
    result.batteryYears === null ? "mains" : digits(result.batteryYears.mean),
    digits(100 * (finalLoss(result) / fullLoss(result) - 1)),
  ]);
  return {
    heading: "What it costs",
    blocks: [{ kind: "table", head, rows, caption: "Per device, where it says so." }],
  };
}

function outcomes(points: readonly ReportPoint[]): Section {
  const names = [...new Set(points.flatMap(({ result }) => Object.keys(result.frames)))];
  const rows = points.map(({ label, result }) => [
    label,
    ...names.map((name) => digits(result.frames[name as keyof typeof result.frames])),
  ]);
  const caption = "Frames by what became of them; in analytic mode expected numbers.";
  return {
    heading: "What became of the frames",
    blocks: [{ kind: "table", head: ["point", ...names], rows, caption }],
  };
}

function origin(points: readonly ReportPoint[]): Section {
  const head = ["point", "link", "seed", "scenario"];
  const rows = points.map(({ label, result: { manifest } }) => [
    label,
    manifest.links.join("; "),
    manifest.seed,
    manifest.scenarioHash.slice(0, 12),
  ]);
  const [first] = points;
  const { version = "", node = "", generator = "" } = first?.result.manifest ?? {};
  const text = `Simulated by version ${version} on Node ${node}. ${generator}`;
  return {
    heading: "Where it comes from",
    blocks: [
      { kind: "text", text },
      { kind: "table", head, rows },
    ],
  };
}

function leadOf([first, ...others]: readonly FleetResult[]): string {
  if (first === undefined) return "";
  const { devices, mode, manifest } = first;
  const count = others.length === 0 ? "One point" : `${others.length + 1} points`;
  const { durationHours } = manifest.scenario;
  return `${count}; ${devices.toLocaleString("en-US")} devices over ${durationHours} hours, ${mode === "events" ? "simulated event by event" : "in closed form"}.`;
}

/**
 * A report on one or more results: what a fleet costs in bytes, air time and energy, what comes through and when, and what
 * is learnt from it; every figure with its numbers under it.
 *
 * @param results At least one; of a sweep all its points.
 * @returns One HTML document that needs nothing else.
 * @throws RangeError without results.
 */
export async function fleetPage(results: readonly FleetResult[]): Promise<string> {
  if (results.length === 0) throw new RangeError("a report needs at least one result");
  const points = pointsOf(results);
  const placed = points.slice(0, mostPlaces);
  const sections = await Promise.all([
    overview(points),
    sectionOf("Accuracy against cost", [...costs.map((cost) => lossFigure(points, cost)), learningFigure(points)]),
    sectionOf("Bytes", [layerFigure(placed)]),
    sectionOf("Delivery", [deliveryFigure(points), latencyFigure(points)]),
    outcomes(points),
    sectionOf("Energy", [
      barFigure(placed, "Battery life", "years, mean device", ({ result }) => result.batteryYears?.mean),
      barFigure(placed, "Energy", "J a device and day", ({ result }) => result.energy.joulesPerDeviceDay),
    ]),
    sectionOf("Duty cycle", [
      barFigure(placed, "Duty cycle left", "% of the allowed air time, busiest device", ({ result }) =>
        result.airtime.dutyHeadroomShare === null ? undefined : 100 * result.airtime.dutyHeadroomShare,
      ),
    ]),
    origin(points),
  ]);
  const [{ manifest }] = results as readonly [FleetResult];
  return renderPage({
    title: `Fleet: ${manifest.name}`,
    lead: leadOf(results),
    sections: sections.filter((section) => section !== undefined),
  });
}
