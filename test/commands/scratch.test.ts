import { expect, test } from '@jest/globals';
import { scratchProblems } from '../../src/commands/here-problems.ts';
import { roomProblems } from '../../src/commands/room-problems.ts';
import type { EngineFacts } from '../../src/engines/index.ts';
import { readGroup } from '../../src/spec/index.ts';
import { container, group } from '../spec/marked.ts';

test('a limit of scratch space is refused at its line where the disk keeps none, and in memory never', () => {
  const text = group({
    containers: container('volumeMounts: [{name: small, mountPath: /a}, {name: speedy, mountPath: /b}]'),
    more: 'volumes:\n- name: speedy\n  emptyDir: {medium: Memory, sizeLimit: 1Gi}\n- name: small\n  emptyDir: {sizeLimit: 1Gi}',
  });
  const { group: understood } = readGroup(text);
  if (!understood) throw new Error('no group');
  const told = (limitsScratch?: boolean) =>
    scratchProblems(
      { path: 'a.yaml', text },
      understood,
      limitsScratch === undefined ? {} : { limitsScratch },
    );
  expect(told(false)).toMatchObject([
    {
      code: 'not-supported-here',
      severity: 'error',
      path: 'properties.volumes[1].emptyDir.sizeLimit',
      line: text.split('\n').findIndex((line) => line.includes('{sizeLimit')) + 1,
    },
  ]);
  expect([told(true), told()]).toEqual([[], []]);
});

test('a group is refused at its osType where the only host runs containers of another system', () => {
  const text = group({});
  const { group: understood } = readGroup(text);
  if (!understood) throw new Error('no group');
  const location = { name: 'office', isolation: 'none' as const, hosts: [] };
  const shortage = { kind: 'system', runs: 'Windows', wanted: 'Linux' } as const;
  const missing = new Map([['one', [shortage]]]);
  const facts = { isolation: 'none' } as EngineFacts;
  expect(roomProblems({ path: 'a.yaml', text }, understood, location, { missing, facts })).toMatchObject([
    {
      code: 'os-unavailable',
      path: 'properties.osType',
      line: text.split('\n').findIndex((line) => line.includes('osType')) + 1,
      message: 'one runs Windows containers, not Linux ones.',
    },
  ]);
});
