/** What is said of an image before it is pulled, judged from what it is made for. */
import { expect, test } from '@jest/globals';
import { platformFailure } from '../../../src/engines/docker/check-image.ts';

const made = (os: string, architecture = 'amd64', osVersion = '') => ({ os, architecture, osVersion });
const LINUX = { architecture: 'x86_64' };
const ARM = { architecture: 'aarch64' };
const WINDOWS = { architecture: 'x86_64', windows: { build: 20348 } };
const [V2019, V2022, V2025] = ['10.0.17763.6414', '10.0.20348.2700', '10.0.26100.2033'];

test.each([
  ['nothing that is said', [], LINUX, undefined],
  ['the host’s own', [made('linux')], LINUX, undefined],
  ['one of several', [made('linux', 'arm64'), made('linux'), made('windows')], LINUX, undefined],
  ['what only stands beside an image', [made('unknown', 'unknown')], LINUX, undefined],
  [
    'other processors, and a note of who built it',
    [made('linux', 'arm64'), made('unknown', 'unknown')],
    LINUX,
    'wrong-architecture',
  ],
  ['another processor', [made('linux')], ARM, 'wrong-architecture'],
  ['Windows alone', [made('windows', 'amd64', V2022)], LINUX, 'ImageOsTypeNotMatchContainerGroup'],
  ['Linux alone', [made('linux')], WINDOWS, 'ImageOsTypeNotMatchContainerGroup'],
  ['the host’s Windows', [made('windows', 'amd64', V2022)], WINDOWS, undefined],
  ['an older Windows', [made('windows', 'amd64', V2019)], WINDOWS, undefined],
  [
    'a newer one, and an older one',
    [made('windows', 'amd64', V2025), made('windows', 'amd64', V2019)],
    WINDOWS,
    undefined,
  ],
  ['a newer one', [made('windows', 'amd64', V2025)], WINDOWS, 'OsVersionNotSupported'],
  ['a Windows of other processors', [made('windows', 'arm64', V2022)], WINDOWS, 'wrong-architecture'],
  ['a Windows that says no version', [made('windows')], WINDOWS, undefined],
])('an image for %s', (_, platforms, host, code) => {
  expect(platformFailure('acme/web:1', platforms, host)?.code).toBe(code);
});
