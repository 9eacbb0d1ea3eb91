import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../failure.ts';

/** How a server is spoken to over ssh: with one key, and only if it shows the key that is known of it. */
export interface SshWay {
  readonly keyFile: string;
  /** As `ssh-keyscan` prints it, without the name: `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
}

/** The name under which the server's key is known, whatever its address. */
const ALIAS = 'watched';
const FIRST_ANSWER_SECONDS = 20;

/** What git needs to know; no agent, no settings of a user or a system, and no question to anybody. */
export async function sshEnvironment(folder: string, way: SshWay): Promise<Record<string, string>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [settings, hosts] = [join(folder, 'config'), join(folder, 'known_hosts')];
  await writeFile(hosts, `${ALIAS} ${way.hostKey}\n`, { mode: 0o600 });
  await writeFile(settings, settingsFor(way, hosts), { mode: 0o600 });
  // git gives this line to a shell, so it says the same for everybody; what differs stands in the file.
  return { GIT_SSH_COMMAND: 'ssh -F "$KATABOT_SSH_SETTINGS"', KATABOT_SSH_SETTINGS: settings };
}

/** Text for `ssh -F`. A `%` would mean something in it. */
function settingsFor({ keyFile }: SshWay, hosts: string): string {
  const path = (file: string) => `"${file.replaceAll('%', '%%')}"`;
  return [
    `IdentityFile ${path(keyFile)}`,
    'IdentitiesOnly yes',
    'IdentityAgent none',
    'PreferredAuthentications publickey',
    'BatchMode yes',
    `HostKeyAlias ${ALIAS}`,
    `UserKnownHostsFile ${path(hosts)}`,
    'GlobalKnownHostsFile none',
    'StrictHostKeyChecking yes',
    'UpdateHostKeys no',
    `ConnectTimeout ${FIRST_ANSWER_SECONDS}`,
    'ServerAliveInterval 15',
    'ForwardAgent no',
    'ClearAllForwardings yes',
    'ControlPath none',
    'PermitLocalCommand no',
    '',
  ].join('\n');
}

/** What ssh says when the server is not the one that is known, or does not take the key. */
export function sshFailure(url: string, words: string, cause: unknown): Failure | undefined {
  if (/Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/i.test(words)) {
    return new Failure('host-key-unknown', `${url} shows another key than watch[].hostKey.`, {
      advice:
        'Ask who runs the server for its key, and compare it with what ssh-keyscan prints, before you change the setting.',
      cause,
    });
  }
  if (/Permission denied|UNPROTECTED PRIVATE KEY|Load key .*:/i.test(words)) {
    return new Failure('git-host-refused', `${url} does not take the key of watch[].keyFile.`, {
      advice:
        'Add its public half to the repository as a deploy key; the file is readable by the bot alone (mode 0600) and has no passphrase.',
      cause,
    });
  }
  return undefined;
}
