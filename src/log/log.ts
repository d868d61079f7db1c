/**
 * The log of the process: pretty lines on a terminal, JSON lines elsewhere, always on stderr (stdout belongs to `--json`).
 *
 * URIs are redacted here, at the last door, so that no caller can forget it.
 */
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { redactUri } from './redact.js';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/** Options of {@link createLog}. */
export interface LogOptions {
  /** Least level that is written; default 'info'. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** 'pretty' for people, 'json' for machines; default: pretty when stderr is a terminal or `LIMPID_LOG` is unset. */
  readonly style?: 'pretty' | 'json';
}

const CLEAR_LINE = '\r\u001b[2K';

/** Opens a log on stderr. */
export function createLog(options: LogOptions = {}): Log {
  const style = options.style ?? (process.env.LIMPID_LOG === 'json' ? 'json' : 'pretty');
  const settings = {
    level: options.level ?? 'info',
    base: null,
    hooks: {
      streamWrite: redactUri,
    },
  };
  if (style === 'json') {
    return pino(settings, pino.destination({ dest: 2, sync: true }));
  }
  const onTerminal = process.stderr.isTTY === true;
  const stream = pretty({
    destination: 2,
    sync: true,
    colorize: onTerminal,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname,stream',
    // A status line may stand where this one is written: it is wiped first, and comes back with its next second.
    customPrettifiers: onTerminal ? { time: (time) => `${CLEAR_LINE}[${time}]` } : {},
    messageFormat: (entry, messageKey) =>
      entry.stream ? `[${entry.stream}] ${entry[messageKey]}` : `${entry[messageKey]}`,
  });
  return pino(settings, stream);
}

/** A log that writes nothing, for tests and one-shot commands. */
export const silentLog: Log = pino({ level: 'silent' });
