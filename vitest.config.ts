// Test projects: `unit` needs neither a cluster nor the outside network; the end-to-end suite has its own configuration in e2e/.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'threads',
    // No test replaces a module, so files may share them: half of the time was spent importing the same code again.
    isolate: false,
    testTimeout: 10_000,
  },
})
