/** The same lines through the command line, the HTTP API and a push option: the same outcomes, whichever door they take. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { type Block, drawPlain, type Outcome } from '../../src/replies/index.ts';
import { type AppInTest, commitFiles, git, startApp } from '../world/bot.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

/** Over a hundred processes, one after the other at each door. */
const LONGEST_SET_UP_MS = 240_000;
const MAIN = resolve(import.meta.dirname, '../../src/main.mjs');

const GROUP = (name: string, text: string) =>
  JSON.stringify({
    name,
    location: 'local',
    properties: {
      osType: 'Linux',
      containers: [
        {
          name: 'main',
          properties: {
            image: 'web:1',
            command: ['sh', '-c', `echo ${text}; serve`],
            environmentVariables: [{ name: 'TOKEN', secureValue: 'never-show-this' }],
            resources: { requests: { cpu: 0.1, memoryInGB: 0.1 } },
          },
        },
      ],
    },
  });

/** Said in this order: some change what the later ones find. */
const LINES: readonly string[] = [
  'status',
  'status shop',
  'st shop in production',
  'status nowhere',
  'status shop in staging',
  'list',
  'ls in production',
  'list --mine',
  'list --expiring',
  'history shop',
  'history shop -n 1',
  'logs shop',
  'logs shop/main --tail 1',
  'logs shop --grep second',
  'logs shop/nobody',
  'cost shop',
  'cost --by repository',
  'cost --by moon',
  'export shop',
  'export shop to #1',
  'export shop to #9',
  'whoami',
  'plan shop',
  'stop shop --dry-run',
  'stop shop',
  'stop shop',
  'start shop',
  'start shop',
  'restart shop --reason "a new broom"',
  'rollback shop --dry-run',
  'rollback shop to #1',
  'rollback shop to #77',
  'cancel shop',
  'extend shop --by 2h',
  'extend shop --by soon',
  'statsu shop',
  'logs',
  'status shop in live',
  'delete shop --dry-run',
  'delete shop',
  'delete shop',
  'history shop',
];

interface Heard {
  readonly worked: boolean;
  readonly text: string;
}

type Say = (line: string) => Promise<Heard>;

const heard: Record<string, readonly Heard[]> = {};
const apps: AppInTest[] = [];
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'katabot-words-'));
  const doors = Object.entries({ cli: throughCli, api: throughApi, git: throughGit });
  await Promise.all(
    doors.map(async ([door, open]) => {
      const { app, folder } = await anApp(door);
      const say = open(app, folder);
      const answers: Heard[] = [];
      for (const line of LINES) answers.push(await say(line));
      heard[door] = answers;
    }),
  );
}, LONGEST_SET_UP_MS);

afterAll(async () => {
  for (const app of apps) await app.stop();
  await rm(root, { recursive: true, force: true });
});

describe('the same words', () => {
  test.each(LINES.map((line, index) => [line, index] as const))('%s', (_line, index) => {
    const [cli, api, pushed] = [heard['cli']?.[index], heard['api']?.[index], heard['git']?.[index]];
    expect(cli?.text).not.toBe('');
    expect(api).toEqual(cli);
    expect(pushed).toEqual(cli);
  });

  test('are at least forty, and some of them are refused', () => {
    expect(LINES.length).toBeGreaterThanOrEqual(40);
    expect(heard['cli']?.filter(({ worked }) => !worked).length).toBeGreaterThan(6);
  });
});

/** A bot of its own for each door, with the same two revisions of one group. */
async function anApp(door: string): Promise<{ app: AppInTest; folder: string }> {
  const engine = createMemoryEngine(systemClock, ['web:1']);
  const app = await startApp({ parts: { engine: () => engine } });
  apps.push(app);
  const folder = join(root, door);
  for (const text of ['first', 'second']) {
    await commitFiles(folder, { 'containergroup.yaml': GROUP('shop', text) });
    const { code, text: said } = await app.push(folder, { repository: 'shop' });
    if (code !== 0) throw new Error(said);
  }
  return { app, folder };
}

function throughCli({ url, token, dataFolder }: AppInTest): Say {
  return async (line) => {
    const child = spawn(process.execPath, [MAIN, ...wordsOf(line)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: root,
        KATABOT_URL: url,
        KATABOT_TOKEN: token,
        KATABOT_DATA: dataFolder,
      },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    }
    const [code] = await once(child, 'close');
    return { worked: code === 0, text: steady(text) };
  };
}

function throughApi({ url, token }: AppInTest): Say {
  return async (line) => {
    const response = await fetch(`${url}/api/v1/commands`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({ line: `/kata ${line}` }),
    });
    const answer: { blocks?: Block[]; outcome?: Outcome } = JSON.parse(await response.text());
    const { blocks = [], outcome } = answer;
    const all = [...blocks, ...(outcome?.blocks ?? [])];
    return {
      worked: outcome?.kind === 'done',
      text: steady(all.flatMap((block) => drawPlain(block)).join('\n')),
    };
  };
}

/** Each line comes with a push of a commit that changes no group. */
function throughGit({ url, token }: AppInTest, folder: string): Say {
  const remote = new URL('/git/words.git', url);
  remote.username = 'local';
  remote.password = token;
  let count = 0;
  return async (line) => {
    const words = join(root, 'words');
    await commitFiles(words, { [`${folder.length}-${count++}.txt`]: line });
    const { code, text } = await git(words, 'push', '-o', `/kata ${line}`, remote.href, 'main');
    const said = text
      .split('\n')
      .flatMap((each) => (each.startsWith('remote:') ? [each.replace(/^remote: ?/, '').trimEnd()] : []))
      .filter((each) => each !== `/kata ${line}`);
    return { worked: code === 0 && !/✗/.test(said.join('\n')), text: steady(said.join('\n')) };
  };
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

/** What a surface adds of its own, and what passes, left out: what is left has to be the same. */
function steady(text: string): string {
  return (
    text
      .replaceAll('\u001b[K', '')
      .split('\n')
      .map((line) => line.trimEnd())
      .filter((line) => line && !/no containergroup\.yaml in the tree|^error: failed to push/.test(line))
      // A mistake in the words is found by the command line itself, which draws it without a mark.
      .map((line) =>
        line
          .replace(/^ {2}✗ (usage|ambiguous) +/, '')
          .replace(/^ *→/, '→')
          .replace(/^ +(?=\/kata|katabot|\^)/, ''),
      )
      .join('\n')
      .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/g, 'TIME')
      .replace(/\d+(\.\d+)? (m?s|h|m|d)\b( \d+ (s|m|h)\b)*/g, 'SPAN')
      .replace(/\$[\d.]+/g, 'MONEY')
      .replace(/\b[0-9a-f]{7}\b/g, 'COMMIT')
      .replace(/\b\d+\.\d{1,3}\b/g, 'NUMBER')
      .replace(/(katabot|\/kata) /g, '')
      .replace(/ {2,}/g, '  ')
  );
}
