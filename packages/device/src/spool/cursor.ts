import { join } from "node:path";
import { diskError, systemCode } from "./errors.ts";
import { readWhole, type SpoolFiles, syncFolder, withFile, writeAll } from "./files.ts";
import { type CursorState, encodeRecord, recordSize } from "./record.ts";
import { type Damage, encodeSegmentHead, scanSegment, segmentHead } from "./segment.ts";

const name = "cursor";
const temporary = "cursor.new";

/**
 * Replaces the cursor: head of a segment with number 0, then the same record twice, so that one bad byte costs nothing.
 * It is written to another file, synced, renamed and the folder synced: a crash leaves the old one or the new one. Only
 * then may segments be deleted.
 *
 * @throws `SpoolError` with code `disk`; the old cursor is still in force.
 */
export async function writeCursor(files: SpoolFiles, folder: string, state: CursorState): Promise<void> {
  const record = { type: "cursor", state } as const;
  const first = encodeRecord(record, 0, segmentHead);
  const second = encodeRecord(record, 0, segmentHead + recordSize(record));
  const bytes = Buffer.concat([encodeSegmentHead("frames", 0), first, second]);
  try {
    await withFile(files, join(folder, temporary), "w", async (file) => {
      await writeAll(file, bytes, 0);
      await file.sync();
    });
    await files.rename(join(folder, temporary), join(folder, name));
    await syncFolder(files, folder);
  } catch (error) {
    throw diskError("writing", name, error);
  }
}

/**
 * Reads the cursor.
 *
 * @returns The state, if there is one that holds, and what of the file does not.
 * @throws `SpoolError` with code `disk` or `version`.
 */
export async function readCursor(
  files: SpoolFiles,
  folder: string,
): Promise<{ readonly state: CursorState | undefined; readonly damage: readonly Damage[] }> {
  let bytes: Uint8Array;
  try {
    bytes = await readWhole(files, join(folder, name));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return { state: undefined, damage: [] };
    throw diskError("reading", name, error);
  }
  const { records, damage } = scanSegment(bytes, 0);
  const [state] = records.flatMap(({ record }) => (record.type === "cursor" ? [record.state] : []));
  return { state, damage: damage.map((one) => ({ ...one, file: name })) };
}
