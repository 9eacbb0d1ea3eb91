import { EVENT_ID, type Event, getScalarValue } from 'js-yaml';
import { eventsOf, isNothing, isPlainTag, isTextTag, startOf, tagProblem, tooDeep } from './events.ts';
import { type ListNode, type MapNode, type Node, type ScalarNode, YamlProblem } from './node.ts';
import { quoted } from './words.ts';

/** An alias stands for all it names: this many nodes are more than any container group has. */
const MOST_NODES = 20_000;
const DEEPEST = 32;

/** Reads one YAML 1.2 document (JSON is one too). Throws a YamlProblem; never anything else. */
export function readYaml(text: string): Node {
  const root = new Builder(text, eventsOf(text)).document();
  if (!root)
    throw new YamlProblem(
      'empty-file',
      'The file is empty.',
      0,
      'Start from a template: name, location, properties.containers.',
    );
  return root;
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
    if (depth > DEEPEST) throw tooDeep(DEEPEST, startOf(event));
    if (event.type === EVENT_ID.ALIAS) return this.#alias(event);
    if ('tagStart' in event && event.tagStart >= 0 && !isPlainTag(this.#tagOf(event)))
      throw tagProblem(event.tagStart);
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

  /** '' without one. */
  #tagOf(event: { tagStart: number; tagEnd: number }): string {
    return event.tagStart < 0 ? '' : this.#text.slice(event.tagStart, event.tagEnd);
  }

  #scalar(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>): ScalarNode {
    const plain = event.style === 1 && !isTextTag(this.#tagOf(event));
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

  /** A value that is not written stands right after what is, in a list at its hyphen. */
  #endBefore(): number {
    const end = this.#lastEnd();
    const hyphen = /(?:["'}\],\s]|#[^\n]*)*-/y;
    hyphen.lastIndex = end;
    return hyphen.test(this.#text) ? hyphen.lastIndex - 1 : end;
  }

  #lastEnd(): number {
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
          `${quoted(key.text)} stands here a second time (first in line ${this.#text.slice(0, twin.start).split('\n').length}).`,
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
        'What this alias stands for contains the alias itself.',
        event.anchorStart - 1,
        'Write the value out.',
      );
    const node = this.#anchors.get(name);
    if (!node)
      throw new YamlProblem(
        'yaml-syntax',
        'This * begins an alias, and nothing was marked with its & before.',
        event.anchorStart - 1,
        'Put the value in quotes if the * belongs to it, or mark what it stands for first.',
      );
    return node;
  }

  #weighed<T extends Node>(node: T, weight: number): T {
    if (weight > MOST_NODES)
      throw new YamlProblem(
        'too-many-nodes',
        `The document holds more than ${MOST_NODES.toLocaleString('en')} values, aliases unfolded.`,
        node.start,
        'Use fewer aliases, or put data into an image or a volume.',
      );
    this.#weights.set(node, weight);
    return node;
  }

  #peek(): number {
    return this.#events[this.#at]?.type ?? EVENT_ID.POP;
  }
}
