// Runs inside git, as pre-receive or post-receive: hands what git says to the bot, prints what comes back as it
// comes, and ends as the bot decides. Plain JavaScript with one import, because a push waits for its start.
import { connect } from 'node:net';

const { KATABOT_SOCKET, KATABOT_PUSH, GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES } = process.env;
const count = Number(process.env.GIT_PUSH_OPTION_COUNT ?? 0);
const options = Array.from({ length: count }, (_, index) => process.env[`GIT_PUSH_OPTION_${index}`] ?? '');
let refs = '';
for await (const chunk of process.stdin.setEncoding('utf8')) refs += chunk;
const socket = connect(KATABOT_SOCKET).setEncoding('utf8');
const quarantine = { GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES };
socket.write(`${JSON.stringify({ hook: process.argv[2], push: KATABOT_PUSH, refs, quarantine, options })}\n`);
let code = 1;
let pending = '';
socket.on('data', (chunk) => {
  const lines = `${pending}${chunk}`.split('\n');
  pending = lines.pop();
  for (const line of lines) {
    const message = JSON.parse(line);
    if ('text' in message) process.stdout.write(`${message.text}\n`);
    else code = message.code;
  }
});
socket.on('error', () => process.stdout.write('katabot: the bot went away in the middle of the push\n'));
socket.on('close', () => {
  process.exitCode = code;
});
