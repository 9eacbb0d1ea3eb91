/** What people look at in Slack besides messages: the last hour as a picture, what a program prints, and a price before it is due. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openStage, type Stage, shown } from './stage.ts';

let stage: Stage;

const KEYED = `name: keyed
location: local
properties:
  osType: Linux
  containers:
    - name: main
      properties:
        image: web:1
        command: [sh, -c, "echo up; serve"]
        environmentVariables: [{ name: TOKEN, secureValue: tok-1234567890 }]
        resources:
          requests: { cpu: 1, memoryInGB: 1 }
`;

beforeAll(async () => {
  stage = await openStage();
  await stage.push({ 'containergroup.yaml': KEYED });
});

afterAll(() => stage.stop());

function whispers() {
  return stage.slack.state.ephemerals.splice(0);
}

test('usage comes with the last hour as a picture that says its figures in words', async () => {
  await stage.ann.types(stage.ops, '/kata usage keyed');
  await stage.settle();
  expect([...stage.slack.state.uploads.values()]).toEqual([]);
  stage.clock.leap(60_000);
  await stage.ann.types(stage.ops, '/kata gpu keyed');
  await stage.settle();
  const [picture, ...others] = stage.slack.state.uploads.values();
  expect(others).toEqual([]);
  expect(picture).toMatchObject({ name: 'production-keyed.png', channel: 'C0OPS' });
  expect(picture?.alt).toMatch(
    /^CPU, Memory, Cost of keyed in production from .* CPU: 0\.01 vCPU now, peak 0\.01 vCPU\./,
  );
  expect(picture?.data.includes('\x89PNG\r\n', 0, 'latin1')).toBe(true);
});

test('what a program prints is for who ran it alone, without secrets, with its exit code', async () => {
  const roots = stage.roots().length;
  await stage.ann.types(
    stage.ops,
    '/kata exec keyed/main -- sh -c "echo it is tok-1234567890; echo oh >&2; exit 3"',
  );
  await stage.settle();
  const [answer, ...others] = whispers();
  expect(others).toEqual([]);
  expect(answer?.user).toBe('UANN');
  const text = answer ? shown(answer) : '';
  expect(text).toContain('it is [secret]');
  expect(text).toContain('oh');
  expect(text).toContain('exit code 3');
  expect(text).not.toContain('tok-1234567890');
  expect(stage.roots()).toHaveLength(roots);
});

test('a program is run by operators alone, without a terminal, and no longer than it may', async () => {
  await stage.eve.types(stage.ops, '/kata exec keyed -- sh -c "echo secret things"');
  await stage.settle();
  const [refused] = whispers();
  expect([refused?.user, shown(refused ?? { text: '', blocks: [] })]).toEqual([
    'UEVE',
    expect.not.stringContaining('ended with exit code'),
  ]);
  await stage.ann.types(stage.ops, '/kata exec keyed -t -- sh');
  await stage.settle();
  expect(whispers().map(shown)).toEqual([expect.stringContaining('needs the command line')]);
  await stage.ann.types(stage.ops, '/kata exec keyed -- cat');
  let rests = false;
  void stage.bot.app.slack?.idle().then(() => {
    rests = true;
  });
  while (!rests) {
    stage.clock.leap(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await stage.settle();
  expect(whispers().map(shown)).toEqual([expect.stringContaining('had not ended after 30 s')]);
});

test('of a program that does not stop printing the first 64 KiB are told, and that it was left', async () => {
  await stage.ann.types(stage.ops, '/kata exec keyed -- yes');
  await stage.settle();
  const [answer, ...others] = whispers();
  expect(others).toEqual([]);
  const text = answer ? shown(answer) : '';
  expect(text).toContain('it printed more than 64 KiB, and was left');
  expect(text).toContain('Left before its end.');
  expect(text.length).toBeLessThan(70_000);
});

test('a program that ran when the bot stopped is not run again', async () => {
  const before = stage.engine.programsRun;
  await stage.ann.types(stage.ops, '/kata exec keyed -- cat');
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  await stage.restart();
  await stage.settle();
  expect(whispers().map(shown)).toEqual([expect.stringContaining('does not run it twice')]);
  expect(stage.engine.programsRun).toBe(before + 1);
});

test('the form shows what a first deploy will cost, by the file that would be deployed', async () => {
  await stage.ann.types(stage.ops, '/kata deploy');
  await stage.settle();
  const view = [...stage.slack.state.views.values()].at(-1);
  if (!view) throw new Error('there is no form');
  await stage.ann.chooses(view, { repository: 'shop', ref: '@main', environment: 'staging' });
  await stage.settle();
  expect(JSON.stringify(view.view)).toMatch(/\$0\.0\d+/);
});
