import { describe, expect, it } from 'vitest';
import { checkLadder } from '../../src/service/check-ladder.js';

describe('the models of a ladder', () => {
  it.each([[['edvr-l', 'edvr-m', 'bypass']], [['bypass']], [['edvr-l-deblur', 'bypass']]])(
    '%j stand in for one another',
    async (names) => {
      await expect(checkLadder(names)).resolves.toBeUndefined();
    },
  );

  it.each([
    {
      names: ['edvr-l', 'bypass', 'edvr-l-srblur'],
      sentence:
        'Expected models of one task and scale but edvr-l is for super-resolution ×4 and edvr-l-srblur for super-resolution-blur ×4',
    },
    {
      names: ['edvr-l-deblur', 'edvr-m'],
      sentence:
        'Expected models of one task and scale but edvr-l-deblur is for deblurring ×1 and edvr-m for super-resolution ×4',
    },
  ])('$names are refused', async ({ names, sentence }) => {
    await expect(checkLadder(names)).rejects.toMatchObject({ code: 'ERR_CONFIG', message: sentence });
  });
});
