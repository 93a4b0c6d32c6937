import type { CommandEntry } from "./command.ts";

/** Every command, in the order of `zipml --help`. Imports are lazy: listing the commands loads none of them. */
export const commands: readonly CommandEntry[] = [
  {
    name: "train",
    summary: "train a linear model from a CSV file at a few bits a value",
    load: async () => (await import("./commands/train.ts")).trainCommand,
  },
  {
    name: "predict",
    summary: "apply a saved model to a CSV file",
    load: async () => (await import("./commands/predict.ts")).predictCommand,
  },
  {
    name: "encode",
    summary: "turn a CSV file into a file of frames",
    load: async () => (await import("./commands/encode.ts")).encodeCommand,
  },
  {
    name: "decode",
    summary: "turn a file of frames into readings",
    load: async () => (await import("./commands/decode.ts")).decodeCommand,
  },
];
