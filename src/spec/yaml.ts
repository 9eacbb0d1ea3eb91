import { EVENT_ID, type Event, getScalarValue, parseEvents, YAMLException } from 'js-yaml';
import { type ListNode, type MapNode, type Node, type ScalarNode, YamlProblem } from './node.ts';

/** An alias stands for all it names: this many nodes are more than any container group has. */
const MOST_NODES = 20_000;
const DEEPEST = 32;

/** Reads one YAML 1.2 document (JSON is one too). Throws a YamlProblem; never anything else. */
export function readYaml(text: string): Node {
  const nul = text.indexOf('\0');
  if (nul >= 0)
    throw new YamlProblem('yaml-syntax', 'The file holds a NUL byte.', nul, 'Save it as UTF-8 text.');
  const events = eventsOf(text);
  const builder = new Builder(text, events);
  const root = builder.document();
  if (!root)
    throw new YamlProblem(
      'empty-file',
      'The file is empty.',
      0,
      'Start from a template: name, location, properties.containers.',
    );
  return root;
}

function eventsOf(text: string): Event[] {
  try {
    return parseEvents(text, { maxDepth: 100 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const advice = /tab/i.test(error.reason)
      ? 'Indent with blanks.'
      : 'Check indentation, colons and quotes around here.';
    throw new YamlProblem(
      'yaml-syntax',
      `This is not valid YAML: ${error.reason}.`,
      error.mark?.position ?? 0,
      advice,
    );
  }
}

class Builder {
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #anchors = new Map<string, Node>();
  /** Nodes below each node, aliases counted in full. */
  readonly #weights = new Map<Node, number>();
  readonly #open = new Set<string>();
  #at = 0;

  constructor(text: string, events: readonly Event[]) {
    this.#text = text;
    this.#events = events;
  }

  document(): Node | undefined {
    let root: Node | undefined;
    while (this.#at < this.#events.length) {
      const event = this.#events[this.#at++];
      if (event?.type !== EVENT_ID.DOCUMENT) continue;
      const next = this.#events[this.#at];
      if (!next || next.type === EVENT_ID.POP || isNothing(next)) continue;
      if (root) {
        throw new YamlProblem(
          'several-documents',
          'The file holds more than one YAML document.',
          startOf(next),
          'Keep one container group in a file; name the others containergroup.yaml in folders of their own.',
        );
      }
      root = this.#node(0);
    }
    return root;
  }

  #node(depth: number): Node {
    const event = this.#events[this.#at++];
    if (!event)
      throw new YamlProblem('yaml-syntax', 'The file ends in the middle.', this.#text.length, 'Complete it.');
    if (depth > DEEPEST)
      throw new YamlProblem(
        'too-deep',
        `Nested deeper than ${DEEPEST} levels.`,
        startOf(event),
        'A container group nests about ten levels deep.',
      );
    if (event.type === EVENT_ID.ALIAS) return this.#alias(event);
    if ('tagStart' in event && event.tagStart >= 0) this.#refuseTag(event);
    const anchor =
      'anchorStart' in event && event.anchorStart >= 0
        ? this.#text.slice(event.anchorStart, event.anchorEnd)
        : undefined;
    if (anchor !== undefined) this.#open.add(anchor);
    const node = this.#withoutAnchor(event, depth);
    if (anchor !== undefined) {
      this.#open.delete(anchor);
      this.#anchors.set(anchor, node);
    }
    return node;
  }

  #withoutAnchor(event: Event, depth: number): Node {
    if (event.type === EVENT_ID.SCALAR) return this.#weighed(this.#scalar(event), 1);
    if (event.type === EVENT_ID.SEQUENCE) return this.#list(event.start, depth);
    if (event.type === EVENT_ID.MAPPING) return this.#map(event.start, depth);
    throw new YamlProblem(
      'yaml-syntax',
      'This is not valid YAML.',
      startOf(event),
      'Check the structure around here.',
    );
  }

  #refuseTag(event: { tagStart: number; tagEnd: number }): void {
    const tag = this.#text.slice(event.tagStart, event.tagEnd);
    if (/^!!(str|int|float|bool|null|map|seq)$/.test(tag)) return;
    throw new YamlProblem(
      'yaml-tag',
      `The tag ${tag} is not understood.`,
      event.tagStart,
      'Write the plain value; tags of programming languages are not read.',
    );
  }

  #scalar(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>): ScalarNode {
    const plain = event.style === 1;
    const start = event.valueStart < 0 ? this.#endBefore() : event.valueStart;
    const quote = event.style === 2 || event.style === 3 ? 1 : 0;
    return {
      kind: 'scalar',
      text: getScalarValue(this.#text, event),
      plain,
      start: start - quote,
      end: Math.max(start, event.valueEnd) + quote,
    };
  }

  /** A value that is not written stands right after what is. */
  #endBefore(): number {
    for (let at = this.#at - 2; at >= 0; at--) {
      const event = this.#events[at];
      if (event?.type === EVENT_ID.SCALAR && event.valueEnd >= 0) return event.valueEnd;
      if (event && 'start' in event && event.start >= 0) return event.start;
    }
    return 0;
  }

  #list(start: number, depth: number): ListNode {
    const items: Node[] = [];
    let weight = 1;
    while (this.#peek() !== EVENT_ID.POP) {
      const item = this.#node(depth + 1);
      items.push(item);
      weight += this.#weights.get(item) ?? 1;
    }
    this.#at++;
    return this.#weighed({ kind: 'list', items, start, end: items.at(-1)?.end ?? start + 1 }, weight);
  }

  #map(start: number, depth: number): MapNode {
    const entries: { key: ScalarNode; value: Node }[] = [];
    const seen = new Map<string, ScalarNode>();
    let weight = 1;
    while (this.#peek() !== EVENT_ID.POP) {
      const key = this.#node(depth + 1);
      if (key.kind !== 'scalar')
        throw new YamlProblem(
          'yaml-syntax',
          'A property name must be plain text.',
          key.start,
          'Write name: value.',
        );
      const twin = seen.get(key.text);
      if (twin) {
        throw new YamlProblem(
          'duplicate-key',
          `"${key.text}" stands here a second time (first in line ${this.#text.slice(0, twin.start).split('\n').length}).`,
          key.start,
          'Keep one of the two.',
        );
      }
      if (key.text === '<<' && key.plain)
        throw new YamlProblem(
          'yaml-merge',
          'The merge key << is not part of YAML 1.2.',
          key.start,
          'Write the properties out.',
        );
      seen.set(key.text, key);
      const value = this.#node(depth + 1);
      entries.push({ key, value });
      weight += 1 + (this.#weights.get(value) ?? 1);
    }
    this.#at++;
    return this.#weighed(
      { kind: 'map', entries, start, end: entries.at(-1)?.value.end ?? start + 1 },
      weight,
    );
  }

  #alias(event: { anchorStart: number; anchorEnd: number }): Node {
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    if (this.#open.has(name))
      throw new YamlProblem(
        'yaml-cycle',
        `*${name} contains itself.`,
        event.anchorStart,
        'Write the value out.',
      );
    const node = this.#anchors.get(name);
    if (!node)
      throw new YamlProblem(
        'yaml-syntax',
        `*${name} names nothing that was marked with &${name} before.`,
        event.anchorStart,
        `Mark the value with &${name} first.`,
      );
    return node;
  }

  #weighed<T extends Node>(node: T, weight: number): T {
    if (weight > MOST_NODES)
      throw new YamlProblem(
        'too-many-nodes',
        `The document unfolds to more than ${MOST_NODES.toLocaleString('en')} values.`,
        node.start,
        'Use fewer aliases.',
      );
    this.#weights.set(node, weight);
    return node;
  }

  #peek(): number {
    return this.#events[this.#at]?.type ?? EVENT_ID.POP;
  }
}

function startOf(event: Event): number {
  if ('start' in event) return Math.max(0, event.start);
  if ('valueStart' in event) return Math.max(0, event.valueStart);
  return 'anchorStart' in event ? Math.max(0, event.anchorStart) : 0;
}

function isNothing(event: Event): boolean {
  return event.type === EVENT_ID.SCALAR && event.valueStart < 0;
}
