import type { Command } from './verb.ts';
/** placeholder of the grammar slice */
export function commandText(command: Command): string {
  return command.verb.name;
}
