/** The grammar: argv, lines of text, and everything that is made from the same table. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Command,
  commandSchema,
  commandsPage,
  commandText,
  completionScript,
  helpFor,
  helpText,
  parse,
  parseLine,
  VERBS,
} from '../../src/commands/index.ts';
import { Failure } from '../../src/failure.ts';

const OWN_EXAMPLES = VERBS.flatMap((verb) =>
  verb.examples
    .filter((example) => /(^|\s)katabot /.test(example))
    .map((example) => [example.slice(example.indexOf('katabot ')).replace(/ > .*$/, ''), verb.name] as const),
);
const shellWords = (line: string) => line.split(' ').slice(1);

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it was understood');
}

describe('the table', () => {
  test.each(OWN_EXAMPLES)('understands its own example: %s', (line, name) => {
    expect(parse(shellWords(line)).verb.name).toBe(name);
    const verb = VERBS.find((each) => each.name === name);
    const surface = verb?.surfaces.find((each) => each !== 'local') ?? 'cli';
    expect(parseLine(line, surface)?.verb.name).toBe(name);
  });

  test.each(VERBS.flatMap((verb) => verb.aliases.map((alias) => [alias, verb] as const)))(
    'takes %s for its verb',
    (alias, verb) => {
      expect(parse([alias, ...leastFor(verb.name)]).verb.name).toBe(verb.name);
    },
  );

  test.each(VERBS.flatMap((verb) => verb.options.map((option) => [verb.name, option] as const)))(
    '%s takes its option in every spelling',
    (name, option) => {
      const [value, read] = sampleOf(option);
      const least = leastFor(name);
      const withOption = (...words: string[]) => parse([name, ...words, ...least]).options[option.name];
      if (option.type === 'flag') {
        expect(withOption(`--${option.name}`)).toBe(true);
        expect(withOption(`--no-${option.name}`)).toBe(false);
      } else {
        expect(withOption(`--${option.name}`, value)).toBe(read);
        expect(withOption(`--${option.name}=${value}`)).toBe(read);
        expect(
          failureOf(() =>
            parse([name, ...least.filter((word) => word !== '--' && word !== 'ls'), `--${option.name}`]),
          ).message,
        ).toContain('needs a value');
      }
      if (option.letter) {
        const words = option.type === 'flag' ? [`-${option.letter}`] : [`-${option.letter}`, value];
        expect(withOption(...words)).toBe(read);
      }
    },
  );

  test('has no two verbs that share a word', () => {
    const all = VERBS.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(new Set(all).size).toBe(all.length);
  });

  test('gives every changing verb a dry run, and asks nowhere without a way to say yes', () => {
    for (const { name, mutating, confirms, options, right } of VERBS) {
      const has = (wanted: string) => options.some((option) => option.name === wanted);
      if (mutating && right !== null) expect([name, has('dry-run')]).toEqual([name, true]);
      if (confirms) expect([name, has('yes')]).toEqual([name, true]);
    }
  });
});

/** The least words that a verb needs after its name. */
function leastFor(name: string): string[] {
  const verb = VERBS.find((each) => each.name === name);
  const needed = verb?.arguments.filter(({ required, name: each }) => required && each !== 'command') ?? [];
  const argv = verb?.arguments.some(({ name: each, required }) => each === 'command' && required);
  return [...needed.map(() => 'x'), ...(argv ? ['--', 'ls'] : [])];
}

function sampleOf({ type, values }: (typeof VERBS)[number]['options'][number]): [string, unknown] {
  switch (type) {
    case 'flag':
      return ['', true];
    case 'number':
      return ['7', 7];
    case 'duration':
      return ['1h30m', 5_400_000];
    case 'time':
      return ['18:00', '18:00'];
    default:
      return values ? [values[0] ?? '', values[0]] : ['some', 'some'];
  }
}

