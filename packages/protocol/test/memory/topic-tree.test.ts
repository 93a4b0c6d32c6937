import fc from "fast-check";
import { expect, it } from "vitest";
import { createTopicTree } from "../../src/memory/topic-tree.ts";

/** The rule of MQTT 3.1.1 section 4.7, read one level after the other. */
function matches(filter: readonly string[], topic: readonly string[]): boolean {
  if (topic[0]?.startsWith("$") && (filter[0] === "+" || filter[0] === "#")) return false;
  for (const [i, level] of filter.entries()) {
    if (level === "#") return true;
    if (i >= topic.length || (level !== "+" && level !== topic[i])) return false;
  }
  return filter.length === topic.length;
}

const level = fc.constantFrom("a", "b", "", "$s");
const topics = fc.array(fc.array(level, { minLength: 1, maxLength: 4 }), { maxLength: 12 });
const filter = fc
  .array(fc.oneof(level, fc.constant("+")), { minLength: 1, maxLength: 4 })
  .chain((levels) => fc.constantFrom(levels, [...levels, "#"], ["#"]));
const text = (levels: readonly string[]) => levels.join("/");

it("finds what the rule finds, both ways, before and after removals", () => {
  fc.assert(
    fc.property(topics, fc.array(filter, { maxLength: 12 }), fc.nat(11), (names, filters, removed) => {
      const byFilter = createTopicTree<number>();
      const byTopic = createTopicTree<string>();
      filters.forEach((levels, i) => {
        byFilter.add(text(levels), i);
      });
      for (const name of names) byTopic.add(text(name), text(name));
      const gone = filters[removed];
      if (gone !== undefined) byFilter.remove(text(gone), removed);
      byFilter.remove("never/there", 3);
      for (const name of names) {
        const expected = filters.flatMap((levels, i) => (i !== removed && matches(levels, name) ? [i] : []));
        expect([...byFilter.matchTopic(text(name))].sort((a, b) => a - b)).toEqual(expected);
      }
      for (const levels of filters) {
        const expected = new Set(names.filter((name) => matches(levels, name)).map(text));
        expect(byTopic.matchFilter(text(levels))).toEqual(expected);
      }
    }),
  );
});
