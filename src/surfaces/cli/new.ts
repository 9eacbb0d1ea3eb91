import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../../commands/index.ts';
import { Failure, messageOf, systemCodeOf } from '../../failure.ts';
import { packageFile } from '../../package.ts';
import type { Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import { nearestWord, readGroup } from '../../spec/index.ts';

const TEMPLATES = packageFile('templates');
const FILE = 'containergroup.yaml';

interface Template {
  readonly name: string;
  /** The first line of the file, which is a comment. */
  readonly summary: string;
  readonly text: string;
}

/** Writes a containergroup.yaml to begin with; without a template, says which there are. Never overwrites a file. */
export async function runNew({ words, options }: Command): Promise<Outcome> {
  const templates = await readTemplates();
  const [wanted, folder = '.'] = words;
  if (wanted === undefined) {
    const shown = templates.map(({ name, summary }) => ({ name, summary }));
    return say.done('templates', { templates: shown }, [
      {
        kind: 'table',
        columns: ['template', 'what it is'],
        rows: shown.map(({ name, summary }) => [name, summary]),
      },
      { kind: 'blank' },
      { kind: 'text', text: 'katabot new TEMPLATE writes one of them here.' },
    ]);
  }
  const template = templates.find(({ name }) => name === wanted) ?? unknownTemplate(wanted, templates);
  const name = String(options['name'] ?? template.name);
  const file = join(folder, FILE);
  await write(folder, file, renamed(template, name));
  return say.done('written', { file, template: template.name, name }, [
    say.stage('done', 'written', file),
    { kind: 'text', text: `    → katabot validate ${file}` },
    { kind: 'text', text: `    → katabot plan --file ${file}` },
  ]);
}

async function readTemplates(): Promise<Template[]> {
  const names = (await readdir(TEMPLATES)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(TEMPLATES, name, FILE), 'utf8');
      return { name, summary: /^# (.*)/.exec(text)?.[1] ?? '', text };
    }),
  );
}

function unknownTemplate(wanted: string, templates: readonly Template[]): never {
  const names = templates.map(({ name }) => name);
  const near = nearestWord(wanted, names);
  throw new Failure('usage', `There is no template "${wanted}".`, {
    advice: near ? `Did you mean: katabot new ${near}` : `There are ${names.join(', ')}.`,
  });
}

/** The group, and what it is called on the network, under another name. */
function renamed({ name, text }: Template, wanted: string): string {
  const written = text
    .replace(/^name: .*$/m, () => `name: ${wanted}`)
    .replace(/^( +dnsNameLabel: )(.*)$/m, (_line, before: string, label: string) =>
      wanted === name ? `${before}${label}` : `${before}${labelFor(wanted)}`,
    );
  const { group, problems } = readGroup(written, { file: FILE });
  const problem = problems.find(({ severity }) => severity === 'error');
  if (!problem && group?.name === wanted) return written;
  // What makes another file of it altogether is told of the name, not of the file.
  const said = problem?.path ? problem : undefined;
  throw new Failure('usage', said?.message ?? `"${wanted}" is no name for a group.`, {
    advice: said?.advice ?? 'Use letters, digits and hyphens: night-shop',
  });
}

/** ACI's labels have five characters at least. */
function labelFor(name: string): string {
  return name.length < 5 ? `${name}-page` : name;
}

async function write(folder: string, file: string, text: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') {
      throw new Failure('file-exists', `There is a ${file} already; it was left as it is.`, {
        advice: 'Name another folder: katabot new TEMPLATE FOLDER',
        cause: error,
      });
    }
    throw new Failure('file-unwritable', `${file} cannot be written: ${messageOf(error)}`, {
      advice: 'Choose a folder that you may write.',
      cause: error,
    });
  }
}
