import { checkBytes, checkKnown } from "../errors.ts";
import { eu868Constants } from "./eu868.ts";

/** What the time on air of a LoRa packet depends on. */
export interface LoraPacket {
  /** 7 … 12. Factors 5 and 6 follow other rules and are refused. */
  readonly spreadingFactor: number;
  /** Whole PHY payload, 0 … 255 bytes. */
  readonly phyBytes: number;
  /** 125,000, 250,000 or 500,000. Default 125,000. */
  readonly bandwidthHz?: number;
  /** 1 (4/5) … 4 (4/8). Default 1. */
  readonly codingRate?: number;
  /** A payload CRC: on uplinks, not on downlinks. Default true. */
  readonly crc?: boolean;
  /** Default true. */
  readonly explicitHeader?: boolean;
  /** Default 8. */
  readonly preambleSymbols?: number;
  /** Low data rate optimisation; by default where a symbol takes 16 ms or more. */
  readonly lowDataRate?: boolean;
}

const spreadingFactors: readonly number[] = Object.freeze([7, 8, 9, 10, 11, 12]);
const bandwidths: readonly number[] = Object.freeze([125_000, 250_000, 500_000]);
const codingRates: readonly number[] = Object.freeze([1, 2, 3, 4]);

/**
 * How long one symbol takes, µs; a whole number: 2^SF / bandwidth.
 *
 * @param spreadingFactor 7 … 12.
 * @param bandwidthHz 125,000 (default), 250,000 or 500,000.
 * @throws LinkError code `option` for others
 */
export function symbolUs(spreadingFactor: number, bandwidthHz = 125_000): number {
  checkKnown("spreadingFactor", spreadingFactor, spreadingFactors);
  checkKnown("bandwidthHz", bandwidthHz, bandwidths);
  return (2 ** spreadingFactor * 1_000_000) / bandwidthHz;
}

/** What of a packet does not depend on its length. */
interface PacketShape {
  readonly symbol: number;
  readonly codingRate: number;
  /** Bits beside the payload's, negative where the header takes some of the first block. */
  readonly overhead: number;
  readonly blockBits: number;
  readonly preambleSymbols: number;
}

function shapeOf(packet: Omit<LoraPacket, "phyBytes">): PacketShape {
  const { spreadingFactor, bandwidthHz = 125_000, codingRate = 1, crc = true, explicitHeader = true } = packet;
  const { preambleSymbols = eu868Constants.preambleSymbols.value } = packet;
  const symbol = symbolUs(spreadingFactor, bandwidthHz);
  const lowDataRate = packet.lowDataRate ?? symbol >= 16_000;
  checkKnown("codingRate", codingRate, codingRates);
  const overhead = 28 - 4 * spreadingFactor + (crc ? 16 : 0) - (explicitHeader ? 0 : 20);
  return { symbol, codingRate, overhead, blockBits: 4 * (spreadingFactor - (lowDataRate ? 2 : 0)), preambleSymbols };
}

function symbolsOf({ codingRate, overhead, blockBits }: PacketShape, phyBytes: number): number {
  return 8 + Math.max(Math.ceil((8 * phyBytes + overhead) / blockBits) * (codingRate + 4), 0);
}

function airtimeOf(shape: PacketShape, phyBytes: number): number {
  const quarters = 4 * (shape.preambleSymbols + symbolsOf(shape, phyBytes)) + 17; // a preamble ends in 4.25 symbols of sync
  return (quarters * shape.symbol) / 4;
}

function checkPhyBytes(bytes: number): number {
  return checkBytes("LoRa PHY payload", bytes, eu868Constants.maxPhyBytes.value);
}

/**
 * Symbols of header and payload, after preamble and sync word (Semtech AN1200.13; SX1276 data sheet 4.1.1.6).
 *
 * @param packet The packet.
 * @throws LinkError code `option`; code `payload` above 255 bytes
 */
export function payloadSymbols(packet: LoraPacket): number {
  return symbolsOf(shapeOf(packet), checkPhyBytes(packet.phyBytes));
}

/**
 * Time on air of a LoRa packet, µs; a whole number.
 *
 * @param packet The packet.
 * @throws LinkError code `option` for a spreading factor, bandwidth or coding rate that is not modelled; code `payload`
 *   above 255 bytes
 */
export function loraAirtimeUs(packet: LoraPacket): number {
  return airtimeOf(shapeOf(packet), checkPhyBytes(packet.phyBytes));
}

/**
 * Times on air of packets that differ in their length alone, µs.
 *
 * @param packet What they have in common.
 * @param from PHY bytes of the shortest.
 * @param to PHY bytes of the longest, 0 … 255.
 * @returns One for each length; a new array.
 * @throws LinkError as {@link loraAirtimeUs} does.
 */
export function loraAirtimesUs(packet: Omit<LoraPacket, "phyBytes">, from: number, to: number): Float64Array {
  const shape = shapeOf(packet);
  const first = checkPhyBytes(from);
  return Float64Array.from({ length: checkPhyBytes(to) - first + 1 }, (_, i) => airtimeOf(shape, first + i));
}

/**
 * The bit rate of the modulation at coding rate 4/5, bit/s: SF · bandwidth / 2^SF · 4/5, without low data rate optimisation.
 *
 * @param spreadingFactor 7 … 12.
 * @param bandwidthHz Default 125,000.
 */
export function rawBitRate(spreadingFactor: number, bandwidthHz = 125_000): number {
  return ((spreadingFactor * 1_000_000) / symbolUs(spreadingFactor, bandwidthHz)) * 0.8;
}
