import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { DOCKER_GAPS } from '../../src/engines/docker/gaps.ts';
import { jsonSchema, readGroup, referencePage } from '../../src/spec/index.ts';
import { container, group } from './marked.ts';

const root = new URL('../../', import.meta.url);

test('the reference page is the one that the table makes', () => {
  expect(readFileSync(new URL('docs/spec.md', root), 'utf8')).toBe(referencePage());
});

test.each(readdirSync(new URL('templates/', root)))(
  'the template %s is a group without a single problem',
  (name) => {
    const text = readFileSync(new URL(`templates/${name}/containergroup.yaml`, root), 'utf8');
    expect(readGroup(text, { gaps: DOCKER_GAPS }).problems).toEqual([]);
  },
);

describe('the schema for editors', () => {
  const schema = JSON.stringify(jsonSchema());

  test('knows the properties of every level', () => {
    for (const name of [
      'restartPolicy',
      'memoryInGB',
      'secureValue',
      'mountPath',
      'dnsNameLabel',
      'gitRepo',
      'httpGet',
      'initContainers',
    ]) {
      expect(schema).toContain(`"${name}":`);
    }
  });

  test('describes each property in a sentence', () => {
    const sentences = [...schema.matchAll(/"description":"([^"]*)"/g)].map(([, text]) => text ?? '');
    expect(sentences.length).toBeGreaterThan(120);
    expect(sentences.filter((text) => !/^[A-Za-z`].*[.]$/.test(text))).toEqual([]);
  });
});

describe('what the Docker engine cannot do yet', () => {
  const gaps = { gaps: DOCKER_GAPS };
  const codes = (text: string) => readGroup(text, gaps).problems.map(({ code, line }) => [code, line]);

  test('is told at its line, once', () => {
    const text = group({ containers: container('livenessProbe: {exec: {command: [a]}}') });
    const line = text.split('\n').findIndex((each) => each.includes('livenessProbe')) + 1;
    expect(codes(text)).toEqual([['not-supported-here', line]]);
    expect(readGroup(text, gaps).group).toBeUndefined();
  });

  test('is nothing for an ordinary group, nor for choices that it does do', () => {
    const more = 'priority: Regular\nsku: Standard\nextensions: []\nsubnetIds: []';
    expect(codes(group({ more, root: 'identity: {type: None}' }))).toEqual([]);
  });

  test.each([
    ['properties.priority', 'priority: Spot'],
    ['properties.sku', 'sku: Confidential'],
    ['properties.subnetIds', 'subnetIds: [{id: a}]'],
    ['properties.diagnostics', 'diagnostics: {logAnalytics: {workspaceId: a, workspaceKey: b}}'],
  ])('%s is refused', (path, more) => {
    expect(
      readGroup(group({ more }), gaps).problems.find(({ code }) => code === 'not-supported-here'),
    ).toMatchObject({ path, severity: 'error' });
  });

  test('a zone is a warning', () => {
    expect(readGroup(group({ root: 'zones: [1]' }), gaps).group).toBeDefined();
  });
});
