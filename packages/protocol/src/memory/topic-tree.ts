import { topicLevels } from "../topics.ts";

/** A level of the tree: what is stored at it, and the levels below. */
interface Node<Value> {
  readonly values: Set<Value>;
  readonly below: Map<string, Node<Value>>;
}

/** Values stored under topics or filters, found by their counterpart without a look at every one. */
export interface TopicTree<Value> {
  add(path: string, value: Value): void;
  remove(path: string, value: Value): void;
  /** The values under every filter that matches a topic, each once. */
  matchTopic(topic: string): Set<Value>;
  /** The values under every topic that a filter matches, each once. */
  matchFilter(filter: string): Set<Value>;
}

/** A tree with nothing in it. */
export function createTopicTree<Value>(): TopicTree<Value> {
  const root = node<Value>();

  const add = (path: string, value: Value): void => {
    let at = root;
    for (const level of topicLevels(path)) {
      const next = at.below.get(level) ?? node<Value>();
      at.below.set(level, next);
      at = next;
    }
    at.values.add(value);
  };
  const remove = (path: string, value: Value): void => {
    const trail: [Node<Value>, string][] = [];
    let at = root;
    for (const level of topicLevels(path)) {
      const next = at.below.get(level);
      if (next === undefined) return;
      trail.push([at, level]);
      at = next;
    }
    at.values.delete(value);
    for (const [parent, level] of trail.reverse()) {
      const child = parent.below.get(level);
      if (child === undefined || child.values.size > 0 || child.below.size > 0) return;
      parent.below.delete(level);
    }
  };
  const matchTopic = (topic: string): Set<Value> => {
    const levels = topicLevels(topic);
    const found = new Set<Value>();
    const visit = (at: Node<Value>, depth: number): void => {
      // a wildcard at the first level leaves topics with $ alone (MQTT 3.1.1, section 4.7.2)
      const wild = depth > 0 || !topic.startsWith("$");
      if (wild) collect(at.below.get("#"), found);
      const level = levels[depth];
      if (level === undefined) {
        collect(at, found);
        return;
      }
      const exact = at.below.get(level);
      if (exact !== undefined) visit(exact, depth + 1);
      const any = wild ? at.below.get("+") : undefined;
      if (any !== undefined) visit(any, depth + 1);
    };
    visit(root, 0);
    return found;
  };
  const matchFilter = (filter: string): Set<Value> => {
    const levels = topicLevels(filter);
    const found = new Set<Value>();
    const visit = (at: Node<Value>, depth: number): void => {
      const level = levels[depth];
      if (level === undefined) collect(at, found);
      else if (level === "#") collectAll(at, found, depth === 0);
      else if (level === "+") {
        for (const [name, next] of at.below) if (depth > 0 || !name.startsWith("$")) visit(next, depth + 1);
      } else {
        const next = at.below.get(level);
        if (next !== undefined) visit(next, depth + 1);
      }
    };
    visit(root, 0);
    return found;
  };
  return { add, remove, matchTopic, matchFilter };
}

function node<Value>(): Node<Value> {
  return { values: new Set(), below: new Map() };
}

function collect<Value>(at: Node<Value> | undefined, found: Set<Value>): void {
  if (at !== undefined) for (const value of at.values) found.add(value);
}

function collectAll<Value>(at: Node<Value>, found: Set<Value>, top: boolean): void {
  collect(at, found);
  for (const [name, next] of at.below) if (!top || !name.startsWith("$")) collectAll(next, found, false);
}
