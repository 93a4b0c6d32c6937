import { describe, expect, it } from "vitest";
import { mqtt } from "../../src/mqtt/index.ts";
import { isLoopback, mqttSettings } from "../../src/mqtt/options.ts";

const option = expect.objectContaining({ code: "option" });

describe("MQTT options", () => {
  it("complete themselves", () => {
    expect(mqttSettings({ url: "mqtts://ada:p%40@broker.example" })).toMatchObject({
      scheme: "mqtts",
      host: "broker.example",
      port: 8883,
      username: "ada",
      password: "p@",
      protocol: "auto",
      keepalive: 60,
    });
    expect(mqttSettings({ url: "wss://broker.example/mqtt?key=1" })).toMatchObject({ port: 443, path: "/mqtt?key=1" });
    expect(mqttSettings({ url: "mqtt://[::1]:1884" })).toMatchObject({ host: "::1", port: 1884 });
    expect(mqttSettings({ url: "ws://localhost", username: "b" })).toMatchObject({
      port: 80,
      path: "/",
      username: "b",
    });
  });

  it("refuse to send in the clear to another host, unless told to", () => {
    for (const url of [
      "mqtt://192.0.2.1",
      "ws://broker.example",
      "mqtt://127.0.0.1.example",
      "mqtt://localhost.example",
    ]) {
      expect(() => mqtt({ url })).toThrow(option);
      expect(() => mqtt({ url, allowPlaintext: true })).not.toThrow();
    }
    for (const host of ["localhost", "LOCALHOST", "127.8.9.1", "::1", "a.localhost"])
      expect(isLoopback(host)).toBe(true);
    for (const host of ["127.example", "::2", "10.0.0.1", ""]) expect(isLoopback(host)).toBe(false);
  });

  it("refuse what can't work, at once", () => {
    const url = "mqtts://broker.example";
    const bad = [
      { url: "broker.example" },
      { url: "http://broker.example" },
      { url: "mqtts://" },
      { url: "mqtts://broker.example/path" },
      { url: "mqtts://%ff@broker.example" },
      { url: "mqtt://localhost", tls: {} },
      { url, tls: { cert: "x" } },
      { url, keepalive: 0 },
      { url, keepalive: 1.5 },
      { url, keepalive: 65_536 },
      { url, connectTimeout: Number.NaN },
      { url, ackTimeout: 0 },
      { url, backoff: { base: 2, cap: 1 } },
      { url, protocol: "4" as "5" },
    ];
    for (const options of bad) expect(() => mqtt(options)).toThrow(option);
    expect(() => mqtt({ url })({ clientId: "" })).toThrow(option);
    const will = { topic: "a/+", payload: new Uint8Array(), qos: 1, retain: false } as const;
    expect(() => mqtt({ url })({ clientId: "a", will })).toThrow(option);
  });

  it("keep the password out of what they say", () => {
    try {
      mqtt({ url: "mqtt://ada:secret@broker.example" });
    } catch (error) {
      expect(String(error)).not.toContain("secret");
    }
  });
});
