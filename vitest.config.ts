import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // What hangs is to fail, and what is only slow is not: tests take seconds, on a loaded machine a minute.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    // Two cores: media processes and engine workers share them with the tests, so files run one after another.
    fileParallelism: false,
  },
});
