/** What is said in a plan of images that nobody has pulled yet. */
import { expect, test } from '@jest/globals';
import { imageProblems } from '../../src/commands/image-problems.ts';
import type { WantedImage } from '../../src/engines/index.ts';
import { Failure } from '../../src/failure.ts';
import { pricesFrom } from '../../src/metering/index.ts';
import { readGroup } from '../../src/spec/index.ts';
import { groupText } from '../world/groups.ts';

const text = groupText({
  image: 'r.example/web:1',
  more: ["imageRegistryCredentials: [{server: r.example, username: reader, password: 'a'}]"],
});
const file = { path: 'containergroup.yaml', text };

async function problems(answer: (wanted: WantedImage) => Promise<Failure | undefined>) {
  const { group } = readGroup(text);
  if (!group) throw new Error('no group');
  const asking = { group, engine: { checkImage: answer }, prices: pricesFrom({}) };
  return imageProblems(file, asking, AbortSignal.timeout(5_000));
}

test('an image is warned of at its line, a login at its entry', async () => {
  const about = { image: 'r.example/web:1' };
  const missing = new Failure('image-not-found', 'Gone.', { advice: 'Look.', about });
  expect(await problems(async () => missing)).toMatchObject([
    { severity: 'warning', own: true, code: 'image-not-found', message: 'Gone.', advice: 'Look.', line: 11 },
  ]);
  const refused = new Failure('registry-refused', 'No.', { about: { ...about, registry: 'r.example' } });
  expect(await problems(async () => refused)).toMatchObject([
    { path: 'properties.imageRegistryCredentials[0]', line: 7 },
  ]);
  const old = new Failure('OsVersionNotSupported', 'Old.', { about });
  expect(await problems(async () => old)).toMatchObject([{ own: false, line: 11 }]);
});

test('nothing is said where nobody answers; a mistake of the bot’s own is none of theirs', async () => {
  expect(await problems(async () => undefined)).toEqual([]);
  expect(await problems(() => Promise.reject(new Failure('engine-unreachable', 'Away.')))).toEqual([]);
  await expect(problems(() => Promise.reject(new TypeError('not a function')))).rejects.toThrow(
    'not a function',
  );
});
