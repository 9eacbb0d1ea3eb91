/** Programs in containers, through a pretend bot: on pipes and on a real terminal. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { heardIn } from '../../../src/surfaces/cli/channels.ts';
import { type PretendBot, startPretendBot } from './pretend-bot.ts';
import { onTerminal, runKatabot, katabot as start } from './run-katabot.ts';

let folder: string;
let bot: PretendBot;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-sessions-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  bot = await startPretendBot();
});
afterEach(() => bot.stop());

const here = () => ({ folder, variables: { KATABOT_URL: bot.url, KATABOT_TOKEN: bot.token } });
const katabot = (...words: string[]) => start(words, here());

describe('exec', () => {
  test('keeps output and errors apart, byte for byte, and ends as the program does', async () => {
    bot.program = ({ print, exit }) => {
      print('stdout', 'out\u0000 \u001b[31m');
      print('stderr', 'wrong');
      print('stdout', 'more');
      exit(7);
    };
    expect(
      await katabot('exec', 'hello/web', 'in', 'staging', '--', 'ls', '-l', 'a b', '--json', ''),
    ).toEqual({
      code: 7,
      out: 'out\u0000 \u001b[31mmore',
      error: 'wrong',
    });
    const query = new URL(bot.asked[0]?.slice(4) ?? '', bot.url).searchParams;
    expect(query.getAll('command')).toEqual(['ls', '-l', 'a b', '--json', '']);
    expect(Object.fromEntries(query)).toMatchObject({
      group: 'hello',
      container: 'web',
      environment: 'staging',
    });
    expect([query.has('input'), query.has('terminal')]).toEqual([false, false]);
  });

  test('gives one JSON document', async () => {
    bot.program = ({ print, exit }) => {
      print('stdout', 'é');
      print('stderr', 'wrong');
      exit(0);
    };
    const { code, out } = await katabot('exec', 'hello', '--json', '--', 'true');
    expect([code, JSON.parse(out)]).toEqual([0, { exitCode: 0, stdout: 'é', stderr: 'wrong' }]);
  });

  test('passes standard input on to its end, and waits for what comes after', async () => {
    bot.program = ({ on, print, exit, query }) => {
      let got = '';
      on('input', (text) => {
        got += text;
      });
      on('close', (channel) => {
        print('stdout', `${query.get('input')} ${channel} ${got.length}`);
        exit(0);
      });
    };
    const input = 'x'.repeat(3_000_000);
    expect(await start(['exec', 'hello', '-i', '--', 'wc', '-c'], { ...here(), input })).toEqual({
      code: 0,
      out: '1 0 3000000',
      error: '',
    });
  });

  test('brings much output whole to a slow reader', async () => {
    const line = `${'y'.repeat(99)}\n`;
    bot.program = ({ print, exit }) => {
      for (let count = 0; count < 100; count++) print('stdout', line.repeat(1_000));
      exit(0);
    };
    const { out } = await katabot('exec', 'hello', '--', 'yes');
    expect([out.length, out.endsWith(line)]).toEqual([10_000_000, true]);
  });

  test.each([
    [
      'a refusal at the door',
      () => {
        bot.refusal = { status: 403, body: { code: 'right-missing', detail: 'Not you.', advice: 'Ask.' } };
      },
      4,
      'Not you.\n→ Ask.\n',
    ],
    [
      'a program that is not there',
      () => {
        bot.program = ({ status }) =>
          status({ status: 'Failure', code: 'command-not-found', message: 'There is no program sl.' });
      },
      1,
      'There is no program sl.\n',
    ],
    [
      'a connection that breaks',
      () => {
        bot.program = ({ socket }) => socket.terminate();
      },
      3,
      expect.stringContaining('The connection broke before the program had ended.'),
    ],
  ])('tells %s', async (_what, arrange, code, error) => {
    arrange();
    expect(await katabot('exec', 'hello', '--', 'sl')).toEqual({ code, out: '', error });
  });

  test('leaves a program that takes too long, and tells the bot', async () => {
    let left: Promise<unknown> | undefined;
    bot.program = (session) => {
      left = session.left;
    };
    const answer = await katabot('exec', 'hello', '--timeout', '1s', '--', 'sleep', '99');
    expect(answer).toMatchObject({
      code: 1,
      error: expect.stringMatching(/had not ended after 1 s, and was left/),
    });
    await left;
  });

  test('ends with 130 on Ctrl-C', async () => {
    bot.program = ({ print }) => print('stdout', 'begun');
    const running = runKatabot(['exec', 'hello', '--', 'sleep', '99'], here());
    await running.sees(/begun/);
    running.interrupt();
    expect((await running.ended).code).toBe(130);
  });
});

describe('exec with a terminal', () => {
  test('passes keys and the size of the window, and puts the terminal back', async () => {
    bot.program = ({ on, print, exit, query }) => {
      print(
        'stdout',
        `size ${query.get('rows')}x${query.get('columns')} terminal ${query.get('terminal')} $ `,
      );
      on('input', (text) => {
        if (text.includes('\u0003')) print('stdout', 'caught ^C ');
        else if (text.includes('\u0004')) exit(3);
        else print('stdout', `<${text}>`);
      });
      on('resize', (text) => print('stdout', `resized ${text} `));
    };
    const running = onTerminal(['exec', 'hello/web', '-t', '--', 'sh'], here());
    await running.sees(/size 24x80 terminal 1 \$ /);
    running.type('q');
    await running.sees(/\$ q?<q>/); // a key that comes before the terminal is quiet is shown by it as well
    running.interrupt();
    await running.sees(/caught \^C/);
    running.resize(40, 132);
    await running.sees(/resized \{"Width":132,"Height":40\}/);
    running.type('\u0004');
    expect((await running.ended).code).toBe(3);
    expect(await running.cooked).toBe(true);
  });

  test('puts the terminal back when the bot goes away', async () => {
    bot.program = ({ print, on, socket }) => {
      print('stdout', 'ready');
      on('input', () => socket.terminate());
    };
    const running = onTerminal(['exec', 'hello', '-t', '--', 'sh'], here());
    await running.sees(/ready/);
    running.type('x');
    expect(await running.ended).toMatchObject({
      code: 3,
      out: expect.stringContaining('The connection broke'),
    });
    expect(await running.cooked).toBe(true);
  });

  test('needs one', async () => {
    expect(await katabot('exec', 'hello', '-t', '--', 'sh')).toMatchObject({
      code: 2,
      error: expect.stringMatching(/-t needs a terminal, and this is none/),
    });
    expect(bot.asked).toEqual([]);
  });

  test('asks in a protected environment, once', async () => {
    bot.program = ({ query, status, print, exit }) => {
      if (!query.has('yes'))
        return status({ status: 'Failure', code: 'confirmation-needed', message: 'Sure?' });
      print('stdout', 'done');
      exit(0);
    };
    const running = onTerminal(['exec', 'hello', '-t', '--', 'sh'], here());
    await running.sees(/Sure\?\r\nExec hello in production\? \[y\/N\] $/);
    running.type('y\n');
    expect(await running.ended).toMatchObject({ code: 0, out: expect.stringMatching(/done$/) });
    expect(await katabot('exec', 'hello', '--', 'sh')).toMatchObject({ code: 1, error: 'Sure?\n' });
  });
});

describe('attach', () => {
  test('shows what comes, as it comes, and ends with the container', async () => {
    bot.program = ({ print, exit }) => {
      print('stdout', 'line\n');
      print('stderr', 'wrong\n');
      exit(137);
    };
    expect(await katabot('attach', 'hello/web')).toEqual({ code: 137, out: 'line\n', error: 'wrong\n' });
    expect(bot.asked).toEqual(['GET /api/v1/attach?group=hello&environment=production&container=web']);
  });

  test('detaches on Ctrl-C', async () => {
    bot.program = ({ print }) => print('stdout', 'line');
    const running = runKatabot(['attach', 'hello'], here());
    await running.sees(/line/);
    running.interrupt();
    expect(await running.ended).toEqual({
      code: 130,
      out: 'line',
      error: '\nDetached; the container runs on.\n',
    });
  });
});

test.each([
  ['a status that is no JSON', [3, 123], { kind: 'failed', code: 'bot-refused' }],
  ['a status that says nothing', [3, ...Buffer.from('{"status":"Failure"}')], { kind: 'failed' }],
  ['an unknown channel', [9, 1], undefined],
  ['nothing', [], undefined],
])('%s is understood as far as it goes', (_what, bytes, heard) => {
  const got = heardIn(Uint8Array.from(bytes));
  if (heard === undefined) expect(got).toBeUndefined();
  else expect(got).toMatchObject(heard);
});
