import { describe, expect, test } from '@jest/globals';
import { type Cause, exitCause, failureCause, troubleOf } from '../../src/commands/cause.ts';
import { linesOf } from '../../src/commands/last-lines.ts';
import { mendOf } from '../../src/commands/mend.ts';
import { servingOf } from '../../src/commands/report.ts';
import type { Event } from '../../src/event.ts';
import { pricesFrom } from '../../src/metering/index.ts';
import type { Run } from '../../src/reconciler/index.ts';
import { type Group, placeOf, readGroup } from '../../src/spec/index.ts';
import { exited, KEY, member, podFor, running, seen, wishFor } from '../reconciler/groups.ts';

const TEXT = `name: shop
properties:
  osType: Linux
  imageRegistryCredentials: [{server: r.example, username: a, password: b}]
  initContainers:
  - {name: prepare, properties: {image: 'r.example/init:1', command: [migrate]}}
  containers:
  - name: web
    properties:
      image: r.example/web:1
      resources:
        requests: {cpu: 1, memoryInGB: 1.5}
  - name: side
    properties:
      image: r.example/side:1
      command: [sh, -c, 'exit 1']
      resources: {requests: {cpu: 0.5, memoryInGB: 0.5}, limits: {cpu: 1, memoryInGB: 0.8}}
`;

const group = groupOf(TEXT);
const { containers } = group;

function groupOf(text: string): Group {
  const { group: read, problems } = readGroup(text);
  if (!read) throw new Error(JSON.stringify(problems));
  return read;
}

const cause = (code: string, about: Cause['about'] = {}, exitCode?: number): Cause => ({
  code,
  message: '',
  advice: '',
  about,
  ...(exitCode === undefined ? {} : { exitCode }),
});

describe('what would mend a failure', () => {
  const mend = (...words: Parameters<typeof cause>) => mendOf(cause(...words), group, pricesFrom({}));
  const line = (...words: Parameters<typeof cause>) => {
    const found = mend(...words);
    return found && TEXT.split('\n')[placeOf(TEXT, found.path).line - 1]?.trim();
  };

  test.each([
    ['image-not-found', { image: 'r.example/side:1' }, 'image: r.example/side:1'],
    ['image-not-found', { image: 'r.example/init:1' }, '- {name: prepare'],
    ['registry-refused', { image: 'r.example/web:1', registry: 'r.example' }, 'imageRegistryCredentials'],
    ['registry-refused', { image: 'r.example/web:1' }, 'image: r.example/web:1'],
    ['command-not-found', { container: 'side' }, 'command: [sh'],
    ['command-not-found', { container: 'web' }, 'image: r.example/web:1'],
    ['memory-too-small', { container: 'web' }, 'requests: {cpu: 1'],
    ['no-capacity', { container: 'side' }, 'resources: {requests'],
    ['location-unknown', {}, 'name: shop'],
  ])('%s of %j stands at "%s"', (code, about, shown) => {
    expect(line(code, about)).toContain(shown);
  });

  test.each([
    ['port-taken', { port: 80 }],
    ['volume-missing', { volume: 'gone' }],
    ['address-missing', {}],
    ['exit-code', { container: 'web' }],
    ['internal', {}],
  ])('%s of %j has no line in this file', (code, about) => {
    expect(mend(code, about)).toBeUndefined();
  });

  test('is twice the memory, and says what that adds', () => {
    expect(JSON.parse(JSON.stringify(mend('out-of-memory', { container: 'web' })))).toEqual({
      path: 'properties.containers[0].properties.resources.requests.memoryInGB',
      suggestion: { text: 'memoryInGB: 3', addsPerHour: { currency: 'USD', amount: '0.006675' } },
    });
  });

  test('is twice the limit where there is one and the group has as much, which costs nothing', () => {
    expect(mend('out-of-memory', { container: 'side' })).toEqual({
      path: 'properties.containers[1].properties.resources.limits.memoryInGB',
      suggestion: { text: 'memoryInGB: 1.6' },
    });
    const small = groupOf(TEXT.replace('memoryInGB: 1.5', 'memoryInGB: 0.5'));
    expect(mendOf(cause('out-of-memory', { container: 'side' }), small, pricesFrom({}))).toEqual({
      path: 'properties.containers[1].properties.resources.limits.memoryInGB',
    });
  });

  test('of an init container doubles what the group has, at the largest request', () => {
    expect(mend('out-of-memory', { container: 'prepare' })).toMatchObject({
      path: 'properties.containers[0].properties.resources.requests.memoryInGB',
      suggestion: { text: 'memoryInGB: 3.5' },
    });
  });

  test.each([
    [['serve --port 80'], 'command: ["serve","--port","80"]'],
    [['sh', '-c', 'a b'], undefined],
    [["echo 'a b'"], undefined],
    [['a | b'], undefined],
    [['serve'], undefined],
  ])('of the command %j is %s', (words, text) => {
    const [web, ...others] = containers;
    if (!web) throw new Error('no container');
    const with_ = { ...group, containers: [{ ...web, command: words }, ...others] };
    const found = mendOf(cause('command-not-found', { container: 'web' }), with_, pricesFrom({}));
    expect(found?.suggestion?.text).toBe(text);
  });
});

