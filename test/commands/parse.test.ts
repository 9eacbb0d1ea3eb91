import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { commandsPage, helpFor, helpText, parse, VERBS } from '../../src/commands/index.ts';
import { Failure } from '../../src/failure.ts';

const words = (line: string) =>
  line
    .split(' ')
    .slice(1)
    .filter((word) => !word.includes('=') && word !== '>' && !word.startsWith('.kata'));

describe('the grammar', () => {
  test.each(
    VERBS.flatMap((verb) => verb.examples.map((example) => [example, verb.name] as const)).filter(
      ([example]) => /(^|\s)katabot /.test(example),
    ),
  )('understands its own example: %s', (example, name) => {
    const line = example.slice(example.indexOf('katabot '));
    expect(parse(words(line)).verb.name).toBe(name);
  });

  test.each(VERBS.flatMap((verb) => verb.aliases.map((alias) => [alias, verb.name] as const)))(
    'takes %s for %s',
    (alias, name) => {
      const verb = VERBS.find((each) => each.name === name);
      const needed =
        verb?.arguments
          .filter(({ required }) => required)
          .map(({ name: argument }) => (argument === 'action' ? 'list' : 'x')) ?? [];
      expect(parse([alias, ...needed]).verb.name).toBe(name);
    },
  );

  test('reads groups, containers, environments and options', () => {
    expect(parse(['logs', 'api/worker', 'in', 'feature-x', '--tail=20', '-f'])).toMatchObject({
      target: { name: 'api', container: 'worker', environment: 'feature-x' },
      options: { tail: 20, follow: true },
    });
    expect(parse(['status']).target).toBeUndefined();
    expect(parse(['logs', '--help'])).toMatchObject({ verb: { name: 'help' }, words: ['logs'] });
    expect(parse([]).verb.name).toBe('help');
  });

  test.each([
    [['statsu'], 'There is no verb "statsu".', 'Did you mean: katabot status'],
    [['frobnicate'], 'There is no verb "frobnicate".', 'katabot help lists the verbs.'],
    [['logs'], 'logs needs the name of a group.', 'katabot logs GROUP'],
    [['logs', 'a', '--tial', '3'], 'logs has no option --tial.', 'Did you mean --tail?'],
    [['logs', 'a', '--tail', 'many'], '--tail many: expected a whole number such as 20.', ''],
    [['logs', 'a', '--tail'], '--tail needs a value.', 'katabot logs'],
    [['logs', 'a', '--follow=yes'], '--follow takes no value.', 'katabot logs'],
    [['logs', 'a', 'at', 'b'], '"at" is not understood after the group.', 'in ENVIRONMENT'],
    [['delete', 'a/b/c'], '"a/b/c" is no group name', 'katabot delete'],
    [['status', 'a', 'in', 'PROD'], '"PROD" is no environment', 'katabot status'],
    [
      ['token', 'create', 'ann', '--right', 'king'],
      '--right king: expected reader, deployer, operator, admin.',
      '',
    ],
    [['validate'], 'validate needs files to check', 'katabot validate FILES...'],
    [['serve', 'now'], 'serve does not know what to do with "now".', 'katabot serve'],
  ])('%j is answered with what is wrong and what to write', (given, message, advice) => {
    const failure = (() => {
      try {
        return parse(given);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
      advice: expect.stringContaining(advice),
    });
  });

  test('never crashes, and never acts without being told so exactly', () => {
    const mutating = new Set(
      VERBS.filter((verb) => verb.mutating).flatMap((verb) => [verb.name, ...verb.aliases]),
    );
    const word = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom(...VERBS.map(({ name }) => name), 'in', '--json', '-f', '--tail', 'hello', 'hello/web'),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (line) => {
        try {
          const command = parse(line);
          if (command.verb.mutating) expect(mutating.has((line[0] ?? '').toLowerCase())).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  test('an example with one letter changed never acts, unless that spells another word of the table', () => {
    const acting = new Set(
      VERBS.filter((verb) => verb.mutating).flatMap((verb) => [verb.name, ...verb.aliases]),
    );
    const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz-/ =0');
    const example = fc.constantFrom(...[...acting].map((verb) => `${verb} hello in feature-x`));
    fc.assert(
      fc.property(example, fc.nat(30), letter, (line, at, with_) => {
        const changed = `${line.slice(0, at)}${with_}${line.slice(at + 1)}`.split(' ');
        try {
          if (parse(changed).verb.mutating) expect([...acting]).toContain(changed[0]);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test('refuses more words than anybody types', () => {
    expect(() => parse(Array.from({ length: 65 }, () => 'x'))).toThrow('more than a command may have');
  });
});

describe('help', () => {
  test('lists every verb and no other', () => {
    const listed = helpText()
      .split('\n')
      .flatMap((line) => /^ {2}([a-z]+) {2,}/.exec(line)?.[1] ?? []);
    expect(listed).toEqual(VERBS.map(({ name }) => name));
  });

  test.each(VERBS.map(({ name }) => name))(
    'of %s shows its options, its aliases and its examples',
    (name) => {
      const text = helpFor(name);
      const verb = VERBS.find((each) => each.name === name);
      for (const option of verb?.options ?? []) expect(text).toContain(`--${option.name}`);
      for (const example of verb?.examples ?? []) expect(text).toContain(example);
      expect(commandsPage()).toContain(text);
    },
  );

  test('no two verbs share a word', () => {
    const all = VERBS.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(new Set(all).size).toBe(all.length);
  });
});
