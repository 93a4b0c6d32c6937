import type { Grid, Schema } from "@zipml/codec";
import type { MessageOf } from "@zipml/protocol";
import { fitsBirth } from "./birth-size.ts";
import type { ResolvedOptions } from "./options.ts";
import type { KeptSession } from "./outbox.ts";

type Birth = MessageOf<"birth">;

/** Births that belong together; the last says what is in force. */
export type Births = readonly [...Birth[], Birth];

/** Sessions before this one that births name: with this one as many as a gateway keeps of a device. */
const mostEarlier = 63;
/** Grids that births name of each session. */
const mostGrids = 64;

/** What frames kept of an earlier session mean under one grid. */
interface EarlierGrid {
  readonly kept: KeptSession;
  readonly grid: Grid;
}

const isSameSchema = (a: Schema, b: Schema): boolean => JSON.stringify(a.channels) === JSON.stringify(b.channels);

/** Units in as few messages as halving gives, each within the size of one; a unit alone is taken as it is. */
function split<Unit>(units: readonly Unit[], make: (units: readonly Unit[]) => Birth): Birth[] {
  if (units.length === 0) return [];
  const message = make(units);
  if (units.length === 1 || fitsBirth(message)) return [message];
  const half = Math.ceil(units.length / 2);
  return [...split(units.slice(0, half), make), ...split(units.slice(half), make)];
}

function earlierField(units: readonly EarlierGrid[], present: Schema): NonNullable<Birth["earlier"]> {
  const sessions = new Set(units.map(({ kept }) => kept));
  return [...sessions].map((kept) => {
    const { session, startedAt, schema } = kept;
    const grids = units.filter((unit) => unit.kept === kept).map(({ grid }) => grid);
    return { session, startedAt, grids, ...(isSameSchema(schema, present) ? {} : { schema }) };
  });
}

/**
 * The births of a session: what its frames mean, and those that are kept from sessions before it. One message where that
 * fits; else several, of which the first says what is in force now, and the last, which a broker keeps, says it again. A
 * gateway that has not heard the others asks for all of them once it gets a frame that it can't read.
 *
 * Where more earlier sessions are kept than a gateway holds, the oldest are named; by the time it asks for a birth again,
 * receipts have freed some.
 *
 * @param options The agent's options.
 * @param startedAt The session's start, ms since 1970.
 * @param grids All grids of the session, the one in force last.
 * @param desired Version of the desired configuration that is applied.
 * @returns In the order in which they are to be sent; each is a birth in itself.
 */
export function birthMessages(
  { session, schema, software, outbox }: ResolvedOptions,
  startedAt: number,
  grids: readonly Grid[],
  desired: number | undefined,
): Births {
  const own = { session, startedAt, schema, software, ...(desired === undefined ? {} : { desired }) };
  const inForce = grids.slice(-1);
  const pair = { ...own, grids: grids.slice(-2) }; // a grid for a full outbox stands before the one in force
  const newest = fitsBirth(pair) ? pair : { ...own, grids: inForce };
  const kept = outbox
    .sessions()
    .filter((one) => one.session !== session)
    .slice(0, mostEarlier);
  const units = kept.flatMap((one) => one.grids.slice(-mostGrids).map((grid) => ({ kept: one, grid })));
  const whole = { ...own, grids, ...(units.length === 0 ? {} : { earlier: earlierField(units, schema) }) };
  if (fitsBirth(whole)) return [whole];
  const withEarlier = (some: readonly EarlierGrid[]): Birth => {
    const message = { ...own, grids: inForce, earlier: earlierField(some, schema) };
    const [only] = some;
    if (some.length > 1 || only === undefined || fitsBirth(message)) return message;
    // Two schemas are too much for one message: this one says what the earlier session's own birth said.
    const { session: before, startedAt: since, schema: its } = only.kept;
    return { session: before, startedAt: since, schema: its, software, grids: [only.grid] };
  };
  return [
    newest, // a gateway that reads no more than so many bytes at once knows this then
    ...split(units, withEarlier),
    ...split(grids.slice(0, -1), (some) => ({ ...own, grids: some })),
    newest,
  ];
}
