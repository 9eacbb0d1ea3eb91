/** How long groups of an environment live. Both undefined: for ever. */
export interface Life {
  /** For a group that is new, and of which nobody said anything. */
  readonly ttlMs?: number;
  /** Counted from the moment that somebody deploys or extends. */
  readonly longestMs?: number;
}

/** The life of an environment: of its own name, else of the first pattern (`pr-*`) that fits it. */
export function lifeOf(rules: Readonly<Record<string, Life>>, environment: string): Life {
  const fits = (pattern: string) =>
    new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`).test(environment);
  return rules[environment] ?? Object.entries(rules).find(([pattern]) => fits(pattern))?.[1] ?? {};
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
