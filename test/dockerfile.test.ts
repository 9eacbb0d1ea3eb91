/** The image cannot be built without a registry, so what matters most about it is read from its recipe. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const root = resolve(import.meta.dirname, '..');
const instructions = readInstructions('Dockerfile');
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));

test('the bot runs as a user without rights, from after the last installation on', () => {
  const user = lastStage.findIndex(({ name }) => name === 'USER');
  expect(lastStage[user]?.text).not.toMatch(/^(root|0)\b/);
  expect(user).toBeGreaterThan(lastStage.findLastIndex(({ name }) => name === 'RUN' || name === 'COPY'));
  expect(lastStage.filter(({ name }) => name === 'USER')).toHaveLength(1);
});

test('the image tells its health by asking /healthz', () => {
  expect(lastStage.find(({ name }) => name === 'HEALTHCHECK')?.text).toContain(
    'http://127.0.0.1:7070/healthz',
  );
});

test('no secret is written into the image', () => {
  const set = instructions.filter(({ name }) => name === 'ENV' || name === 'ARG');
  for (const { text } of set) expect(text).not.toMatch(/secret|token|passw|key|credential/i);
});

test('everything that is copied exists, and .dockerignore lets it through', () => {
  const allowed = readFileSync(resolve(root, '.dockerignore'), 'utf8').split('\n');
  expect(allowed).toContain('*');
  const sources = instructions
    .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from='))
    .flatMap(({ text }) => text.split(/\s+/).slice(0, -1));
  expect(sources).not.toEqual([]);
  for (const source of sources) {
    expect({ source, exists: existsSync(resolve(root, source)) }).toEqual({ source, exists: true });
    expect(allowed).toContain(`!${source}`);
  }
});

test('the image has the Node that the packages ask for', () => {
  const { engines } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));
  const [major] = /\d+/.exec(engines.node) ?? [];
  const stages = instructions.filter(({ name }) => name === 'FROM').map(({ text }) => text.split(' '));
  const named = stages.map(([, , stage]) => stage);
  for (const [image = ''] of stages.filter(([image]) => !named.includes(image))) {
    expect(image).toMatch(new RegExp(`^node:${major}-`));
  }
});

/** Instructions with their continued lines joined and comments left out. */
function readInstructions(file: string): { name: string; text: string }[] {
  return readFileSync(resolve(root, file), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...words] = line.trim().split(/\s+/);
      return { name, text: words.join(' ') };
    });
}