describe('words', () => {
  test('become a target, an environment, a release, a commit, argv and options', () => {
    expect(parse(['logs', 'api/worker', 'in', 'feature-x', '--tail=20', '-f'])).toMatchObject({
      target: { name: 'api', container: 'worker', environment: 'feature-x' },
      environment: 'feature-x',
      options: { tail: 20, follow: true },
    });
    expect(parse(['rollback', 'api', 'in', 'prod', 'to', '#31'])).toMatchObject({
      target: { environment: 'prod' },
      release: { revision: 31 },
    });
    expect(parse(['rollback', 'api', 'to', '@9F31C02'])).toMatchObject({ release: { commit: '9f31c02' } });
    expect(parse(['rollback', 'api', '#3']).release).toEqual({ revision: 3 });
    expect(parse(['rollback', 'api', 'to', '3']).release).toEqual({ revision: 3 });
    expect(parse(['rollback', 'api', 'in', '3']).target).toMatchObject({ environment: '3' });
    expect(parse(['deploy', 'api', '@9f31c02', 'to', 'staging', '--ttl', '4h'])).toMatchObject({
      commit: '9f31c02',
      target: { environment: 'staging' },
      options: { ttl: 14_400_000 },
    });
    expect(parse(['exec', 'api/web', '--json', '--', 'sh', '-c', 'echo --json "a b"']).argv).toEqual([
      'sh',
      '-c',
      'echo --json "a b"',
    ]);
    expect(parse(['list', 'in', 'staging'])).toMatchObject({ environment: 'staging', words: [] });
    expect(parse(['status']).target).toBeUndefined();
    expect(parse(['logs', '--help'])).toMatchObject({ verb: { name: 'help' }, words: ['logs'] });
    expect(parse(['exec', 'a', '--', 'ls', '--help']).argv).toEqual(['ls', '--help']);
    expect(parse([]).verb.name).toBe('help');
  });

  test.each<[string[], string, string]>([
    [['statsu'], 'There is no verb "statsu".', 'Did you mean: katabot status'],
    [
      ['rolback', 'hello', 'to', '#3'],
      'There is no verb "rolback".',
      'Did you mean: katabot rollback hello to #3',
    ],
    [['frobnicate'], 'There is no verb "frobnicate".', 'katabot help lists the verbs.'],
    [['logs'], 'logs needs a group, or group/container.', 'katabot logs ‹GROUP›'],
    [['exec', 'a'], 'exec needs the program and its arguments', '‹-- COMMAND...›'],
    [['logs', 'a', '--tial', '3'], 'logs has no option --tial.', 'Did you mean: katabot logs a --tail 3'],
    [['logs', 'a', '--tail', 'many'], '--tail many: expected a whole number such as 20.', ''],
    [['logs', 'a', '--since', '4x'], '--since 4x: expected a duration such as 90m or 4h.', ''],
    [['extend', 'a', '--until', 'later'], '--until later: expected a time such as 18:00', ''],
    [['logs', 'a', '--tail'], '--tail needs a value.', 'katabot logs'],
    [['logs', 'a', '--tail', '1', '--tail', '2'], '--tail is given twice.', 'katabot logs'],
    [['logs', 'a', '--follow=yes'], '--follow takes no value.', 'katabot logs'],
    [
      ['logs', 'a', 'at', 'b'],
      'logs does not know what to do with "at".',
      'Did you mean: katabot logs a in b',
    ],
    [['logs', 'a', 'in'], '"in" needs a name after it.', 'katabot logs'],
    [['logs', 'a', 'in', 'b', 'in', 'c'], 'logs is told twice which environment.', 'katabot logs'],
    [['delete', 'a/b/c'], '"a/b/c" is no group name', 'katabot delete'],
    [['delete', '../../etc'], '"../../etc" is no group name', 'katabot delete'],
    [['deploy', 'web.yaml'], '"web.yaml" is no group name', 'Did you mean: katabot deploy --file web.yaml'],
    [['status', 'a', 'in', 'PROD'], '"PROD" is no environment', 'katabot status'],
    [['deploy', 'a', '@nothex'], '@nothex is no commit.', '@9f31c02'],
    [['status', 'a', '--', 'ls'], 'status takes nothing after --.', 'katabot status'],
    [
      ['cost', '--by', 'grup'],
      '--by grup: expected group, environment, repository, caller; did you mean group?',
      '',
    ],
    [
      ['token', 'create', 'ann', '--right', 'king'],
      '--right king: expected reader, deployer, operator, admin.',
      '',
    ],
    [['validate'], 'validate needs files to check', 'katabot validate ‹FILES...›'],
    [['serve', 'now'], 'serve does not know what to do with "now".', 'katabot serve'],
    [['logs', 'a', '--grep', 'x'.repeat(201)], '--grep has 201 characters.', 'Write less.'],
  ])('%j is answered with what is wrong and what to write', (given, message, advice) => {
    expect(failureOf(() => parse(given))).toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
      advice: expect.stringContaining(advice),
    });
  });

  test('that are wrong have a caret under them', () => {
    expect(failureOf(() => parse(['logs', 'a b', '--tial', '3'])).excerpt).toBe(
      ["katabot logs 'a b' --tial 3", '                   ^^^^^^'].join('\n'),
    );
    expect(failureOf(() => parseLine('/kata logs "a', 'api')).excerpt).toBe(
      ['/kata logs "a', '           ^'].join('\n'),
    );
    const far = failureOf(() => parse(['logs', 'a', '--grep', 'x'.repeat(180), '--tial', '3'])).excerpt;
    expect(far.split('\n')[0]?.length).toBeLessThanOrEqual(100);
    expect(far.split('\n')[1]?.trimEnd().length).toBeLessThanOrEqual(100);
  });

  test('more than anybody types are refused', () => {
    expect(() => parse(Array.from({ length: 65 }, () => 'x'))).toThrow('more than a command may have');
    expect(() => parse(['logs', 'x'.repeat(2_001)])).toThrow('more than a command may have');
  });

  test('are refused where the table does not list them', () => {
    expect(failureOf(() => parse(['exec', 'a', '--', 'ls'], 'git'))).toMatchObject({
      code: 'wrong-surface',
      advice: 'Say it on the command line and through the HTTP API and in Slack.',
    });
    expect(failureOf(() => parse(['serve'], 'api')).code).toBe('wrong-surface');
    expect(parse(['serve'], 'cli').verb.name).toBe('serve');
  });
});

