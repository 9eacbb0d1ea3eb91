/** The command line beside a bot that does what the test says: streams, breaks, asks back, refuses. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Block, Outcome } from '../../../src/replies/index.ts';
import { EXIT_CODES } from '../../../src/surfaces/cli/exit-codes.ts';
import { type PretendBot, startPretendBot } from './pretend-bot.ts';
import { onTerminal, katabot as run, runKatabot } from './run-katabot.ts';

let folder: string;
let bot: PretendBot;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-asking-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  bot = await startPretendBot();
});
afterEach(() => bot.stop());

const here = (more: Record<string, string> = {}) => ({
  folder,
  variables: { KATABOT_URL: bot.url, KATABOT_TOKEN: bot.token, ...more },
});
const katabot = (...words: string[]) => run(words, here());
const text = (words: string): Block => ({ kind: 'text', text: words });
const outcome = (kind: Outcome['kind'], code: string, more: Partial<Outcome> = {}): Outcome => ({
  kind,
  code,
  blocks: [],
  data: { code },
  ...more,
});

describe('a command', () => {
  test('goes to the bot as words, with a key of its own; its blocks are shown in order', async () => {
    bot.script = (tell) => {
      tell(text('one'), text('two'));
      return outcome('done', 'status', { blocks: [text('three')] });
    };
    expect(await katabot('status', 'hello')).toEqual({ code: 0, out: 'one\ntwo\nthree\n', error: '' });
    await katabot('status', 'hello');
    expect(bot.said.map(({ words }) => words)).toEqual([
      ['status', 'hello'],
      ['status', 'hello'],
    ]);
    expect(new Set(bot.said.map(({ key }) => key)).size).toBe(2);
    for (const { key } of bot.said) expect(key).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is shown as it comes, not when it is over', async () => {
    const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
    bot.script = async (tell) => {
      tell(text('first'));
      await goOn;
      return outcome('done', 'status');
    };
    const running = runKatabot(['status'], here());
    await running.sees(/first/);
    release();
    expect((await running.ended).code).toBe(0);
  });

  test('brings the file that it names, also from standard input', async () => {
    await writeFile(join(folder, 'group.yaml'), 'name: x\n');
    await katabot('plan', '--file', 'group.yaml');
    await run(['plan', '-f', '-'], { ...here(), input: 'name: y\n' });
    expect(bot.said.map(({ files }) => files)).toEqual([
      [{ path: 'group.yaml', text: 'name: x\n' }],
      [{ path: '-', text: 'name: y\n' }],
    ]);
    expect(await katabot('plan', '--file', 'gone.yaml')).toMatchObject({
      code: 1,
      error: expect.stringContaining('gone.yaml cannot be read'),
    });
  });
});

describe('a connection that breaks', () => {
  test('is taken up again where it broke, as often as it takes', async () => {
    bot.breaks.push(2, 1);
    bot.script = (tell) => {
      tell(text('one'), text('two'), text('three'), text('four'));
      return outcome('done', 'deployed');
    };
    expect(await katabot('deploy', 'hello')).toEqual({
      code: 0,
      out: 'one\ntwo\nthree\nfour\n',
      error: '',
    });
    expect(bot.asked).toEqual([
      'POST /api/v1/commands',
      'GET /api/v1/operations/op-testa1/events?from=2',
      'GET /api/v1/operations/op-testa1/events?from=3',
    ]);
    expect(bot.said).toHaveLength(1);
  });

  test('and a bot that has forgotten says so', async () => {
    bot.script = (tell) => {
      tell(text('one'));
      return new Promise<never>(() => {});
    };
    const running = runKatabot(['deploy', 'hello'], here());
    await running.sees(/one/);
    bot.refusal = { status: 404, body: { code: 'operation-unknown', detail: 'There is no such operation.' } };
    bot.drop();
    expect(await running.ended).toMatchObject({ code: 1, error: 'There is no such operation.\n' });
  });

  test('before the answer began is said again under the same key, so that it is done once', async () => {
    bot.on = false;
    const running = runKatabot(['restart', 'hello'], here());
    await bot.hears(1);
    bot.on = true;
    expect((await running.ended).code).toBe(0);
    expect(bot.said).toHaveLength(1);
  });
});

describe('Ctrl-C', () => {
  test('leaves a command that changes something running, and says how to pick it up', async () => {
    const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
    bot.script = async (tell) => {
      tell(text('begun'));
      await goOn;
      tell(text('went on'));
      return outcome('done', 'deployed');
    };
    const running = runKatabot(['deploy', 'hello'], here());
    await running.sees(/begun/);
    running.interrupt();
    expect(await running.ended).toEqual({
      code: 130,
      out: 'begun\n',
      error: '\nIt goes on without us. Pick it up with: katabot follow op-testa1\n',
    });
    release();
    expect(await katabot('follow', 'op-testa1')).toEqual({ code: 0, out: 'begun\nwent on\n', error: '' });
  });

  test('waits for the name of what was begun; a second one does not', async () => {
    const hangs = new Promise<never>(() => {});
    bot.delay = hangs;
    const running = runKatabot(['delete', 'hello'], here());
    await bot.hears(1);
    running.interrupt();
    await running.sees(/Waiting for the name of what was begun/);
    running.interrupt();
    expect(await running.ended).toMatchObject({ code: null, signal: 'SIGINT' });
  });

  test('just ends a command that changes nothing', async () => {
    bot.script = (tell) => {
      tell({ kind: 'log', source: 'web', text: 'line' });
      return new Promise<never>(() => {});
    };
    const running = runKatabot(['logs', 'hello', '-f'], here());
    await running.sees(/line/);
    running.interrupt();
    expect(await running.ended).toMatchObject({ code: 130, error: '' });
  });
});

describe('follow', () => {
  test('lists what is under way', async () => {
    expect(await katabot('follow')).toMatchObject({ code: 0, out: 'Nothing is under way.\n' });
    await katabot('restart', 'hello');
    const { out } = await katabot('follow');
    expect(out).toMatch(/operation +state +caller +command\n +op-testa1 +ended +ann +restart hello\n/);
    expect(JSON.parse((await katabot('follow', '--json')).out).operations).toHaveLength(1);
  });

  test('of nothing says that there is nothing', async () => {
    expect(await katabot('follow', 'op-nothing')).toMatchObject({
      code: 1,
      error: 'There is no such operation, or no longer.\n',
    });
  });
});

describe('JSON', () => {
  test('is one document of what came of it, whatever was said on the way', async () => {
    bot.script = (tell) => {
      tell(text('for people'));
      return outcome('done', 'stopped', { blocks: [text('also')], data: { group: 'production/hello' } });
    };
    expect(await katabot('stop', 'hello', '--json')).toEqual({
      code: 0,
      out: '{"group":"production/hello"}\n',
      error: '',
    });
  });

  test('of logs is an object a line', async () => {
    bot.script = (tell) => {
      tell({ kind: 'log', source: 'web', text: 'a' }, { kind: 'log', source: 'beat', text: 'b "c"' });
      return outcome('done', 'logs');
    };
    expect((await katabot('logs', 'hello', '--json')).out).toBe(
      '{"container":"web","text":"a"}\n{"container":"beat","text":"b \\"c\\""}\n',
    );
  });

  test.each<[string, Outcome]>([
    ['a refusal', outcome('refused', 'group-unknown', { data: { message: 'No.', advice: 'Yes.' } })],
    [
      'a failure without words of its own',
      outcome('failed', 'crashed', {
        blocks: [{ kind: 'stage', mark: 'failed', label: 'crash', text: 'It fell.' }],
        data: { group: 'production/hello' },
      }),
    ],
  ])('of %s has a code, a sentence and an advice', async (_what, ended) => {
    bot.script = () => ended;
    const { code, out, error } = await katabot('stop', 'hello', '--json');
    expect([code, error]).toEqual([1, '']);
    expect(JSON.parse(out)).toEqual({
      code: ended.code,
      message: expect.stringMatching(/\.$/),
      advice: expect.any(String),
      ...Object(ended.data),
    });
  });

  test.each([
    [['statsu', '--json'], 2, { code: 'usage', message: 'There is no verb "statsu".' }],
    [['validate', 'gone.yaml', '--json'], 1, { code: 'file-unreadable' }],
  ])('of %j, which never became a command, too', async (words, code, document) => {
    const answer = await katabot(...words);
    expect([answer.code, answer.error]).toEqual([code, '']);
    expect(JSON.parse(answer.out)).toMatchObject({ ...document, advice: expect.any(String) });
  });
});

describe('a protected environment', () => {
  const advice = 'katabot delete hello --yes';
  const asks = outcome('refused', 'confirmation-needed', {
    blocks: [
      { kind: 'stage', mark: 'failed', label: 'confirmation-needed', text: 'production is protected.' },
      text(`    → ${advice}`),
    ],
    data: { code: 'confirmation-needed', message: 'production is protected.', advice },
  });
  beforeEach(() => {
    bot.script = (_tell, words) =>
      words.includes('--yes') ? outcome('done', 'removed', { blocks: [text('gone')] }) : asks;
  });

  test('refuses who cannot be asked, with the command to paste', async () => {
    expect(await katabot('delete', 'hello')).toMatchObject({
      code: 1,
      out: '',
      error: expect.stringContaining(`→ ${advice}\n`),
    });
    bot.script = () => outcome('refused', 'confirmation-needed', { blocks: [text('Sure?')] });
    expect((await katabot('stop', 'hello', '--reason', "it's late")).error).toBe(
      "Sure?\n    → katabot stop hello --reason 'it'\\''s late' --yes\n",
    );
  });

  test('asks who can be for the name, once, and says it again', async () => {
    const running = onTerminal(['delete', 'hello'], here());
    await running.sees(/Delete hello in production\? Type its name: /);
    running.type('hello\n');
    const { code, out } = await running.ended;
    expect([code, out.replaceAll('\r', '')]).toEqual([0, expect.stringMatching(/gone\n$/)]);
    expect(bot.said.map(({ words }) => words)).toEqual([
      ['delete', 'hello'],
      ['delete', 'hello', '--yes'],
    ]);
    expect(bot.said[0]?.key).not.toBe(bot.said[1]?.key);
  });

  test.each([
    ['another name', 'delete', 'hallo\n'],
    ['nothing', 'stop', '\n'],
    ['no', 'stop', 'n\n'],
  ])('takes %s for a no', async (_what, verb, typed) => {
    const running = onTerminal([verb, 'hello'], here());
    await running.sees(/(Type its name: |\[y\/N\] )$/);
    running.type(typed);
    expect(await running.ended).toMatchObject({
      code: 1,
      out: expect.stringContaining('Nothing was changed.'),
    });
    expect(bot.said).toHaveLength(1);
  });

  test('takes y for a yes where nothing is lost, and Ctrl-C for a no', async () => {
    const yes = onTerminal(['stop', 'hello'], here());
    await yes.sees(/Stop hello in production\? \[y\/N\] $/);
    yes.type('y\n');
    expect((await yes.ended).code).toBe(0);
    const no = onTerminal(['stop', 'hello'], here());
    await no.sees(/\[y\/N\] $/);
    no.interrupt();
    expect((await no.ended).code).toBe(130);
    expect(bot.said).toHaveLength(3);
  });
});

describe('the exit code', () => {
  test.each<[number, Outcome]>([
    [0, outcome('done', 'deployed')],
    [1, outcome('failed', 'image-not-found')],
    [1, outcome('refused', 'group-unknown')],
    [1, outcome('invalid', 'invalid')],
    [2, outcome('invalid', 'usage')],
    [4, outcome('refused', 'right-missing')],
    [4, outcome('refused', 'token-limited')],
    [4, outcome('refused', 'repository-refused')],
  ])('is %d after %j', async (code, ended) => {
    bot.script = () => ended;
    expect((await katabot('stop', 'hello')).code).toBe(code);
  });

  test('is 3 where no bot is, and where something else answers; 4 for a token that nobody knows', async () => {
    expect(
      await run(['status'], { folder, variables: { KATABOT_URL: 'http://127.33.0.1:1' } }),
    ).toMatchObject({
      code: 3,
      error: expect.stringContaining('No bot answers at http://127.33.0.1:1 ('),
    });
    bot.refusal = { status: 502, body: 'Bad gateway' };
    expect(await katabot('status')).toMatchObject({ code: 1, error: expect.stringContaining('(HTTP 502)') });
    bot.refusal = undefined;
    expect(await run(['status'], here({ KATABOT_TOKEN: 'kata_other' }))).toMatchObject({
      code: 4,
      error: 'This needs a token.\n→ katabot login\n',
    });
    bot.refusal = { status: 403, body: { code: 'elsewhere', detail: 'Not from there.' } };
    expect(await katabot('status')).toMatchObject({ code: 4, error: 'Not from there.\n' });
  });

  test('is explained, each of them, in one table', async () => {
    const page = await readFile(resolve(import.meta.dirname, '../../../docs/command-line.md'), 'utf8');
    for (const [code, means] of EXIT_CODES) expect(page).toContain(`| ${code} | ${means} |`);
  });
});

describe('on a terminal', () => {
  test('a stage that is under way is drawn in place, with its time, and replaced by its end', async () => {
    const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
    bot.script = async (tell) => {
      tell({ kind: 'stage', mark: 'running', label: 'image', text: 'web:1 40 %' });
      await goOn;
      tell({ kind: 'stage', mark: 'done', label: 'image', text: 'web:1 (pulled)' });
      return outcome('done', 'deployed');
    };
    const running = onTerminal(['deploy', 'hello'], here());
    await running.sees(/image .*web:1 40 %.*1 s/);
    release();
    const { code, out } = await running.ended;
    expect(code).toBe(0);
    expect(out.endsWith('\r\u001b[2K  \u001b[32m✔\u001b[0m image                 web:1 (pulled)\r\n')).toBe(
      true,
    );
    expect(out.split('\n')).toHaveLength(2);
  });

  test.each([
    [{}, true],
    [{ NO_COLOR: '1' }, false],
    [{ TERM: 'dumb' }, false],
  ])('with %j there are colours: %s', async (variables, colours) => {
    bot.script = () => outcome('done', 'x', { blocks: [{ kind: 'heading', text: 'hello' }] });
    const { out } = await onTerminal(['status'], here(variables as Record<string, string>)).ended;
    expect(out).toBe(colours ? '\u001b[1mhello\u001b[0m\r\n' : 'hello\r\n');
  });

  test('a table is cut to the window', async () => {
    const table: Block = { kind: 'table', columns: ['group', 'address'], rows: [['hello', 'x'.repeat(200)]] };
    bot.script = () => outcome('done', 'x', { blocks: [table] });
    const { out } = await onTerminal(['status'], here({ NO_COLOR: '1' })).ended;
    for (const line of out.split('\r\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(out).toContain('x…');
    expect((await katabot('status')).out).toContain('x'.repeat(200));
  });
});

test('in a pipe only what is finished is written, and colours only when they are asked for', async () => {
  bot.script = (tell) => {
    tell(
      { kind: 'stage', mark: 'running', label: 'image', text: 'a 40 %' },
      { kind: 'stage', mark: 'running', label: 'image', text: 'a 80 %' },
      { kind: 'stage', mark: 'done', label: 'image', text: 'a' },
      { kind: 'stage', mark: 'running', label: 'queued', text: 'your turn' },
      text('end'),
    );
    return outcome('done', 'deployed');
  };
  const { out } = await katabot('deploy', 'hello');
  expect(out).toBe('  ✔ image                 a\n  ▸ queued                your turn\nend\n');
  expect((await run(['deploy', 'hello'], here({ FORCE_COLOR: '1' }))).out).toContain('\u001b[32m✔');
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(
    await readFile(resolve(import.meta.dirname, '../../../package.json'), 'utf8'),
  );
  expect(await katabot('--version')).toEqual({ code: 0, out: `katabot ${version}\n`, error: '' });
  expect(JSON.parse((await katabot('--version', '--json')).out)).toEqual({ version });
});
