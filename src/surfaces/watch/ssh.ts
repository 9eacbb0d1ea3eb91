import { Failure } from '../../failure.ts';
import { type SshWay, sshComplaint, writeSshSettings } from '../../ssh.ts';

/** What git needs to know to speak to a server over ssh. */
export async function sshEnvironment(folder: string, way: SshWay): Promise<Record<string, string>> {
  const settings = await writeSshSettings(folder, way, ['ClearAllForwardings yes', 'ControlPath none']);
  // git gives this line to a shell, so it says the same for everybody; what differs stands in the file.
  return { GIT_SSH_COMMAND: 'ssh -F "$KATABOT_SSH_SETTINGS"', KATABOT_SSH_SETTINGS: settings };
}

/** What ssh says when the server is not the one that is known, or does not take the key. */
export function sshFailure(url: string, words: string, cause: unknown): Failure | undefined {
  switch (sshComplaint(words)) {
    case 'hostKey':
      return new Failure('host-key-unknown', `${url} shows another key than watch[].hostKey.`, {
        advice:
          'Ask who runs the server for its key, and compare it with what ssh-keyscan prints, before you change the setting.',
        cause,
      });
    case 'keyFile':
      return new Failure('git-host-refused', `${url} does not take the key of watch[].keyFile.`, {
        advice:
          'Add its public half to the repository as a deploy key; the file is readable by the bot alone (mode 0600) and has no passphrase.',
        cause,
      });
    case undefined:
      return undefined;
  }
}
