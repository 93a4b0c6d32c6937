import { downKinds, upKinds } from "@zipml/protocol";
import { connectionOptions, switchOption } from "../connection-options.ts";
import { namesOption, type OptionSpec, type OptionTable, wholeOption } from "../options.ts";

/** Kinds of messages that have a topic. */
const kinds: readonly string[] = [...upKinds, ...downKinds, "state"];

function kindsOption(): OptionSpec<readonly string[]> {
  const spec = namesOption("A,B", `kinds of messages to show: ${kinds.join(", ")} (default: all)`);
  return {
    ...spec,
    expects: `some of ${kinds.join(", ")}`,
    schema: spec.schema.refine((names) => names.every((name) => kinds.includes(name))),
  };
}

/** The options of `zipml tail`, as flags and as the section `tail` of a configuration file. */
export const tailOptions = {
  ...connectionOptions,
  kinds: kindsOption(),
  readings: switchOption("decode the readings of each frame, as the means of their draws"),
  count: wholeOption("N", "end after so many messages", 1, 1_000_000_000),
} as const satisfies OptionTable;
