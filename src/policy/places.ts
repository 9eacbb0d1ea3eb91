/** Where something is done. A part that is absent is not known, or may be any; `*` is all of them at once. */
export interface Place {
  readonly environment?: string;
  readonly repository?: string;
}

/** Where a grant holds: lists of names, or of patterns with `*`. */
export interface Area {
  readonly environments: readonly string[];
  readonly repositories: readonly string[];
}

export const EVERYTHING = '*';

/** Whether an area holds all of a place: an unknown part has to be held whole, because it could be anything. */
export function covers(area: Area, place: Place): boolean {
  return holds(area.environments, place.environment) && holds(area.repositories, place.repository);
}

/** Whether an area holds something of a place. */
export function touches(area: Area, place: Place): boolean {
  return (
    (place.environment === undefined || holds(area.environments, place.environment)) &&
    (place.repository === undefined || holds(area.repositories, place.repository))
  );
}

/** Whether one of the patterns stands for the name; without a name, whether one stands for every name. */
export function holds(patterns: readonly string[], name: string | undefined): boolean {
  if (name === undefined) return patterns.includes(EVERYTHING);
  return patterns.some((pattern) => matches(pattern, name));
}

/** `*` stands for any characters, also for none; everything else for itself. Never slower than pattern times name. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (!rest.length) return pattern === name;
  const last = rest.pop() ?? '';
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
    return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
