// Every real program the end-to-end suite runs: which Go module pins it, which package it is, how it is linked. Data only.
// The versions themselves stand in the go.mod beside each module's name; the few repeated here are what a program says of itself.

/** A Go module that pins programs. `folder` is relative to the root of the checkout. */
export type GoModule = {
  readonly folder: string
  /** The module lacks a built web page that its sources embed: vendored, an empty page is put there before the build. */
  readonly embeddedPage?: string
}

type Program = { readonly module: ModuleName; readonly package: string; readonly ldflags?: string }
type Folder = { readonly module: ModuleName; readonly goModule: string; readonly path: string }

export type ModuleName = keyof typeof modules
export type ToolName = keyof typeof tools

export const modules = {
  kubernetes: { folder: 'e2e/tools/kubernetes' },
  etcd: { folder: 'e2e/tools/etcd' },
  prometheus: { folder: 'e2e/tools/prometheus' },
  alertmanager: {
    folder: 'e2e/tools/alertmanager',
    embeddedPage: 'vendor/github.com/prometheus/alertmanager/ui/app/dist/index.html',
  },
  'alertmanager-0.31': { folder: 'e2e/tools/alertmanager-0.31' },
  helm: { folder: 'e2e/tools/helm' },
  'gin-service': { folder: 'e2e/fixtures/gin-service' },
  peers: { folder: 'bench/peers' },
} as const satisfies Record<string, GoModule>

// Without these the servers call themselves v0.0.0, and helm refuses such a cluster.
const kubernetesVersion = [
  '-X k8s.io/component-base/version.gitVersion=v1.36.3',
  '-X k8s.io/component-base/version.gitMajor=1',
  '-X k8s.io/component-base/version.gitMinor=36',
].join(' ')
const kubernetes = { module: 'kubernetes', ldflags: kubernetesVersion } as const
const prometheus = { module: 'prometheus', ldflags: prometheusVersion('3.13.1') } as const
const alertmanager = { module: 'alertmanager', ldflags: prometheusVersion('0.34.2') } as const

/** In the order of building: what takes longest, and what everything else waits for, comes first. */
export const tools = {
  'kube-apiserver': { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  'kube-controller-manager': { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  kubectl: { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kubectl' },
  etcd: { module: 'etcd', package: 'go.etcd.io/etcd/server/v3' },
  'prometheus-operator': {
    module: 'prometheus',
    package: 'github.com/prometheus-operator/prometheus-operator/cmd/operator',
    ldflags: prometheusVersion('0.93.0'),
  },
  'prometheus-operator-crds': {
    module: 'prometheus',
    goModule: 'github.com/prometheus-operator/prometheus-operator',
    path: 'example/prometheus-operator-crd',
  },
  prometheus: { ...prometheus, package: 'github.com/prometheus/prometheus/cmd/prometheus' },
  promtool: { ...prometheus, package: 'github.com/prometheus/prometheus/cmd/promtool' },
  alertmanager: { ...alertmanager, package: 'github.com/prometheus/alertmanager/cmd/alertmanager' },
  amtool: { ...alertmanager, package: 'github.com/prometheus/alertmanager/cmd/amtool' },
  'alertmanager-0.31': {
    module: 'alertmanager-0.31',
    package: 'github.com/prometheus/alertmanager/cmd/alertmanager',
    ldflags: prometheusVersion('0.31.1'),
  },
  helm: { module: 'helm', package: 'helm.sh/helm/v4/cmd/helm' },
  kubeconform: { module: 'helm', package: 'github.com/yannh/kubeconform/cmd/kubeconform' },
  'gin-service': { module: 'gin-service', package: 'roundsman.dev/e2e/fixtures/gin-service' },
  blackbox_exporter: {
    module: 'peers',
    package: 'github.com/prometheus/blackbox_exporter',
    ldflags: prometheusVersion('0.28.0'),
  },
} as const satisfies Record<string, Program | Folder>

function prometheusVersion(version: string): string {
  return `-X github.com/prometheus/common/version.Version=${version}`
}

export function toolsOf(module: ModuleName): readonly ToolName[] {
  return (Object.keys(tools) as ToolName[]).filter((name) => tools[name].module === module)
}
