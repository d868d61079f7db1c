/**
 * Runs the streams of a configuration until they end or a signal comes.
 *
 *     SIGINT, SIGTERM   finish recordings, at most stopTimeoutMs; a second one forces
 *     SIGHUP            read the configuration again; without a file: as SIGTERM
 */
import type { Config } from '../config/config.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { createLog, type Log } from '../log/log.js';
import { type ReloadReport, type RunningLimpid, startLimpid } from '../service/limpid.js';
import { randomWeightsRemarks } from './random-weights.js';
import { StatusLine, statusOutput } from './status-line.js';

/** How to run, beside the configuration. */
export interface RunOptions {
  readonly log?: Log;
  /** A single stream given on the command line that can't be opened at its first attempt ends the run. */
  readonly mustOpenFirst?: boolean;
  /** Reads the configuration again, for SIGHUP. */
  readonly readAgain?: () => Promise<Config>;
  /** Called once the viewer is up. */
  readonly onReady?: (url: string) => void;
}

/**
 * Runs until SIGINT or SIGTERM, or until every stream has ended; recordings are finalised.
 *
 * Rejects with the first stream's LimpidError when no stream could go on, with ERR_PORT_IN_USE, ERR_MODEL_UNKNOWN and
 * the like before anything starts, and with ERR_STOP_TIMEOUT when recordings take too long to be finished.
 */
export async function runLimpid(config: Config, options: RunOptions = {}): Promise<void> {
  const { log = createLog(), mustOpenFirst = false, readAgain, onReady } = options;
  let running: RunningLimpid | undefined;
  let reloadOwed = false;
  const hangUp = (read: () => Promise<Config>): void => {
    if (running === undefined) {
      // A camera that is asked for its size may take its time.
      reloadOwed = true;
    } else {
      void reload(running, read, log);
    }
  };
  const onHangUp = readAgain === undefined ? undefined : () => hangUp(readAgain);
  // From here on, so that a recording that has just begun is finished as well.
  const signal = firstSignal(log, onHangUp);
  await remarkOn(config, log);
  const limpid = await startLimpid(config, { log, mustOpenFirst });
  running = limpid;
  const status = new StatusLine(statusOutput(log), () => ({
    streams: limpid.streams.map((stream) => stream.status()),
    clients: limpid.clientCount(),
  }));
  log.info(`viewer at ${limpid.url}`);
  onReady?.(limpid.url);
  status.start();
  if (reloadOwed) {
    onHangUp?.();
  }
  try {
    await Promise.race([signal, limpid.ended]);
  } finally {
    status.stop();
    await withinDeadline(limpid.close(), config.stopTimeoutMs);
  }
}

/** Models that have learned nothing are told of. */
async function remarkOn({ streams }: Config, log: Log): Promise<void> {
  const models = streams.flatMap(({ model, models }) => [model, ...(models ?? [])]);
  for (const remark of await randomWeightsRemarks(models)) {
    log.warn(remark);
  }
}

/** Resolves at the first signal to stop; a second one ends the process at once. */
function firstSignal(log: Log, onHangUp: (() => void) | undefined): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) {
        log.warn(`${signal} again: stopping at once; what recordings hold up to their last fragment plays`);
        process.exit(1);
      }
      asked = true;
      log.info(`${signal}: stopping, recordings are being finished (again to force)`);
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('SIGHUP', onHangUp ?? onSignal);
  });
}

/** A configuration that is wrong is told, and the one at work stays. */
async function reload(limpid: RunningLimpid, readAgain: () => Promise<Config>, log: Log): Promise<void> {
  try {
    const config = await readAgain();
    log.info(`SIGHUP: ${reloadText(await limpid.reload(config))}`);
    await remarkOn(config, log);
  } catch (error) {
    log.error(`SIGHUP: the configuration at work stays: ${messageOf(error)}`);
  }
}

function reloadText({ needRestart, ...streams }: ReloadReport): string {
  const parts = Object.entries(streams)
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what} ${names.join(', ')}`);
  const keys = needRestart.map((key) => `server.${key}`).join(', ');
  const hint = keys === '' ? '' : `; to change ${keys}, start anew`;
  return `${parts.length === 0 ? 'no stream has changed' : parts.join('; ')}${hint}`;
}

async function withinDeadline(closed: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new LimpidError(
            'ERR_STOP_TIMEOUT',
            `Expected recordings to be finished within ${timeoutMs} ms (stopTimeoutMs) but they were not; they play up to their last fragment`,
          ),
        ),
      timeoutMs,
    );
  });
  await Promise.race([closed, late]).finally(() => clearTimeout(timer));
}
