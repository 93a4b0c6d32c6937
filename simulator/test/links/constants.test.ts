import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { energyConstants } from "../../src/energy/constants.ts";
import { bleConstants } from "../../src/links/ble.ts";
import { cellularConstants } from "../../src/links/cellular.ts";
import { chunkConstants } from "../../src/links/chunks.ts";
import type { Constants } from "../../src/links/constants.ts";
import { ethernetConstants } from "../../src/links/ethernet.ts";
import { ieee802154Constants } from "../../src/links/ieee802154/frames.ts";
import { sixlowpanConstants } from "../../src/links/ieee802154/sixlowpan.ts";
import { eu868Constants } from "../../src/links/lorawan/eu868.ts";
import { demodulatorCount } from "../../src/links/lorawan/gateway-radio.ts";
import { captureThresholdsDb, lockingSymbols } from "../../src/links/lorawan/interference.ts";
import { radioConstants } from "../../src/links/lorawan/radio.ts";
import { tcpConstants } from "../../src/links/upper/tcp.ts";
import { tlsConstants } from "../../src/links/upper/tls.ts";
import { wifiConstants } from "../../src/links/wifi.ts";

const tables: Readonly<Record<string, Constants>> = {
  "LoRaWAN EU868": { ...eu868Constants, ...radioConstants, captureThresholdsDb, lockingSymbols, demodulatorCount },
  "IEEE 802.15.4 and 6LoWPAN": { ...ieee802154Constants, ...sixlowpanConstants },
  BLE: bleConstants,
  "Wi-Fi": wifiConstants,
  Ethernet: ethernetConstants,
  "NB-IoT and LTE-M": cellularConstants,
  "TCP, UDP and IP": tcpConstants,
  TLS: tlsConstants,
  "Bridge to LoRaWAN and BLE": chunkConstants,
  Energy: energyConstants,
};

function line(name: string, { value, source, verified }: Constants[string]): string {
  const text = JSON.stringify(value).replaceAll('"', "").replaceAll(",", ", ").replaceAll(":", ": ");
  return `| \`${name}\` | ${text} | ${verified ? "" : "**unverified** "}${source} |`;
}

const sections = Object.entries(tables).map(([title, constants]) => {
  const lines = Object.entries(constants).map(([name, constant]) => line(name, constant));
  return [`### ${title}`, "", "| constant | value | source |", "|---|---|---|", ...lines, ""].join("\n");
});

const page = readFileSync(new URL("../../../docs/links.md", import.meta.url), "utf8");

describe("constants of links and energy", () => {
  it.each(sections)("stand in docs/links.md as they are in the code: %s", (section) => {
    expect(page).toContain(section);
  });

  it("carry their unit or kind at the end of their name", () => {
    const units =
      /(Bytes|Us|Ms|Hz|Dbm|Db|Symbols|Volt|Milliamp|Milliwatt|Joule|Mbps|BitPerSecond|Metre|Bits|Exponent|Count|Rate|DataRate|Standard|Tones|Retries|Units|repetitions|Repetitions|backoffs|Chunks|Reference|1M|2M)$/;
    const names = Object.values(tables).flatMap((constants) => Object.keys(constants));
    expect(names.filter((name) => !units.test(name))).toEqual([]);
  });
});