describe('a line', () => {
  const read = (text: string, known?: { environments: string[]; groups: string[] }) =>
    parseLine(text, 'api', known);

  test('without a prefix is none', () => {
    for (const text of [
      '',
      'status',
      'we should /kata deploy',
      '/katabot status',
      'katabots',
      '> /kata status',
    ])
      expect(read(text)).toBeUndefined();
  });

  test.each([
    ['/kata status hello', 'katabot status hello'],
    ['  /KATA Status hello', 'katabot status hello'],
    ['katabot logs hello --tail 3', 'katabot logs hello --tail=3'],
    ['/deploy status', 'katabot status'],
    ['/deploy hello', 'katabot deploy hello'],
    ['/deploy to staging', 'katabot deploy in staging'],
    ['/deploy @9f31c02', 'katabot deploy @9f31c02'],
    [
      '/kata rollback hello --reason "it \\"broke\\" \\\\ badly"',
      `katabot rollback hello --reason='it "broke" \\ badly'`,
    ],
    ['/kata logs hello --grep \'a "b" \\\'', `katabot logs hello --grep='a "b" \\'`],
    ['/kata logs hello —tail 3', 'katabot logs hello --tail=3'],
    ['/kata logs hello –tail 3', 'katabot logs hello --tail=3'],
    ['/kata rollback hello --reason “two words”', "katabot rollback hello --reason='two words'"],
    ['/kata\u00a0status\u2003hello', 'katabot status hello'],
    ['\u200b/kata sta\u200btus hello', 'katabot status hello'],
    ['\u202a/kata status hello\u202c', 'katabot status hello'],
    ['/kata deploy <https://shop.example|shop> to staging', 'katabot deploy shop in staging'],
    ['/kata audit --caller <@U123|ann>', 'katabot audit --caller=ann'],
    ['/kata logs hello --grep "a &lt; b &amp;amp; c"', "katabot logs hello --grep='a < b &amp; c'"],
    ['/kata logs hello --grep cafe\u0301', 'katabot logs hello --grep=caf\u00e9'],
  ])('%j is %s', (text, canonical) => {
    const command = read(text);
    expect(command && commandText(command)).toBe(canonical);
  });

  test('in quotes is a value, whatever it looks like', () => {
    expect(read("/kata logs hello --grep '--tail'")?.options).toEqual({ grep: '--tail' });
    expect(read('/kata exec hello -- echo "--" \'in\'')?.argv).toEqual(['echo', '--', 'in']);
  });

  test.each([
    ['/kata status he\u202ello', 'A word holds characters that turn the direction of text.'],
    ['/kata status "hello', 'A quote is not closed.'],
    ["/kata status 'hello", 'A quote is not closed.'],
  ])('%j is refused', (text, message) => {
    expect(failureOf(() => read(text))).toMatchObject({ code: 'usage', message });
  });

  test('with a word of two meanings names both', () => {
    const known = { environments: ['staging', 'shop'], groups: ['shop', 'api'] };
    expect(commandText(read('/deploy staging', known) as Command)).toBe('katabot deploy in staging');
    expect(commandText(read('/deploy api', known) as Command)).toBe('katabot deploy api');
    expect(failureOf(() => read('/deploy shop', known))).toMatchObject({
      code: 'ambiguous',
      message: 'shop is an environment and a group.',
      advice: 'Write /kata deploy to shop or /kata deploy shop',
    });
    expect(failureOf(() => read('/deploy statsu', known)).advice).toContain('status');
  });
});

