import type { Constant } from "../links/constants.ts";
import { LinkError } from "../links/errors.ts";
import type { LinkName } from "../links/link.ts";
import type { WifiStandard } from "../links/wifi.ts";
import { energyConstants } from "./constants.ts";

/** What a device draws in each state of its radio, and what rests on which source. */
export interface PowerProfile {
  /** The part, such as `SX1276 at 14 dBm`. */
  readonly name: string;
  readonly transmitMilliwatt: number;
  /** Receiving or listening. */
  readonly receiveMilliwatt: number;
  /** Awake, neither sending nor listening. */
  readonly idleMilliwatt: number;
  readonly sleepMilliwatt: number;
  /** Fixed energy of a radio session: random access, set-up and release. Whole nJ. */
  readonly sessionNj: number;
  /** The constants it was made of, by name. */
  readonly constants: Readonly<Record<string, Constant<unknown>>>;
}

/** Currents by state; each milliamp at one volt is a milliwatt. */
interface Currents {
  readonly volt: number;
  readonly transmit: number;
  readonly receive: number;
  readonly idle: number;
  readonly sleep: number;
}

function fromCurrents(name: string, { volt, transmit, receive, idle, sleep }: Currents, names: string): PowerProfile {
  return {
    name,
    transmitMilliwatt: volt * transmit,
    receiveMilliwatt: volt * receive,
    idleMilliwatt: volt * idle,
    sleepMilliwatt: volt * sleep,
    sessionNj: 0,
    constants: constantsOf(names),
  };
}

/** Names are sorted out once: profiles are made for every class of every point of a sweep. */
const energyEntries = Object.entries(energyConstants);

function constantsOf(start: string): Readonly<Record<string, Constant<unknown>>> {
  return Object.fromEntries(energyEntries.filter(([name]) => name.startsWith(start)));
}

/** The current at a transmit power, mA. */
function atPower(part: string, table: Readonly<Record<number, number>>, powerDbm: number): number {
  const milliamp = table[powerDbm];
  if (milliamp !== undefined) return milliamp;
  const known = Object.keys(table)
    .map(Number)
    .sort((a, b) => a - b);
  throw new LinkError("option", `${part} has no current for ${powerDbm} dBm: known are ${known.join(", ")} dBm`, {
    limit: "powerDbm",
    actual: powerDbm,
  });
}

/**
 * Semtech SX1276 for LoRa: 44 mA at 14 dBm by default, receiving 11.2 mA, asleep between windows.
 *
 * @param powerDbm 2 … 14, 17 or 20. Default 14.
 * @throws LinkError code `option` for another
 */
export function sx1276Profile(powerDbm = 14): PowerProfile {
  const c = energyConstants;
  const transmit = atPower("SX1276", c.sx1276TransmitMilliampByDbm.value, powerDbm);
  const currents = {
    volt: c.sx1276SupplyVolt.value,
    transmit,
    receive: c.sx1276ReceiveMilliamp.value,
    idle: c.sx1276StandbyMilliamp.value,
    sleep: c.sx1276SleepMilliamp.value,
  };
  return fromCurrents(`SX1276 at ${powerDbm} dBm`, currents, "sx1276");
}

/** The radio of ns-3 lorawan's energy model: 28 mA sending, 11.2 receiving, at 3.3 V; for comparison with its results. */
export function ns3LorawanProfile(): PowerProfile {
  const c = energyConstants;
  const currents = {
    volt: c.sx1276SupplyVolt.value,
    transmit: c.ns3TransmitMilliamp.value,
    receive: c.sx1276ReceiveMilliamp.value,
    idle: c.ns3StandbyMilliamp.value,
    sleep: c.ns3SleepMilliamp.value,
  };
  return fromCurrents("ns-3 lorawan", currents, "ns3");
}

/**
 * Nordic nRF52840 at 3 V, for BLE.
 *
 * @param powerDbm −40, 0 or 8. Default 0.
 * @throws LinkError code `option` for another
 */
export function nrf52840Profile(powerDbm = 0): PowerProfile {
  const c = energyConstants;
  const currents = {
    volt: c.nrf52840SupplyVolt.value,
    transmit: atPower("nRF52840", c.nrf52840TransmitMilliampByDbm.value, powerDbm),
    receive: c.nrf52840ReceiveMilliamp.value,
    idle: c.nrf52840IdleMilliamp.value,
    sleep: c.nrf52840SleepMilliamp.value,
  };
  return fromCurrents(`nRF52840 at ${powerDbm} dBm`, currents, "nrf52840");
}

