import { expect, test } from '@jest/globals';
import { placeOf } from '../../src/spec/index.ts';

const TEXT = `name: shop
properties:
  containers:
  - name: web
    properties:
      image: a:1
  - {name: side, properties: {image: b:1}}
`;

test.each([
  ['name', { line: 1, column: 7, endColumn: 11 }],
  ['properties.containers[0].properties.image', { line: 6, column: 14, endColumn: 17 }],
  ['properties.containers[1].properties.image', { line: 7, column: 38, endColumn: 41 }],
  // Not written: the nearest thing around it that is.
  ['properties.containers[0].properties.command', { line: 5, column: 5, endColumn: 15 }],
  ['location', { line: 1, column: 1 }],
])('%s stands where the file has it', (path, place) => {
  expect(placeOf(TEXT, path)).toEqual(place);
  expect(placeOf(`\ufeff${TEXT}`, path)).toEqual(place);
});

test('a text that is no YAML has no places, and no harm comes of asking', () => {
  for (const text of ['', 'a: [1', '- x', 'plain']) expect(placeOf(text, 'name').line).toBe(1);
});
