import { createServer } from "node:net";
import { Aedes } from "aedes";

/** An MQTT broker on a free port of this machine, gone when disposed. */
export async function startBroker(): Promise<AsyncDisposable & { readonly url: string }> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  await new Promise<void>((settle, fail) => {
    server.once("error", fail);
    server.listen(0, "127.0.0.1", settle);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("expected a TCP address");
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((settle) => broker.close(() => settle()));
      await new Promise<void>((settle) => server.close(() => settle()));
    },
  };
}
