import type Docker from 'dockerode';
import { causeOf } from './causes.ts';
import { unlessGoing } from './gone.ts';
import { LABEL } from './labels.ts';

/** Whether the engine's disk keeps to limits of folders: asked with a folder that is not used and does not stay. */
export async function limitsScratch(docker: Docker, owner: string): Promise<boolean> {
  const Name = `${owner}.limit`;
  const Labels = { [LABEL.look]: owner };
  try {
    await docker.createVolume({ Name, Labels, Driver: 'local', DriverOpts: { size: '1048576' } });
    return true;
  } catch (error) {
    if (causeOf(error, 'to limit a folder').code === 'engine-unreachable') throw error;
    return false; // whatever it says, it has made none
  } finally {
    await unlessGoing(docker.getVolume(Name).remove()); // never made, or looked at twice at once
  }
}
