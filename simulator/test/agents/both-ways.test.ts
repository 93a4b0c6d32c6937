import { describe, expect, it } from "vitest";
import { runAgents } from "../../src/agents/run-agents.ts";
import { outcome } from "../../src/engine/outcome.ts";
import { linkOf } from "../../src/engine/scenario-link.ts";
import { simulateEvents } from "../../src/index.ts";
import { addLayers, type LayerBytes, noBytes, type Transfer } from "../../src/links/link.ts";
import { airQuality, prepare } from "./scenario.ts";

const devices = 10;

function total(transfers: readonly Transfer[], way: "up" | "down"): LayerBytes {
  return transfers.reduce((sum, transfer) => addLayers(sum, transfer[way]), noBytes);
}

describe("one scenario both ways: as agents and as events", () => {
  for (const link of ["ethernet", "nbiot", "ltem", "ieee802154"] as const)
    it(`sends the same frames over ${link}: in number, in bytes by layer, and with the same outcome`, async () => {
      const prepared = await prepare({ ...airQuality, link, fleet: { devices, agents: devices } });
      const { scenario, agents } = prepared;
      const { frames, messages } = await runAgents({ ...prepared, agents });
      const { result, trace } = await simulateEvents(scenario, { traced: agents });
      expect(trace.map(({ device, sequence }) => [device, sequence])).toEqual(
        frames.map(({ device, sequence }) => [device, sequence]),
      );
      expect(new Set(trace.map(({ outcome: what }) => what))).toEqual(new Set([outcome.received]));
      expect([result.frames.sent, result.frames.received]).toEqual([frames.length, frames.length]);
      expect(result.rows.received).toBe(frames.reduce((sum, { rows }) => sum + rows, 0));
      const model = linkOf(scenario);
      const sent = messages
        .filter(({ kind }) => kind === "data")
        .map(({ kind, bytes, topicBytes }) => model.send({ kind, bytes, topicBytes }));
      expect(result.bytes.data).toEqual({ up: total(sent, "up"), down: total(sent, "down") });
    });

  it("sends the same frames over LoRaWAN, whose receivers decide which come through", async () => {
    const links = { lorawan: { spreadingFactor: 7 as const } };
    const placement = { kind: "ring" as const, metres: 100 };
    const input = { ...airQuality, link: "lorawan" as const, links, fleet: { devices, agents: devices, placement } };
    const prepared = await prepare(input);
    const { frames } = await runAgents({ ...prepared, agents: prepared.agents });
    const { result, trace } = await simulateEvents(prepared.scenario, { traced: prepared.agents });
    expect(trace.map(({ device, sequence }) => [device, sequence])).toEqual(
      frames.map(({ device, sequence }) => [device, sequence]),
    );
    const { payload, link } = result.bytes.data.up;
    expect(payload).toBe(frames.reduce((sum, { bytes }) => sum + bytes.length, 0));
    expect(link).toBe(13 * frames.length); // MHDR, FHDR, FPort and MIC
  });
});
