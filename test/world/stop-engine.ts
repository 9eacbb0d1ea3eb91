/** jest's globalTeardown: a private engine goes as a whole, a shared one loses what tests have left on it. */
import { connect } from './docker.ts';
import { removeTestLeftovers } from './leftovers.ts';
import { stopPrivateEngine } from './private-engine-stop.ts';

export default async function stopEngine(): Promise<void> {
  const folder = process.env['KATABOT_TEST_ENGINE_FOLDER'];
  const dockerHost = process.env['KATABOT_TEST_DOCKER_HOST'];
  if (folder) await stopPrivateEngine(folder);
  else if (dockerHost) await removeTestLeftovers(connect(dockerHost));
}
