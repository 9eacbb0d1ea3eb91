/** jest's globalSetup: one engine and its images for the whole run, named to the tests in KATABOT_TEST_DOCKER_HOST. */
import { connect, findEngine } from './docker.ts';
import { buildImages } from './images.ts';

export default async function startEngine(): Promise<void> {
  if (process.env['KATABOT_TEST_ENGINE'] === 'none') return; // for tests that need none, while writing them
  const engine = await findEngine();
  if (engine.folder) process.env['KATABOT_TEST_ENGINE_FOLDER'] = engine.folder;
  try {
    await buildImages(connect(engine.dockerHost));
  } catch (error) {
    await engine.stop();
    throw error;
  }
  process.env['KATABOT_TEST_DOCKER_HOST'] = engine.dockerHost;
}
