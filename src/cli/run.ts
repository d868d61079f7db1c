/**
 * Runs the streams of a configuration until they end or a signal comes.
 */

import type { Config } from '../config/config.js';
import { messageOf } from '../errors/limpid-error.js';
import { createLog, type Log } from '../log/log.js';
import { redactUri } from '../log/redact.js';
import { startServer } from '../server/server.js';
import { assembleStream } from '../service/assemble-stream.js';
import type { RunningStream } from '../stream/open-stream.js';
import { StatusLine } from './status-line.js';

/** How to run, beside the configuration. */
export interface RunOptions {
  readonly log?: Log;
  /** A single stream given on the command line that can't be opened at its first attempt ends the run. */
  readonly mustOpenFirst?: boolean;
  /** Called once the viewer is up. */
  readonly onReady?: (url: string) => void;
}

/**
 * Runs until SIGINT or SIGTERM, or until every stream has ended; recordings are finalised.
 *
 * Rejects with the first stream's LimpidError when no stream could go on, and with ERR_PORT_IN_USE, ERR_MODEL_UNKNOWN and
 * the like before anything starts.
 */
export async function runLimpid(config: Config, options: RunOptions = {}): Promise<void> {
  const log = options.log ?? createLog();
  const streams: RunningStream[] = [];
  // From here on, so that a recording that has just begun is finished as well.
  const signal = firstSignal(log);
  try {
    for (const stream of config.streams) {
      streams.push(await assembleStream(stream, { mustOpenFirst: options.mustOpenFirst ?? false, log }));
    }
    const server = await startServer({ ...config.server, streams, log });
    const status = new StatusLine(process.stderr, () => ({
      streams: streams.map((stream) => stream.status()),
      clients: server.clients().length,
    }));
    log.info(`viewer at ${server.url}`);
    options.onReady?.(server.url);
    status.start();
    try {
      await Promise.race([signal, allEnded(streams, log)]);
    } finally {
      status.stop();
      await Promise.all(streams.map((stream) => stream.stop()));
      await server.close();
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.stop()));
  }
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function firstSignal(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) {
        process.exit(1);
      }
      asked = true;
      log.info(`${signal}: stopping, recordings are being finished (again to force)`);
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/** Resolves when every stream has ended; rejects with the first failure if none of them ended well. */
async function allEnded(streams: readonly RunningStream[], log: Log): Promise<void> {
  const results = await Promise.allSettled(
    streams.map((stream) =>
      stream.done.catch((error: unknown) => {
        if (streams.length > 1) {
          log.error({ stream: stream.name }, redactUri(messageOf(error)));
        }
        throw error;
      }),
    ),
  );
  const failed = results.filter((result) => result.status === 'rejected');
  if (failed[0] !== undefined && failed.length === streams.length) {
    throw failed[0].reason;
  }
}
