import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import { groupSize, readGroup } from '../../spec/index.ts';
import { readText } from './files.ts';
import type { CliParts } from './parts.ts';

/** Checks files without a bot; what it prints as JSON is `{ "files": [{ "file", "valid", "problems": [...] }] }`. */
export async function runValidate(
  paths: readonly string[],
  sources: Pick<CliParts, 'readFile' | 'keyboard'>,
): Promise<Outcome> {
  const files: { file: string; valid: boolean; problems: unknown[] }[] = [];
  const blocks: Block[] = [];
  for (const path of paths) {
    const file = path === '-' ? 'standard input' : path;
    const text = await readText(path, sources);
    const { group, problems } = readGroup(text, { file });
    files.push({
      file,
      valid: group !== undefined,
      problems: problems.map(({ severity, code, line, column, path: property, message, advice }) => ({
        severity,
        code,
        line,
        column,
        path: property,
        message,
        advice,
      })),
    });
    blocks.push(...problems.map((problem) => say.problemBlock(problem, text)));
    if (group) blocks.push(say.specStage(file, group, groupSize(group), 0));
    else blocks.push(say.stage('failed', file, say.errorCount(problems)));
  }
  const valid = files.every((file) => file.valid);
  return { kind: valid ? 'done' : 'invalid', code: 'validated', blocks, data: { files } };
}
