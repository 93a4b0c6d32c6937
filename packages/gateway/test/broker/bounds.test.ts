import { describe, expect, it } from "vitest";
import { createAdmission, senderOf } from "../../src/broker/admission.ts";
import { defaultBrokerLimits } from "../../src/broker/options.ts";
import { createRetainedLedger } from "../../src/broker/retained.ts";
import { createTokenBucket } from "../../src/broker/token-bucket.ts";

describe("token bucket", () => {
  it("lets a burst through, then the rate, and never more than both together", () => {
    let now = 0;
    const bucket = createTokenBucket(10, 20, { now: () => now });
    expect(Array.from({ length: 25 }, () => bucket.take(1)).filter(Boolean)).toHaveLength(20);
    now += 500;
    expect(Array.from({ length: 25 }, () => bucket.take(1)).filter(Boolean)).toHaveLength(5);
    now += 60_000;
    expect(bucket.charge(20)).toBe(0);
    expect(bucket.charge(10)).toBe(1000);
    now += 1000;
    expect(bucket.charge(0)).toBe(0);
  });
});

describe("admission", () => {
  it("counts connections in all, by address and by time", () => {
    let now = 0;
    const clock = { now: () => now };
    const limits = { ...defaultBrokerLimits, connections: 4, connectionsPerAddress: 2, connectsPerSecond: 3 };
    const admission = createAdmission(limits, clock);
    expect([1, 2, 3].map(() => admission.enter("10.0.0.1"))).toEqual([undefined, undefined, "connections"]);
    expect(admission.enter("10.0.0.2")).toBeUndefined();
    expect(admission.enter("10.0.0.3")).toBeUndefined();
    expect(admission.enter("10.0.0.4")).toBe("connections");
    for (const address of ["10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]) admission.leave(address);
    expect(admission.count).toBe(0);
    expect([1, 2].map(() => admission.enter("10.0.0.1"))).toEqual([undefined, undefined]);
    expect(admission.enter("10.0.0.2")).toBe("connect-rate");
    now += 1000;
    expect(admission.enter("10.0.0.2")).toBeUndefined();
  });

  it("takes the addresses of one host for one", () => {
    expect(senderOf("::ffff:10.0.0.1")).toBe("10.0.0.1");
    expect(senderOf("2001:db8::1")).toBe(senderOf("2001:db8:0:0:ffff::2"));
    expect(senderOf("2001:db8:0:1::1")).not.toBe(senderOf("2001:db8::1"));
    expect(senderOf("::1")).toBe("0:0:0:0");
  });
});

describe("retained ledger", () => {
  it("bounds the topics of one client and of all, and takes back what is cleared", () => {
    const ledger = createRetainedLedger({ retained: 2, retainedInAll: 4 }, ["old"]);
    expect(["x", "y", "z"].map((topic) => ledger.write(topic, "a", false))).toEqual([true, true, false]);
    expect(ledger.write("x", "a", false)).toBe(true);
    expect(ledger.write("x", "a", true)).toBe(true);
    expect(ledger.write("z", "a", false)).toBe(true);
    expect(ledger.write("z", "b", false)).toBe(true); // it is b's now
    expect(ledger.write("x", "a", false)).toBe(true);
    expect(ledger.count).toBe(4);
    expect(ledger.write("new", "c", false)).toBe(false);
    expect(ledger.write("new", undefined, false)).toBe(true); // the gateway's own
    expect(ledger.write("never", "c", true)).toBe(true);
    expect(ledger.count).toBe(5);
  });
});
