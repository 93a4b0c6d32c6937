import { describe, expect, it } from "vitest";
import { batteryJoule, batteryLifeSecond, messageJouleOfLife, yearSecond } from "../../src/energy/battery.ts";
import { energyConstants } from "../../src/energy/constants.ts";
import { energyNj, sleepNj, stateNj, totalNj } from "../../src/energy/energy.ts";
import {
  bg96Profile,
  cc2650Profile,
  esp32Profile,
  nrf52840Profile,
  ns3LorawanProfile,
  sx1276Profile,
  tr45820Profile,
  usualProfile,
} from "../../src/energy/profiles.ts";
import { createLink } from "../../src/links/create-link.ts";
import { ieee802154Constants } from "../../src/links/ieee802154/frames.ts";
import { linkNames } from "../../src/links/link.ts";
import { loraAirtimeUs } from "../../src/links/lorawan/airtime.ts";

const optionFault = expect.objectContaining({ code: "option" });
const data = (bytes: number) => ({ kind: "data", bytes, topicBytes: 20 }) as const;
const milli = (nj: number, digits: number) => (nj / 1e6).toFixed(digits);
const micro = (nj: number, digits: number) => (nj / 1e3).toFixed(digits);

describe("energy of LoRaWAN, 51 B, 44 mA at 3.3 V, windows of 8 symbols at 11.2 mA", () => {
  const spent = (dataRate: number, receive2DataRate = 0) =>
    energyNj(sx1276Profile(), createLink({ name: "lorawan", dataRate, receive2DataRate }).send(data(51)));

  it("by spreading factor, and by state", () => {
    expect(milli(spent(5).transmitNj, 3)).toBe("17.136");
    expect(milli(spent(5).receiveNj, 3)).toBe((0.303 + 9.689).toFixed(3));
    // The reference counts the 2 s between frame and second window at ns-3's 1.5 uA of sleep.
    const asleep = stateNj(ns3LorawanProfile().sleepMilliwatt, 2e6);
    const millijoule = [5, 3, 0].map((rate) => milli(totalNj(spent(rate)) + asleep, rate === 0 ? 1 : 2));
    expect(millijoule).toEqual(["27.14", "67.56", "425.0"]);
    expect(milli(spent(0).transmitNj, 3)).toBe("405.612");
    expect(milli(spent(0).receiveNj, 2)).toBe((2 * 9.689).toFixed(2));
  });

  it("of each window", () => {
    const { receiveMilliwatt } = sx1276Profile();
    expect(milli(stateNj(receiveMilliwatt, 8 * 1024), 3)).toBe("0.303");
    expect(milli(stateNj(receiveMilliwatt, 8 * 32_768), 3)).toBe("9.689");
  });

  it("of a bit: 66.5 uJ at SF7, 1,042 at SF12", () => {
    expect(micro(totalNj(spent(5)) / 408, 1)).toBe("66.5");
    expect(micro(totalNj(spent(0)) / 408, 0)).toBe("1042");
  });

  it("falls when the second window is faster: at SF12 it is 36 % of a cycle at SF7", () => {
    expect(totalNj(spent(5, 3))).toBeLessThan(0.7 * totalNj(spent(5)));
    expect(Math.round((100 * 9.689e6) / totalNj(spent(5)))).toBe(36);
  });

  it("of sending alone at ns-3's 28 mA", () => {
    const { transmitMilliwatt } = ns3LorawanProfile();
    const millijoule = [7, 10, 12].map((spreadingFactor) =>
      milli(stateNj(transmitMilliwatt, loraAirtimeUs({ spreadingFactor, phyBytes: 64 })), 3),
    );
    expect(millijoule).toEqual(["10.905", "64.529", "258.117"]);
  });
});

