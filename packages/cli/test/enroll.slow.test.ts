import { X509Certificate } from "node:crypto";
import { chmod, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { captureIo, run } from "../src/index.ts";
import { plantCsv, put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
let pki = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  pki = join(folder, "pki");
  await put(folder, "plant.csv", plantCsv(1000));
  const made = await zipml("enroll", "init", "--dir", pki, "--host", "gateway.local", "--group", "plant", "--json");
  expect(made.code, made.err).toBe(0);
});
afterEach(() => vi.unstubAllEnvs());

const read = (...path: string[]) => readFile(join(pki, ...path), "utf8");
const certificate = async (...path: string[]) => new X509Certificate(await read(...path));

/** `zipml gateway --json` on a free port; gives its address and its end. */
async function startGateway(...args: string[]) {
  const interrupt = new AbortController();
  const io = captureIo(interrupt.signal);
  let ended = false;
  const code = run(["gateway", "--json", "--port", "0", "--host", "127.0.0.1", ...args], io).finally(() => {
    ended = true;
  });
  const lines = () =>
    io.text.out
      .split("\n")
      .filter((line) => line !== "")
      .map((line): Record<string, unknown> => JSON.parse(line));
  const until = async (type: string) => {
    for (;;) {
      const found = lines().find((line) => line["type"] === type);
      if (found !== undefined) return found;
      if (ended) throw new Error(`the gateway ended: ${io.text.err}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const url = String((await until("listening"))["url"]);
  const stop = async () => {
    interrupt.abort();
    return code;
  };
  return { url, until, stop, text: io.text, [Symbol.asyncDispose]: async () => void (await stop()) };
}

describe("zipml enroll init", () => {
  it("makes an authority that signs no other, and the broker's certificate for all its names", async () => {
    const authority = await certificate("authority", "ca.pem");
    expect(authority.ca).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    const broker = await certificate("gateway", "cert.pem");
    expect(broker.ca).toBe(false);
    expect(broker.checkIssued(authority)).toBe(true);
    expect(broker.verify(authority.publicKey)).toBe(true);
    for (const host of ["gateway.local", "localhost"]) expect(broker.checkHost(host)).toBe(host);
    expect(broker.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(await read("gateway", "gateway.yaml")).toContain("broker-ca: ca.pem");
  });

  it("leaves what is there as it is", async () => {
    const before = await read("authority", "ca.key");
    const { code, err } = await zipml("enroll", "init", "--dir", pki, "--host", "other.local");
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/is there already: nothing was changed/) });
    expect(await read("authority", "ca.key")).toBe(before);
  });
});

describe("zipml enroll device, gateway and operator", () => {
  it("make a folder with what the machine needs, the key its owner's alone, no key of the authority in it", async () => {
    const { code, out, err } = await zipml(
      "enroll",
      "device",
      "--dir",
      pki,
      "--group",
      "plant",
      "--id",
      "press-1",
      "--json",
    );
    expect(code, err).toBe(0);
    const own = join(pki, "clients", "plant.press-1");
    expect(JSON.parse(out)).toMatchObject({ kind: "device", folder: own, configuration: join(own, "device.yaml") });
    expect((await readdir(own)).sort()).toEqual(["ca.pem", "cert.pem", "device.yaml", "key.pem"]);
    const made = await certificate("clients", "plant.press-1", "cert.pem");
    expect(made.subject).toBe("CN=plant.press-1");
    expect(made.verify((await certificate("authority", "ca.pem")).publicKey)).toBe(true);
    if (process.platform === "win32") return;
    for (const name of await readdir(own)) expect((await stat(join(own, name))).mode & 0o777).toBe(0o600);
    expect((await stat(own)).mode & 0o777).toBe(0o700);
  });

  it("name a gateway and an operator as nobody else can be named", async () => {
    expect((await zipml("enroll", "gateway", "--dir", pki, "--group", "plant", "--id", "north")).code).toBe(0);
    expect((await zipml("enroll", "operator", "--dir", pki, "--id", "anna")).code).toBe(0);
    const names = await Promise.all(
      ["_gateway.plant.north", "_operator.anna"].map(
        async (name) => (await certificate("clients", name, "cert.pem")).subject,
      ),
    );
    expect(names).toEqual(["CN=_gateway.plant.north", "CN=_operator.anna"]);
  });

  it.each([
    ["an id that is none", ["device", "--id", "a/b"], /device "a\/b" is not an id/],
    ["no id", ["device"], /--id is needed/],
    ["a folder without an authority", ["device", "--id", "a", "--dir", "/nowhere"], /no such file/],
    ["an unknown kind", ["sensor"], /unknown command/],
    ["a name that stands for nobody", ["user", "--name", "a"], /GROUP\.DEVICE/],
  ])("refuse %s in one line", async (_, args, says) => {
    const { code, err } = await zipml("enroll", ...args);
    expect({ code, lines: err.trim().split("\n").length }).toEqual({ code: 2, lines: 1 });
    expect(err).toMatch(says);
  });

  it.skipIf(process.platform === "win32")("refuse an authority that others can read", async () => {
    const key = join(pki, "authority", "ca.key");
    await chmod(key, 0o644);
    const { code, err } = await zipml("enroll", "device", "--dir", pki, "--id", "late");
    await chmod(key, 0o600);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/open to others: chmod 600/) });
  });

  it("tell how, with an example", async () => {
    for (const what of [[], ["init"], ["device"], ["gateway"], ["operator"], ["user"]]) {
      const { code, out } = await zipml("enroll", ...what, "--help");
      expect(code).toBe(0);
      expect(out).toMatch(/Example:\n {2}zipml enroll/);
    }
  });
});

describe("what was enrolled", () => {
  it("runs: a gateway and a device from their configuration files; others are refused", async () => {
    await zipml("enroll", "device", "--dir", pki, "--group", "plant", "--id", "press-2");
    await zipml("enroll", "operator", "--dir", pki, "--id", "ben");
    await using gateway = await startGateway("--config", join(pki, "gateway", "gateway.yaml"), "--every-rows", "1000");
    expect(gateway.url).toMatch(/^mqtts:/);
    const own = join(pki, "clients", "plant.press-2");
    const replay = [
      "--data",
      join(folder, "plant.csv"),
      "--target",
      "y",
      "--rate",
      "0",
      "--json",
      "--url",
      gateway.url,
    ];
    const sent = await zipml("device", "--config", join(own, "device.yaml"), ...replay);
    expect(sent.code, sent.err).toBe(0);
    expect(JSON.parse(sent.out)).toMatchObject({ id: "press-2", rows: 1000, left: 0 });
    await gateway.until("trained");
    const forged = await zipml(
      "device",
      "--config",
      join(own, "device.yaml"),
      ...replay,
      "--id",
      "press-9",
      "--timeout",
      "1",
    );
    expect(forged.code).toBe(2);
    const config = join(pki, "clients", "_operator.ben", "tail.yaml");
    const tail = await zipml("tail", "--config", config, "--url", gateway.url, "--kinds", "birth", "--count", "1");
    expect(tail.code, tail.err).toBe(0);
    expect(JSON.parse(tail.out)).toMatchObject({ topic: "zipml/1/plant/press-2/birth" });
    expect(gateway.text.err).toBe("");
  }, 60_000);
});

describe("zipml enroll user", () => {
  it("prints a line with a hash, from a password of the environment or one it makes", async () => {
    vi.stubEnv("ZIPML_PASSWORD", "a password that is given");
    const given = await zipml("enroll", "user", "--name", "plant.a");
    expect(given.out).toMatch(/^plant\.a:\$scrypt\$ln=15,r=8,p=1\$\S+\n$/);
    vi.stubEnv("ZIPML_PASSWORD", undefined);
    const made = JSON.parse((await zipml("enroll", "user", "--name", "plant.a", "--json")).out);
    expect(made).toMatchObject({ name: "plant.a", password: expect.stringMatching(/^[\w-]{32}$/) });
    expect(made.line).not.toContain(made.password);
  });

  it("fills a users file that a gateway takes; SIGHUP makes it read the file again", async () => {
    const file = join(folder, "users");
    const add = async (name: string) =>
      JSON.parse((await zipml("enroll", "user", "--name", name, "--file", file, "--json")).out);
    const { password } = await add("plant.press-3");
    await add("_operator.anna");
    if (process.platform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
    const twice = await zipml("enroll", "user", "--name", "plant.press-3", "--file", file);
    expect(twice.err).toMatch(/has a user plant\.press-3 already/);
    await using gateway = await startGateway("--group", "plant", "--users", file);
    const as = (id: string) => [
      ...["device", "--url", gateway.url, "--group", "plant", "--id", id, "--username", `plant.${id}`],
      ...["--data", join(folder, "plant.csv"), "--target", "y", "--rate", "0", "--timeout", "5"],
    ];
    vi.stubEnv("ZIPML_PASSWORD", password);
    const right = await zipml(...as("press-3"));
    expect(right.code, right.err).toBe(0);
    vi.stubEnv("ZIPML_PASSWORD", "not the password");
    const wrong = await zipml(...as("press-3"));
    expect(wrong.code).toBe(2);
    expect(wrong.err + wrong.out + gateway.text.err + gateway.text.out).not.toMatch(/not the password|scrypt/);
    if (process.platform === "win32") return;
    vi.stubEnv("ZIPML_PASSWORD", undefined);
    const late = await add("plant.press-4");
    process.kill(process.pid, "SIGHUP");
    while (!gateway.text.err.includes("read again")) await new Promise((resolve) => setTimeout(resolve, 10));
    vi.stubEnv("ZIPML_PASSWORD", late.password);
    const newcomer = await zipml(...as("press-4"));
    expect(newcomer.code, newcomer.err).toBe(0);
  }, 60_000);

  it("a gateway refuses a users file that others can read, that has a bad line, and one beyond this machine without any", async () => {
    const bad = await put(folder, "bad-users", "# users\nplant.a:$scrypt$ln=1\nnobody:secret-hash\n");
    await chmod(bad, 0o600);
    const refusals = [
      [["--users", bad], /bad-users:3: NAME:HASH is needed/],
      [["--users", join(folder, "plant.csv")], process.platform === "win32" ? /NAME:HASH/ : /open to others/],
      [["--host", "0.0.0.0", "--allow-plaintext"], /give users or tls\.ca, or allowAnonymous/],
    ] as const;
    for (const [args, says] of refusals) {
      const { code, err } = await zipml("gateway", "--port", "0", ...args);
      expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(says) });
      expect(err).not.toMatch(/secret-hash/);
    }
  });
});
