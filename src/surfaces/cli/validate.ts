import { Failure, messageOf } from '../../failure.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import { groupSize, readGroup } from '../../spec/index.ts';

interface Sources {
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly readInput: () => Promise<Buffer>;
}

/** Checks files without a bot; what it prints as JSON is `{ "files": [{ "file", "valid", "problems": [...] }] }`. */
export async function runValidate(paths: readonly string[], sources: Sources): Promise<Outcome> {
  const files: { file: string; valid: boolean; problems: unknown[] }[] = [];
  const blocks: Block[] = [];
  for (const path of paths) {
    const file = path === '-' ? 'standard input' : path;
    const text = (await read(path, sources)).toString('utf8');
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

async function read(path: string, { readFile, readInput }: Sources): Promise<Buffer> {
  if (path === '-') return readInput();
  try {
    return await readFile(path);
  } catch (error) {
    throw new Failure('file-unreadable', `${path} cannot be read: ${messageOf(error)}`, {
      advice: 'Check the name of the file.',
      cause: error,
    });
  }
}
