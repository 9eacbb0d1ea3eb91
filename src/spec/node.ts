/** A part of a YAML document with its place: offsets into the text, in UTF-16 units, end exclusive. */
export type Node = ScalarNode | ListNode | MapNode;

interface Placed {
  readonly start: number;
  readonly end: number;
}

export interface ScalarNode extends Placed {
  readonly kind: 'scalar';
  /** The text as written, escapes undone: `1.10` stays `1.10`. */
  readonly text: string;
  /** Not quoted and not a block: such a `null`, `~` or nothing at all means absent. */
  readonly plain: boolean;
}

export interface ListNode extends Placed {
  readonly kind: 'list';
  readonly items: readonly Node[];
}

export interface MapNode extends Placed {
  readonly kind: 'map';
  readonly entries: readonly { readonly key: ScalarNode; readonly value: Node }[];
}

/** Why a text is no document that can be read, and where. */
export class YamlProblem extends Error {
  readonly offset: number;
  readonly code: string;
  readonly advice: string;

  constructor(code: string, message: string, offset: number, advice: string) {
    super(message);
    this.code = code;
    this.offset = offset;
    this.advice = advice;
  }
}

/** `null`, `~` and nothing at all: as if the property were not there. */
export function isAbsent(node: Node): boolean {
  return node.kind === 'scalar' && node.plain && /^(null|~|)$/i.test(node.text);
}
