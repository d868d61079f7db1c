/**
 * `limpid run`: live streams until a signal.
 */
import { Command, InvalidArgumentError } from 'commander';
import { type ConfigInput, checkConfig, loadConfig } from '../config/config.js';
import { LimpidError } from '../errors/limpid-error.js';
import { addEngineFlags, type EngineFlags } from './engine-flags.js';
import { runLimpid } from './run.js';

interface RunFlags extends EngineFlags {
  readonly source?: string;
  readonly model?: string;
  readonly record?: string;
  readonly push?: string;
  readonly name?: string;
  readonly port?: number;
  readonly host?: string;
}

/** Builds the command. */
export function runCommand(): Command {
  const running = new Command('run')
    .description('restore live streams until SIGINT or SIGTERM, and finish their recordings')
    .argument('[config.yaml]', 'configuration of several streams; or name one with --source')
    .option('--source <uri>', 'rtsp://, http://, udp:// or srt:// URI, camera:, test:, or the path of a file')
    .option('--model <name>', 'model of the registry, or "bypass"; with commas: stages in a row (default: live-x4)')
    .option('--record <dir>', 'record the restored stream into this folder')
    .option('--push <uri>', 'push the restored stream to rtsp[s]://, rtmp[s]://, srt:// or udp://')
    .option('--name <name>', 'name of the stream in URLs (default: live)')
    .option('--port <n>', 'port of the viewer (default: 8080)', parsePort)
    .option('--host <address>', 'address of the viewer (default: 127.0.0.1)');
  return addEngineFlags(running).action(async (file: string | undefined, flags: RunFlags) => {
    if ((file === undefined) === (flags.source === undefined)) {
      throw new LimpidError(
        'ERR_USAGE',
        'Expected either a configuration file or --source: limpid run config.yaml, or limpid run --source rtsp://…',
      );
    }
    if (file !== undefined) {
      refuseStreamFlags(flags);
      const read = async () => {
        const config = await loadConfig(file);
        return { ...config, server: { ...config.server, ...serverFlags(flags) } };
      };
      await runLimpid(await read(), { readAgain: read });
      return;
    }
    if (/^pipeline:/i.test(flags.source ?? '')) {
      throw new LimpidError(
        'ERR_USAGE',
        'Expected a pipeline: source in a configuration file, not on the command line',
      );
    }
    await runLimpid(checkConfig(configOf(flags), 'command line'), { mustOpenFirst: true });
  });
}

/** A port number given on a command line. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError(`Expected a port from 0 to 65535 but received ${text}.`);
  }
  return port;
}

function configOf(flags: RunFlags): ConfigInput {
  return {
    server: serverFlags(flags),
    streams: [
      {
        name: flags.name ?? 'live',
        source: flags.source ?? '',
        ...(flags.model === undefined ? {} : { model: flags.model }),
        ...(flags.record === undefined ? {} : { record: { dir: flags.record } }),
        ...(flags.push === undefined ? {} : { push: [{ uri: flags.push }] }),
        engine: engineFlags(flags),
      },
    ],
  };
}

function serverFlags({ port, host }: RunFlags): { port?: number; host?: string } {
  return { ...(port === undefined ? {} : { port }), ...(host === undefined ? {} : { host }) };
}

function engineFlags({ selfEnsemble, tile, tileOverlap }: RunFlags): EngineFlags {
  return {
    ...(selfEnsemble === undefined ? {} : { selfEnsemble }),
    ...(tile === undefined ? {} : { tile }),
    ...(tileOverlap === undefined ? {} : { tileOverlap }),
  };
}

function refuseStreamFlags({ model, record, push, name, selfEnsemble, tile, tileOverlap }: RunFlags): void {
  const flags = { model, record, push, name, 'self-ensemble': selfEnsemble, tile, 'tile-overlap': tileOverlap };
  const given = Object.entries(flags).find(([, value]) => value !== undefined);
  if (given !== undefined) {
    throw new LimpidError(
      'ERR_USAGE',
      `Expected --${given[0]} only beside --source: in a configuration file each stream says its own`,
    );
  }
}