/**
 * TI CC2650 at 3 V, for IEEE 802.15.4.
 *
 * @param powerDbm 0 or 5. Default 0.
 * @throws LinkError code `option` for another
 */
export function cc2650Profile(powerDbm = 0): PowerProfile {
  const c = energyConstants;
  const currents = {
    volt: c.cc2650SupplyVolt.value,
    transmit: atPower("CC2650", c.cc2650TransmitMilliampByDbm.value, powerDbm),
    receive: c.cc2650ReceiveMilliamp.value,
    idle: c.cc2650IdleMilliamp.value,
    sleep: c.cc2650SleepMilliamp.value,
  };
  return fromCurrents(`CC2650 at ${powerDbm} dBm`, currents, "cc2650");
}

/**
 * Espressif ESP32, for Wi-Fi.
 *
 * @param standard Decides the current of sending. Default `11n`.
 */
export function esp32Profile(standard: WifiStandard = "11n"): PowerProfile {
  const c = energyConstants;
  const currents = {
    volt: c.esp32SupplyVolt.value,
    transmit: c.esp32TransmitMilliampByStandard.value[standard],
    receive: c.esp32ReceiveMilliamp.value,
    idle: c.esp32IdleMilliamp.value,
    sleep: c.esp32SleepMilliamp.value,
  };
  return fromCurrents(`ESP32 on ${standard}`, currents, "esp32");
}

/**
 * Quectel BG96. None of its figures is verified.
 *
 * @param link NB-IoT or LTE-M.
 */
export function bg96Profile(link: "nbiot" | "ltem"): PowerProfile {
  const c = energyConstants;
  const transmit = link === "nbiot" ? c.bg96NbiotTransmitMilliamp : c.bg96LtemTransmitMilliamp;
  const currents = {
    volt: c.bg96SupplyVolt.value,
    transmit: transmit.value,
    receive: c.bg96ReceiveMilliamp.value,
    idle: c.bg96IdleMilliamp.value,
    sleep: c.bg96SleepMilliamp.value,
  };
  return fromCurrents(`BG96 on ${link} (unverified)`, currents, "bg96");
}

/**
 * A cellular device as 3GPP TR 45.820 models it: a session costs far more than the bytes in it. The session's energy is what
 * published lifetimes leave after sleep: 1.43 J for 50 B a day, 2.31 J for 200 B every two hours.
 *
 * @param sessionJoule Energy of a session, J. Default 1.43.
 * @throws LinkError code `option` for a negative energy, or one above 9,000 J
 */
export function tr45820Profile(sessionJoule: number = energyConstants.tr45820SmallReportJoule.value): PowerProfile {
  const c = energyConstants;
  if (!(sessionJoule >= 0 && sessionJoule <= 9000))
    throw new LinkError("option", `sessionJoule must be from 0 to 9000, not ${sessionJoule}`, {
      limit: "sessionJoule",
      actual: sessionJoule,
      allowed: 9000,
    });
  return {
    name: `TR 45.820, ${sessionJoule} J a session`,
    transmitMilliwatt: c.tr45820TransmitMilliwatt.value,
    receiveMilliwatt: c.tr45820ReceiveMilliwatt.value,
    idleMilliwatt: c.tr45820IdleMilliwatt.value,
    sleepMilliwatt: c.tr45820SleepMilliwatt.value,
    sessionNj: Math.round(sessionJoule * 1e9),
    constants: constantsOf("tr45820"),
  };
}

/** A device on the mains: what its port draws is counted while it sends and receives, sleep is 0. */
export function mainsProfile(): PowerProfile {
  const milliwatt = energyConstants.ethernetTransmitMilliwatt.value;
  return {
    name: "mains, 100BASE-TX port (unverified)",
    transmitMilliwatt: milliwatt,
    receiveMilliwatt: milliwatt,
    idleMilliwatt: 0,
    sleepMilliwatt: 0,
    sessionNj: 0,
    constants: constantsOf("ethernet"),
  };
}

/**
 * The usual part for a link.
 *
 * @param link The link by name.
 */
export function usualProfile(link: LinkName): PowerProfile {
  switch (link) {
    case "ethernet":
      return mainsProfile();
    case "wifi":
      return esp32Profile();
    case "ble":
      return nrf52840Profile();
    case "ieee802154":
      return cc2650Profile();
    case "lorawan":
      return sx1276Profile();
    case "nbiot":
    case "ltem":
      return tr45820Profile();
  }
}
