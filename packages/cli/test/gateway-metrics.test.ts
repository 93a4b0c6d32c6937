import { encodeMessage } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { dial, join, publishPacket } from "../../gateway/test/broker/raw.ts";
import { captureIo, run } from "../src/index.ts";
import { zipml } from "./support.ts";

async function startGateway(...more: string[]) {
  const interrupt = new AbortController();
  const io = captureIo(interrupt.signal);
  const code = run(["gateway", "--port", "0", "--group", "plant", ...more], io);
  for (let i = 0; !/counters at|metricsUrl/.test(io.text.out) && i < 1000; i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return {
    out: () => io.text.out,
    stop: () => {
      interrupt.abort();
      return code;
    },
  };
}

describe("zipml gateway --metrics-port", () => {
  it("serves the counters on this machine, and no longer once it has ended", async () => {
    const { out, stop } = await startGateway("--metrics-port", "0");
    const url = /counters at (http:\/\/127\.0\.0\.1:\d+\/metrics)/.exec(out())?.[1] ?? "";
    const broker = /group plant at (\S+)/.exec(out())?.[1] ?? "";
    const device = dial(broker);
    expect(await join(device, { clientId: "plant.press" })).toBe(0);
    const health = "zipml/1/plant/press/health";
    device.send(publishPacket(health, Uint8Array.of(0xff), { id: 1 }));
    device.send(publishPacket("zipml/1/plant/press/death", encodeMessage("death", { session: 1 }), { id: 2 }));
    device.send(publishPacket("zipml/1/plant/press/data", Uint8Array.of(0xff), { id: 3 }));
    await device.bytes(16);
    await expect.poll(async () => (await fetch(url)).text()).toContain('zipml_frames_bad{group="plant"} 1');
    const text = await (await fetch(url)).text();
    expect(text).toContain('zipml_control_received{group="plant"} 2');
    expect(text).toContain('zipml_control_malformed{group="plant"} 1');
    device.socket.destroy();
    expect(await stop()).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it("takes another address by name alone, tells of it as JSON too, and says what is wrong in one line", async () => {
    const { out, stop } = await startGateway("--json", "--metrics-port", "0", "--metrics-host", "127.0.0.1");
    const [listening] = out().split("\n");
    const { metricsUrl } = JSON.parse(listening ?? "") as { metricsUrl: string };
    expect((await fetch(metricsUrl)).status).toBe(200);
    const { port } = new URL(metricsUrl);
    const taken = await zipml("gateway", "--port", "0", "--metrics-port", port);
    expect(taken).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^zipml gateway: metrics can't be served on .*\n$/),
    });
    expect(await zipml("gateway", "--metrics-host", "0.0.0.0")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--metrics-host needs --metrics-port"),
    });
    expect((await zipml("gateway", "--metrics-port", "70000")).code).toBe(2);
    expect(await stop()).toBe(0);
  });
});
