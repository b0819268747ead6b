// A real control plane on loopback: etcd, kube-apiserver with an audit log, kube-controller-manager. No kubelet, no scheduler, no DNS.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { ApiClient, resource } from './api-client.ts'
import { adminUser, auditPolicy } from './audit-policy.ts'
import { CertificateAuthority, type KeyPair, tokenKeys } from './certificates.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { Program } from './process.ts'

export type ControlPlanePrograms = Readonly<Record<'etcd' | 'apiserver' | 'controllerManager', string>>

export type ControlPlaneOptions = {
  /** Holds certificates, kubeconfigs, the audit log, etcd's data and the logs. */
  readonly folder: string
  readonly programs: ControlPlanePrograms
  /** Appended to the API server's own flags. */
  readonly apiserverFlags?: readonly string[]
}

/** A running control plane. The API server alone may be stopped and started again, over the same data and on the same port. */
export class ControlPlane {
  readonly server: string
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  readonly kubeconfig: string
  readonly auditLog: string
  /** Signs further certificates that clients of this cluster trust: for a proxy before the API server, say. */
  readonly authority: CertificateAuthority
  readonly #options: ControlPlaneOptions
  readonly #etcdUrl: string
  readonly #port: number
  #etcd: Program | undefined
  #apiserver: Program | undefined
  #controllerManager: Program | undefined

  private constructor(
    options: ControlPlaneOptions,
    authority: CertificateAuthority,
    ports: { etcd: number; apiserver: number },
  ) {
    const file = (name: string) => join(options.folder, name)
    this.#options = options
    this.#port = ports.apiserver
    this.#etcdUrl = `http://127.0.0.1:${ports.etcd}`
    this.authority = authority
    this.server = `https://127.0.0.1:${ports.apiserver}`
    this.caFile = file('ca.crt')
    this.certFile = file('admin.crt')
    this.keyFile = file('admin.key')
    this.kubeconfig = file('admin.kubeconfig')
    this.auditLog = file('audit.log')
  }

  /** Ready means: the API server answers, and the controller manager has made the first ServiceAccount. */
  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    mkdirSync(options.folder, { recursive: true })
    const authority = await CertificateAuthority.create('roundsman-e2e-ca')
    const ports = { etcd: await freePort(), apiserver: await freePort() }
    const plane = new ControlPlane(options, authority, ports)
    try {
      await plane.#writeFiles()
      await plane.#startEtcd()
      await plane.startApiServer()
      await plane.#startControllerManager()
      return plane
    } catch (error) {
      await plane.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    // From the top down, so that nobody logs that what it talks to is gone.
    await this.#controllerManager?.stop()
    await this.stopApiServer()
    await this.#etcd?.stop()
  }

  /** The controller manager stays and takes up its work when the API server is back. */
  async stopApiServer(): Promise<void> {
    await this.#apiserver?.stop({ graceMs: 2_000 })
  }

  /** As a crash would end it: no answer under way is finished, no connection is closed in order. */
  async killApiServer(): Promise<void> {
    await this.#apiserver?.kill()
  }

  async startApiServer(): Promise<void> {
    const { folder, programs, apiserverFlags = [] } = this.#options
    const client = new ApiClient(this)
    try {
      this.#apiserver = await Program.start({
        name: 'kube-apiserver',
        command: programs.apiserver,
        args: [...this.#apiserverFlags(), ...apiserverFlags],
        folder,
        ready: async () => (await client.send('GET', '/readyz')) === 'ok',
      })
    } finally {
      await client.close()
    }
  }

  async #startEtcd(): Promise<void> {
    const peerUrl = `http://127.0.0.1:${await freePort()}`
    this.#etcd = await Program.start({
      name: 'etcd',
      command: this.#options.programs.etcd,
      args: [
        `--data-dir=${join(this.#options.folder, 'etcd')}`,
        `--listen-client-urls=${this.#etcdUrl}`,
        `--advertise-client-urls=${this.#etcdUrl}`,
        `--listen-peer-urls=${peerUrl}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--initial-cluster=default=${peerUrl}`,
        '--unsafe-no-fsync=true', // Its data does not outlive the run.
        '--log-level=warn',
      ],
      folder: this.#options.folder,
      ready: async () => {
        const answer = await request(`${this.#etcdUrl}/health`)
        return ((await answer.body.json()) as { health?: string }).health === 'true'
      },
    })
  }

  async #startControllerManager(): Promise<void> {
    const file = (name: string) => join(this.#options.folder, name)
    this.#controllerManager = await Program.start({
      name: 'kube-controller-manager',
      command: this.#options.programs.controllerManager,
      args: [
        `--kubeconfig=${file('controller-manager.kubeconfig')}`,
        `--service-account-private-key-file=${file('tokens.key')}`,
        `--root-ca-file=${this.caFile}`,
        '--use-service-account-credentials=true',
        '--leader-elect=false',
        '--secure-port=0',
        // Its own limit would make it take five seconds to start.
        '--kube-api-qps=500',
        '--kube-api-burst=1000',
      ],
      folder: this.#options.folder,
    })
    const client = new ApiClient(this)
    try {
      const first = resource('v1', 'serviceaccounts', 'default', 'default')
      await eventually('the controller manager makes ServiceAccounts', () => client.get(first), {
        withinMs: 60_000,
      })
    } finally {
      await client.close()
    }
  }

  #apiserverFlags(): readonly string[] {
    const file = (name: string) => join(this.#options.folder, name)
    return [
      `--etcd-servers=${this.#etcdUrl}`,
      `--secure-port=${this.#port}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--tls-cert-file=${file('apiserver.crt')}`,
      `--tls-private-key-file=${file('apiserver.key')}`,
      `--client-ca-file=${this.caFile}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${file('tokens.pub')}`,
      `--service-account-signing-key-file=${file('tokens.key')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--allow-privileged=true',
      `--audit-policy-file=${file('audit-policy.json')}`,
      `--audit-log-path=${this.auditLog}`,
      '--audit-log-maxsize=4096', // One file for the whole run, never rotated.
    ]
  }

  async #writeFiles(): Promise<void> {
    const write = (name: string, text: string) =>
      writeFileSync(join(this.#options.folder, name), text, { mode: 0o600 })
    const writePair = (name: string, pair: KeyPair) => {
      write(`${name}.crt`, pair.certificate)
      write(`${name}.key`, pair.key)
    }
    const tokens = tokenKeys()
    write('ca.crt', this.authority.certificate)
    write('tokens.key', tokens.privateKey)
    write('tokens.pub', tokens.publicKey)
    write('audit-policy.json', JSON.stringify(auditPolicy))
    write('audit.log', '')
    writePair('apiserver', await this.authority.issue(apiserverSubject))
    writePair('admin', await this.authority.issue({ commonName: adminUser, organization: 'system:masters' }))
    writePair(
      'controller-manager',
      await this.authority.issue({ commonName: 'system:kube-controller-manager' }),
    )
    this.#writeKubeconfig('admin')
    this.#writeKubeconfig('controller-manager')
  }

  #writeKubeconfig(name: string): void {
    const file = (end: string) => join(this.#options.folder, `${name}.${end}`)
    const user = { certFile: file('crt'), keyFile: file('key') }
    writeKubeconfig({ file: file('kubeconfig'), server: this.server, caFile: this.caFile, user })
  }
}

const apiserverSubject = {
  commonName: 'kube-apiserver',
  dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
  ips: ['127.0.0.1', '10.0.0.1'],
}