describe('a hundred thousand lines that nobody meant', () => {
  const verbs = VERBS.flatMap(({ name, aliases }) => [name, ...aliases]);
  const piece = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        ...verbs,
        'in',
        'to',
        'on',
        'hello',
        'hello/web',
        'staging',
        '#3',
        '@9f31c02',
        '--',
        '-f',
        '-n',
        '--tail',
        '--json',
        '--yes',
        '--no-json',
        '--since=4h',
        '"',
        "'",
        '\\',
        '=',
        ' ',
      ),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 10 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
  );
  const examples = fc.constantFrom(...OWN_EXAMPLES.map(([line]) => line));
  const mutated = fc
    .tuple(examples, fc.nat(60), fc.string({ maxLength: 3 }), fc.nat(3))
    .map(([line, at, text, cut]) => `${line.slice(0, at)}${text}${line.slice(at + cut)}`);

  test('as words: none crashes, none acts without being understood exactly', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }), (words) => judge(() => parse(words), words[0] ?? '')),
      { numRuns: 40_000 },
    );
  });

  test('as lines', () => {
    const prefix = fc.constantFrom('/kata ', '/deploy ', 'katabot ', '');
    fc.assert(
      fc.property(prefix, fc.array(piece, { maxLength: 7 }), (before, words) =>
        judge(() => parseLine(`${before}${words.join(' ')}`, 'cli')),
      ),
      { numRuns: 40_000 },
    );
  });

  test('as examples with a slip', () => {
    fc.assert(
      fc.property(mutated, (line) => judge(() => parseLine(line, 'cli'))),
      { numRuns: 20_000 },
    );
  });

  /** A Failure, nothing, or a command that means the same when it is printed and read again. */
  function judge(read: () => Command | undefined, first?: string): void {
    let command: Command | undefined;
    try {
      command = read();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      expect(error.message).not.toBe('');
      return;
    }
    if (!command) return;
    if (first !== undefined && command.verb.mutating)
      expect([command.verb.name, ...command.verb.aliases]).toContain(first.toLowerCase());
    const text = commandText(command);
    // What a line is repaired of (quotes that are curly, widths that are odd) may be a value among words.
    if (!/^[\x20-\x7e]*$/.test(text) || /[&<]/.test(text)) return;
    const again = parseLine(text, command.verb.surfaces.includes('slack') ? 'slack' : 'cli');
    expect({ ...again, environment: undefined }).toEqual({ ...command, environment: undefined });
    expect(again?.environment).toBe(command.environment);
  }
});

