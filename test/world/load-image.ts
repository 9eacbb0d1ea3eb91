/** Images that exist nowhere else, made as `docker save` writes them. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';

export interface LoadedImage {
  /** As images spell it, such as amd64. */
  readonly architecture: string;
  /** Programs and whatever else, in the root; the one named `run` is run. */
  readonly files: Readonly<Record<string, Buffer>>;
  readonly user?: string;
}

/** Loads it under a name; other files make another image. */
export async function loadImage(
  docker: Docker,
  name: string,
  { architecture, files, user }: LoadedImage,
): Promise<void> {
  const layer = pack();
  for (const [path, content] of Object.entries(files)) layer.entry({ name: path, mode: 0o555 }, content);
  for (const folder of ['dev', 'proc', 'sys', 'etc'])
    layer.entry({ name: folder, type: 'directory', mode: 0o755 });
  layer.entry({ name: 'etc/passwd', mode: 0o444 }, 'root:x:0:0:root:/root:/bin/sh\n');
  layer.finalize();
  const bytes = await buffer(layer);
  const config = JSON.stringify({
    architecture,
    os: 'linux',
    config: { Entrypoint: ['/run'], ...(user === undefined ? {} : { User: user }) },
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(bytes).digest('hex')}`] },
  });
  const archive = pack();
  archive.entry({ name: 'config.json' }, config);
  archive.entry({ name: 'layer.tar' }, bytes);
  archive.entry(
    { name: 'manifest.json' },
    JSON.stringify([{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]),
  );
  archive.finalize();
  const progress = await docker.loadImage(Readable.from(archive));
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve())),
  );
}
