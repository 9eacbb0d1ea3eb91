/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  readonly state: 'fine' | 'warning' | 'broken';
  readonly text: string;
  /** What to do about it; '' for what is fine. */
  readonly advice: string;
}

/** What is as it should be. */
export function fine(name: string, text: string): Finding {
  return { name, state: 'fine', text, advice: '' };
}

/** What goes on as it is, but not as it should. */
export function warning(name: string, text: string, advice: string): Finding {
  return { name, state: 'warning', text, advice };
}

/** What does not work before it is mended. */
export function broken(name: string, text: string, advice: string): Finding {
  return { name, state: 'broken', text, advice };
}
