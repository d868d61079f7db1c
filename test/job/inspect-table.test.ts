import { expect, it } from 'vitest';
import { inspect } from '../../src/job/inspect.js';
import { inspectTable } from '../../src/job/inspect-table.js';

it('lists what every section of the paper costs, and the sums', async () => {
  expect(inspectTable(await inspect('edvr-m'))).toBe(
    `edvr-m
  task      super-resolution ×4, 320x180 → 1280x720
  window    5 frames, 2 of look-ahead
  memory    12.6 MiB of weights, 347.2 MiB of pyramids a window
  licence   none: a network with random weights

                                        parameters      MACs  MACs a frame of a stream
  features and pyramid (Sec. 3.1, 3.2)     518,784  113.30 G                   22.66 G
  PCD alignment (Sec. 3.2, Eq. 1–4)      1,384,288  234.15 G                  203.36 G
  fusion (Sec. 3.3, Eq. 5–7)               324,416   18.86 G                   18.86 G
  reconstruction (Sec. 3.1)                738,560   42.47 G                   42.47 G
  upsampling (Sec. 3.1)                    334,083   78.03 G                   78.03 G
  total                                  3,300,131  486.81 G                  365.38 G`,
  );
});

it('names the alignments of the ablation', async () => {
  expect(inspectTable(await inspect('edvr-model-2'))).toContain('alignment at one level (Table 4, or by optical flow)');
});
