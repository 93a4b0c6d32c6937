import { createQuantizer, defineGrid, type Grid, GridError, type Quantizer, type Schema } from "@zipml/codec";

/** The grids of a session: the one in force and those that frames still kept may name. */
export interface GridBook {
  /** Encoder of the grid in force. */
  readonly quantizer: Quantizer;
  /** All grids of the session, the one in force last. */
  readonly grids: readonly Grid[];
  /**
   * What {@link GridBook.adopt} would put in force; undefined for the grid that is in force already.
   *
   * @throws `GridError` as {@link GridBook.adopt}
   */
  check(grid: Grid): Grid | undefined;
  /**
   * Puts a grid in force.
   *
   * @returns Whether it is another one than before.
   * @throws `GridError`: it does not fit the schema, or its epoch stands for another grid already.
   */
  adopt(grid: Grid): boolean;
}

/** Grids that birth may name; older ones are left out of it. */
const mostGrids = 64;

/**
 * @param schema Channels that every grid must cover.
 * @param first The grid that the session starts with.
 */
export function createGridBook(schema: Schema, first: Grid): GridBook {
  const grids: Grid[] = [first];
  let quantizer = createQuantizer(first);
  const check = (grid: Grid): Grid | undefined => {
    const checked = defineGrid(schema, grid);
    const known = grids.find(({ epoch }) => epoch === checked.epoch);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(checked))
      throw new GridError("grid", `epoch ${checked.epoch} stands for another grid in this session`);
    if (known === quantizer.grid) return undefined;
    if (known !== undefined)
      throw new GridError("grid", `epoch ${checked.epoch} was replaced by ${quantizer.grid.epoch}`);
    return checked;
  };
  return {
    get quantizer() {
      return quantizer;
    },
    get grids() {
      return grids.slice(-mostGrids);
    },
    check,
    adopt: (grid) => {
      const checked = check(grid);
      if (checked === undefined) return false;
      quantizer = createQuantizer(checked);
      grids.push(checked);
      return true;
    },
  };
}
