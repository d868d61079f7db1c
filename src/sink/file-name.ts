/**
 * Names of files by stream and local time, as strftime writes them, and the pattern by which they are known again.
 */

interface Directive {
  readonly write: (now: Date) => string;
  /** What it may have written. */
  readonly read: string;
}

const digits = (count: number, value: (now: Date) => number): Directive => ({
  write: (now) => String(value(now)).padStart(count, '0'),
  read: `\\d{${count}}`,
});

/** Local time: people look for "yesterday at nine". */
const DIRECTIVES: Readonly<Record<string, Directive>> = {
  Y: digits(4, (now) => now.getFullYear()),
  y: digits(2, (now) => now.getFullYear() % 100),
  m: digits(2, (now) => now.getMonth() + 1),
  d: digits(2, (now) => now.getDate()),
  H: digits(2, (now) => now.getHours()),
  M: digits(2, (now) => now.getMinutes()),
  S: digits(2, (now) => now.getSeconds()),
  j: digits(3, dayOfYear),
  s: { write: (now) => String(Math.floor(now.getTime() / 1_000)), read: '\\d+' },
  '%': { write: () => '%', read: '%' },
};

const HOLE = /%(.?)|\{stream\}/g;

/** The first directive of a pattern that is not known; null when all are. */
export function unknownDirective(pattern: string): string | null {
  for (const [hole, letter] of pattern.matchAll(HOLE)) {
    if (letter !== undefined && !Object.hasOwn(DIRECTIVES, letter)) {
      return hole;
    }
  }
  return null;
}

/** The name that a pattern gives now. */
export function nameOf(pattern: string, stream: string, now: Date): string {
  return pattern.replace(HOLE, (_hole, letter?: string) =>
    letter === undefined ? plainName(stream) : (DIRECTIVES[letter]?.write(now) ?? ''),
  );
}

/** What names of a pattern look like, with or without the number of a copy: of the whole path below the folder. */
export function namesOf(pattern: string, stream: string, extension: string): RegExp {
  const parts = pattern.split(/(%.?|\{stream\})/);
  const text = parts.map((part) => {
    if (part === '{stream}') {
      return literal(plainName(stream));
    }
    return part.startsWith('%') ? (DIRECTIVES[part.slice(1)]?.read ?? '') : literal(part);
  });
  return new RegExp(`^${text.join('')}(~\\d+)?${literal(extension)}$`);
}

/** A stream's name with everything that a file system or a shell could take amiss replaced. */
export function plainName(stream: string): string {
  return stream.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 100) || 'limpid';
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function dayOfYear(now: Date): number {
  const day = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  return 1 + Math.round((day - Date.UTC(now.getFullYear(), 0, 1)) / 86_400_000);
}
