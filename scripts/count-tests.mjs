// Adds up what the test runners report and prints one closing line. Exits 1 when a test failed or was skipped, a report is missing, or
// nothing ran: a suite that did not run has proved nothing.
import { existsSync, readFileSync } from 'node:fs'

let passed = 0
let failed = 0
let skipped = 0

for (const path of process.argv.slice(2)) {
  if (!existsSync(path)) {
    console.log(`✗ no report of a test run at ${path}: that suite did not finish`)
    failed += 1
    continue
  }
  const report = JSON.parse(readFileSync(path, 'utf8'))
  passed += report.numPassedTests
  skipped += report.numPendingTests + report.numTodoTests
  // A file that fails to load has no failed test of its own.
  failed += Math.max(report.numFailedTests, report.success ? 0 : 1)
}

if (skipped > 0) console.log(`✗ ${skipped} skipped: each test has to run`)
console.log(`${passed} passed, ${failed + skipped} failed`)
process.exit(failed + skipped > 0 || passed === 0 ? 1 : 0)
