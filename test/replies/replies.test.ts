import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Failure } from '../../src/failure.ts';
import { Money, pricesFrom, rate } from '../../src/metering/index.ts';
import * as say from '../../src/replies/index.ts';
import { type Block, drawPlain } from '../../src/replies/index.ts';
import { plainText } from '../../src/replies/plain.ts';
import { readGroup } from '../../src/spec/index.ts';

const REPORT: say.FailureReport = {
  code: 'out-of-memory',
  message: 'api was killed.',
  advice: 'It is started again.',
  group: 'pr-7/shop',
  revision: 31,
  container: null,
  exitCode: null,
  lastLines: [],
  place: null,
  suggestion: null,
  serving: null,
  running: [],
  cost: new Money('USD', 1_000_000n),
  attempt: { startedAtMs: 0, tookMs: 100 },
};

const drawn = (...blocks: Block[]) => blocks.flatMap((block) => drawPlain(block)).join('\n');

describe('text from outside', () => {
  test.each([
    ['a colour', '\u001b[31mred\u001b[0m', 'red'],
    ['a title of the window', 'a\u001b]0;owned\u0007b', 'ab'],
    ['a link', '\u001b]8;;http://evil\u001b\\click\u001b]8;;\u001b\\', 'click'],
    ['a bell and a backspace', 'a\u0007b\u0008c', 'abc'],
    ['text that runs backwards', 'file\u202etxt.exe', 'filetxt.exe'],
    ['characters without a width', 'pay\u200bpal\ufeff', 'paypal'],
    ['lines', 'one\r\ntwo\nthree', 'one two three'],
    ['tabs', 'a\tb', 'a  b'],
    ['a control of the upper half', 'a\u009b31mb', 'a31mb'],
  ])('with %s is shown harmless', (_what, given, shown) => {
    expect(plainText(given)).toBe(shown);
  });

  test('of any kind is one line without controls, and no longer than said', () => {
    const nasty = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\u001b', '[', ']', 'm', '\u0007', '\n', '\r', '\u202e'),
        fc.string({ maxLength: 2 }),
      ),
    });
    fc.assert(
      fc.property(nasty, fc.integer({ min: 1, max: 50 }), (text, longest) => {
        const shown = plainText(text, longest);
        expect(shown.length).toBeLessThanOrEqual(longest);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be left
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
      { numRuns: 2_000 },
    );
  });

  test('goes through that gate in every kind of block', () => {
    const evil = 'x\u001b[2Jy';
    const problem = {
      severity: 'error',
      code: 'c',
      own: true,
      file: evil,
      line: 1,
      column: 1,
      path: '',
      message: evil,
      advice: evil,
    } as const;
    const blocks: Block[] = [
      { kind: 'heading', text: evil },
      { kind: 'stage', mark: 'done', label: evil, text: evil },
      { kind: 'field', label: 'cost', text: evil },
      { kind: 'log', source: evil, text: evil },
      { kind: 'table', columns: ['a'], rows: [[evil]] },
      { kind: 'text', text: evil },
      say.problemBlock(problem, evil),
    ];
    for (const block of blocks) {
      expect(drawn(block)).toContain('xy');
      expect(drawn(block).includes('\u001b')).toBe(false);
    }
  });
});

test('colours are for terminals alone', () => {
  const block: Block = { kind: 'stage', mark: 'failed', label: 'a', text: 'b' };
  expect(drawPlain(block).join('').includes('\u001b')).toBe(false);
  expect(drawPlain(block, { colour: true }).join('')).toContain('\u001b[31m✗\u001b[0m');
});

