// Runs once, before all test files: the cluster comes up, and its facts are handed to the tests. What it started ends after them.
import type { TestProject } from 'vitest/node'
import { clusterSource } from './cluster/source.ts'
import { startCluster } from './cluster/start-cluster.ts'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const runFolder = process.env.ROUNDSMAN_E2E_RUN
  if (!runFolder) {
    throw new Error(
      'the end-to-end tests need programs and a network namespace; start them with: npm run e2e -- [file]',
    )
  }
  const cluster = await startCluster(clusterSource(), runFolder)
  project.provide('cluster', cluster.facts)
  return () => cluster.stop()
}
