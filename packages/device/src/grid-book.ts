import { createQuantizer, defineGrid, type Grid, GridError, type Quantizer, type Schema } from "@zipml/codec";

/** The grids of a session: the one in force and those that frames still kept may name. */
export interface GridBook {
  /** Encoder of the grid in force. */
  readonly quantizer: Quantizer;
  /** All grids of the session, the one in force last. */
  readonly grids: readonly Grid[];
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
  return {
    get quantizer() {
      return quantizer;
    },
    get grids() {
      return grids.slice(-mostGrids);
    },
    adopt: (grid) => {
      const checked = defineGrid(schema, grid);
      const known = grids.find(({ epoch }) => epoch === checked.epoch);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(checked))
        throw new GridError("grid", `epoch ${checked.epoch} stands for another grid in this session`);
      if (known === quantizer.grid) return false;
      if (known !== undefined)
        throw new GridError("grid", `epoch ${checked.epoch} was replaced by ${quantizer.grid.epoch}`);
      quantizer = createQuantizer(checked);
      grids.push(checked);
      return true;
    },
  };
}
