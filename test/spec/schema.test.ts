import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Field } from '../../src/spec/field.ts';
import { jsonSchema, readGroup, referencePage } from '../../src/spec/index.ts';
import { groupSchema } from '../../src/spec/schema/group.ts';

const root = new URL('../../', import.meta.url);

test('the reference page is the one that the table makes', () => {
  expect(readFileSync(new URL('docs/spec.md', root), 'utf8')).toBe(referencePage());
});

test.each(readdirSync(new URL('templates/', root)))(
  'the template %s is a group without a single problem',
  (name) => {
    const text = readFileSync(new URL(`templates/${name}/containergroup.yaml`, root), 'utf8');
    expect(readGroup(text).problems).toEqual([]);
  },
);

/** Every property of the table, as often as it stands there: its own name and what is said of it. */
function* propertiesOf(field: Field): Generator<readonly [string, Field]> {
  if (field.kind === 'list') yield* propertiesOf(field.item);
  if (field.kind === 'map') yield* propertiesOf(field.value);
  if (field.kind !== 'object') return;
  for (const each of Object.entries({ ...field.fields, ...field.inner })) {
    yield each;
    yield* propertiesOf(each[1]);
  }
}

const all = [...propertiesOf(groupSchema)];

test('every property is described in a sentence, and dated as ACI dates its versions', () => {
  expect(all.length).toBeGreaterThan(150);
  for (const [name, { about }] of all) {
    expect([name, about.says]).toEqual([name, expect.stringMatching(/^[A-Za-z`].*[.]$/)]);
    expect([name, about.since ?? '2018-02-01']).toEqual([
      name,
      expect.stringMatching(/^20[12]\d-\d\d-\d\d(-preview)?$/),
    ]);
  }
});

describe('the schema for editors', () => {
  interface Schema {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly items?: Schema;
    readonly additionalProperties?: Schema | false;
    readonly anyOf?: readonly Schema[];
  }

  /** Every name of a property, however deep; a choice of shapes counts once. */
  function* namesIn({ properties = {}, items, additionalProperties, anyOf }: Schema): Generator<string> {
    for (const [name, schema] of Object.entries(properties)) {
      yield name;
      yield* namesIn(schema);
    }
    for (const schema of [items, additionalProperties, anyOf?.[0]]) if (schema) yield* namesIn(schema);
  }

  test('has every property of the table, as often as it stands there', () => {
    const count = (names: readonly string[]) =>
      Object.fromEntries(
        [...new Set(names)].toSorted().map((name) => [name, names.filter((each) => each === name).length]),
      );
    const names = [...namesIn(jsonSchema())].filter((name) => name !== 'properties');
    const known = all.flatMap(([name, { about }]) => [name, ...(about.aliases ?? [])]);
    expect(count(names)).toEqual(count(known));
  });

  test('describes each property in a sentence', () => {
    const sentences = [...JSON.stringify(jsonSchema()).matchAll(/"description":"([^"]*)"/g)].map(
      ([, text]) => text ?? '',
    );
    expect(sentences.length).toBeGreaterThan(150);
    expect(sentences.filter((text) => !/^[A-Za-z`].*[.]$/.test(text))).toEqual([]);
  });

  test('takes what stands without a list where one may', () => {
    expect(JSON.stringify(jsonSchema())).toMatch(/"httpHeaders":\{[^}]*"anyOf"/);
  });
});
