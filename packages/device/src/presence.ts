import type { MessageOf } from "@zipml/protocol";

/** Which gateways are there, by what they say of themselves. */
export interface Presence {
  /** Takes a gateway's state; one older than what is known of it changes nothing. */
  take(state: MessageOf<"state">): void;
  /** Whether every gateway that was heard of says that it is gone. False as long as none was heard of. */
  readonly isAway: boolean;
}

/** Most gateways that are told apart. */
const mostGateways = 64;

/** No gateway heard of yet. */
export function createPresence(): Presence {
  const states = new Map<string, MessageOf<"state">>();
  return {
    take: (state) => {
      const known = states.get(state.id);
      if (known === undefined ? states.size < mostGateways : known.at <= state.at) states.set(state.id, state);
    },
    get isAway() {
      return states.size > 0 && [...states.values()].every(({ online }) => !online);
    },
  };
}
