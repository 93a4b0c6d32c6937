import { createQuantizer, defineGrid, type Grid, GridError, type Quantizer, type Schema } from "@zipml/codec";
import { checkBirthSize } from "./birth-size.ts";

/** Grids that are to be put in force; one that is left out stays as it is. */
export interface GridChange {
  readonly grid?: Grid | undefined;
  /** A coarser grid for a full outbox. */
  readonly thin?: Grid | undefined;
}

/** What the grids of a session are at one time. */
export interface GridPlan {
  /** All grids of the session, the one in force last. */
  readonly grids: readonly Grid[];
  /** Epoch of the one for a full outbox, if there is one. */
  readonly thin: number | undefined;
}

/** The grids of a session: the one in force, the one for a full outbox, and those that frames still kept may name. */
export interface GridBook extends GridPlan {
  /** Encoder of the grid in force. */
  readonly quantizer: Quantizer;
  /** Encoder of the grid for a full outbox; undefined where there is none, or none that is narrower than the one in force. */
  readonly thinQuantizer: Quantizer | undefined;
  /**
   * What {@link GridBook.adopt} would make of it; undefined where it changes nothing.
   *
   * @throws `GridError` as {@link GridBook.adopt}
   */
  check(change: GridChange): GridPlan | undefined;
  /**
   * Puts grids in force.
   *
   * @returns Whether anything is another than before.
   * @throws `GridError`: one does not fit the schema, its epoch stands for another grid already, or `thin` is not narrower
   * than the grid in force.
   */
  adopt(change: GridChange): boolean;
}

/** Grids that birth may name; older ones are left out of it. */
const mostGrids = 64;

interface State {
  /** All that were ever in force or named, in that order. */
  readonly known: readonly Grid[];
  readonly main: Quantizer;
  readonly thin: Quantizer | undefined;
}

function planOf({ known, main, thin }: State): GridPlan {
  const last = thin === undefined || thin.grid === main.grid ? [main.grid] : [thin.grid, main.grid];
  const before = known.filter((grid) => !last.includes(grid));
  return {
    grids: [...before.slice(Math.max(0, before.length + last.length - mostGrids)), ...last],
    thin: thin?.grid.epoch,
  };
}

/** The grid as the session knows it, or a new one. @throws `GridError` */
function recall(known: readonly Grid[], schema: Schema, grid: Grid): Grid {
  const checked = defineGrid(schema, grid);
  const same = known.find(({ epoch }) => epoch === checked.epoch);
  if (same !== undefined && JSON.stringify(same) !== JSON.stringify(checked))
    throw new GridError("grid", `epoch ${checked.epoch} stands for another grid in this session`);
  if (same === undefined) checkBirthSize(schema, checked);
  return same ?? checked;
}

const withGrid = (known: readonly Grid[], grid: Grid): readonly Grid[] =>
  known.includes(grid) ? known : [...known, grid];

function withMain(state: State, schema: Schema, given: Grid): State {
  const { known, main, thin } = state;
  const grid = recall(known, schema, given);
  if (grid === main.grid) return state;
  if (known.includes(grid) && grid !== thin?.grid)
    throw new GridError("grid", `epoch ${grid.epoch} was replaced by ${main.grid.epoch}`);
  return { known: withGrid(known, grid), main: createQuantizer(grid), thin };
}

function withThin(state: State, schema: Schema, given: Grid): State {
  const { known, main, thin } = state;
  const grid = recall(known, schema, given);
  if (grid === thin?.grid) return state;
  const quantizer = createQuantizer(grid);
  if (quantizer.rowBits >= main.rowBits) {
    const widths = `a row has ${quantizer.rowBits} bits under it and ${main.rowBits} under grid ${main.grid.epoch}`;
    throw new GridError("grid", `grid ${grid.epoch} can't thin: ${widths}`);
  }
  return { known: withGrid(known, grid), main, thin: quantizer };
}

/**
 * @param schema Channels that every grid must cover.
 * @param first The grid that the session starts with.
 * @param thin The grid for a full outbox that an earlier session was told of; one that does not go with the first is left out.
 */
export function createGridBook(schema: Schema, first: Grid, thin?: Grid): GridBook {
  const begin: State = { known: [first], main: createQuantizer(first), thin: undefined };
  let state = thin === undefined ? begin : orElse(() => withThin(begin, schema, thin), begin);
  const next = ({ grid, thin: coarse }: GridChange): State => {
    const changed = grid === undefined ? state : withMain(state, schema, grid);
    return coarse === undefined ? changed : withThin(changed, schema, coarse);
  };
  return {
    get quantizer() {
      return state.main;
    },
    get thinQuantizer() {
      const { main, thin: coarse } = state;
      return coarse !== undefined && coarse.rowBits < main.rowBits ? coarse : undefined;
    },
    get grids() {
      return planOf(state).grids;
    },
    get thin() {
      return state.thin?.grid.epoch;
    },
    check: (change) => {
      const changed = next(change);
      return changed === state ? undefined : planOf(changed);
    },
    adopt: (change) => {
      const before = state;
      state = next(change);
      return state !== before;
    },
  };
}

function orElse(make: () => State, otherwise: State): State {
  try {
    return make();
  } catch (error) {
    if (error instanceof GridError) return otherwise;
    throw error;
  }
}
