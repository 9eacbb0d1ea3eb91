import type { Problem } from '../spec/index.ts';

/**
 * A problem that only the bot can see (a label that is taken, a location that does not exist), put at the line of the
 * property that causes it. The spec's own check has accepted the file, so the first line with that key is the one.
 */
export function problemAt(
  file: { path: string; text: string },
  key: string,
  problem: { code: string; own: boolean; path: string; message: string; advice: string },
): Problem {
  const lines = file.text.split(/\r?\n/);
  const index = lines.findIndex((line) => new RegExp(`^\\s*(- )?["']?${key}["']?\\s*:`, 'i').test(line));
  const line = lines[index] ?? '';
  return {
    severity: 'error',
    file: file.path,
    line: index + 1 || 1,
    column: index < 0 ? 1 : line.search(/\S/) + 1,
    ...problem,
  };
}
