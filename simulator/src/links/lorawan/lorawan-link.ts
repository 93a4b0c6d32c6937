import { chunkConstants, chunkSizes, maxChunkedBytes } from "../chunks.ts";
import { checkKnown, checkWithin } from "../errors.ts";
import { type LinkMessage, type LinkMessageKind, type LinkModel, noTransfer } from "../link.ts";
import { directionOf, TransferBuilder } from "../transfer-builder.ts";
import { loraAirtimeUs, symbolUs } from "./airtime.ts";
import { type DataRate, dataRateOf, eu868Constants } from "./eu868.ts";

/** Options of a LoRaWAN EU868 link at one data rate. */
export interface LorawanOptions {
  readonly name: "lorawan";
  /** 0 (SF12) … 5 (SF7), 6 (SF7 at 250 kHz). Default 5. */
  readonly dataRate?: number;
  /** Frames must fit behind a repeater: at most 222 bytes rather than 242. Default true. */
  readonly repeater?: boolean;
  /** Uplinks are answered by an acknowledgement in the first window. Default false: the receipt does that. */
  readonly confirmed?: boolean;
  /** Data rate of the second window. Default 0; The Things Network sets 3. */
  readonly receive2DataRate?: number;
  /** Header options in every uplink, 0 … 15 bytes; they come off the payload. Default 0. */
  readonly headerOptionBytes?: number;
}

class LorawanLink implements LinkModel {
  readonly name = "lorawan";
  readonly title: string;
  readonly keepAliveIntervalUs = undefined;
  readonly constants = { ...eu868Constants, ...chunkConstants };
  readonly #rate: DataRate;
  readonly #window2: DataRate;
  readonly #options: number;
  readonly #confirmed: boolean;
  readonly #unitBytes: number;
  readonly #limit: string;

  constructor(options: LorawanOptions) {
    const { dataRate = 5, repeater = true, confirmed = false, headerOptionBytes = 0 } = options;
    this.#rate = dataRateOf(dataRate, repeater);
    this.#window2 = dataRateOf(options.receive2DataRate ?? eu868Constants.receive2DataRate.value);
    this.#options = checkWithin("headerOptionBytes", headerOptionBytes, 0, eu868Constants.maxHeaderOptionBytes.value);
    this.#confirmed = confirmed;
    this.#unitBytes = this.#rate.maxPayloadBytes - headerOptionBytes;
    const { spreadingFactor, bandwidthHz } = this.#rate;
    this.title = `LoRaWAN EU868 DR${dataRate} (SF${spreadingFactor}/${bandwidthHz / 1000} kHz)`;
    this.#limit = `${this.title} application payload`;
  }

  maxPayload(kind: LinkMessageKind): number {
    return kind === "data" ? this.#unitBytes : maxChunkedBytes(this.#unitBytes);
  }

  send({ kind, bytes }: LinkMessage): ReturnType<LinkModel["send"]> {
    const sizes = chunkSizes(this.#limit, bytes, this.#unitBytes, kind !== "data");
    const builder = new TransferBuilder();
    const direction = directionOf(kind);
    builder.add(direction, "payload", bytes);
    builder.add(direction, "messaging", sizes.reduce((sum, size) => sum + size, 0) - bytes);
    sizes.forEach((size, at) => {
      if (direction === "up") this.#uplink(builder, this.#phyBytes(size), size);
      else this.#downlink(builder, size, at > 0);
    });
    return builder.finish();
  }

  /** Over-the-air activation: a join request, and the accept in the first window. */
  connect(): ReturnType<LinkModel["connect"]> {
    const { joinRequestPhyBytes, joinAcceptPhyBytes, joinReceiveDelayUs } = eu868Constants;
    const builder = new TransferBuilder();
    this.#send(builder, joinRequestPhyBytes.value, 0);
    builder.wait(joinReceiveDelayUs.value);
    this.#receive(builder, joinAcceptPhyBytes.value, 0);
    return builder.finish();
  }

  keepAlive(): typeof noTransfer {
    return noTransfer;
  }

  #phyBytes(payloadBytes: number): number {
    return payloadBytes + eu868Constants.macOverheadBytes.value + this.#options;
  }

  #send(builder: TransferBuilder, phyBytes: number, payloadBytes: number): void {
    const { spreadingFactor, bandwidthHz } = this.#rate;
    const airUs = loraAirtimeUs({ spreadingFactor, bandwidthHz, phyBytes });
    const linkBytes = phyBytes - payloadBytes;
    builder.carry("up", { linkBytes, backBytes: 0, frames: 1, airUs, backAirUs: 0, listenUs: 0, idleUs: 0 });
  }

  #receive(builder: TransferBuilder, phyBytes: number, payloadBytes: number): void {
    const { spreadingFactor, bandwidthHz } = this.#rate;
    const airUs = loraAirtimeUs({ spreadingFactor, bandwidthHz, phyBytes, crc: false });
    const linkBytes = phyBytes - payloadBytes;
    builder.carry("down", { linkBytes, backBytes: 0, frames: 1, airUs, backAirUs: 0, listenUs: 0, idleUs: 0 });
  }

  /** A class A uplink: sent, then either acknowledged in the first window, or both windows pass unused. */
  #uplink(builder: TransferBuilder, phyBytes: number, payloadBytes: number): void {
    const { receive1DelayUs, receive2DelayUs, receiveWindowSymbols, emptyPhyBytes } = eu868Constants;
    this.#send(builder, phyBytes, payloadBytes);
    if (this.#confirmed) {
      builder.wait(receive1DelayUs.value);
      this.#receive(builder, emptyPhyBytes.value, 0);
      return;
    }
    const window = ({ spreadingFactor, bandwidthHz }: DataRate) =>
      receiveWindowSymbols.value * symbolUs(spreadingFactor, bandwidthHz);
    const firstUs = window(this.#rate);
    builder.wait(receive2DelayUs.value - firstUs);
    builder.listen(firstUs + window(this.#window2));
  }

  /** A downlink in the first window of an uplink sent anyway; for further chunks an empty uplink must open the window. */
  #downlink(builder: TransferBuilder, size: number, needsUplink: boolean): void {
    const { receive1DelayUs, emptyPhyBytes, macOverheadBytes } = eu868Constants;
    if (needsUplink) this.#send(builder, emptyPhyBytes.value + this.#options, 0);
    builder.wait(receive1DelayUs.value);
    this.#receive(builder, size + macOverheadBytes.value, size);
  }
}

/**
 * LoRaWAN EU868, class A, one data rate, bare frames to a bridge behind the gateway. A `data` frame must fit in one uplink;
 * control messages, which are longer than any uplink, go in chunks. A message down comes in the window of an uplink that is
 * sent anyway; each chunk after the first is charged an empty uplink of its own.
 *
 * @param options The data rate and what goes with it.
 * @throws LinkError code `option`
 */
export function createLorawanLink(options: LorawanOptions): LinkModel {
  checkKnown("name", options.name, ["lorawan"]);
  return new LorawanLink(options);
}
