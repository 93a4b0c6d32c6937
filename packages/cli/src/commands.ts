import type { CommandEntry } from "./command.ts";

/** Every command, in the order of `zipml --help`. Imports are lazy: listing the commands loads none of them. */
export const commands: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "a sensor network on this machine: four devices, a gateway, one table",
    load: async () => (await import("./commands/demo.ts")).demoCommand,
  },
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
    name: "levels",
    summary: "find the quantization points of least variance for the columns of a CSV file",
    load: async () => (await import("./commands/levels.ts")).levelsCommand,
  },
  {
    name: "plan",
    summary: "find how precise the readings must be for a model that is nearly as good",
    load: async () => (await import("./commands/plan.ts")).planCommand,
  },
  {
    name: "reproduce",
    summary: "run the experiments of the ZipML paper, and say which of its claims hold",
    load: async () => (await import("./commands/reproduce.ts")).reproduceCommand,
  },
  {
    name: "simulate",
    summary: "find what a fleet costs in bytes, air time, energy and accuracy before it is bought",
    load: async () => (await import("./commands/simulate.ts")).simulateCommand,
  },
  {
    name: "fpga",
    summary: "model an accelerator card: lines, cycles and time of an epoch, beside this machine's engines",
    load: async () => (await import("./commands/fpga.ts")).fpgaCommand,
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
  {
    name: "gateway",
    summary: "take the frames of a group in, train, and publish the model",
    load: async () => (await import("./commands/gateway.ts")).gatewayCommand,
  },
  {
    name: "device",
    summary: "replay a CSV file as a sensor",
    load: async () => (await import("./commands/device.ts")).deviceCommand,
  },
  {
    name: "enroll",
    summary: "make certificates, configuration files and passwords for a broker with permissions",
    load: async () => (await import("./commands/enroll.ts")).enrollCommand,
  },
  {
    name: "tail",
    summary: "show the messages on a broker as JSON lines",
    load: async () => (await import("./commands/tail.ts")).tailCommand,
  },
];
