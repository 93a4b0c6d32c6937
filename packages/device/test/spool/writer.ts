// A device without the rest: takes rows in and seals them as fast as it can until it is killed. What was answered goes
// to standard output, by a write that is done when it returns.
import { writeSync } from "node:fs";
import { openSpool } from "../../src/spool/spool.ts";
import { frameOf, noteOf, rowOf } from "./support.ts";

const [folder = "", first = "0"] = process.argv.slice(2);
const tell = (line: string): void => {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error; // the reader is behind
    }
  }
};

try {
  const spool = await openSpool({ directory: folder, segmentBytes: 4096 });
  const session = spool.nextSession;
  await spool.note(noteOf(session));
  tell(`open ${session}`);
  let id = Number(first);
  for (let sequence = 0; ; sequence++) {
    await Promise.all(
      Array.from({ length: 12 }, () => {
        const mine = id++;
        return spool.append(rowOf(mine, session)).then(() => tell(`row ${mine}`));
      }),
    );
    const ids = (await spool.unsealed(9)).map(({ time }) => time);
    await spool.seal(frameOf(sequence, ids, session));
    tell(`frame ${session}/${sequence} ${ids.join(",")}`);
    if (sequence % 8 === 7) {
      tell(`release ${session}/${sequence - 4}`);
      await spool.release({ session, floor: sequence - 3, ranges: [] });
    }
  }
} catch (error) {
  tell(`error ${error instanceof Error && "code" in error ? error.code : error}`);
}
