import { codings, maxLags, maxSamples, schemes } from "@zipml/codec";
import { isId } from "@zipml/protocol";
import { z } from "zod";
import { amount, choice, flag, positive, text, whole } from "./fields.ts";
import { linkKinds, linksSchema } from "./link-options.ts";
import { sourceSchema } from "./sensors.ts";

/** Most devices of a fleet. */
export const mostDevices = 10_000_000;
const longest = 10 * 365 * 24;
const day = 86_400;

const placement = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("disc"),
      metres: positive("Radius, in metres.", 1e6),
    }),
    z.strictObject({
      kind: z.literal("ring"),
      metres: positive("Distance of every device from its gateway, in metres.", 1e6),
    }),
  ])
  .meta({
    description: "Where devices are: spread evenly over a disc around their gateway, or at one distance from it.",
  });

const fleet = z
  .strictObject({
    devices: whole("Devices of the whole fleet.", 1, mostDevices),
    groups: whole("Groups, each of which trains one model; devices are shared out evenly.", 1, 100_000).default(1),
    agents: whole(
      "Devices of each group that run the real device code, and whose frames are trained on; the others are events.",
      0,
      10_000,
    ).default(200),
    placement: placement.prefault({ kind: "disc", metres: 2000 }),
  })
  .meta({ description: "The devices." });

const channel = z
  .strictObject({
    name: text("Name, unique in the schema.", 64),
    unit: z.string("must be text").max(32, "must be at most 32 characters").default(""),
    range: z
      .tuple([z.number(), z.number()], "must be two numbers [low, high]")
      .refine(([low, high]) => low < high, "must be two numbers [low, high] with low < high")
      .meta({ description: "Lowest and highest value that is sent as it is; what lies outside is clipped." }),
    role: choice("What the channel is to the model.", ["feature", "target"]).default("feature"),
  })
  .meta({ description: "One measured quantity." });

const sensors = z
  .strictObject({
    intervalSeconds: amount("Seconds from row to row.", 0.001, longest * 3600),
    start: choice("When devices start: at random over the time from frame to frame, or all at once.", [
      "random",
      "together",
    ]).default("random"),
    source: sourceSchema,
  })
  .meta({ description: "When devices read, and what." });

const grid = z
  .strictObject({
    scheme: choice("How a value becomes a code.", schemes as readonly ["count", "dither"]).default("count"),
    coding: choice("Which codings of a frame's body are allowed.", codings).default("packed"),
    levels: choice("How levels lie: at equal intervals, or where the draws' variance is least.", [
      "uniform",
      "optimal",
    ]).default("uniform"),
    bits: whole("Width of a feature's code.", 1, 16).default(4),
    samples: whole("Independent draws of a feature's code; by default 2, under dither 1.", 1, maxSamples).optional(),
    targetBits: whole("Width of a target's code.", 1, 16).default(8),
    changes: whole(
      "Times that a gateway gives its group another grid, as levels follow the readings; charged.",
      0,
      10_000,
    ).default(0),
  })
  .meta({ description: "How readings are quantized." });

const batch = z
  .strictObject({
    rows: whole("Most rows in a frame.", 1, 4096).default(256),
    seconds: amount("Longest time that a row waits for others, in seconds.", 0.001, day).default(day),
    bytes: whole("Most bytes of a frame's body.", 1, 45_000).default(4096),
    oversize: choice(
      "Frames that the link can't carry: smaller ones in their place (split), or the scenario is refused.",
      ["split", "refuse"],
    ).default("split"),
    jitterSeconds: amount("Frames are sent after a random delay of up to so many seconds.", 0, day).default(0),
  })
  .meta({ description: "When rows become a frame; whichever bound is reached first." });

const delivery = z
  .strictObject({
    resendSeconds: amount(
      "Time after which a frame without acknowledgement is sent again; doubles each time.",
      0.1,
      day,
    ).default(10),
    attempts: whole("Most times that a frame is sent.", 1, 1000).default(8),
    expireSeconds: positive("Age at which a frame is no longer sent, in seconds.", longest * 3600).default(day),
    queue: whole("Most frames that a device keeps; with more the oldest expires.", 1, 65_535).default(256),
    birth: flag(
      "Devices announce schema and grid over the link when they start; otherwise the gateway is told beforehand.",
    ).default(true),
  })
  .meta({ description: "What a device does with frames that have not come through." });

const gateways = z
  .strictObject({
    count: whole("Gateways; devices are shared out evenly, and each hears its own only.", 1, 1_000_000).default(1),
    demodulators: whole("LoRaWAN: frames that a gateway can receive at once.", 1, 64).default(8),
  })
  .meta({ description: "What the devices' frames reach first; each makes a cell." });

