import { createDeadBand, type DeadBands } from "@zipml/codec";
import { parseCell } from "@zipml/gateway/data";
import { z } from "zod";
import { CliError } from "./errors.ts";
import { suggestion } from "./nearest.ts";
import type { OptionSpec } from "./options.ts";

/** Threshold, or threshold and resolution, by channel. */
type NamedBands = Readonly<Record<string, number | readonly [threshold: number, resolution: number]>>;

const threshold = z.number().min(0);

function readBands(text: string): unknown {
  const entries = text.split(",").map((part) => {
    const [name = "", first = "", second, ...rest] = part.split(":").map((piece) => piece.trim());
    if (rest.length > 0) return [name, part] as const;
    return [name, second === undefined ? parseCell(first) : [parseCell(first), parseCell(second)]] as const;
  });
  const names = new Set(entries.map(([name]) => name));
  // A name given twice, or one that no mapping holds: the text itself, which is no mapping and is refused.
  return names.size < entries.length || names.has("__proto__") ? text : Object.fromEntries(entries);
}

/** The option `dead-band`, of every command that takes readings of a sensor. */
export const deadBandOption: OptionSpec<NamedBands> = {
  placeholder: "NAME:THRESHOLD[:RESOLUTION],…",
  help: "hold these channels at the reading told last until they have moved by more; biased (default: none)",
  expects: "NAME:THRESHOLD or NAME:THRESHOLD:RESOLUTION, each NAME once, separated by commas, with THRESHOLD from 0",
  schema: z.record(z.string().min(1), z.union([threshold, z.tuple([threshold, z.number().positive()])])),
  read: readBands,
};

/**
 * Dead bands as the codec takes them.
 *
 * @param given Value of the option; undefined for none.
 * @param names Channels that there are.
 * @throws CliError `option` for a channel that there is not. What the codec refuses it refuses when the filter is made.
 */
export function deadBandsOf(given: NamedBands | undefined, names: readonly string[]): DeadBands {
  const entries = Object.entries(given ?? {}).map(([name, band]) => {
    if (!names.includes(name))
      throw new CliError(
        "option",
        `--dead-band: there is no channel ${JSON.stringify(name)}${suggestion(name, names)}`,
      );
    return [name, typeof band === "number" ? band : { threshold: band[0], resolution: band[1] }] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * What is told of a file's rows, one after another.
 *
 * @param rows Row-major rows × names.
 * @param given Value of the option; undefined changes nothing.
 * @param names Channels of a row.
 * @returns A new array, or `rows` itself where no channel has a dead band.
 * @throws As {@link deadBandsOf}; the codec's `DeadBandError` for a resolution of more than twice the threshold.
 */
export function toldRows(rows: Float64Array, given: NamedBands | undefined, names: readonly string[]): Float64Array {
  if (given === undefined) return rows;
  const filter = createDeadBand({ channels: names.map((name) => ({ name })) }, deadBandsOf(given, names));
  const told = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += names.length)
    told.set(filter.tell(rows.subarray(at, at + names.length)), at);
  return told;
}