describe('what is made from the table', () => {
  const names = VERBS.map(({ name }) => name);

  test('help lists every verb and no other', () => {
    const listed = helpText()
      .split('\n')
      .flatMap((line) => /^ {2}([a-z]+) {2,}/.exec(line)?.[1] ?? []);
    expect(listed.toSorted()).toEqual(names.toSorted());
  });

  test.each(VERBS)('help of $name shows its options, its aliases, its right and its examples', (verb) => {
    const text = helpFor(verb.name);
    const shown = [...text.matchAll(/--([a-z][a-z-]*)/g)].map(([, name]) => name ?? '');
    for (const { name } of verb.options) expect(shown).toContain(name);
    for (const alias of verb.aliases) expect(text).toContain(alias);
    for (const example of verb.examples) expect(text).toContain(example);
    const right = verb.right === 'anybody' ? 'Takes no right.' : `Takes the right ${verb.right}.`;
    if (verb.right) expect(text).toContain(right);
    expect(commandsPage()).toContain(text);
  });

  test('the page of commands has a section for every verb and no other', () => {
    expect([...commandsPage().matchAll(/^## (\w+)$/gm)].map(([, name]) => name)).toEqual(names);
  });

  test('the schema of the API has the verbs and options that may be said there, and no others', () => {
    const schema = JSON.parse(JSON.stringify(commandSchema()));
    const asked = VERBS.filter(({ surfaces }) => surfaces.includes('api'));
    expect(Object.keys(schema.$defs)).toEqual(asked.map(({ name }) => name));
    for (const { name, options, right } of asked) {
      expect(Object.keys(schema.$defs[name].properties)).toEqual(options.map((option) => option.name));
      expect(schema.$defs[name]['x-right']).toBe(right);
    }
    expect(schema.properties.words.prefixItems[0].enum).toEqual(
      asked.flatMap(({ name, aliases }) => [name, ...aliases]),
    );
  });

  test.each([
    [['katabot', 'roll'], ['rollback']],
    [
      ['katabot', 'cost', '--'],
      ['--since', '--by', '--json'],
    ],
    [['katabot', 'bill', '--s'], ['--since']],
    [['katabot', 'cost', '--by', 'e'], ['environment']],
    [['katabot', 'completion', 'f'], ['fish']],
    [['katabot', 'nothing', ''], []],
  ])('bash completes %j', (words, expected) => {
    const script = `${completionScript('bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_katabot; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.split('\n').filter(Boolean)).toEqual(expected);
  });

  test.each(['bash', 'zsh', 'fish'])('the script for %s knows every verb and option', (shell) => {
    const script = completionScript(shell);
    for (const { name, options } of VERBS) {
      expect(script).toContain(name);
      for (const option of options) expect(script).toMatch(new RegExp(`(--|-l )${option.name}\\b`));
    }
    const said = [...script.matchAll(/(?:--|-l )([a-z][a-z-]+)/g)].map(([, option]) => option ?? '');
    const known = new Set(VERBS.flatMap(({ options }) => options.map(({ name }) => name)));
    expect(said.filter((option) => !known.has(option))).toEqual([]);
  });

  test('another shell has no script', () => {
    expect(failureOf(() => completionScript('tcsh'))).toMatchObject({ code: 'usage' });
  });
});
