import { type Problem, placeOf } from '../spec/index.ts';

/** A problem that only the bot can see (a label that is taken, a location that does not exist), put at its property. */
export function problemAt(
  file: { path: string; text: string },
  problem: Pick<Problem, 'code' | 'own' | 'path' | 'message' | 'advice'>,
): Problem {
  return { severity: 'error', file: file.path, ...placeOf(file.text, problem.path), ...problem };
}
