// The parts of the Helm chart that have a source elsewhere: the copy of the CRDs, which Helm can only read from inside the chart, and the
// schema of its values, of which `config` is the operator's own configuration file.
import { z } from 'zod'
import { configFile } from '../../src/config-file.ts'
import { crds } from './crds.ts'
import type { GeneratedFile } from './generated-file.ts'

const texts = () => z.record(z.string(), z.string())
/** Passed through to Kubernetes, which judges it. */
const passed = () => z.record(z.string(), z.unknown())
const passedList = () => z.array(passed())

const values = z.strictObject({
  replicaCount: z.int().min(1).max(20),
  image: z.strictObject({
    repository: z.string().min(1),
    tag: z.string(),
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: z.array(z.strictObject({ name: z.string() })),
  crds: z.strictObject({ enabled: z.boolean(), keep: z.boolean() }),
  config: configFile,
  namespaces: z.array(z.string().min(1)),
  serviceAccount: z.strictObject({ create: z.boolean(), name: z.string(), annotations: texts() }),
  rbac: z.strictObject({ create: z.boolean() }),
  service: z.strictObject({ port: z.int().min(1).max(65_535), annotations: texts() }),
  serviceMonitor: z.strictObject({
    enabled: z.union([z.boolean(), z.literal('auto')]),
    interval: z.string().regex(/^[0-9]+(ms|s|m)$/),
    labels: texts(),
  }),
  networkPolicy: z.strictObject({ enabled: z.boolean(), from: passedList() }),
  podDisruptionBudget: z.strictObject({ enabled: z.boolean() }),
  resources: passed(),
  terminationGracePeriodSeconds: z.int().min(10).max(3_600),
  priorityClassName: z.string(),
  podAnnotations: texts(),
  podLabels: texts(),
  nodeSelector: texts(),
  tolerations: passedList(),
  affinity: passed(),
  topologySpreadConstraints: passedList(),
  global: passed().optional(), // Helm hands it to every chart that another one includes.
})

export const chart: readonly GeneratedFile[] = [
  ...crds.map(({ path, content }) => ({ path: `charts/roundsman/files/${path}`, content })),
  {
    path: 'charts/roundsman/values.schema.json',
    content: () => `${JSON.stringify(z.toJSONSchema(values, { io: 'input' }), undefined, 2)}\n`,
  },
]
