import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How a server is spoken to over ssh: with one key, and only if it shows the key that is known of it. */
export interface SshWay {
  readonly keyFile: string;
  /** As `ssh-keyscan` prints it, without the name: `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
}

/** The name under which the server's key is known, whatever its address. */
const ALIAS = 'known';
const FIRST_ANSWER_SECONDS = 20;

/**
 * Writes what `ssh -F` reads into a folder of its own, and gives its path: no agent, no settings of a user or a system, and
 * no question to anybody. `more` are further lines of it.
 */
export async function writeSshSettings(
  folder: string,
  way: SshWay,
  more: readonly string[],
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [settings, hosts] = [join(folder, 'config'), join(folder, 'known_hosts')];
  await writeFile(hosts, `${ALIAS} ${way.hostKey}\n`, { mode: 0o600 });
  await writeFile(settings, settingsFor(way, hosts, more), { mode: 0o600 });
  return settings;
}

/** A path as the settings of ssh take it. A `%` would mean something in it. */
export function sshPath(file: string): string {
  return `"${file.replaceAll('%', '%%')}"`;
}

function settingsFor({ keyFile }: SshWay, hosts: string, more: readonly string[]): string {
  return [
    `IdentityFile ${sshPath(keyFile)}`,
    'IdentitiesOnly yes',
    'IdentityAgent none',
    'PreferredAuthentications publickey',
    'BatchMode yes',
    `HostKeyAlias ${ALIAS}`,
    `UserKnownHostsFile ${sshPath(hosts)}`,
    'GlobalKnownHostsFile none',
    'StrictHostKeyChecking yes',
    'UpdateHostKeys no',
    `ConnectTimeout ${FIRST_ANSWER_SECONDS}`,
    'ServerAliveInterval 15',
    'ForwardAgent no',
    'PermitLocalCommand no',
    ...more,
    '',
  ].join('\n');
}

/** Which of the two settings is wrong, by what ssh says; undefined for anything else. */
export function sshComplaint(words: string): 'hostKey' | 'keyFile' | undefined {
  if (/Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/i.test(words)) return 'hostKey';
  if (/Permission denied|UNPROTECTED PRIVATE KEY|Load key .*:/i.test(words)) return 'keyFile';
  return undefined;
}
