import { uniformGrid } from "@zipml/codec";
import { createMemoryBroker } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import { type DeviceOptions, resolveOptions } from "../src/options.ts";
import { resolved, schema } from "./support.ts";

const transport = createMemoryBroker().connector();
const refusal = (options: Partial<DeviceOptions>): string | undefined => {
  try {
    resolveOptions({ id: "d", group: "g", schema, transport, ...options });
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("device options", () => {
  it("fills in defaults", () => {
    expect(resolved()).toMatchObject({
      batch: { rows: 256, milliseconds: 10_000, bytes: 4096 },
      delivery: { window: 16, resendAfter: 10_000 },
      grid: uniformGrid(schema),
      interval: 0,
      healthInterval: 60_000,
      secret: "00000007".repeat(4),
    });
    expect(resolved({ grid: { bits: 6 } }).grid).toEqual(uniformGrid(schema, { bits: 6 }));
  });

  it("draws session and secret anew where nothing is given", () => {
    const two = [0, 1].map(() => resolveOptions({ id: "d", group: "g", schema, transport }));
    expect(two[0]?.session).not.toBe(two[1]?.session);
    expect(two[0]?.secret).toMatch(/^[0-9a-f]{32}$/);
    expect(two[0]?.secret).not.toBe(two[1]?.secret);
  });

  it("refuses what is out of range, by name", () => {
    const bad: readonly Partial<DeviceOptions>[] = [
      { batch: { rows: 0 } },
      { batch: { rows: 4097 } },
      { batch: { milliseconds: 0 } },
      { batch: { bytes: 45_001 } },
      { delivery: { window: 0 } },
      { delivery: { resendAfter: Number.NaN } },
      { delivery: { sendTimeout: 0 } },
      { delivery: { order: "newest" as "live-first" } },
      { interval: -1 },
      { healthInterval: -1 },
      { session: 2 ** 32 },
      { session: 0.5 },
    ];
    expect(bad.map(refusal)).toEqual(bad.map(() => "options"));
    expect(refusal({ id: "a b" })).toBe("id");
    expect(refusal({ group: "" })).toBe("id");
    expect(refusal({ prefix: "a/#" })).toBe("prefix");
    expect(refusal({ grid: { bits: 1, samples: 2 } })).toBe("grid");
    expect(refusal({ schema: { channels: [] } })).toBe("schema");
    expect(refusal({})).toBeUndefined();
  });

  it("takes the session from the outbox where it counts them, and none that the outbox knows", async () => {
    const outbox = createMemoryOutbox();
    const base = { id: "d", group: "g", schema, transport };
    expect(resolveOptions({ ...base, outbox: { ...outbox, nextSession: 41 } }).session).toBe(41);
    expect(resolveOptions({ ...base, outbox: { ...outbox, nextSession: 41 }, session: 7 }).session).toBe(7);
    await outbox.note({ session: 7, startedAt: 0, schema, grids: [uniformGrid(schema)] });
    expect(refusal({ outbox, session: 7 })).toBe("options");
    expect(refusal({ outbox, session: 8 })).toBeUndefined();
  });
});
