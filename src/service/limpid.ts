/**
 * A configuration at work: its streams and its web server, started, reloaded and stopped as one.
 */
import type { Config } from '../config/config.js';
import type { LiveStream } from '../frame/live-stream.js';
import { createLog, type Log } from '../log/log.js';
import { startServer } from '../server/server.js';
import type { StreamControl } from '../server/stream-control.js';
import { Fleet, type FleetChange } from './fleet.js';

/** How to run, beside the configuration. */
export interface StartLimpidOptions {
  /** Default: {@link createLog}'s. */
  readonly log?: Log;
  /** A live source that can't be opened at its first attempt ends its stream; default false: it is tried for ever. */
  readonly mustOpenFirst?: boolean;
}

/** What a reload did. */
export interface ReloadReport extends FleetChange {
  /** Changed settings of the server that need a new start. */
  readonly needRestart: readonly string[];
}

/** Streams and server at work. */
export interface RunningLimpid {
  /** Where a browser on this machine finds the viewer, without a trailing slash. */
  readonly url: string;
  /** Streams in the order they came. */
  readonly streams: readonly LiveStream[];
  /** Starts, stops and changes streams by name. */
  readonly control: StreamControl;
  /**
   * Resolves when every stream has ended by itself; rejects with the first failure when none of them ended well. A stream
   * that was stopped on request counts as running, as it may be started again.
   */
  readonly ended: Promise<void>;
  /** How many watch, over WebSocket and MJPEG. */
  clientCount(): number;
  /**
   * Goes by another configuration, and looks for a renewed certificate. Streams that are the same in both go on without
   * a gap; those that changed are opened anew and keep their viewers. Rejects with ERR_CONFIG: then nothing has changed.
   */
  reload(config: Config): Promise<ReloadReport>;
  /** Stops everything and finishes recordings. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the streams of a configuration and their web server.
 *
 * Takes what `loadConfig`, `parseConfig` or `checkConfig` gave. Rejects with ERR_CONFIG, ERR_PORT_IN_USE, ERR_MODEL_UNKNOWN, ERR_SOURCE_URI, ERR_INPUT_FILE and the like; nothing runs
 * then.
 *
 * @example
 * const limpid = await startLimpid(checkConfig({ streams: [{ name: 'gate', source: 'rtsp://camera/live' }] }));
 * limpid.streams[0]?.restored$.subscribe(({ frame }) => console.log(frame.seq, frame.width, frame.height));
 * await limpid.control.change('gate', { model: 'bypass' });
 * await limpid.close();
 */
export async function startLimpid(config: Config, options: StartLimpidOptions = {}): Promise<RunningLimpid> {
  const { log = createLog(), mustOpenFirst = false } = options;
  const { server: settings, streams } = config;
  const fleet = new Fleet(log);
  await fleet.open(streams, mustOpenFirst);
  const server = await startServer({ ...settings, streams: fleet.streams, control: fleet, log }).catch(
    async (error) => {
      await fleet.close();
      throw error;
    },
  );
  const close = async (): Promise<void> => {
    await fleet.close();
    await reloading;
    await server.close();
  };
  let closing: Promise<void> | undefined;
  let reloading: Promise<unknown> = Promise.resolve();
  return {
    url: server.url,
    get streams() {
      return fleet.streams;
    },
    control: fleet,
    ended: fleet.ended,
    clientCount: () => server.clients().length,
    reload(next) {
      const reloaded = reloading.then(async () => {
        await fleet.check(next.streams);
        const needRestart = server.update(next.server);
        await server.renewCertificate();
        return { ...(await fleet.reload(next.streams, server)), needRestart };
      });
      reloading = reloaded.catch(() => undefined);
      return reloaded;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
