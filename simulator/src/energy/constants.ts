import { type Constants, stated, unverified } from "../links/constants.ts";

const sx1276Drivers = "Semtech SX1276 data sheet table 6, as quoted in several drivers";
const flora = "FLoRa energyConsumptionParameters.xml = LoRaSim SX1272/73 table";
const nordic = "Nordic nRF52840 product specification, DC/DC at 3 V, 0 dBm; pin the revision before relying on it";
const cc2650 = "TI CC2650 feature list";
const esp32 = "ESP32 data sheet table 5-4, transmission at 50 % duty";
const bg96 = "Quectel BG96 hardware design V1.4 table 34 was not readable; rough figure";
const model = "3GPP TR 45.820 energy model";

/** Currents, voltages and powers by part, with their sources. */
export const energyConstants = {
  sx1276SupplyVolt: stated(3.3, "ns-3 lorawan, FLoRa"),
  sx1276TransmitMilliampByDbm: stated(
    {
      2: 24,
      3: 24,
      4: 24,
      5: 25,
      6: 25,
      7: 25,
      8: 25,
      9: 26,
      10: 31,
      11: 32,
      12: 34,
      13: 35,
      14: 44,
      17: 87,
      20: 120,
    } as Readonly<Record<number, number>>,
    `2 to 14 dBm: ${flora}, a simulators' convention (a module lists 41.54 mA at 15 dBm with its controller); 17, 20: ${sx1276Drivers}`,
  ),
  sx1276RfoTransmitMilliampByDbm: stated({ 7: 20, 13: 29 } as Readonly<Record<number, number>>, sx1276Drivers),
  sx1276ReceiveMilliamp: stated(
    11.2,
    "ns-3 lorawan lora-radio-energy-model.cc; the data sheet's feature list says 9.9",
  ),
  sx1276DataSheetReceiveMilliamp: stated(9.9, "Semtech SX1276 data sheet, feature list"),
  sx1276StandbyMilliamp: unverified(1.6, "Semtech SX1276 data sheet; from general knowledge"),
  sx1276SleepMilliamp: stated(0.0002, "Semtech SX1276 data sheet, feature list: 0.2 uA, registers kept"),
  ns3TransmitMilliamp: stated(28, "ns-3 lorawan lora-radio-energy-model.cc"),
  ns3StandbyMilliamp: stated(1.4, "ns-3 lorawan lora-radio-energy-model.cc"),
  ns3SleepMilliamp: stated(0.0015, "ns-3 lorawan lora-radio-energy-model.cc"),
  nrf52840SupplyVolt: stated(3, nordic),
  nrf52840TransmitMilliampByDbm: stated({ "-40": 3.83, 0: 6.4, 8: 16.4 } as Readonly<Record<number, number>>, nordic),
  nrf52840ReceiveMilliamp: stated(6.26, `${nordic}; 1 Mbit/s`),
  nrf52840Receive802154Milliamp: stated(6.53, nordic),
  nrf52840IdleMilliamp: unverified(0.6, "processor waiting with the crystal on; rough, from general knowledge"),
  nrf52840SleepMilliamp: unverified(0.0015, "system on, RAM kept, real-time counter; from general knowledge"),
  cc2650SupplyVolt: stated(3, cc2650),
  cc2650TransmitMilliampByDbm: stated({ 0: 6.1, 5: 9.1 } as Readonly<Record<number, number>>, cc2650),
  cc2650ReceiveMilliamp: stated(5.9, cc2650),
  cc2650IdleMilliamp: unverified(0.65, "idle mode with supplies on; rough, from general knowledge"),
  cc2650SleepMilliamp: stated(0.001, `${cc2650}: standby 1 uA`),
  esp32SupplyVolt: stated(3.3, esp32),
  esp32TransmitMilliampByStandard: stated({ "11b": 240, "11a": 190, "11g": 190, "11n": 180 }, esp32),
  esp32ReceiveMilliamp: stated(97.5, `${esp32}: 95 to 100`),
  esp32IdleMilliamp: unverified(30, "modem sleep, 80 MHz; rough, from general knowledge"),
  esp32SleepMilliamp: stated(0.01, `${esp32}: deep sleep 10 uA`),
  bg96SupplyVolt: unverified(3.8, bg96),
  bg96NbiotTransmitMilliamp: unverified(190, `${bg96}; NB1, 23 dBm`),
  bg96LtemTransmitMilliamp: unverified(220, `${bg96}; LTE-M, 23 dBm`),
  bg96ReceiveMilliamp: unverified(60, `${bg96}; connected`),
  bg96IdleMilliamp: unverified(15, `${bg96}; connected, waiting`),
  bg96SleepMilliamp: unverified(0.01, `${bg96}; power saving mode`),
  tr45820TransmitMilliwatt: unverified(
    545,
    `${model}: 200 mW radiated at 44 to 45 %, 90 mW beside; a textbook says 500`,
  ),
  tr45820ReceiveMilliwatt: unverified(90, model),
  tr45820IdleMilliwatt: unverified(3, model),
  tr45820SleepMilliwatt: stated(0.015, `${model}, as quoted in From GSM to LTE-Advanced Pro and 5G, p. 332`),
  tr45820BatteryJoule: stated(18_000, "5 Wh, From GSM to LTE-Advanced Pro and 5G, p. 332"),
  tr45820SmallReportJoule: stated(1.43, "derived: 50 B a day last 18.1 years on 5 Wh beside 15 uW of sleep"),
  tr45820LargeReportJoule: stated(2.31, "derived: 200 B every 2 h last 1.7 years on 5 Wh beside 15 uW of sleep"),
  ethernetTransmitMilliwatt: unverified(300, "100BASE-TX transceiver; rough: mains powered as a rule"),
} as const satisfies Constants;
