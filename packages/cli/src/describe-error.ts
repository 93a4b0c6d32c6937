import { DeadBandError, DecodeError, GridError, ReadingError } from "@zipml/codec";
import { DataError } from "@zipml/gateway/data";
import { TrainingError } from "@zipml/gateway/train";
import { CliError } from "./errors.ts";
import { suggestion } from "./nearest.ts";

const expected = [CliError, DataError, TrainingError, DecodeError, GridError, ReadingError, DeadBandError];

/** Errors of the other layers that a user's input can cause; they are matched by name, so that nothing is loaded for it. */
const expectedNames: ReadonlySet<string> = new Set([
  "ProtocolError",
  "TransportError",
  "DeviceError",
  "SpoolError",
  "GatewayError",
  "LogError",
  "LevelError",
  "ReportError",
  "SimulationError",
  "LinkError",
  "AcceleratorError",
]);

/**
 * The one line that tells a user what was wrong with the input.
 *
 * @param error What a command threw.
 * @returns The line without line end, or undefined for an error that no input should cause.
 */
export function describeError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (!expected.some((kind) => error instanceof kind) && !expectedNames.has(error.name)) return undefined;
  const hint =
    error instanceof DataError && error.code === "column" && error.columns.length > 0
      ? suggestion(error.column ?? "", error.columns)
      : "";
  return (error.message + hint).replace(/\s*\n\s*/g, " ");
}
