import { isId } from "@zipml/protocol";

/** Who a client is, and so what it may do. */
export type Identity =
  | { readonly kind: "device"; readonly group: string; readonly id: string }
  | { readonly kind: "gateway"; readonly group: string; readonly id: string }
  /** Reads everything under the prefix, sends nothing. */
  | { readonly kind: "operator"; readonly id: string }
  /** A client of a broker that knows nobody: it may do everything. */
  | { readonly kind: "anonymous" }
  /** A connection within the process. */
  | { readonly kind: "inside" };

/** An identity that a certificate or a user's name stands for. */
export type NamedIdentity = Extract<Identity, { readonly id: string }>;

/** No group can be called so: a device can't take another role's name. */
const GATEWAY = "_gateway";
const OPERATOR = "_operator";

/**
 * The identity behind a certificate's common name or a user's name: `<group>.<device>`, `_gateway.<group>.<id>` or
 * `_operator.<id>`.
 *
 * @returns Undefined for a name of none of these forms.
 */
export function parseIdentity(name: string): NamedIdentity | undefined {
  const [first = "", second = "", third, ...rest] = name.split(".");
  if (rest.length > 0 || !isId(second)) return undefined;
  if (first === GATEWAY)
    return third !== undefined && isId(third) ? { kind: "gateway", group: second, id: third } : undefined;
  if (third !== undefined) return undefined;
  if (first === OPERATOR) return { kind: "operator", id: second };
  return isId(first) ? { kind: "device", group: first, id: second } : undefined;
}

/** The name of an identity: the inverse of {@link parseIdentity}, and the client id of devices and gateways. */
export function identityName(identity: NamedIdentity): string {
  if (identity.kind === "operator") return `${OPERATOR}.${identity.id}`;
  const name = `${identity.group}.${identity.id}`;
  return identity.kind === "gateway" ? `${GATEWAY}.${name}` : name;
}
