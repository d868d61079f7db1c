/**
 * `limpid demo`, which `npm start` runs: a bundled clip played as a live low-resolution camera, restored ×4, in the viewer.
 */
import { Command } from 'commander';
import { checkConfig } from '../config/config.js';
import { packageFile } from '../media/package-file.js';
import { runLimpid } from './run.js';
import { parsePort } from './run-command.js';

/** The bundled camera: 320×180, 25 fps, compressed as a cheap camera does it. */
const CLIP = 'pipelines/demo/camera-320x180.mp4';

/** Builds the command. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('play a bundled low-resolution clip as a live camera and show it restored at http://127.0.0.1:8080')
    .option('--port <n>', 'port of the viewer', parsePort, 8080)
    .option('--model <name>', 'model of the registry', 'live-x4')
    .action(async ({ port, model }: { readonly port: number; readonly model: string }) => {
      const stream = { name: 'demo', source: packageFile(CLIP), sourceOptions: { live: true, loop: true }, model };
      await runLimpid(checkConfig({ server: { port }, streams: [stream] }, 'demo'), {
        mustOpenFirst: true,
        onReady: (url) => {
          // A log for machines says where the viewer is by itself.
          if (process.env.LIMPID_LOG !== 'json')
            process.stderr.write(`\n  Open ${url} in a browser. Ctrl-C stops.\n\n`);
        },
      });
    });
}
