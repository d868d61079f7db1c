/** One sentence for each way in which a server that is gone shows itself: which it is, chance decides. */
import { describe, expect, it } from 'vitest';
import { sourceFailure } from '../../src/source/source-failure.js';

const LABEL = 'rtsp://camera/live';
const RESET = 'Could not receive message. (System error)';
const CLOSED = 'The server closed the connection.';

describe('a server that is gone', () => {
  it.each([
    ['closed its connection', { kind: 'eos' }],
    [
      'reset its connection',
      { kind: 'error', element: 'demuxer', message: 'Could not read from resource.', debug: RESET },
    ],
    [
      'is gone while UDP comes',
      {
        kind: 'error',
        element: 'demuxer',
        message: 'Could not read from resource.',
        debug: `${RESET}\ndemuxer: ${CLOSED}\ndemuxer: Unhandled return value -7.`,
      },
    ],
    [
      'does not answer again while UDP comes',
      {
        kind: 'error',
        element: 'demuxer',
        message: 'Could not open resource for reading and writing.',
        debug: `Could not connect to server. (Generic error)\ndemuxer: ${CLOSED}`,
      },
    ],
  ] as const)('closed the stream: it %s', (_how, end) => {
    expect(sourceFailure(end, { label: LABEL, opened: true })).toMatchObject({
      code: 'ERR_SOURCE_LOST',
      message: `${LABEL} ended: its server closed the stream`,
    });
  });

  it('before the first picture does not answer', () => {
    const debug = `Could not connect to server. (Generic error)\ndemuxer: ${CLOSED}`;
    const end = { kind: 'error', element: 'demuxer', message: 'Could not open resource.', debug } as const;
    expect(sourceFailure(end, { label: LABEL, opened: false })).toMatchObject({
      code: 'ERR_SOURCE_OPEN',
      message: `Nothing answers at ${LABEL}; check host, port and network, and that the camera is on`,
    });
  });
});
