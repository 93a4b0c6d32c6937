import { describe, expect, it } from "vitest";
import { createPresence } from "../src/presence.ts";

describe("presence", () => {
  it("is away only when every gateway heard of says so, and never by an older word", () => {
    const presence = createPresence();
    expect(presence.isAway).toBe(false);
    presence.take({ id: "a", online: false, at: 10 });
    expect(presence.isAway).toBe(true);
    presence.take({ id: "b", online: true, at: 5 });
    expect(presence.isAway).toBe(false);
    presence.take({ id: "b", online: false, at: 4 });
    expect(presence.isAway).toBe(false);
    presence.take({ id: "b", online: false, at: 5 });
    expect(presence.isAway).toBe(true);
  });

  it("keeps a bounded number of gateways", () => {
    const presence = createPresence();
    for (let i = 0; i < 64; i++) presence.take({ id: `g${i}`, online: false, at: 1 });
    presence.take({ id: "late", online: true, at: 1 });
    expect(presence.isAway).toBe(true);
  });
});
