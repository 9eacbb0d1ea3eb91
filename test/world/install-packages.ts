/**
 * `node install-packages.ts NAME...`: Debian's packages, without the services that come with them: what tests start is theirs
 * alone. One at a time on a machine, for apt-get takes no turns by itself.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

/** Asked before any service is started; 101 forbids it. */
const POLICY = '/usr/sbin/policy-rc.d';

const own = forbidServices();
try {
  process.exitCode = install(process.argv.slice(2));
} finally {
  if (own) rmSync(POLICY, { force: true });
}

/** Whether that was not the machine's own policy before. */
function forbidServices(): boolean {
  try {
    writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

function install(names: readonly string[]): number {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...names]]) {
    const { status } = spawnSync('apt-get', ['-qq', ...args], { env, stdio: 'inherit' });
    if (status === 0) continue;
    process.stderr.write(`apt-get ${args.join(' ')} failed (${status})\n`);
    return 1;
  }
  return 0;
}
