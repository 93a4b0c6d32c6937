import { uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import { createSessionStream, earlierStream } from "../src/session-stream.ts";
import { resolved, schema, sealed } from "./support.ts";

describe("session stream", () => {
  it("goes on where the session ended, under the grid that was in force and other draws", async () => {
    const outbox = createMemoryOutbox();
    const grids = [uniformGrid(schema, { epoch: 0 }), uniformGrid(schema, { epoch: 2, bits: 7 })];
    await outbox.note({ session: 3, startedAt: 5, schema, grids });
    for (const sequence of [0, 1]) await outbox.seal(sealed(3, sequence));
    let word = 0;
    const start = () => resolved({ outbox, random: () => word++ });
    const [before, after] = [start(), start()];
    const stream = earlierStream(after, 3);
    expect(stream).toMatchObject({ sequence: 2, names: ["x", "z", "y"], quantizer: { grid: grids[1] } });
    expect(stream?.drawKey).not.toEqual(createSessionStream(before, 3, schema).drawKey);
    expect(stream?.drawKey).not.toEqual(createSessionStream(after, 4, schema).drawKey);
    expect(earlierStream(after, 4)).toBeUndefined();
  });

  it("thins under the grid that was named for it, unless the one in force has become narrower", async () => {
    const outbox = createMemoryOutbox();
    const thin = uniformGrid(schema, { epoch: 9, bits: 3, targetBits: 6 });
    const wide = uniformGrid(schema, { epoch: 1, bits: 7 });
    const narrow = uniformGrid(schema, { epoch: 2, bits: 2, targetBits: 3 });
    await outbox.note({ session: 3, startedAt: 5, schema, grids: [thin, wide], thin: 9 });
    await outbox.note({ session: 4, startedAt: 6, schema, grids: [wide, thin, narrow], thin: 9 });
    for (const sequence of [0, 1]) for (const session of [3, 4]) await outbox.seal(sealed(session, sequence));
    const options = resolved({ outbox });
    expect(earlierStream(options, 3)).toMatchObject({ quantizer: { grid: wide }, thinQuantizer: { grid: thin } });
    expect(earlierStream(options, 4)).toMatchObject({ quantizer: { grid: narrow }, thinQuantizer: undefined });
  });
});