const outage = z
  .strictObject({
    of: choice("What fails: gateways, which then hear nothing; or the broker, which then takes nothing.", [
      "gateway",
      "broker",
    ]),
    startHours: amount("Hours from the start.", 0, longest),
    seconds: positive("How long it lasts.", longest * 3600),
    everyHours: positive("Begins again so many hours later, and so on.", longest).optional(),
    share: amount("Share of the gateways that it concerns.", 0, 1).default(1),
  })
  .meta({ description: "Something that fails for a while." });

const share = (about: string) => amount(about, 0, 1);

const loss = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("none") }),
    z.strictObject({
      kind: z.literal("bernoulli"),
      share: share("Share of the transmissions that are lost, each on its own."),
    }),
    z.strictObject({
      kind: z.literal("gilbert-elliott"),
      goodSeconds: positive("Mean time in the good state, in seconds.", 1e9),
      badSeconds: positive("Mean time in the bad state, in seconds.", 1e9),
      goodLoss: share("Share lost in the good state.").default(0),
      badLoss: share("Share lost in the bad state.").default(1),
    }),
  ])
  .meta({ description: "Transmissions that the link loses beside what its own model loses." });

const training = z
  .strictObject({
    target: text("Channel that is predicted.", 64),
    features: z
      .array(text("Channel that is predicted from.", 64))
      .min(1)
      .meta({ description: "By default every other channel." })
      .optional(),
    loss: choice("What is lowered.", ["squares", "ls-svm", "logistic", "hinge"]).default("squares"),
    lags: whole("Readings of the rows before that each feature gets.", 0, maxLags).default(0),
    solver: choice("How the model is found.", ["sgd", "closed-form"]).default("sgd"),
    estimator: choice("How a gradient is formed.", ["symmetric", "double", "naive", "full"]).default("symmetric"),
    engine: choice("What runs an epoch.", ["reference", "packed", "fpga"]).default("reference"),
    epochs: whole("Passes over the rows.", 1, 10_000).default(10),
    batch: whole("Rows of a mini-batch.", 1, 65_536).default(64),
    testShare: amount("Share of the agents whose readings are kept for the test.", 0.01, 0.9).default(0.2),
    points: whole("Times at which the loss over time is told.", 1, 1000).default(8),
  })
  .meta({ description: "What is learnt from the readings of the agents that arrive." });

const energy = z
  .strictObject({
    batteryWattHours: positive("Energy of a device's battery, in Wh.", 1e6).default(5),
    selfDischargePerYear: amount("Share of the battery that is lost each year unused.", 0, 0.99).default(0.01),
    sleepMicrowatts: amount("Power of the device beside the radio while nothing happens, in µW.", 0, 1e9).default(5),
    rowMicrojoules: amount("Energy of reading the sensors and coding a row, in µJ.", 0, 1e9).default(100),
  })
  .meta({ description: "What a device takes beside its radio." });

const id = (role: string) =>
  z.string().refine(isId, `must be ${role}: 1 to 64 of A-Z a-z 0-9 _ -, the first a letter or digit`);

/** The form of a scenario: what a file may hold. What its parts ask of each other is checked by `checkScenario`. */
export const scenarioSchema = z
  .strictObject({
    name: id("a name").meta({ description: "Name of the scenario." }).default("scenario"),
    seed: z
      .union([z.string().min(1).max(256), z.number().transform(String)], "must be a number or some text")
      .meta({ description: "Names the streams of random numbers: the same seed gives the same result." })
      .default("1"),
    durationHours: positive("Simulated time, in hours.", longest),
    mode: choice("Discrete events, or formulas alone.", ["events", "analytic"]).default("events"),
    fleet,
    schema: z.array(channel).min(1, "must name 1 to 1024 channels").max(1024, "must name 1 to 1024 channels").meta({
      description: "The channels of a row, in order.",
    }),
    sensors,
    grid: grid.prefault({}),
    batch: batch.prefault({}),
    link: choice("What the devices send over.", linkKinds),
    links: linksSchema.prefault({}),
    delivery: delivery.prefault({}),
    gateways: gateways.prefault({}),
    outages: z.array(outage).max(1000).meta({ description: "What fails, and when." }).default([]),
    loss: loss.prefault({ kind: "none" }),
    training: training.optional(),
    energy: energy.prefault({}),
  })
  .meta({ title: "zipml scenario", description: "A fleet of devices to simulate: zipml simulate." });

/** A scenario with every default in its place. */
export type Scenario = z.output<typeof scenarioSchema>;
/** A scenario as it is written: what has a default may be left out. */
export type ScenarioInput = z.input<typeof scenarioSchema>;
/** How a scenario's fleet is made up. */
export type FleetOptions = Scenario["fleet"];
/** How transmissions are lost. */
export type LossOptions = Scenario["loss"];
/** Something that fails for a while. */
export type Outage = Scenario["outages"][number];
/** What is learnt. */
export type TrainingChoice = NonNullable<Scenario["training"]>;
