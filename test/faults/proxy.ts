import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";

/** What happens to data messages on their way to the broker; each a probability. */
export interface Mischief {
  readonly duplicate: number;
  /** Held back until others have overtaken it. */
  readonly delay: number;
  /** Swallowed: the broker never sees it, so it never acknowledges it. */
  readonly lose: number;
}

/** What a proxy has done. */
export interface ProxyCounts {
  readonly duplicated: number;
  readonly delayed: number;
  readonly lost: number;
  readonly cut: number;
  readonly halfOpened: number;
}

/** A TCP proxy before a broker that can be asked for every kind of bad network. */
export interface TcpProxy {
  readonly port: number;
  readonly url: string;
  /** Ends every connection without a word. */
  cut(): void;
  /** From now on nothing passes on the connections there are, either way, and neither end is told. */
  halfOpen(): void;
  /** Lets so many bytes a second pass each way on each connection; undefined for as many as come. */
  slow(bytesPerSecond: number | undefined): void;
  /** Duplicates, reorders and loses data messages; undefined for none. */
  mischief(how: Mischief | undefined): void;
  counts(): ProxyCounts;
  close(): Promise<void>;
}

/** Settings that all connections of a proxy share. */
interface Weather {
  rate: number | undefined;
  mischief: Mischief | undefined;
  readonly random: () => number;
  readonly counts: { duplicated: number; delayed: number; lost: number; cut: number; halfOpened: number };
}

const tick = 20;
const publish = 3;

/** Whole MQTT packets out of a stream of bytes. */
function createPackets(): (data: Uint8Array) => Buffer[] {
  let rest = Buffer.alloc(0);
  return (data) => {
    rest = Buffer.concat([rest, data]);
    const packets: Buffer[] = [];
    for (;;) {
      let length = 0;
      let at = 1;
      for (let shift = 0; ; shift += 7, at++) {
        const byte = rest[at];
        if (byte === undefined) return packets;
        length += (byte & 127) * 2 ** shift;
        if (byte < 128) break;
      }
      const end = at + 1 + length;
      if (rest.length < end) return packets;
      packets.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}

/** Whether a packet is a publish to a topic of data messages. */
function isData(packet: Buffer): boolean {
  return (packet[0] ?? 0) >> 4 === publish && packet.subarray(0, 160).includes("/data");
}

/** One direction of a connection: a queue that a clock empties at the rate of the day. */
class Lane {
  readonly #to: Socket;
  readonly #weather: Weather;
  #waiting: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;
  #credit = 0;
  dead = false;

  constructor(to: Socket, weather: Weather) {
    this.#to = to;
    this.#weather = weather;
  }

  push(data: Buffer): void {
    if (this.dead) return;
    if (this.#weather.rate === undefined && this.#waiting.length === 0) {
      this.#to.write(data);
      return;
    }
    this.#waiting.push(data);
    this.#timer ??= setInterval(() => this.#drip(), tick);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
  }

  #drip(): void {
    const { rate } = this.#weather;
    this.#credit = rate === undefined ? Number.POSITIVE_INFINITY : Math.min(rate, this.#credit + (rate * tick) / 1000);
    while (this.#waiting.length > 0 && this.#credit >= 1) {
      const first = this.#waiting.shift() ?? Buffer.alloc(0);
      const part = first.subarray(0, Math.floor(Math.min(first.length, this.#credit)));
      if (!this.dead) this.#to.write(part);
      this.#credit -= part.length;
      if (part.length < first.length) this.#waiting.unshift(first.subarray(part.length));
    }
    if (this.#waiting.length === 0) this.end();
  }
}

/** What comes from a device goes through here, packet by packet. */
function createMeddler(lane: Lane, weather: Weather): (data: Buffer) => void {
  const packetsOf = createPackets();
  const held: { packet: Buffer; passes: number }[] = [];
  const send = (packet: Buffer): void => {
    lane.push(packet);
    for (const other of held) other.passes -= 1;
    while (held[0] !== undefined && held[0].passes <= 0) lane.push(held.shift()?.packet ?? Buffer.alloc(0));
  };
  return (data) => {
    for (const packet of packetsOf(data)) {
      const { mischief, random, counts } = weather;
      if (mischief === undefined || !isData(packet)) {
        send(packet);
        continue;
      }
      const fate = random();
      if (fate < mischief.lose) counts.lost += 1;
      else if (fate < mischief.lose + mischief.delay) {
        counts.delayed += 1;
        held.push({ packet, passes: 1 + Math.floor(random() * 5) });
      } else {
        send(packet);
        if (random() >= mischief.duplicate) continue;
        counts.duplicated += 1;
        send(packet);
      }
    }
  };
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly lanes: readonly Lane[];
}

function connect(client: Socket, target: number, weather: Weather, pairs: Set<Pair>): void {
  const upstream = createConnection(target, "127.0.0.1");
  client.setNoDelay(true);
  upstream.setNoDelay(true);
  const up = new Lane(upstream, weather);
  const down = new Lane(client, weather);
  const pair = { client, upstream, lanes: [up, down] };
  pairs.add(pair);
  client.on("data", createMeddler(up, weather));
  upstream.on("data", (data) => down.push(data));
  for (const [side, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    side.on("error", () => {});
    side.on("close", () => {
      // A dead connection is one whose end the other side does not hear of.
      if (!up.dead || side === client) other.destroy();
      for (const lane of pair.lanes) lane.end();
      pairs.delete(pair);
    });
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("expected a TCP address");
  return address.port;
}

/**
 * Starts a proxy.
 *
 * @param target Port of the broker on this machine, which need not be there yet.
 * @param random Uniform on [0, 1).
 */
export async function startProxy(target: number, random: () => number): Promise<TcpProxy> {
  const counts = { duplicated: 0, delayed: 0, lost: 0, cut: 0, halfOpened: 0 };
  const weather: Weather = { rate: undefined, mischief: undefined, random, counts };
  const pairs = new Set<Pair>();
  const server = createServer((client) => connect(client, target, weather, pairs));
  const port = await listen(server);
  const cut = (): void => {
    for (const { client, upstream } of pairs) {
      counts.cut += 1;
      client.destroy();
      upstream.destroy();
    }
  };
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    cut,
    halfOpen: () => {
      for (const { lanes } of pairs) {
        counts.halfOpened += 1;
        for (const lane of lanes) lane.dead = true;
      }
    },
    slow: (rate) => {
      weather.rate = rate;
    },
    mischief: (how) => {
      weather.mischief = how;
    },
    counts: () => ({ ...counts }),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
}
