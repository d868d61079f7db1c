/**
 * Cameras, graphics cards and the viewer's port.
 */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Camera, listCameras } from '../source/cameras.js';
import type { Check } from './doctor-check.js';
import { nvidiaCards } from './nvidia.js';

/** Is there an NVIDIA card with a driver? Everything works without, slower. */
export async function checkNvidia(): Promise<Check> {
  const cards = await nvidiaCards();
  return cards.length > 0
    ? { name: 'nvidia', status: 'ok', detail: cards.map(({ name, driver }) => `${name} (driver ${driver})`).join(', ') }
    : {
        name: 'nvidia',
        status: 'warn',
        detail: 'no NVIDIA card with a driver: models run on the processor',
        fix: 'for more frames a second install the NVIDIA driver (nvidia-smi has to list the card), then npm ci',
      };
}

/** Cameras below `devDir`, as `camera:` finds them, one check each; one warning when there are none. */
export async function checkCameras(devDir = '/dev', sysDir = '/sys/class/video4linux'): Promise<readonly Check[]> {
  const cameras = listCameras({ dev: devDir, sys: sysDir });
  if (cameras.length === 0) {
    return [
      {
        name: 'cameras',
        status: 'warn',
        detail: `no camera (${join(devDir, 'video*')}): RTSP and files still work`,
        fix: 'connect a camera; a container sees it with --device /dev/video0',
      },
    ];
  }
  return Promise.all(cameras.map(checkCamera));
}

async function checkCamera({ path, name: model }: Camera): Promise<Check> {
  const readable = await access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return readable
    ? { name: `camera ${path}`, status: 'ok', detail: model === '' ? 'readable' : `camera:${model}` }
    : {
        name: `camera ${path}`,
        status: 'warn',
        detail: `${model === '' ? 'a camera' : model} that this user may not open`,
        fix: 'sudo usermod -aG video "$USER", then log in again',
      };
}

/** Is the viewer's port free on the loopback address? */
export function checkPort(port: number): Promise<Check> {
  const name = `port ${port}`;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const detail = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
      resolve({ name, status: 'warn', detail, fix: `stop that program, or choose another port: --port ${port + 1}` });
    });
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.close(() => resolve({ name, status: 'ok', detail: 'free on 127.0.0.1' }));
    });
  });
}
