// What a test file holds of the cluster that the suite started: `const cluster = openCluster()`, and `cluster.close()` at the end.
import { join } from 'node:path'
import { inject } from 'vitest'
import type { ToolName } from '../tools/catalog.ts'
import { ApiClient } from './api-client.ts'
import { AuditLog } from './audit.ts'
import { Kubectl } from './kubectl.ts'
import { createNamespace, removeNamespace } from './namespace.ts'
import { allocateAddress } from './network.ts'
import { type ClusterSource, programPath } from './source.ts'

/** Where the cluster is: texts only, since they are handed from the suite's process to those of the test files. */
export type ClusterFacts = {
  readonly source: ClusterSource
  readonly server: string
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  readonly kubeconfig: string
  /** Absent for a cluster that the suite did not start. */
  readonly auditLog?: string
  /** Everything that a run writes lies below; kept when a test fails. */
  readonly runFolder: string
}

declare module 'vitest' {
  interface ProvidedContext {
    cluster: ClusterFacts
  }
}

/** The cluster with the rights of its admin. The operator under test gets a ServiceAccount's instead (service-account.ts). */
export class Cluster {
  readonly facts: ClusterFacts
  readonly client: ApiClient
  readonly kubectl: Kubectl
  readonly #namespaces: string[] = []

  constructor(facts: ClusterFacts) {
    this.facts = facts
    this.client = new ApiClient(facts)
    this.kubectl = new Kubectl({
      command: programPath('kubectl', facts.source),
      kubeconfig: facts.kubeconfig,
      home: facts.runFolder,
    })
  }

  get audit(): AuditLog {
    if (this.facts.auditLog === undefined) {
      throw new Error(
        'the audit log of an existing cluster is out of reach; run this test with a control plane of the suite',
      )
    }
    return new AuditLog(this.facts.auditLog)
  }

  /** Makes a namespace `<prefix>-<random>` that goes with `close`. */
  async namespace(prefix: string): Promise<string> {
    const name = await createNamespace(this.client, prefix)
    this.#namespaces.push(name)
    return name
  }

  /** The path of one of the suite's programs. */
  program(name: ToolName): string {
    return programPath(name, this.facts.source)
  }

  /** A folder of the run for one test's logs and files. It is made by whoever writes into it. */
  folder(...names: readonly string[]): string {
    return join(this.facts.runFolder, ...names)
  }

  /** An address for a program that plays a pod. */
  address(): string {
    return allocateAddress(this.facts.runFolder)
  }

  async close(): Promise<void> {
    for (const name of this.#namespaces.splice(0)) {
      await removeNamespace(this.client, name)
    }
    await this.client.close()
  }
}

export function openCluster(): Cluster {
  return new Cluster(inject('cluster'))
}