describe('a problem', () => {
  const at = (line: number, column: number, endColumn?: number) =>
    ({
      severity: 'error',
      code: 'InvalidOsType',
      own: false,
      file: 'a/containergroup.yaml',
      line,
      column,
      ...(endColumn === undefined ? {} : { endColumn }),
      path: 'properties.osType',
      message: 'osType is "Lin".',
      advice: 'Write Linux.',
    }) as const;

  test('stands at its line, with a caret under it and what to write', () => {
    expect(drawn(say.problemBlock(at(3, 11, 14), 'name: a\nproperties:\n  osType: Lin\n'))).toBe(
      [
        '  ✗ a/containergroup.yaml:3:11 error InvalidOsType',
        '    osType is "Lin".',
        '    2 │ properties:',
        '    3 │   osType: Lin',
        '      │           ^^^',
        '    → Write Linux.',
      ].join('\n'),
    );
  });

  test('after a tab has its caret under it all the same', () => {
    const lines = drawn(say.problemBlock(at(1, 9, 12), 'osType:\tLin')).split('\n');
    expect(lines[3]?.indexOf('^')).toBe(lines[2]?.indexOf('Lin'));
  });

  test('far out in a long line is shown with what is around it', () => {
    const text = `# ${'x'.repeat(500)}`.padEnd(600, 'y');
    const lines = drawn(say.problemBlock(at(1, 503, 505), text)).split('\n');
    expect(lines[3]?.indexOf('^')).toBe(lines[2]?.indexOf('yy'));
    for (const line of lines) expect(line.length).toBeLessThan(200);
  });

  test('of a file that has fewer lines is still told', () => {
    expect(drawn(say.problemBlock(at(9, 1), 'name: a'))).toContain('osType is "Lin".');
  });
});

