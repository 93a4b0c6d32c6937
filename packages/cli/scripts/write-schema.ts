/** Writes the JSON schema of the configuration file. Run from source: `npm run schema -w @zipml/cli`. */
import { mkdir, writeFile } from "node:fs/promises";
import { configJsonSchema } from "../src/config/json-schema.ts";

const folder = new URL("../schema/", import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL("zipml.schema.json", folder), configJsonSchema());