describe("energy of the other links", () => {
  it("BLE on nRF52840 at 0 dBm", () => {
    const spent = (longPdus: boolean, bytes: number) =>
      totalNj(energyNj(nrf52840Profile(), createLink({ name: "ble", longPdus }).send(data(bytes))));
    expect(micro(spent(true, 244), 1)).toBe("47.2");
    expect((spent(true, 244) / 1952).toFixed(1)).toBe("24.2");
    expect(micro(spent(false, 20), 1)).toBe("12.8");
    expect((spent(false, 20) / 160).toFixed(0)).toBe("80");
  });

  it("802.15.4 on CC2650 at 0 dBm, idle time apart", () => {
    const link = createLink({ name: "ieee802154", addresses: "short", mqttSn: { qos: 0 } });
    const spent = (mpdu: number) => {
      const payload = mpdu - 2 - 9 - 9 - 7; // frame check, MAC header, compressed headers, MQTT-SN
      const transfer = link.send(data(payload));
      expect(transfer.airtimeUpUs).toBe((mpdu + 6) * 32);
      const { transmitNj, receiveNj } = energyNj(cc2650Profile(), transfer);
      return micro(transmitNj + receiveNj, 1);
    };
    expect(spent(127)).toBe("93.2");
    expect(spent(49)).toBe("47.5");
    expect(ieee802154Constants.turnaroundUs.value).toBe(192);
  });

  it("NB-IoT: the session outweighs the bytes in it", () => {
    const { sessionNj, transmitNj } = energyNj(tr45820Profile(), createLink({ name: "nbiot" }).send(data(50)));
    expect(sessionNj).toBe(1_430_000_000);
    expect(transmitNj).toBeLessThan(0.03 * sessionNj);
    expect(totalNj(energyNj(tr45820Profile(2.31), createLink({ name: "nbiot" }).keepAlive()))).toBeGreaterThan(2.31e9);
  });

  it("every link has a usual part, and whole nanojoules", () => {
    for (const name of linkNames) {
      const profile = usualProfile(name);
      const split = energyNj(profile, createLink({ name }).send(data(20)));
      expect(
        Object.values(split).every((value) => Number.isSafeInteger(value) && value >= 0),
        name,
      ).toBe(true);
      expect(totalNj(split)).toBeGreaterThan(0);
      expect(Object.keys(profile.constants).length).toBeGreaterThan(0);
    }
    expect([esp32Profile("11b"), bg96Profile("ltem")].map(({ transmitMilliwatt }) => transmitMilliwatt)).toEqual([
      792, 836,
    ]);
  });

  it("sleep takes the rest of the time", () => {
    const profile = tr45820Profile();
    const awake = { transmitUs: 10, receiveUs: 20, idleUs: 30 };
    expect(sleepNj(profile, 86_400e6, awake)).toBe(Math.round(0.015 * (86_400e6 - 60)));
    expect(sleepNj(profile, 0, awake)).toBe(0);
  });

  it("no part is used outside its table", () => {
    expect(() => sx1276Profile(15)).toThrow(optionFault);
    expect(() => nrf52840Profile(4)).toThrow(optionFault);
    expect(() => cc2650Profile(1)).toThrow(optionFault);
    expect(() => tr45820Profile(-1)).toThrow(optionFault);
    expect(sx1276Profile(20).transmitMilliwatt).toBeCloseTo(396, 12);
    expect(nrf52840Profile(-40).transmitMilliwatt).toBeCloseTo(11.49, 12);
  });

  it("what is not verified says so", () => {
    const open = Object.entries(energyConstants)
      .filter(([, { verified }]) => !verified)
      .map(([name]) => name);
    expect(open.filter((name) => name.startsWith("bg96"))).toHaveLength(6);
    expect(open).toContain("tr45820TransmitMilliwatt");
    for (const name of open) expect(energyConstants[name as keyof typeof energyConstants].source).not.toBe("");
  });
});

describe("battery life", () => {
  const fiveWattHour = batteryJoule.fiveWattHour.value;
  const sleepMilliwatt = 0.015;
  const years = (intervalSecond: number, messageJoule: number) =>
    batteryLifeSecond({ capacityJoule: fiveWattHour, sleepMilliwatt, messageJoule, intervalSecond }) / yearSecond;

  it("is that of TR 45.820 on 5 Wh", () => {
    expect(years(Number.POSITIVE_INFINITY, 0).toFixed(1)).toBe("38.0");
    expect(years(86_400, 1.43).toFixed(1)).toBe("18.1");
    expect(years(7200, 2.31).toFixed(1)).toBe("1.7");
  });

  it("gives back the energy of a message", () => {
    const use = { capacityJoule: fiveWattHour, sleepMilliwatt };
    expect(messageJouleOfLife({ ...use, intervalSecond: 86_400 }, 18.1 * yearSecond).toFixed(2)).toBe("1.43");
    expect(messageJouleOfLife({ ...use, intervalSecond: 7200 }, 1.7 * yearSecond).toFixed(2)).toBe("2.31");
  });

  it("with self-discharge obeys E' = −P − rE, and tends to the plain quotient without", () => {
    const use = { capacityJoule: 1000, sleepMilliwatt: 0.01, messageJoule: 0.01, intervalSecond: 3600 };
    const plain = batteryLifeSecond(use);
    const slow = batteryLifeSecond({ ...use, selfDischargeAYear: 1e-6 });
    expect(slow / plain).toBeCloseTo(1, 5);
    const share = 0.02;
    const rate = -Math.log(1 - share) / yearSecond;
    let charge = 1000;
    const step = 3600;
    const watt = 0.01 / 1000 + 0.01 / 3600;
    let time = 0;
    for (; charge > 0; time += step) charge -= step * (watt + rate * charge);
    expect(batteryLifeSecond({ ...use, selfDischargeAYear: share }) / time).toBeCloseTo(1, 3);
  });

  it("is endless where nothing is drawn, and refused for impossible loads", () => {
    const use = { capacityJoule: 1, sleepMilliwatt: 0, messageJoule: 0, intervalSecond: 1 };
    expect(batteryLifeSecond(use)).toBe(Number.POSITIVE_INFINITY);
    expect(() => batteryLifeSecond({ ...use, intervalSecond: 0 })).toThrow(optionFault);
    expect(() => batteryLifeSecond({ ...use, selfDischargeAYear: 1 })).toThrow(optionFault);
  });
});
