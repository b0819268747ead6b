// Test projects: `unit` needs neither a cluster nor the outside network; the end-to-end suite has its own configuration in e2e/.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'threads',
    testTimeout: 10_000,
  },
})
