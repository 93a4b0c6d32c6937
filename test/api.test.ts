import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apiListing } from "../scripts/api.mjs";

const root = new URL("..", import.meta.url).pathname;

describe("the public API", () => {
  it("is what docs/api.md lists: a change of it shows as a change of that page", () => {
    expect(readFileSync(join(root, "docs", "api.md"), "utf8"), "`node scripts/api.mjs` writes it").toBe(apiListing());
  });

  it("lists every subpath of every package", () => {
    const listing = apiListing();
    for (const name of readdirSync(join(root, "packages"))) {
      const file = join(root, "packages", name, "package.json");
      if (!existsSync(file)) continue;
      const { exports } = JSON.parse(readFileSync(file, "utf8")) as { exports: Record<string, unknown> };
      for (const path of Object.keys(exports).filter((key) => !key.endsWith(".json")))
        expect(listing).toContain(`## @zipml/${name}${path.slice(1)}\n`);
    }
  });
});
