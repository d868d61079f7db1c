/**
 * How much one address may ask: requests a second, and wrong tokens a minute. Token buckets in a table of bounded size.
 */
import { isIPv6 } from 'node:net';

/** Addresses remembered at a time; the one that was quiet longest goes first. */
const MAX_ADDRESSES = 10_000;
/** An address may spend this many seconds' worth of requests at once: a page with many pictures asks in bursts. */
const BURST_SECONDS = 10;

/** Limits of {@link AddressLimits}. */
export interface AddressLimitOptions {
  readonly requestsPerSecond: number;
  readonly badTokensPerMinute: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

interface Account {
  requests: number;
  badTokens: number;
  updatedMs: number;
}

/** Keeps account of every address that asks. Constant memory. */
export class AddressLimits {
  readonly #accounts = new Map<string, Account>();
  readonly #now: () => number;
  #options: AddressLimitOptions;

  constructor(options: AddressLimitOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Changes the limits; what was spent stays spent. */
  update(options: Omit<AddressLimitOptions, 'now'>): void {
    this.#options = options;
  }

  /** Takes one request; false when the address has none left. */
  takeRequest(address: string): boolean {
    const account = this.#accountOf(address);
    if (account.requests < 1) {
      return false;
    }
    account.requests -= 1;
    return true;
  }

  /** Whether the address may show another token. */
  mayTryToken(address: string): boolean {
    return this.#accountOf(address).badTokens >= 1;
  }

  /** Notes a wrong token. */
  countBadToken(address: string): void {
    this.#accountOf(address).badTokens -= 1;
  }

  #accountOf(address: string): Account {
    const { requestsPerSecond, badTokensPerMinute } = this.#options;
    const key = networkOf(address);
    const nowMs = this.#now();
    const burst = requestsPerSecond * BURST_SECONDS;
    const account = this.#accounts.get(key) ?? { requests: burst, badTokens: badTokensPerMinute, updatedMs: nowMs };
    const seconds = (nowMs - account.updatedMs) / 1000;
    account.requests = Math.min(burst, account.requests + seconds * requestsPerSecond);
    account.badTokens = Math.min(badTokensPerMinute, account.badTokens + (seconds / 60) * badTokensPerMinute);
    account.updatedMs = nowMs;
    // Put back at the end: a Map keeps order, so its first key is the one that was quiet longest.
    this.#accounts.delete(key);
    this.#accounts.set(key, account);
    if (this.#accounts.size > MAX_ADDRESSES) {
      const quietest = this.#accounts.keys().next();
      if (quietest.done !== true) {
        this.#accounts.delete(quietest.value);
      }
    }
    return account;
  }
}

/** An IPv4 address, or the /64 of an IPv6 one: a household has a whole /64 to ask from. */
export function networkOf(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined || !isIPv6(bare)) {
    return mapped ?? bare;
  }
  const [head = '', tail = ''] = bare.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = bare.includes('::') ? Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0') : [];
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
