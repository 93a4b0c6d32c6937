import type { Device } from "@zipml/device";
import { createGateway, type Gateway } from "@zipml/gateway";
import { type Clock, type Connector, systemClock, type Transport } from "@zipml/protocol";
import { mqtt } from "@zipml/protocol/mqtt";
import { describe, expect, it } from "vitest";
import { engineOf, howToTrain, learn } from "../../src/agents/learn.ts";
import { type AgentRun, createAgent, quietTraining, runAgents } from "../../src/agents/run-agents.ts";
import { simulatedEpoch } from "../../src/engine/control-size.ts";
import { groupName, type Scenario } from "../../src/index.ts";
import { createLink } from "../../src/links/create-link.ts";
import type { LayerBytes, Transfer } from "../../src/links/link.ts";
import { airQuality, prepare } from "./scenario.ts";

const fleetSize = 200;
const input = { ...airQuality, fleet: { devices: fleetSize, agents: fleetSize }, durationHours: 6 };
const link = createLink({ name: "ethernet", mqtt: { version: "3.1.1", keepAliveSecond: 0 }, tls: { version: "none" } });

/** MQTT bytes of the simulated agents: what the link model makes of their messages. */
function modelledBytes({ messages, openings }: AgentRun) {
  const transfers: Transfer[] = [
    ...[...openings.values()].map((opening) => link.connect(opening)),
    ...messages.map(({ kind, bytes, topicBytes }) => link.send({ kind, bytes, topicBytes })),
  ];
  const sum = (pick: (transfer: Transfer) => LayerBytes) =>
    transfers.reduce(
      (total, transfer) => {
        const { payload, messaging } = pick(transfer);
        return { payload: total.payload + payload, packets: total.packets + payload + messaging };
      },
      { payload: 0, packets: 0 },
    );
  return { up: sum(({ up }) => up), down: sum(({ down }) => down) };
}

/** Bytes of real transports, counted by the MQTT adapter. */
function countedBytes(transports: readonly Transport[]) {
  const sum = (way: "sent" | "received") =>
    transports.reduce(
      (total, transport) => {
        const { payload, bytes } = transport.traffic()[way];
        return { payload: total.payload + payload, packets: total.packets + bytes };
      },
      { payload: 0, packets: 0 },
    );
  return { up: sum("sent"), down: sum("received") };
}

/** Stands still, as the scenario's time does between rows, while waits take their time. */
function scenarioClock(): Clock {
  return { ...systemClock(), now: () => simulatedEpoch };
}

/** Two turns of the clock in which nothing more arrives. */
async function untilQuiet(transports: readonly Transport[]): Promise<void> {
  for (let before = ""; ; ) {
    const now = JSON.stringify(countedBytes(transports));
    if (now === before) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Real agents, the first rows of the scenario pushed at its times, each frame receipted before the next begins. */
async function runReal({ scenario, plan, planOf, readings, weather, agents }: Prepared, gateway: Gateway) {
  const transports: Transport[] = [];
  const connect = mqtt({ url: gateway.broker?.url ?? "", protocol: "3.1.1" });
  const noted: Connector = (options) => {
    const transport = connect(options);
    transports.push(transport);
    return transport;
  };
  const devices: Device[] = [];
  const names = scenario.schema.map(({ name }) => name);
  const interval = Math.round(scenario.sensors.intervalSeconds * 1000);
  await Promise.all(
    agents.map(async (number) => {
      const device = createAgent({ scenario, planOf, group: 0 }, number, { transport: noted, clock: scenarioClock() });
      devices.push(device);
      const source = readings.of(number);
      for (let row = 0; row < plan.framesFrom(weather.startOf(number)) * plan.rows; row++) {
        const values = source.next();
        await device.push(Object.fromEntries(names.map((name, c) => [name, values[c] as number])), {
          elapsed: row * interval,
        });
        if ((row + 1) % plan.rows === 0) await device.flush();
      }
    }),
  );
  await untilQuiet(transports);
  return { devices, bytes: countedBytes(transports) };
}

async function startGateway(scenario: Scenario): Promise<Gateway> {
  const { training } = scenario;
  if (training === undefined) throw new Error("the scenario trains");
  const gateway = await createGateway({
    group: groupName(0),
    broker: { port: 0 },
    training: { ...quietTraining(scenario), ...howToTrain(training, scenario.seed), engine: engineOf(training) },
  });
  await gateway.ready();
  return gateway;
}

describe("a simulated fleet", () => {
  it("moves the bytes of 200 real agents on a real broker, and learns their model, to the bit", async () => {
    const prepared = await prepare(input);
    const { scenario, agents, testers } = prepared;
    const run = await runAgents({ ...prepared, agents });
    await using gateway = await startGateway(scenario);
    const real = await runReal(prepared, gateway);
    expect(real.bytes).toEqual(modelledBytes(run));
    const arrivals = run.frames.map((frame) => ({ frame, atUs: frame.sealedUs }));
    const learnt = await learn({ ...prepared, agents, testers, run, arrivals });
    const { model } = await gateway.train();
    expect(model).toEqual(learnt.model);
    expect(learnt.model?.rows).toBe(run.frames.length * prepared.plan.rows);
    await Promise.all(real.devices.map((device) => device.close()));
  });
});
