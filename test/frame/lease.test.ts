import { describe, expect, it } from 'vitest';
import { Lease } from '../../src/frame/lease.js';

describe('Lease', () => {
  it('frees the buffer once, when the last holder releases', () => {
    let freed = 0;
    const lease = new Lease(() => {
      freed += 1;
    });
    lease.retain();
    lease.release();
    expect(freed).toBe(0);
    lease.release();
    lease.release();
    lease.retain();
    lease.release();
    expect(freed).toBe(1);
  });
});
