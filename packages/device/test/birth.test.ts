import { uniformGrid } from "@zipml/codec";
import { encodeMessage } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { birthMessage } from "../src/birth.ts";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import { resolved, schema, sealed } from "./support.ts";

const grid = uniformGrid(schema, { epoch: 3 });

async function keeping(sessions: number, grids = [grid]) {
  const outbox = createMemoryOutbox();
  for (let session = 100; session < 100 + sessions; session++) {
    await outbox.note({ session, startedAt: session, schema, grids });
    await outbox.seal(sealed(session, 0));
  }
  return resolved({ outbox });
}

describe("birth", () => {
  it("names no earlier session where none is kept, and not its own", async () => {
    const options = await keeping(0);
    await options.outbox.note({ session: 9, startedAt: 1, schema, grids: [grid] });
    const birth = birthMessage(options, 1, [grid], undefined);
    expect(Object.keys(birth)).toEqual(["session", "startedAt", "schema", "grids", "software"]);
  });

  it("names the oldest where there are more than a gateway keeps, without a schema that is the same", async () => {
    const { earlier, desired } = birthMessage(await keeping(80), 1, [grid], 4);
    expect(desired).toBe(4);
    expect(earlier?.map(({ session }) => session)).toEqual(Array.from({ length: 63 }, (_, i) => 100 + i));
    expect(earlier?.[0]).toEqual({ session: 100, startedAt: 100, grids: [grid] });
  });

  it("stays within the size of a message, whatever is kept", async () => {
    const grids = Array.from({ length: 64 }, (_, epoch) => uniformGrid(schema, { epoch }));
    const birth = birthMessage(await keeping(63, grids), 1, [grid], undefined);
    expect(encodeMessage("birth", birth).length).toBeLessThanOrEqual(262_144);
    expect(birth.earlier?.length).toBeGreaterThan(3);
    expect(birth.earlier?.length).toBeLessThan(63);
  });
});
