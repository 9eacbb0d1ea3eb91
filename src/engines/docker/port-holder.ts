import { Failure } from '../../failure.ts';
import type { Connection } from './connection.ts';
import { LABEL } from './labels.ts';

const EVERY_ADDRESS = ['0.0.0.0', '::'];

/** For a taken port, who has it: people can act on a name. */
export async function withHolder(connection: Connection, error: unknown): Promise<unknown> {
  if (!(error instanceof Failure) || error.code !== 'port-taken') return error;
  const { address, port } = error.about;
  const running = await connection
    .call('to list its containers', (docker) => docker.listContainers())
    .catch(() => []);
  const holder = running.find(({ Ports }) =>
    Ports.some(({ PublicPort, IP }) => PublicPort === port && (IP === address || EVERY_ADDRESS.includes(IP))),
  );
  if (!holder) return error;
  const group = holder.Labels[LABEL.group];
  const name = group
    ? `the group ${group}`
    : `the container ${holder.Names[0]?.slice(1) ?? holder.Id.slice(0, 12)}`;
  const everywhere = holder.Ports.some(
    ({ PublicPort, IP }) => PublicPort === port && EVERY_ADDRESS.includes(IP),
  );
  return new Failure('port-taken', `${error.message} It is held by ${name}.`, {
    advice: error.advice,
    cause: error,
    about: everywhere && port !== undefined ? { port } : error.about, // no other address is of any use then
  });
}
