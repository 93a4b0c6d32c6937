export { type CsvRecord, readCsv } from "./csv.ts";
export { encodedFrames, type FrameCut } from "./encoded-frames.ts";
export { DataError, type DataErrorCode, type DataErrorFacts } from "./errors.ts";
export { lagEncoded, laggedRows, lagValues, rowsReached, type Series, seriesOf } from "./lagged.ts";
export { parseCell } from "./number-cell.ts";
export {
  type FrameBytes,
  frameBytes,
  type GridChoice,
  type PlannedChannel,
  type PlannedGrid,
  plannedGrid,
} from "./planned-grid.ts";
export {
  columnRanges,
  columnSchema,
  type EncodedRows,
  type EncodeOptions,
  encodeRows,
  type Rows,
  rawRows,
  taskOf,
} from "./source.ts";
export { hashOrder, hashSplit, type Split, timeSplit } from "./split.ts";
export { readTable, rowMajor, type Selection, type Table } from "./table.ts";
export { fileError, openText } from "./text-file.ts";
