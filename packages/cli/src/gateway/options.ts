import { maxLags } from "@zipml/codec";
import { lossOptions } from "../config/loss-options.ts";
import { scheduleOption, stepOption } from "../config/step-options.ts";
import { connectionOptions, switchOption } from "../connection-options.ts";
import {
  defaulted,
  fileOption,
  namesOption,
  type OptionTable,
  textOption,
  wholeOption,
  wordOption,
} from "../options.ts";

const anyCount = 1_000_000_000;
const mostPasses = 1_000_000;

const { url: _url, ...connection } = connectionOptions;

/** The options of `zipml gateway`, as flags and as the section `gateway` of a configuration file. */
export const gatewayOptions = {
  group: defaulted(textOption("GROUP", "group to serve"), "demo"),
  id: textOption("ID", "id of the gateway, unique at its broker (default: the group's)"),
  directory: {
    ...fileOption("folder for the log of all frames and the checkpoints; a restart goes on from it (default: memory)"),
    placeholder: "DIR",
  },
  url: textOption("URL", "external broker; without it the embedded broker starts"),
  port: defaulted(wholeOption("PORT", "embedded broker: port; 0 takes a free one", 0, 65_535), 1883),
  host: defaulted(textOption("ADDRESS", "embedded broker: address to listen on"), "127.0.0.1"),
  "websocket-port": wholeOption("PORT", "embedded broker: port for MQTT over WebSocket", 0, 65_535),
  "broker-cert": fileOption("embedded broker: PEM file of its certificate; turns TLS on"),
  "broker-key": fileOption("embedded broker: PEM file of its key"),
  "broker-ca": fileOption(
    "embedded broker: PEM file of the authorities of client certificates; a client may do what its certificate's name says",
  ),
  users: fileOption("embedded broker: file of users, from zipml enroll user; each may do what its name says"),
  "allow-anonymous": switchOption(
    "embedded broker: with neither of these, let everybody beyond this machine do everything",
  ),
  "broker-directory": {
    ...fileOption("embedded broker: folder of its retained messages (default: memory)"),
    placeholder: "DIR",
  },
  ...connection,
  "metrics-port": wholeOption("PORT", "serve counters to Prometheus, at /metrics; 0 takes a free port", 0, 65_535),
  "metrics-host": textOption(
    "ADDRESS",
    "address that they are served on, to everybody who reaches it (default: this machine alone)",
  ),
  target: textOption("CHANNEL", "channel to predict (default: the one with the role target)"),
  features: namesOption("A,B", "channels to predict from (default: those with the role feature)"),
  lags: defaulted(
    wholeOption(
      "L",
      "readings of the rows before that each feature gets as further features; with them the target may be a feature too",
      0,
      maxLags,
    ),
    0,
  ),
  ...lossOptions,
  estimator: wordOption(
    ["symmetric", "double", "naive", "polynomial", "refetch"],
    "how a gradient is formed (default symmetric; naive with --loss logistic or hinge; refetch asks devices for exact rows, with --loss hinge and devices of --scheme interval)",
  ),
  solver: defaulted(wordOption(["sgd", "closed-form"], "how the model is found"), "sgd"),
  living: wordOption(
    ["new", "all"],
    "go on from the model before, on the rows that have come since or on all (default: begin anew on all)",
  ),
  epochs: defaulted(wholeOption("N", "passes over the rows of a training", 1, mostPasses), 30),
  batch: defaulted(wholeOption("N", "rows of a mini-batch", 1, mostPasses), 64),
  step: stepOption,
  schedule: scheduleOption,
  seed: defaulted(textOption("SEED", "names the streams of random numbers"), "1"),
  window: defaulted(wholeOption("ROWS", "newest rows that are trained on", 1, anyCount), 1_000_000),
  minimum: defaulted(wholeOption("ROWS", "fewest rows that are trained on", 2, anyCount), 100),
  "every-rows": defaulted(
    wholeOption("ROWS", "train whenever so many rows have come; 0 not by rows", 0, anyCount),
    1000,
  ),
  "every-seconds": defaulted(wholeOption("S", "train whenever so much time has passed; 0 not by time", 0, 86_400), 0),
  "thin-bits": wholeOption(
    "BITS",
    "tell devices with --policy thin of a grid of this width for when they are full (default: none)",
    1,
    16,
  ),
  "thin-samples": defaulted(wholeOption("K", "draws of a feature under that grid", 1, 15), 2),
  "thin-target-bits": defaulted(wholeOption("BITS", "width of the target under that grid", 1, 16), 8),
  "follow-levels": switchOption(
    "publish a new grid when the readings have moved to where other levels would serve them better",
  ),
  "levels-share": defaulted(
    wholeOption("PERCENT", "how far above the least variance the present levels may be", 0, 100_000),
    10,
  ),
  "levels-minimum": defaulted(wholeOption("READINGS", "fewest readings of a channel that decide", 1, anyCount), 1000),
  "levels-every": defaulted(wholeOption("S", "shortest time between two such grids", 1, anyCount), 3600),
  "keep-grids": wholeOption(
    "N",
    "grids of a device's session whose frames are still decoded (default: 256)",
    1,
    65_536,
  ),
  "publish-bits": defaulted(wholeOption("BITS", "width of a published weight; 0 is float64", 0, 16), 8),
  save: fileOption("write each model here, as JSON"),
} as const satisfies OptionTable;
