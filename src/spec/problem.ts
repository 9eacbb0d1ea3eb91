import type { Node } from './node.ts';

/** A mistake in a spec, or something that deserves a word. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** ACI's own code where it has one, spelt as ACI spells it. */
  readonly code: string;
  /** Whether the code is Katabot's own, because ACI has none or it is not known. */
  readonly own: boolean;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  readonly endColumn?: number;
  /** Where in the document, such as `properties.containers[0].properties.image`. */
  readonly path: string;
  /** One sentence: what is wrong. Never holds the value of a secret. */
  readonly message: string;
  /** What to write instead. */
  readonly advice: string;
}

/** What is wrong, before its place in the file is looked up. Codes that begin with a capital are ACI's. */
export interface Finding {
  readonly severity?: 'warning';
  readonly code: string;
  readonly path: string;
  /** Points at the name of the property instead of its value. */
  readonly atKey?: boolean;
  /** Points here, where the path alone would not tell. */
  readonly at?: Node;
  readonly message: string;
  readonly advice: string;
}

/** Something that an engine cannot do yet, wherever a spec asks for it. */
export interface Gap {
  /** Path with `*` for every index, such as `properties.containers[*].properties.livenessProbe`. */
  readonly path: string;
  /** Only when the value is this one, in any case. */
  readonly equals?: string;
  /** Not when the value is one of these, in any case. */
  readonly except?: readonly string[];
  /** Only in groups of this system. */
  readonly osType?: 'Windows';
  readonly severity: 'error' | 'warning';
  readonly because: string;
  readonly advice: string;
}

/** The place of a path in the file; the nearest enclosing place for one that is not written there. */
export type Locate = (finding: Pick<Finding, 'path' | 'atKey' | 'at'>) => {
  line: number;
  column: number;
  endColumn?: number;
};

export function problemFrom(finding: Finding, file: string, locate: Locate): Problem {
  const { severity, code, path, message, advice } = finding;
  return {
    severity: severity ?? 'error',
    code,
    own: !/^[A-Z]/.test(code),
    file,
    path,
    message,
    advice,
    ...locate(finding),
  };
}
