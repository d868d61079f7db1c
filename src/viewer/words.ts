/**
 * The state of line and stream in plain words.
 */
import type { StateMessage } from '../wire/json-message.js';
import type { Phase } from './connection.js';

/** What the page says about its state. */
export interface Words {
  readonly tone: 'good' | 'busy' | 'bad';
  readonly title: string;
  readonly reason: string;
  /** Nothing new can be seen, so the picture steps back. */
  readonly covers: boolean;
}

/** Words for where the line stands and, when it is open, how the stream fares. */
export function wordsFor(phase: Phase, state: StateMessage | undefined, nowMs: number): Words {
  switch (phase.kind) {
    case 'connecting':
      return { tone: 'busy', title: 'Connecting…', reason: '', covers: true };
    case 'token-needed':
      return {
        tone: 'bad',
        title: 'Access token needed',
        reason: 'This server shows its streams to those who have its token.',
        covers: true,
      };
    case 'no-streams':
      return { tone: 'busy', title: 'No stream is running', reason: again(phase.retryAtMs, nowMs), covers: true };
    case 'stream-gone':
      return { tone: 'bad', title: 'No longer there', reason: again(phase.retryAtMs, nowMs), covers: true };
    case 'lost':
      return { tone: 'bad', title: 'Server not reachable', reason: again(phase.retryAtMs, nowMs), covers: true };
    case 'open':
      return state === undefined ? { tone: 'busy', title: 'Connected', reason: '', covers: false } : streamWords(state);
  }
}

function streamWords({ state, reason = '' }: StateMessage): Words {
  switch (state) {
    case 'connecting':
      return { tone: 'busy', title: 'Opening the source…', reason, covers: true };
    case 'live':
      return { tone: 'good', title: 'Live', reason, covers: false };
    case 'stalled':
      return { tone: 'bad', title: 'The source has stalled', reason, covers: true };
    case 'reconnecting':
      return { tone: 'bad', title: 'Source lost, reconnecting…', reason, covers: true };
    case 'ended':
      return { tone: 'busy', title: 'The stream has ended', reason, covers: true };
    case 'failed':
      return { tone: 'bad', title: 'The stream has failed', reason, covers: true };
  }
}

/** Words for all streams at once: how many of them can be watched. */
export function wordsForGrid({ live, count }: { readonly live: number; readonly count: number }): Words {
  const title = live === count ? `${count} live` : `${live} of ${count} live`;
  return { tone: live === count ? 'good' : 'busy', title, reason: '', covers: false };
}

function again(retryAtMs: number, nowMs: number): string {
  const seconds = Math.ceil((retryAtMs - nowMs) / 1000);
  return seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again…';
}
