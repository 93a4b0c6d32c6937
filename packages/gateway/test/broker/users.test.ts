import { describe, expect, it } from "vitest";
import { checkPassword, hashPassword, parsePasswordHash } from "../../src/broker/password.ts";
import { createUserBook } from "../../src/broker/users.ts";

const cheap = { logCost: 10 };
const bytes = (password: string) => Buffer.from(password);

describe("password hashes", () => {
  it("carry their parameters and a salt of their own, and never the password", async () => {
    const hash = await hashPassword("correct horse");
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await hashPassword("correct horse")).not.toBe(hash);
    const parsed = parsePasswordHash(hash);
    expect(parsed).toBeDefined();
    if (parsed === undefined) return;
    expect(await checkPassword("correct horse", parsed)).toBe(true);
    expect(await checkPassword("correct horsf", parsed)).toBe(false);
  });

  it("agree with the test vector of RFC 7914, section 12", async () => {
    const hash =
      "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640";
    const parsed = { logCost: 10, blockSize: 8, parallel: 16, salt: bytes("NaCl"), hash: Buffer.from(hash, "hex") };
    expect(await checkPassword("password", parsed)).toBe(true);
  });

  it.each([
    "",
    "plain",
    "$scrypt$ln=9,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "$scrypt$ln=20,r=32,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "$scrypt$ln=15,r=8,p=1$AA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AA",
    "$argon2id$v=19$m=1,t=1,p=1$AAAA$AAAA",
  ])("are not %j", (text) => expect(parsePasswordHash(text)).toBeUndefined());

  it("refuse a short password and a cost out of range, without the password in the message", async () => {
    await expect(hashPassword("short")).rejects.toMatchObject({
      code: "options",
      message: expect.not.stringContaining("short "),
    });
    await expect(hashPassword("long enough", { logCost: 30 })).rejects.toMatchObject({ code: "options" });
  });
});

describe("users", () => {
  it("log in with their password and nobody else's; an unknown name takes as long", async () => {
    const users = createUserBook([
      { name: "field.a", passwordHash: await hashPassword("password of a", cheap) },
      { name: "_operator.anna", passwordHash: await hashPassword("password of anna", cheap) },
    ]);
    expect(users.find("field.a")).toEqual({ kind: "device", group: "field", id: "a" });
    expect(users.find("field.b")).toBeUndefined();
    expect(await users.login("field.a", bytes("password of a"))).toBe("ok");
    expect(await users.login("field.a", bytes("password of a"))).toBe("ok"); // from the digest now
    for (const wrong of ["password of anna", "", "password of a "])
      expect(await users.login("field.a", bytes(wrong))).toBe("wrong");
    expect(await users.login("__proto__", bytes("password of a"))).toBe("wrong");
    expect(await users.login("field.b", bytes("password of a"))).toBe("wrong");
  });

  it("are checked two at a time; what does not fit in the line is told to come again", async () => {
    const users = createUserBook([{ name: "field.a", passwordHash: await hashPassword("password of a", cheap) }]);
    const logins = await Promise.all(
      Array.from({ length: 400 }, (_, i) => users.login("field.a", bytes(`guess ${i}`))),
    );
    expect(logins.filter((login) => login === "busy")).toHaveLength(400 - 256 - 2);
    expect(logins.filter((login) => login === "wrong")).toHaveLength(258);
    expect(await users.login("field.a", bytes("password of a"))).toBe("ok");
  });

  it("refuse names that stand for nobody, hashes that are none and names that come twice, without the hash", async () => {
    const passwordHash = await hashPassword("password of a", cheap);
    for (const users of [
      [{ name: "just-a-name", passwordHash }],
      [{ name: "field.a", passwordHash: "secret in the wrong place" }],
      [
        { name: "field.a", passwordHash },
        { name: "field.a", passwordHash },
      ],
    ])
      expect(() => createUserBook(users)).toThrow(
        expect.objectContaining({ code: "options", message: expect.not.stringMatching(/secret|scrypt\$ln=10/) }),
      );
  });
});