describe('why a container ended', () => {
  const run = (more: Partial<Run>): Run => ({
    key: KEY,
    podId: 'p',
    container: 'web',
    startedAtMs: 0,
    finishedAtMs: 1_500,
    exitCode: 1,
    outOfMemory: false,
    unhealthy: '',
    ...more,
  });
  const foreign: Event = {
    atMs: 0,
    group: KEY,
    revision: 1,
    fact: {
      kind: 'image',
      image: 'r.example/web:1',
      state: 'present',
      digest: '',
      tookMs: 0,
      foreign: 'arm64',
    },
  };
  const of = (more: Partial<Run>, lines: string[] = ['bye'], events: Event[] = []) =>
    exitCause(group, run(more), lines, events);

  test.each([
    [{ exitCode: 3 }, 'exit-code', 'web ended with exit code 3, 1.5 s after its start.'],
    [
      { exitCode: 139 },
      'exit-code',
      'web ended with exit code 139 (it touched memory that is not its own), 1.5 s after its start.',
    ],
    [
      { exitCode: 137, outOfMemory: true },
      'out-of-memory',
      'web was killed 1.5 s after its start: out of memory (limit 1.5 GB).',
    ],
    [
      { exitCode: 2, outOfMemory: true, container: 'side' },
      'out-of-memory',
      'side ended with exit code 2, 1.5 s after its start, after the memory ran out (limit 0.8 GB).',
    ],
    [
      { container: 'prepare', exitCode: 9 },
      'init-failed',
      'The init container prepare ended with exit code 9, 1.5 s after its start.',
    ],
    [
      { container: 'prepare', exitCode: 137, outOfMemory: true },
      'out-of-memory',
      'The init container prepare was killed 1.5 s after its start: out of memory (limit 2 GB).',
    ],
  ])('%j is %s', (more, code, message) => {
    expect(of(more)).toMatchObject({ code, message });
  });

  test('is the processor only for an image of another one that never began', () => {
    const words = ['exec /run: exec format error'];
    expect(of({}, words, [foreign]).code).toBe('wrong-architecture');
    expect(of({ exitCode: 255 }, words, [foreign]).code).toBe('wrong-architecture');
    expect(of({}, [], [foreign]).code).toBe('wrong-architecture');
    expect(of({}, ['my own words'], [foreign]).code).toBe('exit-code'); // an emulator ran it
    expect(of({ exitCode: 3 }, words, [foreign]).code).toBe('exit-code');
    expect(of({}, words).code).toBe('command-not-executable');
    expect(of({}, ['I say: exec /run: exec format error']).code).toBe('exit-code');
  });

  test('is as the step said when a step has failed', () => {
    const fact = {
      kind: 'failed',
      code: 'port-taken',
      message: 'Taken.',
      advice: 'Stop it.',
      port: 80,
    } as const;
    expect(failureCause(fact)).toEqual({
      code: 'port-taken',
      message: 'Taken.',
      advice: 'Stop it.',
      about: { port: 80 },
    });
  });

  test('is looked for in the newest pod alone, init containers first', () => {
    const wish = wishFor({ containers: { web: {}, side: {} }, init: { prepare: {} } });
    const pod = podFor(wish);
    const runs = ['web', 'prepare'].map((container) => run({ container, podId: running(pod).id }));
    const both = running(pod, { members: [exited(pod, 'web', 1), exited(pod, 'prepare', 1)] });
    expect(troubleOf(both, runs)?.container).toBe('prepare');
    expect(troubleOf(running(pod, { members: [exited(pod, 'web', 0)] }), runs)).toBeUndefined();
    expect(troubleOf(running(pod, { members: [member(pod, 'web')] }), runs)).toBeUndefined();
    expect(troubleOf(undefined, runs)).toBeUndefined();
  });
});

describe('the lines of a run', () => {
  const at = (ms: number, text: string) => ({
    container: 'web',
    stream: 'stdout' as const,
    timestamp: new Date(ms).toISOString().replace('Z', '000000Z'),
    text,
  });
  const first = { startedAtMs: 1_000, finishedAtMs: 1_100 };
  const second = { startedAtMs: 2_000, finishedAtMs: 2_100 };
  const third = { startedAtMs: 3_000 };
  // A little before the start that the engine notes, and a little after the end.
  const lines = [at(998, 'a'), at(1_102, 'b'), at(1_998, 'c'), at(2_104, 'd'), at(2_999, 'e')];
  const of = (run: Required<typeof first>, shown = lines) =>
    linesOf(shown, run, [first, second, third]).map(({ text }) => text);

  test('are told from those of the runs before and after it', () => {
    expect([of(first), of(second)]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  test('are those of the runs before it when it has none, never those of the one after', () => {
    expect(of(second, [at(1_000, 'a'), at(2_999, 'e')])).toEqual(['a']);
  });

  test('are all there are when it is the only one', () => {
    expect(linesOf(lines, second, [second])).toEqual(lines);
  });
});

describe('what keeps serving', () => {
  const words = { containers: { web: {}, side: {} } };
  const wish = wishFor(words, { number: 3 });
  const before = wishFor(words, { number: 2, settled: 'Running' });
  const pod = podFor(wish);
  const serving = (members: ReturnType<typeof member>[], older = before) =>
    servingOf(wish, older, seen(running(pod, { members })));

  test('is the revision before when all of it runs, also what is older and unchanged', () => {
    const all = [member(pod, 'web', { revision: 2 }), member(pod, 'side', { revision: 1 })];
    expect(serving(all)).toBe(2);
  });

  test('is what runs, when the revision before has not come up either', () => {
    const all = [member(pod, 'web', { revision: 1 }), member(pod, 'side', { revision: 1 })];
    expect(serving(all, wishFor(words, { number: 2, settled: null }))).toBe(1);
  });

  test('is nothing as soon as a part of it is gone, or of the new revision', () => {
    expect(serving([member(pod, 'side', { revision: 2 })])).toBeNull();
    expect(serving([member(pod, 'web', { revision: 3 }), member(pod, 'side', { revision: 2 })])).toBeNull();
    expect(serving([])).toBeNull();
  });
});
