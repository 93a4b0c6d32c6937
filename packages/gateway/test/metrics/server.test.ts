import { createGateway } from "@zipml/gateway";
import { serveMetrics } from "@zipml/gateway/metrics";
import { createMemoryBroker } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";

describe("metrics", () => {
  it("serve the counters of the status, on this machine only unless told otherwise", async () => {
    const broker = createMemoryBroker();
    await using gateway = await createGateway({ group: "field", transport: broker.connector() });
    await gateway.ready();
    await using metrics = await serveMetrics(gateway, { port: 0 });
    expect(metrics.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const response = await fetch(metrics.url);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
    const text = await response.text();
    expect(text).toContain('zipml_online{group="field"} 1');
    expect(text).toContain('zipml_frames_stored{group="field"} 0');
    expect(text).toContain('zipml_model_version{group="field"} 0');
    // Every family has a line of help and a type, as the text format asks for.
    const families = text.match(/^# HELP \S+/gm) ?? [];
    expect(families.length).toBeGreaterThan(15);
    expect(text.match(/^# TYPE \S+ gauge$/gm)).toHaveLength(families.length);
    expect((await fetch(metrics.url.replace("/metrics", "/"))).status).toBe(404);
    const { port } = new URL(metrics.url);
    await expect(serveMetrics(gateway, { port: Number(port) })).rejects.toMatchObject({ code: "listen" });
    await metrics.close();
    await expect(fetch(metrics.url)).rejects.toThrow();
  });
});