describe('a push', () => {
  const prices = pricesFrom({});
  const size = { vcpuMilli: 500, memoryGbTenths: 3, gpuCount: 0, gpuSku: '', windows: false };

  test('tells size and price', () => {
    const { group } = readGroup(
      'name: a\nproperties: {osType: Linux, containers: [{name: a, properties: {image: a, resources: {requests: {cpu: 0.5, memoryInGB: 0.3}}}}]}',
    );
    if (!group) throw new Error('no group');
    expect(
      drawn(say.specStage('containergroup.yaml', group, size, 30), say.priceStage(rate(size, prices))),
    ).toBe(
      [
        '  ✔ containergroup.yaml   1 container, 0.5 vCPU, 0.3 GB         0.03 s',
        '  ✔ price                 $0.0000060 /s   $0.0216 /h',
      ].join('\n'),
    );
  });

  test.each([
    ['none', [], 'none'],
    ['in-place', ['tags.team'], 'in place, nothing restarts: tags.team'],
    [
      'restart',
      ['containers[web].image'],
      'restart of the changed containers, the address stays: containers[web].image',
    ],
    ['replace', ['a', 'a.b', 'a[0]', 'ab'], 'replace of the whole group: a, ab'],
    ['replace', ['a', 'b', 'c', 'd', 'e'], 'replace of the whole group: a, b, c and 2 more'],
  ] as const)('of the effect %s on %j says so', (effect, paths, said) => {
    const changes = paths.map((path) => ({
      path,
      effect: effect === 'none' ? ('in-place' as const) : effect,
      from: '1',
      to: '2',
    }));
    const block = say.changeStage(effect, changes);
    expect(block && drawn(block)).toBe(`  ✔ change                ${said}`);
  });

  test.each(['restart', 'replace'] as const)(
    'of the effect %s beside what serves says that the address is another',
    (effect) => {
      const changes = [{ path: 'containers[web].image', effect, from: '1', to: '2' }];
      const block = say.changeStage(effect, changes, true);
      expect(block && drawn(block)).toBe(
        '  ✔ change                a second sandbox, at an address of its own: containers[web].image',
      );
    },
  );

  test('of a new group has no word about changes', () => {
    expect(say.changeStage('create', [])).toBeUndefined();
  });

  test('without isolation warns, every time', () => {
    expect(drawn(say.isolationStage('none', 'runc'))).toContain(
      '! isolation             none (runc): development only',
    );
    expect(drawn(say.isolationStage('hypervisor', 'kata'))).toContain(
      '✔ isolation             hypervisor (kata)',
    );
  });

  test('says who answers at the address, or that nobody does yet', () => {
    const place = {
      url: 'http://a.local.localhost',
      published: [80, 81].map((port) => ({
        address: '127.20.0.1',
        protocol: 'TCP' as const,
        port,
        hostPort: port,
      })),
    };
    expect(drawn(say.addressStage(place, { status: 200, tookMs: 4 }))).toContain(
      '✔ address               http://a.local.localhost   200 in 4 ms   (127.20.0.1:80 127.20.0.1:81)',
    );
    expect(drawn(say.addressStage(place, undefined))).toContain('! address');
    expect(drawn(say.addressStage({ ...place, url: '' }, undefined))).toBe(
      '  ✔ address               127.20.0.1:80 127.20.0.1:81',
    );
    const shared = { address: '2001:db8::7', protocol: 'UDP', port: 53, hostPort: 20_001 } as const;
    expect(drawn(say.addressStage({ url: '', published: [shared] }, undefined))).toBe(
      '  ✔ address               [2001:db8::7]:20001/udp (53)',
    );
  });

  test('that fails says what happened, what was printed, what to change, what serves, what it cost, what to type', () => {
    const text = 'name: a\nmemoryInGB: 4\n';
    const place = { file: 'a/containergroup.yaml', line: 2, column: 13, endColumn: 14, path: 'memoryInGB' };
    const suggestion = { text: 'memoryInGB: 8', addsPerHour: new Money('USD', 17_800_000_000n) };
    const report = { ...REPORT, container: 'api', lastLines: ['loading'], place, suggestion, serving: 30 };
    expect(drawn(...say.reportBlocks(report, text))).toBe(
      [
        '  ✗ out-of-memory         api was killed.',
        '  api      | loading',
        '    Likely fix: memoryInGB: 8 at a/containergroup.yaml:2:13 (adds $0.0178 /h)',
        '    2 │ memoryInGB: 4',
        '      │             ^',
        '    → It is started again.',
        '    Revision 30 keeps serving; nothing changed for its users.',
        '    The attempt has cost $0.0000010. Next: `katabot logs shop/api in pr-7` · `katabot status shop in pr-7`',
      ].join('\n'),
    );
  });

  test('that fails never says that something serves when nothing, or nobody knows what, does', () => {
    const said = (more: Partial<say.FailureReport>) => drawn(...say.reportBlocks({ ...REPORT, ...more }, ''));
    expect(said({})).toContain('Nothing serves until this is mended.');
    expect(said({ running: ['side'] })).toContain('side runs on.');
    expect(said({ running: null })).toContain('cannot be seen while the engine does not answer');
    expect(said({ code: 'cancelled' })).not.toContain('serves');
  });

  test('of several groups ends as the worst of them', () => {
    const good = say.done('deployed', { group: 'a' });
    const bad = say.failed({ code: 'disk-full', message: '', advice: '' });
    expect(say.deployed([good, bad])).toMatchObject({ kind: 'failed', code: 'disk-full' });
    expect(say.deployed([good])).toMatchObject({ kind: 'done', code: 'deployed' });
    expect(say.deployed([])).toMatchObject({ kind: 'done' });
  });
});

test('of the names of a group those of its own that lead to it come first', () => {
  const domains = [{ url: 'https://shop.example.com' }, { url: '' }]; // the second one does not lead there yet
  expect(say.urlsOf({ url: 'https://shop.local', domains })).toEqual([
    'https://shop.example.com',
    'https://shop.local',
  ]);
  expect(say.urlsOf({ url: '' })).toEqual([]);
});

test('a failure of use and any other failure end differently', () => {
  expect(say.failedOutcome(new Failure('usage', 'Which group?'))).toMatchObject({ kind: 'invalid' });
  expect(say.failedOutcome(new Failure('store-full', 'Full.', { advice: 'Free space.' }))).toMatchObject({
    kind: 'failed',
    data: { code: 'store-full', message: 'Full.', advice: 'Free space.' },
  });
});

test('a table has its columns in line and nothing behind them', () => {
  const rows = [
    ['hello', 'Running', ''],
    ['a', 'Pending', 'x'],
  ];
  expect(drawPlain({ kind: 'table', columns: ['group', 'state', ''], rows })).toEqual([
    '  group   state',
    '  hello   Running',
    '  a       Pending   x',
  ]);
});
